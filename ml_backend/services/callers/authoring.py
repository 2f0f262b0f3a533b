"""Prompts and versions as the API's callers write them: checked against their projects first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from ml_backend.errors import InvalidInput, TemplateError
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import Project, ServerLabelStudio
from ml_backend.prompting import template
from ml_backend.records import (
    BASELINE_MODEL,
    ConfidenceWay,
    Connection,
    JsonObject,
    Prompt,
    PromptVersion,
    ProviderName,
    RunSnapshot,
)
from ml_backend.services.callers.access import Access, Caller
from ml_backend.services.callers.connections import Connections
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.prompts.lineage import refined_from
from ml_backend.services.prompts.own_keys import OwnKeys
from ml_backend.services.prompts.prompts import (
    Prompts,
    check_system_prompt,
    check_title,
    require_text,
)
from ml_backend.store import Store

TEXT_CLASSIFICATION = "TextClassification"
NAMED_ENTITIES = "NamedEntityRecognition"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a caller gives of a version; None was not given."""

    title: str | None = None
    text: str | None = None
    provider: str | None = None
    model: str | None = None
    connection_id: int | None = None
    max_few_shot_examples: int | None = None
    organization: int | None = None
    parameters: JsonObject | None = None
    """All of them: they take the place of those before."""
    system_prompt: str | None = None
    confidence: ConfidenceWay | None = None
    connection: Connection | None = None
    """What answers it, where that is chosen already; goes before provider and connection_id."""

    @property
    def names_connection(self) -> bool:
        return not (self.provider is None and self.connection_id is None and not self.connection)

    @property
    def names_model(self) -> bool:
        return self.names_connection or self.model is not None


class Authoring:
    """Makes and changes prompts and versions for callers."""

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        access: Access,
        prompts: Prompts,
        predictor_factory: PredictorFactory,
        connections: Connections,
    ) -> None:
        self._store = store
        self._studio = studio
        self._access = access
        self._prompts = prompts
        self._predictor_factory = predictor_factory
        self._connections = connections

    def create_prompt(
        self, caller: Caller, title: str, project_ids: Sequence[int], **given: Any
    ) -> Prompt:
        """Make a prompt; fields and classes not given are those of its first project's config."""
        projects = self._projects(caller, project_ids)
        columns = {name: value for name, value in given.items() if value is not None}
        for config in map(self._predictor_factory.config_of, projects[:1]):
            columns.setdefault("input_fields", list(config.input_fields))
            columns.setdefault("output_classes", list(config.output_classes))
            columns.setdefault("skill_name", skill_of(config) or "")
        columns.setdefault("organization", caller.user.organization_id)
        made = self._store.prompts.create(
            check_title(title, "title"),
            require_text(columns.pop("description", ""), "description"),
            list(project_ids),
            created_by=caller.person,
            unlike=[each.id for each in self._access.prompts(caller)],
            **columns,
        )
        ProjectIdentity(self._store).bind(made.id, projects)
        return made

    def notes(self, caller: Caller, project_ids: Sequence[int]) -> list[str]:
        """Return what to know of the first project's labeling config."""
        if not project_ids:
            return []
        project = self._access.project(caller, project_ids[0])
        return self._predictor_factory.notes(caller.studio, project)

    def update_prompt(self, caller: Caller, prompt: Prompt, **given: Any) -> Prompt:
        """Change what is given; a new list of projects is checked as at the making."""
        if "title" in given:
            given["title"] = check_title(given["title"], "title")
        if "description" in given:
            given["description"] = require_text(given["description"] or "", "description")
        if "skill_name" in given:
            given["skill_name"] = given["skill_name"] or ""
        wanted = given.get("project_ids") or ()
        added = self._projects(caller, [each for each in wanted if each not in prompt.project_ids])
        seen = [each.id for each in self._access.prompts(caller)] if "title" in given else []
        changed = self._store.prompts.update(prompt.id, unlike=seen, **given)
        ProjectIdentity(self._store).bind(prompt.id, added)
        if added:
            OwnKeys(self._store).agree(prompt.id, caller.person)
        return changed

    def activate(self, caller: Caller, prompt: Prompt, version: PromptVersion | None) -> None:
        """Have Label Studio answered by a version, None leaving the choice to the server.

        Raises Forbidden where that would be one with a connection of another person's own.
        """
        chosen = version or self._store.prompts.active_version(prompt.id, by_hand=False)
        if chosen is not None:
            self._access.require_connection(caller, chosen)
        self._prompts.activate(prompt, version)
        OwnKeys(self._store).agree(prompt.id, caller.person)

    def create_version(
        self,
        caller: Caller,
        prompt: Prompt,
        draft: Draft,
        *,
        after: PromptVersion | None = None,
    ) -> PromptVersion:
        """Make a version with a model the caller may use.

        Made of another one, ``after``, it keeps what the draft does not say: how the model is
        called, and that a teacher wrote it.
        """
        self._check_text(prompt, draft.text or "")
        chosen = draft.connection or self._connections.choose(
            caller, draft.provider, draft.connection_id
        )
        return self._store.prompts.create_version(
            prompt.id,
            title=check_title(draft.title or "", "version"),
            text=draft.text,
            max_few_shot_examples=draft.max_few_shot_examples or 0,
            refined_from=_first(
                refined_from(self._store, prompt.id, draft.text or ""),
                after.refined_from if after is not None else None,
            ),
            parameters=self._connections.checked_parameters(
                chosen.provider,
                chosen.id,
                _first(draft.parameters, dict(after.parameters) if after is not None else None),
                before=after,
            ),
            system_prompt=check_system_prompt(
                _first(draft.system_prompt, after.system_prompt if after is not None else None)
                or ""
            ),
            confidence=_way(draft, after).value,
            created_by=caller.person,
            organization=_first(draft.organization, caller.user.organization_id),
            **_model_columns(chosen, draft.model),
        )

    def unsaved(
        self, caller: Caller, prompt: Prompt, version: PromptVersion | None, draft: Draft
    ) -> PromptVersion:
        """Return a version as it would be if a draft were saved now, by a model the caller may use.

        What the draft leaves out is the version's.
        """
        chosen = draft.connection
        if chosen is None and (draft.names_connection or version is None):
            chosen = self._connections.choose(caller, draft.provider, draft.connection_id)
        if version is not None and chosen is None:
            self._access.require_connection(caller, version)
        given = replace(
            draft,
            connection=chosen,
            text=_first_given(draft.text, version.text if version else ""),
            model=draft.model or (version.model if version else None),
            max_few_shot_examples=_first_given(
                draft.max_few_shot_examples, version.max_few_shot_examples if version else 0
            ),
            system_prompt=None
            if draft.system_prompt is None
            else check_system_prompt(draft.system_prompt),
        )
        if not require_text(given.text or "", "text").strip():
            raise InvalidInput("This field may not be blank.", field="text")
        made = unsaved(prompt.id, version, given)
        if not made.model:
            raise InvalidInput("This field may not be blank.", field="model")
        checked = self._connections.checked_parameters(
            made.provider, made.connection_id, made.parameters, before=version
        )
        return replace(made, parameters=checked)

    def restore(
        self, caller: Caller, prompt: Prompt, version: PromptVersion, title: str
    ) -> PromptVersion:
        """Make a new version that asks what an earlier one asks; a teacher's stays a teacher's."""
        return self.follow_up(caller, prompt, version, title, version.text, version.refined_from)

    def follow_up(
        self,
        caller: Caller,
        prompt: Prompt,
        version: PromptVersion,
        title: str,
        text: str,
        made_from: int | None,
    ) -> PromptVersion:
        """Make a new version that is answered as an earlier one, by a model the caller may use.

        ``made_from`` is the version a teacher made the text from, None for a text of a person.
        """
        self._access.require_connection(caller, version)
        self._check_text(prompt, text)
        chosen = self._connections.of_version(caller, version)
        return self._store.prompts.create_version(
            prompt.id,
            title=check_title(title, "version"),
            text=text,
            max_few_shot_examples=version.max_few_shot_examples,
            refined_from=made_from,
            parameters=version.parameters,
            system_prompt=version.system_prompt,
            confidence=version.confidence.value,
            created_by=caller.person,
            organization=caller.user.organization_id,
            **_model_columns(chosen, version.model),
        )

    def update_version(
        self, caller: Caller, prompt: Prompt, version: PromptVersion, draft: Draft
    ) -> PromptVersion:
        """Change what is given; predictions stay until the next run overwrites them.

        Whoever may not use its connection changes it only by giving it another: raises Forbidden.
        """
        if not draft.names_connection:
            self._access.require_connection(caller, version)
        values: dict[str, Any] = {}
        if draft.title is not None:
            values["title"] = check_title(draft.title, "version")
        if draft.text is not None:
            self._check_text(prompt, draft.text)
            values["text"] = draft.text
            made_from = refined_from(self._store, prompt.id, draft.text)
            if made_from is not None:
                values["refined_from"] = made_from
        if draft.max_few_shot_examples is not None:
            values["max_few_shot_examples"] = draft.max_few_shot_examples
        if draft.parameters is not None and draft.parameters != version.parameters:
            values["parameters"] = draft.parameters
        if draft.system_prompt is not None:
            values["system_prompt"] = check_system_prompt(draft.system_prompt)
        if draft.confidence is not None:
            values["confidence"] = draft.confidence.value
        if draft.organization is not None:
            values["organization"] = draft.organization
        if draft.names_model:
            values |= self._changed_model(caller, version, draft)
        self._connections.check_change(version, values)
        changed = self._store.prompts.update_version(version.id, **values)
        if not RunSnapshot.of(version).asks_as(changed):
            why = f"{changed.title!r} was changed after this run."
            self._store.runs.mark_version_stale(version.id, why)
        return changed

    def _changed_model(
        self, caller: Caller, version: PromptVersion, draft: Draft
    ) -> dict[str, Any]:
        if draft.connection is not None:
            return _model_columns(draft.connection, draft.model)
        if not draft.names_connection:
            is_baseline = version.provider is ProviderName.BASELINE
            return {"model": BASELINE_MODEL if is_baseline else draft.model}
        if draft.connection_id is None and draft.provider == version.provider.value:
            chosen = self._connections.of_version(caller, version)
        else:
            chosen = self._connections.choose(caller, draft.provider, draft.connection_id)
        return _model_columns(chosen, draft.model or version.model)

    def _projects(self, caller: Caller, project_ids: Sequence[int]) -> list[Project]:
        """Return projects the caller sees, each with something to answer."""
        found = [self._access.project(caller, each) for each in project_ids]
        for project in found:
            self._predictor_factory.config_of(project)
        return found

    def _check_text(self, prompt: Prompt, text: str) -> None:
        if not require_text(text, "text").strip():
            raise InvalidInput("This field may not be blank.", field="text")
        for project_id in prompt.project_ids:
            project = self._studio.get_project(project_id)
            config = self._predictor_factory.config_of(project)
            try:
                template.check(text, self._predictor_factory.known_variables(project, config))
            except TemplateError as error:
                error.field = "text"  # which variable it is stands in the message
                raise


def unsaved(prompt_id: int, version: PromptVersion | None, draft: Draft) -> PromptVersion:
    """Return the version as it would be if a draft of all its fields were saved now.

    A version that is none yet needs a draft that names its connection.
    """
    now = datetime.now(UTC)
    base = version or PromptVersion(
        id=0,
        prompt_id=prompt_id,
        title="",
        text="",
        provider=ProviderName.BASELINE,
        model="",
        connection_id=None,
        max_few_shot_examples=0,
        parameters={},
        created_at=now,
        updated_at=now,
    )
    chosen = draft.connection
    changed: dict[str, Any] = {}
    if chosen is not None:
        changed = {"provider": chosen.provider, "connection_id": chosen.id}
    model = draft.model or (chosen.default_model if chosen else base.model)
    if (chosen.provider if chosen else base.provider) is ProviderName.BASELINE:
        model = BASELINE_MODEL
    return replace(
        base,
        text=draft.text or "",
        model=model,
        max_few_shot_examples=draft.max_few_shot_examples or 0,
        parameters=_first_given(draft.parameters, base.parameters),
        system_prompt=_first_given(draft.system_prompt, base.system_prompt),
        confidence=_way(draft, base),
        **changed,
    )


def skill_of(config: LabelingConfig) -> str | None:
    """Return the SDK's word for what a config asks, None where it has none."""
    tags = {control.tag for control in config.controls.values()}
    if any(tag.endswith("Labels") for tag in tags):
        return NAMED_ENTITIES
    return TEXT_CLASSIFICATION if tags & {"Choices", "Taxonomy"} else None


def _model_columns(connection: Connection, model: str | None) -> dict[str, Any]:
    name = model or connection.default_model
    if connection.provider is ProviderName.BASELINE:
        name = BASELINE_MODEL
    if not name:
        raise InvalidInput("This field may not be blank.", field="model")
    return {
        "provider": connection.provider.value,
        "model": name,
        "connection_id": connection.id,
    }


T = TypeVar("T")


def _first_given(value: T | None, otherwise: T) -> T:
    return otherwise if value is None else value


def _first(*values: T | None) -> T | None:
    return next((value for value in values if value is not None), None)


def _way(draft: Draft, before: PromptVersion | None) -> ConfidenceWay:
    """How a draft asks for confidence: as it says, else as the version before it does."""
    return draft.confidence or (before.confidence if before else ConfidenceWay.AUTO)
