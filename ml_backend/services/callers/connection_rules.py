"""What a connection may be: its provider, its address and its names."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ml_backend.addresses import is_path_name
from ml_backend.errors import InvalidInput
from ml_backend.llm import facts_of, provider_modules
from ml_backend.llm.provider_facts import ENDPOINT, how_to_install, is_installed
from ml_backend.records import JsonObject, ProviderName
from ml_backend.services.callers.connection_fields import FIELDS, lacking

SECRET = re.compile(
    r"(?:^|[&;])[\w.-]*(?:key|token|sig|signature|secret|password|code)=.", re.IGNORECASE
)
"""What a query may hold of what opens a place, as in addresses that people copy."""
GOOGLE_NAMES = ("google_location", "google_project_id")


def provider_choices() -> list[str]:
    """Return the providers a connection can be made for."""
    known = provider_modules()
    names = [name for name in ProviderName if name.lower() in known]
    return [
        name.value for name in names if facts_of(name).is_choice and is_installed(facts_of(name))
    ]


def choice(provider: str) -> ProviderName:
    """Return a provider that connections are made for; raises InvalidInput naming those."""
    choices = provider_choices()
    if provider == ProviderName.LITELLM.value and provider not in choices:
        fix = how_to_install(facts_of(ProviderName.LITELLM))
        raise InvalidInput("LiteLLM is not installed here.", field="provider", fix=fix)
    if provider not in choices:
        raise InvalidInput(
            f'"{provider}" is not a valid choice.',
            field="provider",
            fix=f"There are: {', '.join(choices)}. Custom speaks to anything OpenAI-compatible.",
        )
    return ProviderName(provider)


def check_endpoint(provider: ProviderName, endpoint: str) -> None:
    """Raise InvalidInput when an endpoint is missing or is no web address."""
    if not endpoint and ENDPOINT in facts_of(provider).needs:
        raise lacking(facts_of(provider), FIELDS[ENDPOINT])
    if endpoint and not _is_web_address(endpoint):
        raise InvalidInput(
            f"{endpoint!r} is not a web address.",
            field="endpoint",
            fix="It should look like http://localhost:11434/v1, without a password.",
        )
    if SECRET.search(urlsplit(endpoint).query):
        # Whoever may use the connection would be shown it; so it is not repeated here either.
        raise InvalidInput(
            "The endpoint holds a key.",
            field="endpoint",
            fix="Give the address without what follows its question mark, and the key by itself.",
        )


def check_names(deployment: str, api_version: str, details: JsonObject) -> None:
    """Raise InvalidInput for what is no name: in an address it could lead elsewhere."""
    given = {
        "deployment_name": deployment,
        "api_version": api_version,
        **{name: details.get(name) for name in GOOGLE_NAMES},
    }
    for field, name in given.items():
        if name and not is_path_name(str(name).replace(":", "-")):
            raise InvalidInput(
                f"{str(name)[:60]!r} is no name.",
                field=field,
                fix="Letters, digits, dots, hyphens and underscores make one.",
            )


def check_title(title: str) -> None:
    """Raise InvalidInput for a title that commands would take for a number, or for none."""
    if not title.strip() or title.isdecimal():
        raise InvalidInput(
            f"A connection cannot be called {title!r}.", field="title", fix="Give it a name."
        )


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    # A password in the address would be shown to whoever may use the connection.
    plain = parts.username is None and parts.password is None
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain
