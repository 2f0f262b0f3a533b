"""Region ids: the editor replaces a region by one of the same id, so they come from the content."""

from __future__ import annotations

from ml_backend.labeling import LabelingConfig

CONFIG = """<View>
  <Labels name="what" toName="text"><Label value="Product"/><Label value="Order"/></Labels>
  <Text name="text" value="$text"/>
  <Choices name="topic" toName="text"><Choice value="a"/><Choice value="b"/></Choices>
</View>"""
DATA = {"text": "order the order"}


def ids(answer: object) -> dict[str, str]:
    result = LabelingConfig.parse(CONFIG).to_conversion(answer, DATA).result
    return {f"{r['from_name']} {r['value']}": r["id"] for r in result}


def test_what_says_the_same_has_the_same_id_and_all_else_another() -> None:
    spans = [
        {"quote": "order", "occurrence": 1, "label": "Order"},
        {"quote": "order", "occurrence": 2, "label": "Order"},
    ]
    first = ids({"what": spans, "topic": "a"})
    assert ids({"what": spans, "topic": "a"}) == first
    assert len(set(first.values())) == len(first) == 3
    assert set(ids({"what": spans, "topic": "b"}).values()) & set(first.values()) == {
        region_id for place, region_id in first.items() if place.startswith("what")
    }
