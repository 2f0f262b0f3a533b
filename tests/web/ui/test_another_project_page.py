"""The page of a prompt whose project has the number of the one it was made for."""

from __future__ import annotations

import pytest

from support.measured import choices, measured_run
from support.pages import Pages

ANEW = "2031-01-01T00:00:00.250000Z"


@pytest.mark.slow
def test_a_click_says_that_it_is_meant(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    pages.api.answered(prompt, version, dict.fromkeys(pages.api.tasks, "a"), subset="All")
    path = f"/ui/prompts/{prompt.id}?project={pages.project}"
    assert "Use for This Project" not in pages.get(path).html
    pages.container.studio._transport.send(
        "PATCH", f"api/projects/{pages.project}/", {"created_at": ANEW}
    )
    page = pages.get(path)
    assert f"Project {pages.project} is not the project the prompt" in page.text(".alert")
    form = page.one(".alert form")
    assert form.css_first("button") is not None
    page = pages.post(str(form.attributes["action"]))
    assert "is for" in page.text(".notice")
    assert "Use for This Project" not in page.html


@pytest.mark.slow
def test_answers_of_a_gone_project_stand_beside_no_task_of_the_new_one(pages: Pages) -> None:
    run = measured_run(pages, choices(pages, {0: "b", 1: "a", 2: "a"}))
    task, project = pages.api.tasks[0], pages.project
    prompt = f"/ui/prompts/{run.prompt_id}"
    assert "message 0" in pages.get(f"{prompt}?run={run.id}").text("#panel")
    before = len(pages.studio.state()["annotations"])
    pages.container.studio._transport.send(
        "PATCH", f"api/projects/{project}/", {"created_at": ANEW}
    )
    # First a stranger; then somebody said that the prompt is meant for the new one too.
    for why in ("is not the project the prompt", "is older than the project"):
        if why == "is older than the project":
            held = pages.container.store.prompts.get(run.prompt_id)
            now = pages.container.studio.get_project(project)
            pages.container.project_identity.confirm(held, now)
        shown = pages.get(f"{prompt}?run={run.id}")
        assert why in shown.text("#panel")
        assert "message 0" not in shown.text("#panel")
        for path in (f"tasks/{task}", f"tasks/{task}/messages", "results.csv", "new-results"):
            refused = pages.get(f"/ui/runs/{run.id}/{path}")
            assert (refused.status, why in refused.text()) == (409, True), path
        for path in (f"tasks/{task}/right", f"tasks/{task}/accept", "retry"):
            refused = pages.post(f"/ui/runs/{run.id}/{path}", follow=False)
            assert (refused.status, why in refused.text()) == (409, True), path
        query = {"project_subset": "All", "model_run": run.id}
        api = pages.api.request("GET", f"projects/{project}/subset-tasks", params=query)
        assert (api.status_code, why in api.text) == (400, True)
        assert why in pages.get(f"/ui/runs/{run.id}/report").text()
    assert len(pages.studio.state()["annotations"]) == before
    view = pages.get(f"{prompt}?run={run.id}")
    assert "%" not in view.text("#score"), "a score of the project that is gone"
