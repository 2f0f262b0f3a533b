"""How a structured answer is asked for: four forms, best first, and what each endpoint takes.

Engines differ in which forms they know. One that was seen to work is remembered per connection,
endpoint and model, as are request parameters a model does not take.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from typing import Any

from ml_backend.errors import AnswerError
from ml_backend.labeling.answer_keys import by_control
from ml_backend.llm.model import Request
from ml_backend.llm.reading.answer_object import read_object
from ml_backend.prompting.parameters import EXTRA, OURS
from ml_backend.records import Connection, JsonObject, ProviderName
from ml_backend.records.abilities import FORMS, JSON_OBJECT, JSON_SCHEMA, TEXT, TOOL

log = logging.getLogger(__name__)

NO_SYSTEM = "no system"

ANSWER_NAME = "answer"
STREAM = "stream"
# One odd answer says little about an endpoint, three in a row do.
STRIKES = 3


class StructuredOutputFallback:
    """What was learnt about one connection; ``memory`` outlives it and belongs to the caller."""

    def __init__(
        self,
        memory: MutableMapping[str, str],
        connection: Connection,
        forms: Sequence[str] = FORMS,
    ) -> None:
        """``forms`` are those its provider has, best first and ``TEXT`` last."""
        # The endpoint is part of the key, so that a connection moved elsewhere starts afresh; as
        # a digest, since an address may carry a password.
        place = "|".join(
            (
                connection.provider,
                connection.endpoint,
                # Of LiteLLM it is the name of a vendor, and said with each model.
                "" if connection.provider is ProviderName.LITELLM else connection.deployment,
                connection.api_version,
            )
        )
        digest = hashlib.sha256(place.encode()).hexdigest()[:10]
        self._prefix = f"{connection.id or 'env'}:{digest}:"
        self._memory = memory
        self._forms = forms
        self._refused: set[tuple[str, str]] = set()
        self._strikes: Counter[tuple[str, str]] = Counter()

    def first(self, model: str) -> str:
        """The form to ask in: the one that is known to work, else the best not yet refused."""
        proven = self._memory.get(self._prefix + model, "")
        if proven in self._forms:
            return proven
        return next((form for form in self._forms if (model, form) not in self._refused), TEXT)

    def below(self, model: str, form: str) -> str | None:
        """The next lower form that was not refused yet; None below plain text."""
        lower = self._forms[self._forms.index(form) + 1 :]
        if not lower:
            return None
        return next((name for name in lower if (model, name) not in self._refused), TEXT)

    def is_proven(self, model: str, form: str) -> bool:
        return self._memory.get(self._prefix + model) == form

    def kept(self, model: str, form: str) -> None:
        """Forget what was held against a form that is known to work."""
        if self._strikes:
            self._strikes.pop((model, form), None)

    def worked(self, model: str, form: str) -> None:
        """Remember a form that brought an answer, unless a better one is known to work."""
        self._strikes.pop((model, form), None)
        known = self._memory.get(self._prefix + model, "")
        if known not in self._forms or self._forms.index(form) < self._forms.index(known):
            self._memory[self._prefix + model] = form
            log.info("model %s answers in the form %s", model, form)

    def refused(self, model: str, form: str) -> None:
        """Note an explicit refusal; a form that had worked is given up only after three."""
        if self.is_proven(model, form):
            self.ignored(model, form)
        elif (model, form) not in self._refused:
            self._refused.add((model, form))
            log.info("model %s does not take the form %s", model, form)

    def ignored(self, model: str, form: str) -> None:
        """Note an answer that did not keep to the form."""
        self._strikes[model, form] += 1
        if self._strikes[model, form] >= STRIKES:
            self._refused.add((model, form))
            if self.is_proven(model, form):
                del self._memory[self._prefix + model]

    def is_known(self, model: str) -> bool:
        """Whether any form is known to work."""
        return self._memory.get(self._prefix + model, "") in self._forms

    def takes_system(self, model: str) -> bool:
        """Whether a model may be sent a system message, as far as is known."""
        return self._memory.get(f"{self._prefix}{model}:roles") != NO_SYSTEM

    def refuse_system(self, model: str) -> None:
        """Remember that a model takes no system message."""
        if self.takes_system(model):
            log.info("model %s takes no system message", model)
            self._memory[f"{self._prefix}{model}:roles"] = NO_SYSTEM

    def mends(self, model: str) -> dict[str, str | None]:
        """Parameters this model does not take -> the name it wants instead, None to leave out."""
        remembered = self._memory.get(f"{self._prefix}{model}:parameters")
        if remembered is None:
            return {}
        try:
            mends = json.loads(remembered)
        except ValueError:
            return {}
        return mends if isinstance(mends, dict) else {}

    def takes(self, model: str, name: str) -> bool:
        """Whether a model takes a parameter, as far as is known."""
        return self.mends(model).get(name, name) is not None

    def mend(self, model: str, name: str, replacement: str | None) -> None:
        """Remember that a parameter is to be renamed or left out from now on."""
        known = self.mends(model)
        if name not in known:
            log.info("model %s does not take the parameter %s", model, name)
        mends = {**known, name: replacement}
        self._memory[f"{self._prefix}{model}:parameters"] = json.dumps(mends, sort_keys=True)


def build_body(
    form: str,
    request: Request,
    model: str,
    mends: Mapping[str, str | None],
    parameters: Mapping[str, Any] | None = None,
) -> JsonObject:
    """Return the body of a chat completion that asks for the schema in this form.

    ``parameters`` are the request's own, or these with whatever else bounds its answer.
    """
    body = _parameters(request.parameters if parameters is None else parameters, mends)
    body["model"] = model
    body["messages"] = request.messages
    body |= _streaming(mends)
    if form == JSON_SCHEMA:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": ANSWER_NAME, "strict": True, "schema": request.schema},
        }
    elif form == TOOL:
        function = {
            "name": ANSWER_NAME,
            "description": "Give the answer.",
            "parameters": request.schema,
            "strict": True,
        }
        body["tools"] = [{"type": "function", "function": function}]
        body["tool_choice"] = {"type": "function", "function": {"name": ANSWER_NAME}}
    else:
        body["messages"] = with_schema(request.messages, request.schema)
        if form == JSON_OBJECT:
            body["response_format"] = {"type": "json_object"}
    return body


def keeps_form(
    text: str, schema: JsonObject, *, finished: bool = True, optional: Collection[str] = ()
) -> bool:
    """True when a text holds an object with just the keys asked for, as every form promises.

    Those that are ``optional`` may be missing.
    """
    allowed = schema.get("properties", {})
    try:
        answer = read_object(text, allowed, finished=finished)
    except AnswerError:
        return False
    keyed = by_control(answer, allowed)
    return not keyed.strangers and not any(
        name in keyed.missing or name not in keyed.answer
        for name in schema.get("required", ())
        if name not in optional
    )


def _streaming(mends: Mapping[str, str | None]) -> JsonObject:
    """Some servers stream unless they are told not to, some do nothing else, some know no word."""
    if STREAM not in mends:
        return {STREAM: False}
    if mends[STREAM] is None:
        return {}
    usage = {"stream_options": {"include_usage": True}}
    return {STREAM: True, **(usage if "stream_options" not in mends else {})}


def _parameters(parameters: Mapping[str, Any], mends: Mapping[str, str | None]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    extra = parameters.get(EXTRA)
    given = [(name, value) for name, value in parameters.items() if name != EXTRA]
    for name, value in [*given, *(extra.items() if isinstance(extra, Mapping) else ())]:
        wanted: str | None = name
        # Two steps at most: a renamed parameter may turn out to be unwelcome as well.
        for _ in range(2):
            wanted = mends.get(wanted, wanted) if wanted is not None else None
        if wanted is None or value is None or wanted in OURS:
            continue
        if name == "logprobs" and value is not True:
            continue
        body[wanted] = value
    return body


def with_schema(messages: list[JsonObject], schema: JsonObject) -> list[JsonObject]:
    """Return messages that say the schema in words, at the end of the rules."""
    order = (
        "Answer with one JSON object that fits this JSON schema, and with nothing else:\n"
        + json.dumps(schema, ensure_ascii=False)
    )
    if messages and messages[0].get("role") == "system":
        first = {**messages[0], "content": f"{messages[0].get('content', '')}\n\n{order}"}
        return [first, *messages[1:]]
    return [{"role": "system", "content": order}, *messages]
