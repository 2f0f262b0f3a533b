"""Versions that cannot be lost: where one was run, what is changed becomes the next version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ml_backend.errors import Conflict
from ml_backend.next_steps import Step
from ml_backend.records import ConfidenceWay, JsonObject, Prompt, PromptVersion, RunSnapshot
from ml_backend.services.prompts.lineage import refined_from
from ml_backend.services.prompts.prompts import Prompts
from ml_backend.store import Store


@dataclass(frozen=True, slots=True)
class Kept:
    """The version that now holds what was written."""

    version: PromptVersion
    beside: PromptVersion | None = None
    """The one that was run and stays as it was; None where it was changed in its place."""


class Versions:
    """Keeps changes of versions, and takes back those that nothing used."""

    def __init__(self, store: Store, prompts: Prompts) -> None:
        self._store = store
        self._prompts = prompts

    def was_run(self, version: PromptVersion) -> bool:
        """Return whether a version has answers of a run, or a run that goes on."""
        return self._store.runs.was_run(version.id)

    def next_of(self, version: PromptVersion, wanted: PromptVersion) -> PromptVersion | None:
        """Return the version made after it that asks what is wanted, None without one.

        Who presses twice, or in two tabs, wrote one text and not two.
        """
        later = (
            each
            for each in reversed(self._store.prompts.versions(version.prompt_id))
            if each.id > version.id
        )
        return next((each for each in later if RunSnapshot.of(each).asks_as(wanted)), None)

    def edit(
        self,
        prompt: Prompt,
        version: PromptVersion,
        *,
        text: str | None = None,
        connection: str | int | None = None,
        model: str | None = None,
        parameters: JsonObject | None = None,
        system_prompt: str | None = None,
        few_shot: int | None = None,
        confidence: ConfidenceWay | None = None,
        in_place: bool = False,
    ) -> Kept:
        """Change what is given, by whom the server belongs to.

        A version that was run stays, and the next one holds the change; ``in_place`` changes it
        all the same, and what it scored is marked as of the text before.
        """
        if connection is None:
            self._prompts.require_own(version)
        if text is not None:
            self._prompts.check_text(prompt, text)
        wanted = self._prompts.changed(
            version,
            text=text,
            connection=connection,
            model=model,
            parameters=parameters,
            system_prompt=system_prompt,
            few_shot=few_shot,
            confidence=confidence,
        )
        if RunSnapshot.of(version).asks_as(wanted):
            return Kept(version)
        made_from = refined_from(self._store, prompt.id, wanted.text)
        columns: dict[str, Any] = {
            "text": wanted.text,
            "provider": wanted.provider.value,
            "model": wanted.model,
            "connection_id": wanted.connection_id,
            "parameters": wanted.parameters,
            "system_prompt": wanted.system_prompt,
            "confidence": wanted.confidence.value,
            "max_few_shot_examples": wanted.max_few_shot_examples,
            "refined_from": version.refined_from if made_from is None else made_from,
        }
        if in_place or not self.was_run(version):
            changed = self._store.prompts.update_version(version.id, **columns)
            why = f"{changed.title!r} was changed after this run."
            self._store.runs.mark_version_stale(version.id, why)
            return Kept(changed)
        known = self.next_of(version, wanted)
        if known is not None:
            return Kept(known, version)
        title = self._prompts.default_version_title(prompt)
        return Kept(self._store.prompts.create_version(prompt.id, title=title, **columns), version)

    def take_back(self, prompt: Prompt, version: PromptVersion) -> None:
        """Remove a version that nothing used; raises Conflict for one that something did."""
        if prompt.active_version_id == version.id:
            raise Conflict(
                f"{version.title!r} answers Label Studio: it was made the active version.",
                fix="Make another one active first.",
            )
        if not self._store.prompts.delete_unused_version(version.id):
            raise Conflict(
                f"{version.title!r} was used: it has runs or predictions.",
                fix=Step.DELETE_VERSION(),
            )
