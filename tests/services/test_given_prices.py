"""What people say that a model costs: 0 is a price, and budgets hold by it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.llm.prices import find_price, read_price
from ml_backend.settings import Settings
from ml_backend.store.environment_prices import place_of
from support.house import House

OLLAMA = {"OPENAI_BASE_URL": "http://localhost:11434/v1", "OPENAI_MODEL": "llama3.2"}


@pytest.mark.parametrize(
    ("text", "pair"),
    [("0.25,2", (0.25, 2)), (" $0.25, $2 ", (0.25, 2)), ("0", (0, 0)), ("0,0", (0, 0))],
)
def test_the_environments_price_is_read(text: str, pair: tuple[float, float]) -> None:
    connection = Settings.from_env({**OLLAMA, "OPENAI_PRICE": text}).default_connection()
    price = find_price(connection, "any-model")
    assert price is not None
    assert (price.prompt, price.completion) == pair
    assert price.source == "given by OPENAI_PRICE"


@pytest.mark.parametrize("text", ["cheap", "1", "1,2,3", "-1,2", "nan,1", "1;2", "1e9,1"])
def test_what_is_no_price_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Settings.from_env({**OLLAMA, "OPENAI_PRICE": text})
    assert refused.value.message == f"OPENAI_PRICE={text!r} is not a price."
    assert "OPENAI_PRICE=0.25,2" in str(refused.value.fix)
    with pytest.raises(ValueError):  # noqa: PT011 - of whatever wording
        read_price(text)


def test_a_price_given_for_the_environments_connection_is_kept_and_forgotten(house: House) -> None:
    container = house.container
    default = container.models.default
    assert find_price(default, "scripted") is None
    told = container.given_prices.give(default, "scripted", (0.0, 0.0))
    assert told == container.models.default
    price = find_price(container.models.default, "scripted")
    assert price is not None
    assert (price.prompt, price.source) == (0, "given for this connection")
    assert find_price(container.models.default, "other") is None
    # The same model goes on to answer: a price changes nothing of how it is asked.
    assert container.models.open(container.models.default) is house.model
    container.given_prices.give(default, "scripted", None)
    assert find_price(container.models.default, "scripted") is None
    with pytest.raises(NotFound):
        container.given_prices.give(default, "scripted", None)


def test_a_price_is_of_the_server_it_was_given_for() -> None:
    def place(url: str) -> str:
        settings = Settings.from_env({"OPENAI_BASE_URL": url})
        return place_of(settings.default_connection())

    assert place("http://a/v1") != place("http://b/v1")
    assert place("http://me:secret@a/v1") == place("http://a/v1")


def test_one_models_price_leaves_the_others(house: House) -> None:
    container = house.container
    made = container.store.connections.create(
        title="work", provider="Custom", api_key="", endpoint="http://x/v1", prices={"a": [1, 2]}
    )
    told = container.given_prices.give(made, "b", (3.0, 4.0))
    assert told.prices == {"a": [1, 2], "b": [3, 4]}
    every = container.given_prices.give(told, "*", (0.0, 0.0))
    price = find_price(every, "whatever")
    assert price is not None
    assert (price.prompt, price.source) == (0, "given for this connection")


@pytest.mark.parametrize("model", ["", "  ", "*", "a" * 300, "a\nb"])
def test_no_models_name_is_refused(house: House, model: str) -> None:
    with pytest.raises(InvalidInput):
        house.container.given_prices.give(house.container.models.default, model, (0.0, 0.0))


@pytest.mark.slow
def test_budgets_hold_where_a_price_is_given_and_0_is_one(house: House) -> None:
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    with pytest.raises(InvalidInput, match="price is unknown"):
        house.start(prompt, version, project, budget=5.0)
    with pytest.raises(InvalidInput, match="price is unknown"):
        house.container.follow.start(prompt, house.container.studio.get_project(project), 20.0)
    models = house.container.models
    models.default = replace(models.default, prices={"*": (0.0, 0.0)})
    run = house.run(prompt, version, project, budget=5.0)
    assert (run.totals.succeeded, run.totals.cost) == (2, 0.0)
    follow = house.container.follow.start(prompt, house.container.studio.get_project(project), 20.0)
    assert follow.budget == 20.0
