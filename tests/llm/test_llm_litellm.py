"""Vendors through LiteLLM: what its library is called with, who may ask whom, its errors."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm import ANYWHERE, Reach
from ml_backend.llm.prices import find_price
from ml_backend.llm.structured_output import StructuredOutputFallback
from ml_backend.llm.through_litellm import table
from ml_backend.llm.through_litellm.calls import ALONE, NOTHING, PASSED
from ml_backend.llm.through_litellm.rules import SERVERS, VENDORS, forms_anew
from ml_backend.records import Connection, FailureKind, ProviderName
from support import fake_litellm
from support.models import KEY, UNPAID, ask, connection, opened, question, run

LITELLM = ProviderName.LITELLM
OPERATORS = replace(ANYWHERE, environment=True)
MODEL = "openrouter/simulated"


@pytest.fixture
def litellm(monkeypatch: pytest.MonkeyPatch) -> Any:
    return fake_litellm.install(monkeypatch)


def on(url: str = "", **more: Any) -> Connection:
    return connection(url, provider=LITELLM, **more)


def asked(simulator, model: str = MODEL, **more: Any) -> Any:
    return question(model=model, **more)


def test_an_answer_in_each_form_with_what_it_took(simulator, litellm):
    for form, calls in (("json_schema", 1), ("tool", 2), ("json_object", 3), ("text", 4)):
        simulator.control(form=form)
        reply = ask(on(simulator.url), asked(simulator))
        assert (reply.form, reply.calls) == (form, calls)
        assert reply.usage.prompt_tokens > 0
        assert reply.usage.uncounted == 0
    simulator.reset()
    assert litellm.calls[-1]["model"] == MODEL


def test_pictures_go_along(simulator, litellm):
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "What?"}, picture]}]
    simulator.reset()
    assert ask(on(simulator.url), asked(simulator, messages=messages)).calls == 1
    assert simulator.stats()["images"] == 1


def test_nothing_but_what_is_known_becomes_an_argument(simulator, litellm):
    parameters = {
        "temperature": 0,
        "top_k": 3,
        "extra_body": {
            "api_base": "http://elsewhere",
            "api_key": "sk-other",
            "vertex_credentials": "/etc/passwd",
            "aws_profile_name": "default",
            "mock_response": "hello",
            "fallbacks": ["gpt-4o"],
            "custom_llm_provider": "ollama",
        },
        "user": "somebody",
    }
    ask(on(simulator.url), asked(simulator, parameters=parameters, limit=500))
    [given] = litellm.calls
    own = {"model", "api_key", "api_base", "timeout", "max_retries", "num_retries"}
    assert set(given) <= PASSED | own
    assert (given["top_k"], given["max_tokens"], given["user"]) == (3, 500, "somebody")
    assert (given["api_key"], given["api_base"]) == (KEY, simulator.url)
    # What may be tried again is ours to say, and how long it may take.
    assert (given["max_retries"], given["num_retries"], given["timeout"]) == (0, 0, 5.0)


def test_its_library_tells_nobody_and_asks_nobody_of_itself(simulator, litellm):
    ask(on(simulator.url), asked(simulator))
    assert {name: os.environ[name] for name in ALONE} == ALONE
    assert not litellm.telemetry
    assert [getattr(litellm, name) for name in NOTHING] == [[]] * len(NOTHING)


def test_the_address_of_another_connection_is_not_that_of_openai(litellm, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://gateway.internal/v1")
    litellm.raises = fake_litellm.NotFoundError("no such model")
    with pytest.raises(RunStopper):
        ask(on(), question(model="openai/gpt-6-luna"))
    assert litellm.calls[0]["api_base"] == "https://api.openai.com/v1"


@pytest.mark.parametrize(
    "model",
    [
        *("ollama/llama3", "vertex_ai/gemini-pro", "sagemaker/endpoint", "huggingface/org/model"),
        *("azure/gpt-4o", "oobabooga/x", "llamafile/x", "watsonx/x", "petals/x", "simulated"),
        *("openrouter/../../x", "groq/a//b", "groq/x?y=1", "groq/x#y", "bedrock/evil@host/x"),
        *("openrouter/", "/x", "", "custom_openai/x", "hosted_vllm/x"),
    ],
)
def test_what_reads_the_environment_or_leads_elsewhere_is_refused_before_any_call(litellm, model):
    with pytest.raises(ModelError) as caught:
        ask(on(), question(model=model))
    assert isinstance(caught.value, RunStopper)
    assert caught.value.fix
    assert litellm.calls == []


def test_a_vendor_of_the_list_wants_the_connections_own_key(litellm):
    for vendor in VENDORS:
        with pytest.raises(RunStopper, match="has none") as caught:
            ask(on(api_key=""), question(model=f"{vendor}/x"))
        assert caught.value.kind is FailureKind.AUTHENTICATION
    assert not set(VENDORS) & SERVERS
    assert litellm.calls == []


def test_where_the_operator_says_so_the_environment_opens_all(simulator, litellm):
    for model in ("ollama/llama3", "vertex_ai/gemini@001", "bedrock/simulated"):
        reply = ask(on(simulator.url, api_key=""), question(model=model), reach=OPERATORS)
        assert reply.calls == 1, model
        assert litellm.calls[-1]["api_key"] is None
    with pytest.raises(RunStopper):
        ask(on(simulator.url), question(model="vertex_ai/../x"), reach=OPERATORS)


def test_whose_connections_may_not_lead_anywhere_ask_nothing_through_it(litellm):
    with pytest.raises(RunStopper, match="chooses addresses by itself") as caught:
        ask(on(), question(model=MODEL), reach=Reach(private=False, tells=False))
    assert "PRIVATE_ENDPOINTS" in caught.value.fix
    assert litellm.calls == []


@pytest.mark.parametrize(
    "more",
    [
        {"api_key": "os.environ/SECRET_KEY"},
        {"api_key": " oidc/file//etc/passwd"},
        {"endpoint": "os.environ/DATABASE_URL"},
        {"deployment": "os.environ/HOME"},
    ],
)
def test_what_points_to_a_variable_or_file_is_no_key(litellm, more):
    values = {"endpoint": "", **more}
    with pytest.raises(RunStopper, match="points to a variable or file"):
        ask(on(values.pop("endpoint"), **values), question(model=MODEL), reach=OPERATORS)
    assert litellm.calls == []


def test_a_key_is_one_vendors_and_no_version_sends_it_to_another(simulator, litellm):
    ladder: dict[str, str] = {}
    assert ask(on(simulator.url), asked(simulator), ladder=ladder).calls == 1
    with pytest.raises(RunStopper, match="one of openrouter, and groq"):
        ask(on(simulator.url), asked(simulator, "groq/x"), ladder=ladder)
    with pytest.raises(RunStopper, match="one of openrouter, and groq"):
        ask(on(simulator.url), asked(simulator, "groq/x"), ladder=forms_anew(ladder))
    assert not StructuredOutputFallback(forms_anew(ladder), on(simulator.url)).is_known(
        asked(simulator).model
    )
    # Another key may be another vendor's.
    other = on(simulator.url, api_key="sk-another")
    assert ask(other, asked(simulator, "groq/x"), ladder=ladder).calls == 1


def test_a_connection_may_name_its_vendor(simulator, litellm):
    named, ladder = on(simulator.url, deployment="openrouter"), {}
    for model in ("meta/llama-3", "openrouter/meta/llama-3", "groq/x"):
        ask(named, asked(simulator, model), ladder=ladder)
        assert StructuredOutputFallback(ladder, named).is_known(model)
    assert [given["model"] for given in litellm.calls] == [
        "openrouter/meta/llama-3",
        "openrouter/meta/llama-3",
        "openrouter/groq/x",
    ]


REFUSALS = [
    ({"fault": "auth"}, RunStopper, FailureKind.AUTHENTICATION),
    ({"fault": "quota"}, RunStopper, FailureKind.QUOTA),
    ({"fault": "model_not_found"}, RunStopper, FailureKind.MODEL_NOT_FOUND),
    ({"fault": "too_long"}, ModelError, FailureKind.TOO_LONG),
    ({"fault": "refuse", "status": 400}, ModelError, FailureKind.REFUSED),
    ({"fault": "refuse"}, ModelError, FailureKind.REFUSED),
    ({"fault": "server_error"}, ModelError, FailureKind.SERVER_ERROR),
]


def test_its_errors_are_refusals_of_their_kind(simulator, litellm):
    for rule, kind, failure in REFUSALS:
        simulator.control(rule)
        with pytest.raises(kind) as caught:
            ask(on(simulator.url), asked(simulator))
        assert (type(caught.value), caught.value.kind) == (kind, failure), rule
        assert "litellm." not in str(caught.value)
        assert KEY not in f"{caught.value} {caught.value.raw}"
    simulator.control({"fault": "rate_limit", "retry_after": 0.01, "times": 2})
    assert ask(on(simulator.url), asked(simulator)).calls == 3
    simulator.reset()


OTHERS = [
    # As the real one raises them: of its classes, of others, of Python.
    (fake_litellm.Timeout("Timeout Error: too slow"), FailureKind.TIMEOUT),
    (fake_litellm.APIConnectionError("GroqException - cut off"), FailureKind.CONNECTION),
    (fake_litellm.ServiceUnavailableError("overloaded"), FailureKind.SERVER_ERROR),
    (ModuleNotFoundError("No module named 'boto3'"), FailureKind.BAD_REQUEST),
    (KeyError("choices"), FailureKind.SERVER_ERROR),
    (ValueError("no such thing"), FailureKind.SERVER_ERROR),
]


def test_whatever_it_raises_is_told_and_nothing_escapes(litellm):
    for raised, kind in OTHERS:
        litellm.raises = raised
        with pytest.raises(ModelError) as caught:
            ask(on(), question(model=MODEL))
        assert caught.value.kind is kind, raised


@pytest.mark.parametrize(
    "kind", [fake_litellm.APIConnectionError, fake_litellm.BadRequestError, fake_litellm.Timeout]
)
def test_a_key_that_an_error_quotes_is_told_to_nobody(litellm, kind):
    # Some vendors take their key in the address, which clients put into their errors.
    key = "AIza+canary/of=it"
    quoted = f"for url https://x.example/v1beta/models/m:generate?key={quote(key, safe='')} ({key})"
    litellm.raises = kind(f"VertexAIException - Client error {quoted}")
    with pytest.raises(ModelError) as caught:
        ask(on(api_key=key), question(model="gemini/m"))
    told = f"{caught.value} {caught.value.fix} {caught.value.raw}"
    assert "https://x.example" in told
    assert "canary" not in told


def test_parameters_a_vendor_has_not_are_left_out_from_then_on(simulator, litellm, monkeypatch):
    real = litellm.acompletion

    async def picky(**given: Any) -> Any:
        for name in ("seed", "response_format"):
            if name in given:
                said = f"openrouter does not support parameters: ['{name}'], for model=simulated."
                raise fake_litellm.UnsupportedParamsError(said)
        return await real(**given)

    monkeypatch.setattr(litellm, "acompletion", picky)
    reply = ask(on(simulator.url), asked(simulator, parameters={"seed": 1}))
    assert (reply.form, reply.calls) == ("tool", 3)


@pytest.mark.slow
def test_a_call_ends_by_our_clock(litellm, monkeypatch):
    async def slow(**_: Any) -> Any:
        await asyncio.sleep(30)

    monkeypatch.setattr(litellm, "acompletion", slow)
    with pytest.raises(ModelError) as caught:
        ask(on(), question(model=MODEL, timeout=0.02))
    assert caught.value.kind is FailureKind.TIMEOUT


def test_without_it_one_is_told_how_to_install_it(monkeypatch):
    fake_litellm.uninstall(monkeypatch)
    with pytest.raises(RunStopper, match="not installed") as caught:
        ask(on(), question(model=MODEL))
    assert "prompts-for-label-studio[litellm]" in caught.value.fix


def test_a_check_asks_a_word_of_the_default_model(simulator, litellm):
    async def work(default: str) -> list[str]:
        async with opened(on(simulator.url, default_model=default)) as model:
            return await model.check(UNPAID)

    assert run(work(MODEL)) == [MODEL]
    with pytest.raises(RunStopper, match="no model is named"):
        run(work(""))


def test_prices_are_the_vendors_and_of_its_own_table_last(tmp_path, litellm):
    litellm.__spec__.origin = str(tmp_path / "__init__.py")
    rows = {
        "openrouter/rare": {
            "litellm_provider": "openrouter",
            "input_cost_per_token": 2e-06,
            "output_cost_per_token": 4e-06,
            "cache_read_input_token_cost": 2e-07,
            "cache_creation_input_token_cost": "unknown",
        },
        "amazon.rare-v1:0": {
            "litellm_provider": "bedrock_converse",
            "input_cost_per_token": 1e-06,
            "output_cost_per_token": 3e-06,
        },
        "free": {"litellm_provider": "xai", "input_cost_per_token": None},
        "openai/none": "not a row",
    }
    (tmp_path / table.FILE).write_text(json.dumps(rows))
    table._table.cache_clear()
    found = find_price(on(), "openrouter/rare")
    assert found is not None
    assert (found.prompt, found.completion) == (pytest.approx(2), pytest.approx(4))
    assert (found.cached, found.cache_write) == (pytest.approx(0.2), None)
    assert found.source.startswith("litellm")
    there = on("https://bedrock-runtime.eu-central-1.amazonaws.com", deployment="bedrock")
    found = find_price(there, "amazon.rare-v1:0")
    assert found is not None
    assert found.completion == pytest.approx(3)
    vendors = find_price(on(), "groq/llama-3.1-8b-instant")
    assert vendors is not None
    assert "genai-prices" in vendors.source
    for model in ("xai/free", "openai/none", "groq/rare", "rare", ""):
        assert find_price(on(), model) is None, model
    # Elsewhere nobody knows what it costs, unless it was given.
    assert find_price(on("http://gateway:4000"), "openrouter/rare") is None
    given = on("http://gateway:4000", prices={"openrouter/rare": (1, 1)})
    assert find_price(given, "openrouter/rare") is not None
    table._table.cache_clear()
