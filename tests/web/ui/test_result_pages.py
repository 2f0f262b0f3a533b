"""The results tab: filters, pages, one task in full, its acceptance, CSV and the report."""

from __future__ import annotations

import csv
import io
import json
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.records import (
    Confidence,
    ConfidenceSource,
    Outcome,
    Prediction,
    Problem,
    Run,
    Subset,
)
from support.api import Api, task
from support.by_hand import get_task
from support.labels import own
from support.measured import choices, measured_run, outcome
from support.pages import Page, Pages, sign_in
from support.sdk import ended_run
from support.wire import CONFIG, region, row

EVIL = '<script>alert(1)</script>"onmouseover=x {{7*7}} =cmd'
RIGHT = {0: "a", 1: "b", 2: "a", 3: "b", 4: "a", 5: "b"}


@pytest.fixture
def run(pages: Pages) -> Run:
    """A run over the six true tasks: four right, one wrong, one failed."""
    return evaluated(pages, {**RIGHT, 1: "a", 2: None})


def evaluated(pages: Pages, answers: Mapping[int, str | None], title: str = "Topics") -> Run:
    return measured_run(pages, choices(pages, answers), title=title)


def results(run: Run, query: str = "") -> str:
    return f"/ui/prompts/{run.prompt_id}/results?run={run.id}{query}"


def shown_tasks(page: Page) -> list[int]:
    return [int(each.attributes["id"].split("-")[1]) for each in page.all("tbody[id^=task-]")]  # type: ignore[union-attr]


def of(pages: Pages, *places: int) -> list[int]:
    return [pages.api.tasks[place] for place in places]


@pytest.mark.slow
def test_a_version_that_was_never_run_says_so(pages: Pages) -> None:
    prompt, _ = pages.api.prompt()
    page = pages.get(f"/ui/prompts/{prompt.id}/results")
    assert "Version 1 was never run" in page.text("#panel")


@pytest.mark.slow
def test_a_task_stands_with_input_prediction_truth_and_whether_they_agree(
    pages: Pages, run: Run
) -> None:
    page = pages.get(results(run))
    right, wrong, failed = (page.text(f"#task-{each}") for each in of(pages, 0, 1, 2))
    assert "message 0" in right
    assert "✓ Match" in right
    assert "the same: a" in right
    assert "differs: b" in wrong
    assert "✗ Mismatch" in wrong
    assert "✗ timeout" in failed
    link = page.all(f"#task-{pages.api.tasks[0]} a")[1].attributes
    assert link["href"] == (
        f"{pages.studio.url}/projects/{pages.project}/data?task={pages.api.tasks[0]}"
    )
    assert link["target"] == "_blank"


@pytest.mark.slow
def test_filters_and_orders_show_their_tasks(pages: Pages, run: Run) -> None:
    table = {
        "": (1, 2, 0, 3, 4, 5),
        "&order=task": (0, 1, 2, 3, 4, 5),
        "&filter=mismatch": (1, 2),
        "&filter=match": (0, 3, 4, 5),
        "&filter=error": (2,),
        "&order=-task": (5, 4, 3, 2, 1, 0),
        "&control=topic&truth=b&given=a": (1,),
        "&control=topic&truth=a": (2,),
    }
    for query, places in table.items():
        assert shown_tasks(pages.get(results(run, query))) == of(pages, *places), query


@pytest.mark.slow
def test_filters_are_links_with_counts_and_lead_to_what_they_count(pages: Pages, run: Run) -> None:
    page = pages.get(results(run))
    links = page.all(".filters a")
    words = [each.text() for each in links]
    assert words == ["All 6", "Mismatch 2", "Needs review 0", "Has error 1", "Match 4"]
    assert [each.attributes.get("aria-current") for each in links] == ["true"] + [None] * 4
    for link in links:
        found = pages.get(str(link.attributes["href"]))
        assert len(shown_tasks(found)) == int(link.text().split()[-1])
        assert found.one(".filters a[aria-current]").text() == link.text()


@pytest.mark.slow
def test_chosen_tasks_are_a_filter_that_can_be_removed(pages: Pages, run: Run) -> None:
    one, four = of(pages, 1, 4)
    page = pages.get(results(run, f"&tasks={one},{four},{four + 999}"))
    assert shown_tasks(page) == [one, four]
    assert "2 tasks of 3 chosen tasks" in page.text(".selection")
    assert not page.all(".filters a[aria-current]")
    assert len(shown_tasks(pages.get(str(page.one(".selection a").attributes["href"])))) == 6


@pytest.mark.slow
def test_a_cell_of_the_matrix_is_a_filter_that_says_its_classes(pages: Pages, run: Run) -> None:
    page = pages.get(results(run, "&control=topic&truth=a"))
    assert "1 task with truth a and answer none in topic" in page.text(".selection")


@pytest.mark.slow
def test_what_needs_review_is_said_and_its_threshold_can_be_set(pages: Pages, run: Run) -> None:
    sure, unsure = of(pages, 0, 1)
    rescore(pages, run, {sure: 0.9, unsure: 0.65})
    page = pages.get(results(run, "&filter=review"))
    assert shown_tasks(page) == [unsure]
    assert "confidence below" in page.text(".review-line")
    fields = {**page.fields("form.review-line"), "below": "0.95"}
    assert fields["filter"] == "review"
    wider = pages.get(f"/ui/prompts/{run.prompt_id}/results?{urlencode(fields)}")
    assert shown_tasks(wider) == [sure, unsure]
    first = shown_tasks(pages.get(results(run, "&order=score")))
    assert first[:2] == [unsure, sure]


@pytest.mark.slow
def test_columns_are_the_inputs_until_others_are_chosen(pages: Pages, run: Run) -> None:
    page = pages.get(results(run))
    assert "text" in page.text("thead")
    chooser = page.one("details.view-options form")
    assert [each.attributes["value"] for each in chooser.css("[name=column]")] == ["text"]
    bare = pages.get(results(run, "&column=other"))
    assert "message 0" not in bare.text("tbody")
    link = bare.all(".filters a")[1].attributes["href"]
    assert "column=other" in str(link)


@pytest.mark.slow
def test_a_wrong_address_is_refused_beside_the_editor(pages: Pages, run: Run) -> None:
    table = {
        "&filter=nope": "There is no filter 'nope'",
        "&below=2": "Give a number from 0 to 1",
        "&below=nan": "Give a number from 0 to 1",
        "&order=sideways": "not ordered by",
        "&after=%22%3E%3Cscript%3E": "is not a cursor",
        "&tasks=1,x": "'x' is no task",
    }
    for query, says in table.items():
        page = pages.get(results(run, query))
        assert page.status == 200
        assert says in page.text("#panel [role=alert]")
        assert "<script>" not in page.html
        assert page.text("#panel a.button") == "Show all results of this run"


@pytest.mark.slow
def test_a_filter_that_no_task_fits_leads_back_to_all(pages: Pages) -> None:
    run = evaluated(pages, RIGHT)
    page = pages.get(results(run, "&filter=error"))
    assert "No task fits" in page.text("#panel")
    assert page.text(".empty a") == "Show all 6"


@pytest.mark.slow
def test_a_run_over_all_tasks_has_no_score_but_says_what_matches(pages: Pages) -> None:
    found = [outcome(each, "a") for each in pages.api.tasks]
    run = measured_run(pages, found, subset=Subset.ALL)
    page = pages.get(results(run, "&filter=mismatch"))
    assert [each.text() for each in page.all(".filters a")] == [
        "All 10", "Mismatch 3", "Needs review 0", "Has error 0", "Match 3",
    ]  # fmt: skip
    assert shown_tasks(page) == of(pages, 1, 3, 5)
    assert page.text("tbody").count("✗ Mismatch") == page.text("tbody").count("differs") == 3
    assert page.text(".headline") == "No accuracy yet"


@pytest.mark.slow
def test_without_any_truth_there_is_nothing_to_match_and_that_is_said(pages: Pages) -> None:
    api = pages.api
    api.project, api.tasks = api.studio.seed(CONFIG, [{"data": {"text": "x"}}])
    run = measured_run(pages, [outcome(api.tasks[0], "a")], subset=Subset.ALL)
    page = pages.get(results(run))
    assert [each.text() for each in page.all(".filters a")] == [
        "All 1", "Needs review 0", "Has error 0",
    ]  # fmt: skip
    assert "Nothing to match" in page.text("#panel")
    assert "No truth" in page.text("tbody")


@pytest.mark.slow
def test_rows_of_a_running_run_come_one_after_the_other_and_shift_nothing(pages: Pages) -> None:
    api = pages.api
    prompt, version = api.prompt()
    wire = api.client.prompts.runs.create(
        prompt.id, version.id, project=api.project, project_subset="HasGT", job_id="slow"
    )
    run = pages.container.store.runs.get(wire.id)
    page = pages.get(results(run))
    poll = page.one("#new-results").attributes
    assert poll["hx-trigger"] == "load delay:1s"
    assert "results come as the model answers" in page.text("#new-results")
    address = str(poll["hx-get"])
    assert not pages.htmx(address).all("tbody")
    hand_in(api, run, {5: "b"})
    page = pages.get(results(run))
    assert "✓ Match" in page.text("tbody")
    assert "What matches is counted once the run has ended" in page.text("#panel")
    shown = [each.attributes["value"] for each in page.all("[name=shown]")]
    assert shown == [str(api.tasks[5])]
    hand_in(api, run, {0: "a", 1: "a"})
    told = pages.htmx(f"{address}&shown={shown[0]}")
    assert shown_tasks(told) == of(pages, 0, 1)
    assert told.one("table").attributes["hx-swap-oob"] == "beforeend:#results-table"
    assert "✗ Mismatch" in told.text("tbody")
    assert told.text("#pager-place") == "1–3 of 3"
    hand_in(api, run, {2: "a", 3: "b", 4: "a"})
    ended_run(api.client, wire)
    told = pages.htmx(f"{address}&shown={shown[0]}")
    assert "hx-trigger" not in told.one("#new-results").attributes
    link = str(told.one("#new-results a").attributes["href"])
    assert len(shown_tasks(pages.get(link))) == 6


@pytest.mark.slow
def test_what_a_page_has_no_room_for_is_told_by_its_number(pages: Pages) -> None:
    api = pages.api
    api.project, api.tasks = api.studio.seed(CONFIG, [task(n, "a") for n in range(60)])
    prompt, version = api.prompt()
    wire = api.client.prompts.runs.create(
        prompt.id, version.id, project=api.project, project_subset="HasGT", job_id="slow"
    )
    run = pages.container.store.runs.get(wire.id)
    hand_in(api, run, dict.fromkeys(range(40), "a"))
    page = pages.get(results(run))
    address = str(page.one("#new-results").attributes["hx-get"])
    seen = "".join(f"&shown={each.attributes['value']}" for each in page.all("[name=shown]"))
    hand_in(api, run, dict.fromkeys(range(40, 55), "a"))
    told = pages.htmx(address + seen)
    assert len(shown_tasks(told)) == 10
    assert told.text("#new-results a") == "Show 5 new results"


@pytest.mark.slow
def test_pages_of_fifty_lead_forth_and_back(pages: Pages) -> None:
    api = pages.api
    project, tasks = api.studio.seed(CONFIG, [task(n, "a") for n in range(120)])
    api.project, api.tasks = project, tasks
    run = evaluated(pages, dict.fromkeys(range(120), "a"))
    seen: list[int] = []
    page = pages.get(results(run))
    for place in ("1–50 of 120", "51–100 of 120", "101–120 of 120"):
        assert place in page.text(".pager")
        seen += shown_tasks(page)
        following = [each for each in page.all(".pager a") if each.text() == "Next"]
        if following:
            page = pages.htmx(str(following[0].attributes["href"]), target="panel")
    assert seen == tasks
    assert "<html" not in page.html
    back = next(each for each in page.all(".pager a") if each.text() == "Previous")
    assert shown_tasks(pages.get(str(back.attributes["href"]))) == tasks[50:100]


@pytest.mark.slow
def test_a_page_reads_of_label_studio_what_it_shows_and_no_more(pages: Pages, run: Run) -> None:
    pages.htmx(results(run), target="panel")
    pages.studio.control(forget_calls=True)
    pages.htmx(results(run), target="panel")
    assert pages.studio.state()["calls"] == {"GET /api/projects/{id}/": 1, "GET /api/tasks/": 2}


# One task in full


def detail(run: Run, task_id: int, more: str = "") -> str:
    return f"/ui/runs/{run.id}/tasks/{task_id}{more}"


@pytest.mark.slow
def test_a_task_tells_its_answer_error_and_figures(pages: Pages, run: Run) -> None:
    wrong, failed = of(pages, 1, 2)
    page = pages.get(detail(run, wrong))
    assert "≠ differs" in page.text("main")
    assert "Accept prediction as annotation" in page.text("main")
    page = pages.get(detail(run, failed))
    assert "The model was too slow." in page.text("main")
    assert "Accept" not in page.text("main")
    assert "message 2" in page.text("main .task-data")


@pytest.mark.slow
def test_a_row_unfolds_in_place_and_folds_again(pages: Pages, run: Run) -> None:
    (task_id,) = of(pages, 1)
    opener = pages.get(results(run)).one(f"#open-{task_id}").attributes
    assert opener["aria-expanded"] == "false"
    unfolded = pages.htmx(str(opener["hx-get"])).html
    assert unfolded.strip().startswith(f'<tbody id="task-{task_id}"')
    assert "Open task in Label Studio" in unfolded
    assert 'aria-expanded="true"' in unfolded
    fold = re.search(r'id="open-[^>]*hx-get="([^"]+)"', unfolded)
    assert fold is not None
    folded = pages.htmx(unescape(fold[1])).html
    assert 'aria-expanded="false"' in folded
    assert "Open task in Label Studio" not in folded


@pytest.mark.slow
def test_validation_problems_and_the_raw_answer_are_shown_in_full(pages: Pages, run: Run) -> None:
    (task_id,) = of(pages, 0)
    problem = Problem("topic", f"{EVIL} is none of the classes.")
    keep(
        pages,
        run,
        Prediction(task_id, {"topic": "a"}, [region("a")], problems=(problem,), raw=EVIL),
    )
    page = pages.get(detail(run, task_id))
    assert f"{EVIL} is none of the classes." in page.text("main ul")
    assert page.text("main pre") == EVIL
    assert "1 problem" in pages.get(results(run, "&filter=review")).text("tbody")
    assert "<script>alert" not in page.html


@pytest.mark.slow
def test_where_the_confidence_is_from_is_shown_by_control_and_region(
    pages: Pages, run: Run
) -> None:
    (task_id,) = of(pages, 0)
    marked = {"id": "r1", **region("a")}
    sure = Confidence(ConfidenceSource.RATED, 0.5, {"topic": 0.61}, {marked["id"]: 0.62})
    keep(pages, run, Prediction(task_id, {"topic": "a"}, [marked], 0.5, confidence=sure))
    text = pages.get(detail(run, task_id)).text("main")
    assert "0.50 rated by the model itself" in text
    assert "0.61" in text
    assert "Confidence by region" in text
    assert "0.62" in text


@pytest.mark.slow
def test_the_exact_messages_sent_are_shown(pages: Pages) -> None:
    api = pages.api
    prompt, version = api.prompt()
    wire = api.client.prompts.runs.create(
        prompt.id, version.id, project=api.project, project_subset="HasGT"
    )
    ended_run(api.client, wire)
    run = pages.container.store.runs.get(wire.id)
    page = pages.get(detail(run, api.tasks[0], "/messages"))
    assert "exactly as sent" in page.text("main")
    assert "Which? <text>message 0</text>" in page.text("main pre")
    part = pages.htmx(detail(run, api.tasks[0], "/messages"))
    assert not part.all("h1")
    change_config(pages, CONFIG.replace('<Choice value="b"/>', '<Choice value="c"/>'))
    assert "Not what was sent" in pages.get(detail(run, api.tasks[0], "/messages")).text("main")


@pytest.mark.slow
def test_examples_shown_to_the_model_are_told_apart_from_those_of_now(pages: Pages) -> None:
    api = pages.api
    prompt, version = api.prompt()
    pages.container.store.prompts.update_version(version.id, max_few_shot_examples=2)
    wire = api.client.prompts.runs.create(
        prompt.id, version.id, project=api.project, project_subset="HasGT"
    )
    ended_run(api.client, wire)
    run = pages.container.store.runs.get(wire.id)
    page = pages.get(detail(run, api.tasks[0], "/messages"))
    assert "exactly as sent with 2 examples" in page.text("main")
    assert len(page.all("main pre")) >= 6
    config = LabelingConfig.parse(CONFIG)
    for place in (6, 7, 8):
        pages.container.studio.create_annotation(api.tasks[place], [region("b")])
    pages.container.examples.refresh_all(api.project, config)
    page = pages.get(detail(run, api.tasks[0], "/messages"))
    assert "the examples shown to the model are not" in page.text("main")


@pytest.mark.slow
def test_what_an_outside_worker_sent_is_not_made_up(pages: Pages, run: Run) -> None:
    page = pages.get(detail(run, pages.api.tasks[0], "/messages"))
    assert "An outside worker answered" in page.text("main")
    assert not page.all("main pre")


@pytest.mark.slow
def test_a_task_without_result_is_not_found(pages: Pages, run: Run) -> None:
    for path in ("", "/messages", "/accept"):
        page = pages.get(detail(run, 999_999, path))
        assert page.status == 404
        assert "no result of task 999999" in page.text("[role=alert]")


# Accepting


@pytest.mark.slow
def test_an_accepted_prediction_becomes_the_persons_annotation(pages: Pages) -> None:
    run, task_id = published(pages)
    dialog = pages.htmx(detail(run, task_id, "/accept"))
    assert "1 annotation of task" in dialog.text("dialog")
    assert dialog.text("dialog button") == "Create 1 annotation"
    form = dialog.one("dialog form").attributes
    done = pages.post(str(form["action"]), **dialog.fields("dialog form"))
    assert f"Made 1 annotation of task {task_id}" in done.text("[role=status]")
    made = annotations(pages, task_id)
    assert [(each["completed_by"], each["result"][0]["value"]) for each in made] == [
        (1, {"choices": ["a"]})
    ]
    again = pages.get(detail(run, task_id, "/accept"))
    assert "an annotation that says the same" in again.text("main")
    assert not again.all("main form[method=post]")
    refused = pages.post(detail(run, task_id, "/accept"), htmx=True, alert="dialog-alert")
    assert refused.status == 409
    assert "says the same" in refused.text()
    assert len(annotations(pages, task_id)) == 1


@pytest.mark.slow
def test_a_persons_work_is_left_alone_unless_asked_for(pages: Pages, run: Run) -> None:
    (task_id,) = of(pages, 1)
    page = pages.get(detail(run, task_id, "/accept"))
    assert "A person has annotated the task already." in page.text("main")
    beside = page.one("main a.primary").attributes["href"]
    dialog = pages.get(str(beside))
    assert "beside the one a person made" in dialog.text("main")
    action = str(dialog.one("main form[method=post]").attributes["action"])
    pages.post(action, **dialog.fields("main form[method=post]"))
    assert len(annotations(pages, task_id)) == 2


@pytest.mark.slow
def test_what_is_gone_from_label_studio_is_not_accepted(pages: Pages) -> None:
    run, task_id = published(pages)
    pages.container.studio.delete_model_version(pages.project, run.label)
    page = pages.get(detail(run, task_id, "/accept"))
    assert "holds no prediction of this model version" in page.text("main")


@pytest.mark.slow
def test_only_the_answer_that_is_shown_is_accepted(pages: Pages) -> None:
    run, task_id = published(pages)
    pages.container.studio.delete_model_version(pages.project, run.label)
    pages.container.studio.import_predictions(pages.project, [row(task_id, run.label, "b")])
    for page in (
        pages.get(detail(run, task_id, "/accept")),
        pages.post(detail(run, task_id, "/accept")),
    ):
        assert page.status == 409
        assert "a later run answered it anew" in page.text("[role=alert]")
    assert annotations(pages, task_id) == []


@pytest.mark.slow
def test_a_failure_is_nothing_to_accept(pages: Pages, run: Run) -> None:
    page = pages.post(detail(run, pages.api.tasks[2], "/accept"))
    assert "has no prediction to accept" in page.text("[role=alert]")


# CSV and report


@pytest.mark.slow
def test_csv_has_the_tasks_of_the_filter(pages: Pages, run: Run) -> None:
    link = str(pages.get(results(run, "&filter=mismatch")).one("a[download]").attributes["href"])
    response = pages.client.get(link)
    assert response.mimetype == "text/csv"
    assert f"Topics-Version-1-run-{run.id}-mismatch.csv" in response.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(response.get_data(as_text=True))))
    assert [(int(row["task"]), row["answer.topic"], row["truth.topic"]) for row in rows] == [
        (pages.api.tasks[1], "a", "b"),
        (pages.api.tasks[2], "", "a"),
    ]


@pytest.mark.slow
def test_the_report_is_a_page_whose_own_style_alone_is_allowed(pages: Pages, run: Run) -> None:
    link = next(each for each in pages.get(results(run)).all("a") if each.text() == "Report")
    response = pages.client.get(str(link.attributes["href"]))
    policy = response.headers["Content-Security-Policy"]
    assert "style-src 'sha256-" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert 'style="' not in response.get_data(as_text=True)
    assert "tasks wholly right" in response.get_data(as_text=True)


# What others see, and hostile text


@pytest.mark.slow
def test_hostile_text_of_tasks_titles_and_answers_is_text(pages: Pages) -> None:
    api = pages.api
    wire = {"data": {"text": EVIL}, "annotations": task(0, "a")["annotations"]}
    api.project, api.tasks = api.studio.seed(CONFIG, [wire, *(task(n, "b") for n in range(5))])
    run = evaluated(pages, {**RIGHT, 0: "b"}, title=EVIL)
    keep(pages, run, Prediction(api.tasks[0], {"topic": EVIL}, [region("b")], raw=EVIL))
    for path in (
        results(run),
        detail(run, api.tasks[0]),
        detail(run, api.tasks[0], "/accept?beside=1"),
    ):
        page = pages.get(path)
        assert page.status == 200
        assert "<script>alert" not in page.html
        assert "49" not in page.text("tbody")
        assert not page.all("[onmouseover]")
        assert EVIL in page.text()
    sent = pages.client.get(f"/ui/runs/{run.id}/results.csv").headers["Content-Disposition"]
    name = "script-alert-1-script-onmouseover-x-7-7-cmd-Version-1"
    assert sent == f'attachment; filename="{name}-run-{run.id}-all.csv"'


@pytest.mark.slow
def test_a_run_of_a_project_one_does_not_see_is_not_found(pages: Pages, run: Run) -> None:
    pages.api.as_user(hidden=[pages.project])
    with pages.api.app.test_client() as other:
        assert sign_in(other, "a" * 40).status_code == 303
        for path in ("results.csv", "new-results", "report", "tasks/1", "tasks/1/accept"):
            assert other.get(f"/ui/runs/{run.id}/{path}").status_code == 404


@pytest.mark.slow
def test_a_run_of_another_prompt_or_project_is_refused(pages: Pages, run: Run) -> None:
    other, _ = pages.api.prompt("Another")
    assert pages.get(f"/ui/prompts/{other.id}/results?run={run.id}").status == 404
    assert pages.get(results(run, "&project=999")).status == 404


# Help


def keep(pages: Pages, run: Run, *outcomes: Outcome) -> None:
    """Put outcomes in place of those the run had of their tasks."""
    store = pages.container.store.outcomes
    store.forget_tasks(run.id, [each.task_id for each in outcomes])
    store.add(run.id, list(outcomes), [])


def rescore(pages: Pages, run: Run, scores: dict[int, float]) -> None:
    found = list(pages.container.store.outcomes.iter(run.id, ok=True, task_ids=scores))
    scored = [
        replace(each, score=scores[each.task_id]) for each in found if isinstance(each, Prediction)
    ]
    keep(pages, run, *scored)


def change_config(pages: Pages, label_config: str) -> None:
    request = urllib.request.Request(
        f"{pages.studio.url}/api/projects/{pages.project}/",
        json.dumps({"label_config": label_config}).encode(),
        {"Authorization": f"Token {pages.studio.token}", "Content-Type": "application/json"},
        method="PATCH",
    )
    with urllib.request.urlopen(request, timeout=10):
        return


def hand_in(api: Api, run: Run, answers: dict[int, str]) -> None:
    given = [{"task_id": api.tasks[n], "output": {"topic": each}} for n, each in answers.items()]
    api.client.prompts.batch_predictions(modelrun_id=run.id, results=given)


def published(pages: Pages) -> tuple[Run, int]:
    """A run over all tasks, and one of them that nobody annotated."""
    found = [outcome(each, "a") for each in pages.api.tasks]
    run = measured_run(pages, found, subset=Subset.ALL)
    store, studio = pages.container.store, pages.container.studio
    own(store, studio.url, run.project_id, run.label, run.prompt_id, run.version_id)
    return run, pages.api.tasks[9]


def annotations(pages: Pages, task_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get_task(pages.container.studio, task_id)["annotations"]
    return found
