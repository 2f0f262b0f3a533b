"""The page of a prompt whose project has the number of the one it was made for."""

from __future__ import annotations

import pytest

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
