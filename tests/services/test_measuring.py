"""What `connections test` finds out of each preset's server, and what it leaves unknown."""

from __future__ import annotations

import pytest

from ml_backend.container import Container
from ml_backend.errors import BudgetReached, InvalidInput
from ml_backend.records import Connection
from ml_backend.services.models.measuring import MOST_CALLS, expected_cost
from ml_backend.simulator.presets import WAYS
from support.house import House

WANTED = {
    # preset, model: form, images, log-probabilities, context, thoughts, limits
    ("groq", "openai/gpt-oss-20b"): (
        "json_schema", False, False, 131072, 12, {"requests a day": 14400, "tokens a minute": 6000}
    ),
    ("groq", "llama-3.3-70b-versatile"): (
        "tool", False, False, 131072, None, {"requests a day": 14400, "tokens a minute": 6000}
    ),
    ("mistral", "pixtral-large-latest"): (
        "json_schema", True, False, 131072, None,
        {"requests a minute": 60, "tokens a minute": 500000},
    ),
    ("deepseek", "deepseek-flash"): ("json_object", True, True, None, 12, None),
    ("deepseek", "deepseek-v4-pro"): ("json_object", False, True, None, 12, None),
    ("openrouter", "openai/gpt-5-mini"): ("json_schema", True, False, 400000, None, None),
    ("openrouter", "meta-llama/llama-3.3-70b-instruct:free"): (
        "json_schema", False, False, 400000, None, None
    ),
    ("together", "openai/gpt-oss-20b"): (
        "json_schema", None, False, 131072, 12, {"requests a second": 10, "tokens a second": 3000}
    ),
    ("xai", "grok-4.3"): ("json_schema", None, True, None, None, None),
    ("fireworks", "accounts/fireworks/models/gpt-oss-20b"): (
        "json_schema", None, True, 131072, None, None
    ),
    ("ollama", "llama3.2-vision"): ("json_schema", True, False, 4096, None, None),
    ("ollama", "gemma:2b"): ("json_schema", False, False, 4096, None, None),
    ("vllm", "Qwen/Qwen3-VL-8B"): ("json_schema", True, True, 4096, None, None),
    ("vllm", "Qwen/Qwen3-8B"): ("json_schema", False, True, 4096, None, None),
    ("lmstudio", "qwen/qwen3-vl-8b"): ("json_schema", True, False, 8192, None, None),
    ("llamacpp", "default"): ("json_schema", False, True, 4096, None, None),
}  # fmt: skip


@pytest.fixture
def container(served: House) -> Container:
    return served.container


def kept(container: Container, url: str, preset: str, **more: object) -> Connection:
    columns = {"details": {"preset": preset}, "prices": {"*": [1, 2]}, **more}
    title = f"{preset} {len(container.store.connections.all())}"
    return container.store.connections.create(
        title=title, api_key="sk-k", provider="Custom", endpoint=url, **columns
    )


@pytest.mark.slow
def test_each_servers_test_says_what_it_can(container: Container, simulator) -> None:
    wrong = {}
    for (preset, model), wanted in WANTED.items():
        simulator.reset()
        simulator.control(preset=preset)
        on = kept(container, simulator.url, preset, default_model=model)
        found = container.measuring.measure(on)
        said = (
            *(found.form, found.images, found.logprobs, found.context),
            *(found.reasoning_tokens, found.limits),
        )
        calls = simulator.stats()["calls"]
        if said != wanted or found.calls != calls or calls > MOST_CALLS or not found.cost:
            wrong[preset, model] = (said, found.calls, calls, found.cost, found.remarks)
    assert wrong == {}


@pytest.mark.slow
def test_what_was_measured_is_kept_and_counted(container: Container, simulator) -> None:
    simulator.control(preset="vllm")
    model = WAYS["vllm"].models[0]
    on = kept(container, simulator.url, "vllm", default_model=model)
    found = container.measuring.measure(on)
    known = container.store.abilities.of(on)[model]
    assert known.context is not None
    assert (known.context.value, known.images.value, known.logprobs.value) == (4096, True, True)
    spent = container.store.spendings.since(on.id, "")
    assert spent.cost == pytest.approx(found.cost)
    assert expected_cost(on) == pytest.approx(0.0052)


@pytest.mark.slow
def test_what_cannot_be_told_is_no_guess(container: Container, simulator) -> None:
    simulator.control({"match": "colour", "answer": {"colour": "blue"}})
    found = container.measuring.measure(kept(container, simulator.url, ""), "simulated")
    assert (found.images, found.context, found.limits, found.reasoning) == (None, None, None, None)
    assert "'red' is right" in found.remarks[0]
    simulator.control({"match": "colour", "fault": "server_error"})
    found = container.measuring.measure(kept(container, simulator.url, ""), "simulated")
    assert found.images is None
    assert found.remarks[0].startswith("Pictures: The server at ")


@pytest.mark.slow
def test_a_model_must_be_named_and_a_budget_is_kept(container: Container, simulator) -> None:
    with pytest.raises(InvalidInput, match="names no model") as caught:
        container.measuring.measure(kept(container, simulator.url, ""))
    assert "simulated, gpt-4o-mini" in caught.value.fix
    calls = simulator.stats()["calls"]
    poor = kept(container, simulator.url, "", budget_limit=0.000001)
    with pytest.raises(BudgetReached):
        container.measuring.measure(poor, "simulated")
    assert simulator.stats()["calls"] == calls
