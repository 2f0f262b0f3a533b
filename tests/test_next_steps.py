"""What to do next: a value below, words on each face."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from ml_backend.cli.app import App
from ml_backend.cli.next_steps import WORDS as COMMAND_LINE
from ml_backend.errors import InvalidInput
from ml_backend.next_steps import FACTS, Step, in_words, in_words_throughout
from ml_backend.web.server import errors
from ml_backend.web.server.next_steps import WORDS as API
from ml_backend.web.ui.shell.next_steps import WORDS as PAGES

ROOT = Path(__file__).parent.parent / "ml_backend"
FACES = {"cli", "web", "model", "simulator", "__main__"}
FACE_WORDS = {"command line": COMMAND_LINE, "API": API, "pages": PAGES}
COMMAND = re.compile(r"ls-prompts|(?<![\w-])--[a-z]")


def facts_of(step: Step) -> dict[str, int | str]:
    return {name: f"17{name}" for name in FACTS.get(step, ())}


def modules_below_the_faces() -> list[Path]:
    return [
        path
        for path in sorted(ROOT.rglob("*.py"))
        if path.relative_to(ROOT).parts[0].removesuffix(".py") not in FACES
    ]


def texts(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


@pytest.mark.parametrize("face", FACE_WORDS)
def test_every_step_has_words_on_every_face(face: str) -> None:
    words = FACE_WORDS[face]
    assert set(words) == set(Step)
    for step, said in words.items():
        assert said.endswith((".", "?")), step
        assert set(re.findall(r"\{(\w+)\}", said)) <= set(FACTS.get(step, ())), step


@pytest.mark.parametrize("face", ["API", "pages"])
def test_only_the_command_line_speaks_of_commands(face: str) -> None:
    for step, said in FACE_WORDS[face].items():
        assert not COMMAND.search(said), step
        assert face == "API" or "/api/" not in said, step


@pytest.mark.slow
def test_nothing_below_the_faces_speaks_of_commands() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text[:60]!r}"
        for path in modules_below_the_faces()
        for line, text in texts(path)
        if COMMAND.search(text)
    ]
    assert found == []


def test_every_step_is_advised_somewhere() -> None:
    code = "".join(
        path.read_text() for path in modules_below_the_faces() if path.name != "next_steps.py"
    )
    assert [step.name for step in Step if f"Step.{step.name}" not in code] == []


@pytest.mark.parametrize("step", Step)
def test_an_error_is_said_in_the_words_of_the_face_one_stands_at(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    error = InvalidInput("It did not go.", fix=f"First this. {step(**facts_of(step))}")

    App().show_error(error)
    command_line = capsys.readouterr().err

    app = Flask(__name__)
    errors.register(app)

    @app.get("/api/x")
    @app.get("/predict")
    def fail() -> str:
        raise error

    client = app.test_client()
    api = client.get("/api/x").get_json()["detail"]
    backend = client.get("/predict")
    for said, words in (
        (command_line, COMMAND_LINE),
        (api, API),
        (backend.get_json()["fix"], API),
    ):
        expected = words[step]
        for name, value in facts_of(step).items():
            expected = expected.replace(f"{{{name}}}", str(value))
        assert f"First this. {expected}" in said.replace("\n", " ")
        assert "⟦" not in said
    assert "⟦" not in backend.status


def test_json_of_the_command_line_says_steps_too(capsys: pytest.CaptureFixture[str]) -> None:
    app = App()
    app.as_json = True
    app.show_error(InvalidInput("No.", fix=Step.RESUME_RUN(run=7)))
    assert "ls-prompts runs resume 7" in capsys.readouterr().out


def test_a_table_and_a_note_say_steps(capsys: pytest.CaptureFixture[str]) -> None:
    app = App()
    app.table(["What"], [[f"Failed. {Step.RESUME_RUN(run=7)}"]])
    app.note(Step.LIST_FAILURES(run=8))
    said = capsys.readouterr()
    assert "runs resume 7" in said.out
    assert "runs failures 8" in said.err


@pytest.mark.parametrize(
    "text",
    [
        "⟦no_such_step {}⟧",
        '⟦resume_run {"run": 1, "more": 2}⟧',
        "⟦resume_run {}⟧",
        "⟦resume_run {not json}⟧",
        "⟦resume_run [1]⟧",
        "⟦⟧ ⟦ ⟧",
    ],
)
def test_what_only_looks_like_a_step_stays_as_it_is(text: str) -> None:
    assert in_words(text, COMMAND_LINE) == text


def test_facts_may_hold_any_text() -> None:
    title = 'A "title" with ⟦brackets⟧, {braces}, \\ and 日本語'
    said = in_words(f"x {Step.CREATE_VERSION(prompt=title)} y", {Step.CREATE_VERSION: "<{prompt}>"})
    assert said == f"x <{title}> y"


def test_steps_are_said_throughout_a_document() -> None:
    document = {"a": [Step.LIST_RUNS(), 1, None], "b": {"c": (Step.LIST_RUNS(),)}}
    said = in_words_throughout(document, {Step.LIST_RUNS: "There."})
    assert said == {"a": ["There.", 1, None], "b": {"c": ["There."]}}


def test_a_step_is_told_just_its_facts() -> None:
    with pytest.raises(TypeError, match="resume_run"):
        Step.RESUME_RUN()
    with pytest.raises(TypeError, match="list_runs"):
        Step.LIST_RUNS(run=1)
