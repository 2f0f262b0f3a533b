from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from ml_backend.llm.prices import find_price
from ml_backend.records import ProviderName, Usage
from support.models import connection
from support.simulator import ROOT

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


@pytest.mark.slow
def test_prices_are_found_without_any_network():
    done = subprocess.run(
        [sys.executable, "-c", NO_NETWORK], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.split()) == (0, ["0.15", "0.6"]), done.stderr
