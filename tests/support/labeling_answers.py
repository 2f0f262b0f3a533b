"""Hypothesis strategies for answers, task data and results: well meant, odd and hostile."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

from ml_backend.labeling.task_data.selectable import Selectable
from support.labeling_configs import Sample

MOMENTS = ("2024-05-01", "2024-05-01T10:30", "2024-02-29T23:59:00Z", "2024-05", "2024", "10:30")
PERCENT = st.integers(0, 100) | st.floats(-20, 120).map(lambda number: round(number, 3))

SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["A", "PER", "1", "10e400", "\ud800", "\0", "NaN", 10**400, -1, 0, "yes"])
)
KEYS = st.text(max_size=3) | st.sampled_from(
    [
        "quote",
        "occurrence",
        "label",
        "labels",
        "text",
        "x",
        "y",
        "width",
        "height",
        "rotation",
        "points",
        "radius_x",
        "radius_y",
        "page",
        "role",
        "content",
        "from",
        "to",
        "id",
        "good",
    ]
)


def json_values(keys: st.SearchStrategy[str] = KEYS) -> st.SearchStrategy[Any]:
    """Any JSON, small; and what Python's JSON reader makes of 1e400 and lone surrogates."""
    return st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=8,
    )


ANYTHING = json_values()


@cache
def answers(sample: Sample) -> st.SearchStrategy[dict[str, Any]]:
    """Answers within the schema of a task: mostly sensible, not all usable."""
    texts = [
        thing.passage(sample.data).text
        for thing in sample.config.objects.values()
        if isinstance(thing, Selectable)
    ]
    return _from_schema(sample.config.schema(sample.data), "", _quotes(texts))


@cache
def hostile_answers(sample: Sample) -> st.SearchStrategy[Any]:
    """Any JSON, and answers in which any part may be any JSON."""
    names = st.sampled_from([*sample.config.controls, "zz"])
    good = answers(sample)
    spoilt = st.tuples(good, st.dictionaries(names, ANYTHING, max_size=2))
    items = st.tuples(good, st.lists(ANYTHING, max_size=2), st.randoms(use_true_random=False))
    return (
        ANYTHING
        | st.dictionaries(names, ANYTHING, max_size=4)
        | spoilt.map(lambda pair: {**pair[0], **pair[1]})
        | items.map(lambda drawn: _spoil(*drawn))
    )


@cache
def hostile_data(sample: Sample) -> st.SearchStrategy[dict[str, Any]]:
    """Task data in which any key may be missing or anything."""
    fields = dict.fromkeys(sample.config.input_fields, ANYTHING)
    tops = st.fixed_dictionaries({}, optional={**fields, "options": ANYTHING})
    return st.tuples(st.just(sample.data), tops).map(lambda pair: {**pair[0], **pair[1]}) | tops


def _quotes(texts: list[str]) -> st.SearchStrategy[str]:
    absent = st.sampled_from(["nowhere", "Ada", "ada ", " ", "Bob"])
    found = [
        st.tuples(st.integers(0, len(text) - 1), st.integers(1, 12)).map(
            lambda place, text=text: text[place[0] : sum(place)]  # type: ignore[misc]
        )
        for text in texts
        if text
    ]
    return st.one_of([*found, *found, absent])


def _from_schema(
    schema: Mapping[str, Any], name: str, quotes: st.SearchStrategy[str]
) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of(_of_kind(kind, schema, name, quotes) for kind in kinds)


def _of_kind(
    kind: str, schema: Mapping[str, Any], name: str, quotes: st.SearchStrategy[str]
) -> st.SearchStrategy[Any]:
    if kind == "object":
        inner = {key: _from_schema(part, key, quotes) for key, part in schema["properties"].items()}
        return st.fixed_dictionaries(inner)
    if kind == "array":
        item = _from_schema(schema["items"], name, quotes)
        return st.lists(item, max_size=5 if name == "points" else 3)
    if kind == "integer":
        return st.integers(1, 3)
    if kind == "number":
        return st.just(0) if name == "rotation" else PERCENT
    if kind == "string":
        return quotes | (st.sampled_from(MOMENTS) | st.text(max_size=6))
    return st.none()


def _spoil(answer: dict[str, Any], parts: list[Any], random: Any) -> dict[str, Any]:
    """Put anything into a random place of an answer."""
    for part in parts:
        place: Any = answer
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = random.choice(keys)
            if not isinstance(place[key], dict | list) or random.random() < 0.3:
                place[key] = part
                break
            place = place[key]
    return answer
