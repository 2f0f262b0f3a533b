"""Whatever a labeling config, a task and an answer hold: a reading, or an error that says why."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import strategies as st

from ml_backend.errors import ConfigError, InvalidInput
from ml_backend.labeling import LabelingConfig
from support.fuzzing import ODD_TEXT, Fuzz, mangled
from support.labeling_answers import ANYTHING
from support.labeling_configs import EVERY

XMLS = [each.xml for each in EVERY]
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
VALUES = st.sampled_from(
    [
        "",
        "$",
        "$text",
        "$a.b[0].c",
        "$" * 50,
        "-1",
        "0",
        "1e999",
        "nan",
        "9" * 400,
        "true",
        "^(a+)+$",
        "{{x}}",
        "a,b,c",
        "#",
        "\u2028",
        "%Y-%%",
        "[",
        "(?P<x",
        "name",
        "t",
        "$text,$text",
        "\t",
    ]
)


def rewritten(xml: str, changes: list[tuple[int, int, str]]) -> str:
    """A labeling config some attributes of which say something else, or stand twice, or nowhere."""
    for number, how, value in changes:
        found = list(ATTRIBUTE.finditer(xml))
        if not found:
            return xml
        at = found[number % len(found)]
        new = (f'{at[1]}="{value}"', "", f'{value[:9]}="{at[2]}"', f'{at[0]} more="{value}"')[how]
        xml = xml[: at.start()] + new + xml[at.end() :]
    return xml


CHANGE = st.tuples(st.integers(0, 1000), st.integers(0, 3), VALUES)
CONFIGS = (
    st.tuples(st.sampled_from(XMLS), st.lists(CHANGE, max_size=4)).map(lambda at: rewritten(*at))
    | mangled([each.encode() for each in XMLS]).map(lambda raw: raw.decode("utf-8", "replace"))
    | mangled([each.encode() for each in XMLS]).map(lambda raw: raw.decode("latin-1"))
)
FIELDS = st.dictionaries(
    st.sampled_from(["text", "html", "image", "talk", "options", "t", "a", "pdf", "audio"]),
    ANYTHING | ODD_TEXT,
    max_size=4,
)


@pytest.mark.slow
@pytest.mark.fuzz
def test_any_labeling_config_is_read_or_refused_with_a_reason(fuzz: Fuzz) -> None:
    def law(xml: str, task: dict[str, Any], answer: Any) -> None:
        try:
            config = LabelingConfig.parse(xml)
        except ConfigError as error:
            fuzz.watch.refused(error)
            return
        fuzz.watch.counts["read"] += 1
        try:
            config.schema(task)
            config.describe(task)
            config.inputs(task)
            config.attachments(task)
            made = config.to_conversion(answer, task)
        except InvalidInput as error:
            fuzz.watch.refused(error, "task refused")
            return
        assert config.check(made.result) == []
        config.compare(config.to_answer(made.result, task), made.answer, task)

    fuzz(law, 400, xml=CONFIGS, task=FIELDS, answer=ANYTHING)
