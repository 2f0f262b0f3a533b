"""The curve error × accepted with a band that holds everywhere at once.

Who drags a slider looks at many thresholds and takes the one that pleases: a limit that holds at
each of them with 95 % holds at all with much less. So the certainty is shared by the positions of
the curve, which are places in the order of the scores, fixed without a label. Whatever position is
taken, for whatever reason, its limit holds; what is paid for it is told by ``choose_threshold``,
which accepts more and may be asked once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import SupportsFloat

from ml_backend.scoring.acceptance import check_shares, error_limit
from ml_backend.scoring.promises.ranks import Ranks, Score, ranked

POSITIONS = 20
"""Of the curve, at most: each takes its share of the certainty."""

FEWEST = 20
"""Labels at or above the highest position: of fewer nothing useful can be said."""


@dataclass(frozen=True, slots=True)
class BandPoint:
    """A threshold of the curve; shares are 0..1."""

    threshold: float
    accepted: float
    """The share of the sample at or above the threshold."""
    accepted_n: int
    wrong_n: int
    error: float
    """The share that is wrong, as seen."""
    low: float
    high: float
    """Limits of the true share; each side holds at all positions at once."""
    set_n: int | None = None
    """Tasks the limits are about, where they are of a finite set: those not in the sample."""


@dataclass(frozen=True, slots=True)
class Band:
    """The curve, from its highest threshold down; without points where labels are too few."""

    certainty: float
    n: int
    points: tuple[BandPoint, ...]

    def at(self, max_error: float) -> BandPoint | None:
        """Return the position that accepts most with a limit of at most ``max_error``, if any.

        This may be asked for any number of limits: all answers hold together.
        """
        kept = [point for point in self.points if point.high <= max_error]
        return kept[-1] if kept else None


def draw_band(
    scores: Iterable[Score],
    right: Iterable[SupportsFloat | None],
    *,
    certainty: float,
    population: Iterable[Score] | None = None,
    positions: int = POSITIONS,
) -> Band:
    """Return the curve of a promise sample with its band.

    Arguments are those of ``choose_threshold`` and mean the same; ``positions`` is chosen before
    there is a label. Each side of the band holds everywhere at once with ``certainty``.
    """
    check_shares(certainty=certainty)
    ranks = ranked(scores, right, population)
    places = _places(ranks, positions)
    each = 1 - (1 - certainty) / max(1, len(places))
    return Band(certainty, ranks.n, tuple(_point(ranks, place, each) for place in places))


def _places(ranks: Ranks, positions: int) -> list[int]:
    """Spread positions over the labels: evenly by their ratio, as limits depend on it."""
    able = [
        place
        for place, drawn in enumerate(ranks.drawn)
        if drawn >= FEWEST and (not ranks.sizes or ranks.sizes[place] > drawn)
    ]
    if len(able) <= positions:
        return able
    first, last = ranks.drawn[able[0]], ranks.drawn[able[-1]]
    wanted = [first * (last / first) ** (step / (positions - 1)) for step in range(positions)]
    return sorted({min(able, key=lambda place: abs(ranks.drawn[place] - goal)) for goal in wanted})


def _point(ranks: Ranks, place: int, certainty: float) -> BandPoint:
    drawn, wrong = ranks.drawn[place], ranks.wrong[place]
    size = ranks.sizes[place] if ranks.sizes else None
    return BandPoint(
        threshold=ranks.thresholds[place],
        accepted=drawn / ranks.n,
        accepted_n=drawn,
        wrong_n=wrong,
        error=wrong / drawn,
        low=1 - error_limit(drawn - wrong, drawn, certainty, size=size),
        high=error_limit(wrong, drawn, certainty, size=size),
        set_n=None if size is None else size - drawn,
    )
