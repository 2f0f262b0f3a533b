"""The list of prompts, and renaming and deleting one from it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from ml_backend.records import Job, JobKind, RunOptions, RunSnapshot, Slot, Subset
from ml_backend.store import tables as t
from support.api import STRANGER
from support.labels import own
from support.pages import Page, Pages, sign_in
from support.server import eventually
from support.wire import CONFIG, row

HOSTILE = "<script>alert(1)</script> \"onmouseover='x' {{7*7}} =cmd"


def many(pages: Pages, number: int) -> None:
    """Prompts with nothing but a name, quicker than by the API."""
    for n in range(number):
        pages.container.store.prompts.create(f"Prompt {n:04}", "", [pages.project])


def names(page: Page) -> list[str]:
    return [each.text() for each in page.all(".prompt-name a")]


def cell(page: Page, label: str) -> str:
    return page.text(f"td[data-label='{label}']")


@pytest.mark.slow
def test_without_prompts_the_page_says_what_one_is_and_how_to_begin(pages: Pages) -> None:
    page = pages.get("/ui/prompts")
    assert page.text("h2").startswith("No prompts yet")
    assert "From nothing to annotations" in page.text("h2")
    assert page.one(".empty > a.button").attributes["href"] == "/ui/prompts/new"
    assert page.one("#ready").attributes["hx-get"] == "/ui/health/ready"
    assert page.one("#ready a").attributes["href"] == "/ui/health"
    assert not page.all("#search")


@pytest.mark.slow
def test_a_prompt_that_never_ran_says_so(pages: Pages) -> None:
    pages.api.prompt("Topics")
    page = pages.get("/ui/prompts")
    assert names(page) == ["Topics"]
    assert "not evaluated" in page.text(".prompt-accuracy")
    assert (cell(page, "Versions"), cell(page, "Last run")) == ("1", "never")
    assert cell(page, "Project") == "Seeded Ground truth of Seeded"
    assert cell(page, "Cost so far") == "–"
    assert "hx-trigger" not in page.one("tbody tr").attributes


@pytest.mark.slow
def test_the_best_accuracy_comes_with_its_counts_and_interval(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    tasks = pages.api.tasks[:6]
    pages.api.answered(prompt, version, dict.fromkeys(tasks, "a"))
    page = pages.get("/ui/prompts")
    assert "50% 3/6" in page.text(".prompt-accuracy")
    assert "95%: 19–81%" in page.text(".prompt-accuracy")
    assert cell(page, "Last run") == "just now"
    assert cell(page, "Cost so far") == "unknown"


@pytest.mark.slow
def test_an_accuracy_that_holds_no_more_is_marked_with_the_reason(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    pages.api.answered(prompt, version, dict.fromkeys(pages.api.tasks[:6], "a"))
    pages.container.store.runs.mark_version_stale(version.id, "'Version 1' was changed.")
    page = pages.get("/ui/prompts")
    assert "! out of date 'Version 1' was changed." in page.text(".prompt-accuracy")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("costs", "shown"),
    [([0.02, 0.0415], "$0.0615"), ([0.02, None], "$0.0200 and unknown"), ([None], "unknown")],
    ids=["known", "partly known", "unknown"],
)
def test_what_a_prompt_cost_is_the_sum_of_its_runs(
    pages: Pages, costs: list[float | None], shown: str
) -> None:
    prompt, version = pages.api.prompt()
    for cost in costs:
        a_run(pages, prompt.id, version.id, total=2, succeeded=2, cost=cost)
    assert cell(pages.get("/ui/prompts"), "Cost so far") == shown


@pytest.mark.slow
def test_the_row_of_a_running_prompt_refreshes_itself(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    run = a_run(pages, prompt.id, version.id, total=10, succeeded=3, failed=1)
    page = pages.get("/ui/prompts")
    shown = page.one("tbody tr")
    assert "● 40%" in cell(page, "Last run")
    assert page.one("progress").attributes["aria-label"] == "Run of Topics"
    address = f"/ui/prompts/{prompt.id}/row"
    assert shown.attributes["hx-get"] == address
    assert shown.attributes["hx-trigger"] == "load delay:2s"
    part = pages.htmx(address)
    assert part.html.strip().startswith("<tr")
    pages.container.store.runs.request_cancel(run)
    eventually(lambda: "hx-get" not in pages.htmx(address).html.split(">")[0])
    assert "canceled" in pages.htmx(address).html


def a_run(pages: Pages, prompt: int, version: int, **columns: object) -> int:
    run = pages.container.store.runs.create(
        prompt_id=prompt,
        version_id=version,
        project_id=pages.project,
        label="Topics__Version 1",
        slot=Slot.ALL.value,
        subset=Subset.ALL.value,
        snapshot=RunSnapshot(),
        options=RunOptions(worker_job="elsewhere"),
        handed_out=True,
        **columns,
    )
    return run.id


@pytest.mark.slow
def test_prompts_are_found_by_name_description_and_project(pages: Pages) -> None:
    other, _ = pages.studio.seed(CONFIG, [], title="Support tickets")
    prompts = pages.container.store.prompts
    prompts.create("Sentiment", "of reviews", [pages.project])
    prompts.create("Intent", "", [other])
    for search, found in (
        ("sENTI", ["Sentiment"]),
        ("reviews", ["Sentiment"]),
        ("ticket", ["Intent"]),
    ):
        assert names(pages.get(f"/ui/prompts?search={search}")) == found
    assert pages.get("/ui/prompts").one("#search").attributes["data-key"] == "filter"
    page = pages.get("/ui/prompts?search=%3Cb%3Enone")
    assert "No prompt matches" in page.text("h2")
    assert "“<b>none”" in page.text(".empty")
    assert page.one(".empty a").attributes["href"] == "/ui/prompts"


@pytest.mark.slow
def test_the_filter_swaps_the_list_alone_and_keeps_the_order(pages: Pages) -> None:
    pages.container.store.prompts.create("Sentiment", "", [pages.project])
    part = pages.htmx("/ui/prompts?search=senti&sort=name", "list")
    assert "<html" not in part.html
    assert part.one("#list")
    form = pages.get("/ui/prompts?sort=name").fields("form.prompt-filter")
    assert form == {"search": "", "sort": "name"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["Alpha", "beta", "Gamma"]),
        ("-name", ["Gamma", "beta", "Alpha"]),
        ("-accuracy", ["Gamma", "Alpha", "beta"]),
        ("", ["Alpha", "Gamma", "beta"]),
        ("nonsense", ["Alpha", "Gamma", "beta"]),
    ],
)
def test_the_list_is_sorted_by_its_headings(pages: Pages, sort: str, expected: list[str]) -> None:
    beta = pages.container.store.prompts.create("beta", "", [pages.project])
    gamma, alpha = pages.api.prompt("Gamma"), pages.api.prompt("Alpha")
    a_run(pages, beta.id, 1, total=1)
    measured = {"overall": {"accuracy": 0.9, "n": 10, "correct": 9, "low": 0.6, "high": 0.98}}
    for prompt, version in (gamma, alpha):
        run = a_run(pages, prompt.id, version.id, total=1)
        accuracy = {"accuracy": 0.9 if prompt.title == "Gamma" else 0.5}
        set_metrics(pages, run, {"overall": {**measured["overall"], **accuracy}})
    page = pages.get(f"/ui/prompts?sort={sort}")
    assert names(page) == expected
    heading = page.one("[aria-sort]")
    known = sort.lstrip("-") in ("name", "accuracy")
    assert {"name": "Name", "accuracy": "Accuracy"}.get(sort.lstrip("-"), "Last run") in (
        heading.text()
    )
    descending = sort.startswith("-") or not known
    assert heading.attributes["aria-sort"] == ("descending" if descending else "ascending")


def set_metrics(pages: Pages, run: int, metrics: dict[str, object]) -> None:
    with pages.container.store.database.write() as c:
        c.execute(
            t.runs.update()
            .where(t.runs.c.id == run)
            .values(metrics=metrics, slot=Slot.EVALUATE.value, status="Completed")
        )


@pytest.mark.slow
def test_fifty_prompts_stand_on_a_page(pages: Pages) -> None:
    many(pages, 120)
    first = pages.get("/ui/prompts?sort=name&search=prompt")
    assert len(names(first)) == 50
    assert "1–50 of 120" in first.text(".pager")
    assert len(first.html) < 150_000
    address = str(first.one("a[rel=next]").attributes["href"])
    assert parse_qs(urlsplit(address).query) == {
        "sort": ["name"],
        "search": ["prompt"],
        "page": ["2"],
    }
    last = pages.get("/ui/prompts?sort=name&page=3")
    assert names(last)[-1] == "Prompt 0119"
    assert not last.all("a[rel=next]")
    assert names(pages.get("/ui/prompts?sort=name&page=99")) == names(last)


@pytest.mark.slow
def test_others_prompts_are_not_listed(pages: Pages) -> None:
    pages.container.store.prompts.create("Seen", "", [pages.project])
    hidden, _ = pages.studio.seed(CONFIG, [], title="Hidden")
    pages.container.store.prompts.create("Hidden one", "", [hidden])
    pages.api.as_user(hidden=[hidden])
    with pages.api.app.test_client() as client:
        sign_in(client, STRANGER)
        page = Page(client.get("/ui/prompts"))
        assert names(page) == ["Seen"]
        assert "Hidden" not in page.html
        assert client.get("/ui/prompts/2/row").status_code == 404


@pytest.mark.slow
def test_names_of_people_and_projects_show_as_text(pages: Pages) -> None:
    project, _ = pages.studio.seed(CONFIG, [], title=HOSTILE)
    prompt = pages.container.store.prompts.create(HOSTILE, HOSTILE, [project])
    for address in (
        "/ui/prompts",
        f"/ui/prompts/{prompt.id}/edit",
        f"/ui/prompts/{prompt.id}/delete",
    ):
        page = pages.get(address)
        assert not page.all("main script")
        assert not page.all("[onmouseover]")
        assert "49" not in page.text("main h1, .prompt-name")
    assert names(pages.get("/ui/prompts")) == [HOSTILE]


# Renaming


@pytest.mark.slow
def test_a_prompt_is_renamed(pages: Pages) -> None:
    prompt, _ = pages.api.prompt("Topics")
    form = pages.get(f"/ui/prompts/{prompt.id}/edit").fields("main form")
    assert form["title"] == "Topics"
    page = pages.post(
        f"/ui/prompts/{prompt.id}/edit", **{**form, "title": "Themes", "description": "Which."}
    )
    assert "Saved Themes." in page.text("[role=status]")
    assert names(page) == ["Themes"]
    assert pages.container.store.prompts.get(prompt.id).description == "Which."


@pytest.mark.slow
def test_a_taken_or_unusable_name_is_refused_beside_the_form(pages: Pages) -> None:
    pages.api.prompt("Taken")
    prompt, _ = pages.api.prompt("Topics")
    address = f"/ui/prompts/{prompt.id}/edit"
    for title, said in (("Taken", "Taken"), ("a__b", "underscores"), (" ", "empty")):
        refused = pages.post(address, htmx=True, title=title, description="", alert="dialog-alert")
        assert refused.status in (409, 422)
        assert refused.response.headers["HX-Retarget"] == "#dialog-alert"
        assert said in refused.text()
    assert pages.container.store.prompts.get(prompt.id).title == "Topics"


@pytest.mark.slow
def test_a_prompt_of_a_project_one_does_not_see_is_not_changed(pages: Pages) -> None:
    hidden, _ = pages.studio.seed(CONFIG, [], title="Hidden")
    prompt = pages.container.store.prompts.create("Both", "", [pages.project, hidden])
    pages.api.as_user(hidden=[hidden])
    with pages.api.app.test_client() as client:
        sign_in(client, STRANGER)
        for what in ("edit", "delete"):
            refused = client.get(
                f"/ui/prompts/{prompt.id}/{what}",
                headers={"HX-Request": "true", "HX-Target": "dlg"},
            )
            assert refused.status_code == 403
            assert refused.headers["HX-Retarget"] == "#alert", "a refusal is no dialog"
            assert "further projects" in refused.get_data(as_text=True)


# Deleting


def predicted(pages: Pages, number: int) -> tuple[int, str]:
    """A prompt whose version holds so many predictions in Label Studio."""
    prompt, version = pages.api.prompt("Topics")
    label = "Topics__Version 1"
    own(
        pages.container.store,
        pages.container.studio.url,
        pages.project,
        label,
        prompt.id,
        version.id,
    )
    tasks = pages.api.tasks
    rows = [row(tasks[n % len(tasks)], label) for n in range(number)]
    pages.container.studio.import_predictions(pages.project, rows)
    return prompt.id, label


def job_of(page: Page) -> int:
    address = page.response.headers.get("HX-Redirect") or page.response.request.path
    return int(urlsplit(address).path.rsplit("/", 1)[1])


def ended(pages: Pages, job_id: int) -> Job:
    store = pages.container.store
    eventually(lambda: store.jobs.get(job_id).status.is_final)
    return store.jobs.get(job_id)


@pytest.mark.slow
def test_a_deletion_says_how_many_predictions_leave_which_project(pages: Pages) -> None:
    prompt, label = predicted(pages, 12)
    opened = pages.htmx(f"/ui/prompts/{prompt}/delete", "dlg")
    assert "Counting" in opened.text("dialog")
    counting = str(opened.one("#counted").attributes["hx-get"])
    counted = pages.htmx(counting, "counted")
    assert "12 predictions leave Seeded." in counted.text()
    assert counted.text("button") == "Delete prompt and 12 predictions"
    form = counted.fields("form")
    sent = pages.post(f"/ui/prompts/{prompt}/delete", htmx=True, **form)
    assert ended(pages, job_of(sent)).status == "Completed"
    assert pages.container.store.prompts.find(prompt) is None
    assert label not in pages.container.studio.model_versions(pages.project)
    page = pages.get(f"/ui/jobs/{job_of(sent)}")
    assert "Deleted, with 12 predictions." in page.text("#job")


@pytest.mark.slow
def test_without_script_the_same_page_counts_and_deletes(pages: Pages) -> None:
    prompt, _ = predicted(pages, 2)
    form = pages.get(f"/ui/prompts/{prompt}/delete").fields("main form")
    page = pages.post(f"/ui/prompts/{prompt}/delete", **form)
    assert "Delete Prompt: Topics" in page.text("h1")
    assert ended(pages, job_of(page)).status == "Completed"


@pytest.mark.slow
def test_a_count_that_changed_asks_again_and_deletes_nothing(pages: Pages) -> None:
    prompt, label = predicted(pages, 2)
    form = pages.get(f"/ui/prompts/{prompt}/delete").fields("main form")
    pages.container.studio.import_predictions(pages.project, [row(pages.api.tasks[0], label)])
    for htmx in (True, False):
        again = pages.post(f"/ui/prompts/{prompt}/delete", htmx=htmx, **form)
        assert "The number changed since you looked." in again.text()
        assert "Delete prompt and 3 predictions" in again.text("form button")
    assert pages.container.store.jobs.search(kinds=[JobKind.DELETE_PROMPT]) == []


@pytest.mark.slow
def test_a_thousand_predictions_want_the_name_typed(pages: Pages) -> None:
    prompt, _ = predicted(pages, 1000)
    form = pages.get(f"/ui/prompts/{prompt}/delete").fields("main form")
    assert "typed" in form
    refused = pages.post(f"/ui/prompts/{prompt}/delete", htmx=True, **{**form, "typed": "topics"})
    assert refused.status == 422
    assert "Nothing was deleted." in refused.text()
    sent = pages.post(f"/ui/prompts/{prompt}/delete", htmx=True, **{**form, "typed": "Topics"})
    assert ended(pages, job_of(sent)).status == "Completed"


@pytest.mark.slow
def test_a_deletion_under_way_is_named_on_the_list(pages: Pages) -> None:
    prompt, _ = pages.api.prompt("Topics")
    person = pages.container.studio.whoami().person
    job, _ = pages.container.store.jobs.create(
        JobKind.DELETE_PROMPT,
        {"title": "Topics"},
        created_by=person,
        seconds=600,
        prompt_id=prompt.id,
    )
    page = pages.get("/ui/prompts")
    assert "Deleting Topics goes on." in page.text(".caution")
    assert page.one(".caution a").attributes["href"] == f"/ui/jobs/{job.id}"
    assert "No prompts yet" in page.text("h2")


@pytest.mark.slow
def test_counting_while_label_studio_is_away_says_so_in_the_dialog(pages: Pages) -> None:
    prompt, _ = predicted(pages, 2)
    pages.get("/ui/prompts")
    pages.studio.fail("api/projects", "status", status=500, times=10, body={"detail": "busy"})
    counted = pages.htmx(f"/ui/prompts/{prompt}/delete/counted?alert=dialog-alert", "counted")
    assert counted.status >= 400
    assert counted.response.headers["HX-Retarget"] == "#dialog-alert"
