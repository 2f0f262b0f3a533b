"""What models cost by the table that LiteLLM brings along; read as a file, without the library."""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeGuard

FILE = "model_prices_and_context_window_backup.json"
MILLION = 1_000_000
LIBRARY = "litellm"


CACHES = {"cached": "cache_read_input_token_cost", "cache_write": "cache_creation_input_token_cost"}


def dollars(vendor: str, model: str) -> dict[str, float] | None:
    """Return dollars per million tokens by what ``Price`` calls them; None where none are there.

    ``prompt`` and ``completion``, and those of the vendor's cache where the table has them.
    """
    table = _table()
    for name in (f"{vendor}/{model}", model):
        row = table.get(name)
        if isinstance(row, dict) and str(row.get("litellm_provider", "")).startswith(vendor):
            prompt, completion = row.get("input_cost_per_token"), row.get("output_cost_per_token")
            if _is_price(prompt) and _is_price(completion):
                caches = {each: row.get(its) for each, its in CACHES.items()}
                known = {each: found for each, found in caches.items() if _is_price(found)}
                priced = {"prompt": prompt, "completion": completion, **known}
                return {each: found * MILLION for each, found in priced.items()}
    return None


def source() -> str:
    """Return the table's name, with the release it came with."""
    try:
        return f"{LIBRARY} {version(LIBRARY)}"
    except PackageNotFoundError:
        return LIBRARY


@cache
def _table() -> dict[str, Any]:
    try:
        found = find_spec(LIBRARY)
    except ValueError:
        return {}
    if found is None or not found.origin:
        return {}
    path = Path(found.origin).with_name(FILE)
    if not path.is_file():
        return {}
    table = json.loads(path.read_bytes())
    return table if isinstance(table, dict) else {}


def _is_price(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
