"""A task made ready to ask: its messages, its answer schema, and the key that names the request."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ml_backend.errors import TemplateError
from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.html_bounds import HtmlRefused
from ml_backend.prompting import messages as prompting, template
from ml_backend.prompting.few_shot import FewShot
from ml_backend.records import Attachment, CallRecord, Failure, FailureKind, JsonObject, Task

log = logging.getLogger(__name__)

HALF = 32
NOT_ASKED = CallRecord(cost=0.0)


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A task made ready to ask: its messages and answer schema, or why it cannot be asked."""

    task: Task
    key: str = ""
    """Names the exact request. Its first half names it without the few-shot examples."""
    messages: tuple[JsonObject, ...] = ()
    schema: JsonObject | None = None
    inputs: Mapping[str, str] | None = None
    failure: Failure | None = None
    examples: int = 0


class ModelRequestBuilder:
    """Makes the questions of one version in one project; safe to share among threads."""

    def __init__(
        self,
        config: LabelingConfig,
        text: str,
        known: Collection[str],
        *,
        lenient: bool,
        identity: str,
        few_shot: FewShot | None = None,
    ) -> None:
        self._config = config
        self._text = text
        self._known = frozenset(known)
        self._lenient = lenient
        self._identity = identity
        self._few_shot = few_shot

    def prepare(self, task: Task) -> ModelRequest:
        """Return the question for a task; untrusted data never raises out of here."""
        try:
            return self._prepare(task)
        except HtmlRefused as error:
            return _without_input(task, str(error))
        except Exception:  # whatever one task's data provokes costs that task alone
            log.exception("task %s could not be prepared", task.id)
            return ModelRequest(task, failure=replace(unexpected(task), asked=NOT_ASKED))

    def _prepare(self, task: Task) -> ModelRequest:
        inputs = self._config.inputs(task.data)
        attachments = self._config.attachments(task.data)
        if not self._has_content(task.data, inputs, attachments):
            names = sorted({*(name for name, _ in inputs), *template.variables(self._text)})
            message = f"Nothing to ask: the task has nothing in {', '.join(names)}."
            if not names:
                message = "Nothing to ask: neither prompt nor labeling config names a data field."
            return _without_input(task, message)
        try:
            messages = prompting.build(
                self._text,
                description=self._config.describe(task.data),
                inputs=inputs,
                data=task.data,
                known=self._known,
                lenient=self._lenient,
                attachments=attachments,
            )
            examples = self._examples(task, inputs, attachments)
        except TemplateError as error:
            return _without_input(task, str(error))
        schema = self._config.schema(task.data)
        key = _digest([self._identity, messages, schema])
        if examples:
            key = key[:HALF] + _digest(examples)[:HALF]
            messages = prompting.with_examples(messages, examples)
        return ModelRequest(
            task, key, tuple(messages), schema, dict(inputs), examples=len(examples)
        )

    def _examples(
        self, task: Task, inputs: Sequence[tuple[str, str]], attachments: Sequence[Attachment]
    ) -> list[tuple[str, str]]:
        """Return the few-shot examples for a task: what was asked, and the right answer."""
        if self._few_shot is None:
            return []
        question = prompting.task_text(
            self._text,
            inputs=inputs,
            data=task.data,
            known=self._known,
            lenient=self._lenient,
            attachments=attachments,
        )
        text = "\n".join(value for _, value in inputs).strip() or question
        chosen = self._few_shot.choose(task.id, text, question)
        return [(shot.question, shot.answer) for shot in chosen]

    def _has_content(
        self,
        data: Mapping[str, Any],
        inputs: Sequence[tuple[str, str]],
        attachments: Sequence[Attachment],
    ) -> bool:
        if attachments or any(text.strip() for _, text in inputs):
            return True
        names = (name.split(".")[0].split("[")[0] for name in template.variables(self._text))
        values = (data.get(name) for name in names)
        return any(str(value).strip() for value in values if value not in (None, [], {}))


def _without_input(task: Task, why: str) -> ModelRequest:
    failure = Failure(task.id, FailureKind.NO_INPUT, why, asked=NOT_ASKED)
    return ModelRequest(task, failure=failure)


def asks_the_same(key: str, other: str) -> bool:
    """Return whether two requests ask the same of the same task, whatever examples they show."""
    return key[:HALF] == other[:HALF]


def unexpected(task: Task) -> Failure:
    """Return the failure of a task that provoked what nobody foresaw."""
    return Failure(task.id, FailureKind.INTERNAL, "An unexpected error; the server's log has it.")


def _digest(content: object) -> str:
    text = json.dumps(content, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
