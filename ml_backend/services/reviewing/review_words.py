"""What a review looks like as JSON, and where its tab is."""

from __future__ import annotations

from typing import Protocol

from ml_backend.labelstudio import tab_address
from ml_backend.records import JsonObject
from ml_backend.services.reviewing.review_first import Review, ReviewEnded
from ml_backend.services.reviewing.sampling import SamplingPutBack
from ml_backend.services.reviewing.task_tabs import TabState


class Addresses(Protocol):
    """What knows where people's browsers find Label Studio."""

    @property
    def label_studio_url(self) -> str: ...

    @property
    def label_studio_public_url(self) -> str: ...


TAB_WORDS = {
    TabState.OURS: "The tab {title!r} is removed.",
    TabState.CHANGED: "Somebody made the tab {title!r} theirs: it is left as it is.",
    TabState.GONE: "There was no tab {title!r} in Label Studio any more.",
}
SAMPLING_WORDS = {
    SamplingPutBack.UNTOUCHED: "",
    SamplingPutBack.PUT_BACK: "The project's sampling is what it was before.",
    SamplingPutBack.LEFT: "Somebody changed the project's sampling since: it is left as it is.",
}


def tab_url(review: Review, addresses: Addresses) -> str | None:
    """Return where people open the tab, None while there is none."""
    if review.tab is None or review.tab.tab_id is None:
        return None
    studio = addresses.label_studio_public_url or addresses.label_studio_url
    return tab_address(studio, review.project_id, review.tab.tab_id)


def document_of(review: Review, addresses: Addresses) -> JsonObject:
    """Return a review as commands and the API show it."""
    tab = review.tab
    return {
        "project": review.project_id,
        "prompt": review.prompt.id,
        "version": review.version.id if review.version is not None else None,
        "title": review.title,
        "tab": tab.tab_id if tab is not None else None,
        "url": tab_url(review, addresses),
        "state": tab.state.value if tab is not None else None,
        "message": tab.message if tab is not None else "",
        "size": tab.size if tab is not None else None,
        "below": tab.below if tab is not None else None,
        "batch": review.batch,
        "waiting": review.waiting,
        "kinds": dict(review.kinds) if review.kinds is not None else None,
        "unscored": review.unscored,
        "in_promise_samples": review.closed,
        "sampling": review.sampling,
        "sampling_before": tab.sampling_before if tab is not None and tab.sampling else None,
    }


def end_document(project_id: int, ended: ReviewEnded) -> JsonObject:
    """Return what became of a tab that was ended."""
    return {
        "project": project_id,
        "title": ended.title,
        "removed": ended.tab is TabState.OURS,
        "notes": end_words(ended),
        "sampling": ended.sampling.value,
    }


def end_words(ended: ReviewEnded) -> list[str]:
    """Return the same for people, a sentence each."""
    tab = TAB_WORDS[ended.tab].replace("{title!r}", repr(ended.title))
    return [tab, *filter(None, [SAMPLING_WORDS[ended.sampling]])]
