"""`connections add` and `connections key`: what a provider needs, and the secrets that open it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ml_backend.cli.app import App, pass_app
from ml_backend.cli.commands.key_input import API_KEY, AUTH_TOKEN, SecretOptions, secret_options
from ml_backend.cli.commands.local_options import LocalOptions, local_options
from ml_backend.cli.dollars import Dollars
from ml_backend.cli.output import documents
from ml_backend.errors import InvalidInput
from ml_backend.records import Connection, ProviderName, Scope

PROVIDERS = [name.value for name in ProviderName if name is not ProviderName.BASELINE]
PERIODS = {"never": "", "monthly": "Monthly", "yearly": "Yearly"}
ALERT = "budget_alert_threshold"
KEPT_APART = ("google_project_id", "google_location")


def price(value: str) -> tuple[str, list[float]]:
    """Parse dollars per million tokens, as in ``gpt-6-luna=0.10,0.50``."""
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


@click.argument("title", required=False)
@click.option(
    "--provider",
    type=click.Choice(PROVIDERS, case_sensitive=False),
    metavar=f"[{'|'.join(PROVIDERS)}]",
    help="Needed unless there is a --preset.",
)
@click.option(
    "--preset",
    metavar="NAME",
    help="A server that speaks OpenAI's protocol, by its name: groq, mistral, ollama, vllm …",
)
@click.option("--endpoint", default="", help="Where it answers, if not at its vendor's address.")
@click.option(
    "--model",
    default="",
    help="The model of versions that name none; Local: a GGUF file, by default the small model.",
)
@secret_options
@click.option(
    "--deployment",
    default="",
    help="Azure: the deployment's name; LiteLLM: the vendor, such as openrouter.",
)
@click.option("--api-version", default="", help="Azure: the API version.")
@click.option("--google-project", default="", help="VertexAI: the project's id.")
@click.option("--google-location", default="", help="VertexAI: the region, such as europe-west4.")
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
    /,
    title: str | None,
    provider: str | None,
    preset: str | None,
    given: SecretOptions,
    model: str,
    local: LocalOptions,
    prices: tuple[tuple[str, list[float]], ...],
    limit: float | None,
    period: str | None,
    alert: float | None,
    **fields: str,
) -> None:
    """Add a connection. Its key never goes on the command line: others could read it there.

    TITLE is what commands call it; without one it is named by its provider, as in "Gemini 1".
    Without an option for its key it is asked for, hidden. What its provider needs and is not
    given is named, with where keys come from.

    \b
    Examples:
      ls-prompts connections add work --provider OpenAI --model gpt-6-luna --api-key-env WORK_KEY
      ls-prompts connections add groq --preset groq --api-key-env GROQ_API_KEY
      ls-prompts connections add ollama --preset ollama --model llama3.2 --price llama3.2=0,0
      ls-prompts connections add --provider Anthropic --model claude-haiku-4-5
      ls-prompts connections add --provider Local --model path/to/model.gguf
    """
    if provider is None and preset is None:
        raise click.UsageError("Missing option '--provider', or '--preset'.")
    from ml_backend.services.callers.connection_rules import check_title
    from ml_backend.services.callers.connections import free_title

    provider = provider or ProviderName.CUSTOM.value
    is_local = provider == ProviderName.LOCAL.value
    if is_local:
        if any(fields.values()) or given.given or preset:
            raise click.UsageError("A local model has no endpoint and no key.")
        columns: dict[str, Any] = {"api_key": "", **local.columns(model)}
    elif local.is_given:
        raise click.UsageError("--threads, --slots and --context are of a local model.")
    if title is None:
        title = free_title(app.container.store.connections.all(), ProviderName(provider))
    check_title(title)
    if not is_local:
        columns = {"default_model": model, **_columns(provider, preset, given, fields)}
    if alert is not None:
        columns["details"] = {**columns["details"], ALERT: alert}
    made = app.container.store.connections.create(
        title=title.strip(),
        provider=provider,
        prices=dict(prices),
        budget_limit=limit,
        budget_period=period_named(period),
        **columns,
    )
    if app.as_json:
        app.document(
            documents.of_connection(made, documents.spending_of(app.container.store, made))
        )
        return
    click.echo(f"Added connection {made.id} {made.title!r}.")
    app.note(f"Next: ls-prompts connections test {made.id}")


def _columns(
    provider: str, preset: str | None, given: SecretOptions, fields: dict[str, str]
) -> dict[str, Any]:
    """Return what is kept of a connection, as its provider's facts want it."""
    from ml_backend.llm import facts_of
    from ml_backend.llm.presets import PRESETS
    from ml_backend.services.callers.connection_fields import (
        check_needs,
        check_preset,
        check_shared,
    )
    from ml_backend.services.callers.connection_rules import check_endpoint, check_names, choice

    name = choice(provider)
    facts, details = facts_of(name), {"preset": preset.lower()} if preset else {}
    check_preset(name, details)
    known = PRESETS.get(details.get("preset", ""))
    said = {
        "endpoint": fields["endpoint"] or (known.address if known else ""),
        "deployment": fields["deployment"],
        "api_version": fields["api_version"],
        "google_project_id": fields["google_project"],
        "google_location": fields["google_location"],
    }
    for field, text in said.items():
        if text and field not in (*facts.needs, *facts.takes):
            option = field.removesuffix("_id").replace("_", "-")
            raise click.UsageError(f"--{option} is not for {provider}.")
    check_endpoint(name, said["endpoint"])
    check_names(said["deployment"], said["api_version"], said)
    secret = [name for name in given.given if name in facts.secrets]
    # What lacks is told before a key is asked for.
    check_needs(name, said, touched={*said} - {*secret})
    needed = known.needs_key if known else facts.needs_secret
    secrets: dict[str, str] = {}
    if needed or given.given or (known is None and facts.secrets):
        secrets = given.read(facts, needed=needed, keys=known.keys if known else facts.keys)
    check_needs(name, {**said, **secrets})
    check_shared(name, {**said, **secrets})
    details |= {each: said.pop(each) for each in KEPT_APART if said[each]}
    return {
        **{each: said[each] for each in ("endpoint", "deployment", "api_version")},
        **kept_secrets(secrets),
        "details": details,
    }


def kept_secrets(secrets: dict[str, str]) -> dict[str, Any]:
    """Return the columns of secrets: a token stands where the key does, and by its own name."""
    others = {name: text for name, text in secrets.items() if name != API_KEY}
    return {"api_key": secrets.get(API_KEY) or others.get(AUTH_TOKEN, ""), "secrets": others}


@click.argument("connection")
@secret_options
@pass_app
def key_of_connection(app: App, connection: str, given: SecretOptions) -> None:
    """Give CONNECTION another key, token or credentials; none goes on the command line.

    Without an option the key is asked for, hidden. What was kept beside a key that cannot be read
    goes with it.

    \b
    Examples:
      ls-prompts connections key work --api-key-env WORK_KEY
      ls-prompts connections key vertex --google-credentials service-account.json
      ls-prompts connections key work
    """
    from ml_backend.llm import facts_of
    from ml_backend.llm.presets import preset_of

    store = app.container.store
    chosen = store.connections.get(int(connection) if connection.isdecimal() else connection)
    if chosen.provider is ProviderName.LOCAL or chosen.id is None:
        raise InvalidInput("A local model has no key.", field="connection")
    facts, preset = facts_of(chosen.provider), preset_of(chosen)
    new = kept_secrets(
        given.read(
            facts,
            needed=preset.needs_key if preset else facts.needs_secret,
            keys=preset.keys if preset else facts.keys,
        )
    )
    if chosen.scope is Scope.ORGANIZATION:
        _check_shared(chosen, new)
    others = {name: each for name, each in chosen.secrets.items() if name != AUTH_TOKEN}
    # Other credentials than a key leave the key as it is.
    key = new["api_key"] if new["api_key"] or not new["secrets"] else None
    kept = others if key is not None else dict(chosen.secrets)
    changed = store.connections.update(chosen.id, api_key=key, secrets={**kept, **new["secrets"]})
    if app.as_json:
        app.document(documents.of_connection(changed, documents.spending_of(store, changed)))
        return
    click.echo(f"Connection {changed.id} {changed.title!r} has another key.")
    app.note(f"Next: ls-prompts connections test {changed.id}")


def _check_shared(chosen: Connection, new: dict[str, Any]) -> None:
    """Raise InvalidInput where the key would go wherever a version of anybody's says."""
    from ml_backend.services.callers.connection_fields import check_shared

    try:
        check_shared(
            chosen.provider, {API_KEY: new["api_key"], "deployment": chosen.deployment or ""}
        )
    except InvalidInput as error:
        raise InvalidInput(
            error.message,
            field=error.field,
            fix="Add it anew with --deployment, such as `ls-prompts connections add NEW --provider "
            f"{chosen.provider.value} --deployment openrouter`, and remove this one.",
        ) from error
