"""Whether a project is the one a prompt was made for: by its number and the time it was made.

Numbers begin again in a Label Studio that is set up anew, at the same address or another. A prompt
keeps which project it is for: what was bound before that was known is filled in when it is first
seen. Reads the store alone: whoever asks has read the project already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ml_backend.errors import Conflict, NotFound
from ml_backend.labelstudio import Project
from ml_backend.next_steps import Step
from ml_backend.records import Origin, Prompt, Run, is_same_project, read_moment, was_made_after
from ml_backend.store import Store
from ml_backend.store.projects import Binding


class AnotherProject(Conflict):
    """The project has the number of one a prompt was made for, and is another."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A project that a prompt names and was not made for; a person may say that it is meant."""

    prompt_id: int
    prompt: str
    project_id: int

    @property
    def message(self) -> str:
        return (
            f"Project {self.project_id} is not the project the prompt {self.prompt!r} was made "
            "for: another one has its number now. Label Studio may have been set up anew, or be "
            "another one at the same address."
        )

    @property
    def fix(self) -> str:
        return Step.CONFIRM_PROJECT(prompt=self.prompt_id, project=self.project_id)


class ProjectIdentity:
    """Compares what Label Studio has now with what prompts were made for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def check(self, prompt_id: int, project: Project) -> None:
        """Raise AnotherProject unless a prompt is for this project, or is bound to none here.

        A binding that was never seen is filled in.
        """
        made_at = read_moment(project.created_at)
        if made_at is None:
            return
        self._store.projects.note_made(project.id, made_at)
        binding = self._store.projects.binding(prompt_id, project.id)
        if binding is None:
            return
        self._require(binding, made_at)
        if binding.project_made_at is None:
            self._store.projects.bind(prompt_id, project.id, made_at)

    def check_run(self, run: Run, project: Project) -> None:
        """Raise AnotherProject where the tasks of a run are not those of this project.

        Numbers of tasks begin again as well: its answers would stand beside tasks they are not of.
        """
        self.check(run.prompt_id, project)
        if self.is_of_another(run, project):
            raise AnotherProject(
                f"Run {run.id} is older than the project that has the number {project.id} now: its "
                "answers are about tasks of another project, and are shown beside none of this.",
                fix=Step.EVALUATE_VERSION(),
            )

    def is_of_another(self, run: Run, project: Project) -> bool:
        """Return whether a run is older than the project that has its number now.

        Two clocks must say so: Label Studio's, and ours, by which its prompt was bound to this
        project after the run. The clock of another machine alone may be an hour ahead.
        """
        made_at = read_moment(project.created_at)
        if made_at is None or not was_made_after(made_at, run.created_at):
            return False
        binding = self._store.projects.binding(run.prompt_id, project.id)
        if binding is None:
            return True
        return binding.bound_at is not None and run.created_at < binding.bound_at

    def check_number(self, prompt_id: int, project_id: int, made_at: datetime | None) -> None:
        """Raise AnotherProject as far as is known without reading the project.

        ``made_at`` is what Label Studio says of it, in full: whole seconds would be another
        project's. None takes what was read last.
        """
        made_at = made_at or self.known(project_id)
        binding = self._store.projects.binding(prompt_id, project_id)
        if binding is not None and made_at is not None:
            self._require(binding, made_at)

    def is_another(self, prompt_id: int, project_id: int, made_at: datetime | None) -> bool:
        """Return whether ``check_number`` would raise."""
        try:
            self.check_number(prompt_id, project_id, made_at)
        except AnotherProject:
            return True
        return False

    def known(self, project_id: int) -> datetime | None:
        """Return when the project of this number was made, as last read."""
        known = self._store.projects.find(project_id)
        return known.made_at if known is not None else None

    def stranger(self, prompt_id: int, project: Project) -> Stranger | None:
        """Return what ``check`` would raise about, None where all is well; keeps nothing."""
        made_at = read_moment(project.created_at)
        binding = self._store.projects.binding(prompt_id, project.id)
        if binding is None or made_at is None or not _is_another(binding, made_at):
            return None
        return self._stranger(binding)

    def bind(self, prompt_id: int, projects: Iterable[Project]) -> None:
        """Note which projects a prompt was just made for, as they were read."""
        for project in projects:
            made_at = read_moment(project.created_at)
            if made_at is not None:
                self._store.projects.bind(prompt_id, project.id, made_at)

    def confirm(self, prompt: Prompt, project: Project) -> bool:
        """Take a person's word that a prompt is for the project that has its number now.

        Returns whether it was for another; raises NotFound for a prompt that names no such project.
        It follows this one only when that is asked for anew: its budget was given for the other.
        """
        binding = self._store.projects.binding(prompt.id, project.id)
        if binding is None:
            raise NotFound(
                f"Prompt {prompt.title!r} is not of project {project.id}.", field="project"
            )
        made_at = read_moment(project.created_at)
        if made_at is None:
            return False
        was_another = _is_another(binding, made_at)
        if was_another:
            self._store.follows.stop(prompt.id, project.id)
        self._store.projects.note_made(project.id, made_at)
        self._store.projects.bind(prompt.id, project.id, made_at, anew=was_another)
        return was_another

    def _require(self, binding: Binding, made_at: datetime) -> None:
        if not _is_another(binding, made_at):
            return
        prompt = self._store.prompts.find(binding.prompt_id)
        if prompt is not None and prompt.origin is not Origin.BY_HAND:
            # Its text is the project's own, read now: it goes where the project goes.
            self._store.projects.bind(binding.prompt_id, binding.project_id, made_at, anew=True)
            return
        found = self._stranger(binding)
        raise AnotherProject(found.message, fix=found.fix)

    def _stranger(self, binding: Binding) -> Stranger:
        prompt = self._store.prompts.find(binding.prompt_id)
        title = prompt.title if prompt is not None else str(binding.prompt_id)
        return Stranger(binding.prompt_id, title, binding.project_id)


def _is_another(binding: Binding, made_at: datetime) -> bool:
    if binding.project_made_at is not None:
        return not is_same_project(binding.project_made_at, made_at)
    # Never seen: the project was there before a prompt was bound to it.
    return binding.bound_at is not None and was_made_after(made_at, binding.bound_at)
