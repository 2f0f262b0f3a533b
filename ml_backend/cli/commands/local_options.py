"""The options of a connection to a local model, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from ml_backend.records import Connection, ProviderName


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """What a process of a local model is started with, as far as that was said."""

    threads: int | None
    slots: int | None
    context: int | None

    @property
    def is_given(self) -> bool:
        return any(each is not None for each in (self.threads, self.slots, self.context))

    def columns(self, model: str) -> dict[str, Any]:
        """Return the columns of a connection; raises InvalidInput for a file that cannot be served.

        Without a ``model`` it is the small one.
        """
        from ml_backend.llm.local import model_file

        columns = model_file.local_model(
            model or model_file.SMALL,
            threads=self.threads or 0,
            slots=self.slots or model_file.DEFAULT_SLOTS,
            context=self.context or model_file.DEFAULT_CONTEXT,
        )
        model_file.of_connection(
            Connection(None, "", ProviderName.LOCAL, **columns), tells_place=True
        )
        return columns


def local_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a local model, as its argument ``local``."""

    @wraps(command)
    def with_local(
        *args: Any, threads: int | None, slots: int | None, context: int | None, **more: Any
    ) -> None:
        command(*args, local=LocalOptions(threads, slots, context), **more)

    options = [
        click.option(
            "--threads", type=click.IntRange(1, 1024), help="Local: it computes with so many."
        ),
        click.option(
            "--slots", type=click.IntRange(1, 64), help="Local: answers at the same time, 1."
        ),
        click.option(
            "--context",
            type=click.IntRange(256, 1_000_000),
            help="Local: tokens of a prompt and its answer, 8192; more take memory.",
        ),
    ]
    decorated: Callable[..., None] = with_local
    for option in reversed(options):
        decorated = option(decorated)
    return decorated
