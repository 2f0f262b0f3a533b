"""The score of a version, and runs as a person watches, stops, resumes and retries them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.records import Failure, FailureKind, Prediction, RunStatus, Slot, Stage, Subset
from ml_backend.store import tables as t
from ml_backend.web.ui.shell.session import QUIET
from support.api import STRANGER
from support.pages import Page, Pages, sign_in
from support.server import eventually
from support.stored_runs import measured, stored_run

CANCELED, FAILED, COMPLETED = RunStatus.CANCELED, RunStatus.FAILED, RunStatus.COMPLETED


@pytest.fixture
def ids(pages: Pages) -> tuple[int, int]:
    """A prompt with a version; the engine does nothing."""
    prompt, version = pages.api.prompt()
    pages.container.engine.stop(0)
    return prompt.id, version.id


def score(pages: Pages, ids: tuple[int, int]) -> Page:
    return pages.get(f"/ui/prompts/{ids[0]}?version={ids[1]}")


# The states of the score


@pytest.mark.slow
def test_version_that_never_ran_says_how_to_get_a_score(pages: Pages, ids: tuple[int, int]) -> None:
    page = score(pages, ids)
    assert page.text(".headline") == "No accuracy yet"
    assert "Evaluate on 6 Ground Truths to get a score." in page.text("#score")


@pytest.mark.slow
def test_project_without_annotations_says_what_to_do(pages: Pages) -> None:
    config = pages.container.studio.get_project(pages.project).label_config
    project, _ = pages.studio.seed(config, [{"data": {"text": "x"}}])
    prompt = pages.api.client.prompts.create(title="Bare", associated_projects=[project])
    pages.api.client.prompts.versions.create(
        prompt.id, title="Version 1", prompt="{text}", provider_model_id="simulated"
    )
    page = pages.get(f"/ui/prompts/{prompt.id}")
    assert "Nothing is annotated yet. Annotate tasks in Label Studio" in page.text("#score")
    assert "disabled" in page.one("[name=baseline][value=HasGT]").attributes
    assert "checked" in page.one("[name=baseline][value=Sample]").attributes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "columns", "says", "button"),
    [
        (
            COMPLETED,
            {"succeeded": 6, "cost": 0.06, "metrics": measured(5, 6)},
            ["83%", "5 of 6 right", "50–90%", "$0.01 per task", "Cost $0.0600"],
            None,
        ),
        (
            COMPLETED,
            {"succeeded": 6, "cost": None, "metrics": measured(5, 6)},
            ["unknown per task", "Cost unknown"],
            None,
        ),
        (
            COMPLETED,
            {"succeeded": 6, "cost": 0.06, "metrics": measured(5, 6), "stale": "Truth changed."},
            ["83%", "Stale Truth changed."],
            None,
        ),
        (
            COMPLETED,
            {
                "succeeded": 3, "failed": 3, "failures": {"rate_limit": 2, "invalid_answer": 1},
                "metrics": measured(3, 6),
            },
            ["3 done, 3 failed: 2 rate limit, 1 invalid answer."],
            "Try the 3 again",
        ),
        (
            COMPLETED,
            {"succeeded": 6, "failures": {"nothing_to_tell": 2}, "metrics": measured(4, 6)},
            ["6 tasks done", ", 2 with nothing to tell."],
            None,
        ),
        (
            COMPLETED,
            {
                "succeeded": 5, "failed": 1, "failures": {"timeout": 1, "nothing_to_tell": 2},
                "metrics": measured(3, 6),
            },
            ["5 done, 2 with nothing to tell, 1 failed: 1 timeout."],
            "Try the 1 again",
        ),
        (
            CANCELED,
            {"succeeded": 2, "failed": 2, "failures": {"timeout": 1, "refused": 1}, "cost": 0.01},
            ["Stopped at 4 of 6 tasks. Kept."],
            "Resume 3 tasks",
        ),
        (
            FAILED,
            {"message": "The provider refused the key.", "failures": {}},
            ["The provider refused the key. 0 tasks done, $0 spent.", "Connections"],
            "Resume 6 tasks",
        ),
    ],
    ids=[
        *("done", "price unknown", "stale", "partly failed", "nothing to tell"),
        *("nothing to tell and failed", "stopped", "failed"),
    ],
)  # fmt: skip
def test_each_ending_says_what_happened_what_was_kept_and_the_next_step(
    pages: Pages,
    ids: tuple[int, int],
    status: RunStatus,
    columns: dict[str, Any],
    says: list[str],
    button: str | None,
) -> None:
    stored_run(pages, ids[1], status, **columns)
    page = score(pages, ids)
    for each in says:
        assert each in page.text("#score").replace("$0.0100", "$0.01").replace("! ", "")
    found = [each.text() for each in page.all("#score form button")]
    assert found == ([button] if button else [])
    assert not page.all("#run")


@pytest.mark.slow
def test_actual_cost_stands_against_the_estimate(pages: Pages, ids: tuple[int, int]) -> None:
    stored_run(pages, ids[1], options={"estimated": 0.05}, succeeded=6, cost=0.06)
    assert "Cost $0.0600, estimated $0.0500." in score(pages, ids).text("#score")


@pytest.mark.slow
def test_score_of_an_earlier_text_is_marked(pages: Pages, ids: tuple[int, int]) -> None:
    stored_run(pages, ids[1], succeeded=6, metrics=measured(5, 6))
    pages.container.store.prompts.update_version(ids[1], text="Else {text}")
    assert "The score is of Version 1 before your edit." in score(pages, ids).text("#score")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tasks", "more"),
    [(6, {}), (5, {}), (6, {"fingerprint": "other"})],
    ids=["the same tasks", "other tasks", "other truths"],
)
def test_delta_is_against_the_version_evaluated_before(
    pages: Pages, ids: tuple[int, int], tasks: int, more: dict[str, Any]
) -> None:
    second = pages.api.client.prompts.versions.create(
        ids[0], title="Version 2", prompt="Else {text}", provider_model_id="simulated"
    )
    options = {"task_ids": tuple(pages.api.tasks[:tasks])}
    stored_run(pages, ids[1], succeeded=6, metrics=measured(3, 6, **more), options=options)
    stored_run(pages, second.id, succeeded=6, metrics=measured(5, 6))
    page = score(pages, (ids[0], second.id))
    assert "+33 points against Version 1" in page.text("#score")
    assert ("not comparable" in page.text("#score")) is (tasks == 5 or bool(more))
    assert "against Version" not in score(pages, ids).text("#score")


@pytest.mark.slow
def test_run_on_tasks_without_truth_is_no_score(pages: Pages, ids: tuple[int, int]) -> None:
    stored_run(pages, ids[1], succeeded=6, metrics=measured(0, 0))
    assert score(pages, ids).text(".headline") == "No accuracy yet"


@pytest.mark.slow
def test_which_version_answers_label_studio_is_shown(pages: Pages, ids: tuple[int, int]) -> None:
    second = pages.api.client.prompts.versions.create(
        ids[0], title="Version 2", prompt="Else {text}", provider_model_id="simulated"
    )
    pages.container.store.prompts.update(ids[0], active_version_id=ids[1])
    assert "Answers Label Studio" in score(pages, ids).text(".shown")
    assert "Answers Label Studio" not in score(pages, (ids[0], second.id)).text(".shown")


# Progress


@pytest.mark.slow
def test_open_run_is_watched_with_and_without_script(pages: Pages, ids: tuple[int, int]) -> None:
    run = stored_run(
        pages, ids[1], RunStatus.IN_PROGRESS, succeeded=2, failed=1, failures={"timeout": 1},
        cost=0.03,
    )  # fmt: skip
    page = score(pages, ids)
    assert "3 / 6" in page.text("#run")
    assert "1 failed · $0.0300 spent" in page.text("#run")
    assert re.search(r"about \d+ s left", page.text("#run"))
    assert page.one("#run progress").attributes["aria-label"] == "Tasks done"
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page.html
    assert page.one("#run").attributes["hx-trigger"] == "load delay:1s, every 10s"
    answer = pages.htmx(str(page.one("#run").attributes["hx-get"]))
    assert answer.one("#live").attributes["hx-swap-oob"] == "innerHTML"
    assert answer.text("#live") == "3 of 6 tasks done, 1 failed."
    further = pages.htmx(str(answer.one("#run").attributes["hx-get"]))
    assert not further.all("#live"), "nothing new is said aloud"
    assert "HX-Trigger" not in further.response.headers
    plain = pages.client.get(f"/ui/runs/{run.id}/progress")
    assert plain.location == (
        f"/ui/prompts/{ids[0]}?project={pages.project}&version={ids[1]}&run={run.id}"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "says"),
    [(COMPLETED, "completed"), (FAILED, "failed"), (CANCELED, "stopped")],
)
def test_last_answer_asks_no_more_and_has_the_page_renew_itself(
    pages: Pages, ids: tuple[int, int], status: RunStatus, says: str
) -> None:
    run = stored_run(pages, ids[1], status, succeeded=6, metrics=measured(5, 6))
    answer = pages.htmx(f"/ui/runs/{run.id}/progress?spoken=90")
    assert "hx-trigger" not in answer.one("#run").attributes
    assert answer.response.headers["HX-Trigger"] == "run-ended"
    assert answer.text("#live") == f"Run {says}: 6 of 6 tasks done."
    page = score(pages, ids)
    for part in ("#score", "#panel > span"):
        assert page.one(part).attributes["hx-trigger"] == "run-ended from:body"
    renewed = pages.htmx(str(page.one("#score").attributes["hx-get"]))
    # One that was stopped is no score of the version, and stands beside it as what it is.
    place = ".display" if status is COMPLETED else ".beside strong"
    assert renewed.text(place) == "83%"


@pytest.mark.slow
def test_running_evaluation_says_how_right_it_is_so_far(pages: Pages, ids: tuple[int, int]) -> None:
    run = stored_run(pages, ids[1], RunStatus.IN_PROGRESS)
    progress = f"/ui/runs/{run.id}/progress"
    assert "so far" not in pages.htmx(progress).text("#run")
    for task, outcome, says in (
        (0, Prediction(0, {"topic": "a"}, []), "so far 100%"),
        (1, Prediction(0, {"topic": "a"}, []), "so far 50%"),
        (2, Failure(0, FailureKind.TIMEOUT, "slow"), "so far 33%"),
        (9, Prediction(0, {"topic": "a"}, []), "so far 33%"),
    ):
        answered = replace(outcome, task_id=pages.api.tasks[task])
        pages.container.store.outcomes.add(run.id, [answered])
        assert says in pages.htmx(progress).text("#run")
    pages.container.store.outcomes.forget(run.id, [FailureKind.TIMEOUT])
    assert "so far 50%" in pages.htmx(progress).text("#run")


@pytest.mark.slow
@pytest.mark.parametrize("columns", [{"subset": "All", "slot": "all"}, {"total": 2_001}])
def test_runs_without_truth_and_large_ones_give_no_score_so_far(
    pages: Pages, ids: tuple[int, int], columns: dict[str, Any]
) -> None:
    run = stored_run(pages, ids[1], RunStatus.IN_PROGRESS, **columns)
    answered = Prediction(pages.api.tasks[0], {"topic": "a"}, [])
    pages.container.store.outcomes.add(run.id, [answered])
    assert "so far" not in pages.htmx(f"/ui/runs/{run.id}/progress").text("#run")


def test_watching_keeps_no_session_alive(pages: Pages) -> None:
    for endpoint in ("ui.show_progress", "ui.show_score"):
        assert getattr(pages.api.app.view_functions[endpoint], QUIET) is True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "canceled", "says"),
    [
        (Stage.PENDING, False, "Waiting to begin"),
        (Stage.ASKING, False, "Asking the model"),
        (Stage.LOADING, False, "Writing predictions"),
        (Stage.ASKING, True, "Stopping; what was answered is kept"),
    ],
)
def test_progress_says_what_the_run_is_doing(
    pages: Pages, ids: tuple[int, int], stage: Stage, canceled: bool, says: str
) -> None:
    run = stored_run(
        pages, ids[1], RunStatus.IN_PROGRESS, stage=stage.value, cancel_requested=canceled
    )
    answer = pages.htmx(f"/ui/runs/{run.id}/progress")
    assert says in answer.text("#run")
    assert bool(answer.all("#cancel-run")) is not canceled


# Stopping and going on


@pytest.mark.slow
def test_run_is_stopped_from_its_page(pages: Pages, ids: tuple[int, int]) -> None:
    run = stored_run(pages, ids[1], RunStatus.IN_PROGRESS, succeeded=2)
    page = pages.post(f"/ui/runs/{run.id}/cancel")
    assert "being stopped" in page.text(".notice")
    assert pages.container.store.runs.get(run.id).cancel_requested
    again = stored_run(pages, ids[1], RunStatus.IN_PROGRESS)
    assert "Stopping" in pages.post(f"/ui/runs/{again.id}/cancel", htmx=True).text("#run")
    ended = stored_run(pages, ids[1])
    assert "has ended already" in pages.post(f"/ui/runs/{ended.id}/cancel").text("[role=alert]")


@pytest.mark.slow
def test_stopped_run_goes_on(pages: Pages, ids: tuple[int, int]) -> None:
    run = stored_run(pages, ids[1], CANCELED, succeeded=2)
    page = pages.post(f"/ui/runs/{run.id}/resume")
    assert "The run goes on" in page.text(".notice")
    assert pages.container.store.runs.get(run.id).status is RunStatus.PENDING
    done = stored_run(pages, ids[1])
    assert "only Failed and Canceled" in pages.post(f"/ui/runs/{done.id}/resume").text(
        "[role=alert]"
    )


@pytest.mark.slow
def test_going_on_takes_the_right_to_the_connection(pages: Pages, ids: tuple[int, int]) -> None:
    pages.api.let_inside()
    other = pages.api.as_user()
    theirs = other.model_providers.create(
        provider="Custom", endpoint=pages.simulator.url, api_key="k", scope="User"
    )
    pages.container.store.prompts.update_version(ids[1], connection_id=theirs.id)
    run = stored_run(pages, ids[1], CANCELED, succeeded=2)
    for action in ("resume", "retry"):
        page = pages.post(f"/ui/runs/{run.id}/{action}")
        assert "not for you to use" in page.text("[role=alert]")
    assert pages.container.store.runs.get(run.id).status is CANCELED


@pytest.mark.slow
@pytest.mark.parametrize(
    ("columns", "options", "expected"),
    [
        ({}, {}, (Subset.HAS_GT, Slot.EVALUATE, 6)),
        ({"subset": "Sample"}, {"sample_size": 4}, (Subset.SAMPLE, Slot.EVALUATE, 4)),
        ({"subset": "Custom"}, {}, (Subset.CUSTOM, Slot.EVALUATE, 6)),
        ({"subset": "All", "slot": "all"}, {}, (Subset.ALL, Slot.ALL, 10)),
    ],
)
def test_failures_are_retried_by_a_run_over_the_same_tasks(
    pages: Pages,
    ids: tuple[int, int],
    columns: dict[str, str],
    options: dict[str, Any],
    expected: tuple[Subset, Slot, int],
) -> None:
    failures = {"succeeded": 5, "failed": 1, "failures": {"timeout": 1}}
    run = stored_run(pages, ids[1], options=options, **failures, **columns)
    page = pages.post(f"/ui/runs/{run.id}/retry")
    assert "1 task will be asked again." in page.text(".notice")
    again = pages.container.store.runs.search(prompt_id=ids[0])[0]
    assert again.id != run.id
    assert (again.subset, again.slot, again.totals.total) == expected


@pytest.mark.slow
def test_runs_of_others_are_not_there(pages: Pages, ids: tuple[int, int]) -> None:
    run = stored_run(pages, ids[1], RunStatus.IN_PROGRESS)
    pages.api.as_user(hidden=[pages.project])
    with pages.api.app.test_client() as client:
        sign_in(client, STRANGER)
        stranger = Pages(pages.api, client)
        assert stranger.htmx(f"/ui/runs/{run.id}/progress").status == 404
        for action in ("cancel", "resume", "retry"):
            assert stranger.post(f"/ui/runs/{run.id}/{action}").status == 404
    assert not pages.container.store.runs.get(run.id).cancel_requested


@pytest.mark.slow
def test_evaluation_from_the_page_ends_in_a_score_and_asks_failures_alone_again(
    pages: Pages,
) -> None:
    prompt, _ = pages.api.prompt()
    path = f"/ui/prompts/{prompt.id}"
    pages.simulator.control({"match": "message 3", "fault": "garbage"})
    store = pages.container.store

    def ended() -> bool:
        return store.runs.search(prompt_id=prompt.id)[0].status.is_final

    pages.post(f"{path}/editor", **pages.get(path).fields("#editor"), do="run")
    eventually(ended)
    page = pages.get(path)
    assert "5 done, 1 failed: 1 invalid answer." in page.text("#score")
    assert "of 6 right" in page.text("#score")
    pages.simulator.control()
    asked = pages.simulator.stats()["by_message"]
    [form] = page.all("#score form")
    pages.post(str(form.attributes["action"]))
    eventually(ended)
    assert "6 tasks done" in pages.get(path).text("#score")
    now = pages.simulator.stats()["by_message"]
    assert sum(now.values()) == sum(asked.values()) + 1, "what was answered is not asked again"


@pytest.mark.slow
def test_a_run_that_nobody_works_on_is_said_and_not_asked_for_again(
    pages: Pages, ids: tuple[int, int]
) -> None:
    store = pages.container.store
    run = stored_run(pages, ids[1], RunStatus.IN_PROGRESS)
    page = score(pages, ids)
    assert "hx-get" in page.one("#run").attributes
    with store.database.write() as c:
        c.execute(sa.update(t.runs).where(t.runs.c.id == run.id).values(lease_until=1.0))
    page = score(pages, ids)
    assert "Stalled" in page.text("#run")
    assert "hx-get" not in page.one("#run").attributes
    assert "hx-get" not in page.one("#new-results").attributes
    assert "hx-get" not in pages.htmx(f"/ui/runs/{run.id}/progress").one("#run").attributes
