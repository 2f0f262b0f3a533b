"""A refusal as it was worded, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ml_backend.llm.refusals.echoes import without_cited
from ml_backend.records import FailureKind

RAW_LIMIT = 2000


class Cure(StrEnum):
    """What to do about a failed call."""

    STOP = "stop"
    """Nothing helps, and every further call would fail alike."""
    FAIL = "fail"
    """Nothing helps this request."""
    WAIT = "wait"
    """Ask again once the limit allows."""
    RETRY = "retry"
    """Ask again."""
    LOWER_FORM = "lower_form"
    """The answer was asked for in a form the server does not know."""
    NO_SYSTEM = "no_system"
    """The model takes no system message: its text goes in front of the first user message."""
    MEND = "mend"
    """Leave ``parameter`` out, or send it as ``replacement``."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One failed call. ``maybe_form``: on an endpoint not yet known, a lower form may do."""

    cure: Cure
    kind: FailureKind
    said: str
    status: int = 0
    retry_after: float | None = None
    maybe_form: bool = False
    maybe_system: bool = False
    """Whether its words leave open that the system message was refused."""
    parameter: str = ""
    replacement: str | None = None
    refused_connection: bool = False
    no_images: bool = False
    no_route: bool = False
    """Whether it was no model server that answered, or not at this address."""
    fix: str = ""
    """What to do, where whoever judged it knows better than its kind says."""
    barred: bool = False
    """Whether the account may not ask, whatever key it has."""
    heard: str = ""
    """What the model had said before; nobody's words about the call."""
    once_answered: Cure | None = None
    """The cure where the endpoint has answered before: what came between may pass."""
    foreign: bool = False
    """Whether it was told in another way than providers tell errors: by a page, a closed port."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP error as the provider worded it; ``code`` joins all its codes and types."""

    status: int
    said: str
    """What a person is shown: sentences, never a structure."""
    code: str = ""
    param: str = ""
    words: str = ""
    """All that was said, for judging it; ``said`` where there is no more."""
    page: bool = False
    """Whether it was a web page."""

    @property
    def everything(self) -> str:
        """Codes and words."""
        return f"{self.code} {self.words or self.said}"

    @property
    def of_account(self) -> str:
        """What may be about the account: codes and words, but for those about a task's contents."""
        return f"{self.code} {without_cited(self.words or self.said)}"
