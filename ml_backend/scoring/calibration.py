"""Whether scores mean what they say: of answers scored 0.8, are 80 % right?"""

from __future__ import annotations

from collections.abc import Iterable

from ml_backend.records import Calibration, CalibrationBin, Ranking
from ml_backend.scoring.agreement import wilson
from ml_backend.scoring.confidence.auroc import auroc

BINS = 10


def calibrate(scored: Iterable[tuple[float, bool]]) -> Calibration | None:
    """The reliability table of (score, whether it was right); None without any.

    ``ece`` is the expected calibration error: the mean distance of a bin's score from its share of
    right answers, each bin weighed by its answers. ``brier`` is the mean squared distance of each
    score from 1 for right and 0 for wrong. Bins hold their lower edge; the last holds 1 too.
    """
    answers = [(min(1.0, max(0.0, score)), right) for score, right in scored]
    if not answers:
        return None
    bins: dict[int, list[tuple[float, bool]]] = {}
    for score, right in answers:
        bins.setdefault(_bin(score), []).append((score, right))
    rows = [_row(place, bins[place]) for place in sorted(bins)]
    ranked = auroc((score for score, _ in answers), (right for _, right in answers))
    return Calibration(
        n=len(answers),
        ece=sum(row.n * abs(row.score - row.accuracy) for row in rows) / len(answers),
        brier=sum((score - right) ** 2 for score, right in answers) / len(answers),
        bins=tuple(rows),
        ranking=Ranking(ranked.value, ranked.low, ranked.high) if ranked else None,
    )


def _bin(score: float) -> int:
    """The bin of a score; by the edges themselves, for 0.7 * 10 is more than 7."""
    return max(place for place in range(BINS) if place / BINS <= score)


def _row(place: int, answers: list[tuple[float, bool]]) -> CalibrationBin:
    n, right = len(answers), sum(right for _, right in answers)
    low, high = wilson(right, n)
    return CalibrationBin(
        start=place / BINS,
        end=(place + 1) / BINS,
        n=n,
        score=sum(score for score, _ in answers) / n,
        accuracy=right / n,
        low=low,
        high=high,
    )
