"""One tree of errors; every message is written for the person who labels or runs the server.

PromptsError
├── InvalidInput          a field the caller sent: names field, value and fix
│   ├── ConfigError       the labeling config cannot be answered
│   ├── TemplateError     the prompt text cannot be rendered
│   └── NotFound          a prompt, version, run, project or connection that is not there
├── Forbidden             the caller may see it and still not do this
├── TooManyTries          of tokens or passwords; waiting helps
├── Conflict              the state forbids it (title taken, run still going)
├── AttachmentError       a picture or document of a task cannot be had
├── AnswerError           a model's answer does not fit the labeling config
├── ModelError            the model door: one call failed
│   ├── RunStopper        … in a way that would fail every further call too
│   │   └── BudgetReached
│   └── (kinds in FailureKind)
└── LabelStudioError      Label Studio refused
    ├── LabelStudioUnreachable   … or did not answer; waiting may help
    ├── LabelStudioAuthError     … the token
    ├── LabelStudioNotFound      … the object
    └── LabelStudioRejected      … the content of a request
"""

from __future__ import annotations

from dataclasses import dataclass

from ml_backend.records import FailureKind, Usage


class PromptsError(Exception):
    """Anything this server reports to a person: what happened, and in ``fix`` the next step."""

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()


class InvalidInput(PromptsError):
    """Bad input; ``field`` is the name the caller knows it by: an option, a key, a variable."""

    def __init__(self, message: str, *, field: str = "", fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.field = field


class ConfigError(InvalidInput):
    """A labeling config that does not parse or holds no control we can answer."""


class TaskRefused(InvalidInput):
    """A task's data that cannot be read as its labeling config asks: it fails by itself."""


class TemplateError(InvalidInput):
    """A prompt text with an unknown variable or broken braces."""


class NotFound(InvalidInput):
    """A named or numbered thing of ours (or a Label Studio project) that does not exist."""


class Forbidden(PromptsError):
    """The caller is known and may see the thing, but has no right to do this to it."""


class TooManyTries(PromptsError):
    """Too much was tried that was wrong; ``retry_after`` is in whole seconds."""

    def __init__(self, message: str, *, retry_after: int = 1, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.retry_after = retry_after


class Conflict(PromptsError):
    """The request is sound but the present state forbids it; ``field`` when one value does."""

    def __init__(self, message: str, *, field: str = "", fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.field = field


class AttachmentError(PromptsError):
    """A file of one task that cannot be given to a model; ``kind`` says whether waiting helps."""

    def __init__(
        self, message: str, kind: FailureKind = FailureKind.NO_INPUT, *, fix: str = ""
    ) -> None:
        super().__init__(message, fix=fix)
        self.kind = kind


class AnswerError(PromptsError):
    """A model's answer that does not fit; the message is sent back to the model when re-asking."""

    def __init__(self, message: str, *, control: str = "", fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.control = control


@dataclass(frozen=True, slots=True)
class CutOff:
    """What there is of an answer that was cut off: its beginning and its end.

    ``is_thought`` when the model had said nothing but what it thought.
    """

    start: str
    end: str
    is_thought: bool = False


class ModelError(PromptsError):
    """One model call that failed after its retries; ``raw`` is what the model or server said.

    ``usage`` and ``calls`` are what the attempts took all the same: a cut-off answer is paid for.
    ``cost`` is what a task had spent that is left without an outcome, None where no price is known.
    ``cut`` tells of an answer that was cut off what ``raw``, a beginning of it, does not.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: FailureKind,
        raw: str = "",
        fix: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, fix=fix)
        self.kind = kind
        self.raw = raw
        self.retry_after = retry_after
        self.cut = CutOff(raw, raw)
        self.usage = Usage()
        self.calls = 0
        self.cost: float | None = 0.0


class RunStopper(ModelError):
    """Key refused, model unknown, quota spent: every further call would fail alike."""


class BudgetReached(RunStopper):
    """The next call could cross the budget."""


class LabelStudioError(PromptsError):
    """Label Studio answered with an error; ``status`` is its HTTP status, 0 without an answer.

    ``maybe_done`` is True when a write may still have taken, or may yet take, effect.
    """

    def __init__(
        self, message: str, *, status: int = 0, fix: str = "", maybe_done: bool = False
    ) -> None:
        super().__init__(message, fix=fix)
        self.status = status
        self.maybe_done = maybe_done
        self.by_caller = False
        """True when it met the token of whoever called us, not the server's own."""


class LabelStudioUnreachable(LabelStudioError):
    """No answer, a gateway error or a busy database: the same call may go through later."""


class LabelStudioAuthError(LabelStudioError):
    """The token is missing, wrong, expired or of a disabled kind."""


class LabelStudioNotFound(LabelStudioError):
    """The project, task or prediction does not exist or the token may not see it."""


class FileRefused(LabelStudioError):
    """A file that cannot be shown to belong to the project that it is wanted for."""


class LabelStudioRejected(LabelStudioError):
    """The request was understood and refused (HTTP 400, 409, 422)."""
