"""The door to language models; a provider is one module in ``providers/``.

chat.py          asks any OpenAI-compatible endpoint   structured_output.py  how answers are got
reading/         a reply -> the object in it           refusals/   a refusal -> what to do about it
first_call.py    one call learns for all               system_role.py  models without that role
provider_facts.py  what a connection needs             wire/       one HTTP call, in any dialect
dialects/        vendors' own APIs                     presets/    servers known by name
models/          what each model can                   through_litellm/  all other vendors
retry.py         when to ask again                     prices.py   model -> dollars per token
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from ml_backend.errors import InvalidInput
from ml_backend.llm import providers
from ml_backend.llm.model import Gate, Lists, Model, Opening, Payer, Reply, Request, Retirable
from ml_backend.llm.provider_facts import ProviderFacts
from ml_backend.llm.reach import ANYWHERE, Reach
from ml_backend.llm.retry import Retry
from ml_backend.records import Connection, ProviderName

__all__ = [
    "ANYWHERE",
    "Gate",
    "Lists",
    "Model",
    "Opening",
    "Payer",
    "ProviderFacts",
    "Reach",
    "Reply",
    "Request",
    "Retirable",
    "Retry",
    "facts_of",
    "open_model",
    "provider_modules",
]


def provider_modules() -> tuple[str, ...]:
    """Names of the modules in ``providers/``; a provider's own name is one of these, lowercased."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(providers.__path__)))


@cache
def facts_of(provider: ProviderName) -> ProviderFacts:
    """Return what is known of a provider; its module is loaded, a vendor's library is not."""
    module = importlib.import_module(f"{providers.__name__}.{provider.lower()}")
    facts: ProviderFacts = module.PROVIDER
    return facts


def open_model(connection: Connection, opening: Opening) -> Model:
    """Return the model behind a connection; nothing is sent yet.

    Raises ``RunStopper`` when it lacks a key or an endpoint it cannot do without.
    """
    name = connection.provider.lower()
    if name not in provider_modules():
        raise InvalidInput(
            f"There is no provider {connection.provider!r}.",
            field="provider",
            fix=f"Known providers: {', '.join(provider_modules())}.",
        )
    module = importlib.import_module(f"{providers.__name__}.{name}")
    model: Model = module.open_model(connection, opening)
    return model
