"""Connections to model providers: what they may spend, whether they answer; keys go in alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import flash, make_response, render_template, request
from werkzeug.wrappers import Response

from ml_backend.errors import Forbidden, InvalidInput
from ml_backend.llm import facts_of
from ml_backend.llm.models.retiring import retirement_said
from ml_backend.llm.models.saying import abilities_said
from ml_backend.llm.presets import preset_of
from ml_backend.llm.prices import EVERY_MODEL, Price, find_price
from ml_backend.llm.provider_facts import CREDENTIALS
from ml_backend.next_steps import Step
from ml_backend.records import Connection, Prompt, ProviderName, Scope
from ml_backend.services.callers.access import Caller
from ml_backend.services.callers.connections import LOCAL_IS_READ_ONLY, parse_price
from ml_backend.services.connecting.backend_urls import plain
from ml_backend.services.health.at_rest import key_problem
from ml_backend.services.health.connection_check import ConnectionCheck
from ml_backend.services.models import measured_said
from ml_backend.services.models.measuring import expected_cost
from ml_backend.services.models.spending import ALERT, BudgetPeriod, Spending, alert_of, spending_of
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.settings.provider_form import given_fields, given_secrets, provider_form
from ml_backend.web.ui.shell.next_steps import for_pages
from ml_backend.web.ui.shell.pages import by_htmx, dialog, go, pages
from ml_backend.web.ui.shell.prompt_view import number

LIST = "/ui/connections"
PAGE = 50
KNOWN_SHOWN = 4
"""Models of which is said what they can."""
SHORTEST_SHOWN = 12
"""Characters a key has at least for its last four to be shown: of a short one they say too much."""

SCOPES = {
    Scope.ORGANIZATION: ("Everybody in the organization", "only its owner can make or change it"),
    Scope.USER: ("Only you", ""),
    Scope.MODEL: ("You, and whoever sees a prompt that uses it", ""),
}
PERIODS = {
    BudgetPeriod.NEVER: "in all",
    BudgetPeriod.MONTHLY: "a month",
    BudgetPeriod.YEARLY: "a year",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A connection as one person sees it."""

    connection: Connection
    spending: Spending
    check: ConnectionCheck | None
    may_change: bool
    may_price: bool = False
    """Whether the person may say what its models cost."""
    known: Sequence[tuple[str, str, str]] = ()
    """Models with what is known of each, and that it is about to be retired."""

    @property
    def prices(self) -> list[tuple[str, Price | None]]:
        """Return its models with what each costs, None where nobody knows."""
        each = self.connection
        models = [each.default_model, *(name for name in each.prices if name != EVERY_MODEL)]
        found = [(name, find_price(each, name)) for name in dict.fromkeys(filter(None, models))]
        every = find_price(each, EVERY_MODEL) if EVERY_MODEL in each.prices else None
        return [*found, *([("every other model", every)] if every else [])]

    @property
    def is_unpriced(self) -> bool:
        """Whether there is a model whose price is missed."""
        return any(price is None for _, price in self.prices) or not self.prices

    @property
    def measuring_costs(self) -> str:
        """Return about what finding out what its model can costs, in words."""
        cost = expected_cost(self.connection)
        return "cost unknown" if cost is None else f"about ${cost:.4f}"

    @property
    def can_be_measured(self) -> bool:
        each = self.connection
        named = each.default_model or each.deployment
        return bool(named) and each.provider is not ProviderName.BASELINE

    @property
    def ref(self) -> str:
        """Return how addresses name it; the environment's has no number."""
        return "environment" if self.connection.id is None else str(self.connection.id)

    @property
    def provider(self) -> str:
        preset = preset_of(self.connection)
        return preset.title if preset else facts_of(self.connection.provider).title

    @property
    def endpoint(self) -> str:
        if self.connection.provider is ProviderName.LOCAL:
            return ""  # where the file lies is its operator's matter
        return plain(self.connection.endpoint).partition("?")[0]

    @property
    def models(self) -> list[str]:
        """Return the models it names: its default, those with prices, its deployment."""
        each = self.connection
        return list(
            dict.fromkeys(filter(None, (each.default_model, each.deployment, *each.prices)))
        )

    @property
    def key_problem(self) -> str:
        return for_pages(key_problem(self.connection))

    @property
    def key(self) -> str:
        """Return what is shown of the key: for who may change it, the last four characters."""
        key = self.connection.api_key
        if self.connection.is_unreadable:
            return "cannot be read"
        if not key:
            return "Google credentials" if self.connection.secrets.get(CREDENTIALS) else "none"
        return f"••••{key[-4:]}" if self.may_change and len(key) >= SHORTEST_SHOWN else "••••"


@pages.get("/connections")
def list_connections() -> str:
    """List the connections a person may use, first the environment's."""
    caller = identity.caller()
    found = [services().models.default, *services().connections.visible(caller)]
    first = ((number("page") or 1) - 1) * PAGE
    first = first if first < len(found) else 0
    return render_template(
        "settings/connections.html",
        rows=[_row(caller, each) for each in found[first : first + PAGE]],
        first=first,
        page=PAGE,
        total=len(found),
        scopes=SCOPES,
        periods=PERIODS,
    )


@pages.get("/connections/new")
def new_connection() -> Response:
    """Ask for a connection."""
    caller = identity.caller()
    owner = caller.user.owns_organization
    empty = Connection(
        None,
        "",
        ProviderName.OPENAI,
        scope=Scope.ORGANIZATION if owner else Scope.USER,
    )
    return _form(caller, Row(empty, spending_of(services().store, empty), None, True), new=True)


@pages.post("/connections/new")
def create_connection() -> Response:
    """Keep a connection."""
    caller = identity.caller()
    given = _given(Connection(None, "", ProviderName.CUSTOM))
    made = services().connections.create(
        caller,
        given.pop("provider"),
        scope=given.pop("scope"),
        endpoint=given.pop("endpoint"),
        deployment=given.pop("deployment"),
        details=given.pop("details"),
        **given_secrets(),
        **given,
    )
    flash(f"{made.title} is kept. Test it to see whether it answers.")
    return go(LIST)


@pages.get("/connections/<int:connection_id>/edit")
def edit_connection(connection_id: int) -> Response:
    """Show a connection to change; its key is never sent."""
    caller, connection = _changeable(connection_id)
    return _form(caller, _row(caller, connection), new=False)


@pages.post("/connections/<int:connection_id>/edit")
def update_connection(connection_id: int) -> Response:
    """Change a connection; a key left blank stays."""
    caller, connection = _changeable(connection_id)
    given = _given(connection)
    if given["endpoint"] == plain(connection.endpoint):
        del given["endpoint"]  # what is shown of it lacks a password it may hold
    if given["provider"] == connection.provider.value:
        del given["provider"]
    secrets = given_secrets()
    key = secrets["api_key"] or None
    if request.form.get("forget_key") == "1":
        key = ""
    changed = services().connections.update(
        caller, connection, api_key=key, secrets=secrets["secrets"] or None, **given
    )
    flash(f"{changed.title} is changed.")
    return go(LIST)


@pages.post("/connections/<ref>/test")
def test_connection(ref: str) -> Response:
    """Ask a connection's provider whether it answers."""
    caller = identity.caller()
    connection = _named(caller, ref)
    check = services().connection_checks.run(connection, caller.person)
    if by_htmx():
        text = render_template("settings/connections_check.html", check=check)
        return make_response(text)
    flash(for_pages(f"{connection.title}: {check.message} {check.fix}".strip()))
    return go(LIST)


@pages.post("/connections/<ref>/measure")
def measure_connection(ref: str) -> Response:
    """Find out what a connection's model can, by a few small calls."""
    caller = identity.caller()
    connection = _named(caller, ref)
    found = services().measuring.measure(connection, person=caller.person)
    if by_htmx():
        said = render_template(
            "settings/connections_measured.html", found=found, rows=measured_said.rows(found)
        )
        return make_response(said)
    words = "; ".join(f"{name}: {said}" for name, said in measured_said.rows(found))
    flash(f"{connection.title}, {found.model}. {words}.")
    return go(LIST)


@pages.get("/connections/<int:connection_id>/delete")
def ask_delete_connection(connection_id: int) -> Response:
    """Show what a connection's end would mean: the prompts that use it."""
    caller, connection = _changeable(connection_id)
    users, hidden = services().connections.users(caller, connection)
    return dialog(
        "settings/connections_delete.html",
        row=_row(caller, connection),
        users=users,
        hidden=hidden,
        used_by=_used_by(users, hidden),
        back=LIST,
    )


@pages.post("/connections/<int:connection_id>/delete")
def delete_connection(connection_id: int) -> Response:
    """Remove a connection that no version uses."""
    caller, connection = _changeable(connection_id)
    services().connections.delete(caller, connection)
    flash(f"{connection.title} and its key are deleted.")
    return go(LIST)


def _named(caller: Caller, ref: str) -> Connection:
    """Return the connection that an address names, and that a person may use."""
    if ref == "environment":
        return services().models.default
    number = int(ref) if ref.isascii() and ref.isdecimal() and len(ref) < 10 else 0
    return services().access.connection(caller, number)


def _changeable(connection_id: int) -> tuple[Caller, Connection]:
    caller = identity.caller()
    connection = services().access.connection(caller, connection_id)
    if connection.provider is ProviderName.LOCAL:
        raise Forbidden(LOCAL_IS_READ_ONLY, fix=Step.ADD_LOCAL_BY_COMMAND())
    if not services().access.may_change(caller, connection):
        owner = connection.scope is Scope.ORGANIZATION
        whose = "the organization's owner" if owner else "whoever made it"
        raise Forbidden(f"{connection.title} is for {whose} to change.")
    return caller, connection


def _row(caller: Caller, connection: Connection) -> Row:
    own = connection.id is not None
    return Row(
        connection,
        spending_of(services().store, connection),
        services().connection_checks.last(connection),
        own and services().access.may_change(caller, connection),
        connection.provider is not ProviderName.BASELINE
        and services().prices.may_give(caller, connection),
        _known(connection),
    )


def _known(connection: Connection) -> list[tuple[str, str, str]]:
    if connection.provider is ProviderName.BASELINE:
        return []
    today = datetime.now(UTC).date()
    return [
        (each.name, abilities_said(each), retirement_said(each.name, each.abilities, today))
        for each in services().model_catalogue.of(connection)[:KNOWN_SHOWN]
    ]


def _form(caller: Caller, row: Row, *, new: bool) -> Response:
    owner = caller.user.owns_organization
    scopes = {
        scope: words
        for scope, words in SCOPES.items()
        if owner or scope is not Scope.ORGANIZATION or row.connection.scope is scope
    }
    return dialog(
        "settings/connections_form.html",
        row=row,
        new=new,
        provider=provider_form(row.connection, new=new),
        scopes=scopes,
        periods=PERIODS,
        alert_at=alert_of(row.connection),
        may_be_private=services().private_endpoints.may_make(caller.user),
        back=LIST,
    )


def _used_by(users: list[tuple[Prompt, list[str]]], hidden: int) -> str:
    """Return "2 prompts", counting those a person does not see by their versions."""
    parts = []
    if users:
        parts.append(f"{len(users)} prompt{'s' if len(users) > 1 else ''}")
    if hidden:
        parts.append(f"{hidden} version{'s' if hidden > 1 else ''} of prompts you do not see")
    return " and ".join(parts)


# What a form says


def _given(before: Connection) -> dict[str, Any]:
    """Return the columns a form gives; raises InvalidInput naming the field."""
    form = request.form
    provider, fields, details = given_fields(before)
    title = form.get("title", "").strip()
    if not title:
        raise InvalidInput("The name is missing.", field="title", fix="Give the connection a name.")
    try:
        scope = Scope(form["scope"]) if form.get("scope") else None
        period = BudgetPeriod(form.get("budget_period", ""))
    except ValueError as error:
        raise InvalidInput(f"{error}.", fix="Choose one of those shown.") from error
    return {
        "title": title[:200],
        "provider": provider,
        **fields,
        "default_model": form.get("default_model", "").strip(),
        "prices": _prices(form.get("prices", "")),
        "scope": scope,
        "budget_limit": _dollars("budget_limit", "budget"),
        "budget_period": period.value,
        "details": {**details, ALERT: _dollars("alert_threshold", "alert threshold")},
    }


def _prices(text: str) -> dict[str, list[float]]:
    """Return model -> prices, from lines such as ``gpt-6-luna = 0.10, 0.50``."""
    return dict(parse_price(line.strip()) for line in text.splitlines() if line.strip())


def _dollars(name: str, what: str) -> float | None:
    """Return dollars, None where the field is empty."""
    text = request.form.get(name, "").strip().lstrip("$").replace(",", "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise InvalidInput(
            f"The {what} {text[:30]!r} is no amount of dollars.",
            field=name,
            fix="Give a number such as 50 or 12.5, or leave it empty for none.",
        )
    return value
