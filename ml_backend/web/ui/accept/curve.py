"""The curve error x accepted with its band, drawn; its numbers stand in a table beside it."""

from __future__ import annotations

import math
from xml.etree.ElementTree import Element  # nosec B405  # builds, never parses

from ml_backend.reporting.elements import tag
from ml_backend.services.accepting.thresholds import ThresholdAnswer

LEFT, TOP, WIDTH, HEIGHT = 56, 12, 520, 220
BELOW = 48
STEPS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Ends of the upright axis: the first that shows what is asked for and the curve itself."""


def draw(found: ThresholdAnswer) -> Element | None:
    """Return the plot; None where labels are too few for a curve."""
    points = found.band.points
    if not points:
        return None
    highest = max(found.max_error * 1.25, *(each.error for each in points))
    top = next((each for each in STEPS if each >= highest), 1.0)
    band = [(each.accepted, each.high) for each in points]
    band += [(each.accepted, each.low) for each in reversed(points)]
    limit = _y(found.max_error, top)
    parts = [
        *_axes(top),
        tag("polygon", points=_path(band, top), class_="band"),
        tag("polyline", points=_path([(p.accepted, p.error) for p in points], top), class_="curve"),
        *(tag("circle", cx=_x(p.accepted), cy=_y(p.error, top), r=3, class_="dot") for p in points),
        _line(LEFT, limit, LEFT + WIDTH, limit, "ideal"),
        _text(f"allowed: {100 * found.max_error:g}%", LEFT + WIDTH - 4, limit - 6, "end"),
    ]
    if found.tested.threshold is not None:
        x = _x(found.tested.accepted)
        parts.append(_line(x, TOP, x, TOP + HEIGHT, "ceiling"))
    title = "Share of wrong ones among the accepted, by the share accepted, with its band"
    return tag(
        "svg",
        tag("title", title),
        parts,
        viewBox=f"0 0 {LEFT + WIDTH + 16} {TOP + HEIGHT + BELOW}",
        width=str(LEFT + WIDTH + 16),
        role="img",
        aria_label=title,
    )


def _axes(top: float) -> list[Element]:
    parts = [tag("rect", x=LEFT, y=TOP, width=WIDTH, height=HEIGHT, class_="frame")]
    for quarter in range(5):
        share = quarter / 4
        parts.append(_text(f"{share:.0%}", _x(share), TOP + HEIGHT + 18, "middle"))
        y = _y(share * top, top)
        parts.append(_line(LEFT, y, LEFT + WIDTH, y, "grid"))
        parts.append(_text(f"{100 * share * top:g}%", LEFT - 8, y + 4, "end"))
    parts.append(_text("accepted", LEFT + WIDTH / 2, TOP + HEIGHT + 40, "middle"))
    up = _text("wrong", 12, TOP + HEIGHT / 2, "middle")
    up.set("transform", f"rotate(-90 12 {TOP + HEIGHT / 2:g})")
    return [*parts, up]


def _path(shares: list[tuple[float, float]], top: float) -> str:
    return " ".join(f"{_x(x):g},{_y(y, top):g}" for x, y in shares if math.isfinite(y))


def _x(share: float) -> float:
    return round(LEFT + WIDTH * share, 1)


def _y(share: float, top: float) -> float:
    return round(TOP + HEIGHT * (1 - min(share / top, 1.0)), 1)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Element:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def _text(text: str, x: float, y: float, anchor: str) -> Element:
    return tag("text", text, x=x, y=y, text_anchor=anchor)
