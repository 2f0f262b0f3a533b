"""The history tab: every run, what it took, and what exactly it asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ml_backend.records import JobKind, RunStatus, Subset, TruthSource
from ml_backend.store import tables as t
from support.api import STRANGER
from support.pages import Page, Pages, sign_in
from support.runs_made import ran


def rows(page: Page) -> list[str]:
    return [" ".join(each.text(separator=" ").split()) for each in page.all(".history tbody tr")]


@pytest.mark.slow
def test_runs_are_listed_newest_first_with_what_they_took(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    ran(pages, version.id, 4, cost=0.06)
    ran(pages, version.id, 0, 0, subset=Subset.ALL, cost=None, failed=2, tasks=pages.api.tasks)
    page = pages.get(f"/ui/prompts/{prompt.id}/history")
    second, first = rows(page)
    assert "Version 1 ✓ Completed" in first
    assert "Ground Truths · 6 tasks" in first
    assert "67% 4/6" in first
    assert "$0.0600" in first
    assert "! Completed, 2 failed" in second
    assert "All Project Tasks · 10 tasks" in second
    assert "10 of 10 tasks ✗ 2 failed unknown" in second
    links = {each.text().split()[0]: each.attributes["href"] for each in page.all(".history a")}
    assert links["Results"].startswith(f"/ui/prompts/{prompt.id}/results?")
    assert links["Report"] == "/ui/runs/1/report"
    assert (
        page.text("dl.figures")
        == "Spent this month $0.0600 and 1 of unknown price Runs this month 2"
    )


@pytest.mark.slow
def test_nothing_run_says_so(pages: Pages) -> None:
    prompt, _ = pages.api.prompt()
    assert "Nothing was run yet" in pages.get(f"/ui/prompts/{prompt.id}/history").text("#panel")


@pytest.mark.slow
def test_an_open_run_is_shown_with_its_progress_and_asks_again_until_it_ends(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    run = ran(pages, version.id, status=None)
    page = pages.get(f"/ui/prompts/{prompt.id}/history")
    row = page.one(f"#run-{run.id}")
    assert row.attributes["hx-get"] == f"/ui/runs/{run.id}/row"
    assert row.attributes["hx-trigger"] == "load delay:2s"
    assert row.attributes["hx-target"] == "this"  # and not the panel it stands in
    assert row.css_first("progress").attributes["max"] == "6"
    assert row.css_first("form").attributes["action"] == f"/ui/runs/{run.id}/cancel"
    store = pages.container.store.runs
    store.finish(run.id, 0, RunStatus.CANCELED, "Canceled.")
    # A row alone is no document; it is looked at as the table it goes into.
    ended = pages.htmx(f"/ui/runs/{run.id}/row", f"run-{run.id}").html
    assert "hx-trigger" not in ended
    assert f'action="/ui/runs/{run.id}/resume"' in ended
    assert "Resume 5" in ended
    assert "Canceled" in ended


@pytest.mark.slow
@pytest.mark.parametrize(
    ("subset", "options", "said"),
    [
        (Subset.HAS_GT, {"held_out": True}, "Held-out Ground Truths · 6 tasks"),
        (Subset.HAS_GT, {"truth": TruthSource.ANNOTATIONS}, "Annotated tasks · 6 tasks"),
        (Subset.SAMPLE, {"sample_seed": 7}, "Sample Tasks, random with seed 7 · 6 tasks"),
        (Subset.CUSTOM, {}, "Chosen tasks · 6 tasks"),
        (Subset.CUSTOM, {"filters": {"items": [1]}}, "Tasks of a filter · 6 tasks"),
        (Subset.ALL, {"only_missing": True},
         "All Project Tasks, only those without a prediction of this version · 6 tasks"),
    ],
)  # fmt: skip
def test_the_baseline_of_a_run_is_named(
    pages: Pages, subset: Subset, options: dict[str, object], said: str
) -> None:
    prompt, version = pages.api.prompt()
    ran(pages, version.id, subset=subset, **options)  # type: ignore[arg-type]
    assert said in pages.get(f"/ui/prompts/{prompt.id}/history").text(".history")


@pytest.mark.slow
def test_what_a_run_asked_stays_whatever_is_edited(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    run = ran(pages, version.id, budget=2.5, fresh=True, samples=3)
    pages.api.client.prompts.versions.update(prompt.id, version.id, prompt="Changed {text}")
    page = pages.get(f"/ui/runs/{run.id}/asked")
    assert page.one("pre").text() == "Which? {text}"
    table = page.text("table")
    for said in (
        "Model simulated",
        "Stop at, in dollars 2.5",
        "Asked anew, not from the cache yes",
        "Answers asked of each task 3",
        "Model version Topics__Version 1__evaluate",
    ):
        assert said in table
    assert pages.htmx(f"/ui/runs/{run.id}/asked", "dlg").one("dialog #dialog-title")


@pytest.mark.slow
def test_fifty_runs_are_shown_and_the_older_ones_a_page_further(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    for _ in range(53):
        ran(pages, version.id)
    page = pages.get(f"/ui/prompts/{prompt.id}/history")
    assert len(rows(page)) == 50
    assert len(page.html) < 150_000
    # What is run meanwhile shifts nothing.
    ran(pages, version.id)
    [older] = page.all(".pager a")
    further = pages.get(str(older.attributes["href"]))
    assert [each.id for each in further.all(".history tbody tr")] == ["run-3", "run-2", "run-1"]
    assert [each.text() for each in further.all(".pager a")] == ["Newest"]


@pytest.mark.slow
def test_money_is_summed_by_month_and_teachers_count(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    old = ran(pages, version.id, cost=1.5)
    ran(pages, version.id, cost=0.25)
    store = pages.container.store
    job, fence = store.jobs.create(
        JobKind.REFINE, {"teacher": "t"}, created_by=None, seconds=60.0,
        prompt_id=prompt.id, version_id=version.id, project_id=pages.project,
    )  # fmt: skip
    store.jobs.finish(job.id, fence, RunStatus.COMPLETED, message="", result={"cost": 0.5})
    job, fence = store.jobs.create(
        JobKind.RACE, {}, created_by=None, seconds=60.0,
        prompt_id=prompt.id, version_id=version.id, project_id=pages.project,
    )  # fmt: skip
    spent = {"models": [{}], "spent": 0.125}
    store.jobs.finish(job.id, fence, RunStatus.CANCELED, message="", result=spent)
    with store.database.write() as c:
        earlier = datetime.now(UTC) - timedelta(days=40)
        c.execute(t.runs.update().where(t.runs.c.id == old.id).values(created_at=earlier))
    page = pages.get(f"/ui/prompts/{prompt.id}/history")
    figures = "Spent this month $0.8750 Runs this month 1 Enhance Prompt 1 time Which model? 1 race"
    assert page.text("dl.figures") == figures
    assert f"{earlier:%Y-%m} 1 $1.50" in page.text("details")


@pytest.mark.slow
def test_runs_of_a_deleted_version_stay_with_its_name(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    run = ran(pages, version.id, status=RunStatus.FAILED, message="<script>boom</script>")
    pages.api.client.prompts.versions.create(
        prompt.id, title="Second", prompt="{text}", provider_model_id="simulated"
    )
    pages.container.store.prompts.delete_version(version.id)
    page = pages.get(f"/ui/prompts/{prompt.id}/history")
    shown = page.text(".history")
    assert "Version 1 (deleted) ✗ Failed" in shown
    assert "<script>boom</script>" in shown
    # Without its version it has no results page, and does not go on.
    assert f"What was asked in run {run.id}" in shown
    assert "Results of" not in shown
    assert not page.all(".history form, main script")


@pytest.mark.slow
def test_a_run_of_a_project_one_does_not_see_is_not_there(pages: Pages) -> None:
    _, version = pages.api.prompt()
    run = ran(pages, version.id)
    pages.api.as_user(hidden=[pages.project])
    with pages.api.app.test_client() as client:
        sign_in(client, STRANGER)
        stranger = Pages(pages.api, client)
        for path in ("row", "asked"):
            assert stranger.get(f"/ui/runs/{run.id}/{path}").status == 404


@pytest.mark.slow
def test_texts_of_runs_show_as_text(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    store = pages.container.store
    store.prompts.update_version(version.id, text='<script>x</script> {text} "onmouseover=1')
    run = ran(pages, version.id, message="<b>bold</b> {{7*7}} =cmd")
    page = pages.get(f"/ui/prompts/{prompt.id}/history")
    assert "<b>bold</b> {{7*7}} =cmd" in page.text(".history")
    asked = pages.get(f"/ui/runs/{run.id}/asked")
    assert asked.one("pre").text() == '<script>x</script> {text} "onmouseover=1'
    assert not asked.all("main script, main b")
