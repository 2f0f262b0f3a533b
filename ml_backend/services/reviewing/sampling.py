"""The order in which the label stream takes a project's tasks: changed when asked, put back.

What it was is kept before it is changed, so that whoever comes after a dead process puts it back.
"""

from __future__ import annotations

from enum import StrEnum

from ml_backend.errors import Conflict
from ml_backend.labelstudio import LabelStudioClient, Project
from ml_backend.next_steps import Step
from ml_backend.store import ReviewTab, Store


class SamplingPutBack(StrEnum):
    """What became of a project's sampling when the tab of its review ended."""

    UNTOUCHED = "untouched"
    """It was never changed here."""
    PUT_BACK = "put back"
    LEFT = "left"
    """A person chose another one since."""


class ProjectSampling:
    """Changes and puts back the sampling of projects."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def change(
        self, studio: LabelStudioClient, project: Project, tab: ReviewTab, wanted: str
    ) -> ReviewTab:
        """Set a project's sampling for a tab; raises Conflict where another tab's stands."""
        for other in self._store.review_tabs.of_project(project.id):
            if other.prompt_id != tab.prompt_id and other.sampling:
                prompt = self._store.prompts.find(other.prompt_id)
                title = prompt.title if prompt is not None else str(other.prompt_id)
                raise Conflict(
                    f"The sampling of this project was set to {other.sampling!r} for the review "
                    f"of {title!r}; one after another it could not be put back.",
                    field="sampling",
                    fix=Step.STOP_REVIEW(prompt=title),
                )
        before = tab.sampling_before if tab.sampling == project.sampling else project.sampling
        if project.sampling == wanted and not tab.sampling:
            return tab
        self._store.review_tabs.change(tab, sampling=wanted, sampling_before=before)
        studio.set_sampling(project.id, wanted)
        return self._store.review_tabs.get(tab.project_id, tab.prompt_id)

    def put_back(self, studio: LabelStudioClient, tab: ReviewTab) -> SamplingPutBack:
        """Set a project's sampling as it was, unless a person changed it since."""
        if not tab.sampling:
            return SamplingPutBack.UNTOUCHED
        now = studio.get_project(tab.project_id).sampling
        if now == tab.sampling_before:
            return SamplingPutBack.PUT_BACK
        if now != tab.sampling:
            return SamplingPutBack.LEFT
        studio.set_sampling(tab.project_id, tab.sampling_before)
        return SamplingPutBack.PUT_BACK
