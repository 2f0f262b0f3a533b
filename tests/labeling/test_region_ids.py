"""Region ids: the editor replaces a region by one of the same id, so they come from the content."""

from __future__ import annotations

from typing import Any

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


def test_what_was_left_out_leaves_no_trace_in_the_ids_of_the_rest() -> None:
    config = LabelingConfig.parse("""<View>
      <Image name="image" value="$image"/>
      <RectangleLabels name="box" toName="image"><Label value="O"/></RectangleLabels>
      <TextArea name="said" toName="image" perRegion="true" required="true"/>
      <Relations><Relation value="same"/></Relations>
    </View>""")
    data = {"image": "a.jpg"}
    place = {"x": 0, "y": 0, "width": 9, "height": 9, "rotation": 0, "label": "O"}

    def box(number: int, *said: str) -> dict[str, object]:
        return {**place, "id": number, "said": list(said)}

    def convert(*boxes: object) -> list[Any]:
        arrow = {"from": 1, "to": 3, "labels": ["same"]}
        return config.to_conversion({"box": [*boxes], "relations": [arrow]}, data).result

    assert convert(box(1), box(2, "b"), box(3, "c")) == convert(box(2, "b"), box(3, "c"))
    whole = convert(box(1, "a"), box(2), box(3, "c"))
    assert whole[:4] == convert(box(1, "a"), box(3, "c"))[:4]
    (relation,) = whole[4:]
    assert (relation["from_id"], relation["to_id"]) == (whole[0]["id"], whole[2]["id"])
