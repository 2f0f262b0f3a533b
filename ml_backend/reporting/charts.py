"""Plots as inline SVG in the colours of the page; their numbers stand in a table beside them."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element  # nosec B405  # builds, never parses

from ml_backend.records import CalibrationBin, Correctness
from ml_backend.reporting.elements import tag

LONGEST_NAME = 28
LEFT, WIDTH, ROW = 210, 380, 26
SIDE = 260


def intervals(rows: Sequence[tuple[str, Correctness, float | None]]) -> Element:
    """Accuracies from 0 to 1 with their intervals: (name, counts, how far people agree)."""
    height = ROW * len(rows) + 30
    parts = [_scale(ROW * len(rows))]
    for place, (name, counts, ceiling) in enumerate(rows):
        y = ROW * place + ROW / 2
        parts.append(_name(name, y))
        if counts.accuracy is None:
            continue
        low, high = _x(counts.low or 0.0), _x(counts.high or 0.0)
        parts.append(_line(low, y, high, y, "whisker"))
        parts.append(tag("circle", cx=_x(counts.accuracy), cy=y, r=5, class_="dot"))
        if ceiling is not None:
            x = _x(ceiling)
            parts.append(_line(x, y - 9, x, y + 9, "ceiling"))
    return _svg(LEFT + WIDTH + 30, height, "Accuracy with 95 % intervals", parts)


def bars(rows: Sequence[tuple[str, float | None]], title: str) -> Element:
    """A bar from 0 to 1 for each name."""
    parts = [_scale(ROW * len(rows))]
    for place, (name, value) in enumerate(rows):
        y = ROW * place
        parts.append(_name(name, y + ROW / 2))
        width = round(WIDTH * (value or 0.0), 1)
        parts.append(tag("rect", x=LEFT, y=y + 5, width=width, height=ROW - 10, class_="bar"))
    return _svg(LEFT + WIDTH + 30, ROW * len(rows) + 30, title, parts)


def amounts(rows: Sequence[tuple[str, float | None, str]], title: str) -> Element:
    """A bar for each name, the longest for the most: (name, amount, how it is written).

    An amount of None has no bar: it is not known.
    """
    most = max((amount or 0.0 for _, amount, _ in rows), default=0.0) or 1.0
    parts = []
    for place, (name, amount, written) in enumerate(rows):
        y, width = ROW * place, round(WIDTH * (amount or 0.0) / most, 1)
        parts.append(_name(name, y + ROW / 2))
        if amount is not None:
            parts.append(tag("rect", x=LEFT, y=y + 5, width=width, height=ROW - 10, class_="bar"))
        x = LEFT + (width if amount is not None else 0.0) + 8
        parts.append(_text(written, x, y + ROW / 2 + 4, "start"))
    return _svg(LEFT + WIDTH + 90, ROW * len(rows) + 4, title, parts)


def reliability(bins: Sequence[CalibrationBin]) -> Element:
    """Share of right answers over mean score, a point for each bin; on the line they agree."""

    def place(share: float) -> float:
        return round(SIDE * share, 1)

    parts = [
        tag("rect", x=50, y=10, width=SIDE, height=SIDE, class_="frame"),
        _line(50, 10 + SIDE, 50 + SIDE, 10, "ideal"),
    ]
    for mark in (0, 0.5, 1):
        parts.append(_text(f"{mark:g}", 50 + place(mark), SIDE + 28, "middle"))
        parts.append(_text(f"{mark:g}", 42, 14 + SIDE - place(mark), "end"))
    for row in bins:
        x, y = 50 + place(row.score), 10 + SIDE - place(row.accuracy)
        parts.append(
            _line(x, 10 + SIDE - place(row.low), x, 10 + SIDE - place(row.high), "whisker")
        )
        parts.append(tag("circle", cx=x, cy=y, r=4 if row.n < 10 else 6, class_="dot"))
    parts.append(_text("mean score", 50 + SIDE / 2, SIDE + 44, "middle"))
    up = _text("share right", 14, 10 + SIDE / 2, "middle")
    up.set("transform", f"rotate(-90 14 {10 + SIDE / 2:g})")
    parts.append(up)
    return _svg(SIDE + 80, SIDE + 56, "Share of right answers by score", parts)


def _svg(width: float, height: float, title: str, parts: list[Element]) -> Element:
    return tag(
        "svg",
        tag("title", title),
        parts,
        viewBox=f"0 0 {width:g} {height:g}",
        width=f"{width:g}",
        role="img",
    )


def _scale(height: float) -> Element:
    marks: list[Element] = []
    for mark in (0, 0.25, 0.5, 0.75, 1):
        marks.append(_line(_x(mark), 0, _x(mark), height, "grid"))
        marks.append(_text(f"{mark:.0%}", _x(mark), height + 18, "middle"))
    return tag("g", marks)


def _name(name: str, y: float) -> Element:
    shown = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    return _text(shown, LEFT - 12, y + 4, "end")


def _x(share: float) -> float:
    return round(LEFT + WIDTH * share, 1)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Element:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def _text(text: str, x: float, y: float, anchor: str) -> Element:
    return tag("text", text, x=x, y=y, text_anchor=anchor)
