"""What a caller changed of a version: kept in its place, or beside it where it was run."""

from __future__ import annotations

from dataclasses import replace

from ml_backend.errors import Conflict, InvalidInput
from ml_backend.records import Prompt, PromptVersion, RunSnapshot
from ml_backend.services.callers.access import Caller
from ml_backend.services.callers.authoring import Authoring, Draft, unsaved
from ml_backend.services.callers.connections import Connections
from ml_backend.services.prompts.prompts import Prompts
from ml_backend.services.prompts.version_edits import Kept, Versions


class Keeping:
    """Keeps drafts of callers so that no version with results is written over."""

    def __init__(
        self, prompts: Prompts, versions: Versions, authoring: Authoring, connections: Connections
    ) -> None:
        self._prompts = prompts
        self._versions = versions
        self._authoring = authoring
        self._connections = connections

    def keep(self, caller: Caller, prompt: Prompt, version: PromptVersion, draft: Draft) -> Kept:
        """Keep a draft of all fields; its title is that of a version that has to be made."""
        if not self._versions.was_run(version):
            changed = replace(draft, title=None)
            return Kept(self._authoring.update_version(caller, prompt, version, changed))
        wanted = unsaved(prompt.id, version, draft)
        if RunSnapshot.of(version).asks_as(wanted):
            return Kept(version)
        known = self._versions.next_of(version, wanted)
        if known is None:
            known = self._make(caller, prompt, version, draft, wanted)
        return Kept(known, version)

    def keep_change(
        self, caller: Caller, prompt: Prompt, version: PromptVersion, draft: Draft
    ) -> Kept:
        """Keep a draft of some fields; a title given is that of the version that is made."""
        if not self._versions.was_run(version):
            return Kept(self._authoring.update_version(caller, prompt, version, draft))
        chosen = draft.connection
        if chosen is None and not draft.names_connection:
            chosen = self._connections.of_version(caller, version)
        whole = replace(
            draft,
            text=version.text if draft.text is None else draft.text,
            model=draft.model or version.model,
            connection=chosen
            or self._connections.choose(caller, draft.provider, draft.connection_id),
            max_few_shot_examples=version.max_few_shot_examples
            if draft.max_few_shot_examples is None
            else draft.max_few_shot_examples,
        )
        return self.keep(caller, prompt, version, whole)

    def _make(
        self,
        caller: Caller,
        prompt: Prompt,
        version: PromptVersion,
        draft: Draft,
        wanted: PromptVersion,
    ) -> PromptVersion:
        if draft.connection is None:
            raise InvalidInput(
                "The connection of this version is not yours to use in a new one, and it was run, "
                "so that it is not changed any more.",
                field="connection",
                fix="Choose another connection.",
            )
        title = draft.title or self._prompts.default_version_title(prompt)
        try:
            return self._authoring.create_version(
                caller, prompt, replace(draft, title=title), after=version
            )
        except Conflict:  # the same press came twice, and the other one was quicker
            known = None if draft.title else self._versions.next_of(version, wanted)
            if known is None:
                raise
            return known
