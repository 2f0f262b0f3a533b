"""Which model answers a version: its connection, opened once per process and shared by all runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.llm import ANYWHERE, Gate, Lists, Model, Opening, Reach, Retirable, open_model
from ml_backend.llm.local.model_file import slots_of
from ml_backend.next_steps import Step
from ml_backend.records import (
    BASELINE_MODEL,
    KEY_UNREADABLE,
    Connection,
    Person,
    PromptVersion,
    ProviderName,
)
from ml_backend.services.models.paid_calls import PaidCalls
from ml_backend.services.models.single_flight import SingleFlight
from ml_backend.services.models.spending import ConnectionBudget
from ml_backend.services.models.vendor_addresses import VendorAddresses
from ml_backend.services.models.word_payer import Bill, WordPayer
from ml_backend.store import Store
from ml_backend.store.environment_prices import place_of


class ModelPool:
    """Opens connections to model providers; one pooled client and one gate for each."""

    def __init__(
        self,
        store: Store,
        default: Connection,
        *,
        concurrency: int,
        timeout: float,
        calls_per_user: int = 0,
        reach_of: Callable[[Connection], Reach] = lambda _: ANYWHERE,
        addresses: VendorAddresses | None = None,
    ) -> None:
        """``calls_per_user`` is what each person may have asked in a day; 0 is any number.

        ``reach_of`` says where a connection may lead, ``addresses`` where one without an endpoint
        does.
        """
        self._addresses = addresses or VendorAddresses()
        self._store = store
        self._default = default
        self.concurrency = concurrency
        self.timeout = timeout
        self.in_flight = SingleFlight()
        self.paid_calls = PaidCalls(store, calls_per_user)
        self._lock = threading.Lock()
        self.reach_of = reach_of
        self._open: list[tuple[Connection, Reach, Model]] = []
        self._purses: dict[int | ProviderName, ConnectionBudget] = {}

    @property
    def default(self) -> Connection:
        """The connection that the environment makes, with the prices people gave for it."""
        if self._default.provider is ProviderName.BASELINE:
            return self._default
        given = self._store.environment_prices.of(place_of(self._default))
        if not given:
            return self._default
        return replace(self._default, prices={**self._default.prices, **given})

    @default.setter
    def default(self, connection: Connection) -> None:
        self._default = connection

    def answers_to(self, provider: ProviderName) -> bool:
        """Return whether the environment's connection answers versions of a provider.

        One that OPENAI_BASE_URL makes does so for OpenAI too: it stands in front of that.
        """
        own = self._default.provider
        is_gateway = own is ProviderName.CUSTOM and provider is ProviderName.OPENAI
        return provider is own or is_gateway

    def named(self, provider: ProviderName) -> Connection:
        """Return the environment's connection, under the name that a version has for it."""
        return replace(self.default, provider=provider)

    def connection(self, provider: ProviderName, connection_id: int | None) -> Connection:
        """Return the connection a version names, else the one the environment makes."""
        if connection_id is not None:
            connection = self._store.connections.find(connection_id)
            if connection is None:
                self._drop_local(connection_id)
                raise NotFound(
                    f"Connection {connection_id}, which this version uses, was removed.",
                    field="connection",
                    fix="Make a version that names another connection.",
                )
            return connection
        if self.answers_to(provider):
            return self.default
        if provider is ProviderName.BASELINE:
            return Connection(None, "offline baseline", provider, default_model=BASELINE_MODEL)
        if provider is ProviderName.CUSTOM:
            raise InvalidInput(
                "This version asks the model server that OPENAI_BASE_URL names, and it is not set.",
                field="OPENAI_BASE_URL",
                fix="Set OPENAI_BASE_URL again (and OPENAI_API_KEY, if the server wants a key), "
                "or make a version that names a connection.",
            )
        if provider is ProviderName.LOCAL:
            raise InvalidInput(
                "This version asks the local model that LOCAL_MODEL names, and it is not set.",
                field="LOCAL_MODEL",
                fix="Set LOCAL_MODEL again, or make a version that names a connection.",
            )
        # Without its key; the provider's own error says how to set it.
        return Connection(None, "environment", provider)

    def asked_by(self, provider: ProviderName, connection_id: int | None) -> Connection:
        """Return what a version asks, whether or not that is there now; nothing is asked by it."""
        if connection_id is not None:
            found = self._store.connections.find(connection_id)
            return found or Connection(None, "", provider)
        return self.default if self.answers_to(provider) else Connection(None, "", provider)

    def as_asked(self, connection: Connection) -> Connection:
        """Return a connection with the address that it leads to."""
        return self._addresses.placed(connection)

    def of_version(self, version: PromptVersion) -> tuple[Connection, Model]:
        """Return the connection and the open model of a version."""
        connection = self.connection(version.provider, version.connection_id)
        return connection, self.open(connection)

    def width(self, connection: Connection) -> int:
        """Return how many calls of a run go on at the same time: no more than a local model takes.

        What waited for it would hold up the end of a run that is canceled.
        """
        if connection.provider is ProviderName.LOCAL:
            return min(self.concurrency, slots_of(connection))
        return self.concurrency

    def purse(self, connection: Connection) -> ConnectionBudget:
        """Return what keeps a connection within its budget, for all that ask it here."""
        # Of those without a number the offline baseline has none of the environment's limit.
        key = connection.provider if connection.id is None else connection.id
        with self._lock:
            if key not in self._purses:
                self._purses[key] = ConnectionBudget(self._store, connection)
            return self._purses[key]

    def open(self, connection: Connection) -> Model:
        """Return the model behind a connection, opening it on first use.

        Raises InvalidInput for one whose key cannot be read.
        """
        if connection.is_unreadable:
            raise InvalidInput(
                f"Connection {connection.title!r} cannot be asked. {KEY_UNREADABLE}",
                field="connection",
                fix=Step.GIVE_KEY_AGAIN(connection=connection.id or 0),
            )
        reach, connection = self.reach_of(connection), self.as_asked(connection)
        wanted = _asked_by(connection)
        with self._lock:
            for known, known_reach, model in self._open:
                if known == wanted and known_reach == reach:
                    return model
            self._drop_local_of(connection.id)
            opening = Opening(
                Gate(self.concurrency), self.timeout, self._store.answer_forms, reach=reach
            )
            model = open_model(connection, opening)
            self._open.append((wanted, reach, model))
            return model

    def payer(
        self, connection: Connection, person: Person | None, bill: Bill | None = None
    ) -> WordPayer:
        """Return what a check of a connection is paid by, where a person has it made.

        None is whoever runs the server: the connection's budget holds, and no limit of calls.
        """
        return WordPayer(connection, self.purse(connection), self.paid_calls, person, bill)

    async def check(self, connection: Connection, person: Person | None) -> list[str]:
        """Return the models of a connection, or have it say a word where it lists none."""
        return await self.open(connection).check(self.payer(connection, person))

    def note_listed(self, connection: Connection) -> None:
        """Keep what a provider's list tells of its models; for who just checked the connection."""
        model = self.open(connection)
        listed = dict(model.listed) if isinstance(model, Lists) else {}  # others may ask meanwhile
        if listed:
            self._store.abilities.keep_all(self.as_asked(connection), listed)

    def _drop_local(self, connection_id: int | None) -> None:
        """Retire the local models of a connection that is removed, or another now.

        Whoever has one may go on asking it; its process ends when nobody does.
        """
        with self._lock:
            self._drop_local_of(connection_id)

    def _drop_local_of(self, connection_id: int | None) -> None:
        kept: list[tuple[Connection, Reach, Model]] = []
        for known, reach, model in self._open:
            if known.id == connection_id and isinstance(model, Retirable):
                model.retire()
            else:
                kept.append((known, reach, model))
        self._open = kept

    async def close(self) -> None:
        """Give back the connections of every open model; on the loop that asked them."""
        with self._lock:
            models, self._open = [model for _, _, model in self._open], []
        for model in models:
            await model.close()


def _asked_by(connection: Connection) -> Connection:
    """Return a connection without what changes nothing of how its provider is asked."""
    return replace(connection, prices={}, updated_at=None)
