"""The colours of the pages: every pair that text or an edge is seen by keeps its contrast."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ml_backend.web.ui.shell.assets import STATIC
from support.tables import each_row

SHEETS = sorted(STATIC.glob("styles/*.css"))
TOKEN = re.compile(r"--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)")
TOKENS = {
    name: (light, dark)
    for name, light, dark in TOKEN.findall((STATIC / "styles/10-house.css").read_text())
}
TEXT, EDGE = 4.5, 3.0
"""WCAG 2.2, 1.4.3 and 1.4.11."""

PAIRS = [
    ("text", "bg", TEXT),
    ("text", "surface", TEXT),
    ("text", "sunken", TEXT),
    ("text", "selected", TEXT),
    ("text", "insert-bg", TEXT),
    ("text", "delete-bg", TEXT),
    ("text", "positive-bg", TEXT),
    ("text", "warning-bg", TEXT),
    ("text", "negative-bg", TEXT),
    ("text-2", "bg", TEXT),
    ("text-2", "surface", TEXT),
    ("text-2", "sunken", TEXT),
    ("muted", "bg", TEXT),
    ("muted", "surface", TEXT),
    ("link", "bg", TEXT),
    ("link", "surface", TEXT),
    ("link", "selected", TEXT),
    ("positive", "bg", TEXT),
    ("positive", "surface", TEXT),
    ("positive", "positive-bg", TEXT),
    ("warning", "bg", TEXT),
    ("warning", "surface", TEXT),
    ("warning", "warning-bg", TEXT),
    ("negative", "bg", TEXT),
    ("negative", "surface", TEXT),
    ("negative", "negative-bg", TEXT),
    ("on-primary", "primary", TEXT),
    ("on-primary", "primary-hover", TEXT),
    ("control-border", "bg", EDGE),
    ("control-border", "surface", EDGE),
    ("focus-line", "bg", EDGE),
    ("focus-line", "surface", EDGE),
    ("primary-edge", "bg", EDGE),
]
MEASURED = {
    ("text", "bg"): (15.06, 14.44),
    ("text", "insert-bg"): (12.83, 8.65),
    ("text", "delete-bg"): (11.50, 7.67),
    ("muted", "bg"): (5.47, 5.82),
    ("muted", "surface"): (5.24, 6.40),
    ("link", "bg"): (5.87, 6.93),
    ("on-primary", "primary"): (5.39, 5.39),
    ("on-primary", "primary-hover"): (8.35, 8.35),
    ("positive", "bg"): (6.94, 6.40),
    ("positive", "positive-bg"): (6.65, 6.59),
    ("warning", "bg"): (4.87, 7.95),
    ("warning", "warning-bg"): (4.64, 8.27),
    ("negative", "bg"): (4.92, 5.79),
    ("negative", "negative-bg"): (4.55, 6.75),
    ("control-border", "bg"): (3.46, 3.63),
    ("focus-line", "bg"): (5.87, 6.93),
}
"""As they were worked out when the colours were chosen: (light, dark)."""


def luminance(colour: str) -> float:
    """Relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@each_row("theme", [0, 1])
@each_row(("front", "back", "least"), PAIRS)
def test_what_is_read_stands_out(front: str, back: str, least: float, theme: int) -> None:
    ratio = contrast(TOKENS[front][theme], TOKENS[back][theme])
    assert ratio >= least
    if (front, back) in MEASURED:
        assert ratio == pytest.approx(MEASURED[front, back][theme], abs=0.01)


def test_white_stands_out_on_danger() -> None:
    assert all(contrast("#ffffff", each) >= TEXT for each in TOKENS["danger"])


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_colours_come_from_the_tokens_alone(sheet: Path) -> None:
    rules = re.sub(r"(?s)/\*.*?\*/|:root \{.*?\n\}", "", sheet.read_text())
    foreign = set(re.findall(r"#[0-9a-fA-F]{3,8}\b", rules)) - {"#fff"}
    foreign = {each for each in foreign if not re.search(rf"{each}\b[^;]*\{{", rules)}
    assert not foreign
