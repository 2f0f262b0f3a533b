"""Class names with a "$" in them: prices rather than fields, where no task has such a field."""

from __future__ import annotations

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.config_notes import notes_of
from ml_backend.labeling.unreadable import unreadable
from support.tables import each_row

TEXT = '<Text name="t" value="$text"/>'
DATA = {"text": "it cost 12"}


def choices(*values: str) -> str:
    inner = "".join(f'<Choice value="{value}"/>' for value in values)
    return f'<View>{TEXT}<Choices name="c" toName="t">{inner}</Choices></View>'


MONEY = choices("under $50", "over $50")
ALIASES = MONEY.replace('under $50"', 'under $50" alias="a"').replace(
    'over $50"', 'over $50" alias="b"'
)


def test_a_name_is_as_written_where_the_task_has_no_such_field(convert):
    config = LabelingConfig.parse(MONEY)
    assert config.output_classes == ("under $50", "over $50")
    assert config.schema(DATA)["properties"]["c"]["enum"] == ["under $50", "over $50", None]
    assert '"under $50"' in config.describe(DATA)
    made = convert(MONEY, {"c": "under $50"}, DATA)
    assert made.result[0]["value"] == {"choices": ["under $50"]}
    assert convert(MONEY, {"c": "under "}, DATA).errors


@each_row("name", ["$50", "$0-$50", "$50-$100", "A$AP", "US$ 5", "5 $", "$50.5", "a$b.c"])
def test_prices_and_the_like_are_classes_of_their_own(convert, name):
    xml = choices(name, "$100-$200", "other")
    assert convert(xml, {"c": name}, DATA).result[0]["value"] == {"choices": [name]}
    assert len(LabelingConfig.parse(xml).schema(DATA)["properties"]["c"]["enum"]) == 4


@pytest.mark.parametrize(
    ("xml", "answer", "value"),
    [
        (f'<View>{TEXT}<Labels name="c" toName="t"><Label value="a $5 bill"/></Labels></View>',
         [{"quote": "cost", "occurrence": 1, "label": "a $5 bill"}], ["a $5 bill"]),
        (f'<View>{TEXT}<Taxonomy name="c" toName="t"><Choice value="in $"><Choice value="$5"/>'
         "</Choice></Taxonomy></View>", ["in $ > $5"], [["in $", "$5"]]),
    ],
)  # fmt: skip
def test_other_tags_take_them_alike(convert, xml, answer, value):
    made = convert(xml, {"c": answer}, DATA)
    said = made.result[0]["value"]
    assert said.get("labels", said.get("taxonomy")) == value


def test_a_field_that_a_task_has_is_read():
    config = LabelingConfig.parse(choices("by $who", "$who", "under $50"))
    enum = config.schema({**DATA, "who": "Ada", "50": "fifty"})["properties"]["c"]["enum"]
    assert enum == ["by Ada", "Ada", "under fifty", None]
    assert config.schema({**DATA, "who": None})["properties"]["c"]["enum"] == [
        "by ", "under $50", None,
    ]  # fmt: skip
    # a name that is a field and nothing else is the task's own
    assert config.schema(DATA)["properties"]["c"]["enum"] == ["by $who", "under $50", None]


def test_what_the_editor_made_of_a_name_is_read_back():
    config = LabelingConfig.parse(MONEY)

    def region(*names: str) -> dict[str, object]:
        return {"id": "r", "from_name": "c", "value": {"choices": list(names)}}

    assert config.to_answer([region("under ")], DATA) == {"c": "under $50"}
    assert unreadable(config, [region("under ")], DATA) == ()
    # two that the editor shows alike cannot be told apart
    two = LabelingConfig.parse(choices("$0-$50", "$50-$100"))
    assert unreadable(two, [region("-")], DATA)
    assert two.to_answer([region("$0-$50")], DATA) == {"c": "$0-$50"}


@pytest.mark.parametrize(
    ("xml", "known", "said"),
    [
        (MONEY, {"text"}, ['"under $50"', 'shows "under "', '"over $50"', "alias"]),
        (choices("$0-$50", "$50-$100"), {"text"},
         ['In "$0-$50" and "$50-$100"', 'shows "-" for each of them']),
        (choices("$who", "x"), {"text"}, ["which no task has: there is no such class"]),
        (choices("$who", "x"), {"text", "who"}, []),
        (choices("A", "5 $"), {"text"}, []),
        (ALIASES, {"text"}, []),
        (f"""<View>{TEXT}<Choices name="c" toName="t"><Choice value="Yes" alias="x"/>
         <Choice value="No" alias="x"/></Choices></View>""", {"text"},
         ['"Yes" and "No" are stored as one class, "x"']),
    ],
)  # fmt: skip
def test_what_people_should_know_is_said(xml, known, said):
    notes = " ".join(notes_of(LabelingConfig.parse(xml), known))
    assert bool(notes) is bool(said)
    assert all(part in notes for part in said)
