"""Every schema is taken by real grammar engines, which then let a model say what is right only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.schema_bounds import bounded, reached
from support.grammar_engines import Llguidance, Outlines
from support.labeling_answers import answers
from support.labeling_configs import EVERY, IDS, TEMPLATES, TEXT, Sample
from support.tables import each_row

every_config = pytest.mark.parametrize("sample", EVERY, ids=IDS)
both_engines = pytest.mark.parametrize("engine", [Llguidance, Outlines])


def first_answer(schema: Mapping[str, Any]) -> Any:
    """An answer as the schema has it: the first class, one item in each list."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema["type"][0] if isinstance(schema["type"], list) else schema["type"]
    if kind == "object":
        return {name: first_answer(part) for name, part in schema["properties"].items()}
    if kind == "array":
        return [first_answer(schema["items"])]
    return {"string": "some “words”", "integer": 1, "number": 12.5, "null": None}[kind]


def test_the_templates_are_all_those_a_model_can_answer():
    assert len(TEMPLATES) == 49
    assert all(sample.config.controls for sample in TEMPLATES)


@every_config
def test_schemas_keep_the_rules_of_strict_mode(check_strict, sample):
    check_strict(sample.config.schema(sample.data))


@both_engines
@every_config
def test_engines_take_every_schema_and_only_answers_within_it(sample: Sample, engine):
    schema = sample.config.schema(sample.data)
    grammar = engine(schema)
    answer = first_answer(schema)
    assert grammar.takes(answer)
    name = next(iter(schema["properties"]))
    lacking = {key: value for key, value in answer.items() if key != name}
    for wrong in (lacking, {**answer, "more": 1}, {**answer, name: {"no": 1}}, [], None):
        assert not grammar.takes(wrong)


@pytest.mark.slow
@given(st.sampled_from(EVERY), st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_engines_take_every_answer_in_normal_form(sample, data):
    made = sample.config.to_conversion(data.draw(answers(sample)), sample.data)
    if not made.errors:
        assert Llguidance(sample.config.schema(sample.data)).takes(made.answer)


def many(tag: str, child: str, name: str, count: int, length: int = 1) -> str:
    classes = "".join(f'<{child} value="{name}{i}{"x" * length}"/>' for i in range(count))
    return f'<{tag} name="{name}" toName="t">{classes}</{tag}>'


TREE = "".join(
    f'<Choice value="a{i}">' + "".join(f'<Choice value="b{j}"/>' for j in range(40)) + "</Choice>"
    for i in range(50)
)
BIG = {
    "a taxonomy of 2,050": f'<Taxonomy name="x" toName="t">{TREE}</Taxonomy>',
    "six of 200 classes": "".join(many("Choices", "Choice", f"c{i}", 200) for i in range(6)),
    "long names": "".join(many("Choices", "Choice", f"c{i}", 100, 900) for i in range(3)),
    "labels of several makers": many("Labels", "Label", "l", 245)
    + "".join(many("Labels", "Label", f"m{i}", 245) for i in range(5)),
}  # fmt: skip


@pytest.mark.parametrize("controls", BIG.values(), ids=BIG)
@pytest.mark.slow
def test_many_classes_are_left_to_the_description(check_strict, controls):
    config = LabelingConfig.parse(f'<View><Text name="t" value="$text"/>{controls}</View>')
    schema = config.schema(TEXT)
    check_strict(schema)
    assert Llguidance(schema).takes(first_answer(schema))
    described = config.describe(TEXT)
    for control in config.controls.values():
        assert described.count(control.classes[-1]) >= 1


@pytest.mark.slow
def test_many_ids_and_options_of_a_task_are_left_to_the_description(check_strict):
    xml = """<View><Text name="t" value="$text"/><List name="li" value="$items"/>
    <Ranker name="r" toName="li"><Bucket name="a"/><Bucket name="b"/></Ranker>
    <Choices name="c" toName="t" value="$items"/></View>"""
    items = [{"id": f"id {i} {'x' * 60}", "value": f"value {i}"} for i in range(3000)]
    config = LabelingConfig.parse(xml)
    data = {"text": "x", "items": items}
    schema = config.schema(data)
    check_strict(schema)
    made = config.to_conversion({"r": {"a": [items[2999]["id"]]}, "c": "value 2999"}, data)
    assert made.answer["c"] == "value 2999"
    assert made.answer["r"]["a"] == [items[2999]["id"]]


def bounds(name: str) -> str:
    inner = '<Choice value="A"/><Choice value="B"/><Choice value="C"/>'
    return {
        "choices": f'<Choices name="c" toName="t" choice="multiple">{inner}</Choices>',
        "paths": f'<Taxonomy name="c" toName="t" maxUsages="2">{inner}</Taxonomy>',
        "texts": '<TextArea name="c" toName="t" maxSubmissions="2"/>',
        "ranks": '<List name="l" value="$items"/><Ranker name="c" toName="l"/>',
        "pages": f"""<Image name="i" valueList="$pages"/><Choices name="c" toName="i"
        perItem="true">{inner}</Choices>""",
        "labels": """<Labels name="c" toName="t"><Label value="A" maxUsages="1"/>
        <Label value="B" maxUsages="2"/></Labels>""",
        "chat": '<Chat name="c" value="$chat" toName="c" maxMessages="4"/>',
        "one text": '<TextArea name="c" toName="t" maxSubmissions="1"/>',
        "any text": '<TextArea name="c" toName="t"/>',
        "many": '<List name="l" value="$many"/><Ranker name="c" toName="l"/>',
        "any label": '<Labels name="c" toName="t"><Label value="A"/></Labels>',
    }[name]


@each_row(
    ("name", "most"),
    [("choices", 3), ("paths", 2), ("texts", 2), ("ranks", 2), ("pages", 2), ("labels", 3),
     ("chat", 3), ("one text", None), ("any label", 50), ("any text", 200), ("many", None)],
)  # fmt: skip
def test_engines_that_can_be_told_are_told_how_many_items_there_may_be(name, most):
    config = LabelingConfig.parse(f'<View><Text name="t" value="$text"/>{bounds(name)}</View>')
    data = {"text": "x", "items": [{"id": "a"}, {"id": "b"}], "pages": ["/a.png", "/b.png"],
            "chat": [{"role": "user", "content": "Hi"}],
            "many": [{"id": str(number)} for number in range(1001)]}  # fmt: skip
    schema = bounded(config, data, ["x"])
    part = schema["properties"]["c"]
    assert part.get("maxItems") == most
    assert "maxItems" not in str(config.schema(data))
    if most is not None:
        grammar = Llguidance(schema)
        item = first_answer(part)[0]
        assert grammar.takes({"c": [item] * most})
        assert not grammar.takes({"c": [item] * (most + 1)})


SPANS = """<View><Text name="t" value="$text"/>
<Labels name="c" toName="t"><Label value="A"/></Labels>
<TextArea name="w" toName="t" maxSubmissions="1"/><Labels name="f" toName="t" maxUsages="1">
<Label value="B"/></Labels></View>"""


def test_quotes_are_bounded_by_their_text_and_free_texts_by_nothing():
    config = LabelingConfig.parse(SPANS)
    data = {"text": "Ada &amp; Bob met. " * 9}
    schema = bounded(config, data, [data["text"]])
    parts = schema["properties"]
    quote = parts["c"]["items"]["properties"]["quote"]
    assert quote["maxLength"] >= 2 * len(data["text"])
    assert "maxLength" not in parts["w"]
    assert "max" not in str(config.schema(data))
    grammar = Llguidance(schema)
    span = {"quote": data["text"].replace("&", "&amp;"), "occurrence": 1, "label": "A"}
    rest = {"w": "long " * 5000, "f": []}
    assert grammar.takes({"c": [span], **rest})
    assert not grammar.takes({"c": [{**span, "quote": "x" * (quote["maxLength"] + 1)}], **rest})
    long = {"text": "Ada met Bob. " * 200}
    assert "maxLength" not in str(bounded(config, long, [long["text"]]))


@pytest.mark.parametrize("text", ["", "A B C D E F G H I J " * 9, "东京在日本。" * 9, "Ж и Я " * 9])
def test_a_list_of_spans_has_room_for_every_word_twice(text):
    config = LabelingConfig.parse(SPANS)
    most = bounded(config, {"text": text}, [text])["properties"]["c"]["maxItems"]
    assert most >= max(2 * len(text.split()), 2 * len(text) if "东" in text else 0)


def test_lists_that_reach_a_bound_of_ours_are_told_and_those_of_the_config_may_be_full():
    config = LabelingConfig.parse(SPANS)
    data = {"text": "x"}
    schema = bounded(config, data, ["x"])
    span = {"quote": "x", "occurrence": 1}
    full = {"c": [{**span, "label": "A"}] * 49, "w": None, "f": [{**span, "label": "B"}]}
    assert reached(config, schema, full, data) == ""
    assert '"c"' in reached(config, schema, {**full, "c": [{**span, "label": "A"}] * 50}, data)
    assert reached(config, schema, {"c": None}, data) == ""
    assert reached(config, config.schema(data), {**full, "c": [1] * 500}, data) == ""
