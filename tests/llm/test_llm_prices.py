from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from ml_backend.llm.prices import Price, Tier, find_price
from ml_backend.records import Connection, ProviderName, Usage
from support.models import connection
from support.simulator import ROOT
from support.tables import each_row

OPENAI = {"provider": ProviderName.OPENAI}
NO_NETWORK = """
import sys
def refuse(event, arguments):
    if event.startswith("socket.") and event != "socket.__new__":
        raise SystemExit("network: " + event)
sys.addaudithook(refuse)
from ml_backend.llm.prices import find_price
from ml_backend.records import Connection, ProviderName
price = find_price(Connection(1, "t", ProviderName.OPENAI), "gpt-4o-mini")
print(price.prompt, price.completion)
"""


def test_the_table_knows_openai_and_azure_and_says_how_old_it_is():
    for provider in (ProviderName.OPENAI, ProviderName.AZURE_OPENAI):
        price = find_price(connection("", provider=provider), "gpt-4o-mini")
        assert 0 < price.prompt < price.completion < 100
        assert price.source.startswith("genai-prices ")
        assert date(2025, 1, 1) < date.fromisoformat(price.dated) <= date.today()


def test_own_prices_go_first():
    own = connection("", **OPENAI, prices={"gpt-4o-mini": (7, 9)})
    price = find_price(own, "gpt-4o-mini")
    assert (price.prompt, price.completion, price.dated) == (7, 9, "")
    assert price.source == "given for this connection"
    assert price.cost(Usage(1_000_000, 500_000)) == pytest.approx(11.5)


@pytest.mark.parametrize(
    ("on", "model"),
    [
        (connection("", **OPENAI), "no-such-model"),
        (connection("", **OPENAI), ""),
        (connection("http://localhost:11434/v1"), "gpt-4o-mini"),
        (connection("http://localhost:11434/v1", **OPENAI), "gpt-4o-mini"),
        (connection("", **OPENAI), "text-embedding-3-small"),
    ],
)
def test_what_is_not_known_has_no_price(on, model):
    assert find_price(on, model) is None


def test_a_known_address_of_another_provider_is_priced():
    assert find_price(connection("https://api.deepseek.com"), "deepseek-chat") is not None


def test_the_baseline_is_free():
    assert find_price(connection("", provider=ProviderName.BASELINE), "any").prompt == 0


def test_long_prompts_cost_what_their_tier_says():
    price = find_price(connection("", **OPENAI), "gpt-5.4")
    tier = price.tiers[0]
    below, above = Usage(tier.above, 0), Usage(tier.above + 1, 0)
    assert price.cost(above) / above.prompt_tokens > price.cost(below) / below.prompt_tokens


def test_what_a_cache_had_costs_its_own_price():
    """Where that is known; where it is not, a token costs what any other does."""
    tier = Tier(1_000_000, 4.0, 20.0, 0.4, 5.0)
    full = Price(2.0, 10.0, "a test", tiers=(tier,), cached=0.2, cache_write=2.5)
    plain = Price(2.0, 10.0, "a test")
    million = 1_000_000
    table = [
        (full, Usage(million, 0), 2.0),
        (full, Usage(million, 0, 0, million), 0.2),
        (full, Usage(million, 0, 0, 0, million), 2.5),
        (full, Usage(million, 0, 0, 500_000, 250_000), 0.1 + 0.625 + 0.5),
        (full, Usage(0, million, 0, 0, 0, million), 10.0),  # thoughts are answers
        (full, Usage(2 * million, 0, 0, 2 * million), 0.8),
        (plain, Usage(million, 0, 0, million, 0), 2.0),
        (plain, Usage(million, 0, 0, 0, million), 2.0),
    ]
    assert [(u, want, p.cost(u)) for p, u, want in table if p.cost(u) != pytest.approx(want)] == []
    # A budget is kept by the most a call can cost: nothing of it was read before, all is kept.
    assert full.most(Usage(million, million, 0, million)) == pytest.approx(12.5)
    assert plain.most(Usage(million, million)) == plain.cost(Usage(million, million))


def test_the_table_has_prices_of_caches():
    price = find_price(connection("", **OPENAI), "gpt-6-luna")
    assert price.cached < price.prompt
    used = Usage(1000, 0, 0, 400)
    assert price.cost(used) < price.cost(Usage(1000, 0)) <= price.most(used)
    # Two numbers of one's own say nothing of a cache.
    own = find_price(connection("", **OPENAI, prices={"gpt-6-luna": (7, 9)}), "gpt-6-luna")
    assert (own.cached, own.cache_write) == (None, None)


@pytest.mark.slow
def test_prices_are_found_without_any_network():
    done = subprocess.run(
        [sys.executable, "-c", NO_NETWORK], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.split()) == (0, ["0.15", "0.6"]), done.stderr


@each_row(
    "provider, model",
    [
        (ProviderName.GEMINI, "models/gemini-2.5-flash"),
        (ProviderName.VERTEX_AI, "publishers/google/models/gemini-2.5-flash"),
        (ProviderName.VERTEX_AI, "gemini-2.5-flash"),
    ],
)
def test_a_model_costs_the_same_by_whichever_of_its_names(
    provider: ProviderName, model: str
) -> None:
    plain = find_price(Connection(1, "G", ProviderName.GEMINI), "gemini-2.5-flash")
    assert plain is not None
    assert find_price(Connection(1, "G", provider), model) == plain
