"""The limit of an answer's tokens: made for what is asked, with room for thoughts, never above."""

from __future__ import annotations

import json
import random
from itertools import product

import pytest

from ml_backend.errors import CutOff
from ml_backend.prompting.completion_limit import (
    MOST,
    THINKING,
    More,
    given_limit,
    limit_of,
    runs_on,
    thinks,
)
from ml_backend.records import ProviderName
from ml_backend.settings import DEFAULT_MODEL
from support.tables import each_row

CUSTOM, OPENAI = ProviderName.CUSTOM, ProviderName.OPENAI


@each_row(
    "model",
    [
        "o1", "o3-mini", "openai/o4-mini", "gpt-5", "gpt-5-mini-2025-08-07", "gpt-5.1",
        "gpt-6-luna", "openai/gpt-6.1-terra",
        "gpt-oss:20b", "openai/gpt-oss-120b", "deepseek-reasoner", "deepseek-flash",
        "deepseek-v4-pro",
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
        "deepseek-r1:8b", "Qwen/QwQ-32B", "Qwen/Qwen3-8B", "qwen3:4b", "qwen3-vl-8b-thinking",
        "mistralai/Magistral-Small-2506", "microsoft/Phi-4-mini-reasoning", "grok-3-mini", "grok-4",
        "gemini-2.5-pro", "google/gemini-3-flash", "gemini-4-argon", "zai-org/GLM-4.5-Air",
        "moonshotai/kimi-k2-thinking", "HuggingFaceTB/SmolLM3-3B", "nvidia/Llama-3.1-Nemotron-70B",
    ],
)  # fmt: skip
def test_models_that_think_are_known_by_name(model: str) -> None:
    assert thinks(model)


@each_row(
    "model",
    [
        "gpt-4o-mini", "gpt-5-chat-latest", "gpt-6-chat", "gpt-4.1", "llama3.2",
        "SmolLM2-135M-Instruct", "phi-4",
        "Qwen/Qwen3-30B-A3B-Instruct-2507", "qwen3-coder:30b", "qwen2.5:7b", "mistral-small",
        "gemma3:4b", "grok-4-fast-non-reasoning", "claude-sonnet-4", "deepseek-chat",
        "deepseek-v3.2", "foo1", "",
    ],
)  # fmt: skip
def test_models_that_answer_at_once_are_not_taken_for_thinkers(model: str) -> None:
    assert not thinks(model)


def test_a_plain_model_gets_what_the_answer_takes_and_no_more() -> None:
    limit = limit_of(90, CUSTOM, "llama3.2", {})
    assert (limit.tokens, limit.ours, limit.words) == (96, 96, "at most 96 tokens")


def test_room_for_thoughts_comes_on_top() -> None:
    limit = limit_of(90, CUSTOM, "qwen3:4b", {})
    assert limit.tokens == 96 + THINKING
    assert "16,384 of them for thinking" in limit.words


def test_where_a_limit_counts_against_the_minute_a_thinker_gets_none() -> None:
    limit = limit_of(90, OPENAI, DEFAULT_MODEL, {})
    assert (limit.tokens, limit.ours) == (0, 0)
    assert "no limit is sent" in limit.words
    assert limit_of(90, OPENAI, "gpt-4o-mini", {}).ours == 96


@each_row(
    ("parameters", "room"),
    [
        ({"reasoning_effort": "none"}, 0),
        ({"reasoning_effort": "low"}, 8_192),
        ({"reasoning_effort": "high"}, 32_768),
        ({"chat_template_kwargs": {"enable_thinking": False}}, 0),
        ({"chat_template_kwargs": {"thinking": True}}, THINKING),
        ({"extra_body": {"think": False}}, 0),
        ({"extra_body": {"reasoning": {"effort": "high"}}}, 32_768),
        ({"extra_body": {"reasoning": {"max_tokens": 700}}}, 700),
        ({"extra_body": {"thinking": {"type": "enabled", "budget_tokens": 900}}}, 900),
        ({"extra_body": {"thinking": {"type": "disabled"}}}, 0),
    ],
)
def test_what_a_version_says_of_thinking_goes_before_the_models_name(parameters, room) -> None:
    for model in ("qwen3:4b", "llama3.2"):
        assert limit_of(96, CUSTOM, model, parameters).thinking == room


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_tokens": 7},
        {"max_completion_tokens": 7},
        {"extra_body": {"max_new_tokens": 7}},
        {"extra_body": {"n_predict": 7}},
        {"extra_body": {"options": {"num_predict": 7}}},
    ],
)
def test_the_versions_own_limit_wins_by_whichever_name(parameters) -> None:
    limit = limit_of(96, CUSTOM, "qwen3:4b", parameters)
    assert given_limit(parameters) == 7
    assert (limit.tokens, limit.ours) == (7, 0)
    assert "as this version says" in limit.words


def test_the_largest_answer_is_bounded_and_a_wider_limit_too() -> None:
    limit = limit_of(10**9, CUSTOM, "llama3.2", {})
    assert limit.tokens == MOST
    for more in (More.FOR_THE_ANSWER, More.FOR_WORDS_BEFORE):
        assert limit.wider(limit.ours, more) == 2 * MOST


@pytest.mark.parametrize(
    ("cut", "tokens"),
    [
        (CutOff("", ""), 0),
        (CutOff("The customer writes", "of money", is_thought=True), 0),
        (CutOff("Let me see. The customer", "Let me see. The customer"), 96 * 4 + 2_048),
        (CutOff('{"topic": "Bil', '{"topic": "Bil'), 192),
        (CutOff('```json\n{"topic": "Bil', '"Bil'), 192),
    ],
)
def test_a_cut_off_answer_gets_more_room_by_whether_it_had_begun(cut: CutOff, tokens: int) -> None:
    limit = limit_of(96, CUSTOM, "llama3.2", {})
    assert limit.wider(limit.ours, limit.lacked(cut)) == tokens


@each_row("budget", [0, 4_096])
@each_row("model", ["gpt-5", "qwen3:4b", "gpt-4o-mini", "my-deployment", ""])
@each_row("provider", [CUSTOM, OPENAI, ProviderName.AZURE_OPENAI])
def test_nothing_is_asked_again_with_less_than_before(provider, model, budget) -> None:
    for effort, room, more in product(
        ({}, {"reasoning_effort": "none"}, {"reasoning_effort": "xhigh"}),
        (1, 96, 3_000, 10**9),
        (More.FOR_THE_ANSWER, More.FOR_WORDS_BEFORE, More.FOR_THOUGHTS),
    ):
        limit = limit_of(room, provider, model, effort)
        sent = min(limit.ours or budget, budget) if budget else limit.ours
        wider = limit.wider(sent, more, must_be_bounded=bool(budget))
        assert wider >= 2 * sent if budget or wider else not budget


def test_a_model_that_was_left_alone_is_left_alone() -> None:
    limit = limit_of(96, OPENAI, "gpt-5", {})
    assert [limit.wider(0, more) for more in More] == [0] * len(More)


@each_row(
    "cut",
    [
        '{"spans": [' + '{"quote": "battery", "occurrence": 1, "label": "Part"}, ' * 20,
        "I think it is positive. Or negative? Let me think again. " * 12,
        "".join(f"Step {n}: compare the sides anew. " for n in range(40)) * 3,
        '{"summary": "' + "да " * 200,
        '{"summary": "' + "好" * 200 + "\ufffd",
        '{"topic":' + "\n" * 300,
        '{"spans": [' + '{"quote": "a", "occurrence": 1}, ' * 9 + '{"quote": "a", "occ',
        " " * 500,
    ],
)
def test_what_says_the_same_again_and_again_gets_no_second_try(cut: str) -> None:
    limit = limit_of(96, CUSTOM, "llama3.2", {})
    assert limit.lacked(CutOff(cut[:200], cut[-4_000:])) is More.NOTHING


WORDS = ("battery", "refund", "Berlin", "Anna", "café", "東京", "возврат", "delay")


def names(seed: int, indent: int | None, ending: int) -> str:
    """A list such as a model writes of a long text: the same few labels, words of all kinds."""
    chance = random.Random(seed)
    spans = [
        {
            "quote": f"{chance.choice(WORDS)} {chance.choice(WORDS)}"[: chance.randint(3, 20)],
            "occurrence": 1,
            "label": chance.choice(["Person", "Organisation", "Place"]),
        }
        for _ in range(chance.randint(8, 60))
    ]
    return json.dumps({"spans": spans}, indent=indent, ensure_ascii=False)[: -1 - ending]


@pytest.mark.parametrize("indent", [None, 2, 8])
@pytest.mark.slow
def test_a_list_of_different_things_is_not_taken_for_running_on(indent: int | None) -> None:
    cuts = [names(seed, indent, ending=seed % 90) for seed in range(150)]
    assert [cut for cut in cuts if runs_on(cut)] == []


def test_what_ends_well_had_no_loop_before_its_end() -> None:
    assert not runs_on(
        "no no no " * 40 + "but then it says what nobody has said before. " + "x" * 9
    )
