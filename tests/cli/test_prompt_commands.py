"""`prompts`, `versions` and `connections`."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.terminal import CONFIG, LABEL, Terminal

KEY = "sk-a-secret-that-nobody-sees"


def test_a_prompt_with_a_text_has_its_first_version(terminal: Terminal, mails: list[int]) -> None:
    (prompt,) = terminal.json("prompts", "list")
    assert (prompt["title"], prompt["associated_projects"]) == ("Topic", [1])
    shown = terminal.json("prompts", "show", prompt["id"])
    (version,) = shown["versions"]
    assert (version["title"], version["prompt"]) == ("Version 1", "Topic of {text}?")
    assert (version["provider"], version["provider_model_id"]) == ("Custom", "gpt-4o-mini")
    assert version["active"] is True


@pytest.mark.slow
def test_a_text_may_come_from_a_file_or_stdin(
    terminal: Terminal, mails: list[int], tmp_path: Path
) -> None:
    (tmp_path / "text.md").write_text("Äpfel oder {text}? 🍏")
    made = terminal.json("versions", "create", "Topic", "--file", tmp_path / "text.md")
    assert (made["title"], made["prompt"]) == ("Version 2", "Äpfel oder {text}? 🍏")
    made = terminal.json("versions", "create", "Topic", "--file", "-", stdin="From stdin {text}")
    assert made["prompt"] == "From stdin {text}"


def test_labeling_instructions_become_the_prompt(terminal: Terminal) -> None:
    project = {
        "title": "Guided",
        "label_config": CONFIG,
        "expert_instruction": "<p>Choose <b>A</b> &amp; nothing else.</p>",
        "tasks": [{"data": {"text": "x"}}],
    }
    terminal.fake.control(seed={"projects": [project]})
    made = terminal.json("prompts", "create", "From the guide", "--project", "Guided")
    assert made["versions"][0]["prompt"] == "Choose A & nothing else."


def test_without_text_and_instructions_nothing_is_made(
    terminal: Terminal, mails: list[int]
) -> None:
    result = terminal.run("prompts", "create", "Empty", "--project", "Mails", code=2)
    assert "no labeling instructions" in result.stderr
    assert len(terminal.json("prompts", "list")) == 1


@pytest.mark.slow
def test_a_prompt_whose_text_is_wrong_is_not_left_behind(
    terminal: Terminal, mails: list[int]
) -> None:
    arguments = ("prompts", "create", "New", "--project", "Mails", "--text", "What is {txt}?")
    assert "{text}" in terminal.run(*arguments, code=1).stderr
    assert [prompt["title"] for prompt in terminal.json("prompts", "list")] == ["Topic"]


@pytest.mark.slow
def test_what_is_no_text_leaves_no_prompt_behind(
    terminal: Terminal, mails: list[int], tmp_path: Path
) -> None:
    create = ("prompts", "create", "--project", "Mails")
    assert "not text" in terminal.run(*create, "A", "--text", "caf\udce9", code=1).stderr
    assert "not text" in terminal.run(*create, "caf\udce9", "--text", "{text}", code=1).stderr
    (tmp_path / "latin").write_bytes("café {text}".encode("latin-1"))
    wrong = terminal.run(*create, "A", "--file", str(tmp_path / "latin"), code=2)
    assert "UTF-8" in wrong.stderr
    assert [prompt["title"] for prompt in terminal.json("prompts", "list")] == ["Topic"]


@pytest.mark.slow
def test_versions_are_listed_shown_and_activated(terminal: Terminal, mails: list[int]) -> None:
    terminal.run("versions", "create", "Topic", "--text", "Short {text}", "--title", "Short")
    assert [v["active"] for v in terminal.json("versions", "list", "Topic")] == [False, True]
    terminal.run("versions", "activate", "Topic", "Version 1")
    assert [v["active"] for v in terminal.json("versions", "list", "Topic")] == [True, False]
    assert terminal.json("versions", "show", "Topic")["title"] == "Version 1"
    assert "Short {text}" in terminal.run("versions", "show", "Topic", "Short").stdout
    assert (
        "'Version 1', 'Short'" in terminal.run("versions", "show", "Topic", "Long", code=1).stderr
    )


@pytest.mark.slow
def test_deleting_a_prompt_asks_counts_and_reads_back(terminal: Terminal, mails: list[int]) -> None:
    terminal.run("run", "Topic", "--project", "Mails")
    for more in ((), ("--dry-run",)):
        code = 0 if more else 2
        plan = terminal.json("prompts", "delete", "Topic", *more, code=code)
        assert plan["model_versions"] == [{"model_version": LABEL, "predictions": 4}]
    assert terminal.held() == {LABEL: 4}
    done = terminal.json("prompts", "delete", "Topic", "--yes")
    assert (done["deleted"], done["label_studio"][0]["model_versions"]) == (4, [])
    assert terminal.json("prompts", "list") == []
    assert terminal.held() == {}


@pytest.mark.slow
def test_deleting_a_version_leaves_the_prompt(terminal: Terminal, mails: list[int]) -> None:
    terminal.run("run", "Topic", "--project", "Mails")
    result = terminal.run("versions", "delete", "Topic", "Version 1", "--yes")
    assert "4 predictions" in result.stdout
    assert terminal.held() == {}
    assert terminal.json("versions", "list", "Topic") == []


def test_a_connections_key_is_read_from_a_variable_and_shown_nowhere(
    terminal: Terminal, tmp_path: Path
) -> None:
    arguments = ("connections", "add", "work", "--provider", "openai", "--model", "gpt-6-luna")
    result = terminal.run(*arguments, "--api-key-env", "WORK_KEY", WORK_KEY=KEY)
    listed = terminal.run("connections", "list", "--json")
    shown = terminal.run("connections", "list")
    assert KEY not in result.stdout + result.stderr + listed.stdout + shown.stdout
    assert KEY.encode() not in (tmp_path / "data" / "prompts.db").read_bytes()
    (_, row) = terminal.json("connections", "list")
    assert (row["title"], row["provider"], row["has_api_key"]) == ("work", "OpenAI", True)


def test_a_key_may_come_on_stdin_but_never_as_an_argument(terminal: Terminal) -> None:
    add = ("connections", "add", "work", "--provider", "OpenAI")
    assert terminal.json(*add, "--api-key-stdin", stdin=f"{KEY}\n")["has_api_key"] is True
    assert "No such option" in terminal.run(*add, "--api-key", KEY, code=2).stderr
    missing = ("connections", "add", "other", "--provider", "OpenAI", "--api-key-env", "NO_KEY")
    assert "NO_KEY is not set" in terminal.run(*missing, code=1).stderr
    assert (
        "needs a key"
        in terminal.run("connections", "add", "other", "--provider", "OpenAI", code=2).stderr
    )


def test_a_connection_of_ones_own_answers_without_a_key(terminal: Terminal) -> None:
    endpoint = ("--provider", "Custom", "--endpoint", terminal.model.url)
    made = terminal.json("connections", "add", "local", *endpoint, "--price", "m=0.25,2")
    assert made["prices"] == {"m": [0.25, 2.0]}
    assert terminal.json("connections", "test", "local")["models"]
    assert "answers" in terminal.run("connections", "test").stdout


def test_an_endpoint_must_be_a_web_address(terminal: Terminal) -> None:
    for endpoint in ("localhost:11434/v1", "http://"):
        add = ("connections", "add", "x", "--provider", "Custom", "--endpoint", endpoint)
        assert "is not a web address" in terminal.run(*add, code=1).stderr


@pytest.mark.slow
def test_a_connection_in_use_stays(terminal: Terminal, mails: list[int]) -> None:
    terminal.run(
        *("connections", "add", "local", "--provider", "Custom", "--model", "gpt-4o-mini"),
        *("--endpoint", terminal.model.url),
    )
    version = ("versions", "create", "Topic", "--text", "Label {text}", "--connection", "local")
    assert terminal.json(*version)["model_provider_connection"] == 1
    assert "'Version 2'" in terminal.run("connections", "remove", "local", "--yes", code=1).stderr
    terminal.run("versions", "delete", "Topic", "Version 2", "--yes")
    terminal.run("connections", "remove", "local", code=2)
    assert len(terminal.json("connections", "list")) == 2
    terminal.run("connections", "remove", "local", "--yes")
    assert len(terminal.json("connections", "list")) == 1


@pytest.mark.slow
def test_an_edit_leaves_a_version_that_was_run_and_makes_the_next(
    terminal: Terminal, mails: list[int]
) -> None:
    terminal.run("versions", "edit", "Topic", "--text", "First {text}")
    (version,) = terminal.json("prompts", "show", "Topic")["versions"]
    assert version["prompt"] == "First {text}"  # not run yet: in its place
    terminal.run("run", "Topic", "--project", "Mails")
    edited = terminal.json("versions", "edit", "Topic", "--text", "Second {text}", "--few-shot", 2)
    assert (edited["title"], edited["made_beside"]) == ("Version 2", version["id"])
    again = terminal.run("versions", "edit", "Topic", "Version 1", "--text", "Second {text}")
    assert "'Version 2' of 'Topic' has the change" not in again.stdout  # other examples
    texts = [each["prompt"] for each in terminal.json("prompts", "show", "Topic")["versions"]]
    assert texts == ["First {text}", "Second {text}", "Second {text}"]
    terminal.run("versions", "edit", "Topic", "Version 1", "--text", "Over {text}", "--in-place")
    assert terminal.json("versions", "show", "Topic", "Version 1")["prompt"] == "Over {text}"
    assert "Say what is to change" in terminal.run("versions", "edit", "Topic", code=2).stderr


@pytest.mark.slow
def test_parameters_and_system_text_go_with_a_version(
    terminal: Terminal, mails: list[int], tmp_path: Path
) -> None:
    (tmp_path / "system.md").write_text("You know mail.")
    made = terminal.json(
        *("versions", "create", "Topic", "--text", "{text}"),
        *("--parameters", '{"temperature": 1, "seed": 2}', "--set", "temperature=0.2"),
        *("--system-file", tmp_path / "system.md"),
    )
    assert made["parameters"] == {"temperature": 0.2, "seed": 2}
    assert made["system_prompt"] == "You know mail."
    shown = terminal.run("versions", "show", "Topic", "Version 2").stdout
    assert "Parameters: temperature = 0.2, seed = 2" in shown
    assert "System text:\nYou know mail." in shown
    create = ("versions", "create", "Topic", "--text", "{text}")
    unknown = terminal.run(*create, "--set", "temprature=1", code=1).stderr
    assert "no parameter 'temprature'" in unknown
    assert "temperature, top_p" in unknown
    assert "is no parameter" in terminal.run(*create, "--set", "hot", code=2).stderr
    terminal.run(*create, "--system-prompt", "a", "--system-file", "-", code=2)


@pytest.mark.slow
def test_a_version_says_how_confidence_is_asked_for(terminal: Terminal, mails: list[int]) -> None:
    create = ("versions", "create", "Topic", "--text", "{text}")
    assert terminal.json(*create)["confidence"] == "auto"
    assert terminal.json(*create, "--confidence", "none")["confidence"] == "none"
    changed = terminal.json("versions", "edit", "Topic", "--confidence", "rated")
    assert changed["confidence"] == "rated"
    shown = terminal.run("versions", "show", "Topic", changed["title"]).stdout
    assert "Confidence: rated by the model itself" in shown
    tried = terminal.json("try", "Topic", "--project", "Mails")
    assert tried["confidence"]["source"] == "rated"
    terminal.run(*create, "--confidence", "high", code=2)
    told = terminal.run("estimate", "Topic", "--project", "Mails").stdout
    assert "each answer says how sure it is" in told


@pytest.mark.slow
def test_a_task_is_tried_without_a_run(terminal: Terminal, mails: list[int]) -> None:
    try_it = ("try", "Topic", "--project", "Mails")
    told = terminal.json(*try_it, "--text", "Else {text}?", "--set", "temperature=0.1")
    assert (told["task"], told["next_task"]) == (mails[0], mails[1])
    assert told["truth"] == {"topic": "A"}
    assert terminal.model.last_request()["messages"][-1]["content"] == "Else <text>mail 0</text>?"
    assert terminal.model.last_request()["temperature"] == 0.1
    shown = terminal.run(*try_it, "--task", mails[3])
    assert f"Task {mails[3]}, tried with gpt-4o-mini" in shown.stdout
    assert "The model said:" in shown.stdout
    again = terminal.run(*try_it, "--task", mails[3]).stdout
    assert "Answered before" in again
    assert terminal.held() == {}
    assert terminal.json("runs", "list") == []
    assert "no parameter" in terminal.run(*try_it, "--set", "hot=1", code=1).stderr
    assert "price" in terminal.run(*try_it, "--budget", "1", "--fresh", code=1).stderr
