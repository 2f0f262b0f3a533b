"""What is imported is declared, with a range, and what is declared is used."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RUNTIME, LOCAL, LITELLM, DEVELOPMENT, SCRIPTS = (
    ROOT / name
    for name in (
        "requirements.txt",
        "requirements-local.txt",
        "requirements-litellm.txt",
        "requirements-dev.txt",
        "scripts/requirements.txt",
    )
)
SERVER = (ROOT / "ml_backend", ROOT / "_wsgi.py", ROOT / "gunicorn.conf.py")
AROUND = (ROOT / "tests", ROOT / "benchmarks", ROOT / "scripts")
OWN = {"ml_backend", "benchmarks", "scripts"} | {
    path.stem for folder in ("scripts", "tests") for path in (ROOT / folder).iterdir()
}
HOSTS = {"label_studio_ml"}
"""What hosts our model class, and so is there whenever ``ml_backend/model.py`` is imported."""

BUILDING = {"setuptools"}
"""What pip lays beside the build backend: ``requires`` of pyproject.toml."""

TOOLS = {
    "pytest-timeout": "pyproject.toml",
    "pytest-cov": "Makefile",
    "coverage": "pyproject.toml",
    "ruff": "Makefile",
    "typos": "Makefile",
    "bandit": "Makefile",
    "pip-audit": "scripts/audit.py",
    "pre-commit": "CONTRIBUTING.md",
    "types-cachetools": "requirements.txt",
    "types-pyyaml": "requirements.txt",
}
"""What nobody imports, and the file that has a use for it."""
USES = {
    "pytest-timeout": "timeout =",
    "pytest-cov": "--cov",
    "types-cachetools": "cachetools",
    "types-pyyaml": "pyyaml",
}


def files(*places: Path) -> Iterator[Path]:
    for place in places:
        yield from [place] if place.is_file() else place.rglob("*.py")


def imported(*places: Path) -> set[str]:
    """The packages of others that are imported anywhere in these places."""
    found: set[str] = set()
    for path in files(*places):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - OWN - HOSTS - BUILDING - sys.stdlib_module_names


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and line[0] != "#"]


def declared(*paths: Path) -> set[str]:
    names = (re.match(r"[\w.-]+", line) for path in paths for line in lines(path))
    return {normal(name.group()) for name in names if name}


def distributions(packages: set[str]) -> dict[str, set[str]]:
    known = packages_distributions()
    return {each: {normal(name) for name in known.get(each, [each])} for each in packages}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("places", "requirements"),
    [(SERVER, [RUNTIME, LOCAL]), (AROUND, [RUNTIME, DEVELOPMENT, SCRIPTS])],
    ids=["server", "tests, benchmarks and scripts"],
)
def test_every_package_we_import_is_declared(places, requirements):
    known = declared(*requirements)
    found = distributions(imported(*places))
    assert {each: names for each, names in found.items() if not names & known} == {}


@pytest.mark.slow
def test_no_package_is_declared_that_nobody_uses():
    used = {name for names in distributions(imported(*SERVER)).values() for name in names}
    assert declared(RUNTIME) - used == set()
    used |= {name for names in distributions(imported(*AROUND)).values() for name in names}
    assert declared(DEVELOPMENT, SCRIPTS) - used == set(TOOLS)
    for tool, where in TOOLS.items():
        assert USES.get(tool, tool) in (ROOT / where).read_text(), tool


@pytest.mark.parametrize(
    "path", [RUNTIME, LOCAL, LITELLM, DEVELOPMENT, SCRIPTS], ids=lambda path: path.name
)
def test_every_requirement_has_a_range(path):
    for line in lines(path):
        assert re.fullmatch(r"[\w.-]+(\[[\w,]+\])?>=[\d.]+,<[\d.]+", line), line
    names = [re.split(r"[\[>]", line)[0] for line in lines(path)]
    assert len(names) == len(set(map(normal, names)))
