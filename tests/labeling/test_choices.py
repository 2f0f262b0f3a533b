from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from support.tables import each_row

SINGLE = """<View><Text name="t" value="$text"/>
<Choices name="c" toName="t" {extra}><Choice value="Yes!" alias="yes" hint="a clear yes"/>
<Choice value="No"/><Choice value="Not sure"/></Choices></View>"""
OPTIONAL = SINGLE.replace("{extra}", 'choice="single-radio"')
REQUIRED = SINGLE.replace("{extra}", 'required="true"')
MULTIPLE = SINGLE.replace("{extra}", 'choice="multiple"')


def region(*chosen: str) -> list[dict[str, Any]]:
    value = {"choices": list(chosen)}
    return [{"from_name": "c", "to_name": "t", "type": "choices", "value": value}]


@each_row(
    ("xml", "answer", "regions", "normal"),
    [
        (OPTIONAL, "No", region("No"), "No"),
        (OPTIONAL, "Yes!", region("yes"), "Yes!"),
        (OPTIONAL, "yes", region("yes"), "Yes!"),
        (OPTIONAL, " not  SURE\n", region("Not sure"), "Not sure"),
        (OPTIONAL, ["No"], region("No"), "No"),
        (MULTIPLE, ["No", "Yes!", "no"], region("yes", "No"), ["Yes!", "No"]),
        (MULTIPLE, "No", region("No"), ["No"]),
        (MULTIPLE, [], [], []),
    ],
)
def test_choices_become_regions_with_what_label_studio_stores(
    convert, without_ids, xml, answer, regions, normal
):
    made = convert(xml, {"c": answer})
    assert (without_ids(made), made.answer) == (regions, {"c": normal})
    assert (made.problems, made.errors) == ((), ())


@pytest.mark.parametrize(
    ("xml", "answer"),
    [
        (OPTIONAL, "Maybe"),
        (OPTIONAL, ["Yes!", "No"]),
        (OPTIONAL, {"choice": "No"}),
        (OPTIONAL, True),
        (REQUIRED, None),
        (REQUIRED, "Maybe"),
        (MULTIPLE, ["Maybe"]),
    ],
)
def test_an_answer_without_any_known_class_is_unusable(convert, xml, answer):
    made = convert(xml, {"c": answer})
    assert made.errors
    assert made.result == []


@pytest.mark.parametrize("xml", [OPTIONAL, MULTIPLE])
def test_null_that_was_offered_is_an_answer(convert, xml):
    made = convert(xml, {"c": None})
    assert (made.result, made.problems, made.errors) == ([], (), ())


def test_an_unknown_class_is_named_together_with_the_known_ones(convert):
    made = convert(OPTIONAL, {"c": "Maybe"})
    assert [problem.control for problem in made.problems] == ["c"]
    assert made.problems[0].message == '"Maybe" is not one of "Yes!", "No", "Not sure".'


def test_unknown_classes_of_a_multiple_choice_are_dropped_and_the_others_stay(convert, without_ids):
    made = convert(MULTIPLE, {"c": ["No", "Maybe", None]})
    assert without_ids(made) == region("No")
    assert len(made.problems) == 2
    assert made.errors == ()


def test_a_name_that_fits_two_classes_loosely_is_not_guessed(convert):
    xml = OPTIONAL.replace("Not sure", "NO")
    assert convert(xml, {"c": "no"}).errors
    assert convert(xml, {"c": "NO"}).answer == {"c": "NO"}


def test_numbers_and_booleans_stand_for_classes_of_that_name(convert):
    xml = OPTIONAL.replace("Not sure", "1").replace('value="No"', 'value="True"')
    assert convert(xml, {"c": 1}).answer == {"c": "1"}
    assert convert(xml, {"c": True}).answer == {"c": "True"}


def test_classes_that_look_alike_are_told_apart(convert):
    two = """<View><Text name="t" value="$text"/><Choices name="c" toName="t">
    <Choice value="Other" alias="a"/><Choice value="Other" alias="b"/></Choices></View>"""
    assert convert(two, {"c": "Other (b)"}).result[0]["value"] == {"choices": ["b"]}
    assert convert(two, {"c": "b"}).answer == {"c": "Other (b)"}


def test_the_schema_lists_visible_names_and_null_unless_required():
    names = ["Yes!", "No", "Not sure"]
    schemas = {
        xml: LabelingConfig.parse(xml).schema({})["properties"]["c"]
        for xml in (OPTIONAL, REQUIRED, MULTIPLE)
    }
    assert schemas[OPTIONAL] == {"type": ["string", "null"], "enum": [*names, None]}
    assert schemas[REQUIRED] == {"type": "string", "enum": names}
    assert schemas[MULTIPLE]["items"] == {"type": "string", "enum": names}


def test_a_list_too_long_for_schemas_is_left_to_the_description(convert):
    choices = "".join(f'<Choice value="class {i}"/>' for i in range(400))
    text = '<Text name="t" value="$text"/>'
    xml = f'<View>{text}<Choices name="c" toName="t">{choices}</Choices></View>'
    config = LabelingConfig.parse(xml)
    assert "enum" not in config.schema({})["properties"]["c"]
    assert '"class 399"' in config.describe({})
    assert convert(xml, {"c": "class 399"}).answer == {"c": "class 399"}
    assert len(convert(xml, {"c": "none"}).errors[0]) < 600


def test_the_description_gives_alias_and_hint_as_meaning():
    described = LabelingConfig.parse(OPTIONAL).describe({})
    assert '- "Yes!" ("yes"): a clear yes' in described
    assert '- "No"\n' in described


def test_html_of_a_choice_is_its_meaning():
    xml = OPTIONAL.replace('value="No"', 'value="No" html="&lt;b&gt;Certainly not&lt;/b&gt;"')
    assert '- "No": Certainly not' in LabelingConfig.parse(xml).describe({})


@pytest.mark.parametrize(
    ("xml", "results", "answer"),
    [
        (OPTIONAL, [{"choices": ["yes"]}], "Yes!"),
        (OPTIONAL, [], None),
        (OPTIONAL, [{}], None),
        (OPTIONAL, [{"choices": ["gone"]}], "gone"),
        (MULTIPLE, [{"choices": ["No", "yes"]}], ["Yes!", "No"]),
        (MULTIPLE, [{"choices": ["No"]}, {"choices": ["yes", "No"]}], ["Yes!", "No"]),
        (MULTIPLE, [], []),
    ],
)
def test_annotations_become_answers(xml, results, answer):
    regions = [
        {"id": "x", "from_name": "c", "to_name": "t", "type": "choices", "origin": "manual"}
        | {"value": value}
        for value in results
    ]
    assert LabelingConfig.parse(xml).to_answer(regions, {"text": "x"}) == {"c": answer}


@pytest.mark.parametrize(
    ("xml", "answer", "truth", "correct", "score"),
    [
        (OPTIONAL, "No", "No", True, 1.0),
        (OPTIONAL, "No", "Yes!", False, 0.0),
        (MULTIPLE, ["No", "Yes!"], ["Yes!", "No"], True, 1.0),
        (MULTIPLE, ["No"], ["No", "Yes!"], False, pytest.approx(2 / 3)),
        (MULTIPLE, [], [], True, 1.0),
        (MULTIPLE, [], ["No"], False, 0.0),
    ],
)
def test_choices_agree_as_sets(xml, answer, truth, correct, score):
    agreement = LabelingConfig.parse(xml).compare({"c": answer}, {"c": truth})["c"]
    assert (agreement.correct, agreement.score) == (correct, score)


def test_classes_that_would_also_be_a_path_are_classes_each() -> None:
    tree = """<View><Text name="t" value="$text"/><Taxonomy name="c" toName="t">
    <Choice value="Animals"><Choice value="Cats"/><Choice value="Dogs"/></Choice>
    <Choice value="Cats"/></Taxonomy></View>"""
    config = LabelingConfig.parse(tree)
    two = config.to_conversion({"c": ["Animals", "Cats"]}, {}).answer
    assert two == {"c": ["Animals", "Cats"]}
    # "Dogs" is no class by itself.
    path = config.to_conversion({"c": ["Animals", "Dogs"]}, {}).answer
    assert path == {"c": ["Animals > Dogs"]}
