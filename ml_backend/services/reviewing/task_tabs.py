"""Tabs of the Data Manager that show exactly the tasks we say, for all people of the project.

A tab is the people's as soon as they rename it or choose other tasks for it: then it is left alone.
How Label Studio keeps one was measured (docs/label-studio.md, *Tabs of ours*).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from ml_backend.errors import Conflict
from ml_backend.labelstudio import LabelStudioClient, LabelStudioReader, Tab, tab_data

KEPT_FOR = "keptFor"
"""What a new tab bears until somebody saves it in Label Studio: nobody makes it twice."""

MOST_TASKS = 1_000
REMEMBERED = 20
"""Sets of tasks of one tab that are known as ours: a page opened long ago may save one again."""


class TabState(StrEnum):
    """What became of a tab since it was last written."""

    OURS = "ours"
    CHANGED = "changed"
    """A person renamed it or chose other tasks."""
    GONE = "gone"


class TabLost(Conflict):
    """The tab is a person's by now, or they deleted it; ``state`` says which."""

    def __init__(self, message: str, state: TabState, *, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.state = state


@dataclass(frozen=True, slots=True)
class TabRef:
    """A tab of ours as it was last written."""

    id: int
    project_id: int
    title: str
    written: tuple[str, ...]
    """Digests of the sets of tasks that we had it show, the last one last."""


class TaskTabs:
    """Makes, changes and removes such tabs by a client's rights; it holds nothing itself."""

    def keep(
        self,
        studio: LabelStudioClient,
        project_id: int,
        title: str,
        task_ids: Iterable[int],
        *,
        was: TabRef | None = None,
        blind: bool = False,
    ) -> TabRef:
        """Have a tab show exactly these tasks, and return it: a new one, or ``was``.

        Without ``was`` a tab of the same title that was begun here, or that shows just these tasks,
        is taken for it: asked again after a crash there is still one. ``blind`` leaves out the
        columns of predictions. Raises TabLost for ``was`` when it is no longer ours.
        """
        ids = _few(task_ids)
        tabs = studio.tabs(project_id)
        if was is not None:
            return self._change(studio, _still_ours(tabs, was), was, ids)
        found = next((each for each in tabs if _is_begun(each, title, ids)), None)
        if found is None:
            if not tabs:
                # Else the page would open on ours, and never make the one that shows all tasks.
                studio.create_tab(project_id, "Default", {})
            shown = BLIND if blind else SHOWN
            data = {**tab_data(ids, shown), KEPT_FOR: title}
            found = studio.create_tab(project_id, title, data)
        shows = ids if found.task_ids is None else found.task_ids
        ref = TabRef(found.id, project_id, found.title, (_digest(shows),))
        return self._change(studio, found, ref, ids)

    def state(self, studio: LabelStudioReader, ref: TabRef) -> TabState:
        """Say whether a tab still is as we left it; its columns and order are people's anyway."""
        return _state(_find(studio.tabs(ref.project_id), ref), ref)

    def remove(self, studio: LabelStudioClient, ref: TabRef) -> TabState:
        """Delete a tab unless a person made it theirs; return what it was before."""
        state = self.state(studio, ref)
        if state is TabState.OURS:
            studio.delete_tab(ref.id)
        return state

    def _change(
        self, studio: LabelStudioClient, tab: Tab, ref: TabRef, ids: frozenset[int]
    ) -> TabRef:
        wanted = _with_tasks(tab.data, ids)
        if wanted != tab.data:
            studio.update_tab(ref.project_id, ref.id, wanted)
        return replace(ref, written=_with_last(ref.written, _digest(ids)))


SHOWN = frozenset({"id", "total_annotations", "annotators", "predictions_score"})
BLIND = SHOWN - {"predictions_score"}


def _few(task_ids: Iterable[int]) -> frozenset[int]:
    ids = frozenset(int(each) for each in task_ids)
    if len(ids) > MOST_TASKS:
        raise Conflict(
            f"A tab of the Data Manager names at most {MOST_TASKS:,} tasks, not {len(ids):,}."
        )
    return ids


def _is_begun(tab: Tab, title: str, ids: frozenset[int]) -> bool:
    if tab.title != title or tab.task_ids is None:
        return False
    return tab.data.get(KEPT_FOR) == title or tab.task_ids == ids


def _find(tabs: Iterable[Tab], ref: TabRef) -> Tab | None:
    return next((each for each in tabs if each.id == ref.id), None)


def _state(tab: Tab | None, ref: TabRef) -> TabState:
    if tab is None:
        return TabState.GONE
    same = tab.task_ids is not None and _digest(tab.task_ids) in ref.written
    return TabState.OURS if same and tab.title == ref.title else TabState.CHANGED


def _still_ours(tabs: Iterable[Tab], ref: TabRef) -> Tab:
    tab = _find(tabs, ref)
    state = _state(tab, ref)
    if tab is None:
        raise TabLost(f"Somebody deleted the tab {ref.title!r} in Label Studio.", state)
    if state is TabState.CHANGED:
        raise TabLost(f"Somebody changed the tab {ref.title!r} in Label Studio.", state)
    return tab


def _with_tasks(data: Mapping[str, Any], ids: frozenset[int]) -> dict[str, Any]:
    """Return what a tab is to be: its columns as people set them, and these tasks."""
    new = tab_data(ids, ())
    types = {**(data.get("columnsDisplayType") or {}), **new["columnsDisplayType"]}
    return {**data, "filters": new["filters"], "columnsDisplayType": types}


def _with_last(digests: tuple[str, ...], last: str) -> tuple[str, ...]:
    return (*(each for each in digests if each != last), last)[-REMEMBERED:]


def _digest(task_ids: Iterable[int]) -> str:
    text = ",".join(map(str, sorted(task_ids)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
