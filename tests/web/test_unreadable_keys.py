"""With another SECRET_KEY all goes on but what needs the secret, which is named."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ml_backend.store import tables as t
from ml_backend.store.cipher import SecretCipher
from support.api import Api

MOVED = "An-entirely-different_key-0123456789-abc"


def lose_key(api: Api, *columns: str) -> None:
    """Have stored secrets be of a key that nobody has."""
    token = SecretCipher(MOVED).encrypt('{"auth_token": "lost"}')
    with api.container.store.database.write() as c:
        c.execute(sa.update(t.connections).values(dict.fromkeys(columns, token)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "columns", [("encrypted_key",), ("encrypted_secrets",), ("encrypted_key", "encrypted_secrets")]
)
def test_api_names_an_unreadable_key_and_takes_another(api: Api, columns: tuple[str, ...]) -> None:
    prompt, _ = api.prompt()
    connection = api.connection(auth_token="an-auth-token-secret")
    version = api.client.prompts.versions.create(
        prompt.id,
        title="By it",
        prompt="Which? {text}",
        provider_model_id="simulated",
        model_provider_connection=connection.id,
    )
    lose_key(api, *columns)
    path = f"model-provider-connections/{connection.id}/"
    (listed,) = api.request("GET", "model-provider-connections/").json()
    assert "SECRET_KEY has changed" in listed["key_problem"]
    assert f"PATCH /api/{path}" in listed["key_problem"]
    run = api.request(
        "POST",
        f"prompts/{prompt.id}/versions/{version.id}/inference-runs",
        json={"project": api.project, "project_subset": "All"},
    )
    assert run.status_code == 400, run.text
    assert "SECRET_KEY has changed" in run.text
    moved = api.request("PATCH", path, json={"endpoint": "http://127.0.0.1:9/v1"})
    assert moved.status_code == 400, "a key that may be readable again goes nowhere else"
    untouched = api.request("PATCH", path, json={"budget_limit": 5})
    assert untouched.status_code == 200
    assert untouched.json()["key_problem"]
    mended = api.request("PATCH", path, json={"api_key": "sk-again"})
    assert mended.json()["key_problem"] is None
    found = api.container.store.connections.get(connection.id)
    assert (found.api_key, found.is_unreadable) == ("sk-again", False)


@pytest.mark.slow
def test_a_connection_with_an_unreadable_key_is_removed(api: Api) -> None:
    connection = api.connection()
    lose_key(api, "encrypted_key")
    path = f"model-provider-connections/{connection.id}/"
    assert api.request("DELETE", path).status_code == 204
