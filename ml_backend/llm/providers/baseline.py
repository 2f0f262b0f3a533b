"""The offline baseline: answers like the most similar annotated tasks. No key, no network.

A floor any prompt must beat, and a way to try everything. It never looks at the annotation of the
task it answers, nor at those of tasks with the same text.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from cachetools import FIFOCache

from ml_backend.data_paths import look_up
from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm.gazetteer import Gazetteer
from ml_backend.llm.model import Opening, Payer, Reply, Request
from ml_backend.llm.provider_facts import ProviderFacts
from ml_backend.prompting.neighbours import Neighbours, normal_form
from ml_backend.records import (
    BASELINE_MODEL,
    Connection,
    Example,
    FailureKind,
    JsonObject,
    ProviderName,
    Usage,
)
from ml_backend.records.confidence import of_all

NEIGHBOURS = 7
KEPT_INDEXES = 4
# A text this long is answered in a thread: its search would hold up everybody else's call.
LONG_TEXT = 50_000


PROVIDER = ProviderFacts(
    ProviderName.BASELINE,
    "Offline baseline",
    secrets=(),
    needs_secret=False,
    takes=(),
    parameters=frozenset(),
    is_choice=False,
)


def open_model(connection: Connection, opening: Opening) -> Baseline:
    """Return the baseline; what a network would need is not used."""
    return Baseline()


class Baseline:
    """A ``Model`` that learns from ``Request.examples``, once per set of examples."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._indexes: FIFOCache[int, Index] = FIFOCache(KEPT_INDEXES)

    async def complete(self, request: Request) -> Reply:
        """Return an answer as the nearest examples have it; raise without any example."""
        started = time.perf_counter()
        if not request.examples:
            raise RunStopper(
                "The offline baseline has no annotated tasks to learn from.",
                kind=FailureKind.BAD_REQUEST,
                fix="Annotate a few tasks of the project in Label Studio and run again, "
                "or choose a model.",
            )
        index = await self._index(request)
        text = "\n".join(request.inputs.values())
        if len(text) > LONG_TEXT:
            answer, shares = await asyncio.to_thread(index.answer, request, text)
        else:
            answer, shares = index.answer(request, text)
        return Reply(
            text=json.dumps(answer, ensure_ascii=False),
            usage=Usage(),
            latency=time.perf_counter() - started,
            calls=0,
            score=of_all(shares.values()) if shares else None,
            form="baseline",
            model=BASELINE_MODEL,
            shares=shares,
        )

    async def check(self, payer: Payer) -> list[str]:
        """Return its one name."""
        return [BASELINE_MODEL]

    async def close(self) -> None:
        """Forget the examples."""
        self._indexes.clear()

    async def _index(self, request: Request) -> Index:
        fields = tuple(request.inputs)
        async with self._lock:
            for key, index in self._indexes.items():
                if index.covers(request.examples, fields):
                    self._indexes[key] = index  # the last to go now
                    return index
            index = await asyncio.to_thread(Index, request.examples, fields)
            self._indexes[id(index)] = index
            return index


class Index:
    """One set of examples, fitted."""

    def __init__(self, examples: Sequence[Example], fields: tuple[str, ...]) -> None:
        self._given = examples
        self._examples = tuple(examples)
        self._fields = fields
        texts = [_text(example.data, fields) for example in self._examples]
        self._neighbours = Neighbours(texts)
        self._same_text: dict[str, list[int]] = defaultdict(list)
        self._of_task: dict[int, list[int]] = defaultdict(list)
        for position, (example, text) in enumerate(zip(self._examples, texts, strict=True)):
            self._same_text[normal_form(text)].append(position)
            self._of_task[example.task_id].append(position)
        self._gazetteers = {name: self._collect(name) for name in self._names_of_spans()}

    def covers(self, examples: Sequence[Example], fields: tuple[str, ...]) -> bool:
        """True when it was fitted to just these examples."""
        if fields != self._fields or len(examples) != len(self._examples):
            return False
        # A tuple of frozen records cannot have changed; a list may have.
        if examples is self._given and isinstance(examples, tuple):
            return True
        return tuple(examples) == self._examples

    def answer(self, request: Request, text: str) -> tuple[JsonObject, dict[str, float]]:
        """Return an answer that fits the schema, and the vote's share of each class asked for."""
        leave_out = set(self._of_task.get(request.task_id, ()))
        # Tasks without any text, such as pictures, are no duplicates for that.
        if normal := normal_form(text):
            leave_out.update(self._same_text.get(normal, ()))
        near = self._neighbours.nearest(text, NEIGHBOURS, leave_out)
        if not near:
            raise ModelError(
                "The offline baseline has no annotated tasks to learn from but this one.",
                kind=FailureKind.BAD_REQUEST,
                fix="Annotate more tasks.",
            )
        voters = [(self._examples[position].answer, weight + 1e-9) for position, weight in near]
        answer: JsonObject = {}
        shares: dict[str, float] = {}
        for name, schema in request.schema.get("properties", {}).items():
            votes = [(example.get(name), weight) for example, weight in voters]
            if _types(schema) == ["null"] or "from" in _item_keys(schema):
                # Nothing to choose from, or relations, which no neighbour can tell.
                answer[name] = [] if "array" in _types(schema) else None
            elif _is_spans(schema):
                answer[name] = self._spans(name, schema, request.inputs, leave_out)
            elif "array" in _types(schema) and "enum" in schema.get("items", {}):
                answer[name] = _elect_several(votes, schema)
            elif "enum" in schema:
                answer[name], shares[name] = _elect(votes, schema["enum"])
            elif "properties" in schema:
                answer[name] = {key: [] for key in schema["properties"]}
            else:
                answer[name] = _copy(votes, schema)
        _number(answer, request.schema)
        return answer, shares

    def _spans(
        self, name: str, schema: JsonObject, inputs: Mapping[str, str], leave_out: set[int]
    ) -> list[JsonObject]:
        if name not in self._gazetteers:
            return []
        gazetteer, field = self._gazetteers[name]
        allowed = {k: v for k, v in schema["items"]["properties"].items() if k != "id"}
        return [
            item
            for item in gazetteer.find(inputs.get(field, ""), leave_out)
            if item.keys() == allowed.keys()
            and all(v in allowed[k].get("enum", (v,)) for k, v in item.items())
        ]

    def _names_of_spans(self) -> set[str]:
        return {
            name
            for example in self._examples
            for name, value in example.answer.items()
            if isinstance(value, list)
            and any(isinstance(item, Mapping) and "quote" in item for item in value)
        }

    def _collect(self, name: str) -> tuple[Gazetteer, str]:
        """The quotes of one control, and the field of the data most of them are found in."""
        marked = [
            (position, item)
            for position, example in enumerate(self._examples)
            for item in _list(example.answer.get(name))
            if isinstance(item, Mapping)
        ]
        found = Counter(
            field
            for position, item in marked
            for field in self._fields
            if str(item.get("quote")) in _field_text(self._examples[position].data, field)
        )
        likely = max(self._fields, key=lambda field: found[field], default="")
        return Gazetteer(marked), likely


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_spans(schema: JsonObject) -> bool:
    return "quote" in _item_keys(schema)


def _item_keys(schema: JsonObject) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = schema.get("items", {}).get("properties", {})
    return properties


def _number(answer: JsonObject, schema: JsonObject) -> None:
    """Give the items that want an id one each, over all controls."""
    count = 0
    for name, part in schema.get("properties", {}).items():
        items = _list(answer[name]) if "id" in _item_keys(part) else []
        if items:
            numbered = [{**item, "id": count + n} for n, item in enumerate(items, 1)]
            answer[name] = numbered
            count += len(numbered)


def _types(schema: JsonObject) -> Sequence[str]:
    types: str | list[str] = schema.get("type", ())
    return [types] if isinstance(types, str) else types


def _elect(votes: Sequence[tuple[Any, float]], allowed: Sequence[Any]) -> tuple[Any, float]:
    """The value with most weight behind it, and its share; the first allowed one without votes."""
    tally: dict[int, float] = defaultdict(float)
    for value, weight in votes:
        if value in allowed:
            tally[allowed.index(value)] += weight
    if not tally:
        return (None if None in allowed else next(iter(allowed), None)), 0.0
    best = min(tally, key=lambda position: (-tally[position], position))
    return allowed[best], tally[best] / sum(tally.values())


def _elect_several(votes: Sequence[tuple[Any, float]], schema: JsonObject) -> list[Any]:
    """Each allowed element that more than half of the weight holds; never empty-handed."""
    tally: dict[int, float] = defaultdict(float)
    allowed = schema["items"]["enum"]
    total = 0.0
    for value, weight in votes:
        total += weight
        for element in _list(value):
            if element in allowed:
                tally[allowed.index(element)] += weight
    chosen = sorted(position for position, weight in tally.items() if weight * 2 > total)
    if not chosen and tally and "null" not in _types(schema):
        chosen = [min(tally, key=lambda position: (-tally[position], position))]
    if not tally and any(_list(value) for value, _ in votes):
        chosen = [0]  # a task with options of its own, which no neighbour chose from
    return [allowed[position] for position in chosen]


def _copy(votes: Sequence[tuple[Any, float]], schema: JsonObject) -> Any:
    """The middle of numbers, else what the nearest example with an answer says."""
    types = _types(schema)
    numbers = sorted(
        (value, weight)
        for value, weight in votes
        if isinstance(value, int | float) and not isinstance(value, bool)
    )
    if numbers and ("number" in types or "integer" in types):
        middle = sum(weight for _, weight in numbers) / 2
        for value, weight in numbers:
            middle -= weight
            if middle <= 0:
                return value
    return next((value for value, _ in votes if value is not None), None)


def _text(data: Mapping[str, Any], fields: Sequence[str]) -> str:
    found = [_field_text(data, field) for field in fields]
    if any(found):
        return "\n".join(found)
    return "\n".join(value for value in data.values() if isinstance(value, str))


def _field_text(data: Mapping[str, Any], field: str) -> str:
    """The text at ``name`` or a path such as ``user.name``."""
    value = look_up(data, field)
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)
