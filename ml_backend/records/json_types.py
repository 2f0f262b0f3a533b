"""JSON as it comes and goes: what has no fields of ours."""

from __future__ import annotations

from typing import Any

JsonObject = dict[str, Any]
Region = dict[str, Any]
