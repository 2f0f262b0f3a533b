"""`audit list`: what commands did, by whom on this machine."""

from __future__ import annotations

import getpass

import pytest

from support.terminal import Terminal


@pytest.mark.slow
def test_commands_are_told_and_listed_by_filters(terminal: Terminal, mails: list[int]) -> None:
    terminal.run("run", "Topic", "--project", "Mails", OPENAI_PRICE="1,2")
    terminal.run("predictions", "delete", "--project", "Mails", "--prompt", "Topic", "--yes")
    terminal.run("prompts", "delete", "Topic", "--yes")
    found = terminal.json("audit", "list")
    assert [each["action"] for each in found][:2] == ["prompt_deleted", "predictions_deleted"]
    told = {each["action"]: each for each in found}
    assert told["predictions_deleted"]["counts"] == {"predictions": len(mails)}
    ended = told["run_ended"]
    assert (ended["counts"]["succeeded"], ended["face"]) == (len(mails), "run")
    assert ended["cost"] is not None
    assert {each["face"] for each in found} == {"command line", "run"}
    assert told["prompt_deleted"]["name"] == getpass.getuser()
    one = terminal.json("audit", "list", "--since", "1h", "--action", "run_ended", "--limit", 1)
    assert [each["action"] for each in one] == ["run_ended"]
    assert terminal.json("audit", "list", "--until", "2020-01-01") == []
    assert terminal.json("audit", "list", "--who", "nobody-of-this-name") == []
    shown = terminal.run("audit", "list", "--limit", 2)
    assert "prompt deleted" in shown.stdout
    assert f"--before {found[1]['id']}" in shown.stderr
    wrong = terminal.run("audit", "list", "--action", "made_up", code=1)
    assert "prompt_deleted" in wrong.stderr
    assert "neither a time" in terminal.run("audit", "list", "--since", "?", code=2).stderr
