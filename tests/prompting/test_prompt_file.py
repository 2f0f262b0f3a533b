"""A prompt as a file: written the same every time, read back as it was, refused with a line."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings, strategies as st

from ml_backend.prompting.prompt_file import FileVersion, PromptFile, write
from ml_backend.prompting.prompt_file_reader import MOST_BYTES, FileProblem, read
from ml_backend.records import ConfidenceWay, ProviderName
from support.tables import each_row

FILE = """\
title: Topic
description: Sorts mails.
active: Version 2
versions:
- title: Version 1
  provider: OpenAI
  model: gpt-6-luna
  connection: Team
  few_shot: 5
  parameters:
    seed: 7
    stop:
    - "1"
    - "yes"
    temperature: 0.5
  prompt: |-
    Which topic is {text} about?
- title: Version 2
  provider: Custom
  model: qwen
  refined: true
  refined_from: Version 1
  system_prompt: |-
    Answer briefly.
  prompt: |
    Which topic is this?

      {text}  \u0020
    \tÄpfel 🍏
"""


def version(text: str, **more: object) -> FileVersion:
    return FileVersion("Version 1", text, ProviderName.CUSTOM, "m", **more)  # type: ignore[arg-type]


def test_a_file_is_read_and_written_to_the_byte() -> None:
    found = read(FILE)
    assert write(found) == FILE
    assert (found.title, found.active, len(found.versions)) == ("Topic", "Version 2", 2)
    first, second = found.versions
    assert first.parameters == {"seed": 7, "stop": ["1", "yes"], "temperature": 0.5}
    assert (first.connection, first.few_shot, first.refined) == ("Team", 5, False)
    assert (second.refined, second.refined_from) == (True, "Version 1")
    assert second.text == "Which topic is this?\n\n  {text}   \n\tÄpfel 🍏\n"


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
blocks = st.text(st.sampled_from(" \t\n\r#:-|>{}\"'ab🍏\x85\u2028\ufeff\x07"), min_size=1)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | texts | st.sampled_from(["1e5", "no", "null", "~", "0x1", "1_000", "12:30", ".inf", "="]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(texts | blocks, blocks, texts, st.dictionaries(texts.map(lambda t: f"p{t}"), values))
def test_any_prompt_comes_back_as_it_was(
    text: str, system: str, title: str, parameters: dict[str, object]
) -> None:
    made = FileVersion(
        title, text, ProviderName.OPENAI, "m", title, 1, parameters, system_prompt=system.strip()
    )
    found = PromptFile(title, (made,), description=text, active=title)
    written = write(found)
    again = read(written)
    assert again == found
    assert write(again) == written
    # Others read the same in it.
    assert yaml.safe_load(written)["versions"][0]["prompt"] == text


def test_a_text_of_several_lines_is_a_block_also_with_tabs_and_spaces_at_its_ends() -> None:
    for text in ("a\nb", "a \nb", "a\n\tb\n", " a\nb", "a\n\n\n", "one line", "é\n🍏"):
        written = write(PromptFile("T", (version(text),)))
        assert "  prompt: |" in written, text
        assert read(written).versions[0].text == text


def test_a_changed_line_is_a_changed_line_of_the_file() -> None:
    one, other = (
        write(PromptFile("T", (version(f"first\n{word}\nlast  \n"),))).splitlines()
        for word in ("old", "new")
    )
    assert [pair for pair in zip(one, other, strict=True) if len(set(pair)) > 1] == [
        ("    old", "    new")
    ]


START = "title: T\nversions:\n- title: V\n  provider: Custom\n  model: m\n"


@pytest.mark.slow
@each_row(
    ("text", "line", "said"),
    [
        ("", 1, "empty"),
        ("- a\n", 1, "must have fields"),
        ("title: T\n", 1, "'versions' is missing"),
        ("title: T\nversions: []\n", 2, "a version or more"),
        (START, 3, "'prompt' is missing"),
        (START + "  prompt: x\n  modle: y\n", 7, "no field 'modle'. Did you mean 'model'?"),
        (START + "  prompt: x\n  api_key: y\n", 7, "no field 'api_key'"),
        (START + "  prompt: x\nfoo: 1\n", 7, "no field 'foo'"),
        (START + "  prompt: x\n  model: n\n", 7, "twice"),
        (START + "  prompt: [x]\n", 6, "must be a text"),
        (START + "  prompt: !!python/name:os.system x\n", 6, "must be a text"),
        (START + "  prompt: !!binary aGk=\n", 6, "must be a text"),
        (START + "  prompt: &a x\n  connection: *a\n", 6, "anchors and aliases"),
        (START + "  prompt: x\n  <<: {model: n}\n", 7, "no field '<<'"),
        (START + "  prompt: x\n  few_shot: -1\n", 7, "whole number"),
        (START + "  prompt: x\n  few_shot: true\n", 7, "whole number"),
        (START + "  prompt: x\n  refined: maybe\n", 7, "true or false"),
        (START + "  prompt: x\n  parameters: 3\n", 7, "names with values"),
        (START + "  prompt: x\n  parameters:\n    a: 1\n    API_key: z\n", 9, "holds no keys"),
        (START + "  prompt: x\n  parameters:\n    a:\n      password: z\n", 9, "holds no keys"),
        (START + "  prompt: x\n  parameters: {a: 1e999}\n", 7, "too large"),
        (START + "  prompt: x\n  parameters: {a: {b: 1, b: 2}}\n", 7, "twice"),
        (START + "  prompt: x\n" + START[START.index("- ") :] + "  prompt: y\n", 7, "two versions"),
        (START.replace("Custom", "Nobody") + "  prompt: x\n", 4, "no provider 'Nobody'"),
        (START.replace(": m", ': " "') + "  prompt: x\n", 5, "1 to 200 characters"),
        (START + "  prompt: x\n  refined_from: V\n", 7, "no version before it is named 'V'"),
        ("active: W\n" + START + "  prompt: x\n", 1, "no version 'W'"),
        (START + '  prompt: "a\\0b"\n', 6, "not text"),
        (START + "  prompt: 'a\n", 7, "no YAML"),
        (START + "  prompt: x\n---\ntitle: U\n", 7, "no YAML"),
        (START + "  prompt: a\x07b\n", 6, "no text"),
        (START + "  prompt: x\n  parameters: " + "[" * 100 + "]" * 100, 7, "deep"),
        (START + "  prompt: x\n  parameters: {a: [" + "1," * 10_000 + "]}", 7, "values"),
        ("x" * (MOST_BYTES + 1), 1, "bytes"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(FileProblem, match=rf"^Line {line}: ") as refused:
        read(text)
    assert said in str(refused.value)
    assert refused.value.line == line


def test_how_confidence_is_asked_for_stands_in_a_file_where_it_is_not_the_usual_way() -> None:
    usual = write(PromptFile("T", (version("{text}", confidence=ConfidenceWay.AUTO),)))
    assert "confidence" not in usual
    assert read(usual).versions[0].confidence is None
    asked = write(PromptFile("T", (version("{text}", confidence=ConfidenceWay.NONE),)))
    assert read(asked).versions[0].confidence is ConfidenceWay.NONE
    with pytest.raises(FileProblem, match="no confidence 'high'"):
        read(asked.replace("none", "high"))


def test_a_text_that_looks_like_a_number_or_yes_is_a_text() -> None:
    found = read(
        "title: 2024-01-01\nversions:\n- {title: no, provider: Custom, model: 4, prompt: 1}"
    )
    (made,) = found.versions
    assert (found.title, made.title, made.model, made.text) == ("2024-01-01", "no", "4", "1")


def test_the_line_of_a_word_in_a_block_is_told() -> None:
    found = read(FILE)
    assert found.versions[1].line_of("prompt", "{text}") == 28
    assert found.versions[0].line_of("prompt", "{text}") == 17
    assert found.versions[1].line_of("prompt", "nowhere") == 26
    flat = read(START + '  prompt: "a\\nb {c}"\n').versions[0]
    assert flat.line_of("prompt", "{c}") == 6
