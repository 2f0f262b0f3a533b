"""What the faces and the server know of a provider before it is asked; each module keeps its own.

A provider is one file in ``providers/`` with ``PROVIDER``, these facts, and ``open_model``. Nothing
else lists providers: forms, options, checks and tests go by what stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec

from ml_backend.records import ProviderName
from ml_backend.records.abilities import FORMS

API_KEY, AUTH_TOKEN, CREDENTIALS = "api_key", "auth_token", "google_application_credentials"
ENDPOINT, DEPLOYMENT, API_VERSION = "endpoint", "deployment", "api_version"
PROJECT, LOCATION = "google_project_id", "google_location"

SERVICE_ACCOUNT, PERSON = "service_account", "authorized_user"
"""Types of Google credentials that serve: others name commands to run, files and addresses."""
LONGEST_CREDENTIALS = 16_384
"""Characters of Google credentials; a service account's have 2,400."""

CHAT_PARAMETERS = frozenset(
    {
        *("temperature", "top_p", "max_completion_tokens", "max_tokens", "seed"),
        *("reasoning_effort", "verbosity", "presence_penalty", "frequency_penalty"),
        *("logprobs", "top_logprobs", "stop", "logit_bias", "user", "extra_body"),
    }
)
"""What OpenAI's chat completions take, by the names in ``prompting.parameters.KNOWN``."""
SERVER_PARAMETERS = CHAT_PARAMETERS | {
    *("top_k", "min_p", "repetition_penalty", "chat_template_kwargs"),
}
"""What servers that speak it take besides."""


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What a connection of a provider needs, and what its API has; fields by our own names."""

    name: ProviderName
    title: str
    """As its vendor writes it."""
    secrets: tuple[str, ...] = (API_KEY,)
    """What opens it, one of these is enough; of none of them it needs none."""
    needs_secret: bool = True
    needs: tuple[str, ...] = ()
    """What a connection cannot do without, besides the secret."""
    takes: tuple[str, ...] = (ENDPOINT,)
    """What it may have besides."""
    shared_needs: tuple[str, ...] = ()
    """What one needs whose key a whole organization uses: else a version says where that goes."""
    address: str = ""
    """The vendor's own, which holds where a connection has no endpoint."""
    address_variable: str = ""
    """The setting by which an operator puts another in its place."""
    example: Mapping[str, str] = field(default_factory=dict)
    """Field -> what stands in it, say, where one fills it in."""
    forms: tuple[str, ...] = FORMS
    """Forms of a structured answer that its API has, best first."""
    parameters: frozenset[str] = CHAT_PARAMETERS
    """The parameters that a version may set, by the names in ``prompting.parameters.KNOWN``."""
    protocol: str = "OpenAI"
    """Whose API its servers speak."""
    reads_pdf: bool = False
    """Whether a PDF may be sent as it is, in a chat completion's part of the type "file"."""
    price_table: str = ""
    """Its name in ``genai-prices``; "" is looked up by the connection's address, if at all."""
    keys: str = ""
    """Where people get a key."""
    documentation: str = ""
    documented: str = ""
    """ISO date on which its documentation was last looked up."""
    looked_up: tuple[str, ...] = ()
    """What was found, there or where it says; whatever else is said of it was not checked."""
    is_choice: bool = True
    """Whether a connection can be made by API and pages."""
    library: str = ""
    """The package it cannot be asked without, an extra of the same name; "" needs none."""
    chooses_address: bool = False
    """Whether its library decides where a call goes: such a connection may lead anywhere."""


def how_to_install(facts: ProviderFacts) -> str:
    """Return what to do where a provider's library is not there."""
    extra = f"prompts-for-label-studio[{facts.library}]"
    return f"Whoever runs the server installs it: pip install '{extra}'."


def is_installed(facts: ProviderFacts) -> bool:
    """Return whether what a provider is asked with is there; nothing is loaded."""
    return not facts.library or find_spec(facts.library) is not None
