"""What each control has scoring count: worked by hand, failures included."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.bases.evidence import Evidence, match, of_classes
from ml_backend.simulator.answers import Author, draw
from support.labeling_configs import EVERY, Sample
from support.tables import each_row

TEXT = '<Text name="t" value="$text"/>'
IMAGE = '<Image name="i" value="$image"/>'
CHOICES = '<Choice value="A"/><Choice value="B"/><Choice value="C"/>'
DATA = {"text": "Ada met Bob in Rome", "image": "a.png", "items": [{"id": n} for n in "abcd"]}


def config(*tags: str) -> LabelingConfig:
    return LabelingConfig.parse(f"<View>{''.join(tags)}</View>")


ONE = config(TEXT, f'<Choices name="c" toName="t">{CHOICES}</Choices>')
MANY = config(TEXT, f'<Choices name="c" toName="t" choice="multiple">{CHOICES}</Choices>')
TREE = config(
    TEXT,
    '<Taxonomy name="c" toName="t"><Choice value="X"><Choice value="Y"/></Choice></Taxonomy>',
)
STARS = config(TEXT, '<Rating name="c" toName="t"/>')
NUMBER = config(TEXT, '<Number name="c" toName="t"/>')
PROSE = config(TEXT, '<TextArea name="c" toName="t" maxSubmissions="1"/>')
SIDES = config(TEXT, '<Text name="u" value="$text"/><Pairwise name="c" toName="t,u"/>')
SPANS = config(
    TEXT, '<Labels name="c" toName="t"><Label value="PER"/><Label value="LOC"/></Labels>'
)
RANKING = config('<List name="l" value="$items"/>', '<Ranker name="c" toName="l"/>')
BUCKETS = config(
    '<List name="l" value="$items"/>',
    '<Ranker name="c" toName="l"><Bucket name="yes"/><Bucket name="no"/></Ranker>',
)
BOXES = config(
    IMAGE,
    '<RectangleLabels name="c" toName="i"><Label value="Cat"/><Label value="Dog"/>'
    "</RectangleLabels>",
)
PLAIN = config(IMAGE, '<Rectangle name="c" toName="i"/>')


def span(quote: str, label: str) -> dict[str, Any]:
    return {"quote": quote, "occurrence": 1, "label": label}


def box(x: float, label: str | None = "Cat", width: float = 10) -> dict[str, Any]:
    place = {"x": x, "y": 0, "width": width, "height": 10, "rotation": 0}
    return place | ({"label": label} if label else {})


PAIRS = [
    ("right", ONE, "A", "A", [("A", "A")]),
    ("confused", ONE, "B", "A", [("A", "B")]),
    ("failed", ONE, None, "A", [("A", None)]),
    ("set", MANY, ["A", "B"], ["A", "C"], [("A", "A"), ("C", "B")]),
    ("set, two missed", MANY, ["A"], ["A", "B", "C"], [("A", "A"), ("B", None), ("C", None)]),
    ("set, failed", MANY, None, ["A", "B"], [("A", None), ("B", None)]),
    ("set, nothing true", MANY, ["A"], [], [(None, "A")]),
    ("paths", TREE, ["X"], ["X > Y"], [("X > Y", "X")]),
    ("stars", STARS, 4, 5, [("5", "4")]),
    ("side", SIDES, None, "left", [("left", None)]),
    (
        "spans",
        SPANS,
        [span("Ada", "PER"), span("Bob", "LOC"), span("met", "LOC")],
        [span("Ada", "PER"), span("Bob", "PER"), span("Rome", "LOC")],
        [("PER", "PER"), ("PER", "LOC"), ("LOC", None), (None, "LOC")],
    ),
    ("spans, failed", SPANS, None, [span("Ada", "PER")], [("PER", None)]),
    ("spans, nothing anywhere", SPANS, [], [], []),
    ("buckets", BUCKETS, {"yes": ["a", "b"], "no": ["c"]}, {"yes": ["a"], "no": ["b", "c"]},
     [("yes", "yes"), ("no", "yes"), ("no", "no")]),
    ("boxes overlap by half", BOXES, [box(0, width=20)], [box(0)], [("Cat", "Cat")]),
    ("boxes overlap by less", BOXES, [box(0, width=21)], [box(0)], [("Cat", None), (None, "Cat")]),
    ("boxes confused", BOXES, [box(1, "Dog")], [box(0)], [("Cat", "Dog")]),
    # The right label goes before the better overlap.
    ("boxes, tie", BOXES, [box(0, "Dog"), box(2)], [box(0)], [("Cat", "Cat"), (None, "Dog")]),
    ("boxes without labels", PLAIN, [box(0, None)], [box(0, None), box(50, None)],
     [("Rectangle", "Rectangle"), ("Rectangle", None)]),
]  # fmt: skip


@each_row(
    ("parsed", "answer", "truth", "pairs"),
    [row[1:] for row in PAIRS],
)
def test_pairs_of_classes(
    parsed: LabelingConfig, answer: Any, truth: Any, pairs: list[tuple[str | None, str | None]]
) -> None:
    given = None if answer is None else {"c": answer}
    assert parsed.weigh(given, {"c": truth}, DATA)["c"].pairs == pairs


def test_numbers_are_off_by_their_difference_and_a_failure_has_none() -> None:
    assert NUMBER.weigh({"c": 7}, {"c": 9.5}, DATA)["c"].errors == [2.5]
    assert STARS.weigh({"c": 2}, {"c": 5}, DATA)["c"].errors == [3.0]
    assert NUMBER.weigh(None, {"c": 9}, DATA)["c"].errors == []
    assert NUMBER.weigh({"c": 1}, {"c": None}, DATA) == {}


def test_a_text_is_right_or_wrong_and_nothing_else() -> None:
    assert PROSE.weigh({"c": "a"}, {"c": "b"}, DATA)["c"] == Evidence()
    assert PROSE.compare({"c": " a  b"}, {"c": "a b"})["c"].correct


@pytest.mark.parametrize("answer", [list("abcd"), list("dcba"), list("bacd"), list("cabd")])
def test_rankings_have_kendalls_tau(answer: list[str]) -> None:
    truth = list("abcd")
    from scipy.stats import kendalltau  # a second to load, for this test alone

    expected = kendalltau([answer.index(each) for each in truth], range(4)).statistic
    assert RANKING.weigh({"c": answer}, {"c": truth}, DATA)["c"].orders == [pytest.approx(expected)]


def test_a_failed_ranking_orders_no_pair_and_one_of_one_item_has_no_tau() -> None:
    assert RANKING.weigh(None, {"c": list("abcd")}, DATA)["c"].orders == [-1.0]
    assert RANKING.weigh({"c": ["a"]}, {"c": ["a"]}, DATA)["c"].orders == []


def test_spans_overlap_by_characters_and_a_failure_by_none() -> None:
    answer, truth = [span("Ada met", "PER")], [span("Ada", "PER"), span("Rome", "LOC")]
    assert SPANS.weigh({"c": answer}, {"c": truth}, DATA)["c"].overlap == {
        "PER": (3, 7, 3),
        "LOC": (0, 0, 4),
    }
    assert SPANS.weigh(None, {"c": truth}, DATA)["c"].overlap == {
        "PER": (0, 0, 3),
        "LOC": (0, 0, 4),
    }


def test_what_is_asked_of_each_region_is_counted_by_region() -> None:
    parsed = config(
        IMAGE,
        '<RectangleLabels name="b" toName="i"><Label value="Cat"/></RectangleLabels>',
        f'<Choices name="how" toName="i" perRegion="true">{CHOICES}</Choices>',
    )
    truth = {"b": [{**box(0), "how": "A"}, {**box(50), "how": "B"}, {**box(80), "how": None}]}
    answer = {"b": [{**box(1), "how": "B"}, {**box(30), "how": "C"}]}
    found = parsed.weigh_regions(answer, truth, DATA)["how"]
    counted = [each.agreement.correct for each in found if each.counts and each.agreement]
    assert counted == [False, False]
    assert [each.evidence.pairs for each in found] == [[("A", "B")], [("B", None)], [(None, "C")]]
    failed = parsed.weigh_regions(None, truth, DATA)["how"]
    assert [(each.counts, each.agreement) for each in failed] == [(True, None), (True, None)]


def test_labels_beside_a_shape_are_counted_by_region() -> None:
    parsed = config(
        IMAGE,
        '<Rectangle name="b" toName="i"/>',
        '<Labels name="l" toName="i"><Label value="Cat"/><Label value="Dog"/></Labels>',
    )
    key = next(iter(parsed.controls["b"].companions))
    truth = {"b": [{**box(0, None), key: "Cat"}]}
    found = parsed.weigh_regions({"b": [{**box(0, None), key: "Dog"}]}, truth, DATA)
    assert [each.evidence.pairs for each in found["l"]] == [[("Cat", "Dog")]]


def test_relations_are_those_between_the_same_items() -> None:
    parsed = config(
        TEXT,
        '<Relations><Relation value="knows"/><Relation value="likes"/></Relations>',
        '<Labels name="c" toName="t"><Label value="PER"/></Labels>',
    )
    name = list(parsed.controls)[-1]
    people = [{"id": 1, **span("Ada", "PER")}, {"id": 2, **span("Bob", "PER")}]

    def related(*labels: str) -> dict[str, Any]:
        arrow = {"from": 1, "to": 2, "direction": "right", "labels": list(labels)}
        return {"c": people, name: [arrow]}

    assert parsed.weigh(related("likes"), related("knows"), DATA)[name].pairs == [
        ("knows", "likes")
    ]
    assert parsed.weigh(None, related("knows"), DATA)[name].pairs == [("knows", None)]


def test_pages_add_up() -> None:
    parsed = config(
        '<Image name="i" valueList="$pages"/>',
        f'<Choices name="c" toName="i" perItem="true">{CHOICES}</Choices>',
    )
    data = {"pages": ["a.png", "b.png", "c.png"]}
    found = parsed.weigh({"c": ["A", "B", "C"]}, {"c": ["A", "C", None]}, data)["c"]
    assert found.pairs == [("A", "A"), ("C", "B")]


def test_matching_pairs_each_item_once() -> None:
    alike = [(0.9, 0, 0), (0.8, 0, 1), (0.7, 1, 0)]
    assert match(alike, ["x", "x"], ["x", "x"]) == [(0, 0), (1, None), (None, 1)]
    assert match(alike, ["x", "x"], ["y", "x"]) == [(0, 1), (1, 0)]
    assert of_classes(["a", "a"], ["a"]).pairs == [("a", "a")]


# Laws for every control tag


def answered(sample: Sample) -> dict[str, Any] | None:
    """An answer of a sample's task in normal form, the first that can be used."""
    if sample.title == "moments":  # no random words make a date
        return {"full": "2024-05-01T10:30", "day": "2024-05-02", "hour": "08:15", "year": "2024"}
    schema = sample.config.schema(sample.data)
    text = " ".join(map(str, sample.data.values()))
    for seed in range(20):
        made = Author(schema, draw(seed, text), text).write()
        found = sample.config.to_conversion(made, sample.data)
        if found.result and not found.errors:
            return found.answer
    return None


@each_row("sample", EVERY)
def test_every_control_agrees_with_itself_and_a_failure_with_nothing(sample: Sample) -> None:
    truth = answered(sample)
    assert truth is not None
    parsed, data = sample.config, sample.data
    compared = parsed.compare(truth, truth, data)
    same, failed = parsed.weigh(truth, truth, data), parsed.weigh(None, truth, data)
    assert same.keys() == failed.keys() == compared.keys()
    for name, evidence in same.items():
        assert compared[name].correct
        assert all(true == given for true, given in evidence.pairs)
        missed = failed[name]
        assert sorted(repr(true) for true, _ in missed.pairs) == sorted(
            repr(true) for true, _ in evidence.pairs
        )
        assert all(given is None for _, given in missed.pairs)
        assert all(both == ours == theirs for both, ours, theirs in evidence.overlap.values())
        assert all(both == ours == 0 for both, ours, _ in missed.overlap.values())
        assert all(error == 0 for error in evidence.errors)
        assert missed.errors == []
        assert all(tau == 1 for tau in evidence.orders)
        assert all(tau == -1 for tau in missed.orders)
    for regions in parsed.weigh_regions(truth, truth, data).values():
        assert all(each.counts and each.agreement and each.agreement.correct for each in regions)
    for regions in parsed.weigh_regions(None, truth, data).values():
        assert all(each.counts and each.agreement is None for each in regions)
