"""What the round trip forgives an annotation, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest
from browser.comparison import differences

# It needs none, but goes with what does.
pytestmark = pytest.mark.browser

SPAN = {"start": 0, "end": 3, "labels": ["PER"]}
BOX = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0}


def result(name: str, kind: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "r1", "from_name": name, "to_name": "t", "type": kind, "value": value, **more}


def relation(**more: Any) -> dict[str, Any]:
    return {"type": "relation", "from_id": "r1", "to_id": "r2", "direction": "right", **more}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        pytest.param(
            [result("n", "labels", SPAN)],
            [result("n", "labels", {**SPAN, "text": "Ann"}, origin="prediction")],
            id="the text of a span",
        ),
        pytest.param(
            [result("n", "hypertextlabels", {"start": "", "globalOffsets": {"start": 1}})],
            [result("n", "hypertextlabels", {"start": "/p[1]", "globalOffsets": {"start": 1}})],
            id="where a span is in the page",
        ),
        pytest.param(
            [result("n", "rectanglelabels", BOX), result("c", "choices", {"choices": ["a"]})],
            [
                result("c", "choices", {**BOX, "choices": ["a"]}, original_width=640),
                result("n", "rectanglelabels", BOX, original_width=640),
            ],
            id="the place, repeated beside what is said of it; the order",
        ),
    ],
)
def test_what_the_editor_derives_is_no_difference(
    sent: list[dict[str, Any]], stored: list[dict[str, Any]]
) -> None:
    assert differences(sent, stored) == []


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        pytest.param([], "r1 n is lost", id="lost"),
        pytest.param(
            [result("n", "labels", SPAN), result("m", "choices", {"choices": ["a"]})],
            "r1 m is new",
            id="added",
        ),
        pytest.param(
            [result("n", "labels", SPAN), result("n", "labels", SPAN)], "occurs 2 times", id="twice"
        ),
        pytest.param([result("n", "labels", {**SPAN, "end": 4})], "r1 n differs", id="moved"),
        pytest.param([result("n", "labels", {**SPAN, "labels": []})], "differs", id="unlabeled"),
        pytest.param([result("n", "labels", SPAN, item_index=1)], "differs", id="another page"),
        pytest.param([{**result("n", "labels", SPAN), "id": "r2"}], "r1 n is lost", id="unlinked"),
        pytest.param([result("n", "labels", SPAN), relation()], "relation r1 r2", id="a relation"),
    ],
)
def test_everything_else_is_a_difference(stored: list[dict[str, Any]], words: str) -> None:
    assert words in "\n".join(differences([result("n", "labels", SPAN)], stored))


def test_what_is_said_of_a_region_must_stay() -> None:
    sent = [result("n", "rectanglelabels", BOX), result("c", "rating", {"rating": 3})]
    stored = [result("n", "rectanglelabels", BOX), result("c", "rating", {**BOX, "rating": 4})]
    assert "r1 c differs" in "\n".join(differences(sent, stored))
