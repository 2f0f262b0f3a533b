"""The page of a job: how far it is, what came of it, and where to go from it."""

from __future__ import annotations

import pytest

from ml_backend.records import Job, JobKind, JsonObject, Person, RunStatus
from ml_backend.web.ui.shell.jobs import job_page, outcome_page
from support.pages import Pages


def begun(pages: Pages, kind: JobKind = JobKind.DELETE_PREDICTIONS, **more: object) -> Job:
    """A job that another process works on, asked for by the person who is signed in."""
    store, person = pages.container.store, pages.container.studio.whoami().person
    columns = {"request": {}, "project_id": pages.project, "seconds": 600.0, **more}
    return store.jobs.create(kind, created_by=person, **columns)[0]  # type: ignore[arg-type]


def ended(pages: Pages, job: Job, result: JsonObject, message: str = "") -> None:
    status = RunStatus.FAILED if message else RunStatus.COMPLETED
    pages.container.store.jobs.finish(job.id, 1, status, message=message, result=result)


@pytest.mark.slow
def test_a_job_under_way_shows_how_far_it_is_and_asks_again(pages: Pages) -> None:
    job = begun(pages)
    pages.container.store.jobs.change(job.id, 1, message="1200 of 5000")
    page = pages.get(job_page(job, back="/ui/predictions?project=1"))
    assert "Delete Predictions" in page.text("h1")
    assert "1,200 of 5,000" in page.text("#job")
    assert page.one("#job progress").attributes["value"] == "1200"
    again = page.one("#job").attributes
    assert again["hx-trigger"] == "load delay:1s"
    part = pages.htmx(str(again["hx-get"]), "job")
    assert part.one("#job")
    assert "<html" not in part.html
    assert not part.all("#live"), "the same step is not said twice"
    assert page.one("noscript meta").attributes["http-equiv"] == "refresh"
    assert page.one(".crumbs a").attributes["href"] == "/ui/predictions?project=1"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "result", "said"),
    [
        (
            JobKind.DELETE_PROMPT,
            {"deleted": 1204},
            "Deleted, with 1,204 predictions. Annotations stay.",
        ),
        (JobKind.DELETE_VERSION, {"deleted": 1}, "Deleted, with 1 prediction. Annotations stay."),
        (
            JobKind.DELETE_PREDICTIONS,
            {"deleted": 2, "model_versions": [{"model_version": "a", "predictions": 3}]},
            "2 predictions deleted. Annotations stay. "
            "3 predictions of the same model versions stay.",
        ),
        (
            JobKind.PROMOTE,
            {"created": 5, "skipped_annotated": 7, "notes": ["<b>One</b> was left."]},
            "5 annotations created. "
            "7 predictions left out of tasks that have annotations already. <b>One</b> was left.",
        ),
        (JobKind.REFINE, {"prompt": "x"}, "The suggestion is ready."),
    ],
    ids=lambda each: each.value if isinstance(each, JobKind) else "",
)
def test_an_ended_job_says_what_it_did_and_asks_no_more(
    pages: Pages, kind: JobKind, result: JsonObject, said: str
) -> None:
    job = begun(pages, kind)
    ended(pages, job, result)
    page = pages.htmx(job_page(job), "job")
    assert said in page.text("#job")
    assert "Done" in page.text("#job .badge")
    assert "hx-get" not in page.one("#job").attributes
    assert page.one("#live").attributes["hx-swap-oob"] == "innerHTML"


@pytest.mark.slow
def test_ended_job_leads_to_the_page_of_what_it_did(pages: Pages) -> None:
    job = begun(pages)
    address = job_page(job, back=outcome_page(job))
    assert pages.htmx(address, "job").one("#job")
    ended(pages, job, {"deleted": 2})
    part = pages.htmx(address, "job")
    assert part.response.headers["HX-Redirect"] == outcome_page(job)
    assert pages.client.get(address).location == outcome_page(job)


def test_a_failed_job_says_why_what_was_kept_and_where_to_go(pages: Pages) -> None:
    job = begun(pages)
    ended(pages, job, {}, "Label Studio stopped answering. <script>alert(1)</script>")
    page = pages.get(job_page(job))
    assert "Label Studio stopped answering. <script>" in page.text("#job [role=alert]")
    assert not page.all("#job script")
    assert "What is deleted stays deleted" in page.text("#job")
    assert page.one("#job .button.primary").attributes["href"] == (
        f"/ui/predictions?project={pages.project}"
    )


@pytest.mark.slow
@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "javascript:alert(1)"])
def test_a_job_leads_back_to_our_own_pages_alone(pages: Pages, back: str) -> None:
    page = pages.get(job_page(begun(pages), back=back))
    assert "evil" not in str(page.one(".crumbs a").attributes["href"])
    assert "javascript" not in str(page.one(".crumbs a").attributes["href"])


def test_a_job_of_somebody_else_is_not_there(pages: Pages) -> None:
    job = pages.container.store.jobs.create(
        JobKind.DELETE_PROMPT, {}, created_by=Person(99, "other"), seconds=600.0
    )[0]
    assert pages.get(job_page(job)).status == 404
