"""The floor plan: imports point down only, in the house and in each of its wings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent / "ml_backend"

FLOORS = {
    "kinds": 0,
    "data_paths": 0,
    "acting": 0,
    "next_steps": 0,
    "records": 0,
    "errors": 0,
    "certificates": 0,
    "addresses": 0,
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
    "data_folder": 4,
    "settings": 4,
    "secret_keys": 4,
    "parts": 4,
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

TOP = "*"
"""The modules of a wing that stand in none of its rooms."""

WINGS: dict[str, tuple[tuple[str, ...], ...]] = {
    "labeling": (
        ("markup", "text"),
        ("task_data",),
        ("objects",),
        ("bases",),
        ("shapes",),
        ("controls",),
        (TOP,),
    ),
    "services": (
        (TOP,),
        ("models", "writing"),
        ("inference", "publishing"),
        ("prompts",),
        ("callers", "health"),
        ("connecting", "predictions", "upkeep"),
        ("evaluation", "serving"),
        ("reviewing",),
        ("accepting", "marking", "promises", "racing", "refining", "runs"),
        ("checking",),
        ("disputing", "events", "jobs"),
    ),
    "web": (("server",), ("actions", "listening", "protocol"), ("api", "ui"), (TOP,)),
    "web/ui": (
        ("shell",),
        ("home", "predictions", "results", "settings", "truth"),
        ("prompt",),
        ("accept", "enhance", "race"),
        (TOP,),
    ),
    "cli": ((TOP,), ("output",), ("commands",)),
    "cli/commands": ((TOP,), ("prompts", "predictions", "upkeep")),
}
"""Wing -> its floors from the ground up; rooms of one floor do not import each other."""

ROOM_FILES = 15
"""Modules of a room; tags are exempt, for there is one a file and Label Studio decides how many."""
ONE_A_TAG = {"labeling/controls", "labeling/objects"}
FLAT = {"records": 20, "store": 60, "web/api": 22, "web/api/wire": 22}
"""Rooms that may be larger: a module is one noun's tables and queries, operations or commands."""

PURE = {0, 1}
IMPURE = (
    "flask", "gunicorn", "openai", "aiohttp", "httpx", "requests", "urllib.request", "socket",
    "sqlalchemy", "os", "subprocess", "asyncio", "threading",
)  # fmt: skip
ENVIRONMENT_READERS = {"settings.py"}
ENVIRONMENT_HANDED_ON = {
    # A provider key by the name of a variable the person chose; a child process's environment.
    "cli": ("os.environ.get(api_key_env", "**os.environ,", "os.environ.items()"),
    # What is safe of it, to the process of a local model; what keeps LiteLLM quiet, and its word
    # for a variable, which is refused.
    "llm": (
        "env=environment(os.environ)",
        "os.environ.setdefault(name, value)",
        'POINTS_ELSEWHERE = ("os.environ/", "oidc/")',
    ),
    # A few names without secrets, to the processes that read files of tasks.
    "images": ("{name: os.environ[name] for name in NAMES if name in os.environ}",),
}
LONGEST_MODULE = 400
BAD_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "base"}
UNTRUSTED_DATA = ("labeling", "prompting", "llm", "services")
FACES = {"web", "cli", "model", "simulator", "__main__"}

MODULES = sorted(ROOT.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def floor_room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Return every absolute module name imported anywhere in a file."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
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


def wing_room(wing: str, parts: tuple[str, ...]) -> str:
    """Return which room of a wing a path inside it leads to."""
    is_room = len(parts) > 0 and (ROOT / wing / parts[0]).is_dir()
    return parts[0] if is_room else TOP


def wing_imports(wing: str, path: Path) -> Iterator[tuple[str, str]]:
    """Yield (a room of the wing, the module named) for all that a file imports from the wing."""
    inside = tuple(wing.split("/"))
    for name in imports(path):
        parts = tuple(name.split("."))[1:] if name.startswith("ml_backend.") else ()
        if parts[: len(inside)] == inside and len(parts) > len(inside):
            rest = parts[len(inside) :]
            leads_to_room = (ROOT / wing / rest[0]).is_dir()
            leads_to_module = (ROOT / wing / f"{rest[0]}.py").is_file()
            if leads_to_room or leads_to_module:
                yield wing_room(wing, rest), name


def test_every_module_stands_on_a_floor() -> None:
    homeless = [name_of(path) for path in MODULES if floor_room(path) not in FLOORS]
    assert homeless == [], "give the new room a floor in FLOORS and in docs/design.md"


def test_every_room_of_a_wing_has_a_floor() -> None:
    wrong = [
        f"{wing}/{folder.name}"
        for wing, floors in WINGS.items()
        for folder in sorted((ROOT / wing).iterdir())
        if (folder / "__init__.py").is_file() and folder.name not in {n for f in floors for n in f}
    ]
    assert wrong == [], "give the new room a floor in WINGS and in docs/design.md"


def test_no_floor_names_a_room_that_is_gone() -> None:
    wrong = [
        f"{wing}/{room}"
        for wing, floors in WINGS.items()
        for room in (room for floor in floors for room in floor)
        if room != TOP and not (ROOT / wing / room / "__init__.py").is_file()
    ]
    assert wrong == []


def test_imports_point_down() -> None:
    wrong = []
    for path in MODULES:
        here = floor_room(path)
        for other in rooms_imported(path) - {here}:
            across = FLOORS[other] == FLOORS[here] and FLOORS[here] in STRANGERS
            if FLOORS[other] > FLOORS[here] or (across and (here, other) not in FLOOR_FIVE_DOORS):
                wrong.append(f"{name_of(path)} imports {other}")
    assert wrong == []


def test_imports_point_down_inside_each_wing() -> None:
    wrong = []
    for wing, floors in WINGS.items():
        level = {room: number for number, floor in enumerate(floors) for room in floor}
        for path in sorted((ROOT / wing).rglob("*.py")):
            here = wing_room(wing, path.relative_to(ROOT / wing).parts)
            for other, name in wing_imports(wing, path):
                if other != here and level[other] >= level[here]:
                    wrong.append(f"{name_of(path)} imports {name}")
    assert wrong == []


def test_modules_import_each_other_in_no_circle() -> None:
    """Imports inside functions count as well: they hide a circle, they do not end it."""
    names = {
        ".".join(("ml_backend", *path.relative_to(ROOT).with_suffix("").parts)): path
        for path in MODULES
    }
    arrows = {
        name: {other for other in imports(path) if other in names and other != name}
        for name, path in names.items()
    }
    while free := {name for name, others in arrows.items() if not others & arrows.keys()}:
        for name in free:
            del arrows[name]
    assert {name: sorted(others & arrows.keys()) for name, others in arrows.items()} == {}


def test_rooms_are_no_heaps() -> None:
    heaps = []
    for folder in {path.parent for path in MODULES}:
        name = folder.relative_to(ROOT).as_posix()
        files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        if (
            "migrations" not in name
            and name not in ONE_A_TAG
            and len(files) > FLAT.get(name, ROOM_FILES)
        ):
            heaps.append(f"{name}: {len(files)} modules")
    assert heaps == [], "split it into rooms whose names tell their job"


def test_domain_core_is_pure() -> None:
    wrong = [
        f"{name_of(path)} imports {name}"
        for path in MODULES
        if FLOORS.get(floor_room(path)) in PURE or floor_room(path) == "reporting"
        for name in imports(path)
        if any(name == bad or name.startswith(f"{bad}.") for bad in IMPURE)
    ]
    assert wrong == []


def test_only_settings_read_the_environment() -> None:
    wrong = []
    for path in MODULES:
        text = path.read_text()
        for allowed in ENVIRONMENT_HANDED_ON.get(floor_room(path), ()):
            text = text.replace(allowed, "")
        if path.name not in ENVIRONMENT_READERS and ("os.environ" in text or "getenv(" in text):
            wrong.append(name_of(path))
    assert wrong == []


def test_modules_are_nouns_of_a_readable_size() -> None:
    assert [name_of(path) for path in MODULES if path.stem in BAD_NAMES] == []
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_task_data_is_never_formatted_or_evaluated() -> None:
    wrong = []
    for path in MODULES:
        if floor_room(path) not in UNTRUSTED_DATA:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            formats = isinstance(called, ast.Attribute) and called.attr == "format"
            evaluates = isinstance(called, ast.Name) and called.id in ("eval", "exec")
            if formats or evaluates:
                wrong.append(f"{name_of(path)}:{node.lineno}")
    assert wrong == []


def test_nothing_private_of_another_is_touched_where_the_sdk_is_used() -> None:
    """The SDK is generated anew with each release: what it does not publish it may rename."""
    users = [path for path in MODULES if any("label_studio_sdk" in name for name in imports(path))]
    assert len(users) >= 2
    wrong = [
        f"{name_of(path)}:{node.lineno}: {node.attr}"
        for path in {*users, *(ROOT / "labelstudio").glob("*.py")}
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    ]
    assert wrong == []


def test_the_documents_show_the_rooms_of_services_as_they_are() -> None:
    text = (ROOT.parent / "docs" / "design.md").read_text()
    table = text.partition("| `services/` | room:")[2].partition("\n\n")[0]
    shown = {
        int(line.split("|")[1]): {
            part.strip().partition("`")[2].partition("/`")[0]
            for part in line.split("|")[2].split(" · ")
        }
        for line in table.splitlines()[2:]
    }
    there = {number: set(rooms) for number, rooms in enumerate(WINGS["services"]) if number}
    assert {number: rooms for number, rooms in shown.items() if number} == there
