"""The pages about a project in which nothing is marked as ground truth, by clicking."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.records import Run, Subset, TruthSource
from ml_backend.services.runs.run_request import RunRequest
from support.api import task
from support.measured import completed, outcome
from support.pages import Page, Pages
from support.wire import CONFIG, region

IS = "since no annotation of this project is marked as ground truth"
WAS = IS.replace(" is ", " was ")


@pytest.fixture
def community(pages: Pages) -> Pages:
    """A project of ten tasks, six of them annotated "a" or "b" by a person."""
    rows: list[dict[str, Any]] = [task(n) for n in range(10)]
    for n, row in enumerate(rows[:6]):
        row["annotations"] = [{"result": [region("ab"[n % 2])], "lead_time": 2.0}]
    pages.api.project, pages.api.tasks = pages.studio.seed(CONFIG, rows, title="Community")
    return pages


def mark(pages: Pages, place: int) -> None:
    wanted = pages.api.tasks[place]
    listed = pages.get(f"/ui/ground-truth?project={pages.project}")
    pages.post("/ui/ground-truth", **listed.fields(f"#task-{wanted} form"))


def editor(pages: Pages, prompt: Any) -> Page:
    return pages.get(f"/ui/prompts/{prompt.id}")


def evaluated(pages: Pages, prompt: Any, version: Any, said: str) -> Run:
    """A run over all that is true, with an answer a letter."""
    container = pages.container
    run = container.runs.start(
        container.store.prompts.get(prompt.id),
        container.store.prompts.get_version(version.id),
        container.studio.get_project(pages.project),
        RunRequest(subset=Subset.HAS_GT, worker_job=f"worker-{version.id}"),
    )
    asked = run.options.task_ids
    answers = [outcome(each, choice) for each, choice in zip(asked, said, strict=False)]
    return completed(pages, run, answers, None)


@pytest.mark.slow
def test_the_editor_evaluates_on_what_people_submitted_and_says_why(community: Pages) -> None:
    prompt, _ = community.api.prompt()
    page = editor(community, prompt)
    assert "Evaluate on the annotated tasks to get a score." in page.text("#score")
    assert f"Measured on submitted annotations (6), {IS}." in page.text(".baseline")
    assert "checked" in page.one("[name=baseline][value=HasGT]").attributes
    assert page.all("#truth") == [], "there is nothing to choose"
    assert page.text("#run-label") == "Evaluate annotated tasks"
    fields = page.fields("#editor")
    estimate = community.post(f"/ui/prompts/{prompt.id}/estimate", htmx=True, **fields)
    assert estimate.text("#run-label") == "Evaluate 6 tasks"
    done = community.post(f"/ui/prompts/{prompt.id}/editor", **{**fields, "do": "run"})
    assert "6 tasks will be asked." in done.text(".notice")
    [run] = community.container.store.runs.search(prompt_id=prompt.id)
    assert run.measured_on.endswith(WAS)
    asked = community.get(f"/ui/runs/{run.id}/asked").text()
    assert f"submitted annotations, {WAS}" in asked


@pytest.mark.slow
def test_a_choice_is_offered_once_something_is_marked_and_stays(community: Pages) -> None:
    prompt, _ = community.api.prompt()
    mark(community, 0)
    page = editor(community, prompt)
    assert "Ground Truths 1" in page.text(".baseline")
    assert page.fields("#editor")["truth"] == "ground_truth"
    assert page.text("#run-label") == "Evaluate 1 task"
    fields = {**page.fields("#editor"), "truth": "annotations"}
    community.post(f"/ui/prompts/{prompt.id}/editor", **{**fields, "do": "run"})
    [run] = community.container.store.runs.search(prompt_id=prompt.id)
    assert (run.truth, run.totals.total) == (TruthSource.ANNOTATIONS, 6)
    assert run.measured_on == "submitted annotations"


@pytest.mark.slow
def test_ground_truth_chosen_where_there_is_none_is_refused(community: Pages) -> None:
    prompt, _ = community.api.prompt()
    fields = {**editor(community, prompt).fields("#editor"), "truth": "ground_truth", "do": "run"}
    page = community.post(f"/ui/prompts/{prompt.id}/editor", **fields)
    assert "has no ground truth" in page.text("#editor-alert")
    assert page.fields("#editor")["truth"] == "ground_truth", "what was chosen is still there"


@pytest.mark.slow
def test_scores_alignment_and_results_say_what_they_were_measured_on(community: Pages) -> None:
    prompt, version = community.api.prompt()
    run = evaluated(community, prompt, version, "aababb")
    base = f"/ui/prompts/{prompt.id}"
    assert f"against submitted annotations, {WAS}" in community.get(base).text("#score")
    aligned = community.get(f"{base}/alignment?run={run.id}").text("#panel")
    assert "Agreement with submitted annotations" in aligned
    assert f"Measured on submitted annotations, {WAS}." in aligned
    assert "Annotated tasks · 6 tasks" in community.get(f"{base}/history").text("#panel")


@pytest.mark.slow
def test_versions_are_compared_on_what_people_submitted(community: Pages) -> None:
    prompt, first = community.api.prompt()
    second = community.api.client.prompts.versions.create(
        prompt.id, title="Version 2", prompt="{text}?", provider_model_id="simulated"
    )
    evaluated(community, prompt, first, "aaaaaa")
    run = evaluated(community, prompt, second, "ababab")
    compare = f"/ui/prompts/{prompt.id}/compare/result?versions={first.id}&versions={second.id}"
    shown = community.get(compare).text()
    assert f"6 tasks with submitted annotations. Measured on submitted annotations, {IS}." in shown
    mark(community, 0)
    assert "submitted annotations, as their runs were" in community.get(compare).text()
    evaluated(community, prompt, first, "a")
    mixed = community.get(compare).text()
    assert "1 task with ground truth" in mixed
    note = f"Version 2: its run {run.id} was measured on submitted annotations; here all are held"
    assert f"{note} against ground truth." in mixed


@pytest.mark.slow
def test_enhance_learns_from_what_people_submitted(community: Pages) -> None:
    prompt, _ = community.api.prompt()
    shown = community.get(f"/ui/prompts/{prompt.id}/enhance?count=1").text("#outlook")
    assert "2 tasks with submitted annotations are held out" in shown
    assert f"Right is what people submitted, {IS}." in shown


@pytest.mark.slow
def test_versions_on_different_truths_are_not_called_better(community: Pages) -> None:
    prompt, first = community.api.prompt()
    second = community.api.client.prompts.versions.create(
        prompt.id, title="Version 2", prompt="{text}?", provider_model_id="simulated"
    )
    evaluated(community, prompt, first, "aaaaaa")
    mark(community, 0)
    evaluated(community, prompt, second, "a")
    page = community.get(f"/ui/prompts/{prompt.id}?version={second.id}")
    assert "not comparable: measured on other annotations" in page.text("#score")
