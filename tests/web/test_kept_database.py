"""A database of before typed records is migrated, read and served as it always was."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from ml_backend.container import Container
from ml_backend.records import ConfidenceWay, PublishPlan, RunOptions, RunStatus, Stage, TruthSource
from ml_backend.store.database import HEAD, _revision
from ml_backend.web import create_app
from support import kept_database as kept
from support.fake_label_studio import FakeLabelStudio
from support.place import close, settings
from support.tables import each_row


@pytest.fixture(scope="module")
def then() -> Iterator[FakeLabelStudio]:
    """Label Studio as it was when the database was made: one for all tests, for they only read."""
    with FakeLabelStudio() as studio:
        kept.seed(studio)
        yield studio


@pytest.fixture(scope="module")
def container(
    then: FakeLabelStudio, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    folder = tmp_path_factory.mktemp("kept")
    kept.load(folder)
    opened = Container(settings(folder, then, "http://model.invalid/v1"))
    yield opened
    close(opened)


@pytest.fixture(scope="module")
def client(container: Container, then: FakeLabelStudio) -> FlaskClient:
    opened = create_app(container).test_client()
    opened.environ_base["HTTP_AUTHORIZATION"] = f"Token {then.token}"
    return opened


def test_it_is_brought_to_the_newest_revision(container: Container) -> None:
    assert _revision(container.store.database.engine) == HEAD


@each_row("address", kept.addresses())
def test_the_api_answers_what_it_answered_then(client: FlaskClient, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 200
    before = json.loads(kept.answers()[address])
    now = json.loads(kept.timeless(response.get_data(as_text=True)))
    assert kept.lost(before, now) == []


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        (
            "all annotations",
            ["87.5%", "7 of 8", "75.0%", "submitted annotations", "Calibration", "macro mean"],
        ),
        (
            "spans, numbers and rankings",
            [
                "tau 0.167",
                "0.333 on average",
                "sure (each region)",
                "0.545",
                "Overlap F1",
            ],
        ),
        ("canceled before it began", ["None of these tasks has ground truth"]),
    ],
)
def test_a_report_is_a_page_with_its_figures(
    client: FlaskClient, name: str, figures: list[str]
) -> None:
    address = f"/api/inference-runs/{kept.RUNS[name]}/report?format=html"
    text = client.get(address).get_data(as_text=True)
    for figure in figures:
        assert figure in text, figure


def test_versions_and_runs_from_before_ask_for_no_confidence(container: Container) -> None:
    """So that what they asked stays what they ask, and its answers are not paid again."""
    prompts = container.store.prompts
    versions = [each for prompt in prompts.all() for each in prompts.versions(prompt.id)]
    assert versions
    assert {each.confidence for each in versions} == {ConfidenceWay.NONE}
    asked = [container.store.runs.get(run_id).snapshot for run_id in kept.RUNS.values()]
    assert {each.confidence for each in asked} == {ConfidenceWay.NONE}
    assert {each.confidence_asked for each in asked} == {None}


def test_what_a_run_asked_is_told_by_its_options(container: Container) -> None:
    runs = {name: container.store.runs.get(run_id) for name, run_id in kept.RUNS.items()}
    asked = {name: run.options for name, run in runs.items()}
    assert asked["all"] == RunOptions(fresh=True, activate=True)
    assert asked["only missing"] == RunOptions((7, 8), only_missing=True, activate=False)
    assert asked["drawn sample"] == RunOptions((2, 5, 8, 10), sample_size=4, sample_seed=11)
    assert asked["three answers each"].samples == 3
    assert asked["followed"] == RunOptions(follow=True, budget=1.5)
    assert asked["all annotations"].truth is TruthSource.ANNOTATIONS
    assert asked["boxes of an outside worker"].worker_job == "worker-1"
    assert asked["refined, on held-out tasks"].held_out
    assert "flatter" in asked["refined, on all ground truth"].caution
    assert asked["going on after /predict"] == RunOptions((8, 9, 10), continues="/predict")
    pool = runs["few-shot"].snapshot.few_shot
    assert pool is not None
    assert (pool.most, pool.examples, pool.revisions) == (2, 12, (1,))


def test_a_run_in_the_middle_has_the_plan_it_goes_on_by(container: Container) -> None:
    plans = {name: container.store.runs.get(kept.RUNS[name]).plan for name in kept.RUNS}
    assert plans["open, pending"] == PublishPlan()
    assert plans["open, asking"].ask_again
    assert plans["open, asking"].writes is None
    stopped = plans["open, planning"].stopped
    assert stopped is not None
    assert stopped.status is RunStatus.CANCELED
    for stage in ("clearing", "loading", "verifying"):
        planned = plans[f"open, {stage}"].planned
        assert planned.watermark == max(planned.clear) > 0
    project = plans["open, loading"].project
    assert project is not None
    assert project.newest_task[0] == 10


def test_every_run_is_read(container: Container) -> None:
    runs = {run.id: run for run in container.store.runs.search(limit=1000)}
    assert sorted(runs) == sorted(kept.RUNS.values())
    assert {run.id for run in runs.values() if run.metrics} == set(kept.MEASURED)
    assert {run.stage for run in runs.values()} == set(Stage)
