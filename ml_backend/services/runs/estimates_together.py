"""What a run costs that several versions answer: a vote their sum, a cascade a part of the dear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.records import Cascade, PromptVersion, Subset, Vote
from ml_backend.scoring import wilson
from ml_backend.scoring.forecast import Total
from ml_backend.services.runs.estimates import Estimate, Estimates
from ml_backend.services.runs.second_opinions import called_together

NOTHING = Total(0.0, 0.0, 0.0)
WHOLE = Total(1.0, 1.0, 1.0)
UNKNOWN = Total(1.0, 0.0, 1.0)
"""The share of tasks that goes on where nothing tells: all of them are reckoned with."""


class EstimatesTogether:
    """Estimates by the caller's token."""

    def __init__(self, estimates: Estimates) -> None:
        self._estimates = estimates

    def estimate(
        self,
        studio: LabelStudioReader,
        project: Project,
        versions: Sequence[PromptVersion],
        together: Vote | Cascade | None,
        subset: Subset,
        *,
        samples: int = 1,
        **which: Any,
    ) -> Estimate:
        """Return what a run would cost of one version or of several; ``which`` as of one."""
        taught = called_together(versions, together).refined_from
        parts = [
            self._estimates.estimate(
                studio,
                project,
                replace(version, refined_from=taught),  # all answer the same tasks
                subset,
                samples=1 if at else samples,
                **which,
            )
            for at, version in enumerate(versions)
        ]
        if together is None:
            return parts[0]
        if isinstance(together, Vote):
            remark = f"{len(parts)} versions are asked every task."
            return _sum(parts, [WHOLE] * len(parts), remark)
        return _sum(parts, [WHOLE, share_of(together)], _words(versions, together))


def share_of(cascade: Cascade) -> Total:
    """Return the share of tasks that a cascade asks of its dear version, with its 95 % interval."""
    if cascade.goes_on is None:
        return UNKNOWN
    low, high = wilson(cascade.goes_on * cascade.seen, cascade.seen)
    return Total(cascade.goes_on, low, high)


def _words(versions: Sequence[PromptVersion], cascade: Cascade) -> str:
    cheap, dear = (repr(each.title) for each in versions)
    if cascade.goes_on is None:
        return (
            f"All tasks are asked of {cheap}; how many of these go on to {dear} is not known, so "
            "that all of them are counted."
        )
    return (
        f"All tasks are asked of {cheap}; {cascade.goes_on:.0%} of them are expected to go on to "
        f"{dear}, as did {cascade.seen:,} answers it gave before."
    )


def _sum(parts: Sequence[Estimate], shares: Sequence[Total], remark: str) -> Estimate:
    first = parts[0]
    prompts = [_scaled(each.prompt, share, each) for each, share in zip(parts, shares, strict=True)]
    completions = [
        _scaled(each.completion, share, each) for each, share in zip(parts, shares, strict=True)
    ]
    tokens = [_scaled(each.tokens, share) for each, share in zip(parts, shares, strict=True)]
    unpriced = next((each for each in parts if each.price is None), None)
    return replace(
        first,
        model=first.model if unpriced is None else unpriced.model,
        measured=all(each.measured for each in parts),
        prompt_tokens=sum(
            each.prompt_tokens * each.samples * share.mean
            for each, share in zip(parts, shares, strict=True)
        ),
        completion_tokens=sum(
            each.completion_tokens * each.samples * share.mean
            for each, share in zip(parts, shares, strict=True)
        ),
        tokens=_added(tokens) or NOTHING,
        prompt=_added(prompts),
        completion=_added(completions),
        price=first.price if unpriced is None else None,
        kept=0,
        samples=1,
        limit=max(each.limit for each in parts),
        retiring=" ".join(filter(None, (each.retiring for each in parts))),
        parts=tuple(parts),
        remark=remark,
    )


def _scaled(total: Total | None, share: Total, of: Estimate | None = None) -> Total | None:
    """Return a part of a total; of dollars at least what no kept answer saves."""
    if total is None:
        return None
    asked = 1 - of.kept / of.sampled if of is not None and of.sampled else 1.0
    return Total(total.mean * share.mean, total.low * share.low * asked, total.high * share.high)


def _added(totals: Sequence[Total | None]) -> Total | None:
    found = NOTHING
    for each in totals:
        if each is None:
            return None
        found += each
    return found
