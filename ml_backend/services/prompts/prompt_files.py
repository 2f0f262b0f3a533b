"""Prompts as files: one written out, and one read in as new versions, never over old ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from ml_backend.errors import InvalidInput, TemplateError
from ml_backend.labelstudio import Project, ServerLabelStudio
from ml_backend.llm.models.parameters import check_anywhere
from ml_backend.prompting import template
from ml_backend.prompting.prompt_file import (
    FileVersion,
    PromptFile,
    secrets_in,
    without_secrets,
    write,
)
from ml_backend.prompting.prompt_file_reader import at_line, read
from ml_backend.records import (
    BASELINE_MODEL,
    AuditAction,
    ConfidenceWay,
    Connection,
    Person,
    Prompt,
    PromptVersion,
    ProviderName,
)
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.prompts.file_matching import Matching
from ml_backend.services.prompts.lineage import FROM_NOTHING
from ml_backend.services.prompts.prompts import (
    check_system_prompt,
    check_title,
    require_text,
)
from ml_backend.store import Store

Usable = Callable[[Connection], bool]


@dataclass(frozen=True, slots=True)
class Export:
    """A prompt as a file."""

    prompt: Prompt
    text: str
    left_out: tuple[str, ...] = ()
    """Parameters that may hold a key, as "version: name"."""


@dataclass(frozen=True, slots=True)
class PlannedVersion:
    """What becomes of a file's version: it is added, or stands already."""

    given: FileVersion
    stands: PromptVersion | None
    """The version of the prompt that asks the same; None when it is to be added."""
    title: str
    """What it is called in the prompt, also where the file's title is another's."""
    connection: Connection | None = None
    """What answers it, of a version that is added."""

    @property
    def is_added(self) -> bool:
        return self.stands is None


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import does; nothing of it is stored yet."""

    title: str
    description: str
    project: Project
    prompt: Prompt | None
    """The prompt of that title; None when it is to be made."""
    versions: tuple[PlannedVersion, ...]
    active: str | None = None
    """The version chosen by hand, of a new prompt alone."""
    notes: tuple[str, ...] = ()

    @property
    def added(self) -> list[PlannedVersion]:
        return [each for each in self.versions if each.is_added]

    @property
    def adds_project(self) -> bool:
        """Whether the prompt is not the project's yet."""
        return self.prompt is None or self.project.id not in self.prompt.project_ids


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    plan: ImportPlan
    prompt: Prompt
    versions: tuple[PromptVersion, ...]
    """In the order of the file: those made, and those that stood already."""


class PromptFiles:
    """Writes prompts as files and reads them in, for every face."""

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        models: ModelPool,
        predictor_factory: PredictorFactory,
    ) -> None:
        self._store = store
        self._studio = studio
        self._models = models
        self._predictor_factory = predictor_factory

    def export(self, prompt: Prompt, usable: Usable = lambda connection: True) -> Export:
        """Return a prompt as a file; connections that are not ``usable`` are not named in it."""
        versions = self._store.prompts.versions(prompt.id)
        if not versions:
            raise InvalidInput(f"Prompt {prompt.title!r} has no version yet.", field="prompt")
        chosen = {each.id: each.title for each in versions}
        found = PromptFile(
            title=prompt.title,
            description=prompt.description,
            active=chosen.get(prompt.active_version_id or 0),
            versions=tuple(self._described(versions, usable)),
        )
        left_out = tuple(
            f"{each.title}: {name}" for each in versions for name in secrets_in(each.parameters)
        )
        return Export(prompt, write(found), left_out)

    def plan(
        self,
        text: str,
        project: Project,
        *,
        title: str | None = None,
        connections: Sequence[Connection],
        of_title: Callable[[str], Prompt | None],
    ) -> ImportPlan:
        """Check a file against a project and return what importing it would do.

        ``connections`` are those that may be used, ``of_title`` finds the prompt of a title, or
        raises where that is not the importer's to change. Raises FileProblem with the line of
        whatever does not fit.
        """
        given = read(text)
        name = _titled(title or given.title, given.lines.get("title", 1), "title")
        prompt = of_title(name)
        for version in given.versions:
            _check_title(version)
        versions = self._store.prompts.versions(prompt.id) if prompt else []
        # Names of others are known to nobody who imports: a file must not find them out.
        ids = {each.id for each in connections}
        known = self._described(versions, lambda connection: connection.id in ids)
        matching = Matching(list(zip(versions, known, strict=True)), given)
        notes: list[str] = []
        planned = [self._planned(each, connections, matching, notes) for each in given.versions]
        for variables in self._variables(project, prompt):
            for each in planned:
                if each.is_added:
                    _check_text(each.given, variables)
        notes += self._further_notes(given, prompt, planned)
        return ImportPlan(
            title=name,
            description=require_text(given.description, "description"),
            project=project,
            prompt=prompt,
            versions=tuple(planned),
            active=given.active if prompt is None else None,
            notes=tuple(notes),
        )

    def carry_out(
        self,
        plan: ImportPlan,
        make: Callable[[], Prompt],
        *,
        created_by: Person | None = None,
        organization: int | None = None,
    ) -> Imported:
        """Do what a plan says, or nothing; ``make`` makes a prompt without versions."""
        store = self._store.prompts
        with ExitStack() as undo:
            prompt = plan.prompt
            if prompt is None:
                prompt = make()
                undo.callback(store.delete, prompt.id)
            ids = {each.title: each.id for each in store.versions(prompt.id)}
            done = []
            for each in plan.versions:
                made = each.stands
                if made is None:
                    made = store.create_version(
                        prompt.id,
                        created_by=created_by,
                        organization=organization,
                        **_columns(each, ids),
                    )
                    undo.callback(store.delete_version, made.id)
                ids[each.given.title] = ids[made.title] = made.id
                done.append(made)
            if plan.prompt is not None and plan.adds_project:
                store.add_project(prompt.id, plan.project.id)
            if plan.active is not None:
                store.update(prompt.id, active_version_id=ids[plan.active])
            self._store.audit.tell(
                AuditAction.PROMPT_IMPORTED,
                kind="prompt",
                object_id=prompt.id,
                title=prompt.title,
                project_id=plan.project.id,
                organization=organization,
                counts={"versions": len(done)},
            )
            undo.pop_all()
        return Imported(plan, store.get(prompt.id), tuple(done))

    def _described(
        self, versions: Sequence[PromptVersion], usable: Usable
    ) -> Iterator[FileVersion]:
        """Yield versions as a file has them."""
        titles = {each.id: each.title for each in versions}
        names = {each.id: each.title for each in self._store.connections.all() if usable(each)}
        for each in versions:
            yield FileVersion(
                title=each.title,
                text=each.text,
                provider=each.provider,
                model=each.model,
                connection=names.get(each.connection_id),
                few_shot=each.max_few_shot_examples,
                parameters=without_secrets(each.parameters),
                system_prompt=each.system_prompt,
                confidence=each.confidence,
                refined=each.refined_from is not None,
                refined_from=titles.get(each.refined_from or FROM_NOTHING),
            )

    def _variables(self, project: Project, prompt: Prompt | None) -> list[frozenset[str]]:
        """Return the variables of the project, and of each other one that the prompt has."""
        others = [each for each in (prompt.project_ids if prompt else ()) if each != project.id]
        found = []
        for each in [project, *map(self._studio.get_project, others)]:
            config = self._predictor_factory.config_of(each)
            found.append(self._predictor_factory.known_variables(each, config))
        return found

    def _planned(
        self,
        given: FileVersion,
        connections: Sequence[Connection],
        matching: Matching,
        notes: list[str],
    ) -> PlannedVersion:
        """Return what becomes of a version; one that stands already needs no connection."""
        stands = matching.find(given)
        if stands is None:
            chosen = self._connection(given, connections)
            named = replace(given, connection=chosen.title if chosen.id is not None else None)
            if chosen.provider is ProviderName.BASELINE:
                named = replace(named, model=BASELINE_MODEL)
            stands = matching.find(named)
            if stands is None:
                if given.connection is not None and named.connection != given.connection:
                    notes.append(
                        f"There is no connection {given.connection!r} here: {given.title!r} is "
                        f"answered by {named.connection or 'the one of the environment'!r}."
                    )
                if given.refined:
                    notes.append(_of_teacher(given.title))
                return PlannedVersion(named, None, matching.free(given.title), chosen)
        return PlannedVersion(given, stands, stands.title)

    def _connection(self, given: FileVersion, usable: Sequence[Connection]) -> Connection:
        """Return what answers a version: by its name, else the only one of its provider."""
        default = self._models.default
        if given.connection is None:
            if given.provider is default.provider:
                return default
        else:
            for each in usable:
                if each.title == given.connection:
                    return _of_provider(each, given)
        if given.provider is ProviderName.BASELINE:
            return self._models.connection(ProviderName.BASELINE, None)
        found = [each for each in usable if each.provider is given.provider]
        found += [default] if default.provider is given.provider else []
        if not found and self._models.answers_to(given.provider):
            return self._models.named(given.provider)
        if len(found) == 1:
            return found[0]
        line = given.line("connection" if given.connection is not None else "provider")
        missing = (
            f"there is no connection {given.connection!r} that you may use"
            if given.connection is not None
            else f"{given.title!r} names no connection, and the environment's is not "
            f"of {given.provider.value}"
        )
        names = ", ".join(repr(each.title) for each in found)
        fix = f"Name one of {names}." if found else f"Add a connection of {given.provider.value}."
        raise at_line(line, f"{missing}.", fix=fix)

    def _further_notes(
        self, given: PromptFile, prompt: Prompt | None, planned: Sequence[PlannedVersion]
    ) -> Iterator[str]:
        for each in planned:
            if each.title != each.given.title and each.is_added:
                yield (
                    f"{each.given.title!r} asks another thing than the version of that name here, "
                    f"which stays as it is: it becomes {each.title!r}."
                )
        if prompt is None:
            return
        if given.description != prompt.description:
            yield "The description here stays as it is."
        active = self._store.prompts.active_version(prompt.id)
        added = [each.title for each in planned if each.is_added]
        if added and prompt.active_version_id is None:
            yield (
                "Where no version was chosen, by hand or by a run over all tasks, the newest "
                f"answers Label Studio's own requests: {added[-1]!r} from then on."
            )
        if given.active is not None and active is not None and given.active != active.title:
            yield f"{active.title!r} stays the version that answers Label Studio's own requests."


def _of_teacher(title: str) -> str:
    return (
        f"{title!r} was written by a teacher model. Which tasks it saw is not in the file: where "
        "they are among this project's, its accuracy flatters it."
    )


def _titled(title: str, line: int, field: str) -> str:
    try:
        return check_title(title, field)
    except InvalidInput as error:
        raise at_line(line, error.message, fix=error.fix) from error


def _check_title(version: FileVersion) -> None:
    line = version.line("title")
    if _titled(version.title, line, "version") != version.title:
        raise at_line(line, "a title has no spaces around it and no two in a row.")


def _check_text(version: FileVersion, variables: frozenset[str]) -> None:
    for name, check in (
        ("parameters", lambda: check_anywhere(version.provider, version.parameters)),
        ("system_prompt", lambda: check_system_prompt(version.system_prompt)),
    ):
        try:
            check()
        except InvalidInput as error:
            raise at_line(version.line(name), error.message, fix=error.fix) from error
    if not version.text.strip():
        raise at_line(
            version.line("prompt"), "the prompt is empty.", fix="Say what to label, and how."
        )
    try:
        template.check(version.text, variables)
    except TemplateError as error:
        line = version.line_of("prompt", f"{{{error.field}}}")
        raise at_line(line, error.message, fix=error.fix) from error


def _of_provider(connection: Connection, given: FileVersion) -> Connection:
    if connection.provider is not given.provider:
        raise at_line(
            given.line("connection"),
            f"the connection {connection.title!r} is of {connection.provider.value}, "
            f"not of {given.provider.value}.",
        )
    return connection


def _columns(planned: PlannedVersion, ids: dict[str, int]) -> dict[str, Any]:
    """Return a version's columns; ``ids`` are those of the versions before it, by title."""
    given, chosen = planned.given, planned.connection
    made_from = ids.get(given.refined_from or "", FROM_NOTHING) if given.refined else None
    return {
        "title": planned.title,
        "text": given.text,
        "provider": given.provider.value,
        "model": given.model,
        "connection_id": chosen.id if chosen is not None else None,
        "max_few_shot_examples": given.few_shot,
        "parameters": given.parameters,
        "system_prompt": given.system_prompt,
        "confidence": (given.confidence or ConfidenceWay.AUTO).value,
        "refined_from": made_from,
    }
