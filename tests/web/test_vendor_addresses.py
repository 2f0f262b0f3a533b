"""Addresses that the operator put in place of vendors' own: who is led there, and what stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ml_backend.errors import Forbidden, InvalidInput
from ml_backend.llm import ANYWHERE, facts_of, provider_facts
from ml_backend.llm.prices import find_price
from ml_backend.llm.providers import openai
from ml_backend.llm.structured_output import StructuredOutputFallback
from ml_backend.records import Connection, Person, ProviderName, Scope
from ml_backend.services.models.measuring import Measuring
from ml_backend.services.models.model_catalogue import ModelCatalogue
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.models.private_endpoints import PrivateEndpoints
from ml_backend.services.models.vendor_addresses import VendorAddresses
from ml_backend.settings import Settings
from support.api import Api
from support.models import question

VARIABLE = "ANTHROPIC_BASE_URL"
MEMBER = Person(2, "other", "other@example.com")


@pytest.fixture
def of_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenAI, as if it were a vendor whose address a variable names."""
    facts = replace(openai.PROVIDER, address_variable=VARIABLE)
    from ml_backend import llm
    from ml_backend.services.models import vendor_addresses

    def facts_of(provider: ProviderName) -> provider_facts.ProviderFacts:
        return facts if provider is ProviderName.OPENAI else llm.facts_of(provider)

    monkeypatch.setattr(vendor_addresses, "facts_of", facts_of)


def kept(api: Api, **more: Any) -> Connection:
    values = {"title": f"Theirs {more}", "scope": Scope.USER.value, "created_by": MEMBER, **more}
    return api.container.store.connections.create(provider="OpenAI", api_key="sk-theirs", **values)


@pytest.mark.slow
@pytest.mark.usefixtures("of_vendor")
def test_a_members_connection_without_an_endpoint_is_led_there(api: Api) -> None:
    container = api.container
    addresses = VendorAddresses({VARIABLE: api.simulator.url, "GEMINI_BASE_URL": ""})
    private = PrivateEndpoints(False, lambda: container.studio, addresses)
    pool = ModelPool(
        container.store,
        container.models.default,
        concurrency=1,
        timeout=5,
        reach_of=private.reach_of,
        addresses=addresses,
    )
    theirs = kept(api)
    # The simulator is at a private address, which is the operator's to name and not a member's.
    assert private.reach_of(theirs) == ANYWHERE
    reply = container.loop.run(pool.open(theirs).complete(question()))
    assert reply.calls == 1
    # What was learnt there is known to those who look at what is sent.
    known = StructuredOutputFallback(container.store.answer_forms, pool.as_asked(theirs))
    assert known.is_known("simulated")
    assert pool.open(theirs) is pool.open(replace(theirs, prices={"m": (1, 1)}))
    # An endpoint of its own goes before it, and is a member's.
    own = kept(api, endpoint="https://models.example/v1")
    assert addresses.placed(own) is own
    assert not private.reach_of(own).private
    # Another vendor's has none.
    assert addresses.of(replace(theirs, provider=ProviderName.AZURE_OPENAI)) == ""
    # It costs what its vendor asks.
    price = find_price(theirs, "gpt-4o-mini")
    assert price is not None
    assert price == find_price(replace(theirs, id=None), "gpt-4o-mini")
    assert find_price(addresses.placed(theirs), "gpt-4o-mini") is None
    container.loop.run(pool.close())


@pytest.mark.slow
@pytest.mark.usefixtures("of_vendor")
def test_whoever_made_it_may_still_give_it_an_endpoint_and_no_private_one(api: Api) -> None:
    addresses = VendorAddresses({VARIABLE: api.simulator.url})
    private = PrivateEndpoints(False, lambda: api.container.studio, addresses)
    user = api.container.studio.whoami()
    member = replace(user, id=2, email="other@example.com", owns_organization=False)
    theirs = kept(api)
    private.check(member, "https://models.example/v1", theirs)
    with pytest.raises(Forbidden, match="private"):
        private.check(member, api.simulator.url, theirs)


def test_the_settings_name_them_and_refuse_what_is_no_address() -> None:
    names = ("ANTHROPIC_BASE_URL", "GEMINI_BASE_URL", "VERTEX_BASE_URL")
    for name in names:
        found = Settings.from_env({name: "http://gateway:4000/"}).vendor_addresses
        assert {each for each, url in found.items() if url} == {name}
        assert found[name].startswith("http://gateway:4000")
        for wrong in ("gateway:4000", "ftp://x", "https://u:p@gateway"):
            with pytest.raises(InvalidInput) as caught:
                Settings.from_env({name: wrong})
            assert caught.value.field == name
    assert not any(Settings.from_env({}).vendor_addresses.values())


def test_each_variable_that_a_provider_names_is_a_setting() -> None:
    named = {facts_of(ProviderName[name]).address_variable for name in ProviderName.__members__}
    assert named - {""} == set(Settings.from_env({}).vendor_addresses)


@pytest.mark.slow
def test_connections_of_each_of_these_vendors_are_led_to_the_operators_gateway(api: Api) -> None:
    container, root = api.container, api.simulator.root
    places = {"ANTHROPIC_BASE_URL": f"{root}/anthropic", "GEMINI_BASE_URL": root}
    addresses = VendorAddresses(places)
    private = PrivateEndpoints(False, lambda: container.studio, addresses)
    pool = ModelPool(
        container.store,
        container.models.default,
        concurrency=1,
        timeout=5,
        reach_of=private.reach_of,
        addresses=addresses,
    )
    for provider in (ProviderName.ANTHROPIC, ProviderName.GEMINI):
        theirs = replace(kept(api, title=provider.value), provider=provider)
        reply = container.loop.run(pool.open(theirs).complete(question()))
        assert reply.calls == 1, provider
    container.loop.run(pool.close())


@pytest.mark.slow
def test_what_measures_a_model_is_led_there_as_well(api: Api) -> None:
    container = api.container
    addresses = VendorAddresses({"ANTHROPIC_BASE_URL": f"{api.simulator.root}/anthropic"})
    private = PrivateEndpoints(False, lambda: container.studio, addresses)
    pool = ModelPool(
        container.store,
        container.models.default,
        concurrency=1,
        timeout=5,
        reach_of=private.reach_of,
        addresses=addresses,
    )
    theirs = replace(kept(api, prices={"*": [1, 2]}), provider=ProviderName.ANTHROPIC)
    found = Measuring(container.store, pool, container.loop).measure(theirs, "simulated")
    assert found.form
    assert found.calls == api.simulator.stats()["calls"]
    # What was found out there is not said of the vendor itself.
    shown = ModelCatalogue(container.store, pool).model(theirs, "simulated")
    assert shown.abilities.form == found.abilities.form
    others = container.model_catalogue.model(theirs, "simulated")
    assert others.abilities.form != found.abilities.form
    assert any(said.startswith("PDF files: ") for said in found.remarks)
    container.loop.run(pool.close())


@pytest.mark.slow
@pytest.mark.usefixtures("of_vendor")
def test_what_is_measured_is_asked_there_as_well_and_never_at_the_vendors_own(api: Api) -> None:
    container = api.container
    addresses = VendorAddresses({VARIABLE: api.simulator.url})
    private = PrivateEndpoints(False, lambda: container.studio, addresses)
    pool = ModelPool(
        container.store,
        container.models.default,
        concurrency=1,
        timeout=5,
        reach_of=private.reach_of,
        addresses=addresses,
    )
    found = Measuring(container.store, pool, container.loop).measure(kept(api), "simulated")
    assert found.calls == api.simulator.stats()["calls"] > 0
    container.loop.run(pool.close())
