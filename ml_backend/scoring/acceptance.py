"""Which predictions may be accepted unseen: "of these at most 3 % are wrong, 95 % certain".

Fixed-sequence testing with exact tails: from the highest scores down, threshold by threshold, it is
tested whether the predictions at or above are wrong more often than allowed; the first threshold
where that cannot be refuted ends it, and the one before is the answer. As the sequence is fixed by
the scores alone, all of it costs the certainty of a single test, and nothing is assumed of the
scores: where they mean nothing, less is accepted, and the promise holds all the same.

It holds for a sample that was drawn uniformly from the tasks it is about, looked at once, with
scores that saw none of its labels: docs/accept.md. These are matters of who calls.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil, log, log1p
from sys import float_info
from typing import SupportsFloat, TypeVar

from ml_backend.scoring.promises.finite_sets import is_kept, wrong_at_most
from ml_backend.scoring.promises.ranks import Ranks, Score, ranked

_SLACK = 1e-9

Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What may be accepted; ``threshold`` is None, and ``why`` says why, where nothing is promised.

    Shares are 0..1.
    """

    threshold: float | None
    """Predictions of this score or a higher one are accepted."""
    accepted: float
    """The share of the sample at or above the threshold."""
    error_bound: float | None
    """The upper limit, exact and one-sided at the certainty, of the share of wrong ones."""
    n: int
    """Labels of the sample, those of tasks without a score too."""
    accepted_n: int
    wrong_n: int
    """Of the accepted ones of the sample."""
    max_error: float
    certainty: float
    needed: int
    """Labels at or above the first threshold: with fewer nothing can be promised."""
    why: str = ""
    set_n: int | None = None
    """Tasks the promise is about, where it is of a finite set: accepted and not in the sample."""

    @property
    def is_promise(self) -> bool:
        return self.threshold is not None

    def accepts(self, score: Score) -> bool:
        """Whether a prediction of that score is accepted; one without a score never is."""
        return self.threshold is not None and is_accepted(score, self.threshold)


def choose_threshold(
    scores: Iterable[Score],
    right: Iterable[SupportsFloat | None],
    *,
    max_error: float,
    certainty: float,
    population: Iterable[Score] | None = None,
) -> Acceptance:
    """Return the lowest threshold at which at most ``max_error`` are wrong, with ``certainty``.

    ``scores`` and ``right`` are of a sample, in one order; what was not labelled in the end is None
    in ``right`` and counts as wrong. Without a ``population`` the *expected* share of wrong ones is
    bounded; with it, the scores of all tasks the sample was drawn from, its own included, the share
    of wrong ones among those of them that are accepted and are not of the sample.

    Raises ValueError for lengths that differ, a ``max_error`` or ``certainty`` that is not between
    0 and 1, a ``right`` other than true and false, and a population without the sample's scores.
    """
    check_shares(max_error=max_error, certainty=certainty)
    ranks = ranked(scores, right, population)
    needed = labels_needed(max_error, certainty)
    lowest = None
    failed = None
    for place in _sequence(ranks, needed, max_error, certainty):
        if not _is_refuted(ranks, place, max_error, certainty):
            failed = place
            break
        lowest = place
    if lowest is None:
        why = _why_not(ranks, failed, needed, max_error, certainty)
        return Acceptance(None, 0.0, None, ranks.n, 0, 0, max_error, certainty, needed, why)
    return _accepted(ranks, lowest, needed, max_error, certainty)


def choose_by_class(
    scores: Iterable[Score],
    right: Iterable[SupportsFloat | None],
    groups: Iterable[Group | None],
    *,
    max_error: float,
    certainty: float,
    classes: Iterable[Group] | None = None,
    populations: Mapping[Group, Iterable[Score]] | None = None,
) -> dict[Group, Acceptance]:
    """Return a threshold for each predicted class or control; all promises hold together.

    Each takes (1 - certainty) / K, and its ``certainty`` says so; K is the number of ``classes``,
    which are fixed before there is a label: those of the labeling config, or as left out those of
    ``groups``. A task whose group is None belongs to none. ``accepted`` is the share of its class.

    Raises ValueError as ``choose_threshold`` does, and for a group that is no class.
    """
    check_shares(max_error=max_error, certainty=certainty)
    rows = list(zip(list(scores), list(right), list(groups), strict=True))
    found = dict.fromkeys(group for _, _, group in rows if group is not None)
    names = found if classes is None else dict.fromkeys(classes)
    if strange := [group for group in found if group not in names]:
        raise ValueError(f"{strange[0]!r} is none of the classes.")
    return {
        name: choose_threshold(
            [score for score, _, group in rows if group == name],
            [is_right for _, is_right, group in rows if group == name],
            max_error=max_error,
            certainty=1 - (1 - certainty) / len(names),
            population=None if populations is None else populations.get(name, ()),
        )
        for name in names
    }


def labels_needed(max_error: float, certainty: float, mistakes: int = 0) -> int:
    """The fewest labels at or above a threshold that promise it with that many mistakes.

    3 % at 95 %: 99 without one, 157 with one, 208 with two. Raises ValueError as above.
    """
    check_shares(max_error=max_error, certainty=certainty)
    if mistakes < 0:
        raise ValueError("There are no less than 0 mistakes.")
    # Of a share near the smallest number there is, it is more than a float holds.
    fewest = max(1, ceil(min(log(1 - certainty) / log1p(-max_error), float_info.max)))
    if not mistakes:
        return fewest
    low, high = fewest, 2 * fewest
    while not _is_rare(mistakes, high, max_error, certainty):
        low, high = high, 2 * high
    while low + 1 < high:
        middle = (low + high) // 2
        if _is_rare(mistakes, middle, max_error, certainty):
            high = middle
        else:
            low = middle
    return high


def certainty_of_look(certainty: float, look: int) -> float:
    """The certainty that the ``look``-th at one sample may claim, the first being 1.

    The k-th takes (1 - certainty) / (k (k + 1)): however many there are, none breaks its promise
    with ``certainty``. So does each version, limit and enlarged sample that is tried on it.
    """
    check_shares(certainty=certainty)
    if look < 1:
        raise ValueError("The first look is number 1.")
    return 1 - (1 - certainty) / (look * (look + 1))


def is_accepted(score: Score, threshold: float) -> bool:
    """Whether a score is at or above a threshold; None and NaN never are."""
    return score is not None and float(score) >= threshold


def error_limit(wrong: int, drawn: int, certainty: float, *, size: int | None = None) -> float:
    """The upper limit of the share of wrong ones, by ``wrong`` of ``drawn`` labels; one-sided.

    Clopper and Pearson's of the expected share; of the share among those of ``size`` tasks that
    were not drawn, where that is given. 1 where nothing is known.
    """
    if size is not None:
        left = size - drawn
        return wrong_at_most(wrong, drawn, size, certainty=certainty) / left if left else 1.0
    if wrong >= drawn:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(wrong + 1, drawn - wrong, certainty))


# The sequence: by scores alone, without a look at a label


def _sequence(ranks: Ranks, needed: int, max_error: float, certainty: float) -> Iterator[int]:
    """Yield the thresholds to test, the highest first.

    Of a finite set those are left out where not even labels without a mistake would promise it.
    """
    for place, drawn in enumerate(ranks.drawn):
        if drawn < needed:
            continue
        if ranks.sizes and not is_kept(
            0, drawn, ranks.sizes[place], max_error=max_error, certainty=certainty
        ):
            continue
        yield place


def _is_refuted(ranks: Ranks, place: int, max_error: float, certainty: float) -> bool:
    """Whether it is refuted that more than ``max_error`` are wrong at or above a threshold."""
    wrong, drawn = ranks.wrong[place], ranks.drawn[place]
    if ranks.sizes:
        size = ranks.sizes[place]
        return is_kept(wrong, drawn, size, max_error=max_error, certainty=certainty)
    return _is_rare(wrong, drawn, max_error, certainty)


def _is_rare(wrong: int, drawn: int, max_error: float, certainty: float) -> bool:
    """Whether so few mistakes would be a rare thing at a share of ``max_error``."""
    from scipy.special import bdtr

    return float(bdtr(wrong, drawn, max_error)) <= (1 - certainty) * (1 + _SLACK)


def check_shares(**shares: float) -> None:
    """Raise ValueError for one that is not between 0 and 1, by its name."""
    for name, value in shares.items():
        if not 0 < value < 1:
            raise ValueError(f"{name} lies between 0 and 1 and is neither, not {value}.")


# What is said


def _accepted(
    ranks: Ranks, place: int, needed: int, max_error: float, certainty: float
) -> Acceptance:
    drawn, wrong = ranks.drawn[place], ranks.wrong[place]
    size = ranks.sizes[place] if ranks.sizes else None
    return Acceptance(
        threshold=ranks.thresholds[place],
        accepted=drawn / ranks.n,
        error_bound=error_limit(wrong, drawn, certainty, size=size),
        n=ranks.n,
        accepted_n=drawn,
        wrong_n=wrong,
        max_error=max_error,
        certainty=certainty,
        needed=needed,
        set_n=None if size is None else size - drawn,
    )


def _why_not(
    ranks: Ranks, failed: int | None, needed: int, max_error: float, certainty: float
) -> str:
    asked = f"at most {100 * max_error:g} % wrong, {100 * certainty:g} % certain"
    if failed is not None:
        wrong, drawn = ranks.wrong[failed], ranks.drawn[failed]
        return (
            f"{wrong} of the {drawn} surest labelled predictions "
            f"{'is' if wrong == 1 else 'are'} wrong, too many for {asked}."
        )
    if ranks.scored < needed:
        unknown = ranks.n - ranks.scored
        besides = f", and {unknown} without a score count for none" if unknown else ""
        return (
            f"{ranks.scored} labelled predictions are too few for {asked}: that takes {needed} "
            f"without a mistake{besides}."
        )
    return (
        f"Too few predictions are left beside the {ranks.scored} labelled ones for {asked}: of so "
        "few a single wrong one is a large share."
    )
