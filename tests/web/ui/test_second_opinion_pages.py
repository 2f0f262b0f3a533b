"""Asking other versions too, in the dialog of all predictions, and what each of them said."""

from __future__ import annotations

import pytest

from support.pages import Pages
from support.sdk import ended_run


@pytest.fixture
def prompt(pages: Pages) -> int:
    made, _ = pages.api.prompt()
    pages.api.client.prompts.versions.create(
        made.id, title="Version 2", prompt="2 {text}", provider_model_id="simulated"
    )
    return int(made.id)


def others(pages: Pages, prompt: int) -> list[str]:
    dialog = pages.get(f"/ui/prompts/{prompt}/predict-all")
    return [each.attributes["value"] or "" for each in dialog.all("#second-opinion [name=other]")]


@pytest.mark.slow
def test_other_versions_may_answer_too(pages: Pages, prompt: int) -> None:
    [other] = others(pages, prompt)
    address = f"/ui/prompts/{prompt}/predict-all"
    told = pages.htmx(f"{address}/estimate?way=vote&other={other}").text()
    assert "2 versions are asked every task" in told
    form = pages.get(address).fields("form[action*=predict-all]")
    form |= {"way": "vote", "other": other}
    assert pages.post(address, follow=False, **form).status == 303
    [run] = pages.api.container.store.runs.search(prompt_id=prompt)
    assert len(run.options.members) == 2
    newest = pages.api.container.store.prompts.versions(prompt)[-1]
    found = pages.api.client.prompts.runs.list(prompt, newest.id)
    ended_run(pages.api.client, found[0])
    task = pages.api.tasks[0]
    shown = pages.get(f"/ui/runs/{run.id}/tasks/{task}").text()
    assert "What each version said" in shown
    history = pages.get(f"/ui/prompts/{prompt}/history").text()
    assert "vote Version 2 + Version 1" in history
    asked = pages.get(f"/ui/runs/{run.id}/asked").text()
    assert "Versions asked" in asked


@pytest.mark.slow
def test_what_keeps_a_cascade_from_running_is_said_in_the_dialog(pages: Pages, prompt: int) -> None:
    [other] = others(pages, prompt)
    address = f"/ui/prompts/{prompt}/predict-all"
    told = pages.htmx(f"{address}/estimate?way=cascade&other={other}&max_error=5").text()
    assert "Evaluate it first" in told
    nobody = pages.htmx(f"{address}/estimate?way=vote").text()
    assert "Choose another version" in nobody
    for strange in ("0", "9" * 25, "9" * 5000, f"{other}&other=0"):
        unknown = pages.htmx(f"{address}/estimate?way=vote&other={strange}")
        assert (unknown.status, "Choose another version" in unknown.text()) == (200, True)
    odd = pages.htmx(f"{address}/estimate?way=cascade&other={other}&max_error=much").text()
    assert "The error allowed is 'much'" in odd
