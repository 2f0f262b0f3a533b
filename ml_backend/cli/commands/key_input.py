"""A provider's secrets as a command gets them: by variable, stdin or file, or typed unseen."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ml_backend.errors import InvalidInput

if TYPE_CHECKING:
    from ml_backend.llm import ProviderFacts

API_KEY, AUTH_TOKEN, CREDENTIALS = "api_key", "auth_token", "google_application_credentials"
WAYS = {
    API_KEY: "--api-key-env VAR or --api-key-stdin",
    AUTH_TOKEN: "--auth-token-env VAR or --auth-token-stdin",
    CREDENTIALS: "--google-credentials FILE",
}
"""How each secret is given; what it is called are the SDK's names."""
TYPED = {API_KEY: "API key", AUTH_TOKEN: "Auth token"}


@dataclass(frozen=True, slots=True)
class SecretOptions:
    """Where the secrets of a connection come from, as far as that was said."""

    key_env: str | None = None
    key_stdin: bool = False
    token_env: str | None = None
    token_stdin: bool = False
    credentials: Path | None = None

    @property
    def given(self) -> list[str]:
        """Names of the secrets that were said."""
        return [
            name
            for name, said in (
                (API_KEY, self.key_env or self.key_stdin),
                (AUTH_TOKEN, self.token_env or self.token_stdin),
                (CREDENTIALS, self.credentials),
            )
            if said
        ]

    def read(self, facts: ProviderFacts, *, needed: bool, keys: str = "") -> dict[str, str]:
        """Return secrets by name, none where that may be; asked for, where a person can be.

        ``keys`` is where one gets a key. Raises UsageError for one that the provider does not take.
        """
        if (self.key_env and self.key_stdin) or (self.token_env and self.token_stdin):
            raise click.UsageError("Give --api-key-env or --api-key-stdin, not both.")
        if self.key_stdin and self.token_stdin:
            raise click.UsageError("One secret comes on stdin, not two.")
        ways = " or ".join(WAYS[name] for name in facts.secrets)
        for name in self.given:
            if name not in facts.secrets:
                taken = f"It takes {ways}." if ways else "It takes no secret."
                raise click.UsageError(f"{facts.name.value} does not take {WAYS[name]}. {taken}")
        if self.given:
            return {name: self._read(name) for name in self.given}
        typed = next((name for name in facts.secrets if name in TYPED), "")
        if typed and sys.stdin.isatty():
            if needed and keys:
                click.echo(f"Keys: {keys}", err=True)
            empty = "" if needed else " (empty: none)"
            text: str = click.prompt(
                f"{TYPED[typed]}{empty}", hide_input=True, default="", err=True
            )
            return {typed: text.strip()} if text.strip() else {}
        if not needed:
            return {}
        link = f" Keys: {keys}" if keys else ""
        raise click.UsageError(f"{facts.name.value} needs a key: give {ways}.{link}")

    def _read(self, name: str) -> str:
        if name == CREDENTIALS:
            return _from_file(self.credentials or Path())
        variable = self.key_env if name == API_KEY else self.token_env
        option = (
            f"{'api_key' if name == API_KEY else 'auth_token'}_{'env' if variable else 'stdin'}"
        )
        return _from_variable(variable, option) if variable else _from_stdin(option)


def _from_variable(api_key_env: str, option: str) -> str:
    key = os.environ.get(api_key_env, "").strip()
    if not key:
        raise InvalidInput(
            f"The variable {api_key_env} is not set.",
            field=option,
            fix="Name the variable that holds the key, not the key itself.",
        )
    return key


def _from_stdin(option: str) -> str:
    key = sys.stdin.readline().strip()
    if not key:
        raise InvalidInput("No key came on stdin.", field=option)
    return key


def _from_file(path: Path) -> str:
    from ml_backend.llm.provider_facts import LONGEST_CREDENTIALS
    from ml_backend.services.callers.connection_fields import check_credentials

    with path.open("rb") as file:
        text = file.read(LONGEST_CREDENTIALS + 1).decode("utf-8", "replace").strip()
    check_credentials(text)
    return text


def secret_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a connection's secrets, as its argument ``given``."""

    @wraps(command)
    def with_secrets(
        *args: Any,
        api_key_env: str | None,
        api_key_stdin: bool,
        auth_token_env: str | None,
        auth_token_stdin: bool,
        google_credentials: Path | None,
        **more: Any,
    ) -> None:
        given = SecretOptions(
            api_key_env, api_key_stdin, auth_token_env, auth_token_stdin, google_credentials
        )
        command(*args, given=given, **more)

    options = [
        click.option("--api-key-env", metavar="VAR", help="Read the key from this variable."),
        click.option(
            "--api-key-stdin", is_flag=True, help="Read the key from the first line of stdin."
        ),
        click.option(
            "--auth-token-env",
            metavar="VAR",
            help="Read a token (Bearer) from this variable, where the provider takes one.",
        ),
        click.option(
            "--auth-token-stdin", is_flag=True, help="Read it from the first line of stdin."
        ),
        click.option(
            "--google-credentials",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            metavar="FILE",
            help="A service account's JSON file; its content is kept, encrypted.",
        ),
    ]
    decorated: Callable[..., None] = with_secrets
    for option in reversed(options):
        decorated = option(decorated)
    return decorated
