"""Taxonomy and nested Choices: paths through a tree, from the config or from the task."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from support.tables import each_row

TREE = """<Choice value="Animals" alias="an"><Choice value="Cats"/><Choice value="Dogs" alias="dg">
<Choice value="Poodle"/></Choice></Choice><Choice value="Plants"/>
<Choice value="Cats" alias="c2"/>"""


def taxonomy(extra: str = "", tree: str = TREE) -> str:
    return f"""<View><Text name="t" value="$text"/><Taxonomy name="x" toName="t" {extra}>{tree}
    </Taxonomy></View>"""


def choices(extra: str = "", tree: str = TREE) -> str:
    return taxonomy(extra, tree).replace("Taxonomy", "Choices")


NESTED = choices('allowNested="true"')
SEVERAL = choices('allownested="TRUE" choice="multiple"')


def stored(made: Any) -> Any:
    return [path for region in made.result for path in region["value"][region["type"]]]


@each_row(
    ("answer", "paths", "normal"),
    [
        (["Animals > Cats"], [["an", "Cats"]], ["Animals > Cats"]),
        ([["Animals", "Cats"]], [["an", "Cats"]], ["Animals > Cats"]),
        ([["an", "dg"]], [["an", "dg"]], ["Animals > Dogs"]),
        (["Animals"], [["an"]], ["Animals"]),
        (["poodle"], [["an", "dg", "Poodle"]], ["Animals > Dogs > Poodle"]),
        (["Plants", "animals > cats", "Plants"], [["an", "Cats"], ["Plants"]],
         ["Animals > Cats", "Plants"]),
        ("Plants", [["Plants"]], ["Plants"]),
        # Both are nodes of their own: a list in normal form is no path.
        (["Animals", "Cats"], [["an"], ["c2"]], ["Animals", "Cats"]),
        ([], [], []),
    ],
)  # fmt: skip
def test_nodes_are_stored_as_paths_of_aliases(convert, answer, paths, normal):
    made = convert(taxonomy(), {"x": answer}, {"text": "x"})
    assert stored(made) == paths
    assert made.answer == {"x": normal}


@pytest.mark.parametrize("answer", ["Dragons", "Plants > Cats", ["Animals", "Plants"], 3, {"a": 1}])
def test_a_path_that_is_not_in_the_tree_is_no_answer(convert, answer):
    xml = NESTED if isinstance(answer, list) else taxonomy()
    made = convert(xml, {"x": answer}, {"text": "x"})
    assert made.errors
    assert made.problems[0].control == "x"


def test_only_ends_are_chosen_where_the_tag_says_so(convert):
    made = convert(taxonomy('leafsOnly="true"'), {"x": ["Animals", "Plants"]}, {"text": "x"})
    assert stored(made) == [["Plants"]]
    assert len(made.problems) == 1


def test_no_more_are_chosen_than_the_tag_allows(convert):
    answer = ["Plants", "Animals", "Animals > Cats"]
    made = convert(taxonomy('maxUsages="2"'), {"x": answer}, {"text": "x"})
    assert made.answer == {"x": ["Animals", "Plants"]}
    assert made.problems[0].message == "2 classes may be chosen: the rest is left out."


@each_row(
    ("xml", "answer", "paths"),
    [
        (NESTED, "Animals > Cats", [["an", "Cats"]]),
        (NESTED, "Plants", [["Plants"]]),
        (NESTED, "Cats", [["c2"]]),
        (NESTED, "Dogs > Poodle", []),
        (NESTED, "Animals", []),
        (SEVERAL, ["Plants", "Animals > Cats"], [["an", "Cats"], ["Plants"]]),
        (SEVERAL, ["Animals", "Plants"], [["Plants"]]),
        (choices(), "Plants", ["Plants"]),
        (choices(), "Animals", ["an"]),
        (choices(), "Poodle", []),
        (choices(), "Cats", ["c2"]),
    ],
)
def test_nested_choices_are_paths_to_their_ends_only_where_nesting_is_allowed(
    convert, xml, answer, paths
):
    assert stored(convert(xml, {"x": answer}, {"text": "x"})) == paths


def test_nested_choices_are_not_sent_through_an_import_that_knows_no_paths():
    config = LabelingConfig.parse(NESTED)
    made = config.to_conversion({"x": "Plants"}, {})
    assert not config.may_be_imported(made.result)
    assert LabelingConfig.parse(taxonomy()).may_be_imported(made.result)


def test_a_class_whose_children_a_person_chose_all_is_not_read_as_chosen():
    value = {"choices": [["an"], ["an", "Cats"], ["an", "dg"], ["an", "dg", "Poodle"]]}
    region = {"id": "a", "from_name": "x", "to_name": "t", "type": "choices", "value": value}
    answer = LabelingConfig.parse(SEVERAL).to_answer([region], {})
    assert answer == {"x": ["Animals > Cats", "Animals > Dogs > Poodle"]}


OPTIONS = [
    {"value": "One", "alias": "1", "hint": "the first"},
    {"value": "Two", "children": [{"value": "Two a"}, {"value": "Two b", "alias": "2b"}]},
    {"value": "One", "alias": "uno"},
    {"value": "Two"},
    {"alias": "nameless"},
    {"html": "<b>no name</b>"},
    "a plain string",
    None,
]


@each_row(
    ("xml", "answer", "paths"),
    [
        (choices('value="$options"', ""), "One", ["1"]),
        (choices('value="$options"', ""), "One (uno)", ["uno"]),
        (choices('value="$options"', ""), "nameless", ["nameless"]),
        (choices('value="$options"', ""), "a plain string", []),
        (choices('value="$options"', ""), "Two a", []),
        (choices('value="$options" allowNested="true"', ""), "Two > Two b", [["Two", "2b"]]),
        (choices('value="$options" allowNested="true"', ""), "Two", []),
        (choices('value="$options"', '<Choice value="own"/>'), "own", ["own"]),
        (choices('value="$a.options"', ""), "One", []),
        (taxonomy('value="$options"', ""), ["Two > Two b", "Two"], [["Two"], ["Two", "2b"]]),
    ],
)
def test_classes_come_from_the_task(convert, xml, answer, paths):
    data = {"text": "x", "options": OPTIONS}
    made = convert(xml, {"x": answer}, data)
    assert stored(made) == paths
    assert convert(xml, {"x": "One"}, {"text": "x"}).errors


def test_the_schema_of_a_task_has_the_classes_of_that_task_only():
    config = LabelingConfig.parse(choices('value="$options"', ""))
    for options, names in ((OPTIONS[:2], ["One", "Two", None]), ([{"value": "Z"}], ["Z", None])):
        assert config.schema({"options": options})["properties"]["x"]["enum"] == names
    assert config.schema({})["properties"]["x"] == {"type": "null"}


@pytest.mark.slow
def test_a_tree_of_thousands_and_a_text_of_a_megabyte_stay_fast(convert):
    leaves = "".join(f'<Choice value="leaf {i}"/>' for i in range(40))
    tree = "".join(f'<Choice value="node {i}">{leaves}</Choice>' for i in range(50))
    config = LabelingConfig.parse(taxonomy(tree=tree))
    data = {"text": "word " * 200_000}
    assert config.schema(data) is config.schema({"text": "other"})
    assert config.describe(data) is config.describe({"text": "other"})
    made = convert(config.xml, {"x": ["node 49 > leaf 39"]}, data)
    assert stored(made) == [["node 49", "leaf 39"]]
