"""Which model?: the form, what it takes, the race as it goes on, and the winner as a version."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.records import Job, JobKind, RunStatus
from ml_backend.records.abilities import measured
from support.api import task
from support.pages import Pages
from support.processes import eventually
from support.wire import CONFIG
from support.world import raced_job


def seeded(pages: Pages, count: int = 30) -> tuple[Any, Any]:
    """A prompt on a project of truths that are all "a", which the simulated model says too."""
    api = pages.api
    api.project, api.tasks = pages.studio.seed(CONFIG, [task(n, "a") for n in range(count)])
    pages.simulator.control(rules=[{"answer": {"topic": "a"}}])
    return api.prompt()


def address(prompt: Any, more: str = "") -> str:
    return f"/ui/prompts/{prompt.id}/race{more}"


def kept(pages: Pages, prompt: Any, version: Any, **result: Any) -> Job:
    """A race as it stands in the store."""
    store = pages.container.store.jobs
    asked, found = raced_job("the")
    job, fence = store.create(
        JobKind.RACE, asked, created_by=None, seconds=60.0, prompt_id=prompt.id,
        version_id=version.id, project_id=pages.project,
    )  # fmt: skip
    if result.get("is_open"):
        store.change(job.id, fence, result={**found, "raced": 20, "is_over": False})
    else:
        store.finish(job.id, fence, RunStatus.COMPLETED, message="", result={**found, **result})
    return store.get(job.id)


@pytest.mark.slow
def test_the_form_says_what_a_race_takes_and_begins_it(pages: Pages) -> None:
    prompt, _ = seeded(pages)
    page = pages.get(address(prompt))
    fields = page.fields("#race")
    assert (fields["model_0"], fields["model_1"], fields["points"]) == ("simulated", "", "5")
    assert "2 to 24 models" in pages.htmx(address(prompt, "/plan"), "race-plan").text()
    both = "model_0=simulated&model_1=gpt-4o-mini"
    plan = pages.htmx(address(prompt, f"/plan?{both}"), "race-plan").text()
    assert "Raced on 18 tasks with ground truth, and 12 further ones" in plan
    assert "unknown" in plan
    assert (
        "is no number of examples"
        in pages.htmx(address(prompt, f"/plan?{both}&few_shot=x"), "race-plan").text()
    )
    # Without script the same comes with the page.
    assert "Raced on 18 tasks" in pages.get(address(prompt, f"?count=1&{both}")).text()
    container = pages.container
    seen = measured("2026-11-01", images=True)
    container.store.abilities.keep(container.models.default, "simulated", seen)
    listed = pages.htmx(address(prompt, "/models"), "race-listed")
    assert "gpt-4o-mini" in listed.html
    assert "simulated: pictures" in listed.html, "what is known of each is said where one chooses"
    begun = pages.post(
        address(prompt), follow=False, model_0="simulated", model_1="gpt-4o-mini", few_shot="0",
        points="5", budget="",
    )  # fmt: skip
    assert begun.status == 303, begun.text()
    store = pages.container.store.jobs
    (job,) = store.search(kinds=[JobKind.RACE])
    assert begun.response.location.startswith(address(prompt, f"/{job.id}"))
    eventually(lambda: store.get(job.id).status.is_final)
    shown = pages.get(address(prompt, f"/{job.id}?project={pages.project}"))
    assert store.get(job.id).result["sentence"] in shown.text("#job")
    assert "Nothing was written to Label Studio" in shown.text()
    assert not shown.all("[hx-trigger]")
    assert "gpt-4o-mini" in pages.get(address(prompt)).text("table")


@pytest.mark.slow
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_of_another_site_has_no_provider_asked(pages: Pages, site: str) -> None:
    prompt, _ = seeded(pages)
    from_there = {"Sec-Fetch-Site": site}
    for path in ("/models", "?list=1"):
        assert "gpt-4o-mini" not in pages.get(address(prompt, path), **from_there).html
    for own in ("same-origin", "none"):
        here = pages.get(address(prompt, "?list=1"), **{"Sec-Fetch-Site": own})
        assert "gpt-4o-mini" in here.html


@pytest.mark.slow
def test_a_race_under_way_is_watched_and_canceled(pages: Pages) -> None:
    prompt, version = seeded(pages)
    job = kept(pages, prompt, version, is_open=True)
    where = address(prompt, f"/{job.id}?project={pages.project}")
    page = pages.get(where)
    assert "20 of 60 tasks raced, 2 of 2 models left." in page.text("#job")
    assert page.one("#job").attributes["hx-trigger"] == "load delay:1s"
    part = pages.htmx(where, "job")
    assert not part.all("h1")
    pages.post(address(prompt, f"/{job.id}/cancel"))
    assert pages.container.store.jobs.get(job.id).cancel_requested
    assert "It ends now" in pages.get(where).text("#job")


@pytest.mark.slow
def test_the_winner_is_saved_as_a_version(pages: Pages) -> None:
    prompt, version = seeded(pages)
    job = kept(pages, prompt, version)
    page = pages.get(address(prompt, f"/{job.id}"))
    assert "the cheap is the cheapest." in page.text("#job")
    assert page.fields("#job form")["title"] == "Version 2"
    done = pages.post(address(prompt, f"/{job.id}/save"), title="Cheap one")
    assert "Cheap one is saved: the cheap answers it." in done.text()
    assert "Saved as Cheap one" in done.text("#job")
    made = pages.container.store.prompts.versions(prompt.id)[-1]
    assert (made.title, made.model, made.text) == ("Cheap one", "the cheap", "Which? {text}")
    none = kept(pages, prompt, version, models=[], winner=None, sentence="Not told apart.")
    refused = pages.post(address(prompt, f"/{none.id}/save"), title="x", follow=False)
    assert refused.status == 409
