"""What opens Azure: a resource's key, or a token of Entra (Azure AD), which ends after an hour.

Nobody but whoever made a connection says what opens it: no variable of the environment does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ml_backend.llm.provider_facts import AUTH_TOKEN
from ml_backend.records import Connection

JSON_HEADERS: Mapping[str, str] = {"Accept": "application/json", "Content-Type": "application/json"}
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
"""A token says what it is: keys of Azure are letters and digits."""


def token_of(connection: Connection) -> str:
    """Return the token by which a connection is opened, "" where it has a key.

    One that was pasted where a key goes is told by its shape.
    """
    given = connection.secrets.get(AUTH_TOKEN, "").strip()
    pasted = connection.api_key.strip()
    found = given or (pasted if TOKEN.fullmatch(_bare(pasted)) else "")
    return _bare(found)


def headers_of(connection: Connection, *, key_too: bool = False) -> dict[str, str]:
    """Return what a call bears; ``key_too`` has a key in both of the headers it may be in."""
    if token := token_of(connection):
        return {**JSON_HEADERS, "Authorization": f"Bearer {token}"}
    headers = {**JSON_HEADERS, "api-key": connection.api_key}
    if key_too:
        headers["Authorization"] = f"Bearer {connection.api_key}"
    return headers


def _bare(token: str) -> str:
    return token[7:].strip() if token[:7].casefold() == "bearer " else token
