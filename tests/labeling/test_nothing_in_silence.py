"""Every control is fed what it cannot take: each value is kept, refused or reported, never changed.

The tags are found by their files, so a new one is held to this as well. What counts as the same
answer is written down in ``meaning``; all else that comes out otherwise must have been said.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.controls import CONTROLS
from ml_backend.labeling.documentation import TASK, example_of
from support.tables import each_row

BAD: list[Any] = [
    10**9, -5, 0, 1, 0.5, 3.7, 103, 250, float("nan"), float("inf"), float("-inf"), 10**400,
    "12345678901234567890", "1e999", "nobody", "", " ", "x" * 5000, "a\0b", "a\ud800", True, False,
    None, [], {}, [[]], [None], ["nobody"], {"nobody": 1}, [["nobody"]],
    "2024-05-01T10:30:59+02:00",
]  # fmt: skip

EXTRA: dict[str, tuple[str, dict[str, Any]]] = {
    "several choices": (
        '<Text name="text" value="$text"/><Choices name="c" toName="text" choice="multiple">'
        '<Choice value="A"/><Choice value="B"/></Choices>', {"c": ["A", "B"]}),
    "nested choices": (
        '<Text name="text" value="$text"/><Choices name="c" toName="text" allowNested="true">'
        '<Choice value="A"><Choice value="B"/></Choice></Choices>', {"c": "A > B"}),
    "few paths": (
        '<Text name="text" value="$text"/><Taxonomy name="c" toName="text" maxUsages="1">'
        '<Choice value="A"/><Choice value="B"/></Taxonomy>', {"c": ["A"]}),
    "few labels": (
        '<Text name="text" value="$text"/><Labels name="c" toName="text" maxUsages="1">'
        '<Label value="A"/></Labels>', {"c": [{"quote": "Ada", "occurrence": 1, "label": "A"}]}),
    "several labels": (
        '<Text name="text" value="$text"/><Labels name="c" toName="text" choice="multiple">'
        '<Label value="A"/><Label value="B"/></Labels>',
        {"c": [{"quote": "Ada", "occurrence": 1, "label": "A"}]}),
    "about regions": (
        '<Text name="text" value="$text"/><Labels name="c" toName="text"><Label value="A"/>'
        '</Labels><Rating name="sure" toName="text" perRegion="true"/>'
        '<TextArea name="why" toName="text" perRegion="true" maxSubmissions="1"/>',
        {"c": [{"quote": "Ada", "occurrence": 1, "label": "A", "sure": 2, "why": "so"}]}),
    "shapes and labels": (
        '<Image name="image" value="$image"/><Rectangle name="c" toName="image"/>'
        '<Labels name="what" toName="image"><Label value="Cat"/></Labels>',
        {"c": [{"x": 9, "y": 9, "width": 9, "height": 9, "rotation": 0, "what": "Cat"}]}),
    "pages": (
        '<Image name="image" valueList="$pages"/><RectangleLabels name="c" toName="image">'
        '<Label value="Cat"/></RectangleLabels><Choices name="k" toName="image" perItem="true">'
        '<Choice value="A"/></Choices>',
        {"c": [{"page": 1, "x": 9, "y": 9, "width": 9, "height": 9, "rotation": 0, "label": "Cat"}],
         "k": ["A", None]}),
    "buckets": (
        '<List name="items" value="$items"/><Ranker name="c" toName="items"><Bucket name="good"/>'
        '<Bucket name="bad"/></Ranker>', {"c": {"good": ["a"], "bad": ["b"]}}),
    "two texts": (
        '<Text name="text" value="$text"/><TextArea name="c" toName="text" maxSubmissions="2"/>',
        {"c": ["One.", "Two."]}),
    "bounds": (
        '<Text name="text" value="$text"/>'
        '<Number name="c" toName="text" min="1" max="9" step="2"/>',
        {"c": 3}),
    "time": ('<Text name="text" value="$text"/><DateTime name="c" toName="text" only="time"/>',
             {"c": "10:30"}),
    "moment": ('<Text name="text" value="$text"/><DateTime name="c" toName="text"/>',
               {"c": "2024-05-01T10:30"}),
    "hidden": (
        '<Text name="text" value="$text"/><Choices name="c" toName="text"><Choice value="A"/>'
        '<Choice value="B"/></Choices><Rating name="r" toName="text" visibleWhen="choice-selected" '
        'whenTagName="c" whenChoiceValue="A"/>', {"c": "A", "r": 2}),
    "few messages": (
        '<Chat name="chat" value="$chat" toName="chat" maxMessages="3"/>',
        {"chat": [{"role": "assistant", "content": "Hello!"}]}),
}  # fmt: skip
DATA = {**TASK, "pages": ["/a.png", "/b.png"]}
NAMES = [*sorted(CONTROLS), *EXTRA]


def example(name: str) -> tuple[LabelingConfig, dict[str, Any]]:
    if name in CONTROLS:
        return example_of(CONTROLS[name])
    tags, answer = EXTRA[name]
    return LabelingConfig.parse(f"<View>{tags}</View>"), answer


def spots(answer: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything in an answer."""
    if path:
        yield path
    inner = answer if isinstance(answer, dict) else {}
    if isinstance(answer, list):
        inner = dict(enumerate(answer))
    for key, value in inner.items():
        yield from spots(value, (*path, key))


def put(answer: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(answer)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def get(answer: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        answer = answer[key]
    return answer


def changed_answers(answer: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in spots(answer):
        old = get(answer, path)
        for value in BAD:
            yield f"{path} = {value!r}"[:80], put(answer, path, value)
        yield f"{path} in a list", put(answer, path, [old])
        if isinstance(old, list):
            yield f"{path} twice", put(answer, path, [*old, *copy.deepcopy(old)])
            yield f"{path} and rubbish", put(answer, path, [*old, "nobody", {}, None, -1])
            yield f"{path} shorter", put(answer, path, old[:-1])
            yield f"{path} many", put(answer, path, [*old] * 40)
            yield f"{path} alone", put(answer, path, old[0] if old else None)
        if isinstance(old, float | int) and not isinstance(old, bool):
            for number in (old + 100, -old - 50, old * 1000):
                yield f"{path} = {number}", put(answer, path, number)
        if isinstance(old, str):
            for text in (old + " nobody", old.upper(), f" {old}\n", old[:-1]):
                yield f"{path} = {text!r}", put(answer, path, text)


def meaning(value: Any, key: str = "") -> Any:
    """An answer as far as it says something: what is the same here was not changed.

    White space and case of names, numbers written as text, doubles of one class or span, a lone
    class in or without a list, the place of a quote that is there once, what items call themselves,
    and whole turns.
    """
    if isinstance(value, bool):
        return str(value).casefold()
    if isinstance(value, int | float):
        number = value % 360 if key == "rotation" and math.isfinite(value) else value
        return None if key == "rotation" and number == 0 else number
    if isinstance(value, str):
        text = " ".join(value.split()).casefold()
        try:
            return meaning(int(text) if text.lstrip("+-").isdigit() else float(text), key)
        except ValueError:
            return text or None
    if isinstance(value, dict):
        said = {k: meaning(each, k) for k, each in value.items() if k not in ("occurrence", "id")}
        return {k: each for k, each in said.items() if each is not None} or None
    if isinstance(value, list):
        items = [each for each in map(meaning, value) if each is not None]
        unique = list({repr(each): each for each in items}.values())
        kept = items if key in ("ranked", "points", "chat") else sorted(unique, key=repr)
        return None if not kept else kept[0] if len(kept) == 1 else kept
    return value


def told(config: LabelingConfig, answer: Any, key: str) -> Any:
    """The meaning of one control's part: where order and doubles count they stay."""
    part = answer.get(key)
    kind = config.controls[key].tag
    orderly = {"Ranker": "ranked", "Chat": "chat", "perItem": "chat", "TextArea": "chat"}
    if isinstance(part, dict) and kind == "Ranker":
        return {bucket: meaning(ids, "ranked") for bucket, ids in part.items() if ids}
    return meaning(part, orderly.get(kind, ""))


@pytest.mark.slow
@each_row("name", NAMES)
def test_what_is_changed_of_an_answer_is_said(name: str) -> None:
    config, answer = example(name)
    good = config.to_conversion(answer, DATA)
    assert (good.problems, good.errors) == ((), ())
    silent = []
    for what, changed in changed_answers(answer):
        made = config.to_conversion(changed, DATA)
        json.dumps(made.result, allow_nan=False)
        if made.problems or made.errors:
            continue
        for key in config.controls:
            if told(config, made.answer, key) != told(config, changed, key):
                silent.append((what, changed.get(key), made.answer[key]))
    assert silent == []


def test_every_tag_is_fed() -> None:
    assert {*CONTROLS} <= {*NAMES}


NOTHING_SAID = ["", "   ", "\n", "\u200b", "\ufeff \u00a0", "null", " NULL "]
"""Where null was offered these are null, whatever else the control takes."""
NO_NULL = [{}, "none", "None", "N/A", "n/a", "-", "undefined", "nil", "\u2014", "[none]", "{}"]
"""These may mean something else, whatever was offered: they are asked about again."""
ONE_VALUE = [[""], ["  "], ["null"], [None], []]
"""In a list they are null where one value is asked for, and an item that is none in a list."""


def test_every_control_reads_a_blank_and_the_word_null_as_null_where_it_offered_it():
    wrong = []
    for name, config, answer in every_example():
        for key, control in config.controls.items():
            for given in NOTHING_SAID:
                made = config.to_conversion({**dict.fromkeys(answer), key: given}, DATA)
                is_null = made.answer[key] in (None, []) and not (made.errors or made.problems)
                if is_null is control.takes_any_text or not (is_null or made.errors):
                    wrong.append((name, key, given))
    assert wrong == []


@pytest.mark.slow
def test_every_control_asks_again_about_what_may_not_be_null():
    wrong = []
    for name, config, answer in every_example():
        for key, control in config.controls.items():
            lists = [] if control.has_one_value or control.takes_any_text else ONE_VALUE[:-1]
            for given in [*NO_NULL, *lists]:
                if control.takes_any_text and isinstance(given, str):
                    continue  # "N/A" is a text as people write it
                if control.tag == "perItem" and isinstance(given, list):
                    continue  # what one page is
                made = config.to_conversion({**answer, key: given}, DATA)
                alone = config.to_conversion({**dict.fromkeys(answer), key: given}, DATA)
                if not (made.problems or made.errors) or not alone.errors:
                    wrong.append((name, key, given))
    assert wrong == []


def test_every_control_that_is_required_refuses_them():
    wrong = []
    for name, config, answer in every_example(required=True):
        for key, control in config.controls.items():
            if not control.required:
                continue
            for given in [*NOTHING_SAID, *ONE_VALUE, {}]:
                made = config.to_conversion({**answer, key: given}, DATA)
                if not made.errors:
                    wrong.append((name, key, given))
    assert wrong == []


def every_example(*, required: bool = False) -> Iterator[tuple[str, LabelingConfig, dict]]:
    for name in NAMES:
        config, answer = example(name)
        if required:
            named = [f'name="{key}"' for key in answer]
            xml = config.xml
            for each in named:
                xml = xml.replace(each, f'{each} required="true"')
            config = LabelingConfig.parse(xml)
        yield name, config, answer
