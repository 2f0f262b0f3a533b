"""Prompts written in Label Studio itself: each text becomes a version by its content."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from ml_backend.errors import Conflict, InvalidInput
from ml_backend.records import (
    BASELINE_MODEL,
    ConfidenceWay,
    Origin,
    Prompt,
    PromptVersion,
    ProviderName,
)
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.prompts.own_keys import OwnKeys
from ml_backend.services.prompts.prompts import require_text
from ml_backend.store import Store

TITLES = {
    Origin.INSTRUCTIONS: "instructions",
    Origin.EXTRA_PARAMS: "extra parameters",
}
DESCRIPTIONS = {
    Origin.INSTRUCTIONS: "The project's labeling instructions, a version for each of their texts.",
    Origin.EXTRA_PARAMS: "Texts in the extra parameters of the project's ML backend connection.",
}
LONGEST = 200_000
TRIES = 20
MOST_UNUSED = 20
"""Versions of a prompt, beside those that answered something: a text may be changed for ever."""


class ProjectPrompts:
    """Keeps the texts that people write in Label Studio as prompts and versions."""

    def __init__(self, store: Store, models: ModelPool) -> None:
        self._store = store
        self._models = models

    def version(
        self, project_id: int, origin: Origin, text: str, model: str | None, *, keep: bool = True
    ) -> tuple[Prompt, PromptVersion]:
        """Return the version of a text, made when it is new; ``model`` None is the default one.

        The same text, provider and model are the same version for ever; one that never answered
        anything goes when many newer ones came. Without ``keep`` nothing is made: what is new then
        has no id. Raises InvalidInput when there is no model to answer it.
        """
        if len(require_text(text, "prompt")) > LONGEST:
            raise InvalidInput(
                f"The prompt has {len(text)} characters; {LONGEST} is the most.", field="prompt"
            )
        provider, name = self._model(model)
        title = _title(text, provider, name)
        if not keep:
            return self._unkept(project_id, origin, title, text, (provider, name))
        prompt = self._prompt(project_id, origin)
        for version in self._store.prompts.versions(prompt.id):
            if version.title == title:
                return prompt, version
        values: dict[str, Any] = {
            "title": title, "text": text, "provider": provider.value, "model": name,
            "connection_id": None, "max_few_shot_examples": 0, "parameters": {},
            "origin": origin.value,
        }  # fmt: skip
        self._make_room(prompt)
        try:
            return prompt, self._store.prompts.create_version(prompt.id, **values)
        except Conflict:  # another request made it this moment
            versions = self._store.prompts.versions(prompt.id)
            return prompt, next(each for each in versions if each.title == title)

    def _make_room(self, prompt: Prompt) -> None:
        """Remove versions that never answered anything, where there are many; oldest first."""
        versions = self._store.prompts.versions(prompt.id)
        for version in versions[: 1 - MOST_UNUSED]:
            self._store.prompts.delete_unused_version(version.id)

    def _unkept(
        self,
        project_id: int,
        origin: Origin,
        title: str,
        text: str,
        model: tuple[ProviderName, str],
    ) -> tuple[Prompt, PromptVersion]:
        now, (provider, name) = datetime.now(UTC), model
        prompt = self._store.prompts.find_origin(origin, project_id) or Prompt(
            id=0,
            title=f"Project {project_id} {TITLES[origin]}",
            description="",
            project_ids=(project_id,),
            active_version_id=None,
            created_at=now,
            updated_at=now,
            origin=origin,
        )
        version = PromptVersion(
            id=0,
            prompt_id=prompt.id,
            title=title,
            text=text,
            provider=provider,
            model=name,
            connection_id=None,
            max_few_shot_examples=0,
            parameters={},
            created_at=now,
            updated_at=now,
            origin=origin,
        )
        return prompt, version

    def ephemeral(self, text: str, like: PromptVersion | None) -> PromptVersion:
        """Return a version that is kept nowhere, answered by the model of another one.

        One that is answered by a person's own connection is not asked what others typed.
        """
        is_own = like is not None and OwnKeys(self._store).find(like) is not None
        provider, name = (like.provider, like.model) if like and not is_own else self._model(None)
        now = like.updated_at if like else datetime.now(UTC)
        return PromptVersion(
            id=like.id if like else 0,
            prompt_id=like.prompt_id if like else 0,
            title="interactive",
            text=text,
            provider=provider,
            model=name,
            connection_id=like.connection_id if like and not is_own else None,
            max_few_shot_examples=like.max_few_shot_examples if like else 0,
            parameters=like.parameters if like and not is_own else {},
            created_at=now,
            updated_at=now,
            system_prompt=like.system_prompt if like else "",
            confidence=like.confidence if like else ConfidenceWay.AUTO,
        )

    def _model(self, wanted: str | None) -> tuple[ProviderName, str]:
        default = self._models.default
        if default.provider is ProviderName.BASELINE:
            return default.provider, BASELINE_MODEL
        name = wanted or default.default_model
        if not name:
            raise InvalidInput(
                "No model is named to answer this prompt.",
                field="model",
                fix='Set OPENAI_MODEL, or name one in the extra parameters: {"model": "…"}.',
            )
        return default.provider, name

    def _prompt(self, project_id: int, origin: Origin) -> Prompt:
        for number in range(1, TRIES):
            prompt = self._store.prompts.find_origin(origin, project_id)
            if prompt is not None:
                return prompt
            title = f"Project {project_id} {TITLES[origin]}"
            title = title if number == 1 else f"{title} ({number})"
            try:
                return self._store.prompts.create(
                    title, DESCRIPTIONS[origin], [project_id], origin=origin
                )
            except Conflict:  # somebody named a prompt so, or another request made it this moment
                continue
        raise Conflict(f"Every title for the prompt of project {project_id} is taken.")


def _title(text: str, provider: ProviderName, model: str) -> str:
    content = json.dumps([text, provider.value, model]).encode()
    return f"v-{hashlib.sha256(content).hexdigest()[:12]}"
