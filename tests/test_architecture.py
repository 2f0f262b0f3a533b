"""The floor plan: imports point down only, and neighbours on floors 1 and 2 do not meet."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "ml_backend"

FLOORS = {
    "kinds": 0,
    "records": 0,
    "errors": 0,
    "labeling": 1,
    "prompting": 1,
    "scoring": 1,
    "demo": 1,
    "reporting": 2,
    "llm": 2,
    "images": 2,
    "labelstudio": 2,
    "store": 2,
    "jobs": 2,
    "services": 3,
    "settings": 4,
    "container": 4,
    "web": 5,
    "cli": 5,
    "model": 5,
    "simulator": 5,
    "__main__": 6,
    "__init__": -1,
}
STRANGERS = (1, 2, 5)
"""Floors whose rooms do not import each other."""

FLOOR_FIVE_DOORS = {("cli", "web")}
"""`serve` is a command: the one way across the top floor."""

PURE = {0, 1}
IMPURE = (
    "flask", "gunicorn", "openai", "aiohttp", "httpx", "requests", "urllib.request", "socket",
    "sqlalchemy", "os", "subprocess", "asyncio", "threading",
)  # fmt: skip
ENVIRONMENT_READERS = {"settings.py"}
ENVIRONMENT_HANDED_ON = {
    # A provider key by the name of a variable the person chose; a child process's environment.
    "cli": ("os.environ.get(api_key_env", "**os.environ,", "os.environ.items()")
}
SOFT_LINES = 400
BAD_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "base"}

MODULES = sorted(ROOT.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Yield every absolute module name imported anywhere in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; name the floor you import from"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_imported(path: Path) -> set[str]:
    parts = (name.split(".") for name in imports(path) if name.startswith("ml_backend."))
    return {part[1] for part in parts if part[1] in FLOORS}


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_module_stands_on_a_floor(path: Path) -> None:
    assert room(path) in FLOORS, "give the new room a floor in FLOORS and in docs/design.md"


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_imports_point_down(path: Path) -> None:
    here = room(path)
    for other in rooms_imported(path) - {here}:
        assert FLOORS[other] <= FLOORS[here], f"{here} must not import {other}: it is above"
        if FLOORS[other] == FLOORS[here] and FLOORS[here] in STRANGERS:
            assert (here, other) in FLOOR_FIVE_DOORS, f"{here} and {other} are strangers"


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if FLOORS.get(room(p)) in PURE or room(p) == "reporting"],
    ids=ids,
)
def test_domain_core_is_pure(path: Path) -> None:
    for name in imports(path):
        assert not any(name == bad or name.startswith(f"{bad}.") for bad in IMPURE), name


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_only_settings_read_the_environment(path: Path) -> None:
    if path.name in ENVIRONMENT_READERS:
        return
    text = path.read_text()
    for allowed in ENVIRONMENT_HANDED_ON.get(room(path), ()):
        text = text.replace(allowed, "")
    assert "os.environ" not in text
    assert "getenv(" not in text


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_modules_are_nouns_of_a_readable_size(path: Path) -> None:
    assert path.stem not in BAD_NAMES
    assert len(path.read_text().splitlines()) <= SOFT_LINES


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if room(path) in ("labeling", "prompting", "llm", "services")],
    ids=ids,
)
def test_task_data_is_never_formatted_or_evaluated(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Attribute):
                assert called.attr != "format", f"{path}:{node.lineno}: str.format"
            if isinstance(called, ast.Name):
                assert called.id not in ("eval", "exec"), f"{path}:{node.lineno}"


def test_nothing_private_of_another_is_touched_where_the_sdk_is_used() -> None:
    """The SDK is generated anew with each release: what it does not publish it may rename."""
    users = [path for path in MODULES if any("label_studio_sdk" in name for name in imports(path))]
    assert len(users) >= 2
    for path in {*users, *(ROOT / "labelstudio").glob("*.py")}:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
                own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
                assert own or node.attr.startswith("__"), f"{path}:{node.lineno}: {node.attr}"
