"""What `make test` leaves out of a call for speed has no tests for it: nothing is lost that way."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from support.groups import group_of
from support.processes import ROOT, Child

TESTS = ROOT / "tests"
MARK = re.compile("mark[.](?:live|browser)")


def named_in_makefile(variable: str) -> list[str]:
    makefile = (ROOT / "Makefile").read_text()
    found = re.search(rf"^{variable} = \$\(addprefix [^,]+,([^)]*)\)", makefile, re.MULTILINE)
    assert found, variable
    return found[1].split()


def test_every_test_of_a_browser_or_a_real_label_studio_is_where_make_looks_for_it() -> None:
    marked = {path for path in TESTS.rglob("*.py") if MARK.search(path.read_text())}
    assert marked, "the marks have another name now"
    places = [TESTS / name for name in named_in_makefile("THERE")]
    lost = [path for path in marked if not any(is_in(path, place) for place in places)]
    assert not lost


def test_folders_that_the_first_call_passes_over_hold_no_other_tests() -> None:
    for name in named_in_makefile("NOT_HERE"):
        for path in (TESTS / name).glob("test_*.py"):
            assert re.search(r"\bmark\.(?:live|browser|real)", path.read_text()), path


def is_in(path: Path, place: Path) -> bool:
    return place in (path, *path.parents)


def test_groups_are_those_of_the_marks() -> None:
    """Each mark names the group of a whole module: `support/groups.py` reads no others."""
    marked = {path for path in TESTS.rglob("test_*.py") if "xdist_group(" in path.read_text()}
    assert len(marked) > 5, "the mark has another name now"
    for path in marked - {Path(__file__)}:
        text = path.read_text()
        assert text.count("xdist_group(") == 1, path
        group = group_of(path)
        assert f'xdist_group("{group}")' in text, path


@pytest.mark.slow
def test_tests_of_a_group_are_run_by_one_worker(tmp_path: Path) -> None:
    lines = (
        "import os",
        "import pytest",
        'pytestmark = pytest.mark.xdist_group("one")',
        '@pytest.mark.parametrize("number", range(6))',
        "def test_it(number):",
        f"    with open({str(tmp_path / 'said')!r}, 'a') as file:",
        "        print(os.environ['PYTEST_XDIST_WORKER'], file=file)",
    )
    (tmp_path / "test_one.py").write_text("\n".join(lines))
    hook = "from support.groups import scheduler\ndef pytest_xdist_make_scheduler(config, log):\n"
    (tmp_path / "conftest.py").write_text(f"{hook}    return scheduler(config, log)\n")
    command = [sys.executable, "-m", "pytest", "-q", "-c", "none.ini", "--rootdir", "."]
    (tmp_path / "none.ini").write_text("[pytest]\n")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment = {**clean, "PYTHONPATH": f"{TESTS}:{ROOT}", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    options = ["-p", "xdist", "-n", "3", "--dist", "loadgroup"]
    with Child([*command, *options], env=environment, cwd=tmp_path) as child:
        assert child.wait(120) == 0, child.said()
    assert len(set((tmp_path / "said").read_text().split())) == 1
