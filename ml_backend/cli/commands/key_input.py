"""A provider's key as a command gets it: from a variable, from stdin, or typed unseen."""

from __future__ import annotations

import os
import sys

import click

from ml_backend.errors import InvalidInput
from ml_backend.records import ProviderName

KEYLESS = {ProviderName.CUSTOM.value}


def read_key(provider: str, api_key_env: str | None, api_key_stdin: bool) -> str:
    """Return the key, "" for none where that may be."""
    if api_key_env:
        key = os.environ.get(api_key_env, "").strip()
        if not key:
            raise InvalidInput(
                f"The variable {api_key_env} is not set.",
                field="api_key_env",
                fix="Name the variable that holds the key, not the key itself.",
            )
        return key
    if api_key_stdin:
        key = sys.stdin.readline().strip()
        if not key:
            raise InvalidInput("No key came on stdin.", field="api_key_stdin")
        return key
    if sys.stdin.isatty():
        empty = " (empty: none)" if provider in KEYLESS else ""
        typed: str = click.prompt(f"API key{empty}", hide_input=True, default="", err=True)
        return typed.strip()
    if provider in KEYLESS:
        return ""
    raise click.UsageError(f"{provider} needs a key: give --api-key-env VAR or --api-key-stdin.")
