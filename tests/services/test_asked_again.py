"""Cost and tokens of a run are all that was spent, on answers that were asked again as well."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm import Request
from ml_backend.records import (
    CallRecord,
    Failure,
    FailureKind,
    Prediction,
    Run,
    RunStatus,
    Usage,
)
from ml_backend.services.jobs.documents import of_run, of_run_report
from ml_backend.services.runs.executor import Executor
from ml_backend.web.api.wire.runs import RunProgress
from support.house import CONFIG, House

RENAMED = CONFIG.replace('<Choice value="A"/>', '<Choice value="Good"/>')
LINE = (
    "The labeling config was changed meanwhile: 3 answers no longer fitted it and were asked "
    "again; cost and tokens count both."
)
EACH = 12 * 1e-6
"""Dollars an answer: 10 tokens in, 2 out, at a dollar a million."""


@pytest.fixture
def priced(house: House) -> House:
    container = house.container
    container.given_prices.give(container.models.default, "scripted", (1.0, 1.0))
    return house


def rename(house: House, project: int) -> None:
    path = f"api/projects/{project}/"
    house.container.studio._transport.send("PATCH", path, {"label_config": RENAMED})


def renaming_at(house: House, project: int, text: str) -> Any:
    """Answer A, or Good once the class is called so; the config changes while ``text`` is asked."""

    def answer(request: Request) -> str:
        if "Good" in str(request.schema):
            return '{"topic": "Good"}'
        if request.inputs["text"] == text:
            rename(house, project)
        return '{"topic": "A"}'

    return answer


def totals_of(run: Run) -> tuple[int, Usage, float | None]:
    return run.totals.succeeded, run.totals.usage, run.totals.cost


@pytest.mark.slow
def test_what_a_changed_config_had_asked_again_is_counted_and_told(priced: House) -> None:
    project, _ = priced.project(3)
    prompt, version = priced.prompt(project)
    priced.model.answer = renaming_at(priced, project, "text 2")
    run = priced.run(prompt, version, project)
    assert run.status is RunStatus.COMPLETED
    assert len(priced.model.asked) == 6
    assert totals_of(run) == (3, Usage(60, 12), pytest.approx(6 * EACH))
    assert (run.totals.again.answers, run.totals.again.unfitting, run.totals.paid) == (3, 3, 6)
    assert LINE in run.message
    assert (of_run(run)["no_longer_fitting"], of_run(run)["cost"]) == (3, run.totals.cost)
    assert RunProgress.of(run).no_longer_fitting == 3
    reported = of_run_report(priced.container.run_reports.report(run, priced.container.studio))[
        "run"
    ]
    assert (reported["asked_again"], reported["no_longer_fitting"]) == (3, 3)
    spent = priced.container.store.runs.get(run.id).totals
    assert spent == run.totals, "and so it is kept"


@pytest.mark.slow
def test_a_process_that_takes_the_run_over_knows_what_was_spent(
    priced: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, _ = priced.project(3)
    prompt, version = priced.prompt(project)
    priced.model.answer = renaming_at(priced, project, "text 2")
    run = priced.start(prompt, version, project)
    with monkeypatch.context() as broken:
        broken.setattr(Executor, "_predictor", _fails_when_renamed(Executor._predictor))
        priced.execute(run)
    store = priced.container.store
    assert store.runs.get(run.id).status is RunStatus.FAILED
    assert store.outcomes.totals(run.id).usage == Usage(30, 6), "of answers it has no more"
    resumed = priced.execute(priced.container.runs.resume(store.runs.get(run.id)))
    assert totals_of(resumed) == (3, Usage(60, 12), pytest.approx(6 * EACH))
    assert LINE in resumed.message


def _fails_when_renamed(predictor: Any) -> Any:
    def fail(self: Executor, run: Run, studio: Any, **options: Any) -> Any:
        if "Good" in studio.get_project(run.project_id).label_config:
            raise RuntimeError("the process ends here")
        return predictor(self, run, studio, **options)

    return fail


@pytest.mark.slow
def test_failures_that_are_asked_again_were_paid_for_too(priced: House) -> None:
    project, _ = priced.project(2)
    prompt, version = priced.prompt(project)

    def fail(request: Request) -> str:
        if request.inputs["text"] == "text 0":
            error = ModelError("busy", kind=FailureKind.SERVER_ERROR)
            error.usage = Usage(100, 0)
            raise error
        raise RunStopper("no credit", kind=FailureKind.QUOTA)

    priced.model.answer = fail
    run = priced.run(prompt, version, project)
    assert run.status is RunStatus.FAILED
    priced.model.answer = lambda request: '{"topic": "A"}'
    resumed = priced.execute(priced.container.runs.resume(run))
    assert totals_of(resumed) == (2, Usage(120, 4), pytest.approx(100e-6 + 2 * EACH))
    assert (resumed.totals.again.answers, resumed.totals.again.unfitting) == (1, 0)
    assert "labeling config was changed" not in resumed.message


@pytest.mark.slow
def test_what_was_never_asked_is_not_asked_again(priced: House) -> None:
    store = priced.container.store.outcomes
    project, _ = priced.project(5)
    run = priced.start(*priced.prompt(project), project)
    paid = CallRecord(Usage(10, 2), cost=EACH, calls=1)
    store.add(
        run.id,
        [
            Failure(1, FailureKind.NO_INPUT, "Nothing to ask.", asked=CallRecord(cost=0.0)),
            Failure(2, FailureKind.CONNECTION, "No picture.", asked=CallRecord(cost=0.0)),
            Failure(3, FailureKind.SERVER_ERROR, "It broke.", asked=paid),
            Prediction(4, {"topic": "A"}, [], None, (), CallRecord(cost=0.0, cached=True), "A"),
            Prediction(5, {"topic": "A"}, [], None, (), paid, "A"),
        ],
    )
    store.forget_tasks(run.id, [1, 2, 3, 4, 5], unfitting=True)
    again = store.totals(run.id).again
    assert (again.answers, again.unfitting, again.paid) == (3, 3, 2)
    assert again.cost == pytest.approx(2 * EACH)


@pytest.mark.slow
def test_an_answer_refused_before_the_run_was_stopped_was_paid_for(priced: House) -> None:
    project, _ = priced.project(1)
    prompt, version = priced.prompt(project)
    answers = iter(["no JSON"])

    def answer(request: Request) -> str:
        try:
            return next(answers)
        except StopIteration:
            raise RunStopper("no credit", kind=FailureKind.QUOTA) from None

    priced.model.answer = answer
    run = priced.run(prompt, version, project)
    assert run.status is RunStatus.FAILED
    assert totals_of(run) == (0, Usage(10, 2), pytest.approx(EACH))


@pytest.mark.slow
def test_a_budget_counts_what_was_dropped(priced: House) -> None:
    project, _ = priced.project(3)
    prompt, version = priced.prompt(project)
    priced.model.answer = renaming_at(priced, project, "text 2")
    run = priced.run(prompt, version, project, budget=1.0)
    store = priced.container.store.outcomes
    assert store.totals(run.id).cost == pytest.approx(6 * EACH)
    store.add_spent(run.id, Usage(1, 1), None)
    assert store.totals(run.id).cost is None, "a sum with an unknown part is unknown"
