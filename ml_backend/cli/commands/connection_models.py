"""`connections models`: what a connection's models can, and what they cost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App, pass_app

if TYPE_CHECKING:
    from ml_backend.llm.models.catalogue import KnownModel
    from ml_backend.records import Connection
    from ml_backend.records.abilities import Fact

ENVIRONMENT = "environment"
NOBODY_KNOWS = "?"
COLUMNS = (
    *("Model", "Context", "Images", "PDFs", "Thinks", "Log-probs", "Form"),
    *("$ in", "$ out", "$ cached", "Retires"),
)


@click.argument("connection", default=ENVIRONMENT)
@click.option("--ask", is_flag=True, help="Ask the provider which models it has, too.")
@pass_app
def models_of_connection(app: App, connection: str, ask: bool) -> None:
    """Show what the models of CONNECTION can: context, pictures, PDFs, thinking, prices.

    CONNECTION is an id, a title, or `environment`, which is meant without one. A question mark is
    what nobody knows; --json tells where each fact is from. Without --ask those are shown that
    the connection names, that were tested, and that versions ask.

    \b
    Examples:
      ls-prompts connections models
      ls-prompts connections models work --ask
    """
    container = app.container
    chosen = find_connection(app, connection)
    names = container.store.prompts.models_in_use(chosen.id, chosen.provider)
    if ask:
        names += container.loop.run(container.models.check(chosen, None))
        container.models.note_listed(chosen)
    found = container.model_catalogue.of(chosen, names)
    today = datetime.now(UTC).date()
    if app.as_json:
        app.document([_document(each) for each in found])
        return
    app.table(
        COLUMNS,
        [_row(each) for each in found],
        empty=f"No model of {chosen.title!r} is known by name; --ask asks for them.",
        numbers=("Context", "$ in", "$ out", "$ cached"),
    )
    from ml_backend.llm.models.retiring import retirement_said

    for each in found:
        if said := retirement_said(each.name, each.abilities, today):
            app.note(said)


def find_connection(app: App, ref: str) -> Connection:
    """Return a connection; `environment` is the environment's unless one is called so."""
    store = app.container.store
    if ref == ENVIRONMENT and store.connections.find(ref) is None:
        return app.container.models.default
    return store.connections.get(int(ref) if ref.isdecimal() else ref)


def _row(known: KnownModel) -> tuple[Any, ...]:
    able, price = known.abilities, known.price
    cached = price.cached if price else None
    return (
        known.name,
        f"{able.context.value:,}" if able.context else NOBODY_KNOWS,
        *map(_said, (able.images, able.pdfs, able.reasoning, able.logprobs, able.form)),
        f"{price.prompt:g}" if price else NOBODY_KNOWS,
        f"{price.completion:g}" if price else NOBODY_KNOWS,
        "-" if cached is None else f"{cached:g}",
        able.retires.value if able.retires else "-",
    )


def _said(fact: Fact | None) -> str:
    if fact is None:
        return NOBODY_KNOWS
    return str(fact.value) if not isinstance(fact.value, bool) else "yes" if fact.value else "no"


def _document(known: KnownModel) -> dict[str, Any]:
    from ml_backend.cli.output.documents import of_price
    from ml_backend.records.abilities import abilities_json

    return {
        "model": known.name,
        "abilities": abilities_json(known.abilities),
        "price": of_price(known.price),
    }
