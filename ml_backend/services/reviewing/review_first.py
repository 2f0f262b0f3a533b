"""Review first: a tab of the tasks that people are to look at next, kept up while they work.

It is made and ended with the rights of whoever asks, and kept up with the server's own. What a
person makes of the tab is theirs: then it is left alone, and said so.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ml_backend.errors import (
    Conflict,
    InvalidInput,
    LabelStudioError,
    LabelStudioNotFound,
    PromptsError,
)
from ml_backend.labelstudio import LabelStudioClient, LabelStudioReader, Project, ServerLabelStudio
from ml_backend.next_steps import Step
from ml_backend.records import Person, Prompt, PromptVersion
from ml_backend.services.project_identity import AnotherProject, ProjectIdentity
from ml_backend.services.prompts.prompts import Prompts
from ml_backend.services.reviewing.review_batch import Batch, ReviewBatches
from ml_backend.services.reviewing.sampling import ProjectSampling, SamplingPutBack
from ml_backend.services.reviewing.task_tabs import TabLost, TabRef, TabState, TaskTabs
from ml_backend.store import ReviewState, ReviewTab, Store

log = logging.getLogger(__name__)

FEWEST, MOST = 50, 200
USUAL = 100

APART = 60.0
"""Seconds at least from one filling of a tab to the next, however much people submit."""

QUIET = 2.0
"""Seconds after an event before its tab is filled: what is submitted together counts together."""

LOOK_AGAIN = 600.0
"""Seconds after which a tab is looked at without any event: runs, acceptances and drawn samples
change what is to be looked at as well."""


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """What to show: of the active version where none is named."""

    version: PromptVersion | None = None
    size: int = USUAL
    below: float | None = None
    """Only tasks whose score is lower, and those without a score."""
    sampling: str | None = None
    """What the project's sampling is to be, in Label Studio's words; None leaves it alone."""
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A tab as it stands, or what one would show; the counts are of tasks."""

    project_id: int
    prompt: Prompt
    version: PromptVersion | None
    title: str
    batch: int
    """In the tab …"""
    waiting: int
    """… and to come after them."""
    tab: ReviewTab | None = None
    """None while there is none."""
    kinds: Mapping[str, int] | None = None
    """How many of the batch by what was predicted; None where it was not chosen just now."""
    unscored: int = 0
    closed: int = 0
    """Left out, for they are of a promise sample that is not opened."""
    sampling: str | None = None
    """The project's now, in Label Studio's words."""

    @property
    def for_people(self) -> int:
        """All that are to be looked at, now and later."""
        return self.batch + self.waiting


@dataclass(frozen=True, slots=True)
class ReviewEnded:
    """What became of a tab and of the project's sampling."""

    title: str
    tab: TabState
    """As it was found: deleted only where it was still ours."""
    sampling: SamplingPutBack


class ReviewFirst:
    """Makes, keeps up and ends these tabs."""

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        prompts: Prompts,
        batches: ReviewBatches,
    ) -> None:
        self._store = store
        self._studio = studio
        self._prompts = prompts
        self._batches = batches
        self._tabs = TaskTabs()
        self._sampling = ProjectSampling(store)
        self._identity = ProjectIdentity(store)

    # Asked by people

    def plan(
        self, studio: LabelStudioReader, prompt: Prompt, project: Project, request: ReviewRequest
    ) -> Review:
        """Return what a tab would show; nothing is changed, in Label Studio or here."""
        _check(request)
        version, batch = self._choose(studio, prompt, project, request)
        known = self._store.review_tabs.find(project.id, prompt.id)
        return _review(prompt, version, project, known, batch)

    def state(self, prompt: Prompt, project: Project) -> Review | None:
        """Return the tab as it was last filled, None when there is none."""
        tab = self._store.review_tabs.find(project.id, prompt.id)
        if tab is None:
            return None
        version = self._version_of(prompt, tab)
        return Review(
            project_id=project.id,
            prompt=prompt,
            version=version,
            title=tab.title,
            batch=tab.batch,
            waiting=tab.waiting,
            tab=tab,
            sampling=project.sampling,
        )

    def start(
        self, studio: LabelStudioClient, prompt: Prompt, project: Project, request: ReviewRequest
    ) -> Review:
        """Make the tab, or change what it shows; with the rights of the client's token.

        Raises Conflict where the version predicted nothing in the project, or the project's
        sampling was changed for another prompt.
        """
        _check(request)
        version, batch = self._choose(studio, prompt, project, request)
        wanted = ReviewTab(
            project.id,
            prompt.id,
            request.version.id if request.version is not None else None,
            request.size,
            request.below,
            title=_title(prompt),
            due_at=time.time() + APART,
            created_by=request.person,
        )
        is_new = self._store.review_tabs.find(project.id, prompt.id) is None
        tab = self._store.review_tabs.begin(wanted)
        try:
            tab = self._fill(studio, self._without_lost(studio, tab), batch)
        except LabelStudioError as error:
            if is_new and not error.maybe_done:  # else the server would make what they may not
                self._store.review_tabs.end(tab)
            raise
        if request.sampling is not None:
            tab = self._sampling.change(studio, project, tab, request.sampling)
            project = replace(project, sampling=request.sampling)
        return _review(prompt, version, project, tab, batch)

    def stop(self, studio: LabelStudioClient, prompt: Prompt, project: Project) -> ReviewEnded:
        """Delete the tab unless a person made it theirs, and put the sampling back as it was."""
        tab = self._store.review_tabs.find(project.id, prompt.id)
        if tab is None:
            raise Conflict(
                f"Nothing of {prompt.title!r} is in review in project {project.id}.",
                field="prompt",
                fix=Step.START_REVIEW(prompt=prompt.title),
            )
        self._store.review_tabs.change(
            tab, state=ReviewState.ENDING.value, due_at=time.time() + APART
        )
        try:
            return self._end(studio, tab)
        except LabelStudioError as error:
            if not error.maybe_done:
                self._store.review_tabs.change(tab, state=tab.state.value)
            raise

    # Kept up

    def work(self) -> None:
        """Look at every tab that is due; one that cannot be looked at waits for the next time."""
        for tab in self._store.review_tabs.due(time.time()):
            if not self._store.review_tabs.take(tab, LOOK_AGAIN):
                continue
            try:
                self._look_at(tab)
            except PromptsError as error:
                self._store.review_tabs.change(tab, message=str(error))
                log.warning("the tab %r in project %s: %s", tab.title, tab.project_id, error)

    def _look_at(self, tab: ReviewTab) -> None:
        prompt = self._store.prompts.find(tab.prompt_id)
        try:
            project = self._studio.get_project(tab.project_id)
        except LabelStudioNotFound:
            self._studio.version()  # raises when it is no Label Studio that does not know it
            self._store.review_tabs.end(tab)
            return
        if prompt is None or tab.state is ReviewState.ENDING:
            self._end(self._studio, tab)
            return
        try:
            request = ReviewRequest(self._version_of(prompt, tab), tab.size, tab.below)
            _, batch = self._choose(self._studio, prompt, project, request, exact=False)
            self._fill(self._studio, tab, batch)
        except AnotherProject as error:
            self._lose(tab, str(error))
        except TabLost as error:
            self._lose(tab, f"{error.message} It is left as it is.")
            log.warning("project %s: %s", tab.project_id, error.message)

    def _lose(self, tab: ReviewTab, message: str) -> None:
        self._store.review_tabs.change(
            tab, state=ReviewState.LOST.value, message=message, due_at=None
        )

    def _choose(
        self,
        studio: LabelStudioReader,
        prompt: Prompt,
        project: Project,
        request: ReviewRequest,
        *,
        exact: bool = True,
    ) -> tuple[PromptVersion, Batch]:
        self._identity.check(prompt.id, project)
        version = request.version or self._prompts.find_version(prompt, None)
        batch = self._batches.choose(
            studio, project, version, request.size, request.below, exact=exact
        )
        if not batch.predicted:
            raise Conflict(
                f"Version {version.title!r} has predicted nothing in project {project.id}: there "
                "is nothing it could be unsure of.",
                field="version",
                fix=Step.PREDICT_FIRST(prompt=prompt.title),
            )
        return version, batch

    def _version_of(self, prompt: Prompt, tab: ReviewTab) -> PromptVersion | None:
        """Return the version whose predictions a tab shows, None for whichever is the active one.

        Where it was deleted the active one stands in for it.
        """
        versions = self._store.prompts.versions(prompt.id)
        return next((each for each in versions if each.id == tab.version_id), None)

    def _without_lost(self, studio: LabelStudioReader, tab: ReviewTab) -> ReviewTab:
        """Return a tab that a person asks for anew, without what they deleted or made theirs."""
        ref = _ref(tab)
        if ref is None or self._tabs.state(studio, ref) is TabState.OURS:
            return tab
        self._store.review_tabs.change(tab, tab_id=None, written=[])
        return replace(tab, tab_id=None, written=())

    def _fill(self, studio: LabelStudioClient, tab: ReviewTab, batch: Batch) -> ReviewTab:
        ref = self._tabs.keep(studio, tab.project_id, tab.title, batch.task_ids, was=_ref(tab))
        now = time.time()
        self._store.review_tabs.change(
            tab,
            tab_id=ref.id,
            written=list(ref.written),
            batch=len(batch.task_ids),
            waiting=batch.waiting,
            message="",
            looked_at=now,
            due_at=now + LOOK_AGAIN,
        )
        return self._store.review_tabs.get(tab.project_id, tab.prompt_id)

    def _end(self, studio: LabelStudioClient, tab: ReviewTab) -> ReviewEnded:
        sampling = self._sampling.put_back(studio, tab)
        ref = _ref(tab)
        found = TabState.GONE
        if ref is not None:
            found = self._tabs.remove(studio, ref)
        self._store.review_tabs.end(tab)
        return ReviewEnded(tab.title, found, sampling)


def _ref(tab: ReviewTab) -> TabRef | None:
    if tab.tab_id is None:
        return None
    return TabRef(tab.tab_id, tab.project_id, tab.title, tab.written)


def _title(prompt: Prompt) -> str:
    return f"Review first · {prompt.title}"


def _check(request: ReviewRequest) -> None:
    if not FEWEST <= request.size <= MOST:
        raise InvalidInput(
            f"A batch has {FEWEST} to {MOST} tasks, not {request.size:,}.", field="size"
        )
    if request.below is not None and not 0 <= request.below <= 1:  # NaN as well
        raise InvalidInput(
            f"A score lies between 0 and 1, and {request.below:g} does not.", field="below"
        )


def _review(
    prompt: Prompt, version: PromptVersion, project: Project, tab: ReviewTab | None, batch: Batch
) -> Review:
    return Review(
        project_id=project.id,
        prompt=prompt,
        version=version,
        title=_title(prompt),
        batch=len(batch.task_ids),
        waiting=batch.waiting,
        tab=tab,
        kinds=batch.kinds,
        unscored=batch.unscored,
        closed=batch.closed,
        sampling=project.sampling,
    )
