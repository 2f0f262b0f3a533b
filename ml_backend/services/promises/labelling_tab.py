"""The tab of Label Studio in which a sample's tasks are labelled: there while it is open."""

from __future__ import annotations

from contextlib import suppress

from ml_backend.errors import LabelStudioNotFound
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.records import JsonObject
from ml_backend.records.promises import Hiding, PromiseSample, SampleKind
from ml_backend.services.reviewing.task_tabs import TabRef, TaskTabs
from ml_backend.store import Store


class LabellingTab:
    """Makes it once no prediction is to be seen, and removes it once the sample is not open."""

    def __init__(self, store: Store, studio: ServerLabelStudio) -> None:
        self._store = store
        self._studio = studio
        self._tabs = TaskTabs()

    def settle(self, sample: PromiseSample) -> PromiseSample:
        """Have the tab, or none, as the sample's state says; safe to repeat."""
        if sample.kind is SampleKind.CHECK:  # one tab shows all of a follow's
            return sample
        if sample.is_open and sample.hiding is Hiding.HIDDEN and sample.tab is None:
            self._make(sample)
        elif not sample.is_open and sample.tab is not None:
            self._remove(sample, sample.tab)
        else:
            return sample
        return self._store.promises.get(sample.id)

    def _make(self, sample: PromiseSample) -> None:
        tasks = [task.task_id for task in self._store.promises.tasks(sample.id)]
        title = title_of(sample)
        ref = self._tabs.keep(self._studio, sample.project_id, title, tasks, blind=True)
        self._store.promises.set_tab(sample.id, _kept(ref))

    def _remove(self, sample: PromiseSample, tab: JsonObject) -> None:
        ref = TabRef(tab["id"], sample.project_id, tab["title"], tuple(tab["written"]))
        with suppress(LabelStudioNotFound):  # the project is gone, and its tabs with it
            self._tabs.remove(self._studio, ref)
        self._store.promises.set_tab(sample.id, None)


def title_of(sample: PromiseSample) -> str:
    """Return what the tab is called: nothing in it tells what a model says."""
    return f"Promise sample {sample.id}"


def _kept(ref: TabRef) -> JsonObject:
    return {"id": ref.id, "title": ref.title, "written": list(ref.written)}
