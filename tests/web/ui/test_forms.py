"""No form of any page can be blocked by a field that nobody chose, however small a project is."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import task
from support.html_forms import blocking
from support.pages import HTMX, Pages
from support.wire import CONFIG, region
from support.world import World

TASKS = (0, 1, 5, 19, 20)
ODD = {"sample_size": "0", "seed": "-1", "tasks": "x", "tab": "99"}
"""What no run takes, in the fields of the choices of tasks."""


def sized(pages: Pages, number: int) -> World:
    """All that pages show, about a project of so many tasks."""
    world = World(pages, max(1, number))
    if not number:
        pages.container.studio.delete_tasks(world.api.project, world.api.tasks)
    return world


@pytest.mark.slow
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["as a page", "by htmx"])
@pytest.mark.parametrize("number", TASKS)
def test_no_form_of_any_page_is_blocked_by_what_nobody_chose(
    pages: Pages, number: int, headers: dict[str, str]
) -> None:
    world = sized(pages, number)
    forms = 0
    for call in world.calls():
        if call.method == "GET":
            answer = call.send(pages.client, **headers)
            assert blocking(answer.html) == [], call
            forms += len(answer.all("form"))
    assert forms > 50


@pytest.mark.slow
@pytest.mark.parametrize("below", ["0.705", "1", "0", "1e-3"])
def test_a_confidence_of_an_address_blocks_no_form(pages: Pages, below: str) -> None:
    world = World(pages)
    page = pages.get(f"/ui/prompts/{world.prompt.id}/results?run={world.run.id}&below={below}")
    assert page.one("#below").attributes["value"]
    assert blocking(page.html) == []


@pytest.mark.slow
def test_many_few_shot_examples_of_the_api_block_no_form(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    pages.api.client.prompts.versions.update(prompt.id, version.id, max_few_shot_examples=200)
    page = pages.get(f"/ui/prompts/{prompt.id}")
    assert blocking(page.html) == []
    saved = pages.post(
        f"/ui/prompts/{prompt.id}/editor", **{**page.fields("#editor"), "do": "save"}
    )
    assert saved.status == 200
    assert "Nothing was changed" in saved.text()


# A project of a few tasks, from its editor


def small(pages: Pages, number: int = 5, annotated: int = 3) -> tuple[str, int]:
    """The address of a prompt's editor, and its project: as in Label Studio Community."""
    rows: list[dict[str, Any]] = [task(n) for n in range(number)]
    for n, row in enumerate(rows[:annotated]):
        row["annotations"] = [{"result": [region("ab"[n % 2])], "lead_time": 2.0}]
    project, _ = pages.studio.seed(CONFIG, rows, title="Small")
    prompt = pages.api.client.prompts.create(title="Topics", associated_projects=[project])
    pages.api.client.prompts.versions.create(
        prompt.id, title="Version 1", prompt="Which? {text}", provider_model_id="simulated"
    )
    return f"/ui/prompts/{prompt.id}", project


@pytest.mark.slow
@pytest.mark.parametrize(
    ("chosen", "asked"),
    [
        ({"baseline": "HasGT"}, 3),
        ({"baseline": "All"}, 5),
        ({"baseline": "Sample", "sample_size": "20"}, 5),
        ({"baseline": "Sample", "sample_size": "2", "sample": "first"}, 2),
        ({"baseline": "Custom"}, 2),
    ],
    ids=["HasGT", "All", "Sample of more than all", "Sample", "Custom"],
)
def test_what_was_not_chosen_is_not_checked(
    pages: Pages, chosen: dict[str, str], asked: int
) -> None:
    url, project = small(pages)
    fields = {**pages.get(url).fields("#editor"), **ODD, **chosen, "said": chosen["baseline"]}
    if chosen["baseline"] == "Custom":
        ids = pages.container.studio.task_ids(project)
        fields["tasks"] = f"{ids[0]}, {ids[1]}"
    page = pages.post(f"{url}/editor", **{**fields, "do": "run"})
    assert f"{asked} tasks will be asked" in page.text(".notice")


@pytest.mark.slow
def test_saving_checks_nothing_about_a_run(pages: Pages) -> None:
    url, _ = small(pages)
    odd = {**ODD, "samples": "99", "budget": "-1", "text": "Now {text}?", "do": "save"}
    page = pages.post(f"{url}/editor", **{**pages.get(url).fields("#editor"), **odd})
    assert "Version 1 is saved." in page.text(".notice")


@pytest.mark.slow
def test_a_form_that_comes_back_with_odd_fields_can_still_be_sent(pages: Pages) -> None:
    url, _ = small(pages)
    fields = {**pages.get(url).fields("#editor"), **ODD, "samples": "0", "preview": ""}
    assert blocking(pages.post(f"{url}/editor", **fields).html) == []


@pytest.mark.slow
def test_without_tasks_the_page_says_so_in_place_of_a_button(pages: Pages) -> None:
    url, project = small(pages, number=0)
    page = pages.get(url)
    assert page.all("[data-key=run]") == []
    assert "There is nothing to run on yet: Small has no tasks." in page.text("#no-tasks")
    link = page.one("#no-tasks a").attributes["href"]
    assert link == f"{pages.studio.url}/projects/{project}/data"
    dialog = pages.get(f"{url}/predict-all")
    assert "There is nothing to predict yet: Small has no tasks." in dialog.text(".caution")
    saved = {**page.fields("#editor"), "text": "Now {text}?", "do": "save"}
    assert "Version 1 is saved." in pages.post(f"{url}/editor", **saved).text(".notice")
    estimate = pages.post(f"{url}/estimate", htmx=True, **page.fields("#editor"))
    assert "run-label" not in estimate.html
    now = pages.get(url).fields("#editor")
    run = pages.post(f"{url}/editor", **{**now, "do": "run"})
    assert "has no tasks" in run.text("[role=alert]")
