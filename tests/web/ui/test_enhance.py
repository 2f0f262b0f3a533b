"""Enhance Prompt: what a teacher would learn, what it proposes, and whether that is better."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.records import Job, JobKind, RunStatus, Subset, TruthSource
from support.api import SECRETS, STRANGER
from support.pages import Page, Pages, sign_in
from support.processes import eventually
from support.runs_made import ran
from support.wire import CONFIG

PROPOSED = "Which? {text}\nSay b when unsure."


def enhance(prompt: Any, more: str = "") -> str:
    return f"/ui/prompts/{prompt.id}/enhance{more}"


def asked(pages: Pages, prompt: Any, **form: str) -> Job:
    """Ask a teacher and wait for it."""
    done = pages.post(enhance(prompt), follow=False, model="simulated", **form)
    assert done.status == 303, done.text()
    store = pages.container.store.jobs
    job = store.search(kinds=[JobKind.REFINE])[0]
    assert done.response.location.startswith(enhance(prompt, f"/{job.id}"))
    eventually(lambda: store.get(job.id).status.is_final)
    return store.get(job.id)


def kept(pages: Pages, about: Any, version: Any | None, **result: Any) -> Job:
    """A suggestion as it stands in the store."""
    store = pages.container.store.jobs
    job, fence = store.create(
        JobKind.REFINE,
        {"teacher": "wise", "connection_id": None},
        created_by=None,
        seconds=60.0,
        prompt_id=about.id,
        version_id=version.id if version else None,
        project_id=pages.project,
    )
    found = {
        "prompt": PROPOSED, "reasoning": "pears", "diff": "", "drafted": False, "examples": 3,
        "held_out": 2, "saw_tasks": True, "cost": 0.02, "prompt_tokens": 900,
        "completion_tokens": 100,
    }  # fmt: skip
    store.finish(job.id, fence, RunStatus.COMPLETED, message="", result={**found, **result})
    return store.get(job.id)


def page_of(pages: Pages, job: Job, more: str = "") -> Page:
    return pages.get(f"/ui/prompts/{job.prompt_id}/enhance/{job.id}?project={pages.project}{more}")


@pytest.mark.slow
def test_the_page_says_what_it_learns_from_and_what_it_costs(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    ran(pages, version.id, 3, said="aaaaaa")
    connection = pages.api.connection()
    pages.container.store.connections.update(connection.id, prices={"wise": [1.0, 4.0]})
    page = pages.get(enhance(prompt))
    slot = page.one("#outlook")
    told = "load, change from:#enhance delay:400ms, price-given from:body"
    assert slot.attributes["hx-trigger"] == told
    url = f"{slot.attributes['hx-get']}?project={pages.project}&version={version.id}"
    found = pages.htmx(f"{url}&connection={connection.id}&model=wise", "outlook").text()
    # Of three mistakes those of the held-out tasks are nobody's to learn from.
    assert "it got wrong" in found
    assert "2 tasks with ground truth are held out" in found
    assert "Cost ≈ $0.00" in found
    assert "connection" in found
    unknown = pages.htmx(f"{url}&connection={connection.id}&model=other", "outlook").text()
    assert "Cost unknown : nobody knows the price of other there" in unknown
    # Without script the count comes with the page.
    plain = pages.get(str(page.one("#outlook .no-script a").attributes["href"]))
    assert "held out" in plain.text("#outlook")


@pytest.mark.slow
def test_without_mistakes_or_annotations_it_says_what_is_missing(pages: Pages) -> None:
    prompt, _ = pages.api.prompt()
    found = pages.get(enhance(prompt, "?count=1")).text("#outlook")
    assert "no mistake is known. Evaluate Version 1 first" in found
    bare, _ = pages.studio.seed(CONFIG, [{"data": {"text": "x"}}])
    other = pages.api.client.prompts.create(title="Other", associated_projects=[bare])
    found = pages.get(enhance(other, "?count=1")).text()
    assert "drafts the first version" in found
    assert "No task to learn from" in found
    assert "Nothing is annotated to score a suggestion on" in found


@pytest.mark.slow
def test_a_teacher_is_asked_and_told_the_goal(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    ran(pages, version.id, 3, said="aaaaaa")
    pages.simulator.control(markers=["fewer a for b"])
    job = asked(pages, prompt, connection="", goal=" fewer a for b ")
    assert job.status is RunStatus.COMPLETED, job.message
    assert job.request == {"connection_id": None, "teacher": "simulated", "goal": "fewer a for b"}
    assert pages.simulator.stats()["markers"]["fewer a for b"] == 1
    page = page_of(pages, job)
    assert page.text("main").count("fewer a for b") == 1
    assert page.one("#text").text().strip() == job.result["prompt"]
    assert page.all(".diff ins")
    assert not page.all("[hx-trigger]")
    earlier = pages.get(enhance(prompt)).text("table")
    assert "✓ ready unknown" in earlier


@pytest.mark.slow
def test_while_the_teacher_writes_the_page_asks_again(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    job, _ = pages.container.store.jobs.create(
        JobKind.REFINE, {"teacher": "wise", "connection_id": None}, created_by=None, seconds=60.0,
        prompt_id=prompt.id, version_id=version.id, project_id=pages.project,
    )  # fmt: skip
    page = page_of(pages, job)
    assert page.one("#job").attributes["hx-trigger"] == "load delay:1s"
    assert page.one("noscript meta").attributes["content"] == "5"
    assert "wise is writing" in page.text("#job")
    part = pages.htmx(str(page.one("#job").attributes["hx-get"]), "job")
    assert not part.all("main")
    assert part.one("#job").attributes["aria-busy"] == "true"


@pytest.mark.slow
def test_a_failure_says_that_nothing_changed_and_how_to_go_on(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    store = pages.container.store.jobs
    job, fence = store.create(
        JobKind.REFINE, {"teacher": "wise", "connection_id": None, "goal": "x&y"}, created_by=None,
        seconds=60.0, prompt_id=prompt.id, version_id=version.id, project_id=pages.project,
    )  # fmt: skip
    message = "The teacher model gave <no> usable prompt in 2 answers."
    store.finish(job.id, fence, RunStatus.FAILED, message=message, result={})
    page = page_of(pages, job)
    assert f"{message} No version was changed." in page.text("#job [role=alert]")
    again = str(page.all("#job .actions a")[0].attributes["href"])
    assert pages.get(again).one("#goal").text() == "x&y"
    assert "✗ failed" in pages.get(again).text("table")
    refused = pages.post(enhance(prompt, f"/{job.id}/save"), title="x", text="{text}")
    assert refused.status == 409


@pytest.mark.slow
def test_a_suggestion_is_saved_as_it_was_edited_and_stays_the_teachers(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    pages.container.store.prompts.update_version(
        version.id, max_few_shot_examples=3, parameters={"temperature": 0}
    )
    job = kept(pages, prompt, version)
    page = page_of(pages, job)
    assert "pears" in page.text(".reasons")
    assert page.text(".figures") == (
        "Teacher wise Learned from 3 tasks Held out 2 tasks Cost $0.0200 Tokens 1,000"
    )
    fields = page.fields("form[action*=save]")
    assert fields["title"] == "Version 2"
    edited = "Quite another text of\r\n{text}"
    done = pages.post(enhance(prompt, f"/{job.id}/save"), **{**fields, "text": edited})
    assert "Saved as Version 2 , edited" in done.text("#job")
    made = pages.container.store.prompts.versions(prompt.id)[-1]
    assert made.text == "Quite another text of\n{text}"
    assert made.refined_from == version.id
    assert (made.max_few_shot_examples, made.parameters) == (3, {"temperature": 0})
    assert made.created_by is not None
    # Saved untouched it is known again without the address saying so.
    assert "Saved as" not in page_of(pages, job).text("#job")
    pages.post(enhance(prompt, f"/{job.id}/save"), title="Version 3", text=PROPOSED)
    assert "Saved as Version 3 ." in page_of(pages, job).text("#job")


@pytest.mark.slow
def test_a_suggestion_that_cannot_be_used_is_refused_beside_the_form(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    job = kept(pages, prompt, version)
    path = enhance(prompt, f"/{job.id}/save")
    refused = pages.post(path, htmx=True, alert="save-alert", title="Version 2", text="{nonsense}")
    assert refused.status == 422
    assert refused.response.headers["HX-Retarget"] == "#save-alert"
    assert "nonsense" in refused.text()
    assert len(pages.container.store.prompts.versions(prompt.id)) == 1


@pytest.mark.slow
def test_a_first_version_is_drafted_and_saved(pages: Pages) -> None:
    prompt = pages.api.client.prompts.create(title="Empty", associated_projects=[pages.project])
    assert "Draft the prompt" in pages.get(enhance(prompt)).text("form button")
    job = asked(pages, prompt, connection="")
    assert job.status is RunStatus.COMPLETED, job.message
    page = page_of(pages, job)
    assert page.text("#job").count("What it drafted") == 1
    fields = page.fields("form[action*=save]")
    done = pages.post(enhance(prompt, f"/{job.id}/save"), **fields)
    assert "Saved as Version 1" in done.text("#job")
    [made] = pages.container.store.prompts.versions(prompt.id)
    assert (made.model, made.refined_from) == ("simulated", 0)


def saved(pages: Pages) -> tuple[Any, Any, Any, Job]:
    """A prompt with a version, and a suggestion saved as another."""
    prompt, version = pages.api.prompt()
    job = kept(pages, prompt, version)
    pages.post(enhance(prompt, f"/{job.id}/save"), title="Better", text=PROPOSED)
    return prompt, version, pages.container.store.prompts.versions(prompt.id)[-1], job


@pytest.mark.slow
def test_both_versions_are_evaluated_on_the_held_out_tasks_alone(pages: Pages) -> None:
    prompt, version, better, job = saved(pages)
    page = page_of(pages, job)
    button = page.one("#held-out button")
    assert button.text() == "Evaluate Version 1 and Better on the held-out 2 tasks"
    fields = page.fields("#held-out form")
    pages.post(enhance(prompt, f"/{job.id}/evaluate"), **fields)
    found = pages.container.store.runs.search(prompt_id=prompt.id)
    assert {run.version_id for run in found} == {version.id, better.id}
    held = {tuple(run.options.task_ids) for run in found}
    assert len(held) == 1
    assert len(held.pop()) == 2
    assert all(run.options.held_out for run in found)
    assert all(run.created_by is not None for run in found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (1, 2, "Better is 50.0 points better here."),
        (1, 1, "No better: 50% against 50%."),
        (2, 1, "No better: 50% against 100%, 50.0 less."),
    ],
)
def test_the_verdict_is_stated_plainly(pages: Pages, old: int, new: int, verdict: str) -> None:
    _, version, better, job = saved(pages)
    ran(pages, version.id, old, 2, held_out=True)
    ran(pages, better.id, new, 2, held_out=True)
    page = page_of(pages, job)
    shown = page.text("#held-out .verdict")
    assert shown.startswith(f"Held-out 2 tasks: Version 1 {old * 50}%, Better {new * 50}%.")
    assert shown.endswith(verdict)
    compare = str(page.one("#held-out a").attributes["href"])
    assert "common=1" in compare
    assert f"versions={version.id}&versions={better.id}" in compare
    assert not page.all("#held-out form")


@pytest.mark.slow
def test_an_evaluation_under_way_is_followed(pages: Pages) -> None:
    _, version, better, job = saved(pages)
    ran(pages, version.id, 1, 2, held_out=True)
    ran(pages, better.id, 0, 2, held_out=True, status=None)
    page = page_of(pages, job)
    section = page.one("#held-out")
    assert section.attributes["hx-trigger"] == "load delay:2s"
    part = pages.htmx(str(section.attributes["hx-get"]), "held-out")
    assert not part.all("#job")
    assert part.one("progress").attributes["value"] == "1"


@pytest.mark.slow
def test_scores_on_different_tasks_are_not_held_against_each_other(pages: Pages) -> None:
    _, version, better, job = saved(pages)
    ran(pages, version.id, 1, 2, held_out=True, tasks=pages.api.tasks[2:4])
    ran(pages, better.id, 2, 2, held_out=True)
    ran(pages, version.id, 6, 6, subset=Subset.HAS_GT)
    page = page_of(pages, job)
    assert "Not both versions have a score" in page.text("#held-out")
    assert page.all("#held-out form")


@pytest.mark.slow
def test_scores_on_different_truths_are_not_held_against_each_other(pages: Pages) -> None:
    _, version, better, job = saved(pages)
    ran(pages, version.id, 1, 2, held_out=True, truth=TruthSource.ANNOTATIONS)
    ran(pages, better.id, 2, 2, held_out=True)
    page = page_of(pages, job)
    assert "Not both versions have a score" in page.text("#held-out")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"model": ""}, 422, "The teacher model is missing."),
        ({"model": "m" * 201}, 422, "has 201 characters"),
        ({"connection": "x"}, 422, "'x' is no connection"),
        ({"connection": "99"}, 422, "does not exist"),
        ({"goal": "g" * 2001}, 422, "The goal has 2,001 characters"),
        ({"goal": "a\0b"}, 422, "holds a NUL character"),
    ],
)
def test_a_bad_form_says_what_is_wrong(
    pages: Pages, form: dict[str, str], status: int, said: str
) -> None:
    prompt, _ = pages.api.prompt()
    refused = pages.post(enhance(prompt), **{"model": "simulated", "connection": "", **form})
    assert refused.status == status
    assert said in refused.text("main")
    assert not pages.container.store.jobs.search()


@pytest.mark.slow
def test_another_persons_connection_is_neither_shown_nor_used(pages: Pages) -> None:
    prompt, _ = pages.api.prompt()
    theirs = pages.api.connection(scope="User")
    pages.api.as_user()
    with pages.api.app.test_client() as client:
        sign_in(client, STRANGER)
        stranger = Pages(pages.api, client)
        page = stranger.get(enhance(prompt))
        values = [each.attributes["value"] for each in page.all("#connection option")]
        assert str(theirs.id) not in values
        refused = stranger.post(enhance(prompt), model="m", connection=str(theirs.id))
        assert refused.status == 422
    assert not any(secret in page.html for secret in SECRETS)


@pytest.mark.slow
def test_a_suggestion_of_another_prompt_is_not_there(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    other, _ = pages.api.prompt("Other")
    job = kept(pages, prompt, version)
    assert pages.get(enhance(other, f"/{job.id}")).status == 404
    assert pages.get(enhance(prompt, "/999")).status == 404


@pytest.mark.slow
def test_what_a_teacher_says_shows_as_text(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    hostile = '<script>x</script> </textarea><b>{text}</b> "onmouseover=1 {{7*7}}'
    job = kept(pages, prompt, version, prompt=hostile, reasoning="<b>why</b>")
    page = page_of(pages, job)
    assert not page.all("main script, main b, [onmouseover]")
    assert page.one("#text").text().strip() == hostile
    assert page.text(".reasons") == "<b>why</b>"
