"""What is known of one server that speaks OpenAI's protocol, before it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ml_backend.records.abilities import FORMS


@dataclass(frozen=True, slots=True)
class Preset:
    """A server by name; a connection made with it is an ordinary one of provider Custom."""

    name: str
    """What commands and the API call it, and what a connection keeps in its details."""
    title: str
    """As its makers write it."""
    address: str
    model: str
    """One of its models, by way of example."""
    documentation: str
    documented: str
    """ISO date on which its documentation was last looked up."""
    looked_up: tuple[str, ...]
    """What was found, there or where it says; whatever else is said of it was not checked."""
    needs_key: bool = True
    keys: str = ""
    """Where people get a key; "" where no key is sold."""
    forms: tuple[str, ...] = FORMS
    """Forms of a structured answer that its documentation has, best first, for some model."""
    logprobs: bool | None = None
    """Whether it gives log-probabilities as OpenAI does; None where it depends on the model."""
    quirks: tuple[str, ...] = ()
    """What it does otherwise than OpenAI, a sentence each."""
    price_table: str = ""
    """Its name in ``genai-prices``; "" for a server of one's own."""
    older_hosts: tuple[str, ...] = ()
    """Further hosts that are its own."""
    owned_by: str = ""
    """What its list of models says of who owns each, where that tells it from others."""
    context_route: str = ""
    """Where it tells the context that a model is loaded with, below its address."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts that are its vendor's."""
        return (urlsplit(self.address).hostname or "", *self.older_hosts)

    @property
    def is_own(self) -> bool:
        """Whether it runs on a machine of one's own."""
        return not self.needs_key
