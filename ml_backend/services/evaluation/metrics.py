"""The metrics of one run: its outcomes against the truths, added up task by task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations, permutations
from typing import Any

from ml_backend.labeling import Agreement, LabelingConfig
from ml_backend.records import (
    AgreementRate,
    HumanAgreement,
    Outcome,
    Prediction,
    RunMetrics,
    TruthSource,
)
from ml_backend.scoring import wilson
from ml_backend.scoring.agreement import summarize
from ml_backend.scoring.calibration import calibrate
from ml_backend.scoring.confidence.learning import JudgedConfidence, learn
from ml_backend.scoring.tally import Tally
from ml_backend.services.evaluation.ground_truth import Compared, GroundTruth
from ml_backend.store import Cell, JudgedOutcome


class Measurement:
    """Adds outcomes and gives the metrics that are kept with the run."""

    def __init__(self, config: LabelingConfig) -> None:
        self._config = config
        self._items: list[Compared] = []
        self._tallies: dict[str, Tally] = {}
        self._regions: dict[str, list[Mapping[str, Agreement | None]]] = {}
        self._region_tallies: dict[str, Tally] = {}
        self._scored: list[tuple[float, bool]] = []
        self._judged: list[JudgedConfidence] = []
        self._humans = _HumanAgreement(config)

    def add(self, outcome: Outcome, truths: GroundTruth) -> JudgedOutcome:
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
            if outcome.confidence is not None:
                self._judged.append(
                    JudgedConfidence(
                        outcome.task_id,
                        outcome.score,
                        outcome.confidence.source,
                        is_right(compared),
                    )
                )
        self._humans.add(truths)
        return JudgedOutcome(outcome.task_id, is_right(compared) if compared else None, pairs)

    def metrics(self, truth: TruthSource, fingerprint: str) -> RunMetrics:
        """Return what was measured on these truths."""
        found = summarize(self._items)
        return RunMetrics(
            overall=found.overall,
            controls={
                name: self._tallies[name].metrics(counts) for name, counts in found.controls.items()
            },
            per_region={
                name: self._region_tallies[name].metrics(summarize(items).overall)
                for name, items in self._regions.items()
            },
            calibration=calibrate(self._scored),
            learned=learn(self._judged),
            humans=self._humans.agreement(),
            truth=truth,
            fingerprint=fingerprint,
        )


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

    def agreement(self) -> HumanAgreement | None:
        """Return how far they agree; None when no task was annotated by several."""
        if not self._tasks:
            return None
        return HumanAgreement(
            _rate(self._tasks), {name: _rate(found) for name, found in self._controls.items()}
        )


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


def _rate(tasks: list[tuple[float, float]]) -> AgreementRate:
    exact, score = _mean(tasks)
    low, high = wilson(exact * len(tasks), len(tasks))
    return AgreementRate(n=len(tasks), accuracy=exact, low=low, high=high, score=score)
