"""What `connections test` finds out of each preset's server, and what it leaves unknown."""

from __future__ import annotations

import pytest

from ml_backend.container import Container
from ml_backend.errors import BudgetReached, InvalidInput, ModelError
from ml_backend.llm import Request
from ml_backend.records import FAILED, AuditAction, Connection, ProviderName
from ml_backend.services.models.measuring import MOST_CALLS, expected_cost
from ml_backend.services.models.probes import limits_in
from ml_backend.simulator.presets import WAYS
from support import fake_litellm
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
    ("openrouter", "openai/gpt-6-luna"): ("json_schema", True, False, 1050000, None, None),
    ("openrouter", "meta-llama/llama-3.3-70b-instruct:free"): (
        "json_schema", False, False, 1050000, None, None
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
    [told] = container.store.audit.search(actions=(AuditAction.MODEL_MEASURED,))
    assert (told.kind, told.object_id, told.title) == ("connection", on.id, on.title)
    assert told.cost == pytest.approx(found.cost)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("provider", "path", "context", "limits"),
    [
        pytest.param(
            "Anthropic",
            "/anthropic",
            200_000,
            {
                "requests a minute": 1000,
                "tokens a minute": 96_000,
                "prompt tokens a minute": 80_000,
                "answer tokens a minute": 16_000,
            },
            id="Anthropic",
        ),
        pytest.param("Gemini", "", 1_048_576, None, id="Gemini documents no headers of limits"),
    ],
)
def test_what_vendors_tell_in_lists_and_headers_is_taken_up(
    container: Container,
    simulator,
    provider: str,
    path: str,
    context: int,
    limits: dict[str, int] | None,
) -> None:
    """Over each one's own wire, as its documentation has it."""
    on = container.store.connections.create(
        title=provider, api_key="sk-k", provider=provider, endpoint=f"{simulator.root}{path}",
        prices={"*": [1, 2]},
    )  # fmt: skip
    found = container.measuring.measure(on, "simulated")
    assert (found.context, found.limits) == (context, limits)
    known = container.store.abilities.of(on)["simulated"]
    assert known.context is not None
    assert known.context.value == context
    container.connection_checks.run(on, None)
    listed = container.store.abilities.of(on)["gpt-4o-mini"]
    assert listed.context is not None
    assert (listed.context.value, listed.context.source) == (context, "listed by the provider")
    assert listed.reasoning is not None
    assert listed.reasoning.value is True


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


@pytest.mark.slow
def test_a_measuring_that_fails_is_told_with_what_it_cost(container: Container, simulator) -> None:
    on = kept(container, simulator.url, "", deployment="simulated")
    simulator.control({"match": "word: ok"}, {"fault": "auth"})
    with pytest.raises(ModelError):
        container.measuring.measure(on, "simulated")
    [told] = container.store.audit.search(actions=(AuditAction.MODEL_MEASURED,))
    spent = container.store.spendings.since(on.id, "")
    assert (told.outcome, told.cost) == (FAILED, pytest.approx(spent.cost))
    assert told.cost > 0, "the word was paid for"


@pytest.mark.slow
def test_where_no_models_are_listed_the_named_one_is_measured(
    container: Container, simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = fake_litellm.install(monkeypatch)
    on = container.store.connections.create(
        title="Router", provider="LiteLLM", api_key="sk-k", endpoint=simulator.url
    )
    with pytest.raises(ModelError, match="no model is named"):
        container.measuring.measure(on)
    found = container.measuring.measure(on, "openrouter/simulated")
    assert (found.form, found.reasoning) == ("json_schema", None)
    assert found.calls == len(library.calls), "what its library asks is counted and heard"


@pytest.mark.parametrize(
    ("provider", "headers", "limits"),
    [
        pytest.param(
            "Anthropic",
            {
                "anthropic-ratelimit-requests-limit": "50",
                "anthropic-ratelimit-input-tokens-limit": "30000",
                "anthropic-ratelimit-output-tokens-limit": "8000",
                "anthropic-ratelimit-requests-remaining": "49",
            },
            {
                "requests a minute": 50,
                "prompt tokens a minute": 30000,
                "answer tokens a minute": 8000,
            },
            id="Anthropic",
        ),
        pytest.param(
            "AzureOpenAI",
            {"X-RateLimit-Limit-Requests": "100", "x-ratelimit-limit-tokens": "10000"},
            {"requests a minute": 100, "tokens a minute": 10000},
            id="Azure",
        ),
        pytest.param("OpenAI", {"x-ratelimit-limit-requests": "many"}, {}, id="no number"),
    ],
)
def test_limits_are_read_from_each_vendors_headers(
    provider: str, headers: dict[str, str], limits: dict[str, int]
) -> None:
    assert limits_in(Connection(None, "", ProviderName(provider)), [headers]) == limits


@pytest.mark.slow
def test_measuring_sends_a_key_to_no_other_vendor_than_the_one_it_is_of(
    container: Container, simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    litellm = fake_litellm.install(monkeypatch)
    router = container.store.connections.create(
        title="router",
        api_key="sk-router",
        provider="LiteLLM",
        endpoint=simulator.url,
        default_model="openrouter/simulated",
    )
    assert container.measuring.measure(router, "openrouter/simulated").calls
    asked = len(litellm.calls)
    with pytest.raises(ModelError, match="one of openrouter, and groq"):
        container.measuring.measure(router, "groq/simulated")
    version = Request("groq/simulated", [{"role": "user", "content": "?"}], {"type": "object"})
    with pytest.raises(ModelError, match="one of openrouter, and groq"):
        container.loop.run(container.models.open(router).complete(version))
    assert {each["model"] for each in litellm.calls[asked:]} <= {"openrouter/simulated"}
