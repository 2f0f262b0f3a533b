"""`connections`: list, add, key, budget, price, test, remove."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App, Group, pass_app
from ml_backend.cli.commands.connection_key import (
    ALERT,
    add_connection,
    budget_options,
    key_of_connection,
    period_named,
    price,
)
from ml_backend.cli.commands.connection_models import find_connection, models_of_connection
from ml_backend.cli.output import documents
from ml_backend.errors import Conflict, InvalidInput
from ml_backend.records import Connection, ProviderName
from ml_backend.services.health.at_rest import key_problem

if TYPE_CHECKING:
    from ml_backend.services.models.measuring import Measured
    from ml_backend.services.models.spending import Spending

ALL_OTHERS = "(every other model)"


@click.group(cls=Group)
def connections() -> None:
    """Model providers: their keys, endpoints and prices. Keys are stored encrypted."""


@connections.command("list")
@pass_app
def list_connections(app: App) -> None:
    """List connections, first the one the environment makes.

    \b
    Example:
      ls-prompts connections list
    """
    rows = [app.container.models.default, *app.container.store.connections.all()]
    store = app.container.store
    spendings = [documents.spending_of(store, row) for row in rows]
    if app.as_json:
        app.document(
            [
                documents.of_connection(row, spending)
                for row, spending in zip(rows, spendings, strict=True)
            ]
        )
        return
    app.table(
        ("Id", "Title", "Provider", "Endpoint", "Model", "Key", "Spent", "Budget"),
        [
            (
                row.id,
                row.title,
                row.provider.value,
                row.endpoint,
                row.default_model,
                "unreadable" if row.is_unreadable else bool(row.api_key),
                _spent(spending),
                _budget(row),
            )
            for row, spending in zip(rows, spendings, strict=True)
        ],
        numbers=("Id", "Spent"),
    )
    for row, spending in zip(rows, spendings, strict=True):
        for said in filter(None, (spending.warning, key_problem(row))):
            app.note(f"{row.title}: {said}")


connections.command("add")(add_connection)
connections.command("key")(key_of_connection)
connections.command("models")(models_of_connection)


@connections.command("budget")
@click.argument("connection")
@budget_options
@click.option("--unlimited", is_flag=True, help="Take the limit away.")
@pass_app
def budget_of_connection(
    app: App,
    connection: str,
    limit: float | None,
    period: str | None,
    alert: float | None,
    unlimited: bool,
) -> None:
    """Say what CONNECTION may spend; runs, /predict and teachers stop before it is crossed.

    What is not given stays. A limit needs the prices of the models asked. The one of the
    environment's connection (`environment`) is OPENAI_BUDGET, and only shown here.

    \b
    Examples:
      ls-prompts connections budget work --limit 50 --period monthly --alert 40
      ls-prompts connections budget work --unlimited
    """
    if unlimited and limit is not None:
        raise click.UsageError("Give --limit or --unlimited, not both.")
    chosen = find_connection(app, connection)
    is_given = unlimited or any(each is not None for each in (limit, period, alert))
    if chosen.id is None and is_given:
        raise InvalidInput(
            "The budget of the environment's connection is set by OPENAI_BUDGET.",
            field="connection",
            fix='Set it where the server runs, and where you type, for example OPENAI_BUDGET="50 '
            'monthly"; unset it for no limit. One run is stopped by its --budget.',
        )
    columns: dict[str, Any] = {}
    if limit is not None or unlimited:
        columns["budget_limit"] = limit
    if period is not None:
        columns["budget_period"] = period_named(period)
    if alert is not None:
        columns["details"] = {**chosen.details, ALERT: alert}
    store = app.container.store
    changed = chosen
    if chosen.id is not None and columns:
        changed = store.connections.update(chosen.id, **columns)
    spending = documents.spending_of(store, changed)
    if app.as_json:
        app.document(documents.of_connection(changed, spending))
        return
    click.echo(f"{changed.title!r}: {_spent(spending)} spent, budget {_budget(changed)}.")
    app.note(spending.warning)


@connections.command("price")
@click.argument("connection")
@click.argument("prices", type=price, metavar="MODEL=IN,OUT", nargs=-1)
@click.option("--remove", metavar="MODEL", multiple=True, help="Forget what was given for it.")
@pass_app
def price_of_connection(
    app: App,
    connection: str,
    prices: tuple[tuple[str, list[float]], ...],
    remove: tuple[str, ...],
) -> None:
    """Say what models of CONNECTION cost: dollars per million prompt and completion tokens.

    CONNECTION is an id, a title, or `environment` for the one that OPENAI_API_KEY or
    OPENAI_BASE_URL makes; OPENAI_PRICE=IN,OUT is the price of all its other models. A server of
    your own costs 0,0. Without MODEL=IN,OUT the prices given so far are shown.

    \b
    Examples:
      ls-prompts connections price environment llama3.2=0,0
      ls-prompts connections price work gpt-6-luna=0.10,0.50
      ls-prompts connections price work --remove gpt-6-luna
    """
    chosen = find_connection(app, connection)
    given = app.container.given_prices
    for model, pair in prices:
        chosen = given.give(chosen, model, (pair[0], pair[1]))
    for model in remove:
        chosen = given.give(chosen, model, None)
    if app.as_json:
        spending = documents.spending_of(app.container.store, chosen)
        app.document(documents.of_connection(chosen, spending))
        return
    app.table(
        ("Model", "Prompt", "Completion"),
        [
            (ALL_OTHERS if model == "*" else model, f"${each[0]:g}", f"${each[1]:g}")
            for model, each in chosen.prices.items()
        ],
        title=f"{chosen.title}: dollars per million tokens",
        empty=f"No prices are given for {chosen.title!r}.",
        numbers=("Prompt", "Completion"),
    )


@connections.command("test")
@click.argument("connection", required=False)
@click.option("--model", default="", help="What to measure, instead of its default model.")
@click.option("--quick", is_flag=True, help="Only whether it answers; costs a word at most.")
@pass_app
def test_connection(app: App, connection: str | None, model: str, quick: bool) -> None:
    """Ask a connection whether it answers and what its model can; without CONNECTION the server's.

    That takes about five small questions, eight at most, which cost what the model costs: the
    form of its answers, pictures, PDFs, log-probabilities, thinking, context, limits, speed. It is
    kept, and `connections models` shows it. --quick asks for the list of models alone, or for a
    word where a provider lists none (Vertex AI, LiteLLM, deployments of Azure). All of it counts
    against the connection's budget.

    \b
    Examples:
      ls-prompts connections test ollama
      ls-prompts connections test groq --model openai/gpt-oss-20b
      ls-prompts connections test --quick
    """
    from ml_backend.services.models import measured_said

    container = app.container
    chosen = container.models.default if connection is None else find_connection(app, connection)
    # Where no models are listed the one that is named is asked whether it answers.
    asked = replace(chosen, default_model=model or chosen.default_model)
    names = container.loop.run(container.models.check(asked, None))
    container.models.note_listed(asked)
    found = None if quick else _measured(app, chosen, names, model)
    if app.as_json:
        spending = documents.spending_of(container.store, chosen)
        told = measured_said.document(found) if found else None
        document = documents.of_connection(chosen, spending)
        app.document({**document, "models": names, "measured": told})
        return
    shown = f"{', '.join(names[:10])}{' …' if len(names) > 10 else ''}"
    click.echo(f"{chosen.title!r} ({chosen.provider.value}) answers. Models: {shown or 'unnamed'}.")
    if found is None:
        return
    app.table(("What", "Found"), measured_said.rows(found), title=f"{found.model}:")
    for remark in found.remarks:
        app.note(remark)


def _measured(app: App, chosen: Connection, names: list[str], model: str) -> Measured | None:
    """Measure, and say before what that costs; None where there is no model to ask."""
    from ml_backend.services.models.measuring import MOST_CALLS, expected_cost

    own = model or chosen.default_model or chosen.deployment
    if chosen.provider is ProviderName.BASELINE:
        return None
    if not own and len(names) != 1:
        app.note("What a model can is found out where one is named: --model NAME.")
        return None
    cost = expected_cost(chosen, own or names[0])
    app.note(
        f"Asking {own or names[0]} up to {MOST_CALLS} small questions: "
        f"{'its price is unknown' if cost is None else f'about ${cost:.4f}'}."
    )
    return app.container.measuring.measure(chosen, own or names[0])


@connections.command("remove")
@click.argument("connection")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def remove_connection(app: App, connection: str, yes: bool) -> None:
    """Remove a connection that no version uses.

    \b
    Example:
      ls-prompts connections remove ollama
    """
    store = app.container.store
    chosen = find_connection(app, connection)
    if chosen.id is None:
        raise InvalidInput("The environment's connection is not ours to remove.")
    users = store.connections.users(chosen.id)
    if users:
        shown = ", ".join(f"{title!r} of prompt {prompt_id}" for prompt_id, title in users[:5])
        raise Conflict(
            f"Connection {chosen.title!r} is used by {len(users)} versions: {shown}.",
            fix="Delete those versions first.",
        )
    document = documents.of_connection(chosen, documents.spending_of(store, chosen))
    go_ahead = app.go_ahead(
        f"Remove connection {chosen.title!r}?",
        plan=document,
        show=lambda stderr: app.note(f"Connection {chosen.id} {chosen.title!r} and its key."),
        yes=yes,
    )
    if go_ahead:
        store.connections.delete(chosen.id)
        app.document(document) if app.as_json else click.echo(f"Removed {chosen.title!r}.")


def _spent(spending: Spending) -> str:
    if spending.spent is None:
        return "-"
    return "unknown" if spending.cost is None else f"${spending.cost:.4f}"


def _budget(connection: Connection) -> str:
    if connection.budget_limit is None:
        return "-"
    return f"${connection.budget_limit:g} {connection.budget_period.casefold()}".strip()
