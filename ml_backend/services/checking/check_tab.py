"""The tab of Label Studio with the checks of a follow that nobody answered yet."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from ml_backend.errors import LabelStudioNotFound
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.records import JsonObject
from ml_backend.records.follow_checks import FollowGuard
from ml_backend.services.reviewing.task_tabs import TabLost, TabRef, TaskTabs
from ml_backend.store import Store


class CheckTab:
    """Makes it with the first check, keeps it up, and removes it with the last."""

    def __init__(self, store: Store, studio: ServerLabelStudio) -> None:
        self._store = store
        self._studio = studio
        self._tabs = TaskTabs()

    def keep(self, guard: FollowGuard, title: str, task_ids: Sequence[int]) -> None:
        """Have it show exactly these checks; one that a person made theirs is left to them."""
        if not task_ids:
            self.remove(guard)
            return
        was = None if guard.tab is None else _ref(guard, guard.tab)
        try:
            ref = self._keep(guard, title, task_ids, was)
        except TabLost:
            ref = self._keep(guard, title, task_ids, None)
        kept = {"id": ref.id, "title": ref.title, "written": list(ref.written)}
        if kept != guard.tab:
            self._store.guards.change(guard.id, tab=kept)

    def remove(self, guard: FollowGuard) -> None:
        """Have no tab any more."""
        if guard.tab is None:
            return
        with suppress(LabelStudioNotFound):  # the project is gone, and its tabs with it
            self._tabs.remove(self._studio, _ref(guard, guard.tab))
        self._store.guards.change(guard.id, tab=None)

    def _keep(
        self, guard: FollowGuard, title: str, task_ids: Sequence[int], was: TabRef | None
    ) -> TabRef:
        return self._tabs.keep(self._studio, guard.project_id, title, task_ids, was=was, blind=True)


def title_of(prompt_title: str) -> str:
    """Return what the tab of a prompt's checks is called."""
    return f"Check · {prompt_title}"


def _ref(guard: FollowGuard, tab: JsonObject) -> TabRef:
    return TabRef(tab["id"], guard.project_id, tab["title"], tuple(tab["written"]))
