"""What a demo leaves running says how one gets in and how it ends, with a command that is there."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from ml_backend.cli.commands.demo_kept import Place, say_goodbye

PLACE = Place("http://127.0.0.1:1", "http://127.0.0.1:2", Path("demo"))


def said(kept: tuple[Place, int] | None) -> str:
    out = io.StringIO()
    say_goodbye(Console(file=out, width=40, highlight=False), kept)
    return out.getvalue()


def test_addresses_and_ways_in_are_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    text = said((PLACE, 7))
    assert len(text.splitlines()) == 5
    assert "http://127.0.0.1:1/projects/7/data\n" in text
    assert "http://127.0.0.1:2/ui\n" in text
    assert "sign in with the token " in text
    # `make demo` installs no ls-prompts: the command is one that can be typed where one stands.
    assert text.rstrip().endswith("python -m ml_backend demo --stop")


def test_an_installed_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ls-prompts"
    program.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert said((PLACE, 7)).rstrip().endswith("  ls-prompts demo --stop")


def test_what_was_stopped_says_how_to_keep_it() -> None:
    assert "make demo KEEP=1" in said(None)
