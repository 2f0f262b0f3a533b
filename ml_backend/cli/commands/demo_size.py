"""How large a demo is, and who answers it: a provider, nobody, or a small model on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_backend import demo as data
from ml_backend.llm.local import model_file
from ml_backend.records import Connection, ProviderName

LOCAL = "local"
LOCAL_MESSAGES, LOCAL_ANNOTATED, LOCAL_SAMPLE = 24, 10, 4
"""A minute's work or two for a small model on one core."""
OF_PROVIDERS = (
    *("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"),
    *("OPENAI_PRICE", "OPENAI_BUDGET"),
)


@dataclass(frozen=True, slots=True)
class DemoSize:
    """The messages of a demo, what is asked of them, and the settings of its model."""

    config: str
    prompt: str
    tasks: list[dict[str, Any]]
    sample: int
    environment: Mapping[str, str]

    @property
    def annotated(self) -> int:
        return sum("ground_truth" in task for task in self.tasks)


def size_of(model: str | None) -> DemoSize:
    """Return the demo for a kind of model; raises InvalidInput where a local one is missing."""
    own = dict(os.environ.items())
    if model is None:
        return DemoSize(data.config(), data.prompt(), data.tasks(), 20, own)
    fields = model_file.local_model(model_file.SMALL, threads=0, slots=1, context=4_096)
    model_file.of_connection(Connection(None, "", ProviderName.LOCAL, **fields), tells_place=True)
    return DemoSize(
        data.small_config(),
        data.small_prompt(),
        _first(LOCAL_MESSAGES, LOCAL_ANNOTATED),
        LOCAL_SAMPLE,
        {
            **{name: each for name, each in own.items() if name not in OF_PROVIDERS},
            "LOCAL_MODEL": model_file.SMALL,
            "LOCAL_CONTEXT": "4096",
        },
    )


def _first(count: int, annotated: int) -> list[dict[str, Any]]:
    """Return the first messages, so many of them with what people said."""
    kept = [task for task in data.tasks() if "ground_truth" in task][:annotated]
    rest = [task for task in data.tasks() if "ground_truth" not in task]
    return [*kept, *rest[: count - len(kept)]]
