"""Try on this task: the unsaved text, by htmx and by plain forms, and hostile answers as text."""

from __future__ import annotations

from typing import Any

import pytest

from support.pages import HTMX, Page, Pages

EVIL = "<script>alert(1)</script><b onmouseover='x'>"


@pytest.fixture
def path(pages: Pages) -> str:
    prompt, _ = pages.api.prompt()
    return f"/ui/prompts/{prompt.id}"


def attempt(pages: Pages, path: str, htmx: bool = True, **typed: Any) -> Page:
    form = pages.get(path).fields("#editor")
    task = str(typed.pop("task", pages.api.tasks[0]))
    return pages.post(f"{path}/try", htmx=htmx, **{**form, "try": task, **typed})


@pytest.mark.slow
def test_the_preview_has_the_button_of_the_task_it_shows(pages: Pages, path: str) -> None:
    form = pages.get(path).fields("#editor")
    shown = pages.post(f"{path}/preview", htmx=True, **form)
    button = shown.one("#try").attributes
    assert button["value"] == str(pages.api.tasks[0])
    assert str(button["formaction"]).startswith(f"{path}/try")
    broken = pages.post(f"{path}/preview", htmx=True, **{**form, "text": "{txet}"})
    assert not broken.all("#try")


@pytest.mark.slow
@pytest.mark.parametrize("htmx", [True, False], ids=["by htmx", "without script"])
def test_the_unsaved_text_is_answered_without_a_run_or_a_prediction(
    pages: Pages, path: str, htmx: bool
) -> None:
    typed = {"text": "Typed? {text}", "parameters": "temperature = 0.3", "system_prompt": "Hi."}
    found = attempt(pages, path, htmx=htmx, **typed)
    assert found.status == 200
    sent = pages.simulator.last_request()
    assert sent["messages"][-1]["content"] == "Typed? <text>message 0</text>"
    assert sent["messages"][0]["content"].startswith("Hi.\n\n")
    assert sent["temperature"] == 0.3
    section = found.text(".trial")
    assert f"Task {pages.api.tasks[0]} , tried with simulated" in section
    assert "Ground truth" in section
    assert "Cost unknown" in found.text("#trial-cost")
    assert "tokens in" in found.text("#trial-cost")
    assert "topic" in found.text("#trial-raw pre")
    assert pages.container.store.runs.search() == []
    assert not pages.studio.state()["predictions"]
    if not htmx:
        assert found.fields("#editor")["text"] == "Typed? {text}"


@pytest.mark.slow
def test_null_is_nothing_to_tell_and_wrong_where_a_truth_is(pages: Pages, path: str) -> None:
    pages.simulator.control({"answer": {"topic": None}})
    found = attempt(pages, path)
    assert "Nothing to tell: the answer is null or empty" in found.text(".trial")
    assert "wrong" in found.text(".trial h3")
    assert pages.simulator.stats()["calls"] == 1


@pytest.mark.slow
def test_the_next_task_is_tried_and_previewed(pages: Pages, path: str) -> None:
    first = attempt(pages, path, preview_task=str(pages.api.tasks[0]))
    assert not first.all("#preview")
    onward = first.one(".trial button[name=try]").attributes["value"]
    assert onward == str(pages.api.tasks[1])
    second = attempt(pages, path, task=onward, preview_task=str(pages.api.tasks[0]))
    assert f"Task {onward}" in second.text(".trial h3")
    assert second.one("#preview").attributes["hx-swap-oob"] == "innerHTML"
    assert second.one("#preview [name=preview_task]").attributes["value"] == onward


@pytest.mark.slow
def test_what_was_answered_before_is_free_and_can_be_asked_anew(pages: Pages, path: str) -> None:
    attempt(pages, path)
    again = attempt(pages, path)
    assert "Answered before" in again.text("#trial-cost")
    assert again.one("button[name=try_anew]").text() == "Ask anew"
    form = pages.get(path).fields("#editor")
    anew = pages.post(f"{path}/try", htmx=True, **form, try_anew=str(pages.api.tasks[0]))
    assert "tokens in" in anew.text("#trial-cost")
    assert pages.simulator.stats()["calls"] == 2
    assert "Tries of a task 2" in pages.get(f"{path}/history").text() or "2 tasks were tried" in (
        pages.get(f"{path}/history").text()
    )


@pytest.mark.slow
def test_hostile_answers_are_shown_as_text(pages: Pages, path: str) -> None:
    pages.simulator.control({"answer": f"no JSON {EVIL}"})
    found = attempt(pages, path)
    assert EVIL in found.all("#trial-raw pre")[0].text()
    assert "<script>alert" not in found.html
    assert not found.all("[onmouseover]")
    assert "Invalid answer" in found.text(".caution")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"text": "{txet}"}, "uses {txet}"),
        ({"text": " "}, "The prompt is empty."),
        ({"parameters": "temprature = 1"}, "no parameter 'temprature'"),
        ({"task": 99_999}, "has no task 99999"),
        ({"budget": "-1"}, "Stop at is '-1'."),
        ({"budget": "1"}, "price is unknown"),
    ],
)
def test_what_keeps_a_task_from_being_asked_is_said(
    pages: Pages, path: str, typed: dict[str, Any], said: str
) -> None:
    for htmx in (True, False):
        found = attempt(pages, path, htmx=htmx, **dict(typed))
        assert said in found.text(".alert")
    assert pages.simulator.stats()["calls"] == 0


@pytest.mark.slow
def test_a_full_budget_refuses_it_with_the_next_step(pages: Pages, path: str) -> None:
    connection = pages.api.connection()
    pages.container.store.connections.update(
        connection.id, prices={"simulated": [1.0, 1.0]}, budget_limit=0.000001
    )
    found = attempt(pages, path, connection=str(connection.id))
    assert "may spend $1e-06" in found.text(".alert")
    assert "Raise it under Connections" in found.text(".alert")
    assert pages.simulator.stats()["calls"] == 0
    assert pages.client.get("/ui/prompts", headers=HTMX).status_code == 200
