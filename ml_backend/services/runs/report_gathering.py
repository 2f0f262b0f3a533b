"""The report of a run: all there is to know of it, for somebody who has neither server nor data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from ml_backend.errors import ConfigError, LabelStudioError
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.records import Prediction, Run, RunReport, WrongAnswer
from ml_backend.services.evaluation.comparison import effort_of
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.ground_truth import GroundTruth
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.project_identity import AnotherProject, ProjectIdentity
from ml_backend.services.runs.runs import Runs
from ml_backend.store import Store

MOST_FAILURES = 200
MOST_WRONG = 200
"""Tasks whose wrong answers are listed."""
JUDGED_AT_ONCE = 500
LONGEST_RAW = 2_000


class RunReports:
    """Gathers reports from the store, and truths by the caller's token."""

    def __init__(
        self,
        store: Store,
        runs: Runs,
        predictor_factory: PredictorFactory,
        evaluation: Evaluation,
    ) -> None:
        self._store = store
        self._identity = ProjectIdentity(store)
        self._evaluation = evaluation
        self._runs = runs
        self._predictor_factory = predictor_factory

    def report(self, run: Run, studio: LabelStudioReader) -> RunReport:
        """Return a run's report; ``reporting.run_page`` makes a page of it."""
        failures = list(islice(self._runs.failures(run), MOST_FAILURES))
        project = _project(studio, run.project_id)
        another = None if project is None else self._another(run, project)
        if another is not None:
            project = None
        wrong, left_out, unknown = self._wrong(run, studio, project, another)
        return RunReport(
            run=run,
            project=_title_of(project, run.project_id),
            effort=effort_of(self._store.outcomes.iter(run.id)),
            wrong=tuple(wrong),
            wrong_left_out=left_out,
            wrong_unknown=unknown,
            failures=tuple(replace(each, raw=each.raw[:LONGEST_RAW]) for each in failures),
            failures_left_out=max(0, run.totals.failed - len(failures)),
            made_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        )

    def _another(self, run: Run, project: Project) -> AnotherProject | None:
        try:
            self._identity.check_run(run, project)
        except AnotherProject as error:
            return error
        return None

    def _wrong(
        self,
        run: Run,
        studio: LabelStudioReader,
        project: Project | None,
        another: AnotherProject | None,
    ) -> tuple[list[WrongAnswer], int, str]:
        """Return the wrong answers, each control of a task, against the truths as they are now.

        With them how many tasks are left out, and why none could be listed.
        """
        counts = run.correctness
        number = counts.n - counts.correct - counts.failed
        why = ""
        rows: list[WrongAnswer] = []
        try:
            if number > 0 and project is not None:
                config = self._predictor_factory.config_of(project)
                found = self._wrong_tasks(run, config, self._evaluation.reading(studio))
                rows = [row for task in islice(found, MOST_WRONG) for row in task]
            elif number > 0:
                gone = "Label Studio does not have the project any more, or does not answer."
                why = gone if another is None else another.message
        except (LabelStudioError, ConfigError) as error:
            why = str(error)
        return rows, max(0, number - len({row.task for row in rows})), why

    def _wrong_tasks(
        self, run: Run, config: LabelingConfig, evaluation: Evaluation
    ) -> Iterator[list[WrongAnswer]]:
        """Yield the wrong controls of each task that was answered and not wholly right."""
        outcomes = self._store.outcomes.iter(run.id, ok=True)
        while chunk := list(islice(outcomes, JUDGED_AT_ONCE)):
            ids = [each.task_id for each in chunk]
            truths = evaluation.truths(run.project_id, config, ids, source=run.truth)
            for outcome in chunk:
                truth = truths.get(outcome.task_id)
                if truth is None or not isinstance(outcome, Prediction):
                    continue
                rows = _wrong_controls(outcome, truth, config)
                if rows:
                    yield rows


def _wrong_controls(
    outcome: Prediction, truth: GroundTruth, config: LabelingConfig
) -> list[WrongAnswer]:
    compared, best = truth.judge(outcome, config)
    return [
        WrongAnswer(
            task=outcome.task_id,
            control=name,
            truth=_bounded(best.get(name)),
            given=_bounded(outcome.answer.get(name)),
        )
        for name, each in compared.items()
        if each is None or not each.correct
    ]


def _bounded(value: Any) -> Any:
    """Return a part of an answer, as the beginning of its JSON where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return value if len(text) <= LONGEST_RAW else f"{text[:LONGEST_RAW]} …"


def _project(studio: LabelStudioReader, project_id: int) -> Project | None:
    try:
        return studio.get_project(project_id)
    except LabelStudioError:  # a report can be had of a project that is gone
        return None


def _title_of(project: Project | None, project_id: int) -> str:
    return f"{project.title!r} (project {project_id})" if project else f"project {project_id}"
