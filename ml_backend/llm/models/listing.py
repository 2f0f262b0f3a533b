"""What a provider's own list of models tells of each, by the names that those who list give it.

OpenAI lists a day of shutdown, Mistral capabilities and deprecation, Groq, vLLM, Gemini and
Anthropic a context, OpenRouter nearly all. All of it is from outside: what is of another kind than
it should be is nothing told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from ml_backend.records.abilities import ModelAbilities, abilities_of

LISTED = "listed by the provider"
MOST_CONTEXT = 100_000_000
LONGEST = 200

_ROWS = ("data", "models")
CONTEXT_NAMES = (
    *("max_model_len", "loaded_context_length", "n_ctx", "context_length", "context_window"),
    *("max_context_length", "inputTokenLimit", "input_token_limit", "max_input_tokens"),
)
"""What lists of models call a context, as the server has it now first. What a model was trained
with, which llama.cpp tells, says nothing of what it is served with."""
_RETIRES = ("shutdown_date", "deprecation", "retirement_date", "expiration_date")
_ABLE = {
    "images": ("vision", "image_input", "images"),
    "pdfs": ("pdf_input", "pdf"),
    "reasoning": ("reasoning", "thinking"),
}
_TAKEN = {"images": frozenset({"image"}), "pdfs": frozenset({"file", "pdf"})}


def listed_facts(listing: object, today: str) -> Iterator[tuple[str, ModelAbilities]]:
    """Yield models by name with what a list tells of them, where it tells anything."""
    rows: Any = listing
    if isinstance(listing, Mapping):
        rows = next((listing[name] for name in _ROWS if isinstance(listing.get(name), list)), None)
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, Mapping):
            continue
        name = row.get("id") or row.get("name")
        facts = _facts(row, today)
        if isinstance(name, str) and _is_text(name) and facts != ModelAbilities():
            yield name.removeprefix("models/"), facts


def _facts(row: Mapping[str, Any], today: str) -> ModelAbilities:
    able, takes = row.get("capabilities"), _modalities(row)
    values: dict[str, Any] = {
        "context": next((row[name] for name in CONTEXT_NAMES if is_context(row.get(name))), None),
        "retires": next((day for day in map(_day, map(row.get, _RETIRES)) if day), None),
        "replacement": row.get("deprecation_replacement_model"),
        "deprecated": row.get("deprecated"),
    }
    for name, words in _ABLE.items():
        said = [_flag(able.get(word)) for word in words] if isinstance(able, Mapping) else []
        said += [_flag(row.get(words[-1]))] if name == "reasoning" else []
        values[name] = next((each for each in said if each is not None), None)
        if values[name] is None and takes and name in _TAKEN:
            values[name] = bool(takes & _TAKEN[name])
    parameters = row.get("supported_parameters")
    known = parameters if isinstance(parameters, list) else []
    named = {each for each in known if isinstance(each, str)}
    values["logprobs"] = True if "logprobs" in named else None
    is_able = isinstance(able, Mapping) and _flag(able.get("structured_outputs"))
    values["form"] = "json_schema" if is_able or "structured_outputs" in named else None
    if values["reasoning"] is None and "reasoning" in named:
        values["reasoning"] = True
    return abilities_of(
        {
            name: {"value": value, "source": LISTED, "dated": today}
            for name, value in values.items()
            if value is not None and (not isinstance(value, str) or _is_text(value))
        }
    )


def _is_text(text: str) -> bool:
    """Whether it is one short line of characters that a database keeps."""
    return len(text) <= LONGEST and text.isprintable()


def _modalities(row: Mapping[str, Any]) -> frozenset[str]:
    inside = row.get("architecture")
    for place in (row, inside if isinstance(inside, Mapping) else {}):
        found = place.get("input_modalities")
        if isinstance(found, list):
            return frozenset(each for each in found if isinstance(each, str))
    return frozenset()


def _flag(value: object) -> bool | None:
    if isinstance(value, Mapping):
        value = value.get("supported")
    return value if isinstance(value, bool) else None


def is_context(value: object) -> TypeGuard[int]:
    """Return whether a number that somebody tells can be a context in tokens."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_CONTEXT


def _day(value: object) -> str | None:
    """The ISO date of a day or a time; what is none is left out later."""
    return value[:10] if isinstance(value, str) and len(value) >= 10 else None
