"""Where a provider is asked, and what opens it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ml_backend.certificates import tls_context

if TYPE_CHECKING:
    import httpx2
    import openai


@dataclass(frozen=True, slots=True)
class Place:
    """Where a provider is asked, and what opens it.

    ``base_url`` ends in a slash. ``authorize`` gives headers that change, such as a token's that
    is renewed in time; it is awaited before each call, and raises ``CallFailed``.
    """

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    authorize: Callable[[], Awaitable[Mapping[str, str]]] | None = None

    @classmethod
    def of(cls, client: openai.AsyncOpenAI) -> Place:
        """Return where a client of OpenAI's package would ask."""
        headers = {**client.auth_headers, **client.default_headers}
        return cls(
            str(client.base_url),
            {name: text for name, text in headers.items() if isinstance(text, str)},
            {name: str(value) for name, value in client.default_query.items()},
        )

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_encrypted(self) -> bool:
        return self.base_url.startswith("https://")


def http_client(base_url: str) -> httpx2.AsyncClient:
    """Return the client that lists models; it opens nothing before it is used."""
    import openai  # half a second and 20 MB, which who asks other vendors does without

    # It logs every request at INFO, which would bury a run's own lines.
    log = logging.getLogger("httpx2")
    if log.level == logging.NOTSET:
        log.setLevel(logging.WARNING)
    # Loading the trusted certificates takes 50 ms; without redirects http:// never needs them.
    return openai.DefaultAioHttpClient(
        verify=False if base_url.startswith("http://") else tls_context(), follow_redirects=False
    )
