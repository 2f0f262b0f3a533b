"""Figures that flatter nobody, and words that say what is so and what to do next."""

from __future__ import annotations

import pytest

from ml_backend.next_steps import FACTS, Step
from ml_backend.records import RunStatus
from ml_backend.store import tables as t
from ml_backend.web.ui.shell import filters
from ml_backend.web.ui.shell.next_steps import WORDS
from support.pages import Pages
from support.runs_made import ran
from support.tables import each_row
from support.world import World


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "–"), (0, "0.00"), (0.004, "<0.01"), (0.5, "0.50"), (0.996, ">0.99"), (1, "1.00")],
)
def test_a_figure_is_never_rounded_to_one_or_to_nothing(value: float, written: str) -> None:
    assert filters.score(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "unknown"), (0, "$0"), (2e-5, "$0.00002"), (1e-12, "<$0.0000000001"), (3.5, "$3.50")],
)
def test_an_amount_is_written_as_people_write_it(value: float | None, written: str) -> None:
    assert filters.money(value) == written


@pytest.mark.slow
def test_a_task_that_was_asked_is_no_cheaper_for_others_that_were_not(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    ran(pages, version.id, cost=0.06, cached=4)
    found = pages.get(f"/ui/prompts/{prompt.id}").text("[aria-label=Score] .score-facts")
    assert "$0.0300 per task that was asked" in found
    ran(pages, version.id, cost=0.0, cached=6)
    found = pages.get(f"/ui/prompts/{prompt.id}").text("[aria-label=Score] .score-facts")
    assert "all answers kept from before" in found
    ran(pages, version.id, cost=None)
    found = pages.get(f"/ui/prompts/{prompt.id}").text("[aria-label=Score] .score-facts")
    assert "unknown per task" in found


@pytest.mark.slow
@each_row("step", Step)
def test_what_to_do_next_is_said_for_those_who_click(pages: Pages, step: Step) -> None:
    facts = dict.fromkeys(FACTS.get(step, ()), "17")
    message = f"It ended. {step(**facts)}"
    click = WORDS[step]
    for name, value in facts.items():
        click = click.replace(f"{{{name}}}", value)
    prompt, version = pages.api.prompt(step.name)
    ran(pages, version.id, status=RunStatus.FAILED, message=message)
    for tab in ("results", "history"):
        page = pages.get(f"/ui/prompts/{prompt.id}/{tab}")
        assert click in page.text("main")
        assert "ls-prompts" not in page.html
        assert "⟦" not in page.html
        assert " --" not in page.text("main")


@pytest.mark.slow
def test_a_saved_suggestion_says_whether_it_answers_label_studio_at_once(pages: Pages) -> None:
    world = World(pages)
    path = f"/ui/prompts/{world.prompt.id}/enhance/{world.suggestion.id}/save"
    fields = {"project": world.api.project, "text": "Better: {text}"}
    newest = world.pages.post(path, title="Second", **fields)
    assert "It answers Label Studio's own calls now" in newest.text(".notice")
    prompts = world.pages.container.store.prompts
    live = prompts.active_version(world.prompt.id)
    assert live is not None
    assert live.title == "Second"
    world.pages.container.prompts.activate(world.prompt, live)
    later = world.pages.post(path, title="Third", **fields)
    assert "Third is saved. Nothing that is live changed." in later.text(".notice")
    assert prompts.active_version(world.prompt.id) == live


@pytest.mark.slow
def test_every_button_that_goes_on_says_the_same_number(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    run = ran(pages, version.id, n=0, tasks=pages.api.tasks[:6], status=RunStatus.FAILED, failed=4)
    failures = {"timeout": 3, "bad_answer": 1}
    with pages.container.store.database.write() as c:
        c.execute(t.runs.update().where(t.runs.c.id == run.id).values(failures=failures))
    resume = f"form[action='/ui/runs/{run.id}/resume'] button"
    score = pages.get(f"/ui/prompts/{prompt.id}").text(resume)
    history = pages.get(f"/ui/prompts/{prompt.id}/history").text(f"#panel {resume}")
    assert score.split()[:2] == history.split()[:2]
