"""`connections`: list, add, key, budget, price, test, remove."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from ml_backend.cli.app import App, Group, pass_app
from ml_backend.cli.commands.connection_key import key_of_connection
from ml_backend.cli.commands.connection_models import models_of_connection
from ml_backend.cli.commands.key_input import read_key
from ml_backend.cli.commands.local_options import LocalOptions, local_options
from ml_backend.cli.dollars import Dollars
from ml_backend.cli.output import documents
from ml_backend.errors import Conflict, InvalidInput
from ml_backend.records import Connection, ProviderName
from ml_backend.services.health.at_rest import key_problem

if TYPE_CHECKING:
    from ml_backend.services.models.spending import Spending

PROVIDERS = [name.value for name in ProviderName if name is not ProviderName.BASELINE]
PERIODS = {"never": "", "monthly": "Monthly", "yearly": "Yearly"}
ALERT = "budget_alert_threshold"
ENVIRONMENT = "environment"
ALL_OTHERS = "(every other model)"


def price(value: str) -> tuple[str, list[float]]:
    """Parse dollars per million tokens, as in ``gpt-5-mini=0.25,2``."""
    from ml_backend.services.callers.connections import parse_price

    try:
        return parse_price(value)
    except InvalidInput as error:
        raise click.BadParameter(error.message) from error


def budget_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a connection's budget."""
    options = [
        click.option("--limit", type=Dollars(0), metavar="USD", help="In a period."),
        click.option(
            "--period",
            type=click.Choice(list(PERIODS), case_sensitive=False),
            metavar=f"[{'|'.join(PERIODS)}]",
            help="When the limit begins anew, by the calendar in UTC.",
        ),
        click.option("--alert", type=Dollars(0), metavar="USD", help="Warn from there on."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def period_named(name: str | None) -> str:
    """Return the period as the store has it."""
    return PERIODS[(name or "never").casefold()]


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


@connections.command("add")
@click.argument("title", required=False)
@click.option(
    "--provider",
    type=click.Choice(PROVIDERS, case_sensitive=False),
    metavar=f"[{'|'.join(PROVIDERS)}]",
    required=True,
)
@click.option("--endpoint", default="", help="Where it answers; Custom and AzureOpenAI need it.")
@click.option(
    "--model",
    default="",
    help="The model of versions that name none; Local: a GGUF file, by default the small model.",
)
@click.option("--api-key-env", metavar="VAR", help="Read the key from this variable.")
@click.option("--api-key-stdin", is_flag=True, help="Read the key from the first line of stdin.")
@click.option("--deployment", default="", help="AzureOpenAI: the deployment's name.")
@click.option("--api-version", default="", help="AzureOpenAI: the API version.")
@local_options
@click.option(
    "--price",
    "prices",
    type=price,
    metavar="MODEL=IN,OUT",
    multiple=True,
    help="Dollars per million prompt and completion tokens; may be repeated.",
)
@budget_options
@pass_app
def add_connection(
    app: App,
    title: str | None,
    provider: str,
    endpoint: str,
    model: str,
    api_key_env: str | None,
    api_key_stdin: bool,
    deployment: str,
    api_version: str,
    local: LocalOptions,
    prices: tuple[tuple[str, list[float]], ...],
    limit: float | None,
    period: str | None,
    alert: float | None,
) -> None:
    """Add a connection. Its key never goes on the command line: others could read it there.

    Without --api-key-env and --api-key-stdin the key is asked for, hidden.

    \b
    Examples:
      ls-prompts connections add work --provider OpenAI --model gpt-5-mini --api-key-env WORK_KEY
      ls-prompts connections add ollama --provider Custom --endpoint http://localhost:11434/v1 \\
          --model llama3.2 --price llama3.2=0,0
      ls-prompts connections add --provider Local --model path/to/model.gguf
    """
    if api_key_env and api_key_stdin:
        raise click.UsageError("Give --api-key-env or --api-key-stdin, not both.")
    from ml_backend.services.callers.connections import check_names, check_title, free_title

    is_local = provider == ProviderName.LOCAL.value
    columns: dict[str, Any] = {"endpoint": endpoint, "default_model": model, "details": {}}
    if is_local:
        if endpoint or api_key_env or api_key_stdin:
            raise click.UsageError("A local model has no endpoint and no key.")
        columns = local.columns(model)
    elif local.is_given:
        raise click.UsageError("--threads, --slots and --context are of a local model.")
    if title is None and not is_local:
        raise click.UsageError("Missing argument 'TITLE'.")
    title = title or free_title(app.container.store.connections.all(), ProviderName.LOCAL)
    check_title(title)
    check_names(deployment, api_version, {})
    if not is_local and provider != ProviderName.OPENAI.value and not endpoint:
        raise InvalidInput(
            f"{provider} needs an endpoint.",
            field="endpoint",
            fix="Give --endpoint, for example http://localhost:11434/v1.",
        )
    if endpoint and not _is_web_address(endpoint):
        raise InvalidInput(
            f"{endpoint!r} is not a web address.",
            field="endpoint",
            fix="It should look like http://localhost:11434/v1.",
        )
    made = app.container.store.connections.create(
        title=title.strip(),
        provider=provider,
        api_key="" if is_local else read_key(provider, api_key_env, api_key_stdin),
        deployment=deployment,
        api_version=api_version,
        prices=dict(prices),
        budget_limit=limit,
        budget_period=period_named(period),
        endpoint=columns["endpoint"],
        default_model=columns["default_model"],
        details=columns["details"] | ({} if alert is None else {ALERT: alert}),
    )
    if app.as_json:
        app.document(
            documents.of_connection(made, documents.spending_of(app.container.store, made))
        )
        return
    click.echo(f"Added connection {made.id} {made.title!r}.")
    app.note(f"Next: ls-prompts connections test {made.id}")


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
    chosen = _find(app, connection)
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
      ls-prompts connections price work gpt-5-mini=0.25,2
      ls-prompts connections price work --remove gpt-5-mini
    """
    chosen = _find(app, connection)
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
@pass_app
def test_connection(app: App, connection: str | None) -> None:
    """Ask a connection whether it answers; without CONNECTION the environment's.

    \b
    Example:
      ls-prompts connections test ollama
    """
    container = app.container
    chosen = container.models.default if connection is None else _find(app, connection)
    names = container.loop.run(container.models.open(chosen).check())
    container.models.note_listed(chosen)
    if app.as_json:
        spending = documents.spending_of(container.store, chosen)
        app.document({**documents.of_connection(chosen, spending), "models": names})
        return
    shown = f"{', '.join(names[:10])}{' …' if len(names) > 10 else ''}"
    click.echo(f"{chosen.title!r} ({chosen.provider.value}) answers. Models: {shown or 'unnamed'}.")


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
    chosen = _find(app, connection)
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


def _find(app: App, ref: str) -> Connection:
    """Return a connection; `environment` is the environment's unless one is called so."""
    if ref == ENVIRONMENT and app.container.store.connections.find(ref) is None:
        return app.container.models.default
    return app.container.store.connections.get(int(ref) if ref.isdecimal() else ref)


def _is_web_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)
