"""Connections to model providers by the rules of their scope; secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ml_backend.errors import Conflict, Forbidden, InvalidInput
from ml_backend.llm import Reach, facts_of
from ml_backend.llm.models.parameters import check_at
from ml_backend.llm.prices import read_price
from ml_backend.llm.provider_facts import API_KEY, ENDPOINT
from ml_backend.next_steps import Step
from ml_backend.records import Connection, JsonObject, Prompt, PromptVersion, ProviderName, Scope
from ml_backend.services.callers.access import Access, Caller
from ml_backend.services.callers.connection_fields import (
    FIELDS,
    address_of,
    check_needs,
    check_preset,
    check_shared,
    value_of,
)
from ml_backend.services.callers.connection_rules import (
    check_endpoint,
    check_names,
    check_title,
    choice,
)
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.models.private_endpoints import PrivateEndpoints
from ml_backend.store import Store

LOCAL_IS_READ_ONLY = (
    "A local model is a file of the machine that the server runs on: its connection is made and "
    "changed there alone."
)
SECRETS = ("auth_token", "google_application_credentials")


class Connections:
    """What the API does with connections."""

    def __init__(
        self, store: Store, access: Access, models: ModelPool, private: PrivateEndpoints
    ) -> None:
        self._store = store
        self._access = access
        self._models = models
        self._private = private

    def visible(self, caller: Caller) -> list[Connection]:
        """Return the connections a caller may use, oldest first."""
        return [
            each for each in self._store.connections.all() if self._access.may_use(caller, each)
        ]

    def create(
        self,
        caller: Caller,
        provider: str,
        *,
        scope: Scope | None,
        api_key: str,
        secrets: Mapping[str, str],
        endpoint: str,
        deployment: str,
        details: JsonObject,
        title: str = "",
        **columns: Any,
    ) -> Connection:
        """Keep a connection; without a scope an owner's is the organization's, else one's own.

        Without a title it gets one, for commands and messages: the SDK knows none.
        """
        name = self.check_provider(provider)
        if title:
            self._check_title(caller, title)
        if scope is None:
            scope = Scope.ORGANIZATION if caller.user.owns_organization else Scope.USER
        self._require_owner(caller, scope)
        check_preset(name, details)
        endpoint = endpoint or address_of(details)
        check_endpoint(name, endpoint)
        kept = {ENDPOINT: endpoint, "deployment": deployment, **details, **secrets}
        check_needs(name, {**_texts(kept), API_KEY: api_key})
        if scope is Scope.ORGANIZATION:
            check_shared(name, {**_texts(kept), API_KEY: api_key})
        self._require_reach(caller, name)
        check_names(deployment, columns.get("api_version", ""), details)
        self._private.check(caller.user, endpoint)
        return self._store.connections.create(
            title=title or free_title(self.visible(caller), name),
            unlike=[each.id for each in self.visible(caller)],
            provider=name.value,
            api_key=api_key or secrets.get("auth_token", ""),
            secrets=secrets,
            endpoint=endpoint,
            deployment=deployment,
            scope=scope.value,
            details=details,
            created_by=caller.person,
            organization=caller.user.organization_id,
            **columns,
        )

    def update(
        self,
        caller: Caller,
        connection: Connection,
        *,
        api_key: str | None = None,
        secrets: Mapping[str, str] | None = None,
        scope: Scope | None = None,
        details: JsonObject | None = None,
        **columns: Any,
    ) -> Connection:
        """Change what is given; a secret given replaces the old one, the others stay."""
        self._require_right(caller, connection)
        if scope is not None and scope is not connection.scope:
            self._require_owner(caller, scope)
            columns["scope"] = scope.value
        provider = columns.get("provider")
        name = self.check_provider(provider) if provider else connection.provider
        endpoint = columns.get("endpoint", connection.endpoint)
        # What was kept before there were rules for names may stay, and leads nowhere.
        check_names(columns.get("deployment", ""), columns.get("api_version", ""), details or {})
        is_moved = _is_elsewhere((name, endpoint), (connection.provider, connection.endpoint))
        check_preset(name, details or {})
        if "endpoint" in columns or provider:
            check_endpoint(name, endpoint)
            self._require_reach(caller, name)
            self._private.check(caller.user, endpoint, connection)
            if is_moved:
                self._refuse_moving_secret(connection, api_key, secrets)
        given = {**columns, **(details or {}), **(secrets or {})}
        if api_key is not None:
            given[API_KEY] = api_key
        self._check_change(connection, name, given, scope or connection.scope)
        if columns.get("title", connection.title) != connection.title:
            self._check_title(caller, columns["title"])
        api_key, kept = _secrets(connection, api_key, secrets, is_moved=is_moved)
        if details:
            columns["details"] = {**connection.details, **details}
        if connection.id is None:
            raise InvalidInput("The environment's connection is set by its variables.")
        return self._store.connections.update(
            connection.id, api_key=api_key, secrets=kept, **columns
        )

    def delete(self, caller: Caller, connection: Connection) -> None:
        """Remove a connection that no version uses."""
        self._require_right(caller, connection)
        if connection.id is None:
            return
        users = self._store.connections.users(connection.id)
        if users:
            raise Conflict(
                f"{len(users)} prompt versions use this connection.",
                fix="Delete those versions first, or have them use another connection.",
            )
        self._store.connections.delete(connection.id)

    def users(
        self, caller: Caller, connection: Connection
    ) -> tuple[list[tuple[Prompt, list[str]]], int]:
        """Return the prompts that use a connection with the titles of their versions that do.

        Those a caller sees; with how many versions of further prompts use it.
        """
        titles: dict[int, list[str]] = {}
        for prompt_id, title in self._store.connections.users(connection.id or 0):
            titles.setdefault(prompt_id, []).append(title)
        prompts = [self._store.prompts.find(each) for each in titles]
        seen = [each for each in prompts if each is not None and self._access.sees(caller, each)]
        hidden = sum(map(len, titles.values())) - sum(len(titles[each.id]) for each in seen)
        return [(each, titles[each.id]) for each in seen], hidden

    def choose(self, caller: Caller, provider: str | None, connection_id: int | None) -> Connection:
        """Return what answers a version: the connection named, else the newest of its provider.

        Without either it is the environment's, which answers to OpenAI's name as well where it has
        an address of its own. Raises InvalidInput for one that is not the caller's to use, or of
        another provider.
        """
        if connection_id is not None:
            found = self._store.connections.find(connection_id)
            if found is None or not self._access.may_use(caller, found):
                raise InvalidInput(
                    f'Invalid pk "{connection_id}" - object does not exist.',
                    field="model_provider_connection",
                )
            if provider is not None and provider != found.provider.value:
                raise InvalidInput(
                    f"Connection {connection_id} is of provider {found.provider.value}, "
                    f"not {provider}.",
                    field="provider",
                )
            return found
        default = self._models.default
        if provider is None or provider == default.provider.value:
            return default
        if provider == ProviderName.BASELINE.value:
            return self._models.connection(ProviderName.BASELINE, None)
        is_local = provider == ProviderName.LOCAL.value
        name = ProviderName.LOCAL if is_local else self.check_provider(provider)
        theirs = [each for each in self.visible(caller) if each.provider is name]
        if theirs:
            return theirs[-1]
        if self._models.answers_to(name):
            return self._models.named(name)
        raise InvalidInput(
            f"There is no connection of provider {provider} that you may use.",
            field="model_provider_connection",
            fix=Step.ADD_LOCAL_BY_COMMAND()
            if is_local
            else "Make one with model_providers.create(), or leave provider out.",
        )

    def checked_parameters(
        self,
        provider: ProviderName,
        connection_id: int | None,
        given: JsonObject | None,
        *,
        before: PromptVersion | None = None,
    ) -> JsonObject:
        """Return parameters as they are kept; raises InvalidInput for what the provider takes not.

        What a version had ``before``, at the same connection, may stay.
        """
        at = (provider, connection_id)
        is_same = before is not None and (before.provider, before.connection_id) == at
        if before is not None and given is None:
            given = before.parameters
        if before is not None and is_same and given == before.parameters:
            return dict(before.parameters)
        return check_at(self._models.asked_by(provider, connection_id), given or {})

    def check_change(self, version: PromptVersion, values: dict[str, Any]) -> None:
        """Check the parameters of a change of a version, where they or its connection are new."""
        checked = self.checked_parameters(
            ProviderName(values.get("provider", version.provider)),
            values.get("connection_id", version.connection_id),
            values.get("parameters", version.parameters),
            before=version,
        )
        if "parameters" in values:
            values["parameters"] = checked

    def of_version(self, caller: Caller, version: PromptVersion) -> Connection:
        """Return what answers a version already, under the name it has for it."""
        if version.connection_id is None and self._models.answers_to(version.provider):
            return self._models.named(version.provider)
        return self.choose(caller, version.provider.value, version.connection_id)

    def check_provider(self, provider: str) -> ProviderName:
        """Return a provider by name; raises InvalidInput naming those there are.

        Forbidden for a local model: it opens a file of the server's machine, and a native parser.
        """
        if provider == ProviderName.LOCAL.value:
            raise Forbidden(LOCAL_IS_READ_ONLY, fix=Step.ADD_LOCAL_BY_COMMAND())
        return choice(provider)

    @staticmethod
    def _check_change(
        connection: Connection, name: ProviderName, given: JsonObject, scope: Scope
    ) -> None:
        """Raise InvalidInput where a change would leave a connection without what it needs."""
        before = {each: value_of(connection, each) for each in FIELDS}
        is_other = name is not connection.provider
        touched = None if is_other else {each for each in FIELDS if each in given}
        after = {**before, **_texts(given)}
        check_needs(name, after, touched)
        # What was kept in another time may stay.
        is_new = touched is None or touched & {API_KEY, *facts_of(name).shared_needs}
        if scope is Scope.ORGANIZATION and (is_new or scope is not connection.scope):
            check_shared(name, after)

    @staticmethod
    def _refuse_moving_secret(
        connection: Connection, api_key: str | None, secrets: Mapping[str, str] | None
    ) -> None:
        """A stored key must not be sent to another host than the one it was given for."""
        given = api_key is not None or any((secrets or {}).values())
        has_secret = bool(connection.api_key or connection.secrets) or connection.is_unreadable
        if has_secret and not given:
            raise InvalidInput(
                "A new endpoint needs its key given again.",
                field="api_key",
                fix="Send api_key (or auth_token) together with endpoint.",
            )

    def _require_reach(self, caller: Caller, provider: ProviderName) -> None:
        """Raise Forbidden for what leads anywhere, where a caller's connections may not."""
        if facts_of(provider).chooses_address and not self._private.may_make(caller.user):
            raise Forbidden(
                f"{provider.value} chooses addresses by itself, private ones among them.",
                fix=Reach(whom=self._private.owner_said()).fix,
            )

    def _require_owner(self, caller: Caller, scope: Scope) -> None:
        if scope is Scope.ORGANIZATION and not caller.user.owns_organization:
            raise Forbidden(
                "Only the owner of the organization can keep a connection for all of it.",
                fix="Use scope User for one of your own.",
            )

    def _require_right(self, caller: Caller, connection: Connection) -> None:
        if connection.provider is ProviderName.LOCAL:
            raise Forbidden(LOCAL_IS_READ_ONLY, fix=Step.ADD_LOCAL_BY_COMMAND())
        if not self._access.may_change(caller, connection):
            whose = (
                "the organization's owner"
                if connection.scope is Scope.ORGANIZATION
                else ("its creator")
            )
            raise Forbidden(f"This connection is for {whose} to change.")

    def _check_title(self, caller: Caller, title: str) -> None:
        """Raise for a title of one the caller may use; of others they are told nothing."""
        check_title(title)
        if any(each.title == title for each in self.visible(caller)):
            raise Conflict(
                f"A connection named {title!r} already exists.",
                field="title",
                fix="Give it another name.",
            )


def free_title(known: Sequence[Connection], provider: ProviderName) -> str:
    """Return a title that none of the known connections has."""
    taken = {each.title for each in known}
    number = 1
    while f"{provider.value} {number}" in taken:
        number += 1
    return f"{provider.value} {number}"


def parse_price(text: str) -> tuple[str, list[float]]:
    """Return model -> dollars per million tokens in and out, as in ``gpt-6-luna=0.10,0.50``."""
    model, _, numbers = text.rpartition("=")
    try:
        price = read_price(numbers)
    except ValueError:
        price = None
    if not model.strip() or price is None:
        raise InvalidInput(
            f"{text!r} is not a price such as gpt-6-luna=0.10,0.50.",
            field="prices",
            fix="Give dollars per million tokens of the prompt and of the answer.",
        )
    return model.strip(), list(price)


def _secrets(
    connection: Connection,
    api_key: str | None,
    secrets: Mapping[str, str] | None,
    *,
    is_moved: bool,
) -> tuple[str | None, dict[str, str] | None]:
    """Return a key and other secrets as they are to be kept, None for what stays as it is.

    What opens a connection is what was given last, and nothing goes along to another host.
    """
    before, token = dict(connection.secrets), connection.secrets.get("auth_token")
    if is_moved and (connection.api_key or before):
        kept = dict(secrets or {})
        return api_key if api_key is not None else kept.get("auth_token", ""), kept
    if not secrets:
        if api_key is None or token is None:
            return api_key, None
        return api_key, {name: each for name, each in before.items() if name != "auth_token"}
    kept = {**before, **secrets}
    if connection.is_unreadable and api_key is None:
        api_key = kept.get("auth_token", "")
    if api_key is None and connection.api_key == token:
        api_key = kept.get("auth_token")
    return api_key, kept


def _is_elsewhere(new: tuple[ProviderName, str], old: tuple[ProviderName, str]) -> bool:
    """Whether another host is asked, or the same one where the way there hides nothing any more."""
    is_opened = new[1].startswith("http://") and not old[1].startswith("http://")
    return is_opened or _place(*new) != _place(*old)


def _place(provider: ProviderName, endpoint: str) -> str:
    """Return the host that is asked, or what stands for it."""
    return urlsplit(endpoint or facts_of(provider).address).netloc or provider


def _texts(values: JsonObject) -> dict[str, str]:
    return {name: str(value or "").strip() for name, value in values.items()}
