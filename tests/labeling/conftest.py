from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ml_backend.labeling import Conversion, LabelingConfig

# What OpenAI's strict mode and the grammar engines of local servers all take.
ALLOWED = {"type", "properties", "required", "additionalProperties", "items", "enum"}


def _schemas(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for child in schema.get("properties", {}).values():
        yield from _schemas(child)
    if "items" in schema:
        yield from _schemas(schema["items"])


def _depth(schema: dict[str, Any]) -> int:
    inner = [
        *schema.get("properties", {}).values(),
        *([schema["items"]] if "items" in schema else []),
    ]
    return 1 + max(map(_depth, inner), default=0)


@pytest.fixture(scope="session")
def check_strict() -> Callable[[dict[str, Any]], None]:
    """Fails unless a schema is valid and within the rules of strict structured output.

    They are OpenAI's: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
    """

    def check(schema: dict[str, Any]) -> None:
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        assert _depth(schema) <= 10
        parts = list(_schemas(schema))
        names = [name for part in parts for name in part.get("properties", ())]
        choices = [value for part in parts for value in part.get("enum", ())]
        assert len(names) <= 5000
        assert len(choices) <= 1000
        assert sum(len(str(word)) for word in [*names, *choices]) <= 120_000
        for part in _schemas(schema):
            assert set(part) <= ALLOWED
            kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
            if "object" in kinds:
                assert part["additionalProperties"] is False
                assert part["required"] == list(part["properties"])
            if "enum" in part:
                lengths = [len(value) for value in part["enum"] if isinstance(value, str)]
                assert len(part["enum"]) <= 250 or sum(lengths) <= 15_000
                assert len(set(part["enum"])) == len(part["enum"]) > 0
                assert ("null" in kinds) == (None in part["enum"])

    return check


@pytest.fixture(scope="session")
def convert(
    check_strict: Callable[[dict[str, Any]], None],
) -> Callable[..., Conversion]:
    """Converts an answer and holds every good conversion to the promises all controls make."""

    def run(xml: str, answer: object, data: dict[str, Any] | None = None) -> Conversion:
        data = {"text": "some text"} if data is None else data
        config = LabelingConfig.parse(xml)
        check_strict(config.schema(data))
        made = config.to_conversion(answer, data)
        named = [(region["id"], region["from_name"]) for region in made.result if "id" in region]
        assert len(set(named)) == len(named)
        if not made.errors:
            assert config.check(made.result) == []
            said = config.to_answer(made.result, data)
            assert {k: v or None for k, v in said.items()} == {
                k: v or None for k, v in made.answer.items()
            }
            again = config.to_conversion(made.answer, data)
            assert (again.answer, bare(again)) == (made.answer, bare(made))
        return made

    return run


def bare(made: Conversion) -> list[dict[str, Any]]:
    """The regions without their ids, which are random."""
    return [{k: v for k, v in region.items() if k != "id"} for region in made.result]


@pytest.fixture(scope="session")
def without_ids() -> Callable[[Conversion], list[dict[str, Any]]]:
    return bare
