"""The page of predictions: what a project holds, deleting it, and annotations made of it."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.errors import Conflict
from ml_backend.records import JobKind
from support.labels import own
from support.pages import Page, Pages
from support.tables import each_row
from support.wire import region

LABEL = "Topics__Version 1"
FOREIGN = "someone's <script>alert(1)</script>{{7*7}}\"onmouseover=x"
DELETE, PROMOTE = "/ui/predictions/delete", "/ui/predictions/promote"


def put(pages: Pages, tasks: list[int], label: str | None, answer: str = "a", **more: Any) -> None:
    door = pages.container.studio
    for task in tasks:
        wire = {"task": task, "result": [region(answer)], "model_version": label, **more}
        door._transport.send("POST", "api/predictions/", wire)


@pytest.fixture
def held(pages: Pages) -> Pages:
    """Ten predictions of a prompt, two of somebody else and one without a model version."""
    prompt, version = pages.api.prompt()
    own(
        pages.container.store,
        pages.container.studio.url,
        pages.project,
        LABEL,
        prompt.id,
        version.id,
    )
    put(pages, pages.api.tasks, LABEL, score=0.5)
    put(pages, pages.api.tasks[:2], FOREIGN)
    put(pages, pages.api.tasks[:1], None)
    return pages


def versions(pages: Pages) -> list[str | None]:
    rows = pages.studio.state()["predictions"]
    return [row["model_version"] for row in rows if row["project"] == pages.project]


def url(pages: Pages, action: str = DELETE, of: str = f"version:{LABEL}", **more: Any) -> Any:
    return {"path": action, "project": pages.project, "of": of, **more}


def ask(pages: Pages, action: str = DELETE, of: str = f"version:{LABEL}", **more: Any) -> Page:
    """The dialog as a page of its own, as without script."""
    query = {"project": pages.project, "of": of, **more}
    response = pages.client.get(action, query_string=query)
    return Page(response)


def confirm(pages: Pages, page: Page, htmx: bool = False, **more: Any) -> Page:
    fields = page.fields("#plan form")
    action = page.one("#plan form").attributes["action"]
    assert action is not None
    return pages.post(action, htmx=htmx, follow=not htmx, **{**fields, **more})


# The list


@pytest.mark.slow
def test_a_project_is_chosen_first_and_without_projects_the_next_step_is_said(
    pages: Pages,
) -> None:
    assert "Choose a project" in pages.get("/ui/predictions").text("main")
    shown = pages.get(f"/ui/predictions?project={pages.project}")
    assert "No predictions in" in shown.text("main")
    assert shown.one("#project option[selected]").attributes["value"] == str(pages.project)


@pytest.mark.slow
def test_each_model_version_says_how_many_and_whose_it_is(held: Pages) -> None:
    page = held.get(f"/ui/predictions?project={held.project}")
    rows = [" ".join(row.text(separator=" ").split()) for row in page.all("tbody tr")]
    assert "13 predictions of 2 model versions" in page.text("#versions")
    [foreign] = [row for row in rows if row.startswith("someone's")]
    [ours] = [row for row in rows if row.startswith(LABEL)]
    [without] = [row for row in rows if row.startswith("Without")]
    assert "not written by Prompts 2" in foreign
    assert "Topics Version 1, all tasks 10" in ours
    assert "about 1" in without
    assert not page.all("th[data-never], [onmouseover]")
    assert "alert(1)" in page.text("tbody")
    assert "{{7*7}}" in page.text("tbody")


@pytest.mark.slow
def test_a_page_reads_counts_and_no_predictions_until_it_is_asked_to(held: Pages) -> None:
    before = held.studio.state()["calls"].get("GET /api/predictions/", 0)
    page = held.get(f"/ui/predictions?project={held.project}")
    assert held.studio.state()["calls"].get("GET /api/predictions/", 0) == before
    assert page.one("#versions").attributes["hx-trigger"] == "load"
    counted = held.htmx(f"/ui/predictions?project={held.project}&counted=1", "versions")
    row = next(each for each in counted.all("tbody tr") if LABEL in each.text())
    assert [cell.text(strip=True) for cell in row.css("td.number")] == ["10", "10", "0.50"]
    assert "<html" not in counted.html
    assert "hx-trigger" not in counted.one("#versions").attributes


@pytest.mark.slow
def test_what_the_label_stream_shows_is_marked(held: Pages) -> None:
    held.container.studio.set_model_version(held.project, LABEL)
    page = held.get(f"/ui/predictions?project={held.project}")
    assert [each.text() for each in page.all("th .badge")] == ["Shown in the label stream"]
    assert "afterwards it shows no predictions" in ask(held).text("#plan")


@pytest.mark.slow
def test_many_model_versions_come_in_pages(pages: Pages) -> None:
    for number in range(53):
        put(pages, pages.api.tasks[:1], f"model {number}")
    page = pages.get(f"/ui/predictions?project={pages.project}")
    assert len(page.all("tbody tr")) == 50
    assert "1–50 of 53" in page.text(".pager")
    rest = pages.get(f"/ui/predictions?project={pages.project}&page=2")
    assert len(rest.all("tbody tr")) == 3


@pytest.mark.parametrize("path", ["", "/delete", "/promote", "/delete/plan"])
def test_projects_of_others_are_not_there(pages: Pages, path: str) -> None:
    assert pages.get(f"/ui/predictions{path}?project=999&of=every").status == 404


# Deleting


@pytest.mark.slow
@pytest.mark.parametrize(
    ("of", "more", "number", "left"),
    [
        (f"version:{LABEL}", {}, 10, 3),
        (f"version:{FOREIGN}", {}, 2, 11),
        ("prompt:1", {}, 10, 3),
        ("unversioned", {}, 1, 12),
        ("every", {}, 13, 0),
        ("every", {"scope": "tasks", "tasks": "first"}, 3, 10),
        (f"version:{LABEL}", {"scope": "tasks", "tasks": "range"}, 3, 10),
        (f"version:{LABEL}", {"scope": "tab"}, 2, 11),
    ],
    ids=["version", "another's", "prompt", "none", "every", "one task", "a range", "a tab"],
)
def test_exactly_what_was_counted_is_deleted(
    held: Pages, of: str, more: dict[str, str], number: int, left: int
) -> None:
    tasks = held.api.tasks
    typed = {"first": str(tasks[0]), "range": f"{tasks[0]}, {tasks[1]}-{tasks[2]}"}
    if "tasks" in more:
        more = {**more, "tasks": typed[more["tasks"]]}
    if more.get("scope") == "tab":
        more = {**more, "tab": str(tab_of(held, tasks[2]))}
    page = ask(held, of=of, **more)
    assert page.status == 200, page.html
    word = "prediction" if number == 1 else "predictions"
    whose = "without a model version" if of == "unversioned" else "of "
    assert f"{number} {word} {whose}" in page.text("#plan")
    assert "Annotations stay. Cannot be undone." in page.text("#plan")
    assert page.text("#plan button") == f"Delete {number} {word}"
    assert len(versions(held)) == 13
    done = confirm(held, page)
    assert f"{number} {word} deleted" in done.text("main")
    assert len(versions(held)) == left
    assert len(held.studio.state()["annotations"]) == 6


def tab_of(pages: Pages, below: int) -> int:
    item = {"filter": "filter:tasks:id", "operator": "less", "type": "Number", "value": below}
    data = {"title": "<b>First</b>", "filters": {"conjunction": "and", "items": [item]}}
    wire = {"project": pages.project, "data": data}
    made: int = pages.container.studio._transport.send("POST", "api/dm/views/", wire)["id"]
    return made


@pytest.mark.slow
def test_a_dialog_is_there_at_once_and_counts_then(held: Pages) -> None:
    before = held.studio.state()["calls"].get("GET /api/predictions/", 0)
    query = f"project={held.project}&of=version:{LABEL}"
    page = held.htmx(f"{DELETE}?{query}", "dlg")
    assert page.text("#plan") == "Counting… Close"
    assert page.one("form").attributes["hx-trigger"] == "load, change, submit"
    assert held.studio.state()["calls"].get("GET /api/predictions/", 0) == before
    plan = held.htmx(f"{DELETE}/plan?{query}", "plan")
    assert "<html" not in plan.html
    assert plan.text("button") == "Delete 10 predictions"
    assert not plan.all("[autofocus]")  # a count that comes must not take the focus away
    tabs = held.htmx(f"{DELETE}?project={held.project}", "dlg")
    assert "load" not in str(tabs.one("form").attributes["hx-trigger"])


@pytest.mark.slow
@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_another_count_by_now_deletes_nothing_and_asks_again(held: Pages, htmx: bool) -> None:
    page = ask(held)
    put(held, held.api.tasks[:2], LABEL)
    again = confirm(held, page, htmx=htmx)
    assert "The count changed. You were shown 10; by now it is 12." in again.text()
    assert len(versions(held)) == 15
    if htmx:
        assert again.response.headers["HX-Retarget"] == "#plan"
        assert again.fields("form")["counted"] == "12"
    else:
        assert "12 predictions deleted" in confirm(held, again).text("main")


@pytest.mark.slow
def test_what_came_between_the_last_count_and_the_job_is_not_deleted(held: Pages) -> None:
    request = {"labels": [LABEL], "counted": 9}
    jobs = held.container.jobs
    job = jobs.submit(
        JobKind.DELETE_PREDICTIONS,
        request,
        created_by=None,
        project_id=held.project,
        studio=held.container.studio_as(held.studio.token),
    )
    with pytest.raises(Conflict, match="10 predictions fit by now, 9 were counted"):
        jobs.wait(job, 20)
    assert len(versions(held)) == 13


@pytest.mark.slow
@each_row(
    ("of", "more", "says"),
    [
        (f"version:{LABEL}", {"scope": "tasks", "tasks": "1, two"}, "'two' is no task id"),
        (f"version:{LABEL}", {"scope": "tasks", "tasks": "9-1"}, "'9-1' is no task id"),
        (f"version:{LABEL}", {"scope": "tasks", "tasks": "1-999999999"}, "More than 100,000"),
        (f"version:{LABEL}", {"scope": "tasks", "tasks": " , "}, "No task is chosen."),
        (f"version:{LABEL}", {"scope": "tasks", "tasks": "99999"}, "has no task 99999"),
        (f"version:{LABEL}", {"scope": "tab", "tab": "77"}, "no such tab"),
        ("version:<b>nobody's", {}, 'no prediction of model version "<b>nobody\'s"'),
        ("prompt:999", {}, "There is no prompt 999"),
        ("nonsense", {}, "Which predictions is not said."),
    ],
)
def test_a_choice_that_cannot_be_counted_says_why_beside_it(
    held: Pages, of: str, more: dict[str, str], says: str
) -> None:
    page = ask(held, f"{DELETE}/plan", of=of, **more)
    if of != "prompt:999":
        assert page.status == 422
        assert not page.all("#plan form")
    assert says in page.text("[role=alert]")
    assert not page.all("#plan b")


@pytest.mark.slow
def test_a_run_under_way_is_not_deleted_under_its_hands(held: Pages) -> None:
    prompt = held.container.store.prompts.get(1)
    version = held.container.store.prompts.versions(prompt.id)[0]
    held.api.client.prompts.runs.create(
        prompt.id, version.id, project=held.project, job_id="worker"
    )
    page = ask(held)
    assert page.status == 422
    assert "is under way" in page.text("#plan [role=alert]")


@pytest.mark.slow
def test_a_large_deletion_needs_the_name_typed(
    held: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml_backend.web.ui.predictions.actions.TYPE_FROM", 10)
    page = ask(held)
    assert f"Type {LABEL} to confirm" in page.text("#plan label")
    refused = confirm(held, page, typed="Topics__Version 2")
    assert refused.status == 422
    assert "nothing was deleted" in refused.text("[role=alert]")
    assert len(versions(held)) == 13
    assert "10 predictions deleted" in confirm(held, page, typed=LABEL).text("main")


@pytest.mark.slow
def test_an_empty_choice_offers_nothing_to_press(held: Pages) -> None:
    confirm(held, ask(held))
    page = ask(held)
    assert "Nothing to delete" in page.text("#plan")
    assert not page.all("#plan button")


@pytest.mark.slow
def test_what_broke_off_says_how_far_it_came_and_offers_the_rest(held: Pages) -> None:
    page = ask(held, scope="tasks", tasks=",".join(str(each) for each in held.api.tasks[:4]))
    refusing = {"path": "/api/predictions/", "method": "DELETE", "status": 403, "mode": "status"}
    held.studio.control(faults=[{**refusing, "skip": 1, "body": "no"}])
    done = confirm(held, page)
    [job] = held.container.store.jobs.search()
    left = versions(held).count(LABEL) - 6
    assert 0 < left < 4
    assert f"Deleted {4 - left} of 4." in done.text("[role=alert]")
    assert "What is deleted stays deleted" in done.text("main")
    assert done.text("main form button") == f"Delete remaining {left}"
    rest = held.post(DELETE, **done.fields("main form"))
    assert f"{left} prediction" in rest.text("main")
    assert versions(held).count(LABEL) == 6
    held.studio.control(down=True)
    gone = held.get(f"/ui/predictions/outcome/{job.id}")
    held.studio.control(down=False)
    assert "Label Studio does not answer." in gone.text("#away")
    assert "not known until it can be counted again" in gone.text("main [role=alert]")
    assert not gone.all("main form")


@pytest.mark.slow
def test_what_takes_long_goes_on_on_the_page_of_its_job(
    held: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml_backend.web.ui.predictions.actions.WAIT_SECONDS", 0.0)
    held.studio.control(latency=[{"path": "model-versions", "method": "DELETE", "seconds": 0.4}])
    page = ask(held)
    fields = page.fields("#plan form")
    answer = held.post(DELETE, follow=False, **fields).response
    [job] = held.container.store.jobs.search()
    assert answer.location == f"/ui/jobs/{job.id}?back=/ui/predictions/outcome/{job.id}"
    outcome = held.get(f"/ui/predictions/outcome/{job.id}")
    assert "It goes on" in outcome.text("main")
    held.container.jobs.wait(job, 20)
    assert "10 predictions deleted" in held.get(f"/ui/predictions/outcome/{job.id}").text("main")


# Annotations from predictions


@pytest.mark.slow
def test_annotations_are_counted_with_what_is_left_out_and_why(held: Pages) -> None:
    page = ask(held, PROMOTE)
    said = page.text("#plan")
    # Ground truth of six tasks is a b a b a b, all predictions say a.
    assert (
        "4 annotations would be created from Topics__Version 1 . You become their author." in said
    )
    assert "3 predictions of tasks that people annotated" in said
    assert "3 predictions whose task has an annotation that says the same" in said
    assert page.text("#plan button") == "Create 4 annotations"
    added = ask(held, PROMOTE, include_annotated="1")
    assert added.text("#plan button") == "Create 7 annotations"
    assert len(held.studio.state()["annotations"]) == 6


@pytest.mark.slow
def test_annotations_are_created_in_ones_own_name_with_a_way_back(held: Pages) -> None:
    done = confirm(held, ask(held, PROMOTE))
    said = done.text("main")
    assert "4 annotations created" in said
    assert "10 annotations on 10 tasks" in said
    assert "Delete Annotations" in said
    assert "also ones you made by hand" in said
    assert len(held.studio.state()["annotations"]) == 10
    assert "0 annotations would be created" in ask(held, PROMOTE).text("#plan")
    assert not ask(held, PROMOTE).all("#plan button")


@pytest.mark.slow
def test_annotations_of_chosen_tasks_alone(held: Pages) -> None:
    page = ask(held, PROMOTE, scope="tasks", tasks=str(held.api.tasks[9]))
    assert page.text("#plan button") == "Create 1 annotation"
    assert "1 annotation created" in confirm(held, page).text("main")


@pytest.mark.slow
def test_another_count_by_now_creates_nothing_and_asks_again(held: Pages) -> None:
    page = ask(held, PROMOTE)
    confirm(held, ask(held, PROMOTE, scope="tasks", tasks=str(held.api.tasks[9])))
    again = confirm(held, page)
    assert "You were shown 4; by now it is 3." in again.text("#plan")
    assert len(held.studio.state()["annotations"]) == 7


@pytest.mark.slow
def test_predictions_without_a_version_or_of_every_version_are_never_promoted(
    held: Pages,
) -> None:
    for of in ("unversioned", "every"):
        page = ask(held, PROMOTE, of=of)
        assert page.status == 422
        assert not page.all("#plan form")


@pytest.mark.slow
def test_others_see_neither_the_dialogs_nor_what_came_of_them(held: Pages) -> None:
    confirm(held, ask(held))
    [job] = held.container.store.jobs.search()
    held.api.as_user(hidden=[held.project])
    from support.api import STRANGER
    from support.pages import sign_in

    stranger = held.api.app.test_client()
    sign_in(stranger, STRANGER)
    assert stranger.get(f"/ui/predictions/outcome/{job.id}").status_code == 404
    assert stranger.get(f"{DELETE}?project={held.project}&of=every").status_code == 404
