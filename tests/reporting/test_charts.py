"""Plots as SVG: an amount that is not known is no bar of nothing."""

from __future__ import annotations

from ml_backend.reporting import charts
from ml_backend.reporting.elements import to_markup


def test_amounts_are_bars_by_the_greatest_and_the_unknown_has_none() -> None:
    rows = [
        ("v1", 0.5, "$0.50"),
        ("<b>v2</b>", 2.0, "$2"),
        ("v3", None, "unknown"),
        ("v4", 0, "$0"),
    ]
    svg = charts.amounts(rows, "Dollars")
    widths = [each.get("width") for each in svg.iter("rect")]
    assert widths == ["95.0", "380.0", "0.0"]
    text = to_markup(svg)
    assert "unknown" in text
    assert "&lt;b&gt;v2&lt;/b&gt;" in text


def test_nothing_but_unknown_amounts_is_drawn_without_a_bar() -> None:
    assert not list(charts.amounts([("v1", None, "unknown")], "Dollars").iter("rect"))
