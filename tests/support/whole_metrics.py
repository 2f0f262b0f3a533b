"""Metrics with all there can be."""

from __future__ import annotations

from ml_backend.kinds import TruthSource
from ml_backend.labeling.bases.evidence import Evidence
from ml_backend.records import (
    AgreementRate,
    ConfidenceSource,
    HumanAgreement,
    RunMetrics,
    TruthsUnread,
)
from ml_backend.scoring import summarize
from ml_backend.scoring.calibration import calibrate
from ml_backend.scoring.confidence.learning import JudgedConfidence, learn
from ml_backend.scoring.tally import Tally


class Right:
    correct, score = True, 1.0


def measured() -> RunMetrics:
    """Metrics with all there can be."""
    tally = Tally()
    tally.add(Evidence([("a", "a"), ("a", None), (None, "b")], {"a": (3, 4, 5)}, [1.5], [0.5]))
    tally.add(Evidence([("b", "a")]))
    found = summarize([{"c": Right()}, {"c": None}])
    rate = AgreementRate(n=2, accuracy=0.5, low=0.1, high=0.9, score=0.5)
    return RunMetrics(
        overall=found.overall,
        controls={"c": tally.metrics(found.controls["c"])},
        per_region={"r": tally.metrics(found.overall)},
        calibration=calibrate([(0.8, True), (0.3, False)]),
        learned=learn(
            JudgedConfidence(task, task / 100, ConfidenceSource.LOGPROBS, task % 3 > 0)
            for task in range(60)
        ),
        humans=HumanAgreement(rate, {"c": rate}),
        unread=TruthsUnread(annotations=2, tasks=1, reasons={"a reason": 2}),
        truth=TruthSource.ANNOTATIONS,
        fingerprint="0123",
    )
