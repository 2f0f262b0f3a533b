"""Labels of people that a version's sure answers dispute, ranked, with the evidence beside them.

The order is that of the confidence as it came: a calibration never changes an order, and where it
makes steps it would only hide one. Tasks of promise samples that are not opened are not among them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ml_backend.errors import Conflict, LabelStudioAuthError, LabelStudioRejected
from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.text.html_text import to_text
from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.next_steps import Step
from ml_backend.records import JsonObject, Outcome, Prediction, PromptVersion, Run, RunStatus
from ml_backend.scoring.confidence.disputes import Given, Judged, disputes
from ml_backend.services.disputing.evidence import (
    DisputedLabel,
    DisputePage,
    OtherVersion,
    Says,
    UnclearPair,
)
from ml_backend.services.disputing.sureness import CalibrationOf, source_of
from ml_backend.services.evaluation.class_alignment import classes_of
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.ground_truth import GroundTruth, answer_digest
from ml_backend.services.evaluation.metrics import is_right
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.store import CheckedLabel, Chosen, ClassPair, Decision, ResultFilter, Store

ROWS = 25
MOST_ROWS = 500
READ_AT_ONCE = 100
LOOKED_AT = 10
"""Newest completed runs of a version among which one with truths is looked for."""

MANY_RUNS = 40
"""Newest runs of a prompt whose answers count as those of other versions."""

MANY = 10_000_000


class DisputedLabels:
    """Finds them, by the client of who looks."""

    def __init__(
        self,
        store: Store,
        predictor_factory: PredictorFactory,
        evaluation: Evaluation,
        calibration_of: CalibrationOf,
    ) -> None:
        self._store = store
        self._predictor_factory = predictor_factory
        self._evaluation = evaluation
        self._calibration_of = calibration_of
        self._identity = ProjectIdentity(store)

    def run_of(self, project: Project, version: PromptVersion) -> Run:
        """Return a version's newest run whose answers and truths are known.

        Raises Conflict where there is none.
        """
        runs = self._store.runs.search(version_id=version.id, project_id=project.id, limit=100)
        ended = [each for each in runs if each.status is RunStatus.COMPLETED]
        for run in ended[:LOOKED_AT]:
            if not self._identity.is_of_another(run, project) and self._is_judged(run):
                return run
        raise Conflict(
            f"No run of {version.title!r} answered a task of {project.title!r} that people "
            "labelled: there is no label it could dispute.",
            field="version",
            fix=Step.EVALUATE_VERSION(),
        )

    def ranked(self, run: Run) -> tuple[list[int], int]:
        """Return the tasks whose label a run disputes, the most doubtful first.

        The second is how many more were got wrong without a confidence, or without an answer.
        """
        self._is_judged(run)
        wrong = Chosen(run.id, ResultFilter.WRONG)
        places = self._store.results.places(wrong, "score", limit=MANY)
        judged = [
            Judged(each.task_id, "label", [Given("answer", each.score)])
            for each in places
            if each.score is not None
        ]
        return [each.task_id for each in disputes(judged)], len(places) - len(judged)

    def page(
        self,
        studio: LabelStudioReader,
        project: Project,
        run: Run,
        *,
        first: int = 0,
        size: int = ROWS,
    ) -> DisputePage:
        """Return a page of what is not decided on; labels that are right by now are left out."""
        self._identity.check_run(run, project)
        order, unranked = self.ranked(run)
        decided = self._store.checked_labels.of_prompt(project.id, run.prompt_id)
        by_task = {each.task_id: each for each in decided}
        rows: list[DisputedLabel] = []
        at = first
        while len(rows) < size and at < len(order):
            chunk = order[at : at + READ_AT_ONCE]
            found = self._read(studio, project, run, chunk)
            for task_id in chunk:
                at += 1
                row = found.get(task_id)
                if row is not None and not _is_decided(row, by_task.get(task_id)):
                    rows.append(row)
                if len(rows) == size:
                    break
        names = self._names(studio) if rows else {}
        return DisputePage(
            run=run,
            rows=tuple(self._with_evidence(project, run, rows, names)),
            first=first,
            after=at if at < len(order) else None,
            disputed=len(set(order) - by_task.keys()),
            unranked=unranked,
            decided=tuple(decided),
            unclear=unclear_pairs(decided),
            instruction=to_text(project.instruction),
        )

    def one(
        self, studio: LabelStudioReader, project: Project, run: Run, task_id: int
    ) -> DisputedLabel:
        """Return one task's; raises Conflict where nothing is disputed of it."""
        self._identity.check_run(run, project)
        found = self._read(studio, project, run, [task_id])
        if task_id not in found:
            raise Conflict(
                f"Run {run.id} disputes no label of task {task_id}, as it is now.", field="task"
            )
        return found[task_id]

    def _is_judged(self, run: Run) -> bool:
        if not (self._evaluation.judge_by_task(run) or self._evaluation.judge(run)):
            return False
        right, wrong = (
            self._store.results.count(Chosen(run.id, each))
            for each in (ResultFilter.RIGHT, ResultFilter.WRONG)
        )
        return right + wrong > 0

    def _read(
        self, studio: LabelStudioReader, project: Project, run: Run, task_ids: Sequence[int]
    ) -> dict[int, DisputedLabel]:
        """Return what of these tasks is disputed, as labels are now."""
        config = self._predictor_factory.config_of(project)
        outcomes = self._store.results.read(run.id, task_ids)
        truths = self._evaluation.reading(studio).truths(
            project.id, config, list(outcomes), source=run.truth
        )
        calibration = self._calibration_of(run)
        found = {}
        for task_id, (outcome, _) in outcomes.items():
            if not isinstance(outcome, Prediction) or task_id not in truths:
                continue
            row = _disputed(outcome, truths[task_id], config)
            if row is not None:
                known = calibration.of(outcome) if calibration is not None else None
                found[task_id] = replace(row, calibrated=known)
        return found

    def _with_evidence(
        self,
        project: Project,
        run: Run,
        rows: Sequence[DisputedLabel],
        names: Mapping[int, str],
    ) -> list[DisputedLabel]:
        config = self._predictor_factory.config_of(project)
        others = self._others(project, run, [each.task_id for each in rows])
        titles = {each.id: each.title for each in self._store.prompts.versions(run.prompt_id)}
        found = []
        for row in rows:
            evidence = [
                OtherVersion(
                    version_id, titles[version_id], _says(answers[row.task_id], row, config)
                )
                for version_id, answers in others.items()
                if version_id in titles and isinstance(answers.get(row.task_id), Prediction)
            ]
            people = tuple(names.get(int(each), each) for each in row.labelled_by if each)
            found.append(replace(row, others=tuple(evidence), labelled_by=people))
        return found

    def _others(
        self, project: Project, run: Run, task_ids: Sequence[int]
    ) -> dict[int, dict[int, Outcome]]:
        """Return version -> task -> its last outcome, of the prompt's other versions."""
        runs = self._store.runs.search(
            prompt_id=run.prompt_id, project_id=project.id, limit=MANY_RUNS
        )
        by_version: dict[int, list[int]] = {}
        for each in runs if task_ids else ():
            is_other = each.version_id != run.version_id and each.status is RunStatus.COMPLETED
            if is_other and not self._identity.is_of_another(each, project):
                by_version.setdefault(each.version_id, []).append(each.id)
        return {
            version_id: self._store.outcomes.newest(ids, set(task_ids))
            for version_id, ids in by_version.items()
        }

    def _names(self, studio: LabelStudioReader) -> dict[int, str]:
        """Return who is who; a person who may not ask that sees numbers."""
        try:
            return studio.people()
        except (LabelStudioAuthError, LabelStudioRejected):
            return {}


def unclear_pairs(decided: Collection[CheckedLabel]) -> tuple[UnclearPair, ...]:
    """Return the class pairs that a guideline was found unclear of, those with most tasks first."""
    tasks: dict[ClassPair, set[int]] = {}
    for each in decided:
        if each.decision is Decision.GUIDELINE:
            for pair in each.pairs:
                tasks.setdefault(pair, set()).add(each.task_id)
    found = [UnclearPair(*pair, tuple(sorted(ids))) for pair, ids in tasks.items()]
    return tuple(
        sorted(found, key=lambda each: (-len(each.task_ids), each.control, each.label, each.answer))
    )


def _disputed(
    outcome: Prediction, truth: GroundTruth, config: LabelingConfig
) -> DisputedLabel | None:
    """Return how an answer differs from the label it agrees with best; None where it does not."""
    compared, label = truth.judge(outcome, config)
    if not compared or is_right(compared):
        return None
    differs = tuple(name for name, each in compared.items() if each is None or not each.correct)
    people = [
        "" if who is None else str(who)
        for who, answer in zip(truth.people, truth.answers, strict=True)
        if answer == label
    ]
    return DisputedLabel(
        task_id=outcome.task_id,
        data=truth.data,
        label=label,
        labelled_by=tuple(dict.fromkeys(people)),
        answer=outcome.answer,
        differs=differs,
        pairs=_pairs(label, outcome.answer, differs, config),
        confidence=outcome.score,
        calibrated=None,
        source=source_of(outcome),
        label_digest=answer_digest(label),
        answer_digest=answer_digest(outcome.answer),
    )


def _pairs(
    label: JsonObject, answer: JsonObject, differs: Sequence[str], config: LabelingConfig
) -> tuple[ClassPair, ...]:
    labelled, answered = classes_of(label, config), classes_of(answer, config)
    return tuple(
        (name, ", ".join(sorted(labelled.get(name, ()))), ", ".join(sorted(answered.get(name, ()))))
        for name in differs
    )


def _says(outcome: Outcome, row: DisputedLabel, config: LabelingConfig) -> Says:
    """Return whom another answer agrees with, in the controls that are disputed."""
    assert isinstance(outcome, Prediction)  # nosec B101  # for types
    for says, true in ((Says.ANSWER, row.answer), (Says.LABEL, row.label)):
        compared = config.compare(outcome.answer, true, row.data)
        named = [compared[name] for name in row.differs if name in compared]
        if named and all(each.correct for each in named):
            return says
    return Says.OTHER


def _is_decided(row: DisputedLabel, decided: CheckedLabel | None) -> bool:
    """Return whether a decision is about this very label and answer."""
    return (
        decided is not None
        and decided.label_digest == row.label_digest
        and decided.answer_digest == row.answer_digest
    )
