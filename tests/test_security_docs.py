"""docs/security.md has a line for each requirement, and names tests that exist."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from support.processes import ROOT

PAGE = (ROOT / "docs/security.md").read_text()
LIST = ROOT / "tests/support/asvs_5_0.txt"
NUMBER = re.compile(r"\d+\.\d+\.\d+")
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| (.+) \| (.+) \|$", re.MULTILINE)
LEFT_OUT = re.compile(r"^Does not apply: (.+)\.$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)(#[^)]*)?\)")


def required() -> list[str]:
    lines = LIST.read_text().splitlines()
    return [line.split()[0] for line in lines if not line.startswith("#")]


def left_out() -> Iterator[tuple[str, str]]:
    """Each requirement that does not apply, with the reason."""
    for line in LEFT_OUT.findall(PAGE):
        for part in line.split("; "):
            numbers, _, reason = part.partition(" – ")
            for number in NUMBER.findall(numbers):
                yield number, reason


def test_every_requirement_of_both_levels_has_one_line() -> None:
    said = Counter([*(number for number, _, _ in ROW.findall(PAGE)), *(n for n, _ in left_out())])
    assert sorted(said) == sorted(required())
    assert [each for each, times in said.items() if times > 1] == []


def test_every_line_has_its_test_or_its_reason() -> None:
    known = set(re.findall(r"^(?:async )?def (test_\w+)", _tests(), re.MULTILINE))
    named = set(re.findall(r"`(test_\w+)`", PAGE + (ROOT / "SECURITY.md").read_text()))
    assert named - known == set(), "these tests are gone, or have another name"
    for number, how, by in ROW.findall(PAGE):
        assert how.strip(), number
        assert "`test_" in by or by.startswith("no test: "), number
    assert all(len(reason) > 10 for _, reason in left_out())


def test_what_the_pages_link_to_is_there() -> None:
    for name in ("SECURITY.md", "docs/security.md"):
        path = ROOT / name
        for place, anchor in LINK.findall(path.read_text()):
            if "://" in place:
                continue
            target = path.parent / place
            assert target.is_file(), f"{name}: {place}"
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            anchors = {
                "#" + re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings
            }
            assert not anchor or anchor in anchors, f"{name}: {place}{anchor}"


def test_whom_to_tell_is_said_where_people_look() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    assert "Report a vulnerability" in text
    assert "SECURITY.md" in (ROOT / "README.md").read_text()
    assert "docs/security.md" in (ROOT / "README.md").read_text()


def _tests() -> str:
    return "\n".join(path.read_text() for path in Path(ROOT, "tests").rglob("*.py"))
