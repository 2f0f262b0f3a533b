"""Tasks, and what came of asking a model about one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ml_backend.kinds import FailureKind
from ml_backend.records.confidence import Confidence
from ml_backend.records.json_types import JsonObject, Region


@dataclass(frozen=True, slots=True)
class Task:
    """A Label Studio task: its id and its data, which is untrusted text."""

    id: int
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a task that is no text: where it lies, and what the model is told it is."""

    kind: Literal["image", "pdf"]
    url: str
    name: str
    """The task data field, such as "image"; "pages[2]" for the third page of a list."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more calls, as the provider counted them.

    Of ``uncounted`` calls it did not say what they took, or nothing that can be believed: each of
    them stands in the tokens as the most it could have taken.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    uncounted: int = 0
    cached_tokens: int = 0
    """Of the prompt's, those the provider had read before and charges less for."""
    cache_write_tokens: int = 0
    """Of the prompt's, those it kept for later, where it charges for keeping."""
    reasoning_tokens: int = 0
    """Of the completion's, those the model thought with; they are in no answer."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.uncounted + other.uncounted,
            self.cached_tokens + other.cached_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )

    @property
    def kinds(self) -> str:
        """Which of the tokens are of a kind of their own, in words; "" for none."""
        parts = (
            (self.cached_tokens, "read from the provider's cache"),
            (self.cache_write_tokens, "written to the provider's cache"),
            (self.reasoning_tokens, "thinking"),
        )
        told = ", ".join(f"{count:,} {words}" for count, words in parts if count)
        return f"of the tokens {told}" if told else ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of an answer that could not be used while the rest of it could."""

    control: str
    message: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What asking one task took, whether it went well or not; ``cost`` None means unknown."""

    usage: Usage = Usage()
    cost: float | None = None
    latency: float = 0.0
    calls: int = 0
    cached: bool = False
    request_key: str = ""
    """SHA-256 of the exact request: tells whether a task still is the one that was asked."""
    examples: int | None = None
    """Few-shot examples it showed; None for an outcome that was read from a run."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one of several versions said of a task, and what asking it took."""

    version_id: int
    title: str
    """What the version was called when it was asked."""
    stands: bool
    """Whether the task's answer is this one; in a vote, whether it agrees with it in all."""
    answer: JsonObject | None = None
    """None of one that failed."""
    score: float | None = None
    why: str = ""
    """Why it has no answer."""
    asked: CallRecord = CallRecord()


@dataclass(frozen=True, slots=True)
class Prediction:
    """One task's good outcome: the answer by control name and the regions made of it."""

    task_id: int
    answer: JsonObject
    result: list[Region]
    score: float | None = None
    """How sure it is as a whole, which is what Label Studio is told: ``confidence.task``."""
    problems: tuple[Problem, ...] = ()
    asked: CallRecord = CallRecord()
    raw: str = ""
    confidence: Confidence | None = None
    opinions: tuple[Opinion, ...] = ()
    """Where several versions were asked: what each of them said, in their order."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One task's bad outcome; ``raw`` keeps what the model said, for the person who looks."""

    task_id: int
    kind: FailureKind
    message: str
    raw: str = ""
    asked: CallRecord = CallRecord()
    opinions: tuple[Opinion, ...] = ()


Outcome = Prediction | Failure


@dataclass(frozen=True, slots=True)
class Example:
    """An annotated task: what the offline baseline and few-shot prompting learn from."""

    task_id: int
    data: Mapping[str, Any]
    answer: JsonObject
    annotation_id: int = 0
    ground_truth: bool = False
