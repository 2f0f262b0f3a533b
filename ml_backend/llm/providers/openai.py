"""OpenAI itself, or a proxy in front of it."""

from __future__ import annotations

from ml_backend.llm.chat import ChatModel
from ml_backend.llm.explanations import no_key, web_address
from ml_backend.llm.model import Opening
from ml_backend.llm.provider_facts import ProviderFacts
from ml_backend.llm.wire import Place, Wire, http_client
from ml_backend.records import Connection, ProviderName

PROVIDER = ProviderFacts(
    ProviderName.OPENAI,
    "OpenAI",
    address="https://api.openai.com/v1",
    example={"endpoint": "https://api.openai.com/v1", "model": "gpt-6-luna"},
    reads_pdf=True,
    price_table="openai",
    keys="https://platform.openai.com/api-keys",
    documentation="https://platform.openai.com/docs/api-reference/chat",
    documented="2026-11-30",
    looked_up=(
        "names of a request's fields, by its own Python client (3.57)",
        "models that go",
    ),
)


def open_model(connection: Connection, opening: Opening) -> ChatModel:
    """Return the model; raise ``RunStopper`` without a key."""
    if not connection.api_key:
        raise no_key(connection)
    import openai

    fix = "Leave it out, or give it a gateway's such as https://gateway.example/v1."
    base_url = web_address(connection, fix, own=PROVIDER.address).geturl()
    http = http_client(base_url)
    client = openai.AsyncOpenAI(
        api_key=connection.api_key,
        base_url=base_url,
        max_retries=0,
        http_client=http,
    )
    wire = Wire(Place.of(client), opening.gate, reach=opening.reach)
    return ChatModel(connection, wire, opening)
