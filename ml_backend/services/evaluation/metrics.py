"""The metrics of one run: its outcomes against the truths, added up task by task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations, permutations
from typing import Any

from ml_backend.labeling import Agreement, LabelingConfig
from ml_backend.records import JsonObject, Outcome, Prediction
from ml_backend.scoring import wilson
from ml_backend.scoring.agreement import summarize
from ml_backend.scoring.calibration import calibrate
from ml_backend.scoring.tally import Tally
from ml_backend.services.evaluation.ground_truth import Compared, GroundTruth
from ml_backend.store import Cell, Judged


class Measurement:
    """Adds outcomes and gives the metrics that are kept with the run."""

    def __init__(self, config: LabelingConfig) -> None:
        self._config = config
        self._items: list[Compared] = []
        self._tallies: dict[str, Tally] = {}
        self._regions: dict[str, list[Mapping[str, Agreement | None]]] = {}
        self._region_tallies: dict[str, Tally] = {}
        self._scored: list[tuple[float, bool]] = []
        self._humans = _HumanAgreement(config)

    def add(self, outcome: Outcome, truths: GroundTruth) -> Judged:
        """Add a task that has truths; return what they say of it alone."""
        compared, best = truths.judge(outcome, self._config)
        self._items.append(compared)
        given = outcome.answer if isinstance(outcome, Prediction) else None
        pairs: Counter[Cell] = Counter()
        for name, evidence in self._config.weigh(given, best, truths.data).items():
            self._tallies.setdefault(name, Tally()).add(evidence)
            pairs.update((name, *pair) for pair in evidence.pairs)
        for name, regions in self._config.weigh_regions(given, best, truths.data).items():
            for region in regions:
                self._region_tallies.setdefault(name, Tally()).add(region.evidence)
                pairs.update((name, *pair) for pair in region.evidence.pairs)
                if region.counts:
                    self._regions.setdefault(name, []).append({name: region.agreement})
        if isinstance(outcome, Prediction) and outcome.score is not None and compared:
            self._scored.append((outcome.score, is_right(compared)))
        self._humans.add(truths)
        return Judged(outcome.task_id, is_right(compared) if compared else None, pairs)

    def as_dict(self) -> JsonObject:
        """Return overall and controls with their details; more where there is anything to say.

        ``per_region`` has the controls asked about regions, ``calibration`` the scores against
        what was right, ``humans`` how far people agree with each other.
        """
        found = summarize(self._items)
        for name, counts in found["controls"].items():
            counts.update(self._tallies[name].as_dict())
        regions = {
            name: summarize(items)["overall"] | self._region_tallies[name].as_dict()
            for name, items in self._regions.items()
        }
        more = {
            "per_region": regions,
            "calibration": calibrate(self._scored),
            "humans": self._humans.as_dict(),
        }
        return found | {name: value for name, value in more.items() if value}


class _HumanAgreement:
    """How far people agree with each other where several annotated a task: the ceiling."""

    def __init__(self, config: LabelingConfig) -> None:
        self._config = config
        self._tasks: list[tuple[float, float]] = []
        self._controls: dict[str, list[tuple[float, float]]] = {}

    def add(self, truths: GroundTruth) -> None:
        """Add a task; one person's several annotations are not held against each other."""
        answers = list(zip(truths.answers, truths.people, strict=True))
        pairs = [
            (left, right)
            for (left, one), (right, other) in combinations(answers, 2)
            if one is None or one != other
        ]
        if not pairs:
            return
        whole: list[tuple[float, float]] = []
        parts: dict[str, list[tuple[float, float]]] = {}
        for pair in pairs:
            # Both ways: a control that one of them leaves empty is a difference.
            both = [
                self._config.compare(left, right, truths.data) for left, right in permutations(pair)
            ]
            names = {name for each in both for name in each}
            scores = {name: _of_two([each.get(name) for each in both]) for name in names}
            for name, score in scores.items():
                parts.setdefault(name, []).append(score)
            if scores:
                right = float(all(exact for exact, _ in scores.values()))
                whole.append((right, sum(score for _, score in scores.values()) / len(scores)))
        if whole:
            self._tasks.append(_mean(whole))
        for name, found in parts.items():
            self._controls.setdefault(name, []).append(_mean(found))

    def as_dict(self) -> JsonObject | None:
        """Return overall and controls: n tasks, accuracy with its interval, score."""
        if not self._tasks:
            return None
        return {
            "overall": _counts(self._tasks),
            "controls": {name: _counts(found) for name, found in self._controls.items()},
        }


def is_right(compared: Mapping[str, Agreement | None]) -> bool:
    """Return whether a task is right as a whole."""
    return bool(compared) and all(each is not None and each.correct for each in compared.values())


def score_of(compared: Mapping[str, Agreement | None]) -> float:
    """Return the mean score of a task's controls; what is missing has none."""
    scores = [each.score if each is not None else 0.0 for each in compared.values()]
    return sum(scores) / len(scores) if scores else 0.0


def _of_two(ways: list[Any]) -> tuple[float, float]:
    """Exact agreement and score of a control, compared both ways."""
    found = [each for each in ways if each is not None]
    exact = all(each.correct for each in found)
    return float(exact), sum(each.score for each in found) / len(found)


def _mean(values: list[tuple[float, float]]) -> tuple[float, float]:
    return (
        sum(exact for exact, _ in values) / len(values),
        sum(score for _, score in values) / len(values),
    )


def _counts(tasks: list[tuple[float, float]]) -> JsonObject:
    exact, score = _mean(tasks)
    low, high = wilson(exact * len(tasks), len(tasks))
    return {"n": len(tasks), "accuracy": exact, "low": low, "high": high, "score": score}
