"""What a run would cost."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ml_backend.records import ConfidenceWay, Subset, TruthSource
from ml_backend.web.api.wire.parts import Given, Id, Said, Shown

VERSIONS = r"^\d{1,15}(,\d{1,15}){1,8}$"


class CostQuery(Given):
    """Of which run; by default over all tasks of the prompt's first project."""

    project_id: Id | None = None
    project_subset: Subset = Subset.ALL
    truth: Annotated[
        TruthSource | None, Field(description="Of HasGT, as a run takes it; ours.")
    ] = None

    vote: Annotated[
        str | None,
        Field(
            pattern=VERSIONS,
            description="Ids with commas of versions that answer together, this one first; ours.",
        ),
    ] = None
    cascade: Annotated[
        str | None,
        Field(
            pattern=VERSIONS,
            description="Ids, with a comma, of this version and the one that is asked where it is "
            "not sure; ours.",
        ),
    ] = None
    max_error: Annotated[
        float | None, Field(gt=0, lt=1, description="Of a cascade, as a run takes it; ours.")
    ] = None
    certainty: Annotated[float | None, Field(ge=0.5, lt=1, description="Of max_error; ours.")] = (
        None
    )
    min_score: Annotated[
        float | None, Field(ge=0, le=1, description="Of a cascade, as a run takes it; ours.")
    ] = None


class CostAnswer(Shown):
    """What a run would cost in US dollars, or why that is not known; never 0 for unknown.

    With the error type ``PriceUnknown`` the tokens are told all the same.
    """

    prompt_cost_usd: str | None = None
    completion_cost_usd: str | None = None
    total_cost_usd: str | None = None
    is_error: bool = False
    error_type: str | None = None
    error_message: Said | None = None
    tasks: int | None = None
    sampled_tasks: int | None = None
    truth: TruthSource | None = None
    """Which annotations make the tasks of a HasGT run."""
    measured: bool | None = None
    """Whether tokens were measured in earlier runs, or estimated from a sample of tasks."""
    low_cost_usd: str | None = None
    """Of 100 such runs at least 90 end between this and ``high_cost_usd``."""
    high_cost_usd: str | None = None
    price_source: str | None = None
    price_date: str | None = None
    """Of the price table; null for a connection's own prices."""
    completion_limit: int | None = None
    """Tokens no answer may exceed, made from labeling config and tasks; null for none. Ours."""
    tokens: int | None = None
    """Of all tasks, prompts and completions together."""
    low_tokens: int | None = None
    high_tokens: int | None = None
    together: str | None = None
    """Where several versions answer: how the sum was made of theirs. Ours."""
    version_costs_usd: list[str | None] | None = None
    """Of each of them, as if it were asked all tasks. Ours."""
    model_retirement: str | None = None
    """That its model is retired, or will be within 90 days. Ours."""
    confidence: ConfidenceWay | None = None
    """How the model would be asked how sure it is; what it costs is in the sums. Ours."""
