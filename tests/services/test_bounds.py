"""A list that the engine of a local model cut at its bound is no answer: it is asked for again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.llm import Reply, Request
from ml_backend.records import Connection, Failure, Prediction, ProviderName, Task, Usage
from ml_backend.records.prompts import PromptVersion
from ml_backend.services.inference.predictor import Predictor, PredictorInputs
from ml_backend.services.models.single_flight import SingleFlight

CONFIG = LabelingConfig.parse("""<View><Text name="t" value="$text"/><Labels name="l" toName="t">
<Label value="P"/></Labels></View>""")
SPAN = {"quote": "Ada", "occurrence": 1, "label": "P"}
CUT = json.dumps({"l": [SPAN] * 50})
WHOLE = json.dumps({"l": [SPAN]})


class Guard:
    is_limited = False

    def bounded(self, limit: int) -> int:
        return limit

    def counted(self, usage: Usage, *_: Any) -> Usage:
        return usage

    async def reserve(self, *_: Any) -> None:
        return None

    def settle(self, *_: Any) -> None:
        return None


class Attachments:
    def bind(self, *_: Any) -> None:
        return None

    async def put_in(self, messages: Any, **_: Any) -> Any:
        return SimpleNamespace(messages=tuple(messages), tokens=0, pictures=())


class Model:
    """Answers with these texts, the last again and again; keeps what it was asked."""

    def __init__(self, *texts: str) -> None:
        self._texts: Iterator[str] = iter([*texts, *texts[-1:] * 5])
        self.asked: list[Request] = []

    async def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        return Reply(next(self._texts), Usage(), 0.0, 1, None, "json_schema", "m")


def outcome(provider: ProviderName, model: Model) -> Any:
    now = datetime.now(UTC)
    version = PromptVersion(1, 1, "V", "Find {text}", provider, "m", None, 1, {}, now, now)
    inputs: Any = SimpleNamespace(
        project=SimpleNamespace(id=1, created_at="2026-01-02T03:04:05.678901Z"),
        config=CONFIG,
        known=frozenset({"text"}),
        connection=Connection(1, "C", provider),
        model=model,
    )
    assert set(vars(inputs)) == set(PredictorInputs.__slots__)
    models: Any = SimpleNamespace(timeout=5, in_flight=SingleFlight())
    stubs: Any = (models, Attachments(), Guard())
    predictor = Predictor(inputs, version, *stubs)
    request = predictor.prepare(Task(1, {"text": "Ada met Bob"}))
    return asyncio.run(predictor.ask(request, {}, keep=lambda _: None))


def test_a_list_that_was_cut_is_asked_about_again() -> None:
    model = Model(CUT, WHOLE)
    made = outcome(ProviderName.LOCAL, model)
    assert isinstance(made, Prediction)
    assert made.answer == {"l": [SPAN]}
    assert len(model.asked) == 2
    assert "cut at 50 items" in model.asked[1].messages[-1]["content"]
    assert model.asked[0].schema["properties"]["l"]["maxItems"] == 50


def test_a_list_that_is_cut_again_and_again_is_a_failure() -> None:
    made = outcome(ProviderName.LOCAL, Model(CUT))
    assert isinstance(made, Failure)
    assert "cut at 50 items" in made.message


@pytest.mark.parametrize("provider", [ProviderName.CUSTOM, ProviderName.OPENAI])
def test_what_was_told_no_bound_was_not_cut(provider: ProviderName) -> None:
    model = Model(CUT)
    made = outcome(provider, model)
    assert isinstance(made, Prediction)
    assert len(model.asked) == 1
    assert "max" not in str(model.asked[0].schema)
