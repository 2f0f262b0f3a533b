"""Words that nothing we say to people may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STAR = re.compile(r"(?<![a-z])star(s|red|ring)?(?![a-z])", re.IGNORECASE)
RATED = {
    "CONTRIBUTING.md",  # shows how a Rating is written
    "docs/labeling-configs.md",
    "ml_backend/demo/tasks.json",
    "ml_backend/labeling/controls/rating.py",
    "ml_backend/labeling/text/abbreviations.py",  # common words of several languages
}
"""Files that may speak of stars: a Rating has some, and so have texts that customers wrote."""


def spoken() -> Iterator[Path]:
    """Every text of ours: code, help, messages, pages, documentation."""
    yield from ROOT.glob("*.md")
    yield from (ROOT / "docs").rglob("*.md")
    for path in (ROOT / "ml_backend").rglob("*"):
        known = path.suffix in (".py", ".html", ".js", ".css", ".md", ".json", ".xml")
        if known and "vendor" not in path.parts:
            yield path


@pytest.mark.slow
def test_nobody_is_told_to_star_an_annotation() -> None:
    """Label Studio Community has no star: annotations are marked as ground truth, or submitted."""
    texts = [path for path in spoken() if str(path.relative_to(ROOT)) not in RATED]
    assert len(texts) > 300
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in texts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if STAR.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "text", ["Star more annotations", "starred annotations", "(star annotations", "ONLY_STARS"]
)
def test_the_word_is_found_in_all_its_forms(text: str) -> None:
    assert STAR.search(text)


@pytest.mark.parametrize("text", ["restart it", "start a run", "Getting started", "starts"])
def test_a_start_is_no_star(text: str) -> None:
    assert not STAR.search(text)
