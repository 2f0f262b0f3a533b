"""/metrics as Prometheus reads it."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from ml_backend import __version__
from ml_backend.records import Example, Run, RunOptions, RunSnapshot
from ml_backend.web import create_app
from support.place import Place
from support.simulator import Simulator

PREFIX = "label_studio_prompts_"


def scrape(client: FlaskClient, path: str = "/metrics") -> dict[str, dict[tuple[str, ...], float]]:
    """Every sample by name without prefix, then by the values of its labels, sorted by name."""
    response = client.get(path)
    assert response.status_code == 200
    assert response.content_type.startswith("text/plain")
    families = list(text_string_to_metric_families(response.text))
    assert all(family.name.startswith(PREFIX) for family in families)
    assert all(family.documentation for family in families)
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in families:
        for sample in family.samples:
            name = sample.name.removeprefix(PREFIX)
            values = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(name, {})[values] = sample.value
    return found


def make_run(place: Place, **values: Any) -> Run:
    return place.container.store.runs.create(
        prompt_id=1,
        version_id=1,
        project_id=place.project_id,
        label="Topics__v1",
        slot="all",
        subset="All",
        snapshot=RunSnapshot(),
        options=RunOptions(),
        **{"cost": 0.0, **values},
    )


@pytest.fixture
def client(place: Place) -> FlaskClient:
    """An app of its own, over the same store: what another worker tells."""
    return create_app(place.container).test_client()


@pytest.mark.slow
def test_an_empty_store_is_all_zeros(place: Place) -> None:
    found = scrape(place.client)
    assert found["runs"] == {
        (status,): 0 for status in ("Pending", "InProgress", "Completed", "Failed", "Canceled")
    }
    assert found["run_tasks"] == {("ok",): 0}
    assert found["run_cost_dollars"] == found["runs_of_unknown_cost"] == {(): 0}
    assert found["events_waiting"] == found["predictions_served"] == {(): 0}
    [build] = found["build_info"]
    assert __version__ in build


@pytest.mark.parametrize("prefix", ["/prompts/7", "/prompts/7/versions/3"])
def test_it_answers_under_every_path_of_the_protocol(place: Place, prefix: str) -> None:
    assert "runs" in scrape(place.client, f"{prefix}/metrics")


@pytest.mark.slow
def test_runs_are_added_up_over_the_store(place: Place, client: FlaskClient) -> None:
    first = make_run(place, total=5, succeeded=2, failed=1, cost=0.25, failures={"refused": 1})
    spent: dict[str, Any] = {"prompt_tokens": 70, "completion_tokens": 9, "cost": 0.5}
    kinds = {"refused": 2, "timeout": 1}
    second = make_run(place, total=9, succeeded=6, failed=3, failures=kinds, **spent)
    fence = place.container.store.runs.claim(second.id, "a worker", 60)
    found = scrape(client)
    assert fence
    assert found["runs"][("Pending",)] == found["runs"][("InProgress",)] == 1
    assert found["run_tasks"] == {("ok",): 8, ("refused",): 3, ("timeout",): 1}
    assert found["run_tokens"] == {("prompt",): 70, ("completion",): 9}
    assert found["run_cost_dollars"] == {(): 0.75}
    project = str(place.project_id)
    assert found["open_run_tasks"] == {
        (project, str(first.id)): 5,
        (project, str(second.id)): 9,
    }
    assert found["open_run_tasks_done"][project, str(second.id)] == 9


def test_an_unknown_cost_is_never_a_zero(place: Place) -> None:
    make_run(place, total=1, succeeded=1, cost=None)
    make_run(place, total=1, succeeded=1, cost=0.5)
    found = scrape(place.client)
    assert found["run_cost_dollars"] == {(): 0.5}
    assert found["runs_of_unknown_cost"] == {(): 1}


@pytest.mark.slow
def test_what_predict_gave_out_and_could_not_answer(
    place: Place, client: FlaskClient, simulator: Simulator
) -> None:
    place.prompt()
    simulator.control({"match": "number 2", "fault": "garbage"})
    assert place.predict(place.tasks(3)).status_code == 200
    found = scrape(client)
    assert found["predictions_served"] == {(): 2}
    assert found["predict_failures"] == {("invalid_answer",): 1}
    assert found["predict_tasks_total"] == {("ok",): 2, ("invalid_answer",): 1}


@pytest.mark.slow
def test_events_and_examples_are_counted(place: Place) -> None:
    store = place.container.store
    store.events.add(place.project_id, "ANNOTATION_CREATED", annotation_ids=[1])
    example = Example(1, {"text": "x"}, {"topic": "a"}, annotation_id=1)
    revision = store.examples.revision(place.project_id)
    assert store.examples.replace(place.project_id, [example], revision=revision)
    found = scrape(place.client)
    assert found["events_waiting"] == {(): 1}
    assert found["examples"] == {(str(place.project_id),): 1}


def test_requests_are_timed_by_route_and_never_by_what_callers_make_up(place: Place) -> None:
    place.client.get("/prompts/1/health")
    place.client.get("/prompts/2/health")
    place.client.get("/nobody/knows/1")
    place.client.open("/nobody/knows/2", method="BREW")
    place.client.post("/predict", data="no JSON")
    counts = scrape(place.client)["request_duration_seconds_count"]
    assert counts == {
        ("/prompts/<prompt>/health", "GET", "200"): 2,
        ("unknown", "GET", "404"): 1,
        ("unknown", "other", "404"): 1,
        ("/predict", "POST", "400"): 1,
    }
    sums = scrape(place.client)["request_duration_seconds_sum"]
    assert all(0 < seconds < 10 for seconds in sums.values())


def test_openmetrics_is_spoken_where_it_is_asked_for(place: Place) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    response = place.client.get("/metrics", headers=accept)
    assert response.content_type.startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


@pytest.mark.slow
def test_basic_auth_guards_it_and_refusals_are_timed(place: Place) -> None:
    auth = ("labeler", "a password")
    app = guarded(place, *auth)
    assert app.get("/metrics").status_code == 401
    response = app.get("/metrics", auth=auth)
    assert response.status_code == 200
    assert '{endpoint="/metrics",method="GET",status="401"} 1.0' in response.text


def guarded(place: Place, user: str, password: str) -> FlaskClient:
    settings = place.container.settings.model_copy(
        update={"basic_auth_user": user, "basic_auth_pass": password}
    )
    place.container.settings = settings
    return create_app(place.container).test_client()
