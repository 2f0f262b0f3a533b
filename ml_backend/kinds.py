"""The kinds and states of the nouns in ``records``: what one of several a thing is."""

from __future__ import annotations

from enum import StrEnum


class Slot(StrEnum):
    """Which of a prompt's two sets of predictions a run writes."""

    ALL = "all"
    EVALUATE = "evaluate"


class Subset(StrEnum):
    """The tasks a run covers; the SDK's ``project_subset``."""

    ALL = "All"
    HAS_GT = "HasGT"
    SAMPLE = "Sample"
    CUSTOM = "Custom"


WHOLE = frozenset({Subset.HAS_GT, Subset.ALL})
"""Subsets that have all that is true; an evaluation of another is a sample."""

SAMPLE_SIZE = 20
"""Tasks of a sample where nobody says how many."""


class TruthSource(StrEnum):
    """Which annotations are taken for true: those marked as ground truth, or all submitted ones."""

    GROUND_TRUTH = "ground_truth"
    ANNOTATIONS = "annotations"

    @property
    def words(self) -> str:
        return "ground truth" if self is TruthSource.GROUND_TRUTH else "submitted annotations"

    @property
    def heading(self) -> str:
        """What one of a task is called."""
        return "Ground truth" if self is TruthSource.GROUND_TRUTH else "Annotation"


class RunStatus(StrEnum):
    """The SDK's five run states."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def is_final(self) -> bool:
        return self in (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED)


class Stage(StrEnum):
    """Where a run stands inside; each is entered by a commit and recovered from by reading."""

    PENDING = "pending"
    ASKING = "asking"
    PLANNING = "planning"
    CLEARING = "clearing"
    LOADING = "loading"
    VERIFYING = "verifying"
    DONE = "done"


class FailureKind(StrEnum):
    """Why a task has no prediction. The first five concern the answer: asking again is no cure."""

    INVALID_ANSWER = "invalid_answer"
    TOO_LONG = "too_long"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    NO_INPUT = "no_input"
    TIMEOUT = "timeout"
    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    CONNECTION = "connection"
    AUTHENTICATION = "authentication"
    MODEL_NOT_FOUND = "model_not_found"
    QUOTA = "quota"
    BAD_REQUEST = "bad_request"
    BUDGET = "budget"
    INTERNAL = "internal_error"

    @property
    def is_definite(self) -> bool:
        """True when the task itself got its verdict, so older predictions of it may go."""
        return self in DEFINITE_FAILURES


DEFINITE_FAILURES = frozenset(
    {
        FailureKind.INVALID_ANSWER,
        FailureKind.TOO_LONG,
        FailureKind.REFUSED,
        FailureKind.TRUNCATED,
        FailureKind.NO_INPUT,
    }
)


class Origin(StrEnum):
    """Where a prompt's text comes from; all but BY_HAND are kept in step with Label Studio."""

    BY_HAND = ""
    EXTRA_PARAMS = "extra_params"
    INSTRUCTIONS = "instructions"


class ProviderName(StrEnum):
    """The SDK's provider names, whatever LiteLLM knows, a model file here, our offline baseline."""

    OPENAI = "OpenAI"
    AZURE_OPENAI = "AzureOpenAI"
    AZURE_AI_FOUNDRY = "AzureAIFoundry"
    VERTEX_AI = "VertexAI"
    GEMINI = "Gemini"
    ANTHROPIC = "Anthropic"
    CUSTOM = "Custom"
    LITELLM = "LiteLLM"
    LOCAL = "Local"
    BASELINE = "Baseline"


class Scope(StrEnum):
    """Who may use a connection: everybody, its creator, or whoever sees a prompt that uses it."""

    ORGANIZATION = "Organization"
    USER = "User"
    MODEL = "Model"


class JobKind(StrEnum):
    """Work that goes on after the call that asked for it was answered."""

    DELETE_PROMPT = "delete_prompt"
    DELETE_VERSION = "delete_version"
    DELETE_PREDICTIONS = "delete_predictions"
    PROMOTE = "promote"
    TAKE_BACK = "take_back"
    GROUND_TRUTH = "ground_truth"
    REFINE = "refine"
    RACE = "race"


class LeftOut(StrEnum):
    """Why a prediction became no annotation."""

    IDENTICAL = "identical"
    """The task holds an annotation that says the same, or one made from this very prediction."""
    ANNOTATED = "annotated"
    """A person annotated the task."""
    DOUBLED = "doubled"
    """The task holds several predictions of the version; which one is meant nobody knows."""
    SAMPLED = "sampled"
    """The task is of a promise sample: people labelled it, or are to, without a prediction."""
    OUTSIDE = "outside"
    """The promise is not of this task: it was imported later, or had no prediction then."""
    REPLACED = "replaced"
    """The promise was made of another prediction of this task, or of another score."""
    UNSCORED = "unscored"
    """It has no score: nothing is known of how sure the model was."""
    BELOW = "below"
    """Its score is below the threshold."""


class Kept(StrEnum):
    """Why an annotation of an acceptance is left alone."""

    OPENED = "opened"
    """A person submitted or changed it in the editor."""
    CHANGED = "changed"
    """It says something else than the prediction it was made of."""
    MARKED = "marked"
    """It was marked as ground truth, or changed or marked through the API."""
    CONFIRMED = "confirmed"
    """A person said that it is right."""
    DRAFTED = "drafted"
    """Somebody works on its task: something is drafted there and not submitted."""
