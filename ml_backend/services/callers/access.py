"""What a caller may see and do: a project when their own token reads it, all else by its project.

A prompt is visible when one of its projects is; one without a project to its creator alone. To
change it, all its projects must be visible. What was made by command belongs to the user of the
server's own token. Projects that Label Studio no longer has do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ml_backend.errors import Forbidden, LabelStudioAuthError, LabelStudioNotFound, NotFound
from ml_backend.labelstudio import CallerLabelStudio, Project, ServerLabelStudio, User
from ml_backend.records import (
    Connection,
    Job,
    JobKind,
    Person,
    Prompt,
    PromptVersion,
    ProviderName,
    Run,
    Scope,
)
from ml_backend.services.callers.bridge import Bridge
from ml_backend.services.prompts.own_keys import CHOOSE_YOURS, NOT_YOURS
from ml_backend.services.recent import Recent
from ml_backend.store import Store

SEEN_SECONDS = 15.0
"""How long a project read once with a token counts as readable with it."""

LISTED_SECONDS = 5.0
GONE_SECONDS = 30.0
DELETING = (JobKind.DELETE_PROMPT, JobKind.DELETE_VERSION)
TELLING = (JobKind.RACE, JobKind.REFINE)
"""Jobs whose results tell of a project's tasks and truths."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A known user with Label Studio as their token opens it; ``key`` stands for the token.

    One who only ``reads`` does so on while Label Studio is away, as far as the bridge goes.
    """

    user: User
    key: bytes
    studio: CallerLabelStudio
    reads: bool = False

    @property
    def person(self) -> Person:
        return self.user.person


class Access:
    """Answers who may see what, from short memories of what Label Studio said."""

    def __init__(
        self, store: Store, open_studio: Callable[[], ServerLabelStudio], bridge: Bridge
    ) -> None:
        self._store = store
        self._open_studio = open_studio
        self._bridge = bridge
        self._seen: Recent[tuple[bytes, int], str] = Recent(SEEN_SECONDS, 4096)
        self._listed: Recent[bytes, dict[int, str]] = Recent(LISTED_SECONDS, 256)
        self._gone: Recent[int, bool] = Recent(GONE_SECONDS, 1024)
        self._host: Recent[str, int] = Recent(600.0, 1)

    # Projects

    def project(self, caller: Caller, project_id: int) -> Project:
        """Return a project as the caller's token reads it now; NotFound when it does not."""
        at = (caller.key, project_id)

        def read() -> Project:
            project = caller.studio.get_project(project_id)
            self._seen.put(at, project.title)
            return project

        try:
            return self._bridge.project(*at, read, may_bridge=caller.reads)
        except LabelStudioNotFound as error:
            self._seen.forget(at)
            raise no_project(project_id) from error
        except LabelStudioAuthError as error:
            self._seen.forget(at)
            if error.status != 403:
                raise
            raise no_project(project_id) from error

    def require_project(self, caller: Caller, project_id: int) -> None:
        """Raise NotFound unless the caller's token reads a project, or did a moment ago."""
        if self._seen.find_new((caller.key, project_id)) is None:
            self.project(caller, project_id)

    def titles(self, caller: Caller) -> dict[int, str]:
        """Return id -> title of the projects the caller sees."""
        listed = self._listed.find_new(caller.key)
        if listed is not None:
            return listed

        def read() -> dict[int, str]:
            titles = caller.studio.project_titles()
            self._listed.put(caller.key, titles)
            return titles

        return self._bridge.titles(caller.key, read, may_bridge=caller.reads)

    def title(self, caller: Caller, project_id: int) -> str | None:
        """Return a project's title, None when the caller does not see it."""
        listed = self.titles(caller).get(project_id)
        return listed if listed is not None else self._seen.find_new((caller.key, project_id))

    def visible(self, caller: Caller, project_ids: Sequence[int]) -> list[int]:
        """Return those projects that the caller sees."""
        return [each for each in project_ids if self.title(caller, each) is not None]

    def projects_of_runs(self, caller: Caller, prompts: Iterable[Prompt]) -> set[int]:
        """Return the projects whose runs of these prompts, which they see, the caller may see."""
        found = set(self.titles(caller))
        for prompt in prompts:
            if not self.visible(caller, prompt.project_ids):  # they are gone, the prompt is theirs
                found.update(prompt.project_ids)
        return found

    def _is_gone(self, caller: Caller, project_id: int) -> bool:
        """Return whether Label Studio has no such project, as the server's own token sees it.

        While it is away, and that was not known before, it has.
        """

        def look() -> bool:
            try:
                self._open_studio().get_project(project_id)
            except LabelStudioNotFound:
                return True
            return False

        return self._bridge.guess(
            lambda: self._gone.get(project_id, look),
            self._gone.find(project_id) or False,
            may_bridge=caller.reads,
        )

    # Prompts and what belongs to them

    def prompts(self, caller: Caller) -> list[Prompt]:
        """Return the prompts a caller sees, oldest first."""
        return [each for each in self._store.prompts.all() if self.sees(caller, each)]

    def prompt(self, caller: Caller, prompt_id: int) -> Prompt:
        """Return a prompt; NotFound when it does not exist, is going or is not the caller's."""
        prompt = self._store.prompts.find(prompt_id)
        if prompt is None or not self.sees(caller, prompt) or self.is_going(prompt_id):
            raise NotFound(f"There is no prompt {prompt_id}.", field="prompt")
        return prompt

    def prompt_for(self, caller: Caller, project_id: int, ref: int | str) -> Prompt:
        """Return the prompt of an id or title that is to serve a project.

        Raises NotFound for one the caller does not see, and Forbidden where it would have to
        become the project's and is not theirs to change.
        """
        seen = self.prompts(caller)
        number = int(ref) if str(ref).isdecimal() and len(str(ref)) < 10 else None
        by_title = (each for each in seen if each.title == str(ref))
        found = next(by_title, next((each for each in seen if each.id == number), None))
        if found is None or self.is_going(found.id):
            raise NotFound(f"There is no prompt {ref!r}.", field="prompt")
        return found if project_id in found.project_ids else self.editable(caller, found.id)

    def sees(self, caller: Caller, prompt: Prompt) -> bool:
        """Return whether a caller sees a prompt."""
        if self.visible(caller, prompt.project_ids):
            return True
        if any(not self._is_gone(caller, each) for each in prompt.project_ids):
            return False
        return self._is_creator(caller, prompt.created_by)

    def editable(self, caller: Caller, prompt_id: int) -> Prompt:
        """Return a prompt the caller may change; Forbidden without access to all its projects."""
        prompt = self.prompt(caller, prompt_id)
        seen = self.visible(caller, prompt.project_ids)
        hidden = [each for each in prompt.project_ids if each not in seen]
        if any(not self._is_gone(caller, each) for each in hidden):
            raise Forbidden(
                f"Prompt {prompt.title!r} belongs to further projects that you have no access to.",
                fix="Whoever has access to all of them can do this.",
            )
        return prompt

    def version(self, prompt: Prompt, version_id: int) -> PromptVersion:
        """Return a version of a prompt; NotFound for another's and one that is going."""
        versions = {each.id: each for each in self._store.prompts.versions(prompt.id)}
        if version_id in versions and not self.is_going(prompt.id, version_id):
            return versions[version_id]
        raise NotFound(f"This prompt has no version {version_id}.", field="version")

    def any_version(self, caller: Caller, version_id: int) -> PromptVersion:
        """Return a version of whichever prompt the caller sees."""
        try:
            version = self._store.prompts.get_version(version_id)
            return self.version(self.prompt(caller, version.prompt_id), version_id)
        except NotFound as error:  # the same whether it exists or not
            raise NotFound(f"There is no version {version_id}.", field="version") from error

    def run(self, caller: Caller, run_id: int) -> Run:
        """Return a run; NotFound unless the caller sees its project."""
        try:
            run = self._store.runs.get(run_id)
            self.require_project(caller, run.project_id)
        except NotFound as error:
            raise NotFound(f"There is no run {run_id}.", field="run") from error
        return run

    def is_going(self, prompt_id: int, version_id: int | None = None) -> bool:
        """Return whether a prompt, or this version of it, is being deleted."""
        for job in self._store.jobs.search(kinds=DELETING, prompt_id=prompt_id, open_only=True):
            if job.kind is JobKind.DELETE_PROMPT or job.version_id == version_id:
                return True
        return False

    def going(self) -> tuple[set[int], set[int]]:
        """Return the prompts and the versions that are being deleted."""
        jobs = self._store.jobs.search(kinds=DELETING, open_only=True, limit=10_000)
        prompts = {job.prompt_id for job in jobs if job.kind is JobKind.DELETE_PROMPT}
        versions = {job.version_id for job in jobs if job.kind is JobKind.DELETE_VERSION}
        return (
            {each for each in prompts if each is not None},
            {each for each in versions if each is not None},
        )

    def job(self, caller: Caller, job_id: int) -> Job:
        """Return a job; who sees the project it works on sees it, and mostly its creator."""
        job = self._store.jobs.get(job_id)
        if not self.sees_job(caller, job):
            raise NotFound(f"There is no job {job_id}.", field="job")
        return job

    def sees_job(self, caller: Caller, job: Job) -> bool:
        """Return whether a caller sees a job.

        One whose result tells of a project's tasks its creator sees as long as the project is
        theirs to see, or gone.
        """
        is_theirs = self._is_creator(caller, job.created_by)
        if is_theirs and job.kind not in TELLING:
            return True
        project = [] if job.project_id is None else [job.project_id]
        if self.visible(caller, project):
            return True
        return is_theirs and all(self._is_gone(caller, each) for each in project)

    # Connections

    def connection(self, caller: Caller, connection_id: int) -> Connection:
        """Return a connection the caller may use; NotFound for others."""
        connection = self._store.connections.find(connection_id)
        if connection is None or not self.may_use(caller, connection):
            raise NotFound(f"There is no connection {connection_id}.", field="connection")
        return connection

    def may_use(self, caller: Caller, connection: Connection) -> bool:
        """Return whether a caller may have a connection answer."""
        if connection.created_by is not None and connection.created_by.id == caller.user.id:
            return True
        if connection.scope is Scope.ORGANIZATION:
            theirs = (None, caller.user.organization_id)
            return connection.organization in theirs
        if connection.scope is Scope.MODEL and connection.id is not None:
            users = self._store.connections.users(connection.id)
            found = (self._store.prompts.find(prompt_id) for prompt_id, _ in users)
            return any(prompt is not None and self.sees(caller, prompt) for prompt in found)
        return False

    def require_connection(self, caller: Caller, version: PromptVersion) -> None:
        """Raise Forbidden when a version is answered by a connection of another person's own."""
        if version.connection_id is None:
            return
        connection = self._store.connections.find(version.connection_id)
        if connection is not None and not self.may_use(caller, connection):
            raise Forbidden(NOT_YOURS, fix=CHOOSE_YOURS)

    def may_change(self, caller: Caller, connection: Connection) -> bool:
        """Return whether a caller may change a connection, or make it.

        Nobody who calls may change one that opens a file of the server's machine.
        """
        if connection.provider is ProviderName.LOCAL:
            return False
        if connection.scope is Scope.ORGANIZATION:
            return caller.user.owns_organization
        return self._is_creator(caller, connection.created_by)

    def _is_creator(self, caller: Caller, person: Person | None) -> bool:
        if person is not None:
            return person.id == caller.user.id
        host = self._bridge.guess(
            lambda: self._host.get("", lambda: self._open_studio().whoami().id),
            self._host.find(""),
            may_bridge=caller.reads,
        )
        return host == caller.user.id


def no_project(project_id: int) -> NotFound:
    """Return the error of a project the caller does not see, whether it exists or not."""
    return NotFound(f"There is no project {project_id}, or you have no access.", field="project")
