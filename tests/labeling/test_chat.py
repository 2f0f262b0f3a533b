from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig

XML = """<View><Chat name="chat" value="$chat" {extra}/><Choices name="good" toName="chat"
perRegion="true"><Choice value="yes"/></Choices></View>"""
DATA = {"chat": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}


def chat(extra: str = 'toName="chat"') -> str:
    return XML.replace("{extra}", extra)


def message(role: str, content: Any, good: str | None = None) -> dict[str, Any]:
    return {"role": role, "content": content, "good": good}


def test_messages_carry_on_the_conversation_in_order(convert):
    messages = [
        message("user", "Why?"),
        message("assistant", "So.", "yes"),
        message("user", "Why?"),
    ]
    made = convert(chat(), {"chat": messages}, DATA)
    main = [each for each in made.result if each["from_name"] == "chat"]
    assert [each["type"] for each in main] == ["chatmessage"] * 3
    said = [each["value"]["chatmessage"] for each in main]
    assert [(each["role"], each["content"]) for each in said] == [
        ("user", "Why?"), ("assistant", "So."), ("user", "Why?"),
    ]  # fmt: skip
    times = [each["createdAt"] for each in said]
    assert times == sorted(set(times))
    (companion,) = [each for each in made.result if each["from_name"] == "good"]
    assert companion["id"] == main[1]["id"]
    assert made.answer == {"chat": messages}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (message("tool", "x"), 'The role "tool" is not one of user, assistant.'),
        (message("user", " \n"), "A message is empty."),
        (message("user", "a\0"), "cannot be stored"),
        (message("user", None), 'A message must be an object with "role" and "content".'),
        ("Hi", "A message must be an object"),
    ],
)
def test_what_is_no_message_is_reported_and_the_others_stay(convert, bad, reason):
    made = convert(chat(), {"chat": [bad, message("user", "Why?")]}, DATA)
    assert made.answer == {"chat": [message("user", "Why?")]}
    assert len(made.problems) == 1
    assert reason in made.problems[0].message


def test_no_more_messages_than_there_may_be_and_too_few_are_said(convert):
    extra = 'toName="chat" minMessages="4" maxMessages="5"'
    messages = [message("user", text) for text in ("a", "b", "c", "d")]
    made = convert(chat(extra), {"chat": messages}, DATA)
    assert made.answer == {"chat": messages[:3]}
    assert made.problems[0].message == (
        "4 messages were given, 3 may be added: the rest is left out."
    )
    made = convert(chat(extra), {"chat": messages[:1]}, DATA)
    assert made.answer == {"chat": messages[:1]}
    assert made.problems[0].message == "At least 2 messages must be added, not 1."
    assert convert(chat(extra), {"chat": messages[:2]}, DATA).problems == ()


def test_the_tag_names_its_roles():
    schema = LabelingConfig.parse(chat('toName="chat" messageRoles="a, b"')).schema(DATA)
    item = schema["properties"]["chat"]["items"]["properties"]
    assert item["role"] == {"type": "string", "enum": ["a", "b"]}


def test_a_conversation_nobody_may_write_in_is_only_read():
    xml = '<View><Chat name="chat" value="$chat"/><Rating name="r" toName="chat"/></View>'
    config = LabelingConfig.parse(xml)
    assert list(config.controls) == ["r"]
    assert config.inputs(DATA) == [("chat", "user: Hi\nassistant: Hello")]
