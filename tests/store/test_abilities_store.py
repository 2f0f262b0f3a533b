"""What models were measured to do, as the store keeps it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from ml_backend.records import Connection, ProviderName
from ml_backend.records.abilities import Fact, ModelAbilities, measured
from ml_backend.store import Store, tables as t

HERE = Connection(5, "here", ProviderName.CUSTOM, endpoint="http://a/v1", api_key="k")


def test_what_was_measured_is_found_where_it_was(store: Store) -> None:
    found = measured("2026-11-30", images=True, context=8192)
    store.abilities.keep(HERE, "m", found)
    assert store.abilities.of(HERE) == {"m": found}
    # Neither key, title nor prices lead elsewhere; address and number do.
    assert store.abilities.of(replace(HERE, api_key="other", title="t", prices={"m": (1, 2)}))
    for other in (
        replace(HERE, endpoint="http://b/v1"),
        replace(HERE, id=6),
        replace(HERE, id=None),
        replace(HERE, deployment="d"),
        replace(HERE, provider=ProviderName.OPENAI),
    ):
        assert store.abilities.of(other) == {}


def test_what_is_measured_later_goes_before_and_takes_nothing_away(store: Store) -> None:
    store.abilities.keep(HERE, "m", measured("2026-11-01", images=True, logprobs=True))
    store.abilities.keep(HERE, "m", measured("2026-11-30", images=False))
    found = store.abilities.of(HERE)["m"]
    assert found.images is not None
    assert (found.images.value, found.images.dated) == (False, "2026-11-30")
    assert found.logprobs is not None
    assert found.logprobs.value is True
    store.abilities.keep(HERE, "x" * 500, ModelAbilities())  # no name that a row can have
    assert list(store.abilities.of(HERE)) == ["m"]


def test_what_was_measured_goes_with_its_connection(store: Store) -> None:
    made = store.connections.create(title="t", provider="Custom", api_key="k", endpoint="http://a")
    others = replace(made, id=int(f"{made.id}1"))
    for each in (made, others):
        store.abilities.keep(each, "m", measured("2026-11-30", images=True))
    store.connections.delete(made.id or 0)
    assert store.abilities.of(made) == {}
    assert store.abilities.of(others)


def test_models_in_use_are_those_that_answer_or_are_the_newest(store: Store) -> None:
    prompt = store.prompts.create("P", "", [7])

    def version(title: str, model: str, connection_id: int | None = None) -> int:
        return store.prompts.create_version(
            prompt.id,
            title=title,
            text="{text}",
            provider="OpenAI",
            model=model,
            connection_id=connection_id,
            max_few_shot_examples=0,
            parameters={},
        ).id

    first = version("1", "old")
    version("2", "between")
    version("3", "new")
    assert store.prompts.models_in_use(None, ProviderName.OPENAI) == ["new"]
    store.prompts.update(prompt.id, active_version_id=first)
    assert store.prompts.models_in_use(None, ProviderName.OPENAI) == ["new", "old"]
    assert store.prompts.models_in_use(3, ProviderName.OPENAI) == []
    assert store.prompts.models_in_use(None, ProviderName.CUSTOM) == []
    version("4", "elsewhere", 3)
    assert store.prompts.models_in_use(3, ProviderName.OPENAI) == ["elsewhere"]


def test_what_is_only_listed_never_goes_before_what_was_seen(store: Store) -> None:
    listed = ModelAbilities(
        images=Fact(True, "listed by the provider", "2026-11-30"),
        context=Fact(4096, "listed by the provider", "2026-11-30"),
    )
    store.abilities.keep(HERE, "m", measured("2026-11-01", images=False))
    store.abilities.keep_all(HERE, {"m": listed, "n": listed})
    found = store.abilities.of(HERE)
    assert found["m"].images == Fact(False, "measured", "2026-11-01")
    assert found["m"].context == listed.context
    assert found["n"] == listed
    newer = ModelAbilities(context=Fact(8192, "listed by the provider", "2026-12-01"))
    store.abilities.keep_all(HERE, {"m": newer, **{f"x{n}": newer for n in range(1200)}})
    assert store.abilities.of(HERE)["m"].context == newer.context
    assert len(store.abilities.of(HERE)) == 1202


def rows_of(store: Store, number: int) -> list[str]:
    places = sa.select(t.model_abilities.c.model).where(
        t.model_abilities.c.place.startswith(f"{number}:")
    )
    with store.database.read() as c:
        return sorted(c.execute(places).scalars())


def test_no_list_fills_the_store_and_nothing_of_a_connection_outlives_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml_backend.store.connections.MOST_MODELS", 3)
    fact = measured("2026-11-30", images=True)
    made = store.connections.create(title="c", api_key="k", provider="Custom", endpoint="http://a")
    other = store.connections.create(title="d", api_key="k", provider="Custom", endpoint="http://a")
    store.abilities.keep(other, "theirs", fact)
    for names in (("a", "b"), ("c", "d", "e", "f")):
        store.abilities.keep_all(made, dict.fromkeys(names, fact))
    assert rows_of(store, made.id or 0) == ["c", "d", "e"]
    # Led elsewhere it leaves nothing behind.
    moved = replace(made, endpoint="http://b")
    store.abilities.keep(moved, "there", fact)
    assert rows_of(store, made.id or 0) == ["there"]
    store.connections.delete(made.id or 0)
    assert rows_of(store, made.id or 0) == []
    assert rows_of(store, other.id or 0) == ["theirs"]
