"""Connections to model providers; keys are encrypted before they reach the database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar, overload

import sqlalchemy as sa

from ml_backend.errors import Conflict, InvalidInput, NotFound
from ml_backend.next_steps import Step
from ml_backend.records import AuditAction, Connection, Person, ProviderName, Scope
from ml_backend.records.abilities import (
    ModelAbilities,
    abilities_json,
    abilities_of,
    brought_up_to_date,
)
from ml_backend.store import tables as t
from ml_backend.store.audit import note
from ml_backend.store.cipher import UnreadableSecret
from ml_backend.store.database import Database, inserted_id
from ml_backend.store.people import person_column, read_person

T = TypeVar("T")


class Cipher(Protocol):
    """Encrypts and decrypts provider keys; raises UnreadableSecret for those of another key."""

    def encrypt(self, text: str) -> str: ...

    def decrypt(self, token: str) -> str: ...

    def is_current(self, token: str) -> bool: ...


class ConnectionStore:
    """Queries over provider connections."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._db = database
        self._cipher = cipher

    def all(self) -> list[Connection]:
        with self._db.read() as c:
            rows = c.execute(sa.select(t.connections).order_by(t.connections.c.id)).all()
        return [self._record(row) for row in rows]

    def find(self, ref: int | str) -> Connection | None:
        """Return the connection of that id or exact title."""
        column = t.connections.c.title if isinstance(ref, str) else t.connections.c.id
        with self._db.read() as c:
            row = c.execute(sa.select(t.connections).where(column == ref)).first()
        return self._record(row) if row else None

    def _titled(self, title: str) -> list[int]:
        query = sa.select(t.connections.c.id).where(t.connections.c.title == title)
        with self._db.read() as c:
            return list(c.scalars(query.order_by(t.connections.c.id)))

    def get(self, ref: int | str) -> Connection:
        """Return a connection; raises InvalidInput for a title that several have."""
        if isinstance(ref, str) and len(known := self._titled(ref)) > 1:
            raise InvalidInput(
                f"{len(known)} connections are called {ref!r}.",
                field="connection",
                fix=f"Name one by its number: {', '.join(map(str, known))}.",
            )
        connection = self.find(ref)
        if connection is None:
            raise NotFound(
                f"There is no connection {ref!r}.",
                field="connection",
                fix=Step.LIST_CONNECTIONS(),
            )
        return connection

    def create(
        self,
        *,
        title: str,
        api_key: str,
        secrets: Mapping[str, str] | None = None,
        created_by: Person | None = None,
        unlike: Collection[int | None] | None = None,
        **values: Any,
    ) -> Connection:
        """Keep a connection; ``secrets`` are those besides the key, by the SDK's names.

        Raises Conflict where one of ``unlike``, None for any, has the title.
        """
        if any(unlike is None or each in unlike for each in self._titled(title)):
            raise Conflict(f"A connection named {title!r} already exists.", field="title")
        now = datetime.now(UTC)
        values["encrypted_secrets"] = self._encrypt_all(secrets or {})
        values["created_by"] = person_column(created_by)
        encrypted = self._encrypt(api_key)
        with self._db.write() as c:
            key = inserted_id(
                c.execute(
                    sa.insert(t.connections).values(
                        title=title,
                        encrypted_key=encrypted,
                        created_at=now,
                        updated_at=now,
                        **values,
                    )
                )
            )
            _tell(c, AuditAction.CONNECTION_ADDED, key)
        return self.get(key)

    def update(
        self,
        connection_id: int,
        *,
        api_key: str | None = None,
        secrets: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Connection:
        """Change columns of a connection; secrets that are None stay as they are."""
        if self._replaces_unreadable(connection_id, api_key, secrets):
            # What cannot be read is not kept beside what was entered anew.
            api_key, secrets = api_key or "", secrets or {}
        if api_key is not None:
            values["encrypted_key"] = self._encrypt(api_key)
        if secrets is not None:
            values["encrypted_secrets"] = self._encrypt_all(secrets)
        with self._db.write() as c:
            c.execute(
                sa.update(t.connections)
                .where(t.connections.c.id == connection_id)
                .values(**values, updated_at=datetime.now(UTC))
            )
            for action in _actions(values):
                _tell(c, action, connection_id)
        return self.get(connection_id)

    def _replaces_unreadable(
        self, connection_id: int, api_key: str | None, secrets: Mapping[str, str] | None
    ) -> bool:
        if api_key is None and not secrets:
            return False
        known = self.find(connection_id)
        return known is not None and known.is_unreadable

    def give_price(
        self, connection_id: int, model: str, price: tuple[float, float] | None
    ) -> Connection:
        """Keep the price of one model beside those of others; None forgets it."""
        found = t.connections.c
        with self._db.write() as c:
            row = c.execute(sa.select(found.prices).where(found.id == connection_id)).first()
            prices = dict(row.prices or {}) if row else {}
            prices.pop(model, None)
            if price is not None:
                prices[model] = list(price)
            c.execute(
                sa.update(t.connections)
                .where(found.id == connection_id)
                .values(prices=prices, updated_at=datetime.now(UTC))
            )
            _tell(c, AuditAction.PRICE_CHANGED, connection_id)
        return self.get(connection_id)

    def delete(self, connection_id: int) -> None:
        with self._db.write() as c:
            _tell(c, AuditAction.CONNECTION_REMOVED, connection_id)
            c.execute(sa.delete(t.connections).where(t.connections.c.id == connection_id))
            known, spent, blocks = t.model_abilities, t.spendings, t.allowances
            c.execute(sa.delete(known).where(known.c.place.startswith(f"{connection_id}:")))
            # What its runs cost stays with them.
            c.execute(sa.delete(spent).where(spent.c.connection_id == connection_id))
            c.execute(sa.delete(blocks).where(blocks.c.account == account_of(connection_id)))

    def users(self, connection_id: int) -> list[tuple[int, str]]:
        """Return (prompt id, version title) of the versions that use a connection."""
        query = sa.select(t.versions.c.prompt_id, t.versions.c.title).where(
            t.versions.c.connection_id == connection_id
        )
        with self._db.read() as c:
            return [(row.prompt_id, row.title) for row in c.execute(query)]

    def _record(self, row: Any) -> Connection:
        key, secrets, is_unreadable = "", "", False
        try:
            key = self._decrypt(row.encrypted_key)
            secrets = self._decrypt(row.encrypted_secrets)
        except UnreadableSecret:  # all else of it is known, and it can be mended or removed
            key, is_unreadable = "", True
        return Connection(
            id=row.id,
            title=row.title,
            provider=ProviderName(row.provider),
            endpoint=row.endpoint,
            deployment=row.deployment,
            api_version=row.api_version,
            default_model=row.default_model,
            api_key=key,
            prices=row.prices or {},
            created_at=row.created_at,
            updated_at=row.updated_at,
            scope=Scope(row.scope),
            created_by=read_person(row.created_by),
            organization=row.organization,
            details=row.details or {},
            secrets=json.loads(secrets or "{}"),
            budget_limit=row.budget_limit,
            budget_period=row.budget_period,
            is_unreadable=is_unreadable,
        )

    def _encrypt(self, text: str) -> str:
        return self._cipher.encrypt(text) if text else ""

    def _encrypt_all(self, secrets: Mapping[str, str]) -> str:
        given = {name: secret for name, secret in secrets.items() if secret}
        return self._encrypt(json.dumps(given)) if given else ""

    def _decrypt(self, token: str) -> str:
        return self._cipher.decrypt(token) if token else ""


def account_of(connection_id: int) -> str:
    """Return the name of the account that a connection's calls are set aside in."""
    return f"connection:{connection_id}"


def _actions(columns: Mapping[str, Any]) -> list[AuditAction]:
    """Return what is told of a change, by the columns that are set."""
    told = {
        AuditAction.KEY_CHANGED: {"encrypted_key", "encrypted_secrets"},
        AuditAction.BUDGET_CHANGED: {"budget_limit", "budget_period"},
        AuditAction.PRICE_CHANGED: {"prices"},
    }
    found = [action for action, names in told.items() if names & set(columns)]
    rest = set(columns).difference(*told.values())
    return [*found, *([AuditAction.CONNECTION_CHANGED] if rest else [])]


def _tell(c: sa.Connection, action: AuditAction, connection_id: int) -> None:
    x = t.connections.c
    query = sa.select(x.title, x.organization).where(x.id == connection_id)
    for row in c.execute(query).all():
        note(
            c,
            action,
            kind="connection",
            object_id=connection_id,
            title=row.title,
            organization=row.organization,
        )


class AnswerForms(MutableMapping[str, str]):
    """Which form of structured answer each connection and model takes, remembered for ever."""

    def __init__(self, database: Database) -> None:
        self._db = database
        with database.read() as c:
            self._known = {row.key: row.form for row in c.execute(sa.select(t.answer_forms))}

    def __getitem__(self, key: str) -> str:
        form: str = self._known[key]
        return form

    # The inherited one raises and catches an error for each key that is not there: most, by task.
    @overload
    def get(self, key: str, default: None = None, /) -> str | None: ...
    @overload
    def get(self, key: str, default: str | T, /) -> str | T: ...
    def get(self, key: str, default: object = None, /) -> object:
        return self._known.get(key, default)

    def __setitem__(self, key: str, form: str) -> None:
        if self._known.get(key) == form:
            return
        self._known[key] = form
        with self._db.write() as c:
            c.execute(sa.delete(t.answer_forms).where(t.answer_forms.c.key == key))
            c.execute(sa.insert(t.answer_forms).values(key=key, form=form))

    def __delitem__(self, key: str) -> None:
        del self._known[key]
        with self._db.write() as c:
            c.execute(sa.delete(t.answer_forms).where(t.answer_forms.c.key == key))

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._known))

    def __len__(self) -> int:
        return len(self._known)


LONGEST_MODEL = 200
MOST_MODELS = 3000


def measured_at(connection: Connection) -> str:
    """Return what names a connection and where it leads; no secret can be told from it."""
    parts = (
        connection.provider.value,
        connection.endpoint,
        connection.deployment,
        connection.api_version,
    )
    digest = hashlib.sha256("|".join(parts).encode()).hexdigest()[:40]
    return f"{connection.id or 'env'}:{digest}"


class AbilityStore:
    """Queries over what models were measured to do."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, connection: Connection) -> dict[str, ModelAbilities]:
        """Return model -> what was measured of it at this connection, as it leads now."""
        a = t.model_abilities.c
        query = sa.select(a.model, a.measured).where(a.place == measured_at(connection))
        with self._db.read() as c:
            return {
                row.model: abilities_of(row.measured) for row in c.execute(query.order_by(a.model))
            }

    def keep(self, connection: Connection, model: str, found: ModelAbilities) -> None:
        """Keep what was measured now; what was found out before and not now stays."""
        self.keep_all(connection, {model: found})

    def keep_all(self, connection: Connection, found: Mapping[str, ModelAbilities]) -> None:
        """Keep what was found out now of models, up to ``MOST_MODELS``, those of long names not.

        What asking a model showed goes before what its provider lists, whichever came later.
        """
        a, place, now = t.model_abilities, measured_at(connection), datetime.now(UTC)
        fits = {name: each for name, each in found.items() if 0 < len(name) <= LONGEST_MODEL}
        named = list(fits)[:MOST_MODELS]
        with self._db.write() as c:
            for start in range(0, len(named), 500):
                mine = (a.c.place == place, a.c.model.in_(named[start : start + 500]))
                kept = c.execute(sa.select(a.c.model, a.c.measured).where(*mine)).all()
                before = {row.model: abilities_of(row.measured) for row in kept}
                c.execute(sa.delete(a).where(*mine))
                rows = [
                    {
                        "place": place,
                        "model": name,
                        "measured": abilities_json(
                            brought_up_to_date(fits[name], before.get(name, ModelAbilities()))
                        ),
                        "measured_at": now,
                    }
                    for name in named[start : start + 500]
                ]
                c.execute(sa.insert(a), rows)
            if connection.id is not None:  # where it led before nobody asks any more
                own = a.c.place.startswith(f"{connection.id}:")
                c.execute(sa.delete(a).where(own, a.c.place != place))
            oldest = sa.select(a.c.model).where(a.c.place == place)
            oldest = oldest.order_by(a.c.measured_at.desc(), a.c.model).offset(MOST_MODELS)
            gone = list(c.execute(oldest.limit(MOST_MODELS)).scalars())
            for start in range(0, len(gone), 500):
                mine = (a.c.place == place, a.c.model.in_(gone[start : start + 500]))
                c.execute(sa.delete(a).where(*mine))
