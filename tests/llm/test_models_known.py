"""What is known of a model: who is believed, whose it is, and when it is retired."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ml_backend.llm import facts_of
from ml_backend.llm.models.catalogue import known_model, names_of
from ml_backend.llm.models.kept import documented, kept_abilities
from ml_backend.llm.models.retiring import retirement_said
from ml_backend.llm.models.saying import short_words
from ml_backend.llm.models.tables.families import FAMILIES
from ml_backend.llm.models.tables.retirements import RETIREMENTS
from ml_backend.llm.models.vendors import named
from ml_backend.llm.presets import PRESETS
from ml_backend.llm.prices import find_price
from ml_backend.records import ProviderName
from ml_backend.records.abilities import (
    NAMES,
    Fact,
    ModelAbilities,
    abilities_json,
    abilities_of,
    is_day,
    measured,
    merged,
)
from ml_backend.settings import DEFAULT_MODEL
from support.models import connection

OPENAI: dict[str, Any] = {"provider": ProviderName.OPENAI}


def on(provider: str, endpoint: str = "", **more: Any) -> Any:
    return connection(endpoint, provider=ProviderName(provider), **more)


def test_whose_a_model_is_follows_from_where_it_is_asked() -> None:
    table = [
        (on("OpenAI"), "gpt-5", ("openai", "gpt-5")),
        (on("OpenAI", "https://api.openai.com/v1"), "gpt-5", ("openai", "gpt-5")),
        (on("OpenAI", "https://gateway.example/v1"), "gpt-5", ("", "gpt-5")),
        (on("OpenAI"), "ft:gpt-4o-mini-2024-07-18:acme::x", ("openai", "gpt-4o-mini-2024-07-18")),
        (on("AzureOpenAI", "https://x.openai.azure.com"), "GPT-4o", ("azure", "gpt-4o")),
        (on("AzureOpenAI", "https://proxy.corp"), "gpt-35-turbo", ("azure", "gpt-3.5-turbo")),
        (on("AzureAIFoundry", "https://x.services.ai.azure.com"), "o3", ("azure", "o3")),
        (on("Anthropic"), "claude-opus-4-5", ("anthropic", "claude-opus-4-5")),
        (on("Anthropic", "https://gateway.example"), "claude-opus-4-5", ("", "claude-opus-4-5")),
        (on("Gemini"), "models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        (on("VertexAI"), "google/gemini-2.5-pro", ("vertex", "gemini-2.5-pro")),
        (on("Custom", "https://api.groq.com/openai/v1"), "a", ("groq", "a")),
        (on("Custom", "https://api.mistral.ai/v1"), "a", ("mistral", "a")),
        (on("Custom", "https://api.deepseek.com"), "deepseek-chat", ("deepseek", "deepseek-chat")),
        (on("Custom", "https://api.deepseek.com.evil.example"), "a", ("", "a")),
        (on("Custom", "https://evilopenai.azure.com.example"), "o3", ("", "o3")),
        (on("Custom", "http://localhost:11434/v1"), "gpt-4o", ("", "gpt-4o")),
        (on("Custom", "http://[broken"), "gpt-4o", ("", "gpt-4o")),
        (on("LiteLLM"), "anthropic/claude-opus-4-5", ("anthropic", "claude-opus-4-5")),
        (on("LiteLLM"), "bedrock/anthropic.claude-v2", ("", "bedrock/anthropic.claude-v2")),
        (on("LiteLLM"), "gpt-4o", ("", "gpt-4o")),
        (on("LiteLLM", "https://gateway.example"), "openai/gpt-4o", ("", "openai/gpt-4o")),
        (on("Local"), "gpt-4o", ("", "gpt-4o")),
    ]  # fmt: skip
    found = [(named(at, model), wanted) for at, model, wanted in table]
    assert [pair for pair in found if (pair[0].vendor, pair[0].model) != pair[1]] == []


def test_the_kept_tables_are_whole() -> None:
    wrong: list[object] = []
    for vendor, page in RETIREMENTS.items():
        lines = [line.split(" > ") for line in page.lines.strip().splitlines()]
        wrong += (
            [vendor] if not page.source.startswith("https://") or not is_day(page.dated) else []
        )
        seen: set[str] = set()
        for names, *others in lines:
            day, *models = names.split()
            if not is_day(day) or not models or len(others) > 1:
                wrong.append((vendor, names))
            wrong += [(vendor, each) for each in models if each in seen or each != each.casefold()]
            seen |= set(models)
    for vendor, pages in FAMILIES.items():
        for told in pages:
            wrong += [vendor] if not is_day(told.dated) else []
            for line in told.lines.strip().splitlines():
                for sign in line.split()[1:]:
                    if sign != "json_schema" and (sign[0] not in "+-" or sign[1:] not in NAMES):
                        wrong.append((vendor, line))
    assert wrong == []


def test_what_is_documented_is_found_and_nothing_guessed() -> None:
    def facts(at: Any, model: str) -> tuple[Any, ...]:
        known = documented(at, model)
        names = ("images", "pdfs", "reasoning", "logprobs")
        return tuple(
            None if fact is None else fact.value for fact in (getattr(known, n) for n in names)
        )

    azure = on("AzureOpenAI", "https://x.openai.azure.com")
    groq = on("Custom", "https://api.groq.com/openai/v1")
    mistral = on("Custom", "https://api.mistral.ai/v1")
    table = [
        (on("OpenAI"), "gpt-4o-mini", (True, True, False, True)),
        (on("OpenAI"), "gpt-4o-mini-2024-07-18", (True, True, False, True)),
        (azure, "gpt-4o", (True, True, False, True)),
        (on("OpenAI"), "gpt-4-turbo", (True, None, False, True)),
        (on("OpenAI"), "o3-mini", (False, False, True, False)),
        (on("OpenAI"), "gpt-5-nano", (True, True, True, False)),
        (on("OpenAI"), "gpt-5.1", (True, True, True, None)),
        (on("OpenAI"), "gpt-4o-realtime-preview", (None, None, None, None)),
        (on("OpenAI"), "gpt-77", (None, None, None, None)),
        (on("OpenAI"), "gpt-4okay", (None, None, None, None)),
        (on("OpenAI", "http://localhost/v1"), "gpt-4o", (None, None, None, None)),
        (on("Anthropic"), "claude-haiku-4-5-20251001", (True, True, True, False)),
        (on("Anthropic"), "claude-of-tomorrow", (None, None, None, False)),
        (on("VertexAI"), "claude-opus-4-5@20251101", (True, True, True, False)),
        (on("Gemini"), "gemini-2.5-flash", (True, True, True, None)),
        (groq, "openai/gpt-oss-120b", (False, False, True, False)),
        (groq, "something", (None, None, None, False)),
        (mistral, "mistral-large-2411", (False, None, False, None)),
        (on("Local"), "gpt-4o", (None, None, None, None)),
    ]  # fmt: skip
    assert [row for row in table if facts(row[0], row[1]) != row[2]] == []
    context = kept_abilities(on("OpenAI"), "gpt-4o-mini").context
    assert context is not None
    assert (context.value, context.source[:13]) == (128_000, "genai-prices ")
    assert kept_abilities(on("Custom", "http://localhost/v1"), "gpt-4o-mini").context is None


def test_who_is_believed_first() -> None:
    """Measured, then what is said of the connection, then the tables, and then nobody."""
    said = {"images": {"value": False, "source": "me"}, "pdfs": {"value": False, "source": "me"}}
    own = on("OpenAI", details={"abilities": {"gpt-4o-mini": said}})
    seen = {"gpt-4o-mini": measured("2026-11-30", images=True, reasoning=None)}
    known = known_model(own, "gpt-4o-mini", seen)
    able = known.abilities
    assert able.images == Fact(True, "measured", "2026-11-30")
    assert able.pdfs == Fact(False, "me")
    assert able.reasoning is not None
    assert (able.reasoning.value, able.reasoning.source[:8]) == (False, "https://")
    assert known.price is not None
    other = known_model(own, "gpt-77", seen)
    assert (other.abilities, other.price) == (ModelAbilities(), None)
    listed = ModelAbilities(
        images=Fact(False, "listed by the provider"), context=Fact(9, "listed by the provider")
    )
    told = known_model(on("OpenAI"), "gpt-4o-mini", {"gpt-4o-mini": listed}).abilities
    assert (told.images, told.context) == (listed.images, listed.context)  # before the tables,
    told = known_model(own, "gpt-4o-mini", {"gpt-4o-mini": listed}).abilities
    assert told.images == Fact(False, "me")  # and behind what is said of the connection
    local = known_model(on("Local", details={"context": 4096}), "m", {})
    assert local.abilities.context == Fact(4096, "given for this connection")


def test_merging_takes_each_fact_by_itself() -> None:
    first = ModelAbilities(images=Fact(False, "a"))
    second = ModelAbilities(images=Fact(True, "b"), context=Fact(9, "b"))
    assert merged() == ModelAbilities()
    assert merged(first, second) == ModelAbilities(images=Fact(False, "a"), context=Fact(9, "b"))
    assert merged(second, first).images == Fact(True, "b")


def test_facts_are_kept_as_json_and_what_is_none_is_left_out() -> None:
    facts = measured("2026-11-30", images=True, context=8192, form="tool", retires="2027-01-14")
    assert abilities_of(abilities_json(facts)) == facts
    odd: list[Any] = [
        None, {}, {"images": None}, {"images": True}, {"images": {"value": "yes"}},
        {"context": {"value": True}}, {"context": {"value": -1}}, {"context": {"value": "9"}},
        {"retires": {"value": "soon"}}, {"retires": {"value": 3}}, {"form": {"value": ""}},
        {"colour": {"value": True}},
    ]  # fmt: skip
    assert [each for each in odd if abilities_of(each) != ModelAbilities()] == []


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 10, 14), ""),
        (date(2026, 10, 16), "The model gpt-4o retires on 2027-01-14, in 90 days"),
        (date(2027, 1, 13), "The model gpt-4o retires on 2027-01-14, tomorrow"),
        (date(2027, 1, 14), "The model gpt-4o was retired on 2027-01-14"),
        (date(2027, 6, 1), "The model gpt-4o was retired on 2027-01-14"),
    ],
)
def test_a_retirement_is_told_in_time(day: date, said: str) -> None:
    found = retirement_said("gpt-4o", kept_abilities(on("OpenAI"), "gpt-4o"), day)
    assert found.startswith(said)
    assert bool(found) == bool(said)
    if said:
        assert "https://developers.openai.com/api/docs/deprecations, read 2026-" in found
        assert found.endswith("Its vendor names gpt-6-luna instead.")


def test_a_model_nobody_announced_retires_in_no_words() -> None:
    for at, model in ((on("OpenAI"), "gpt-6-luna"), (on("Custom", "http://me/v1"), "gpt-4o")):
        assert retirement_said(model, kept_abilities(at, model), date(2030, 1, 1)) == ""


NOTICE = timedelta(days=180)
"""What OpenAI gives before it switches a generally available model off."""


@pytest.mark.parametrize(
    ("at", "model"),
    [
        (on("OpenAI"), DEFAULT_MODEL),
        (on("Custom", PRESETS["openrouter"].address), PRESETS["openrouter"].model),
    ],
    ids=["the default model", "OpenRouter's example"],
)
def test_models_that_people_are_given_are_priced_and_stay(at: Any, model: str) -> None:
    price = find_price(at, model)
    assert price is not None
    assert 0 < price.prompt <= 1.0 < 10.0 >= price.completion > 0, "a cheap one"
    assert names_of(at, model) == [model]


def test_the_default_model_does_all_that_the_docs_say_and_is_not_about_to_go() -> None:
    known = kept_abilities(on("OpenAI"), DEFAULT_MODEL)
    for fact in (known.images, known.pdfs, known.reasoning):
        assert fact is not None, "OpenAI's families do not name it"
        assert fact.value is True
    assert known.form is not None
    assert known.form.value == "json_schema"
    assert known.context is not None
    last = date.fromisoformat(RETIREMENTS["openai"].dated) + NOTICE
    assert known.retires_on is None or known.retires_on > last
    assert retirement_said(DEFAULT_MODEL, known, last - timedelta(days=90)) == ""


def test_examples_and_defaults_name_no_model_that_is_about_to_go() -> None:
    """Of providers: what people copy is to work for a while."""
    named_ones = [
        (provider.value, example)
        for provider in ProviderName
        for example in map(facts_of(provider).example.get, ("model", "deployment"))
        if example and provider is not ProviderName.CUSTOM
    ]
    soon = []
    for provider, model in named_ones:
        known = kept_abilities(on(provider), model)
        page = known.retires
        if page and known.retires_on and known.retires_on < date.fromisoformat(page.dated) + NOTICE:
            soon.append((provider, model, known.retires_on))
    assert named_ones
    assert soon == []


def test_a_model_in_a_few_words() -> None:
    words = short_words(known_model(on("OpenAI"), "gpt-4o-mini", {}), date(2026, 11, 30))
    assert words == "128k context, pictures, PDFs, $0.15 in, $0.6 out, retires 2027-01-14"
    assert short_words(known_model(on("OpenAI"), "gpt-77", {}), date(2026, 11, 30)) == ""
    free = known_model(on("Custom", "http://me/v1", prices={"m": (0, 0)}), "m", {})
    assert short_words(free, date(2026, 11, 30)) == "free"


def test_models_of_a_connection_are_those_it_names() -> None:
    own = on(
        "Custom",
        "http://me/v1",
        default_model="a",
        prices={"b": (1, 2), "*": (0, 0)},
        details={"cached_available_models": '["c", "d"]'},
    )
    listed = ModelAbilities(context=Fact(4096, "listed by the provider"))
    found = {"f": measured("2026-11-30", images=True), "g": listed}
    # A provider may list hundreds: of those only what was asked about is one's own.
    assert names_of(own, "e", "a", measured=found) == list("abfcde")
    assert names_of(on("Baseline")) == ["nearest-annotated-tasks"]


def test_litellm_names_its_provider_and_that_has_a_price() -> None:
    known = find_price(on("LiteLLM"), "openai/gpt-4o-mini")
    assert known is not None
    assert known == find_price(on("OpenAI"), "gpt-4o-mini")
    for name in ("gpt-4o-mini", "nobody/gpt-4o-mini", "openai/", "openai/no-such-model", ""):
        assert find_price(on("LiteLLM"), name) is None
