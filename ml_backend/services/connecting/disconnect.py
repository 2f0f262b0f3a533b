"""Disconnecting a project from this server, with what Label Studio would leave behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ml_backend.labelstudio import Backend, LabelStudioClient, Project, Webhook
from ml_backend.records import AuditAction, Slot
from ml_backend.services.connecting.backend_urls import BackendUrls, hook_of, plain, same_place
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.store import Follow, Store


@dataclass(frozen=True, slots=True)
class Disconnection:
    """What disconnecting a project takes away.

    ``model_version`` is what the label stream shows afterwards ("" for nothing), None where that
    does not change.
    """

    project_id: int
    project_title: str
    backends: tuple[Backend, ...]
    webhooks: tuple[Webhook, ...]
    follows: tuple[Follow, ...]
    model_version: str | None

    @property
    def is_empty(self) -> bool:
        return not (self.backends or self.webhooks or self.follows)

    def document(self) -> dict[str, Any]:
        backends = [
            {"id": row.id, "title": row.title, "url": plain(row.url)} for row in self.backends
        ]
        return {
            "project": self.project_id,
            "backends": backends,
            "webhooks": [{"id": hook.id, "url": plain(hook.url)} for hook in self.webhooks],
            "follows": [follow.prompt_id for follow in self.follows],
            "model_version": self.model_version,
        }


class Disconnecting:
    """Disconnects projects by one client of Label Studio; ``own`` is this server's address."""

    def __init__(
        self, store: Store, studio: LabelStudioClient, ownership: Ownership, *, own: str
    ) -> None:
        self._store = store
        self._studio = studio
        self._ownership = ownership
        self._own = own

    def plan(self, project: Project) -> Disconnection:
        """Return what would be taken away; other backends and their webhooks never are."""
        rows = self._studio.list_backends(project.id)
        ours = BackendUrls(self._store, self._own, project.id)
        mine = [row for row in rows if ours.holds(row)]
        others = [row for row in rows if row not in mine]
        hooks = [
            hook
            for hook in self._studio.list_webhooks(project.id)
            if any(same_place(hook.url, hook_of(row.url)) for row in mine)
            or ours.left(hook, others)
        ]
        return Disconnection(
            project.id,
            project.title,
            tuple(mine),
            tuple(hooks),
            tuple(each for each in self._store.follows.all() if each.project_id == project.id),
            self._next_version(project, mine, others) if mine or hooks else None,
        )

    def execute(self, plan: Disconnection) -> Disconnection:
        """Take it all away; return the plan. Repeated after an error, it goes on where it was."""
        with self._store.audit.doing(
            AuditAction.PROJECT_DISCONNECTED,
            kind="project",
            object_id=plan.project_id,
            title=plan.project_title,
            project_id=plan.project_id,
        ):
            return self._execute(plan)

    def _execute(self, plan: Disconnection) -> Disconnection:
        if plan.model_version is not None:
            # Label Studio would go on naming a connection that is gone. First, for a repetition
            # after an error would no longer know the connection's title.
            self._studio.set_model_version(plan.project_id, plan.model_version)
        for row in plan.backends:
            self._studio.delete_backend(row.id)
        for hook in plan.webhooks:
            self._studio.delete_webhook(hook.id)
        for follow in plan.follows:
            self._store.follows.stop(follow.prompt_id, plan.project_id)
        self._store.contacts.forget(plan.project_id)
        self._store.secrets.end(plan.project_id)
        return plan

    def _next_version(
        self, project: Project, mine: list[Backend], others: list[Backend]
    ) -> str | None:
        """Return the newest label of ours that has predictions, where a row's title was shown.

        That of a row deleted by hand counts as well: nothing else in the project has that name.
        """
        shown = project.model_version
        if not shown:
            return None
        held = self._studio.model_versions(project.id)
        is_title = shown in {row.title for row in mine}
        if not is_title and (shown in held or shown in {row.title for row in others}):
            return None
        labels = list(self._ownership.ours(project.id, slot=Slot.ALL).labels)
        return next((label for label in reversed(labels) if held.get(label)), "")
