"""What `make test` leaves out of a call for speed has no tests for it: nothing is lost that way."""

from __future__ import annotations

import re
from pathlib import Path

from support.processes import ROOT

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
