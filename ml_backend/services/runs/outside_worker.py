"""Answers and failures that an outside worker hands in for a run.

A run made with a ``job_id`` is the worker's to answer: no process of ours asks its tasks. What the
worker hands in is checked and turned into regions as our own answers are, and once every task has
an outcome the run is published like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml_backend.errors import Conflict, InvalidInput
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import CallerLabelStudio, Project, queries
from ml_backend.records import (
    CallRecord,
    Failure,
    FailureKind,
    JsonObject,
    Outcome,
    Prediction,
    PromptVersion,
    Run,
    Task,
    Usage,
)
from ml_backend.services.inference.predictor import Predictor
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.store import Store

KINDS = (
    ("authent", FailureKind.AUTHENTICATION),
    ("ratelimit", FailureKind.RATE_LIMIT),
    ("timeout", FailureKind.TIMEOUT),
    ("notfound", FailureKind.MODEL_NOT_FOUND),
    ("contextwindow", FailureKind.TOO_LONG),
    ("contentpolicy", FailureKind.REFUSED),
    ("quota", FailureKind.QUOTA),
    ("connection", FailureKind.CONNECTION),
    ("badrequest", FailureKind.BAD_REQUEST),
    ("constrained", FailureKind.INVALID_ANSWER),
    ("validation", FailureKind.INVALID_ANSWER),
)
"""Parts of the names workers give their errors; the first that fits counts."""


class OutsideWorkers:
    """Takes what outside workers hand in."""

    def __init__(self, store: Store, predictor_factory: PredictorFactory) -> None:
        self._store = store
        self._predictor_factory = predictor_factory
        self._identity = ProjectIdentity(store)

    def predictions(
        self,
        studio: CallerLabelStudio,
        run: Run,
        results: Sequence[Mapping[str, Any]],
        job_id: str | None,
    ) -> Run:
        """Keep answers; one that does not fit the labeling config is that task's failure."""
        self._require_open(run, job_id)
        project = studio.get_project(run.project_id)
        self._identity.check(run.prompt_id, project)
        config = self._predictor_factory.config_of(project)
        tasks = self._tasks(studio, run, results)
        predictor = self._predictor(project, run)
        outcomes = [_outcome(config, predictor, tasks[_task_id(each)], each) for each in results]
        return self._keep(run, outcomes)

    def failures(
        self,
        studio: CallerLabelStudio,
        run: Run,
        failures: Sequence[Mapping[str, Any]],
        job_id: str | None,
    ) -> Run:
        """Keep failures; the tasks count as answered."""
        self._require_open(run, job_id)
        tasks = self._tasks(studio, run, failures)
        return self._keep(run, [_failure(tasks[_task_id(each)], each) for each in failures])

    def _require_open(self, run: Run, job_id: str | None) -> None:
        if job_id and run.worker_job and job_id != run.worker_job:
            raise InvalidInput(
                f"Run {run.id} is of job {run.worker_job!r}, not {job_id!r}.", field="job_id"
            )
        if not self._store.runs.is_handed_out(run.id):
            why = "is asked by us" if run.is_open else f"has ended: {run.status.value}"
            raise Conflict(
                f"Run {run.id} {why}; nothing can be handed in.",
                field="modelrun_id",
                fix="A run made with a job_id waits for the answers of an outside worker.",
            )

    def _tasks(
        self, studio: CallerLabelStudio, run: Run, given: Sequence[Mapping[str, Any]]
    ) -> dict[int, Task]:
        wanted = [_task_id(each) for each in given]
        if not wanted:
            raise InvalidInput("This list may not be empty.", field="results")
        query = queries.selecting(wanted)
        pages = studio.iter_tasks(run.project_id, query=query)
        tasks = {task.id: task for page in pages for task in page}
        covered = run.options.task_ids
        for task_id in wanted:
            if task_id not in tasks or (covered is not None and task_id not in covered):
                raise InvalidInput(f"Task {task_id} is not one of run {run.id}.", field="task_id")
        return tasks

    def _predictor(self, project: Project, run: Run) -> Predictor:
        version: PromptVersion = self._store.prompts.get_version(run.version_id)
        used = run.snapshot.as_asked(version)
        return self._predictor_factory.predictor(
            self._predictor_factory.recipe(project, used), used, examples=[]
        )

    def _keep(self, run: Run, outcomes: Sequence[Outcome]) -> Run:
        self._store.outcomes.add(run.id, outcomes)
        totals = self._store.outcomes.totals(run.id)
        self._store.runs.set_totals(run.id, totals)
        if totals.done >= run.totals.total:
            self._store.runs.take_back(run.id)
        return self._store.runs.get(run.id)


def _task_id(given: Mapping[str, Any]) -> int:
    task_id = given.get("task_id")
    if not isinstance(task_id, int) or isinstance(task_id, bool) or not 0 < task_id < 2**31:
        raise InvalidInput("Each entry names its task by task_id, a number.", field="task_id")
    return task_id


def _outcome(
    config: LabelingConfig, predictor: Predictor, task: Task, given: Mapping[str, Any]
) -> Outcome:
    # The key tells a later look whether the task still is the one that was answered.
    asked = _asked(given, predictor.prepare(task).key)
    if "result" in given and "output" not in given:
        answer: object = _answer_of_regions(config, given["result"], task)
    else:
        answer = _answer(config, given)
    conversion = config.to_conversion(answer, task.data)
    wrong = list(conversion.errors) or config.check(conversion.result)
    if not wrong and given.get("result") and not conversion.result:
        wrong = ["None of the regions is of a control of this labeling config."]
    if wrong:
        message = "; ".join(wrong)
        return Failure(task.id, FailureKind.INVALID_ANSWER, message, _raw(given), asked)
    return Prediction(
        task_id=task.id,
        answer=conversion.answer,
        result=conversion.result,
        score=_number(given, "score"),
        problems=conversion.problems,
        asked=asked,
        raw=_raw(given),
    )


def _answer(config: LabelingConfig, given: Mapping[str, Any]) -> object:
    """Return the answer: under ``output``, or by control beside ``task_id``."""
    if "output" not in given:
        return {name: given[name] for name in config.controls if name in given}
    output = given["output"]
    if isinstance(output, Mapping) or len(config.controls) != 1:
        return output
    return {next(iter(config.controls)): output}


def _answer_of_regions(config: LabelingConfig, result: object, task: Task) -> JsonObject:
    if not isinstance(result, list):
        raise InvalidInput("result is a list of regions.", field="result")
    regions = [each for each in result if isinstance(each, dict)]
    try:
        return config.to_answer(regions, task.data)
    except Exception as error:  # a worker may send anything
        message = f"The regions of task {task.id} cannot be read."
        raise InvalidInput(message, field="result") from error


def _failure(task: Task, given: Mapping[str, Any]) -> Failure:
    kind = str(given.get("error_type") or given.get("kind") or "")
    words = kind.casefold().replace("_", "").replace(" ", "")
    found = next((ours for part, ours in KINDS if part in words), FailureKind.INTERNAL)
    names = ("error_message", "message", "error", "detail")
    said = next((str(given[name]) for name in names if given.get(name)), kind)
    message = said or "The outside worker gave no reason."
    return Failure(task.id, found, message[:2000], _raw(given), _asked(given, ""))


def _asked(given: Mapping[str, Any], key: str) -> CallRecord:
    usage = Usage(int(_number(given, "prompt_tokens") or 0), int(_tokens(given)))
    cost = _number(given, "total_cost_usd")
    if cost is None:
        cost = _number(given, "cost")
    latency = _number(given, "latency") or 0.0
    return CallRecord(usage=usage, cost=cost, latency=latency, calls=1, request_key=key)


def _tokens(given: Mapping[str, Any]) -> float:
    return _number(given, "completion_tokens") or 0.0


def _number(given: Mapping[str, Any], name: str) -> float | None:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        return None
    return float(value)


def _raw(given: Mapping[str, Any]) -> str:
    output = given.get("output")
    return output[:8000] if isinstance(output, str) else ""
