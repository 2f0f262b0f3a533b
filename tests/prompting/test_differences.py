"""Two texts side by side: what is marked, what is paired, what is left out."""

from __future__ import annotations

import pytest

from ml_backend.prompting.differences import Row, Side, rows


def side(found: Side | None) -> str:
    """A line with what changed in brackets."""
    if found is None:
        return "-"
    return "".join(f"[{part.text}]" if part.changed else part.text for part in found.parts)


def drawn(found: list[Row]) -> list[tuple[str, str]]:
    return [
        (f"… {row.skipped}", "") if row.kind == "skipped" else (side(row.old), side(row.new))
        for row in found
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("a\nb", "a\nb", [("… 2", "")], id="nothing changed"),
        pytest.param("", "", [], id="nothing at all"),
        pytest.param("", "a", [("-", "[a]")], id="written from nothing"),
        pytest.param("a\nb", "a", [("a", "a"), ("[b]", "-")], id="a line less"),
        pytest.param(
            "Answer with one sentiment.",
            "Answer with exactly one sentiment.",
            [("Answer with one sentiment.", "Answer with[ exactly] one sentiment.")],
            id="a word more",
        ),
        pytest.param(
            "Which topic? {text}",
            "Say the class of {text}",
            [("[Which topic? {text}]", "[Say the class of {text}]")],
            id="lines with little in common are not picked to pieces",
        ),
        pytest.param(
            "one line here", "one line there\nand more",
            [("one line [here]", "one line [there]"), ("-", "[and more]")],
            id="a pair and an addition",
        ),
    ],
)  # fmt: skip
def test_lines_stand_beside_each_other(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    assert drawn(rows(old, new)) == expected


def test_long_unchanged_stretches_are_left_out_but_for_some_context() -> None:
    old = "\n".join(f"line {n}" for n in range(30))
    found = rows(old, old.replace("line 15", "line fifteen"), context=2)
    assert drawn(found)[:3] == [("… 13", ""), ("line 13", "line 13"), ("line 14", "line 14")]
    assert drawn(found)[-1] == ("… 12", "")
    changed = found[3]
    assert changed.old is not None
    assert changed.new is not None
    assert (changed.old.number, changed.new.number) == (16, 16)


def test_both_sides_say_the_whole_of_their_texts() -> None:
    old, new = "x <script>\n\n{a}  b\nc", "{{7*7}}\nx <Script>\n{a} b\nd e"
    found = rows(old, new, context=100)
    for name, text in (("old", old), ("new", new)):
        sides = [each for each in (getattr(row, name) for row in found) if each is not None]
        assert "\n".join("".join(part.text for part in each.parts) for each in sides) == text
        assert [each.number for each in sides] == list(range(1, len(sides) + 1))


def test_a_very_long_line_is_changed_as_a_whole() -> None:
    [row] = rows("a " * 3000, "a " * 3000 + "b")
    assert row.old is not None
    assert [part.changed for part in row.old.parts] == [True]
