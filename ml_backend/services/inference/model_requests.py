"""A task made ready to ask: its messages, its answer schema, and the key that names the request."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ml_backend.data_paths import top_key
from ml_backend.errors import AttachmentError, TaskRefused, TemplateError
from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.answer_room import room_of_answer
from ml_backend.labeling.rating import (
    describe_rating,
    rating_key,
    room_of_rating,
    with_rating,
)
from ml_backend.labeling.schema_bounds import bounded
from ml_backend.prompting import messages as prompting
from ml_backend.prompting.few_shot_choice import FewShot
from ml_backend.prompting.template import variables
from ml_backend.records import Attachment, CallRecord, Failure, FailureKind, JsonObject, Task

log = logging.getLogger(__name__)

HALF = 32
TAKE_BOUNDS: frozenset[str] = frozenset({"Local"})
"""Providers whose engine is known to take ``maxItems`` and ``maxLength``; others refuse them."""
NOT_ASKED = CallRecord(cost=0.0)


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A task made ready to ask: its messages and answer schema, or why it cannot be asked."""

    task: Task
    keys: tuple[str, ...] = ()
    """Of the kept answers, one for each that is wanted of it; none where it fails.

    They name the project as well: what was paid for in one is nobody's who only sees another.
    """
    messages: tuple[JsonObject, ...] = ()
    schema: JsonObject | None = None
    inputs: Mapping[str, str] | None = None
    failure: Failure | None = None
    examples: int = 0
    room: int = 0
    """Tokens that the longest sensible answer takes."""
    rating: str = ""
    """The key under which the model is asked to rate its answer; "" where it is not."""
    key: str = ""
    """Names the exact request, its first half without the few-shot examples; "" where it fails."""
    parts: tuple[ModelRequest, ...] = ()
    """What each of several versions is asked that answer together; they make up its keys."""


@dataclass(frozen=True, slots=True)
class RequestTemplate:
    """What the requests of one version in one project have in common."""

    config: LabelingConfig
    text: str
    known: frozenset[str]
    is_lenient: bool
    identity: str = ""
    """Whom it goes to and with which parameters: another's answer is no answer to it."""
    few_shot: FewShot | None = None
    samples: int = 1
    """Answers wanted of each task."""
    system: str = ""
    """The version's own system text."""
    is_bounded: bool = False
    """Whether the schema has bounds: see ``TAKE_BOUNDS``."""
    bind: Callable[[Sequence[Attachment]], int | None] | None = None
    """Refuses files of other projects; returns the project whose storages give one, else None."""
    is_rated: bool = False
    """Whether the model is asked to rate its own answer."""
    project: str = ""
    """The project whose kept answers may answer: see ``place_of_answers``."""


def build_request(template: RequestTemplate, task: Task) -> ModelRequest:
    """Return the request for a task; untrusted data never raises out of here."""
    try:
        return _build(template, task)
    except (TaskRefused, AttachmentError) as error:
        return _without_input(task, str(error))
    except Exception:  # whatever one task's data provokes costs that task alone
        log.exception("task %s could not be prepared", task.id)
        return ModelRequest(task, failure=replace(unexpected(task), asked=NOT_ASKED))


def _build(asked: RequestTemplate, task: Task) -> ModelRequest:
    inputs = asked.config.inputs(task.data)
    attachments = asked.config.attachments(task.data)
    if not _has_content(asked, task.data, inputs, attachments):
        names = sorted({*(name for name, _ in inputs), *variables(asked.text)})
        message = f"Nothing to ask: the task has nothing in {', '.join(names)}."
        if not names:
            message = "Nothing to ask: neither prompt nor labeling config names a data field."
        return _without_input(task, message)
    # Before the cache is looked into: what another project paid for may tell what is in its file.
    bound = asked.bind(attachments) if asked.bind and attachments else None
    rating = rating_key(asked.config.controls) if asked.is_rated else ""
    try:
        messages = prompting.build(
            asked.text,
            description=_description(asked.config, task.data, rating),
            inputs=inputs,
            data=task.data,
            known=asked.known,
            system=asked.system,
            lenient=asked.is_lenient,
            attachments=attachments,
            texts=asked.config.texts(inputs, task.data),
        )
        examples = _examples(asked, task, inputs, attachments)
    except TemplateError as error:
        return _without_input(task, str(error))
    if asked.is_bounded:
        schema = bounded(asked.config, task.data, (text for _, text in inputs))
    else:
        schema = asked.config.schema(task.data)
    if rating:
        schema = with_rating(schema, rating)
    key = _digest([asked.identity, messages, schema, *([] if bound is None else [bound])])
    if examples:
        key = key[:HALF] + _digest(examples)[:HALF]
        messages = prompting.with_examples(messages, examples)
    return ModelRequest(
        task,
        answer_keys(paid_key(key, asked.project), asked.samples),
        tuple(messages),
        schema,
        dict(inputs),
        examples=len(examples),
        room=room_of_answer(asked.config, task.data, (text for _, text in inputs))
        + (room_of_rating(rating) if rating else 0),
        rating=rating,
        key=key,
    )


def _description(config: LabelingConfig, data: Mapping[str, Any], rating: str) -> str:
    described = config.describe(data)
    return f"{described}\n{describe_rating(rating)}" if rating else described


def _examples(
    asked: RequestTemplate,
    task: Task,
    inputs: Sequence[tuple[str, str]],
    attachments: Sequence[Attachment],
) -> list[tuple[str, str]]:
    """Return the few-shot examples for a task: what was asked, and the right answer."""
    if asked.few_shot is None:
        return []
    question = prompting.task_text(
        asked.text,
        inputs=inputs,
        data=task.data,
        known=asked.known,
        lenient=asked.is_lenient,
        attachments=attachments,
        texts=asked.config.texts(inputs, task.data),
    )
    text = "\n".join(value for _, value in inputs).strip() or question
    chosen = asked.few_shot.choose(task.id, text, question)
    return [(shot.question, shot.answer) for shot in chosen]


def _has_content(
    asked: RequestTemplate,
    data: Mapping[str, Any],
    inputs: Sequence[tuple[str, str]],
    attachments: Sequence[Attachment],
) -> bool:
    if attachments or any(text.strip() for _, text in inputs):
        return True
    read = asked.config.texts(inputs, data)  # empty: a page without a word is nothing to ask about
    names = (name for name in variables(asked.text) if name not in read)
    values = (data.get(top_key(name)) for name in names)
    return any(str(value).strip() for value in values if value not in (None, [], {}))


def _without_input(task: Task, why: str) -> ModelRequest:
    failure = Failure(task.id, FailureKind.NO_INPUT, why, asked=NOT_ASKED)
    return ModelRequest(task, failure=failure)


def place_of_answers(project_id: int, made_at: datetime | None) -> str:
    """Return what answers are kept under beside their request: a project, not its number alone."""
    moment = made_at.astimezone(UTC).isoformat(timespec="microseconds") if made_at else ""
    return f"{project_id}@{moment}"


def paid_key(key: str, place: str) -> str:
    """Return what the answer to a request is kept under in a project.

    Whoever is answered there sees the project, and so does whoever paid for the answer; the same
    question in another project may be somebody else's, and was paid for with another's key.
    """
    return hashlib.sha256(f"{place} {key}".encode()).hexdigest()


def answer_keys(key: str, samples: int) -> tuple[str, ...]:
    """Return the key of each answer in the cache; the first is the one given."""
    more = (f"{key}:{number}" for number in range(1, samples))
    return (key, *(hashlib.sha256(each.encode()).hexdigest() for each in more))


def joined(task: Task, parts: Sequence[ModelRequest]) -> ModelRequest:
    """Return the request to several versions; it fails where none of them can be asked."""
    if all(each.failure is not None for each in parts):
        return replace(parts[0], parts=tuple(parts))
    halves = ([each.key[:HALF] for each in parts], [each.key[HALF:] for each in parts])
    return ModelRequest(
        task,
        keys=tuple(dict.fromkeys(key for each in parts for key in each.keys)),
        examples=max(each.examples for each in parts),
        key="".join(_digest(half)[:HALF] for half in halves),
        parts=tuple(parts),
    )


def asks_the_same(key: str, other: str) -> bool:
    """Return whether two requests ask the same of the same task, whatever examples they show."""
    return key[:HALF] == other[:HALF]


def unexpected(task: Task) -> Failure:
    """Return the failure of a task that provoked what nobody foresaw."""
    return Failure(task.id, FailureKind.INTERNAL, "An unexpected error; the server's log has it.")


def _digest(content: object) -> str:
    text = json.dumps(content, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
