"""Prompts and their versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field

from ml_backend.prompting.parameters import KNOWN
from ml_backend.records import ConfidenceWay, Prompt, PromptVersion
from ml_backend.services.callers.authoring import Draft
from ml_backend.store import Evaluated, PromptStats
from ml_backend.web.api.wire.parts import Given, Id, LeftOut, PageQuery, Shown, UserSimple, Whole

SkillName = Literal["TextClassification", "NamedEntityRecognition"]
Title = Annotated[str, Field(min_length=1, max_length=120)]


class UserGiven(Given):
    """A user as the SDK sends one; the creator is always the caller."""

    username: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class PromptUpdate(Given):
    """What may be changed of a prompt; what is not given stays."""

    title: Title | None = None
    description: str | None = None
    associated_projects: Annotated[list[Id], Field(max_length=1000)] | None = None
    input_fields: Any = None
    output_classes: Any = None
    skill_name: SkillName | None = None
    organization: Id | None = None
    created_by: UserGiven | None = None

    def columns(self) -> dict[str, Any]:
        """Return what was given, by our names."""
        ours = {"associated_projects": "project_ids"}
        kept_null = {"input_fields", "output_classes", "skill_name", "description"}
        given = {name: getattr(self, name) for name in self.model_fields_set - {"created_by"}}
        return {
            ours.get(name, name): value
            for name, value in given.items()
            if value is not None or name in kept_null
        }


class PromptCreate(PromptUpdate):
    """A new prompt; fields and classes not given are those of its first project's config."""

    title: Title


class PromptAnswer(Shown):
    """A prompt; the SDK's ModelInterface."""

    id: int
    title: str
    description: str
    associated_projects: list[int]
    """Those that the caller sees."""
    input_fields: Any = None
    output_classes: Any = None
    skill_name: str | None = None
    organization: int | None = None
    created_by: UserSimple | None = None
    created_at: datetime
    updated_at: datetime
    notes: LeftOut[list[str]] = None
    """At its making: what to know of the first project's labeling config, if anything."""

    @classmethod
    def of(cls, prompt: Prompt, visible: list[int], notes: list[str] | None = None) -> PromptAnswer:
        return cls(associated_projects=visible, notes=notes or None, **_columns(prompt))


class AssociatedProject(Shown):
    """A project in short."""

    id: int
    title: str


class PromptDetail(Shown):
    """A prompt with its counts; the SDK's ModelInterfaceSerializerGet."""

    id: int
    title: str
    description: str
    associated_projects: list[AssociatedProject]
    input_fields: Any = None
    output_classes: Any = None
    skill_name: str | None = None
    organization: int | None = None
    created_by: UserSimple | None = None
    created_at: datetime
    updated_at: datetime
    best_score: float | None = None
    """The best accuracy of its versions' last evaluations over all ground truth."""
    runs_count: int
    versions_count: int

    @classmethod
    def of(cls, prompt: Prompt, titles: Mapping[int, str], standing: PromptStats) -> PromptDetail:
        projects = [
            AssociatedProject(id=each, title=titles[each])
            for each in prompt.project_ids
            if each in titles
        ]
        return cls(
            associated_projects=projects,
            best_score=standing.best,
            runs_count=standing.runs,
            versions_count=standing.versions,
            **_columns(prompt),
        )


class PromptQuery(PageQuery):
    """Which prompts, in which order."""

    ordering: str | None = None
    search: Annotated[str | None, Field(description="In title or description.")] = None


class OrderQuery(Given):
    """In which order; "-" before a field turns it round."""

    ordering: str | None = None


class VersionUpdate(Given):
    """What may be changed of a version; predictions stay until the next run."""

    title: Title | None = None
    prompt: Annotated[str, Field(min_length=1)] | None = None
    provider: str | None = None
    provider_model_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    model_provider_connection: Id | None = None
    max_few_shot_examples: Annotated[int, Field(ge=0, le=1000)] | None = None
    organization: Id | None = None
    parent_model: Id | None = None
    parameters: Annotated[
        dict[str, Any] | None,
        Field(
            validation_alias=AliasChoices("parameters", "model_parameters", "model_params"),
            description="What the model is called with besides, all of it; any other name is "
            f"refused: {', '.join(KNOWN)}. Those that the connection's provider takes are its "
            "model_params. Ours; model_parameters and model_params mean the same.",
        ),
    ] = None
    system_prompt: Annotated[
        str | None,
        Field(
            description="Sent before all else, the same for every task; it names no task data. "
            "Ours."
        ),
    ] = None
    confidence: Annotated[
        ConfidenceWay | None,
        Field(
            description="How the model is asked how sure it is: logprobs by its tokens' "
            "log-probabilities, rated by a field of its own at the end of the answer, auto by the "
            "first of these that it gives, none not at all. Ours."
        ),
    ] = None

    def draft(self) -> Draft:
        return Draft(
            title=self.title,
            text=self.prompt,
            provider=self.provider,
            model=self.provider_model_id,
            connection_id=self.model_provider_connection,
            max_few_shot_examples=self.max_few_shot_examples,
            organization=self.organization,
            parameters=self.parameters,
            system_prompt=self.system_prompt,
            confidence=self.confidence,
        )


class VersionCreate(VersionUpdate):
    """A new version of a prompt with the model that answers it."""

    title: Title
    prompt: Annotated[str, Field(min_length=1)]
    provider_model_id: Annotated[str, Field(min_length=1, max_length=200)]


class VersionChangeQuery(Given):
    """How a version is changed."""

    keep_if_run: Annotated[
        bool,
        Field(description="Leave a version that was run as it is, and make the next one of it."),
    ] = False


class VersionDeleteQuery(Given):
    """Which versions may be deleted."""

    only_unused: Annotated[
        bool, Field(description="Refuse where runs or predictions of it are kept.")
    ] = False


VERSION_NAMES = {
    "version": "title",
    "text": "prompt",
    "prompt": "prompt",
    "model": "provider_model_id",
    "connection": "model_provider_connection",
}
"""Our names of a version's fields -> the SDK's."""


class VersionAnswer(Shown):
    """A version of a prompt; the SDK's ThirdPartyModelVersion."""

    id: int
    title: str
    prompt: str
    provider: str
    provider_model_id: str
    model_display_name: str
    model_provider_connection: int | None = None
    max_few_shot_examples: Whole
    parent_model: int
    organization: int | None = None
    parameters: dict[str, Any]
    """What the model is called with besides. Ours."""
    system_prompt: str
    """Sent before all else. Ours."""
    confidence: ConfidenceWay
    """How it is asked how sure it is. Ours."""
    score: float | None = None
    """Accuracy of its last evaluation over all ground truth, or all that was submitted where
    nothing was marked; a sample changes nothing of it.
    """
    score_run: int | None = None
    """The run of that evaluation."""
    score_n: int | None = None
    """Tasks it was measured on."""
    sample_score: float | None = None
    """Accuracy of a later evaluation of less: a sample, chosen tasks, annotations by choice."""
    sample_run: int | None = None
    sample_n: int | None = None
    created_by: UserSimple | None = None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, version: PromptVersion, evaluated: Evaluated | None) -> VersionAnswer:
        score = evaluated.headline if evaluated is not None else None
        sample = evaluated.beside if evaluated is not None else None
        return cls(
            id=version.id,
            title=version.title,
            prompt=version.text,
            provider=version.provider.value,
            provider_model_id=version.model,
            model_display_name=version.model,
            model_provider_connection=version.connection_id,
            max_few_shot_examples=version.max_few_shot_examples,
            parent_model=version.prompt_id,
            organization=version.organization,
            score=score.accuracy if score else None,
            score_run=score.run_id if score else None,
            score_n=score.n if score else None,
            sample_score=sample.accuracy if sample else None,
            sample_run=sample.run_id if sample else None,
            sample_n=sample.n if sample else None,
            parameters=version.parameters,
            system_prompt=version.system_prompt,
            confidence=version.confidence,
            created_by=UserSimple.of(version.created_by),
            created_at=version.created_at,
            updated_at=version.updated_at,
        )


class DefaultName(Shown):
    """The title a new version would get."""

    default_model_version_name: str


def _columns(prompt: Prompt) -> dict[str, Any]:
    return {
        "id": prompt.id,
        "title": prompt.title,
        "description": prompt.description,
        "input_fields": prompt.input_fields,
        "output_classes": prompt.output_classes,
        "skill_name": prompt.skill_name or None,
        "organization": prompt.organization,
        "created_by": UserSimple.of(prompt.created_by),
        "created_at": prompt.created_at,
        "updated_at": prompt.updated_at,
    }
