"""Whatever LiteLLM knows: a model is named with its vendor, ``openrouter/…`` or ``bedrock/…``."""

from __future__ import annotations

from dataclasses import replace

from ml_backend.errors import RunStopper
from ml_backend.llm.chat import ChatModel
from ml_backend.llm.explanations import bad_setting, web_address
from ml_backend.llm.model import Opening
from ml_backend.llm.provider_facts import (
    DEPLOYMENT,
    ENDPOINT,
    ProviderFacts,
    how_to_install,
    is_installed,
)
from ml_backend.llm.through_litellm.calls import LIBRARY, PARAMETERS, LiteLLMCalls
from ml_backend.llm.through_litellm.rules import Rules, check_setting
from ml_backend.llm.token_limit import OLDER
from ml_backend.records import Connection, FailureKind, ProviderName

PROVIDER = ProviderFacts(
    ProviderName.LITELLM,
    "LiteLLM: a hundred other vendors",
    needs_secret=False,
    takes=(ENDPOINT, DEPLOYMENT),
    shared_needs=(DEPLOYMENT,),
    example={
        "model": "openrouter/meta-llama/llama-3.3-70b-instruct",
        "deployment": "openrouter",
    },
    parameters=PARAMETERS,
    documentation="https://docs.litellm.ai/docs/completion/input",
    documented="2026-11-30",
    looked_up=("its own code, release 1.110",),
    library=LIBRARY,
    chooses_address=True,
)


def open_model(connection: Connection, opening: Opening) -> ChatModel:
    """Return the model; raise ``RunStopper`` where it may not be asked, or is not installed."""
    check_setting(connection)
    if connection.endpoint.strip():
        web_address(connection, "Leave it out: LiteLLM knows its vendors' addresses.")
    if not opening.reach.private:
        raise RunStopper(
            f"Connection “{connection.title}” is not asked: LiteLLM chooses addresses by itself.",
            kind=FailureKind.CONNECTION,
            fix=opening.reach.fix,
        )
    if not is_installed(PROVIDER):
        raise bad_setting(connection, "LiteLLM is not installed here.", how_to_install(PROVIDER))
    rules = Rules(connection, opening.reach, opening.ladder)
    calls = LiteLLMCalls(connection, opening.gate, opening.reach, rules)
    # Its deployment is the name of a vendor, and no model's.
    asked = replace(connection, deployment="")
    return ChatModel(
        asked,
        calls,
        opening,
        limit_name=OLDER,
    )
