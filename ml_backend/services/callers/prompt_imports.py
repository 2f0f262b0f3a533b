"""Prompts as files in a caller's name: what they see goes out, what they may change comes in."""

from __future__ import annotations

from functools import partial

from ml_backend.records import Prompt
from ml_backend.services.callers.access import Access, Caller
from ml_backend.services.callers.authoring import Authoring
from ml_backend.services.callers.connections import Connections
from ml_backend.services.prompts.prompt_files import Export, Imported, ImportPlan, PromptFiles
from ml_backend.store import Store
from ml_backend.store.prompts import title_taken


class PromptImports:
    """Exports and imports prompts for callers."""

    def __init__(
        self,
        store: Store,
        access: Access,
        connections: Connections,
        authoring: Authoring,
        files: PromptFiles,
    ) -> None:
        self._store = store
        self._access = access
        self._connections = connections
        self._authoring = authoring
        self._files = files

    def export(self, caller: Caller, prompt_id: int) -> Export:
        """Return a prompt as a file, which names only connections that the caller may use."""
        prompt = self._access.prompt(caller, prompt_id)
        return self._files.export(prompt, partial(self._access.may_use, caller))

    def plan(
        self, caller: Caller, text: str, project_id: int, title: str | None = None
    ) -> ImportPlan:
        """Check a file, and return what importing it for a project would do."""
        return self._files.plan(
            text,
            self._access.project(caller, project_id),
            title=title,
            connections=self._connections.visible(caller),
            of_title=partial(self._of_title, caller),
        )

    def carry_out(self, caller: Caller, plan: ImportPlan) -> Imported:
        """Do what a plan says, or nothing."""
        return self._files.carry_out(
            plan,
            lambda: self._authoring.create_prompt(
                caller, plan.title, [plan.project.id], description=plan.description
            ),
            created_by=caller.person,
            organization=caller.user.organization_id,
        )

    def _of_title(self, caller: Caller, title: str) -> Prompt | None:
        """Return the prompt of a title among those the caller sees; of others nothing is told."""
        found = [
            each for each in self._store.prompts.titled(title) if self._access.sees(caller, each)
        ]
        if not found:
            return None
        if len(found) > 1:
            raise title_taken(title)
        return self._access.editable(caller, found[0].id)
