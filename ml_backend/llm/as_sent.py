"""A conversation as a provider is sent it, by what was learnt of its model: for those who look.

What is asked is composed alike for every model; only on its way the rules go where a model without
a system role takes them, and the schema into the words where no field of the request takes it.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence

from ml_backend.llm.structured_output import StructuredOutputFallback, with_schema
from ml_backend.llm.system_role import SYSTEM_ROLES, without_system
from ml_backend.records import Connection, JsonObject
from ml_backend.records.abilities import JSON_OBJECT, TEXT

FOLDED = (
    "This model takes no system message: the rules stand in front of the first user message, "
    "as they are sent."
)


def as_sent(
    memory: MutableMapping[str, str],
    connection: Connection,
    model: str,
    messages: Sequence[JsonObject],
    schema: JsonObject | None,
) -> tuple[tuple[JsonObject, ...], str]:
    """Return the messages as this model is sent them, and what to know of that, "" for nothing."""
    known = StructuredOutputFallback(memory, connection)
    model = model or connection.default_model or connection.deployment
    sent = list(messages)
    in_words = known.is_known(model) and known.first(model) in (JSON_OBJECT, TEXT)
    if schema is not None and in_words:
        sent = with_schema(sent, schema)
    has_rules = any(each.get("role") in SYSTEM_ROLES for each in sent)
    if known.takes_system(model) or not has_rules:
        return tuple(sent), ""
    return tuple(without_system(sent)), FOLDED
