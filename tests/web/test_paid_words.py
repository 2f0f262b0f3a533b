"""Where a provider lists nothing a check asks for a word: within budgets, and counted to a person.

The table is every way to a check, with every provider that is asked for a word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from ml_backend.services.models.paid_calls import PaidCalls
from ml_backend.store import Account
from ml_backend.web.ui.race.race_form import ROWS
from support import fake_litellm
from support.api import STRANGER, Api
from support.pages import Page, Pages, sign_in
from support.processes import eventually
from support.tables import each_row

MEMBER = 2
PRICE = {"prices": {"*": [1.0, 10.0]}}
KINDS: dict[str, dict[str, Any]] = {
    "VertexAI": {"endpoint": "{root}", "default_model": "gemini-a"},
    "LiteLLM": {
        "endpoint": "{url}", "deployment": "openrouter", "default_model": "openrouter/simulated",
    },
    "AzureOpenAI": {"endpoint": "{root}/azure", "deployment": "gpt-4o"},
    "AzureAIFoundry": {"endpoint": "{root}", "deployment": "gpt-4o"},
    "Custom": {"endpoint": "{url}", "default_model": "simulated"},
}  # fmt: skip


@dataclass
class Asked:
    """A member of an organization, at the connection of its owner."""

    api: Api
    pages: Pages
    member: Any
    prompt: int
    id: int

    @property
    def store(self) -> Any:
        return self.api.container.store

    def calls(self) -> int:
        return int(self.api.simulator.stats()["calls"])

    def counted(self) -> float:
        """What the member has had today."""
        account = Account(f"calls:{MEMBER}:{datetime.now(UTC).date().isoformat()}")
        spent = self.store.allowances.look(account, "nobody").spent
        return float(spent.cost) if spent is not None else 0.0

    def spent(self) -> Any:
        return self.store.spendings.since(self.id, "")

    def calls_of_it(self) -> int:
        spent = self.spent()
        return int(spent.calls) if spent is not None else 0

    def health(self) -> str:
        """The findings of now, once they are all made."""
        self.pages.get("/ui/health?check=1")
        page: list[Page] = []

        def is_done() -> bool:
            page[:] = [self.pages.htmx("/ui/health/checks")]
            return not page[0].all("[aria-busy]")

        eventually(is_done)
        return page[0].text()


def ways(asked: Asked) -> dict[str, Callable[[], str]]:
    """Every way of a member to a check, by name; each returns what it says."""
    at, api = f"model-provider-connections/{asked.id}", asked.api
    press = asked.pages.post
    rows = "&".join(f"connection_{n}={asked.id}" for n in range(ROWS))
    return {
        "page, test": lambda: press(f"/ui/connections/{asked.id}/test", htmx=True).text(),
        "page, measure": lambda: press(f"/ui/connections/{asked.id}/measure", htmx=True).text(),
        "page, models to race": lambda: asked.pages.get(
            f"/ui/prompts/{asked.prompt}/race/models?{rows}"
        ).text(),
        "health": asked.health,
        "api, models": lambda: api.request("GET", f"{at}/models?ask=true", asked.member).text,
        "api, test": lambda: api.request("POST", f"{at}/test", asked.member, json={}).text,
    }


@pytest.fixture
def asked(api: Api, monkeypatch: pytest.MonkeyPatch) -> Any:
    fake_litellm.install(monkeypatch)
    api.let_inside()
    prompt, _ = api.prompt()
    member = api.as_user()
    with api.app.test_client() as client:
        assert sign_in(client, STRANGER).status_code == 303
        yield Asked(api, Pages(api, client), member, prompt.id, 0)


def kept(asked: Asked, provider: str, **more: Any) -> None:
    for each in asked.store.connections.all():
        asked.store.connections.delete(each.id)
    simulator = asked.api.simulator
    simulator.reset()
    simulator.control(models=None)
    columns = {**PRICE, **KINDS[provider], **more}
    columns["endpoint"] = columns["endpoint"].format(root=simulator.root, url=simulator.url)
    made = asked.store.connections.create(
        title=f"{provider} {len(asked.store.connections.all())}",
        provider=provider,
        api_key="sk-of-everybody",
        organization=1,
        **columns,
    )
    asked.id = made.id


@pytest.mark.slow
@each_row("provider", sorted(KINDS))
def test_a_word_is_one_of_a_persons_calls_whatever_way_it_is_asked_for(
    asked: Asked, provider: str
) -> None:
    wrong = []
    for name in ways(asked):
        kept(asked, provider)
        models = asked.api.container.models
        before, others, own = asked.counted(), asked.calls(), asked.calls_of_it()
        words = 2 if name == "health" else 1  # the environment's connection is asked there, too
        models.paid_calls = PaidCalls(asked.store, int(before) + words)
        ways(asked)[name]()
        first = (asked.calls() - others, asked.counted() - before, asked.calls_of_it() - own)
        said = ways(asked)[name]()
        again = asked.calls() - others
        told = "paid calls made in a day" in said or name.endswith(("race", "models"))
        if (first, again, told) != ((words, words, 1), words, True) or not asked.spent().cost:
            wrong.append((name, first, again, said))
    assert wrong == []


@pytest.mark.slow
@each_row("provider", sorted(KINDS))
def test_a_word_is_within_its_connections_budget_whatever_way_it_is_asked_for(
    asked: Asked, provider: str
) -> None:
    wrong = []
    kept(asked, provider, budget_limit=0.000001)
    for name, act in ways(asked).items():
        said = act()
        if "may spend $1e-06" not in said and not name.endswith(("race", "models")):
            wrong.append((name, said))
    # The environment's connection has no budget, and is asked by Health.
    assert (wrong, asked.calls(), asked.spent()) == ([], 1, None)


@pytest.mark.slow
def test_a_budget_without_a_price_or_a_model_asks_for_no_word(asked: Asked) -> None:
    kept(asked, "Custom", budget_limit=1.0, prices={})
    said = ways(asked)["page, test"]()
    assert "price is unknown" in said
    kept(asked, "Custom", budget_limit=1.0, prices={}, default_model="")
    said = ways(asked)["page, test"]()
    assert "names no model" in said
    assert "default model" in said
    assert asked.calls() == 0


@pytest.mark.slow
def test_a_word_is_bounded_and_one_that_a_server_will_not_bound_is_asked_for_without(
    asked: Asked,
) -> None:
    kept(asked, "Custom")
    assert "answers" in ways(asked)["page, test"]()
    assert asked.api.simulator.last_request()["max_tokens"] == 2048
    asked.api.simulator.control(models=None, rejects={"max_tokens": None})
    assert "answers" in ways(asked)["page, test"]()
    assert "max_tokens" not in asked.api.simulator.last_request()
