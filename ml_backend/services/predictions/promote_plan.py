"""What a promotion would do and did, and the sorting of predictions into those it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Protocol

from ml_backend.kinds import LeftOut
from ml_backend.labelstudio import Annotation, LabelStudioReader, PredictionRow
from ml_backend.services.fingerprints import fingerprint
from ml_backend.services.predictions.accept_rule import EVERYTHING, AcceptRule
from ml_backend.services.predictions.selection import Selection


@dataclass(frozen=True, slots=True)
class Candidate:
    """A prediction to make an annotation of."""

    prediction_id: int
    task_id: int
    label: str
    score: float | None = None
    fingerprint: str = field(default="", repr=False)
    """Of its result, and so of the annotation's until somebody changes that."""


@dataclass(frozen=True, slots=True)
class PromotePlan:
    """What a promotion would do; the counts are of predictions, but for the last, of tasks."""

    project_id: int
    selection: Selection
    include_annotated: bool
    labels: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    left_out: Mapping[LeftOut, int]
    without_prediction: int
    rule: AcceptRule = EVERYTHING
    standing: frozenset[int] = field(default=frozenset(), repr=False)
    """Annotations that stood on these tasks when it was counted."""

    @property
    def would_create(self) -> int:
        return len(self.candidates)

    @property
    def by_version(self) -> dict[str, int]:
        """Return model version -> annotations it would give, 0 included."""
        counts = Counter(candidate.label for candidate in self.candidates)
        return {label: counts[label] for label in self.labels}

    def skipped(self, why: LeftOut) -> int:
        """Return how many predictions are left out for this reason."""
        return self.left_out.get(why, 0)

    @property
    def skipped_identical(self) -> int:
        return self.skipped(LeftOut.IDENTICAL)

    @property
    def skipped_annotated(self) -> int:
        return self.skipped(LeftOut.ANNOTATED)

    @property
    def skipped_doubled(self) -> int:
        return self.skipped(LeftOut.DOUBLED)

    @property
    def for_people(self) -> int:
        """Return how many predictions no person looked at and the rule does not accept."""
        return sum(self.skipped(why) for why in LEFT_FOR_PEOPLE)


LEFT_FOR_PEOPLE = (
    LeftOut.DOUBLED,
    LeftOut.SAMPLED,
    LeftOut.OUTSIDE,
    LeftOut.REPLACED,
    LeftOut.UNSCORED,
    LeftOut.BELOW,
)


@dataclass(frozen=True, slots=True)
class PromoteReport:
    """What a promotion did, read back from Label Studio."""

    plan: PromotePlan
    created: int
    annotations: int
    """What the whole project now holds."""
    annotated_tasks: int
    notes: tuple[str, ...] = ()
    acceptance: int | None = None
    """The number it is kept under and can be taken back by; None where nothing was to be made."""


class Ledger(Protocol):
    """Where a promotion is written before it acts, and after."""

    def begin(self, plan: PromotePlan, studio: LabelStudioReader) -> int | None:
        """Keep what is about to be made; return its number, None when that is nothing."""

    def end(self, number: int, made: Mapping[int, Annotation]) -> None:
        """Keep what was made: prediction id -> the annotation made of it that nobody opened."""


class Unwritten:
    """A ledger of promotions that are kept nowhere."""

    def begin(self, plan: PromotePlan, studio: LabelStudioReader) -> int | None:
        return None

    def end(self, number: int, made: Mapping[int, Annotation]) -> None:
        return None


@dataclass(slots=True)
class Standing:
    """What Label Studio holds on the selected tasks."""

    rows: Mapping[int, Mapping[str, list[PredictionRow]]]
    prints: Mapping[int, str]
    """Prediction id -> fingerprint, of every version."""
    annotations: Mapping[int, Sequence[Annotation]]
    by_people: Set[int]
    """Tasks that people annotated."""
    closed: Set[int]
    """Tasks of promise samples that are not opened yet."""


def sort_out(
    standing: Standing,
    tasks: Set[int],
    labels: Sequence[str],
    rule: AcceptRule,
    *,
    include_annotated: bool,
) -> tuple[list[Candidate], Counter[LeftOut], int]:
    """Return what becomes annotations, what is left out and why, and the tasks without any."""
    left_out: Counter[LeftOut] = Counter()
    candidates: list[Candidate] = []
    without = 0
    for task_id in sorted(tasks):
        rows = standing.rows.get(task_id)
        if not rows:
            without += 1
            continue
        annotations = standing.annotations.get(task_id, ())
        held = {fingerprint(annotation.result) for annotation in annotations}
        parents = {annotation.parent_prediction for annotation in annotations}
        by_person = task_id in standing.by_people and not include_annotated
        for label in labels:
            if label not in rows:
                continue
            left = [
                row
                for row in rows[label]
                if row.id not in parents and standing.prints[row.id] not in held
            ]
            why = _why_not(rows[label], left, rule, by_person=by_person)
            if task_id in standing.closed:
                why = LeftOut.SAMPLED
            if why is not None:
                left_out[why] += 1
                continue
            row, said = left[0], standing.prints[left[0].id]
            candidates.append(Candidate(row.id, task_id, label, row.score, said))
            held.add(said)
    return candidates, left_out, without


def _why_not(
    rows: Sequence[PredictionRow],
    left: Sequence[PredictionRow],
    rule: AcceptRule,
    *,
    by_person: bool,
) -> LeftOut | None:
    """Return why none of a version's predictions of a task becomes an annotation."""
    if not left:
        return LeftOut.IDENTICAL
    if by_person:
        return LeftOut.ANNOTATED
    if len(rows) > 1:
        return LeftOut.DOUBLED
    return rule.why_not(left[0])
