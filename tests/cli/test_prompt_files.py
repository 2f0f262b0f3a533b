"""`prompts export` and `prompts import`."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ml_backend.store import Store
from ml_backend.store.cipher import SecretCipher
from support.terminal import CONFIG, Terminal

KEY = "sk-a-secret-that-nobody-sees"


@pytest.fixture
def rich(terminal: Terminal, mails: list[int]) -> str:
    """The prompt "Topic" with three versions, as its file."""
    team = ("--provider", "Custom", "--endpoint", terminal.model.url, "--model", "m")
    terminal.run("connections", "add", "Team", *team, "--api-key-stdin", stdin=KEY)
    made = ("versions", "create", "Topic", "--text", "Line one\n\n  two\tof {text}?  \nthree\n")
    terminal.run(
        *made, "--connection", "Team", "--few-shot", 3, "--parameters", '{"temperature": 0.5}'
    )
    terminal.run(
        "versions",
        "create",
        "Topic",
        "--text",
        "Ä 🍏 {text}",
        "--title",
        "Short",
        "--system-prompt",
        "Be brief.\nAlways.",
    )
    terminal.run("versions", "activate", "Topic", "Version 2")
    return terminal.run("prompts", "export", "Topic").stdout


def write(folder: Path, text: str) -> Path:
    path = folder / "topic.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_prompt_goes_out_without_keys_and_comes_back_to_the_byte(
    terminal: Terminal, rich: str, tmp_path: Path
) -> None:
    assert KEY not in rich
    assert terminal.model.url not in rich
    assert yaml.safe_load(rich)["versions"][1] == {
        "title": "Version 2",
        "provider": "Custom",
        "model": "m",
        "connection": "Team",
        "few_shot": 3,
        "parameters": {"temperature": 0.5},
        "prompt": "Line one\n\n  two\tof {text}?  \nthree\n",
    }
    assert "  prompt: |\n    Line one\n\n      two\tof {text}?  \n    three\n" in rich
    assert "  system_prompt: |-\n    Be brief.\n    Always.\n" in rich
    assert terminal.run("prompts", "export", "Topic").stdout == rich
    terminal.run("prompts", "delete", "Topic", "--yes")
    made = terminal.json("prompts", "import", write(tmp_path, rich), "--project", "Mails")
    assert (made["new_prompt"], made["dry_run"]) == (True, False)
    assert [each["action"] for each in made["versions"]] == ["add"] * 3
    assert terminal.run("prompts", "export", "Topic").stdout == rich
    shown = terminal.json("prompts", "show", made["prompt"])
    assert shown["associated_projects"] == [1]
    assert [each["id"] for each in shown["versions"]] == [each["id"] for each in made["versions"]]


@pytest.mark.slow
def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    terminal: Terminal, rich: str, tmp_path: Path
) -> None:
    path = write(tmp_path, rich)
    again = ("prompts", "import", path, "--project", "Mails")
    told = terminal.run(*again, "--title", "Other", "--dry-run")
    assert "New prompt 'Other' in 'Mails':" in told.stderr
    assert "add   'Version 2' (Custom · m)" in told.stderr
    assert "Nothing was changed" in told.stderr
    assert [each["title"] for each in terminal.json("prompts", "list")] == ["Topic"]
    planned = terminal.json(*again, "--dry-run")
    assert (planned["dry_run"], planned["new_prompt"]) == (True, False)
    assert [each["action"] for each in planned["versions"]] == ["keep"] * 3


@pytest.mark.slow
def test_an_import_adds_what_is_new_and_never_touches_what_stands(
    terminal: Terminal, rich: str, tmp_path: Path
) -> None:
    before = terminal.json("prompts", "show", "Topic")["versions"]
    terminal.run("run", "Topic", "--project", "Mails", "--version", "Short")
    changed = rich.replace("Line one", "Line 1").replace("Short", "Brief")
    again = ("prompts", "import", write(tmp_path, changed), "--project", "Mails")
    told = terminal.run(*again)
    assert "keep  'Version 1': it stands already" in told.stderr
    assert "add   'Version 3'" in told.stderr
    assert "'Version 2' asks another thing than the version of that name here" in told.stderr
    assert "2 versions added" in told.stdout
    after = terminal.json("prompts", "show", "Topic")["versions"]
    assert [each["title"] for each in after[3:]] == ["Version 3", "Brief"]
    assert [each | {"active": 0} for each in after[:3]] == [each | {"active": 0} for each in before]
    # Once more: all of it stands.
    assert "keep  'Version 2': it stands already as 'Version 3'" in terminal.run(*again).stderr
    assert terminal.json("prompts", "show", "Topic")["versions"] == after


@pytest.mark.slow
def test_an_import_says_when_it_changes_what_answers_label_studio(
    terminal: Terminal, mails: list[int]
) -> None:
    text = terminal.run("prompts", "export", "Topic").stdout
    more = text + text[text.index("- title") :].replace("Version 1", "New").replace("?", "!")
    arguments = ("prompts", "import", "-", "--project", "Mails")
    told = terminal.run(*arguments, stdin=more).stderr
    assert "answers Label Studio's own requests: 'New' from then on" in told
    shown = terminal.json("prompts", "show", "Topic")["versions"]
    assert [(each["title"], each["active"]) for each in shown] == [
        ("Version 1", False),
        ("New", True),
    ]
    assert "from then on" not in terminal.run(*arguments, stdin=more).stderr


@pytest.mark.slow
def test_an_import_for_another_project_adds_that(
    terminal: Terminal, rich: str, tmp_path: Path
) -> None:
    terminal.fake.seed(CONFIG, [{"data": {"text": "x"}}], title="Letters")
    path = write(tmp_path, rich)
    told = terminal.run("prompts", "import", path, "--project", "Letters")
    assert "now also in 'Letters'" in told.stderr
    assert terminal.json("prompts", "show", "Topic")["associated_projects"] == [1, 2]


@pytest.mark.slow
def test_a_connection_that_is_not_here_is_replaced_by_the_only_one_or_refused(
    terminal: Terminal, rich: str, tmp_path: Path
) -> None:
    gone = rich.replace("connection: Team", "connection: Gone").replace("title: Topic", "title: T")
    again = ("prompts", "import", write(tmp_path, gone), "--project", "Mails")
    refused = terminal.run(*again, code=1).stderr
    assert "Line 12: there is no connection 'Gone' that you may use." in refused
    assert "Name one of 'Team'" in refused
    assert [each["title"] for each in terminal.json("prompts", "list")] == ["Topic"]
    # Nothing but the environment's is left.
    terminal.run("prompts", "delete", "Topic", "--yes")
    terminal.run("connections", "remove", "Team", "--yes")
    told = terminal.run(*again)
    assert "There is no connection 'Gone' here: 'Version 2' is answered by" in told.stderr
    # It asks the same as before then.
    assert terminal.json(*again)["versions"][1]["action"] == "keep"
    only = gone.replace("provider: Custom\n  model: m", "provider: Anthropic\n  model: m")
    refused = terminal.run("prompts", "import", "-", "--project", "Mails", code=1, stdin=only)
    assert "Line 12: there is no connection 'Gone'" in refused.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{text}?  ", "{txt}?  ", "Line 19: The prompt uses {txt}"),
        ("temperature", "temprature", "Line 15: "),
        ("temperature: 0.5", "temperature: 50", "Line 15: "),
        ("few_shot", "fewshot", "Line 13: a version has no field 'fewshot'"),
        ("title: Short", "title: a__b", "Line 21: The version 'a__b' may not contain"),
        ("title: Short", "title: evaluate", "Line 21: A version cannot be named 'evaluate'"),
        ("title: Topic", "title: _x", "Line 1: The title '_x' may not contain"),
        ("Ä 🍏 {text}", "   ", "Line 21: 'prompt' is missing"),
    ],
)
@pytest.mark.slow
def test_what_does_not_fit_is_refused_with_its_line_and_nothing_is_made(
    terminal: Terminal, rich: str, old: str, new: str, said: str
) -> None:
    assert old in rich
    text = rich.replace("title: Topic", "title: New") if "Topic" not in old else rich
    text = text.replace(old, new)
    if new == "   ":
        text = text[: text.rindex("  prompt:")]
    arguments = ("prompts", "import", "-", "--project", "Mails")
    assert said in terminal.run(*arguments, code=1, stdin=text).stderr
    assert terminal.json(*arguments, code=1, stdin=text)["error"]["field"] == "file"
    assert [each["title"] for each in terminal.json("prompts", "list")] == ["Topic"]


@pytest.mark.slow
def test_a_file_that_is_no_text_or_too_large_is_refused(
    terminal: Terminal, mails: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "topic.yaml"
    path.write_bytes(b"title: \xff")
    terminal.run("prompts", "import", path, "--project", "Mails", code=2)
    path.write_text("x" * 2_000_000)
    refused = terminal.run("prompts", "import", path, "--project", "Mails", code=1)
    assert "more than 1,000,000 bytes" in refused.stderr


@pytest.mark.slow
def test_a_parameter_that_may_be_a_key_stays_here(terminal: Terminal, mails: list[int]) -> None:
    folder = terminal.settings["DATA_DIR"]
    store = Store(f"sqlite:///{folder}/prompts.db", SecretCipher("a secret"))
    version = store.prompts.versions(1)[0]
    store.prompts.update_version(version.id, parameters={"seed": 1, "extra_body": {"api_key": KEY}})
    store.close()
    found = terminal.run("prompts", "export", "Topic")
    assert KEY not in found.stdout
    assert "seed: 1" in found.stdout
    assert "Left out, for it may be a key: Version 1: extra_body.api_key" in found.stderr
    assert terminal.json("prompts", "export", "Topic")["left_out"] == [
        "Version 1: extra_body.api_key"
    ]
