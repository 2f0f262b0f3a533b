"""`predictions review-first`: a tab is made, said where it is, and removed."""

from __future__ import annotations

import httpx
import pytest

from support.terminal import Terminal

REVIEW = ("predictions", "review-first", "Topic", "--project", "Mails")


@pytest.mark.slow
def test_a_tab_is_made_and_removed(terminal: Terminal, mails: list[int]) -> None:
    early = terminal.run(*REVIEW, code=1)
    assert "ls-prompts run 'Topic'" in early.stderr
    terminal.run("run", "Topic", "--project", "Mails")

    plan = terminal.run(*REVIEW, "--dry-run")
    assert "2 tasks of 'Mails'" in plan.stdout
    assert "dry run" in plan.stderr
    assert terminal.rows("views") == []

    made = terminal.run(*REVIEW, "--sampling", "uncertainty")
    [_, tab] = terminal.rows("views")
    assert f"/data?tab={tab['id']}" in made.stdout
    assert "Label Tasks As Displayed" in made.stderr
    assert terminal.json(*REVIEW)["tab"] == tab["id"], "asked again it is the same"

    ended = terminal.run(*REVIEW, "--stop")
    assert "'Review first · Topic' is removed" in ended.stdout
    assert "sampling is what it was" in ended.stdout
    assert len(terminal.rows("views")) == 1
    nothing = terminal.run(*REVIEW, "--stop", code=1)
    assert "ls-prompts predictions review-first" in nothing.stderr


@pytest.mark.slow
def test_the_tab_of_a_renamed_one_stays(terminal: Terminal, mails: list[int]) -> None:
    terminal.run("run", "Topic", "--project", "Mails")
    tab = terminal.json(*REVIEW)["tab"]
    headers = {"Authorization": f"Token {terminal.fake.token}"}
    body = {"data": {"title": "Mine"}}
    httpx.patch(f"{terminal.fake.url}/api/dm/views/{tab}/", json=body, headers=headers)
    ended = terminal.json(*REVIEW, "--stop")
    assert (ended["removed"], ended["sampling"]) == (False, "untouched")
    assert "theirs" in ended["notes"][0]
    assert len(terminal.rows("views")) == 2
