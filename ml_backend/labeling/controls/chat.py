"""``<Chat>``: messages a labeler adds to a conversation, and what is said about each of them.

Messages of the task's data cannot be selected in Label Studio: only added ones are regions. Format:
https://labelstud.io/tags/chat (prediction format); shown by Label Studio Enterprise alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ml_backend.labeling.bases.control import Agreement, Data, Reading, objects_in, shown
from ml_backend.labeling.bases.place_reader import Draft, PlaceReader
from ml_backend.labeling.bases.region_control import RegionControl
from ml_backend.labeling.bases.room import TEXT, room_of
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.objects.chat import Chat as ChatObject
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.labeling.task_data.values import UNSTORABLE, is_blank, storable, to_number
from ml_backend.records import JsonObject, Region

MOST_MESSAGES = 8
"""Messages that one answer can reasonably add to a conversation."""
ROLES = ("user", "assistant", "system", "tool", "developer")
_FIRST_TIME = 1_700_000_000_000
"""Milliseconds: the messages' order is that of their times, whatever these are."""


class Chat(RegionControl):
    """Normal form: a list of {role, content}, in the order of the conversation."""

    tag = "Chat"
    example = (
        '<Chat name="chat" value="$chat" toName="chat" messageRoles="user,assistant"/>',
        {"chat": [{"role": "assistant", "content": "Hello!"}]},
    )
    has_labels = False

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        super().__init__(tag, objects)
        assert isinstance(objects[0], ChatObject)  # nosec B101  # for types: its tag is checked
        self._chat: ChatObject = objects[0]
        roles = [role.strip() for role in tag.get("messageroles").split(",") if role.strip()]
        self.roles = tuple(roles) or ROLES[:2]
        self._names_itself = bool(tag.get("toname"))
        self.least = tag.integer("minmessages") or 0
        self.most = tag.integer("maxmessages")

    def place_schema(self, data: Data) -> JsonObject:
        return {
            "role": {"type": "string", "enum": list(self.roles)},
            "content": {"type": "string"},
        }

    def most_items(self, data: Data) -> int | None:
        return max(0, self.most - len(self._chat.messages(data))) if self.most else None

    def describe_list(self, data: Data) -> str:
        limits = [f"at least {self.least}"] if self.least else []
        limits += [f"at most {self.most}"] if self.most else []
        count = f", {' and '.join(limits)} with those there" if limits else ""
        return f'messages that carry on the conversation in "{self._chat.field}"{count}'

    def describe_place(self, data: Data) -> str:
        return f'"role": one of {", ".join(self.roles)}, "content": the message'

    def likely_items(self, data: Data, length: int) -> int:
        return min(self.most or MOST_MESSAGES, MOST_MESSAGES)

    def room_of_place(self) -> int:
        return max(map(room_of, self.roles)) + TEXT

    def room_of_quotes(self, length: int) -> int:
        return 2 * length

    def reader(self, data: Data) -> PlaceReader:
        return _MessageReader(self.roles, len(self._chat.messages(data)))

    @property
    def stored_key(self) -> str:
        return "chatmessage"

    def to_regions(self, answer: object, data: Data) -> Reading:
        before = len(self._chat.messages(data))
        if isinstance(answer, list) and self.most and before + len(answer) > self.most:
            room = max(0, self.most - before)
            found = super().to_regions(answer[:room], data)
            why = f"{len(answer)} messages were given, {room} may be added: the rest is left out."
            return replace(found, problems=(*found.problems, why))
        return super().to_regions(answer, data)

    def region(self, value: JsonObject) -> Region:
        return {**super().region(value), "type": "chatmessage"}

    def may_be_imported(self, region: Region) -> bool:
        # With a toName the import's check takes the messages for another tag's.
        return not self._names_itself

    def role_of(self, region: Region) -> str:
        message = region["value"].get("chatmessage")
        return str(message.get("role", "")) if isinstance(message, Mapping) else ""

    def compare(self, answer: Any, truth: Any, data: Data | None) -> Agreement:
        """Score: the share of messages that are the same, place by place."""
        ours, theirs = _messages(answer), _messages(truth)
        longest = max(len(ours), len(theirs))
        same = sum(left == right for left, right in zip(ours, theirs, strict=False))
        return Agreement(ours == theirs, same / longest if longest else 1.0)


class _MessageReader(PlaceReader):
    shape = 'A message must be an object with "role" and "content".'
    repeats = True

    def __init__(self, roles: Sequence[str], before: int) -> None:
        self._roles = roles
        self._count = before

    def name(self, item: Mapping[str, Any]) -> str:
        content = item.get("content")
        return f"the message {shown(content)}" if isinstance(content, str) else ""

    def read(self, item: Mapping[str, Any]) -> Draft | str:
        role, content = item.get("role"), item.get("content")
        if not isinstance(role, str) or not isinstance(content, str):
            return self.shape
        if role not in self._roles:
            return f"The role {shown(role)} is not one of {', '.join(self._roles)}."
        if is_blank(content):
            return "A message is empty."
        if storable(content) != content:
            return UNSTORABLE.replace(": left out.", ".")
        self._count += 1
        message = {"role": role, "content": content, "createdAt": _FIRST_TIME + 1000 * self._count}
        return Draft({"chatmessage": message}, order=(self._count,))

    def back(
        self, value: Mapping[str, Any], region: Region
    ) -> tuple[tuple[Any, ...], JsonObject] | None:
        message = value.get("chatmessage")
        if not isinstance(message, Mapping) or not isinstance(message.get("content"), str):
            return None
        self._count += 1
        time = to_number(message.get("createdAt")) or 0
        item = {"role": str(message.get("role", "")), "content": message["content"]}
        return (time, self._count), item


def _messages(answer: Any) -> list[str]:
    return [repr(sorted(item.items())) for item in objects_in(answer)]
