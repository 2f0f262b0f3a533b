"""Prompts and versions: making them, finding them, and deleting them with their predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.labelstudio import Project, ServerLabelStudio
from ml_backend.llm.models.parameters import check_at
from ml_backend.next_steps import Step
from ml_backend.prompting import template
from ml_backend.records import (
    BASELINE_MODEL,
    ConfidenceWay,
    Connection,
    JsonObject,
    Prompt,
    PromptVersion,
    ProviderName,
    Scope,
)
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.prompts.lineage import refined_from
from ml_backend.services.prompts.own_keys import OwnKeys, require_owner
from ml_backend.services.publishing.ownership import EVALUATE_SUFFIX, SEPARATOR
from ml_backend.store import Store

TITLE_LENGTH = 120
LONGEST_SYSTEM_PROMPT = 100_000


def check_title(title: str, field: str) -> str:
    """Return a usable title, or raise InvalidInput; titles become parts of model versions."""
    title = " ".join(require_text(title, field).split())
    if not title:
        raise InvalidInput(f"The {field} is empty.", field=field, fix="Give it a name.")
    if len(title) > TITLE_LENGTH:
        raise InvalidInput(
            f"The {field} has {len(title)} characters; {TITLE_LENGTH} is the most.", field=field
        )
    if SEPARATOR in title or title.startswith("_") or title.endswith("_"):
        raise InvalidInput(
            f"The {field} {title!r} may not contain two underscores or begin or end with one: "
            "they join prompt and version in a model version.",
            field=field,
            fix="Use spaces or hyphens.",
        )
    if field == "version" and title.casefold() == EVALUATE_SUFFIX:
        raise InvalidInput(
            "A version cannot be named 'evaluate': the model versions of evaluations end so.",
            field=field,
        )
    return title


def require_text(value: str, field: str) -> str:
    """Return a text that every database can hold, or raise InvalidInput."""
    if "\0" in value or any("\ud800" <= each <= "\udfff" for each in value):
        raise InvalidInput(
            f"The {field} holds bytes that are not text.",
            field=field,
            fix="Type it in UTF-8, or save the file so.",
        )
    return value


def check_system_prompt(text: str) -> str:
    """Return a system text without the white space around it, or raise InvalidInput."""
    text = require_text(text, "system_prompt").strip()
    if len(text) > LONGEST_SYSTEM_PROMPT:
        raise InvalidInput(
            f"The system text has {len(text):,} characters; {LONGEST_SYSTEM_PROMPT:,} is the most.",
            field="system_prompt",
        )
    return text


def _check_written(text: str) -> str:
    if not require_text(text, "text").strip():
        raise InvalidInput(
            "The prompt text is empty.", field="text", fix="Say what to label, and how."
        )
    return text


class Prompts:
    """What the CLI, the API and the pages do with prompts."""

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

    def find(self, ref: str | int) -> Prompt:
        """Return a prompt by title or id, for commands; raises NotFound naming what there is.

        Raises InvalidInput for a title that several have: people who do not see each other's.
        """
        if isinstance(ref, str):
            found = self._store.prompts.titled(ref)
            if len(found) > 1:
                numbers = ", ".join(str(each.id) for each in found)
                raise InvalidInput(
                    f"{len(found)} prompts are called {ref!r}.",
                    field="prompt",
                    fix=f"Name one by its number: {numbers}.",
                )
        prompt = self._store.prompts.find(ref)
        if prompt is None and isinstance(ref, str) and ref.isdecimal() and len(ref) <= 9:
            prompt = self._store.prompts.find(int(ref))
        if prompt is None:
            titles = ", ".join(repr(known.title) for known in self._store.prompts.all()[:10])
            raise NotFound(
                f"There is no prompt {ref!r}.",
                field="prompt",
                fix=f"There are: {titles}." if titles else Step.CREATE_PROMPT(),
            )
        return prompt

    def find_version(self, prompt: Prompt, ref: str | int | None) -> PromptVersion:
        """Return a version by title or id, the active one for None."""
        versions = self._store.prompts.versions(prompt.id)
        if ref is None:
            active = self._store.prompts.active_version(prompt.id)
            if active is None:
                raise NotFound(
                    f"Prompt {prompt.title!r} has no version yet.",
                    field="version",
                    fix=Step.CREATE_VERSION(prompt=prompt.title),
                )
            return active
        for version in versions:
            if version.title == ref:
                return version
        for version in versions:
            if str(version.id) == str(ref):
                return version
        titles = ", ".join(repr(version.title) for version in versions)
        raise NotFound(
            f"Prompt {prompt.title!r} has no version {ref!r}.",
            field="version",
            fix=f"It has: {titles}.",
        )

    def newest_version(self, prompt: Prompt) -> PromptVersion:
        """Return the version made last: what a run uses when none is named."""
        versions = self._store.prompts.versions(prompt.id)
        return versions[-1] if versions else self.find_version(prompt, None)

    def create(self, title: str, *, project: Project | None, description: str = "") -> Prompt:
        """Make a prompt without a version; its project must have something to answer."""
        title = check_title(title, "title")
        if project is not None:
            self._predictor_factory.config_of(project)
        projects = [project] if project is not None else []
        made = self._store.prompts.create(
            title, require_text(description, "description"), [each.id for each in projects]
        )
        ProjectIdentity(self._store).bind(made.id, projects)
        return made

    def create_version(
        self,
        prompt: Prompt,
        *,
        text: str,
        title: str | None = None,
        connection: str | int | None = None,
        model: str | None = None,
        parameters: JsonObject | None = None,
        system_prompt: str = "",
        few_shot: int = 0,
        confidence: ConfidenceWay = ConfidenceWay.AUTO,
    ) -> PromptVersion:
        """Make a version; its variables are checked against the prompt's projects."""
        self.check_text(prompt, text)
        chosen = self.connection(connection)
        name = model or chosen.default_model
        if not name:
            raise InvalidInput(
                f"Connection {chosen.title!r} has no default model.",
                field="model",
                fix=Step.NAME_MODEL(),
            )
        if chosen.provider is ProviderName.BASELINE:
            name = BASELINE_MODEL
        return self._store.prompts.create_version(
            prompt.id,
            title=self.version_title(prompt, title),
            text=text,
            provider=chosen.provider.value,
            model=name,
            connection_id=chosen.id,
            max_few_shot_examples=few_shot,
            refined_from=refined_from(self._store, prompt.id, text),
            parameters=check_at(chosen, parameters or {}),
            system_prompt=check_system_prompt(system_prompt),
            confidence=confidence.value,
        )

    def changed(
        self,
        version: PromptVersion,
        *,
        text: str | None = None,
        connection: str | int | None = None,
        model: str | None = None,
        parameters: JsonObject | None = None,
        system_prompt: str | None = None,
        few_shot: int | None = None,
        confidence: ConfidenceWay | None = None,
    ) -> PromptVersion:
        """Return a version with what is given in place of what it has; nothing is stored.

        Whether a text's variables are there is for ``check_text``, or for who asks a task.
        """
        given: dict[str, Any] = {}
        if text is not None:
            given["text"] = _check_written(text)
        if connection is not None:
            chosen = self.connection(connection)
            given |= {"connection_id": chosen.id, "provider": chosen.provider}
            given["model"] = chosen.default_model or version.model
        if model is not None:
            given["model"] = model
        if given.get("provider", version.provider) is ProviderName.BASELINE:
            given["model"] = BASELINE_MODEL
        if parameters is not None or connection is not None:
            asked = self._models.asked_by(
                given.get("provider", version.provider),
                given.get("connection_id", version.connection_id),
            )
            wanted = version.parameters if parameters is None else parameters
            given["parameters"] = check_at(asked, wanted)
        if system_prompt is not None:
            given["system_prompt"] = check_system_prompt(system_prompt)
        if few_shot is not None:
            given["max_few_shot_examples"] = few_shot
        if confidence is not None:
            given["confidence"] = confidence
        return replace(version, **given)

    def check_text(self, prompt: Prompt, text: str) -> None:
        """Raise what is wrong with a text, its variables checked against the prompt's projects."""
        _check_written(text)
        for project_id in prompt.project_ids:
            project = self._studio.get_project(project_id)
            config = self._predictor_factory.config_of(project)
            template.check(text, self._predictor_factory.known_variables(project, config))

    def connection(self, ref: str | int | None) -> Connection:
        """Return a connection that a command names, the environment's for None."""
        if ref is None:
            return self._models.default
        known = int(ref) if str(ref).isdecimal() else ref
        found = self._store.connections.get(known)
        self._require_own(found)
        return found

    def own_connections(self) -> list[Connection]:
        """Return the connections a command may name: all but those of other people's own."""
        found = self._store.connections.all()
        if all(each.scope is not Scope.USER for each in found):
            return found
        me = self._studio.whoami().person
        return [
            each
            for each in found
            if each.scope is not Scope.USER or (each.created_by and each.created_by.id == me.id)
        ]

    def require_own(self, version: PromptVersion) -> None:
        """Raise Forbidden where a command would ask with the key of another person.

        Commands act for the user of the server's own token.
        """
        self._require_own(OwnKeys(self._store).find(version))

    def _require_own(self, connection: Connection | None) -> None:
        if connection is not None and connection.scope is Scope.USER:
            require_owner(connection, self._studio.whoami().person)

    def version_title(self, prompt: Prompt, title: str | None) -> str:
        """Return a usable title for a new version; without one the first free "Version N"."""
        return check_title(title or self.default_version_title(prompt), "version")

    def default_version_title(self, prompt: Prompt) -> str:
        """Return the first free "Version N"."""
        taken = {version.title for version in self._store.prompts.versions(prompt.id)}
        number = len(taken) + 1
        while f"Version {number}" in taken:
            number += 1
        return f"Version {number}"

    def activate(self, prompt: Prompt, version: PromptVersion | None) -> None:
        """Choose by hand the version that `/predict` answers with.

        None leaves it to what was last run on all tasks, else the newest.
        """
        chosen = version.id if version is not None else None
        self._store.prompts.update(prompt.id, active_version_id=chosen)
