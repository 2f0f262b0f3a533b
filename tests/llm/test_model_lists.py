"""What providers' own lists of models tell, in the shapes of those who document theirs."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from ml_backend.llm import Gate, Lists, Opening
from ml_backend.llm.chat import ChatModel
from ml_backend.llm.dialects.anthropic import Messages
from ml_backend.llm.models.listing import LISTED, listed_facts
from ml_backend.llm.wire import CallFailed, ChatCompletions, Dialect, Place, Wire
from ml_backend.llm.wire.calls import MOST_PAGES
from ml_backend.llm.wire.troubles import Received
from ml_backend.records.abilities import NAMES, ModelAbilities
from support.models import FAST, UNPAID, connection, run

TODAY = "2026-11-30"


def told(listing: Any) -> dict[str, dict[str, Any]]:
    return {
        name: {
            each: fact.value for each in NAMES if (fact := getattr(facts, each)) is not None
        }
        for name, facts in listed_facts(listing, TODAY)
    }  # fmt: skip


def test_lists_of_those_who_document_theirs() -> None:
    openai_row = {"id": "gpt-4o", "object": "model", "shutdown_date": "2027-01-14"}
    mistral = {
        "id": "mistral-medium-2505",
        "capabilities": {"completion_chat": True, "vision": True},
        "max_context_length": 131072,
        "deprecation": "2026-08-31T12:00:00Z",
        "deprecation_replacement_model": "mistral-medium-3-5",
    }
    openrouter = {
        "id": "a/b",
        "context_length": 262144,
        "architecture": {"input_modalities": ["text", "image", "file"]},
        "supported_parameters": ["logprobs", "reasoning", "structured_outputs", "top_k"],
    }
    table: list[tuple[Any, dict[str, Any]]] = [
        ({"data": [openai_row]}, {"gpt-4o": {"retires": "2027-01-14"}}),
        ({"data": [{"id": "gpt-6-luna", "shutdown_date": None}]}, {}),
        (
            {"data": [mistral]},
            {
                "mistral-medium-2505": {
                    "context": 131072,
                    "images": True,
                    "retires": "2026-08-31",
                    "replacement": "mistral-medium-3-5",
                }
            },
        ),
        ({"data": [{"id": "g", "context_window": 131072}]}, {"g": {"context": 131072}}),
        ({"data": [{"id": "v", "max_model_len": 4096}]}, {"v": {"context": 4096}}),
        (
            {"data": [openrouter]},
            {
                "a/b": {
                    "context": 262144,
                    "images": True,
                    "pdfs": True,
                    "reasoning": True,
                    "logprobs": True,
                    "form": "json_schema",
                }
            },
        ),
        (
            {"data": [{"id": "t", "input_modalities": ["text"]}]},
            {"t": {"images": False, "pdfs": False}},
        ),
        (
            {"models": [{"name": "models/gemini-x", "inputTokenLimit": 1048576, "thinking": True}]},
            {"gemini-x": {"context": 1048576, "reasoning": True}},
        ),
        (
            {
                "data": [
                    {
                        "id": "claude-x",
                        "max_input_tokens": 200000,
                        "capabilities": {
                            "image_input": {"supported": True},
                            "pdf_input": {"supported": False},
                            "thinking": {"supported": True, "types": {}},
                            "structured_outputs": {"supported": True},
                        },
                    }
                ]
            },
            {
                "claude-x": {
                    "context": 200000,
                    "images": True,
                    "pdfs": False,
                    "reasoning": True,
                    "form": "json_schema",
                }
            },
        ),
    ]
    assert [(listing, told(listing)) for listing, want in table if told(listing) != want] == []


def test_what_a_list_cannot_mean_is_nothing() -> None:
    odd: list[Any] = [
        None, 7, "models", [], {}, {"data": None}, {"data": {"id": "a"}}, {"data": [None, 3, "a"]},
        *({"data": [{"id": each, "context_length": 5}]} for each in (None, ["a"], 3, "")),
        *({"data": [{"id": "a", "context_length": x}]} for x in ("many", True, -5, 0, 10**30)),
        {"data": [{"id": "a", "shutdown_date": "soon enough, you see"}]},
        {"data": [{"id": "a", "shutdown_date": 1794700800}]},
        {"data": [{"id": "a", "capabilities": {"vision": "yes"}}]},
        {"data": [{"id": "a", "capabilities": ["vision"]}]},
        {"data": [{"id": "a", "supported_parameters": {"logprobs": 1}}]},
        {"data": [{"id": "a", "supported_parameters": [["logprobs"]]}]},
        {"data": [{"id": "a", "input_modalities": [3, None]}]},
        {"data": [{"id": "a", "deprecation_replacement_model": "x" * 5000}]},
        {"data": [{"id": "x" * 500, "context_length": 5}]},
    ]  # fmt: skip
    assert [each for each in odd if told(each)] == []


class ListingWire(Wire):
    """A wire at whose other end is a list of models."""

    async def _send(self, method: str, url: str, content: bytes | None = None) -> Received:
        rows = [{"id": "gpt-4o", "shutdown_date": "2027-01-14"}, {"id": "gpt-6-luna"}]
        return Received(200, {}, json.dumps({"data": rows}).encode())


def test_a_check_reads_the_list_it_is_shown() -> None:
    client = openai.AsyncOpenAI(api_key="k", base_url="http://model.invalid/v1")
    wire = ListingWire(Place.of(client), Gate(1))
    on = connection("http://model.invalid/v1")
    model = ChatModel(on, wire, Opening(Gate(1), 5, {}, FAST))
    assert isinstance(model, Lists)
    assert model.listed == {}
    assert run(model.check(UNPAID)) == ["gpt-4o", "gpt-6-luna"]
    assert set(model.listed) == {"gpt-4o"}
    [fact] = [model.listed["gpt-4o"].retires]
    assert fact is not None
    assert (fact.value, fact.source) == ("2027-01-14", LISTED)
    assert model.listed["gpt-4o"] != ModelAbilities()


class HostileWire(Wire):
    """A wire at whose other end lists go on and on."""

    def __init__(self, place: Place, dialect: Dialect, *pages: Any) -> None:
        super().__init__(place, Gate(1), dialect=dialect)
        self.pages = list(pages)
        self.asked: list[str] = []

    async def _send(self, method: str, url: str, content: bytes | None = None) -> Received:
        self.asked.append(url)
        page = self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]
        return Received(200, {}, json.dumps(page).encode())


PLACE = Place("https://model.invalid/v1/")


def page_of(*names: str, after: str, **more: Any) -> dict[str, Any]:
    return {"data": [{"id": each, **more} for each in names], "has_more": True, "last_id": after}


def test_a_list_that_never_ends_ends_and_nothing_of_it_is_kept_twice() -> None:
    wire = HostileWire(PLACE, Messages(), page_of("a", after="a"))
    assert run(wire.models(5)) == ["a"] * MOST_PAGES
    kept = dict(wire._urls)
    for last in ("\ud800", "x" * 1_000_000):
        wire = HostileWire(PLACE, Messages(), page_of("a", after=last), {"data": []})
        assert run(wire.models(5)) == ["a"]
        assert max(map(len, wire.asked)) < 5_000
    assert wire._urls == kept == {}
    long = page_of(*(f"{number}{'x' * 250}" for number in range(9_000)), after="a")
    wire = HostileWire(PLACE, Messages(), {**long, "data": long["data"][:1]}, long, long, long)
    with pytest.raises(CallFailed, match="longer than 4 MB"):
        run(wire.models(5))
    assert len(wire.asked) == 3


def test_what_a_list_told_is_forgotten_with_the_next_one() -> None:
    pages = [{"data": [{"id": f"m{n}", "context_length": 5}]} for n in range(3)]
    wire = HostileWire(PLACE, ChatCompletions(), *pages)
    told = wire.listed
    for number in range(3):
        assert run(wire.models(5)) == [f"m{number}"]
        assert set(told) == {f"m{number}"}


def test_names_in_a_list_can_be_shown_and_kept() -> None:
    odd = ("a\0b", "\ud800", "a\x1b[31m\nb", "<b>")
    rows = [{"id": each, "context_length": 5} for each in odd]
    rows.append({"id": "fine", "context_length": 5, "deprecation_replacement_model": "\ud800"})
    wire = HostileWire(PLACE, ChatCompletions(), {"data": rows})
    assert run(wire.models(5)) == ["a?b", "?", "a?[31m?b", "<b>", "fine"]
    assert set(wire.listed) == {"<b>", "fine"}
    assert wire.listed["fine"].replacement is None
