"""What is asked of the simulated server, read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from ml_backend.simulator import answers
from ml_backend.simulator.behaviour import FORMS
from ml_backend.simulator.contents import Part, parts_of, text_of
from ml_backend.simulator.vendors import Vendor

# How a conversation goes on after an unusable answer: the task is the message before.
ASKED_AGAIN = "That answer cannot be used"


@dataclass(slots=True)
class Question:
    """A chat completion request, read."""

    body: dict[str, Any]
    users: list[str]
    parts: list[Part]
    form: str
    model: str
    key: str
    vendor: Vendor | None = None

    @property
    def text(self) -> str:
        """The message that holds the task."""
        tasks = [user for user in self.users if not user.startswith(ASKED_AGAIN)]
        return tasks[-1] if tasks else ""


def limit_of(body: dict[str, Any]) -> int | None:
    """The most completion tokens a request allows, None for any number."""
    found = (body.get(name) for name in ("max_completion_tokens", "max_tokens"))
    return next((each for each in found if isinstance(each, int) and each > 0), None)


def key_of(request: web.Request) -> str:
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bearer or request.headers.get("api-key", "")


def read(request: web.Request, body: dict[str, Any], vendor: Vendor | None) -> Question:
    if vendor is not None:
        body = vendor.question(request, body)
    parts = parts_of(body["messages"])
    form = body.get("response_format", {}).get("type", "text")
    form = form if form in FORMS else "text"
    return Question(
        body=body,
        users=[text_of(m.get("content")) for m in body["messages"] if m.get("role") == "user"],
        parts=parts,
        form="tool" if body.get("tools") else form,
        model=request.match_info.get("deployment") or str(body.get("model", "")),
        key=vendor.key(request) if vendor is not None else key_of(request),
        vendor=vendor,
    )


def schema_of(question: Question) -> Any:
    if question.form == "json_schema":
        return question.body["response_format"]["json_schema"]["schema"]
    if question.form == "tool":
        return question.body["tools"][0]["function"]["parameters"]
    texts = (text_of(message.get("content")) for message in question.body["messages"])
    return next((found for found in map(answers.schema_in, texts) if found is not None), None)
