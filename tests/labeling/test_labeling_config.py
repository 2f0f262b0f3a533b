from __future__ import annotations

import sys
from subprocess import run
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from ml_backend.errors import ConfigError
from ml_backend.labeling import LabelingConfig
from support.tables import each_row

TEXT = '<Text name="t" value="$text"/>'
CHOICES = '<Choices name="c" toName="t"><Choice value="A"/><Choice value="B"/></Choices>'
ALL = f"""<View><Header value="Read closely"/>{TEXT}<Text name="u" value="$other.title"/>{CHOICES}
<Choices name="many" toName="t" choice="multiple"><Choice value="x" alias="1"/><Choice value="y"/>
</Choices><Labels name="ner" toName="t"><Label value="PER"/><Label value="Place" alias="LOC"/>
</Labels><TextArea name="one" toName="t" maxSubmissions="1"/><TextArea name="area" toName="t"/>
<Number name="n" toName="t" min="0" max="9"/><Rating name="r" toName="t"/>
<Pairwise name="p" toName="t,u"/></View>"""
DATA = {"text": "Ada met\r\nAda 👨‍👩‍👧 in İzmir. قال", "other": {"title": "x"}}


def view(*tags: str) -> str:
    return f"<View>{''.join(tags)}</View>"


@each_row(
    "xml",
    [
        "",
        "no xml",
        "<View>",
        "<View><Text></View>",
        '<View><Choices name="a&b"/></View>',
        '<?xml version="1.0" encoding="utf-8"?><View/>',
        '<!DOCTYPE v [<!ENTITY a "b">]><View>&a;</View>',
        view(TEXT, CHOICES, CHOICES),
    ],
)
def test_configs_that_do_not_parse_are_refused(xml):
    with pytest.raises(ConfigError) as caught:
        LabelingConfig.parse(xml)
    assert caught.value.field == "label_config"


def choices(attributes: str, *inner: str) -> str:
    content = "".join(inner) or '<Choice value="A"/>'
    return f'<Choices name="c" toName="t" {attributes}>{content}</Choices>'


@each_row(
    ("control", "reason"),
    [
        (choices("", "<View/>"), "no <Choice> with a value"),
        (choices('perRegion="true"'), "nothing that can be answered marks regions"),
        (choices('perItem="true"'), "without a valueList"),
        (f'<Repeater on="$images" indexFlag="{{{{idx}}}}">{CHOICES}</Repeater>', "Repeater"),
        ('<Taxonomy name="c" toName="t" apiUrl="$u"><Choice value="A"/></Taxonomy>', "apiUrl"),
        ('<Taxonomy name="c" toName="t" labeling="true"><Choice value="A"/></Taxonomy>', "labels"),
        ('<BrushLabels name="c" toName="t"><Label value="A"/></BrushLabels>', "<BrushLabels> ca"),
        ('<Choices name="c"><Choice value="A"/></Choices>', "toName"),
        ('<Choices name="c" toName="zz"><Choice value="A"/></Choices>', '"zz" is nothing'),
        ('<Audio name="i" value="$i"/><Rating name="c" toName="i"/>', "<Audio>"),
        ('<Video name="i" value="$i"/><Rating name="c" toName="i"/>', "<Video>"),
        ('<Audio name="i" value="$i"/><Rating name="c" toName="t,i"/>', "<Audio>"),
        ('<Text name="i" value="$i" valueType="url"/><Rating name="c" toName="i"/>', "a link"),
        ('<Text name="i" value="$i" encoding="base64"/><Rating name="c" toName="i"/>', "encoded"),
        ('<RectangleLabels name="c" toName="t"><Label value="A"/></RectangleLabels>', "draw on"),
        ('<HyperTextLabels name="c" toName="t"><Label value="A"/></HyperTextLabels>',
         "<HyperText>"),
        ('<Ranker name="c" toName="t"/>', "<List>"),
        ('<Relations name="c"><Relation value="x"/></Relations>', "marks regions to relate"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_has_a_reason_and_the_rest_is_answered(control, reason):
    rating = '<Rating name="stars" toName="t"/>'
    config = LabelingConfig.parse(view(TEXT, control, rating))
    assert list(config.controls) == ["stars"]
    assert list(config.unanswerable) == ["c"]
    assert reason in config.unanswerable["c"]
    assert list(config.schema({})["properties"]) == ["stars"]
    config.require_answerable()


@pytest.mark.parametrize(
    "control",
    [
        choices('visibleWhen="no-region-selected"'),
        choices('perRegion="false"'),
        '<choices name="c" toName="t"><choice value="A"/></choices>',
        choices("", "<View><Header value='h'/><View><Choice value='A'/></View></View>"),
        '<Choices name="c" toName="t,u"><Choice value="A"/></Choices>',
    ],
)
def test_what_always_shows_is_answered(convert, control):
    xml = view(TEXT, '<Text name="u" value="$other"/>', control)
    made = convert(xml, {"c": "A"})
    assert made.result[0]["to_name"] == "t"
    assert made.result[0]["value"] == {"choices": ["A"]}


def test_nothing_to_answer_is_an_error_only_when_asked():
    config = LabelingConfig.parse(view(TEXT, '<Taxonomy name="tax" toName="t"/>'))
    with pytest.raises(ConfigError, match=r"tax: it has no <Choice> with a value") as caught:
        config.require_answerable()
    assert caught.value.fix
    with pytest.raises(ConfigError, match="no control tag"):
        LabelingConfig.parse(view(TEXT)).require_answerable()


def test_inputs_and_classes_come_in_document_order():
    config = LabelingConfig.parse(ALL)
    assert config.input_fields == ("text", "other")
    assert config.inputs(DATA) == [("text", DATA["text"]), ("other.title", "x")]
    assert config.inputs({}) == [("text", ""), ("other.title", "")]
    assert config.output_classes == ("A", "B", "1", "y", "PER", "LOC", "left", "right")
    assert list(config.objects) == ["t", "u"]


def test_words_labelers_see_are_told_and_task_data_is_not():
    config = LabelingConfig.parse(
        view('<Header value="Rate this"/>', '<Header value="About $title"/>', TEXT, CHOICES)
    )
    described = config.describe({"title": "SECRET", "text": "SECRET"})
    assert described.startswith("Shown to labelers: Rate this\n")
    assert "SECRET" not in described
    assert ("heading with title", "About cats") in config.inputs({"title": "cats", "text": "x"})


def test_with_several_inputs_each_control_says_what_it_is_about():
    described = LabelingConfig.parse(ALL).describe(DATA)
    assert '"c" (about "text"): ' in described
    assert '"p": ' in described
    assert '"c": ' in LabelingConfig.parse(view(TEXT, CHOICES)).describe(DATA)


@pytest.mark.parametrize("answer", [None, 3, "A", [], ["c", "A"], True])
def test_an_answer_that_is_no_object_is_unusable(convert, answer):
    made = convert(view(TEXT, CHOICES), answer)
    assert made.errors == ('The answer must be one JSON object with "c".',)
    assert (made.result, made.answer) == ([], {})


def test_one_unusable_control_leaves_the_others_standing(convert):
    xml = view(TEXT, CHOICES, '<Rating name="r" toName="t"/>')
    made = convert(xml, {"c": "nonsense", "r": 3, "more": "ignored"})
    assert made.answer == {"c": None, "r": 3}
    assert [problem.control for problem in made.problems] == ["c"]
    assert made.errors == ()


def test_an_unusable_required_control_spoils_the_answer(convert):
    xml = view(TEXT, choices('required="true"'), '<Rating name="r" toName="t"/>')
    made = convert(xml, {"c": "nonsense", "r": 3})
    assert len(made.errors) == 1
    assert '"c" must be answered' in made.errors[0]
    assert '"nonsense" is not one of "A"' in made.errors[0]


def test_comparison_covers_what_the_truth_answers():
    config = LabelingConfig.parse(ALL)
    agreements = config.compare({"c": "A", "r": None}, {"c": "A", "r": 3, "n": None, "ner": []})
    assert {name: item.correct for name, item in agreements.items()} == {
        "c": True,
        "r": False,
        "ner": False,
    }


def region(name: str, to_name: str, kind: str, **value: Any) -> list[dict[str, Any]]:
    return [{"from_name": name, "to_name": to_name, "type": kind, "value": value}]


@pytest.mark.parametrize(
    ("result", "score", "objections"),
    [
        ([], None, 0),
        (region("c", "t", "choices", choices=["A"]), 1, 0),
        (region("c", "t", "choices", choices=["Z"]), 1, 1),
        (region("p", "p", "pairwise", selected="left"), None, 1),
        ([], 1.5, 1),
    ],
)
def test_check_objects_to_what_the_import_would_drop(result, score, objections):
    assert len(LabelingConfig.parse(ALL).check(result, score)) == objections


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["A", "x", "Ada", "PER", "left", "10e400", "\ud800"])
)
names = st.sampled_from(["c", "many", "ner", "one", "area", "n", "r", "p", "zz"])
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["quote", "occurrence", "label", "text"]) | st.text(max_size=5), inner
        )
    ),
    max_leaves=8,
)
answers = st.dictionaries(names, json_values, max_size=5)


@pytest.mark.slow
@given(json_values | answers, st.fixed_dictionaries({}, optional={"text": json_values}))
@settings(max_examples=150, deadline=None)
def test_any_json_becomes_valid_regions_or_a_named_failure(answer, data):
    config = LabelingConfig.parse(ALL)
    made = config.to_conversion(answer, data)
    assert config.check(made.result) == []
    assert made.result or made.errors or made.answer.get("many") == [] or made.answer["ner"] == []
    said = config.to_answer(made.result, data)
    config.compare(said, made.answer, data)
    config.compare(answer if isinstance(answer, dict) else {}, said, data)


values = st.dictionaries(
    st.sampled_from(["choices", "labels", "text", "start", "end", "number", "rating", "selected"]),
    st.lists(scalars, max_size=3) | scalars,
    max_size=4,
)
regions = st.fixed_dictionaries({"from_name": scalars | names, "value": values | scalars})


@pytest.mark.slow
@given(st.lists(regions | scalars, max_size=5))
@settings(max_examples=150, deadline=None)
def test_any_result_becomes_an_answer(result):
    assert set(LabelingConfig.parse(ALL).to_answer(result, DATA)) == {
        "c", "many", "ner", "one", "area", "n", "r", "p",
    }  # fmt: skip


def spans(text: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    places = st.tuples(st.integers(0, len(text) - 1), st.integers(1, 9)).map(
        lambda place: {"start": place[0], "end": min(len(text), sum(place))}
    )
    return st.lists(st.tuples(places, st.sampled_from(["PER", "LOC"])), max_size=4)


plain_text = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1
).filter(str.strip)


@pytest.mark.slow
@given(
    st.fixed_dictionaries(
        {
            "c": st.sampled_from(["A", "B", None]),
            "many": st.sampled_from([[], ["x"], ["y"], ["x", "y"]]),
            "one": plain_text | st.none(),
            "area": st.lists(plain_text, min_size=1) | st.none(),
            "n": st.integers(0, 9) | st.floats(0, 9) | st.none(),
            "r": st.integers(1, 5) | st.none(),
            "p": st.sampled_from(["left", "right", None]),
        }
    ),
    spans(DATA["text"]),
)
@settings(max_examples=120, deadline=None)
def test_an_answer_survives_the_way_to_regions_and_back(answer, places):
    config = LabelingConfig.parse(ALL)
    annotated = [
        {"from_name": "ner", "value": {**place, "labels": [label]}} for place, label in places
    ]
    answer["ner"] = config.to_answer(annotated, DATA)["ner"]
    # A quote of white space alone is no span a model can be asked for.
    answer["ner"] = [item for item in answer["ner"] if item["quote"].strip()]
    made = config.to_conversion(answer, DATA)
    assert made.problems == ()
    assert made.answer == answer
    assert config.to_answer(made.result, DATA) == answer
    assert all(item.correct for item in config.compare(answer, answer, DATA).values())


@pytest.mark.slow
@given(spans(DATA["text"]))
@settings(max_examples=100, deadline=None)
def test_annotations_survive_the_way_to_an_answer_and_back(places):
    config = LabelingConfig.parse(ALL)
    text = DATA["text"]
    wanted = {
        (place["start"], place["end"], label)
        for place, label in places
        if text[place["start"] : place["end"]].strip()
    }
    regions = [
        {"from_name": "ner", "value": {"start": start, "end": end, "labels": [label]}}
        for start, end, label in wanted
    ]
    made = config.to_conversion(config.to_answer(regions, DATA), DATA)
    found = {
        (item["value"]["start"], item["value"]["end"], *item["value"]["labels"])
        for item in made.result
    }
    assert found == wanted


def test_answers_within_the_schema_are_never_misunderstood(check_strict):
    schema = LabelingConfig.parse(ALL).schema(DATA)
    check_strict(schema)
    assert schema["required"] == ["c", "many", "ner", "one", "area", "n", "r", "p"]
    assert LabelingConfig.parse(ALL).schema(DATA) is schema


@pytest.mark.slow
def test_parsing_and_converting_load_no_heavy_library():
    code = f"""
import sys
from ml_backend.labeling import LabelingConfig
LabelingConfig.parse({ALL!r}).to_conversion({{"c": "A"}}, {{"text": "x"}})
sys.exit("label_studio_sdk" in sys.modules)
"""
    assert run([sys.executable, "-c", code], check=False).returncode == 0
