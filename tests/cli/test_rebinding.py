"""`prompts rebind`, and what the other commands say of a project that has another's number."""

from __future__ import annotations

import pytest

from ml_backend.labelstudio import ServerLabelStudio
from support.terminal import Terminal

ANEW = "2031-01-01T00:00:00.250000Z"


def remake(terminal: Terminal) -> None:
    """Make another project of the mails, as when Label Studio was set up anew."""
    studio = ServerLabelStudio(terminal.fake.url, terminal.fake.token)
    studio._transport.send("PATCH", "api/projects/1/", {"created_at": ANEW})
    studio.close()


@pytest.mark.usefixtures("mails")
@pytest.mark.slow
def test_a_command_that_is_refused_names_the_one_that_mends_it(terminal: Terminal) -> None:
    remake(terminal)
    refused = terminal.run("run", "Topic", "--project", 1, code=1)
    assert "Project 1 is not the project the prompt 'Topic' was made for" in refused.stderr
    assert "ls-prompts prompts rebind 1 --project 1" in " ".join(refused.stderr.split())
    assert terminal.held() == {}

    said = terminal.json("prompts", "rebind", 1, "--project", 1)
    assert said == {"prompt": 1, "project": 1, "was_another": True}
    again = terminal.run("prompts", "rebind", "Topic", "--project", "Mails").stdout
    assert again == "Prompt 'Topic' was already for project 1 'Mails'.\n"
    assert "4 predictions" in terminal.run("run", "Topic", "--project", 1).stdout


@pytest.mark.usefixtures("mails")
def test_a_prompt_that_names_no_such_project_is_not_bound_to_it(terminal: Terminal) -> None:
    other, _ = terminal.fake.seed("<View/>", [])
    refused = terminal.run("prompts", "rebind", "Topic", "--project", other, code=1)
    assert f"Prompt 'Topic' is not of project {other}." in refused.stderr
