"""Review first: the tab of tasks that people are to look at next."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ml_backend.labelstudio import Sampling
from ml_backend.services.reviewing.review_first import FEWEST, MOST, USUAL
from ml_backend.web.api.wire.parts import Exact, Id, Said, Shown


class SamplingName(StrEnum):
    """In which order the label stream takes tasks."""

    SEQUENTIAL = "sequential"
    UNIFORM = "uniform"
    UNCERTAINTY = "uncertainty"

    @property
    def of_label_studio(self) -> str:
        """What Label Studio calls it."""
        return Sampling[self.name].value


class ReviewFind(Exact):
    """Whose review: of a prompt, or of all that the caller sees."""

    prompt: Id | None = None


class ReviewEnd(Exact):
    """Whose review to end."""

    prompt: Id


class Reviewing(Exact):
    """What to put before people first."""

    prompt: Id
    version: Annotated[
        Id | None, Field(description="Whose predictions; null for the active version's.")
    ] = None
    size: Annotated[int, Field(ge=FEWEST, le=MOST, description="Tasks in the tab at a time.")] = (
        USUAL
    )
    below: Annotated[
        float | None,
        Field(ge=0, le=1, description="Only tasks that score below this, and those without any."),
    ] = None
    sampling: Annotated[
        SamplingName | None,
        Field(description="Also the order in which the project's label stream takes tasks."),
    ] = None
    dry_run: Annotated[bool, Field(description="Only say what the tab would show.")] = False


class ReviewAnswer(Shown):
    """A tab as it stands, or what one would show."""

    project: int
    prompt: int
    version: int | None
    """Null where the active version's predictions are shown, whichever that is."""
    title: str
    tab: int | None
    """Its number in Label Studio; null while there is none."""
    url: str | None
    """Where people open it."""
    state: str | None
    """kept; lost, when somebody deleted it or made it theirs; ending."""
    message: Said
    size: int | None
    below: float | None
    batch: int
    """Tasks in the tab."""
    waiting: int
    """Tasks that come after them; some may be annotated by now."""
    kinds: dict[str, int] | None
    """Tasks in the tab by what was predicted, "" without a prediction; null where not counted."""
    unscored: int
    in_promise_samples: int
    """Tasks left out, for they are of a promise sample that is not opened."""
    sampling: str | None
    """The project's, in Label Studio's words."""
    sampling_before: str | None
    """What the sampling is put back to at the end; null where it was left alone."""
    dry_run: bool = False


class ReviewEndAnswer(Shown):
    """What became of a tab that was ended."""

    project: int
    title: str
    removed: bool
    """False where somebody deleted it or made it theirs."""
    notes: list[str]
    sampling: str
    """untouched, put back, or left, when somebody chose another one since."""
