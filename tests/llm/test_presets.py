"""Servers by preset: what each refuses, through the door to models."""

from __future__ import annotations

import pytest

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm.presets import PRESETS, preset_of, price_table_at
from ml_backend.llm.prices import find_price
from ml_backend.records import FailureKind as Kind, ProviderName
from ml_backend.simulator.preset_refusals import SAID
from ml_backend.simulator.presets import WAYS
from support.models import ask, connection, question

STOP, FAIL, AGAIN = "stops the run", "fails the task", "is asked again"

REFUSALS = {
    "groq.json_validate_failed": ("is read all the same", None),
    "groq.rate_limit": (AGAIN, None),
    "groq.day_limit": (STOP, Kind.QUOTA),
    "groq.too_large": (FAIL, Kind.TOO_LONG),
    "groq.decommissioned": (STOP, Kind.MODEL_NOT_FOUND),
    "groq.model_not_found": (STOP, Kind.MODEL_NOT_FOUND),
    "groq.key": (STOP, Kind.AUTHENTICATION),
    "groq.capacity": (AGAIN, None),
    "groq.overloaded": (AGAIN, None),
    "mistral.capacity": (AGAIN, None),
    "mistral.rate_limit": (AGAIN, None),
    "mistral.model_not_found": (STOP, Kind.MODEL_NOT_FOUND),
    "mistral.too_long": (FAIL, Kind.TOO_LONG),
    "mistral.key": (STOP, Kind.AUTHENTICATION),
    "mistral.unavailable": (AGAIN, None),
    "deepseek.balance": (STOP, Kind.QUOTA),
    "deepseek.key": (STOP, Kind.AUTHENTICATION),
    "deepseek.model_not_found": (STOP, Kind.MODEL_NOT_FOUND),
    "deepseek.overloaded": (AGAIN, None),
    "deepseek.too_long": (FAIL, Kind.TOO_LONG),
    "deepseek.content": (FAIL, Kind.REFUSED),
    "openrouter.upstream": (AGAIN, None),
    "openrouter.upstream_busy": (AGAIN, None),
    "openrouter.free_minute": (AGAIN, None),
    "openrouter.free_day": (STOP, Kind.QUOTA),
    "openrouter.credits": (STOP, Kind.QUOTA),
    "openrouter.model_not_found": (STOP, Kind.MODEL_NOT_FOUND),
    "openrouter.no_endpoints": (STOP, Kind.MODEL_NOT_FOUND),
    "openrouter.moderated": (FAIL, Kind.REFUSED),
    "openrouter.key": (STOP, Kind.AUTHENTICATION),
    "openrouter.no_provider": (AGAIN, None),
    "together.model_not_found": (STOP, Kind.MODEL_NOT_FOUND),
    "together.too_long": (FAIL, Kind.TOO_LONG),
    "together.rate_limit": (AGAIN, None),
    "together.credits": (STOP, Kind.QUOTA),
    "together.key": (STOP, Kind.AUTHENTICATION),
    "together.overloaded": (AGAIN, None),
    "xai.key": (STOP, Kind.AUTHENTICATION),
    "xai.model_not_found": (STOP, Kind.MODEL_NOT_FOUND),
    "xai.credits": (STOP, Kind.QUOTA),
    "xai.rate_limit": (AGAIN, None),
    "fireworks.model_not_found": (STOP, Kind.MODEL_NOT_FOUND),
    "fireworks.suspended": (STOP, Kind.QUOTA),
    "fireworks.rate_limit": (AGAIN, None),
    "fireworks.key": (STOP, Kind.AUTHENTICATION),
    "ollama.model_not_found": (STOP, Kind.MODEL_NOT_FOUND),
    "ollama.memory": (STOP, Kind.MODEL_NOT_FOUND),
    "ollama.busy": (AGAIN, None),
    "ollama.runner": (AGAIN, None),
    "vllm.too_long": (FAIL, Kind.TOO_LONG),
    "vllm.max_model_len": (FAIL, Kind.TOO_LONG),
    "vllm.model_not_found": (STOP, Kind.MODEL_NOT_FOUND),
    "vllm.key": (STOP, Kind.AUTHENTICATION),
    "vllm.no_system": ("is asked without a system message", None),
    "vllm.engine": (AGAIN, None),
    "lmstudio.no_models_loaded": (STOP, Kind.MODEL_NOT_FOUND),
    "lmstudio.context": (FAIL, Kind.TOO_LONG),
    "lmstudio.crashed": (AGAIN, None),
    "lmstudio.endpoint": (STOP, Kind.BAD_REQUEST),
    "llamacpp.loading": (AGAIN, None),
    "llamacpp.context": (FAIL, Kind.TOO_LONG),
    "llamacpp.batch": (FAIL, Kind.TOO_LONG),
    "llamacpp.key": (STOP, Kind.AUTHENTICATION),
    "llamacpp.slots": (AGAIN, None),
}
FORMS = {
    ("groq", "openai/gpt-oss-20b"): "json_schema",
    ("groq", "llama-3.3-70b-versatile"): "tool",
    ("mistral", "pixtral-large-latest"): "json_schema",
    ("mistral", "mistral-small-latest"): "json_schema",
    ("deepseek", "deepseek-flash"): "json_object",
    ("deepseek", "deepseek-v4-pro"): "json_object",
    ("openrouter", "openai/gpt-6-luna"): "json_schema",
    ("openrouter", "meta-llama/llama-3.3-70b-instruct:free"): "json_schema",
    ("together", "openai/gpt-oss-20b"): "json_schema",
    ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"): "json_schema",
    ("xai", "grok-4.3"): "json_schema",
    ("fireworks", "accounts/fireworks/models/gpt-oss-20b"): "json_schema",
    ("ollama", "llama3.2-vision"): "json_schema",
    ("ollama", "gemma:2b"): "json_schema",
    ("vllm", "Qwen/Qwen3-VL-8B"): "json_schema",
    ("vllm", "Qwen/Qwen3-8B"): "json_schema",
    ("lmstudio", "qwen/qwen3-vl-8b"): "json_schema",
    ("lmstudio", "qwen/qwen3-8b"): "json_schema",
    ("llamacpp", "default"): "json_schema",
}
"""The form that each model's first answer came in."""


def test_every_preset_has_its_server_in_the_simulator():
    assert set(WAYS) == set(PRESETS)
    assert set(REFUSALS) == set(SAID)
    assert {(name, model) for name, way in WAYS.items() for model in way.models} == set(FORMS)


def outcome(simulator, fault, wanted):
    """What becomes of a task that meets a refusal, as told above."""
    preset = fault.partition(".")[0]
    told, model = wanted[0], WAYS[preset].models[0]
    once = {} if told in (STOP, FAIL) else {"times": 1}
    simulator.control({"fault": fault, **once}, preset=preset)
    try:
        reply = ask(connection(simulator.url), question(model=model))
    except RunStopper as error:
        return STOP, error.kind
    except ModelError as error:
        return FAIL, error.kind
    if told == "is asked without a system message":
        assert [each["role"] for each in simulator.last_request()["messages"]] == ["user"]
        return told, None
    # DeepSeek refuses a JSON schema besides, and a tool one insists on while it thinks.
    calls = 4 if preset == "deepseek" else 2
    return (told, None) if told != AGAIN or reply.calls == calls else ("calls", reply.calls)


@pytest.mark.slow
def test_what_each_server_refuses_has_its_cure(simulator):
    wrong = {}
    for fault, wanted in REFUSALS.items():
        found = outcome(simulator, fault, wanted)
        if found != wanted:
            wrong[fault] = found
    assert wrong == {}


@pytest.mark.slow
def test_good_answers_come_through_what_each_server_does_otherwise(simulator):
    wrong = {}
    for (preset, model), form in FORMS.items():
        simulator.control(preset=preset)
        asked = [
            question(text, model=model, parameters={"logprobs": True, "seed": 1})
            for text in ("one", "two", "three")
        ]
        first, *others = ask(connection(simulator.url, default_model=model), *asked)
        if first.form != form or any(each.calls != 1 for each in others):
            wrong[preset, model] = (first.form, [each.calls for each in others])
    assert wrong == {}


def test_xai_is_asked_without_what_it_refuses_under_other_names(simulator):
    simulator.control(preset="xai")
    asked = {"presence_penalty": 0.5, "frequency_penalty": 0.5, "stop": ["end"], "temperature": 1}
    reply = ask(connection(simulator.url), question(model="grok-4.3", parameters=asked))
    assert reply.calls == 4
    assert set(simulator.last_request()) & set(asked) == {"temperature"}


def test_deepseek_may_be_made_to_call_a_tool_where_it_does_not_think(simulator):
    simulator.control(preset="deepseek")
    asked = {"extra_body": {"thinking": {"type": "disabled"}}}
    reply = ask(connection(simulator.url), question(model="deepseek-flash", parameters=asked))
    assert (reply.form, reply.calls) == ("tool", 2)


def test_mistrals_thoughts_are_no_part_of_the_answer(simulator):
    simulator.control(preset="mistral")
    asked = {"reasoning_effort": "high"}
    reply = ask(connection(simulator.url), question(model="mistral-small-latest", parameters=asked))
    assert (reply.form, reply.calls, reply.text[:1]) == ("json_schema", 1, "{")
    assert "Let me see" not in reply.text


def test_ollama_cuts_a_long_prompt_without_a_word(simulator):
    # Nothing in the answer says so: the context is told by `connections test`.
    simulator.control(preset="ollama")
    text = "a word and another, " * 2000
    reply = ask(connection(simulator.url), question(text, model="llama3.2-vision"))
    assert (reply.calls, reply.usage.prompt_tokens) == (1, 4096)


def test_a_connection_is_known_by_its_preset_or_its_vendors_address():
    own = connection("http://gpu-box:9000/v1", details={"preset": "vllm"})
    assert preset_of(own) is PRESETS["vllm"]
    assert preset_of(connection("https://api.groq.com/openai/v1")) is PRESETS["groq"]
    for host in ("api.together.ai", "api.together.xyz"):
        assert preset_of(connection(f"https://{host}/v1")) is PRESETS["together"]
    assert preset_of(connection("http://localhost:11434/v1")) is None
    assert preset_of(connection("", provider=ProviderName.OPENAI)) is None


def test_a_vendors_prices_are_found_by_its_address():
    from genai_prices.data_snapshot import get_snapshot

    known = {each.id for each in get_snapshot().providers}
    hosted = [each for each in PRESETS.values() if each.price_table]
    assert {each.price_table for each in hosted} <= known
    found = {(each.name, price_table_at(f"https://{h}/v1")) for each in hosted for h in each.hosts}
    assert found == {(each.name, each.price_table) for each in hosted}
    assert price_table_at("https://gateway.example/v1") == ""
    assert price_table_at("http://localhost:11434/v1") == ""
    model = "Qwen/Qwen3.5-9B"
    assert find_price(connection("https://api.together.ai/v1"), model) is not None
    assert find_price(connection("https://gateway.example/v1"), model) is None
