"""How a connection should be, and what of one there is not so."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from ml_backend.errors import ConfigError
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import Backend
from ml_backend.services.connecting.backend_urls import Pair, credentials_of, plain, same_place

CONNECTED = "CO"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller asked for; ``tail`` and ``title`` are "" where that is left to us."""

    root: str
    tail: str
    is_address_given: bool
    pair: Pair = field(repr=False)
    """Of the connection: the project's secret, or what was given with the address for a proxy."""
    hook_pair: Pair = field(repr=False)
    secret_name: str
    """The user name that goes with the project's secret."""
    title: str
    extra_params: object
    interactive: bool
    """The labeling config has a text area to type a prompt into, so the editor must ask."""
    done: tuple[str, ...] = ()
    """What was seen to already."""


def changes_of(row: Backend, url: str, wanted: Wanted) -> list[str]:
    """Return what of a row is not as it should be, in words."""
    changes = []
    if not same_place(url, row.url):
        changes.append(f"the address, {plain(url)}")
    elif url != row.url:
        changes.append("the credentials taken out of the address")
    pair = None if credentials_of(url) else wanted.pair
    # The name of a secret changes with it: Label Studio shows no password.
    if pair and (row.auth_user, row.has_password) != (pair[0], True):
        changes.append("the basic auth")
    if wanted.title and wanted.title != row.title:
        changes.append(f"the title, {wanted.title!r}")
    if wanted.extra_params is not None and wanted.extra_params != _parsed(row.extra_params):
        changes.append("the extra parameters")
    if wanted.interactive and not row.is_interactive:
        changes.append("interactive mode, for the config has a text area to type a prompt into")
    if not changes and row.state != CONNECTED:
        changes.append("the connection, tried again")
    return changes


def has_prompt_area(label_config: str) -> bool:
    try:
        return bool(LabelingConfig.parse(label_config).prompt_areas)
    except ConfigError:
        return False


def _parsed(value: object) -> object:
    """Return extra parameters typed as text as the JSON they are."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
