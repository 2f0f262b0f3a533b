"""What a webhook's body hints at, however large or odd it is.

Label Studio sends one body for a bulk action, a megabyte per thousand annotations. Parsing so much
would keep the interpreter, and with it ``/setup``, waiting: a large body is looked through as it
comes in, for its action and its projects alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import request

from ml_backend.errors import Forbidden, InvalidInput
from ml_backend.next_steps import Step
from ml_backend.services.connecting.project_secrets import Bearer, Way
from ml_backend.services.events.event_queue import ACTIONS, START_TRAINING, EventQueue, Heard
from ml_backend.services.serving.gate import require_project
from ml_backend.services.serving.prompt_sources import LARGEST_ID
from ml_backend.web.server.body_limits import LOOKED_THROUGH

CHUNK = 1 << 16
PARSED = 1 << 20
"""Bytes up to which a body is parsed: more annotations than that has ids are not kept anyway, and
parsed it may take twenty times as much."""

MANY_IDS = 1000
"""More ids than this are not kept: then everything of the project is read again."""

MANY_PROJECTS = 20
OVERLAP = 256
"""Bytes of a chunk that are looked through together with the next."""

ACTION = re.compile(rb'"action"\s*:\s*"([A-Z_]{1,60})"')
PROJECT = re.compile(rb'"project"\s*:\s*"?(?:\{\s*"id"\s*:\s*)?(\d{1,10})(?=[^\d])')

MESSAGES = {
    Heard.QUEUED: "It will be looked into.",
    Heard.IGNORED: "Nothing here depends on this event.",
    Heard.LATE: "The database is busy; it will be looked into all the same.",
}


@dataclass(frozen=True, slots=True)
class Hint:
    """What a body says; None for ids means that it does not say which, or too many."""

    action: str = ""
    project_ids: tuple[int, ...] = ()
    task_ids: tuple[int, ...] | None = None
    annotation_ids: tuple[int, ...] | None = None


def hear(events: EventQueue, bearer: Bearer, *, action: str = "") -> dict[str, str]:
    """Queue what the request's body hints at, as ``action`` when given; return what to answer.

    Raises InvalidInput for a body that is no JSON object, or not declared as JSON: a web page
    elsewhere cannot make a browser send that here. Raises Forbidden for a project that is not the
    secret's, and for what spends without one.
    """
    hint = _read(bare=bool(action))
    projects = _projects_for(bearer, hint)
    action = action or hint.action
    if action == START_TRAINING and projects and not bearer.may_spend:
        raise Forbidden(
            "Start Training spends, and needs the secret that connecting the project gives "
            "Label Studio.",
            fix=Step.CONNECT_AGAIN(project=projects[0]),
        )
    heard = events.hear(
        action,
        projects,
        task_ids=hint.task_ids,
        annotation_ids=hint.annotation_ids,
        is_hint=bearer.way is Way.OPEN,
    )
    status = "ignored" if heard is Heard.IGNORED else "ok"
    return {"status": status, "message": MESSAGES[heard]}


def _projects_for(bearer: Bearer, hint: Hint) -> tuple[int, ...]:
    """Return the projects an event is about: of a secret its own, whatever a large body holds."""
    mine = bearer.project_id
    if mine is None or not hint.project_ids:
        return hint.project_ids
    if mine not in hint.project_ids:
        require_project(bearer, hint.project_ids)
    return (mine,)


def _read(*, bare: bool) -> Hint:
    chunks = iter(lambda: request.stream.read(CHUNK), b"")
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > PARSED:
            break
    large = len(body) > PARSED
    if not request.is_json and (body or not bare):
        _drain(chunks)
        raise InvalidInput("The request is not declared as JSON.", field="Content-Type", fix=_JSON)
    if large:
        return _look_through(bytes(body), chunks)
    return _parse(bytes(body)) if body or not bare else Hint()


def _parse(body: bytes) -> Hint:
    try:
        wire = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The request is not valid JSON.", fix=_JSON) from error
    if not isinstance(wire, dict):
        raise InvalidInput("The request is not a JSON object.", fix=_JSON)
    action = wire.get("action")
    project = wire.get("project")
    project_id = _id(project.get("id") if isinstance(project, dict) else project)
    annotations = _rows(wire, "annotation", "annotations")
    tasks = [row.get("id") for row in _rows(wire, "task", "tasks")]
    tasks += [row.get("task") for row in annotations]
    return Hint(
        action if isinstance(action, str) else "",
        () if project_id is None else (project_id,),
        _ids(tasks),
        _ids(row.get("id") for row in annotations),
    )


def _rows(wire: dict[str, Any], *names: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in names:
        value = wire.get(name)
        rows = value if isinstance(value, list) else [value]
        found += [row for row in rows if isinstance(row, dict)]
    return found


def _ids(values: Iterable[object]) -> tuple[int, ...] | None:
    ids = {found for value in values if (found := _id(value)) is not None}
    return tuple(sorted(ids)) if 0 < len(ids) <= MANY_IDS else None


def _id(value: object) -> int | None:
    """Return the id that a number, or ``"5.1795381976"``, is; None when it is none."""
    if isinstance(value, dict):
        value = value.get("id")
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    head = str(value)[:40].partition(".")[0] if isinstance(value, str) else value
    if isinstance(head, str):
        if not (head.isascii() and head.isdigit() and len(head) <= 10):
            return None
        head = int(head)
    return head if 0 < head <= LARGEST_ID else None


def _look_through(head: bytes, chunks: Iterator[bytes]) -> Hint:
    """Find action and projects by their form; of several candidates each is a hint of its own."""
    action, projects, seen = "", set[int](), 0
    last = b""
    for chunk in _slices(head, chunks):
        seen += len(chunk)
        if seen > LOOKED_THROUGH:
            _drain(chunks)
            break
        text = last + chunk
        for match in () if action else ACTION.finditer(text):
            if (name := match[1].decode()) in ACTIONS:
                action = name
                break
        for match in PROJECT.finditer(text):
            number = int(match[1])
            if len(projects) < MANY_PROJECTS and 0 < number <= LARGEST_ID:
                projects.add(number)
        last = text[-OVERLAP:]
    return Hint(action, tuple(sorted(projects)))


def _slices(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    for start in range(0, len(head), CHUNK):
        yield head[start : start + CHUNK]
    yield from chunks


def _drain(chunks: Iterator[bytes]) -> None:
    """Read to the end: a sender cut off in the middle would see a reset."""
    for _ in chunks:
        pass


_JSON = "Send a JSON object as application/json, as Label Studio does."
