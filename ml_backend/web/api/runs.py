"""Runs: `client.prompts.runs` and `.indicators` of the SDK, outside workers, progress."""

from __future__ import annotations

from typing import Any

from flask import request

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.next_steps import in_words_throughout
from ml_backend.records import Prompt, PromptVersion, Run
from ml_backend.services.callers.access import Caller
from ml_backend.services.evaluation.indicators import indicators_of
from ml_backend.services.jobs import documents
from ml_backend.services.runs.run_request import RunRequest, request_of
from ml_backend.web.actions.report_response import report_answer
from ml_backend.web.actions.runs import cancel, start
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.indicators import Indicator
from ml_backend.web.api.wire.parts import Detail, Page, ordered, paged, slice_of
from ml_backend.web.api.wire.reports import ReportAnswer, ReportQuery
from ml_backend.web.api.wire.runs import (
    RUN_NAMES,
    FailedPredictionsQuery,
    FailureAnswer,
    FailureQuery,
    HandedIn,
    HandedInFailures,
    PredictionsQuery,
    RunAnswer,
    RunCreate,
    RunProgress,
    RunQuery,
    Taken,
    TakenFailures,
)
from ml_backend.web.server import identity
from ml_backend.web.server.next_steps import WORDS
from ml_backend.web.server.services import services

RUNS = "/prompts/<prompt_id>/versions/<version_id>/inference-runs"
MANY_RUNS = 10_000

api = Operations("runs_api", "runs")


@api.add("GET", RUNS, list[RunAnswer], query=RunQuery)
def list_runs(prompt_id: int, version_id: int, query: RunQuery) -> list[RunAnswer]:
    """List a version's runs, newest first."""
    caller = identity.caller()
    _, version = _find(caller, prompt_id, version_id)
    if query.parent_model not in (None, prompt_id):
        return []
    found = services().store.runs.search(
        version_id=version.id, project_id=query.project, limit=MANY_RUNS
    )
    seen = set(services().access.visible(caller, list({each.project_id for each in found})))
    found = [
        each
        for each in found
        if each.project_id in seen and query.project_subset in (None, each.subset)
    ]
    found = ordered(
        found,
        query.ordering,
        {
            "id": lambda each: each.id,
            "created_at": lambda each: each.created_at,
            "triggered_at": lambda each: each.started_at,
            "completed_at": lambda each: each.completed_at,
            "status": lambda each: each.status.value,
            "project": lambda each: each.project_id,
        },
    )
    return [RunAnswer.of(each) for each in found]


@api.add("POST", RUNS, RunAnswer, status=201, body=RunCreate, names=RUN_NAMES)
def create_run(prompt_id: int, version_id: int, body: RunCreate) -> RunAnswer:
    """Start a run; it goes on by itself and publishes its predictions at its end."""
    caller = identity.caller()
    prompt, version = _find(caller, prompt_id, version_id)
    project = services().access.project(caller, body.project)
    return RunAnswer.of(start(caller, prompt, version, project, _options(body)))


@api.add("POST", f"{RUNS}/<inference_run_id>/cancel", Detail)
def cancel_run(prompt_id: int, version_id: int, inference_run_id: int) -> Detail:
    """Stop asking; what was answered is still published."""
    caller = identity.caller()
    _find(caller, prompt_id, version_id)
    run = services().access.run(caller, inference_run_id)
    if not run.is_answered_by(version_id):
        raise NotFound(f"This version has no run {run.id}.", field="run")
    cancel(run)
    return Detail(detail=f"Run {run.id} is being canceled; what was answered is kept.")


@api.add("GET", "/inference-runs/<id>/", RunProgress)
def get_run(id: int) -> RunProgress:
    """Return a run in full: progress, failures by kind, cost, metrics."""
    return RunProgress.of(services().access.run(identity.caller(), id))


@api.add("GET", "/inference-runs/<id>/failures", Page[FailureAnswer], query=FailureQuery)
def list_failures(id: int, query: FailureQuery) -> dict[str, Any]:
    """List the tasks without a prediction, and why."""
    run = services().access.run(identity.caller(), id)
    found = [
        each for each in services().runs.failures(run) if query.kind in (None, each.kind.value)
    ]
    shown = [FailureAnswer.of(each) for each in slice_of(found, query)]
    return paged(len(found), query, shown)


@api.add("GET", "/inference-runs/<id>/report", ReportAnswer, query=ReportQuery, page=True)
def get_report(id: int, query: ReportQuery) -> Any:
    """Report a run: metrics, wrong answers, failures, cost and the prompt, as JSON or as a page."""
    caller = identity.caller()
    run = services().access.run(caller, id)
    report = services().run_reports.report(run, caller.studio)
    accepted = request.accept_mimetypes
    wanted = query.format or (
        "html" if accepted["text/html"] > accepted["application/json"] else "json"
    )
    if wanted == "json":
        return in_words_throughout(documents.of_run_report(report), WORDS)
    return report_answer(report, WORDS)


@api.add("GET", "/inference-runs/<id>/indicators/", list[Indicator])
def list_indicators(id: int) -> list[Indicator]:
    """List a run's figures."""
    run = services().access.run(identity.caller(), id)
    return [Indicator.of(each) for each in indicators_of(run)]


@api.add("GET", "/inference-runs/<id>/indicators/<path:indicator_key>", Indicator)
def get_indicator(id: int, indicator_key: str) -> Indicator:
    """Return one of a run's figures by its key."""
    run = services().access.run(identity.caller(), id)
    for each in indicators_of(run):
        if each.key == indicator_key:
            return Indicator.of(each)
    raise NotFound(f"Run {id} has no indicator {indicator_key!r}.", field="indicator_key")


@api.add(
    "POST",
    "/model-run/batch-predictions",
    Taken,
    status=201,
    query=PredictionsQuery,
    body=HandedIn,
    names={"task_id": "results", "result": "results"},
)
def batch_predictions(query: PredictionsQuery, body: HandedIn) -> Taken:
    """Hand in an outside worker's answers; once every task has one they are published."""
    caller = identity.caller()
    run = _own_run(caller, body.modelrun_id)
    services().outside_workers.predictions(caller.studio, run, body.results, body.job_id)
    services().offer_run(run.id)
    return Taken(job_id=body.job_id or run.worker_job, results=body.results)


@api.add(
    "POST",
    "/model-run/batch-failed-predictions",
    TakenFailures,
    status=201,
    query=FailedPredictionsQuery,
    body=HandedInFailures,
    names={"task_id": "failed_predictions", "results": "failed_predictions"},
)
def batch_failed_predictions(
    query: FailedPredictionsQuery, body: HandedInFailures
) -> TakenFailures:
    """Hand in an outside worker's failures."""
    caller = identity.caller()
    run = _own_run(caller, body.modelrun_id)
    services().outside_workers.failures(caller.studio, run, body.failed_predictions, body.job_id)
    services().offer_run(run.id)
    return TakenFailures(
        job_id=body.job_id or run.worker_job, failed_predictions=body.failed_predictions
    )


def _find(caller: Caller, prompt_id: int, version_id: int) -> tuple[Prompt, PromptVersion]:
    prompt = services().access.prompt(caller, prompt_id)
    return prompt, services().access.version(prompt, version_id)


def _own_run(caller: Caller, run_id: int) -> Run:
    run = services().access.run(caller, run_id)
    services().access.prompt(caller, run.prompt_id)
    return run


def _options(body: RunCreate) -> RunRequest:
    if body.task_ids is not None and body.filters_json is not None:
        raise InvalidInput("task_ids and filters_json exclude each other.", field="tasks")
    return request_of(
        body.project_subset if "project_subset" in body.model_fields_set else None,
        sample_size=body.sample_subset_size,
        sample_seed=body.sample_seed,
        task_ids=body.task_ids,
        filters=body.filters_json,
        only_missing=bool(body.only_missing_predictions),
        budget=body.budget,
        truth=body.truth,
        samples=body.samples,
        together=body.together,
        held_out=body.held_out,
        worker_job=body.job_id or "",
        organization=body.organization,
    )
