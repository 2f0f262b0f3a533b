"""Vendors whose API is not that of chat completions: one module each, with ``VENDOR``.

A vendor turns a request of its own into a chat completion's, which the simulator answers or fails
at as told, and says the outcome in the vendor's words. Faults are those of ``behaviour``.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Vendor(Protocol):
    """One vendor's wire; what of it was looked up, the provider's ``looked_up`` says."""

    routes: Sequence[str]
    """Paths of answers, as aiohttp writes them: ``/v1/messages``."""
    model_routes: Sequence[str]
    """Paths of its list of models."""

    def key(self, request: web.Request) -> str:
        """Return the key or token that a request bears, "" for none."""

    def question(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        """Return a request as a chat completion's; raises ``BadContent`` for what it refuses."""

    def answer(self, answer: dict[str, Any], question: dict[str, Any]) -> object:
        """Return a chat completion in the vendor's shape; ``question`` is what was asked."""

    def refusal(self, fault: str, status: int, error: dict[str, Any]) -> tuple[int, object]:
        """Return status and body of an error; ``fault`` is its name in ``simulator.errors``."""

    def models(self, names: Sequence[str], request: web.Request) -> object:
        """Return the list of models, or the page of it that was asked for."""


class Refused(web.Response):
    """An error of the simulator's, with its name among those in ``simulator.errors``."""

    fault = ""


def vendors() -> list[Vendor]:
    """Return all there are, by their modules' names."""
    found = sorted(each.name for each in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in found]
    return [module.VENDOR for module in modules]


def further_of(vendor: Vendor) -> Mapping[str, Handler]:
    """Return what else a vendor answers to POST, by path: an address for tokens, say."""
    found: Mapping[str, Handler] = getattr(vendor, "further", {})
    return found


def in_words_of(vendor: Vendor, response: web.StreamResponse) -> web.StreamResponse:
    """Return a response as the vendor would send it, where it is an error of the simulator's."""
    if not isinstance(response, Refused) or not response.body:
        return response
    said = json.loads(response.body)  # type: ignore[arg-type]
    status, body = vendor.refusal(response.fault, response.status, said["error"])
    headers = {
        name: response.headers[name] for name in ("Retry-After",) if name in response.headers
    }
    more = headers_of(vendor, response.fault, headers.get("Retry-After"))
    return web.json_response(body, status=status, headers={**headers, **more})


def headers_of(
    vendor: Vendor | None, fault: str = "", retry_after: str | None = None
) -> dict[str, str]:
    """Return what a vendor says in headers of its own: of an answer, or of a fault by its name."""
    own = getattr(vendor, "headers_of", None)
    found: dict[str, str] = own(fault, retry_after) if own is not None else {}
    return found
