"""A next step at every end: what a prompt's page offers for a project of each kind."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from support.api import task
from support.pages import Page, Pages
from support.runs_made import ran
from support.wire import CONFIG, region

pytestmark = pytest.mark.slow


def offered(page: Page) -> list[str]:
    return [
        " ".join(each.text().split())
        for each in page.all(".next-steps .actions > a, .next-steps .actions button")
    ]


def prompt_of(pages: Pages, rows: list[dict[str, Any]]) -> tuple[Any, Any, str]:
    pages.api.project, pages.api.tasks = pages.studio.seed(CONFIG, rows)
    prompt, version = pages.api.prompt()
    return prompt, version, f"/ui/prompts/{prompt.id}"


def test_without_tasks_it_leads_to_the_import(pages: Pages) -> None:
    _, _, path = prompt_of(pages, [])
    page = pages.get(path)
    assert offered(page) == ["Import tasks in Label Studio"]
    link = page.one(".next-steps a")
    assert link.attributes["target"] == "_blank"


@pytest.mark.parametrize("tasks", [1, 5, 19, 20])
def test_without_annotations_it_predicts_labels_and_says_how_to_go_on(
    pages: Pages, tasks: int
) -> None:
    _, _, path = prompt_of(pages, [task(n) for n in range(tasks)])
    page = pages.get(path)
    number = f"{tasks} task{'s' * (tasks > 1)}"
    assert offered(page) == [f"Get predictions for {number}", "Label tasks"]
    said = page.text(".next-steps")
    assert "to see where they disagree" in said
    assert "mark what is right as ground truth" in said


def test_annotations_without_a_mark_lead_to_marking(pages: Pages) -> None:
    rows = [{**task(n), "annotations": [{"result": [region("a")]}]} for n in range(3)]
    _, _, path = prompt_of(pages, rows)
    page = pages.get(path)
    assert offered(page) == ["Mark ground truth"]
    where = f"/ui/ground-truth?project={pages.project}"
    assert page.one(".next-steps a").attributes["href"] == where


def test_an_evaluation_leads_to_its_mismatches_a_better_prompt_and_predictions(
    pages: Pages,
) -> None:
    prompt, first = pages.api.prompt()
    run = ran(pages, first.id, correct=4, said="aaabbb")
    path = f"/ui/prompts/{prompt.id}"
    page = pages.get(path)
    assert offered(page) == ["See 2 mismatches", "Enhance", "Get predictions for 10 tasks"]
    wrong = urlsplit(str(page.all(".next-steps a")[0].attributes["href"]))
    query = parse_qs(wrong.query)
    assert (wrong.path, query["filter"], query["run"]) == (
        f"{path}/results", ["mismatch"], [str(run.id)],
    )  # fmt: skip
    second = pages.api.client.prompts.versions.create(
        prompt.id, title="v2", prompt="{text}?", provider_model_id="simulated"
    )
    ran(pages, second.id, correct=6, said="ababab")
    assert offered(pages.get(path)) == ["Compare with Version 1", "Get predictions for 10 tasks"]


def test_predictions_lead_to_label_studio_the_stream_and_annotations(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    pages.api.answered(prompt, version, dict.fromkeys(pages.api.tasks, "a"), subset="All")
    path = f"/ui/prompts/{prompt.id}"
    page = pages.get(path)
    # The label stream showed nothing, so that it shows them already.
    assert offered(page) == ["Open in the Data Manager", "Create annotations"]
    assert "/data?tab=" in str(page.all(".next-steps a")[0].attributes["href"])
    other, its_version = pages.api.prompt("Other")
    pages.api.answered(other, its_version, dict.fromkeys(pages.api.tasks, "b"), subset="All")
    path = f"/ui/prompts/{other.id}"
    page = pages.get(path)
    assert offered(page)[1] == "Show in label stream"
    form = page.fields(".next-steps form")
    sent = pages.post("/ui/predictions/show", **form)
    assert "shows Other__Version 1 now instead of Topics__Version 1." in sent.text(".notice")
    assert offered(sent) == ["Open in the Data Manager", "Create annotations"]


def test_kept_answers_are_not_said_to_be_free(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    ran(pages, version.id, cost=0.0, cached=6)
    page = pages.get(f"/ui/prompts/{prompt.id}")
    assert "All answers were kept from before and paid then: nothing was asked" in page.text(
        ".ending"
    )
    assert "$0" not in page.text(".ending")
