"""Whether a version is not worse than another, as far as the same tasks can tell.

Without a margin it is a test for harm: McNemar's exact test, two-sided at 5 %. A version passes as
long as it is not shown to be worse, which proves no equality: what the interval leaves open is said
beside it. With a margin it is a test of non-inferiority: the lower end of the 95 % interval of the
difference (Newcombe's) must not lie below the margin, so that few tasks never pass for proof.
"""

from __future__ import annotations

from enum import StrEnum

from ml_backend.scoring.paired import ALPHA, Paired, mcnemar


class Finding(StrEnum):
    """What a comparison says of a version that shall not be worse."""

    NOT_WORSE = "not_worse"
    WORSE = "worse"
    """Shown to be: by more than chance."""
    OPEN = "open"
    """Neither shown: with a margin alone, where that counts as missed."""
    TOO_FEW = "too_few"
    """So few tasks that even losing all of them would show nothing."""


def find_regression(paired: Paired, margin: float | None = None) -> Finding:
    """Return what is found of the second version: ``margin`` is a share, 0.05 for five points."""
    if not paired.n or paired.low is None or paired.difference is None:
        return Finding.TOO_FEW
    is_worse = paired.difference < 0 and paired.p < ALPHA
    if margin is None:
        is_better = paired.difference > 0 and paired.p < ALPHA
        to_lose = paired.both + paired.only_first
        if not is_better and mcnemar(to_lose, 0) >= ALPHA:
            return Finding.TOO_FEW
        return Finding.WORSE if is_worse else Finding.NOT_WORSE
    if paired.low >= -margin:
        return Finding.NOT_WORSE
    return Finding.WORSE if is_worse else Finding.OPEN
