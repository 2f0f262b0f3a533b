"""The table of scripts/mutants.toml fits the code and the tests; `make mutants` runs it."""

from __future__ import annotations

import ast
import tomllib
from functools import cache

import pytest

from scripts.mutants import PLUGINS, ROOT, Mutant, mutants
from support.tables import each_row

TABLE = mutants()


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_mutant_has_a_name_of_its_own() -> None:
    assert len({each.id for each in TABLE}) == len(TABLE) >= 38


@each_row("mutant", TABLE)
def test_a_mutant_breaks_one_place_and_names_the_test_that_notices(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text()
    broken = mutant.apply(text)
    assert broken != text
    ast.parse(broken)  # else everything would notice
    assert mutant.why
    assert mutant.killed_by
    for node in mutant.killed_by:
        file, _, name = node.partition("::")
        assert name.partition("[")[0] in names_in(file), node


def test_a_patch_that_no_longer_applies_is_said_to() -> None:
    mutant = Mutant("it", "", "a.py", old="x > 1", new="x >= 1")
    assert mutant.apply("if x > 1:") == "if x >= 1:"
    for text in ("if y > 1:", "x > 1 or x > 1"):
        with pytest.raises(ValueError, match="instead of once"):
            mutant.apply(text)


def test_plugins_know_what_pytest_is_always_told():
    always = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert "--hypothesis-profile=ci" in always["addopts"]
    assert "_hypothesis_pytestplugin" in PLUGINS
