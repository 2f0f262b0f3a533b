"""With another SECRET_KEY all goes on but what needs the secret, which is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from ml_backend.container import Container
from ml_backend.store import tables as t
from ml_backend.store.cipher import SecretCipher
from ml_backend.web import create_app
from support.api import Api
from support.fake_label_studio import FakeLabelStudio
from support.pages import sign_in
from support.place import Place, close, settings

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


@pytest.mark.slow
def test_predict_says_that_a_key_cannot_be_read(place: Place) -> None:
    store = place.container.store
    prompt, version = place.prompt()
    lost = store.connections.create(title="lost", api_key="sk", provider="OpenAI")
    store.prompts.update_version(version.id, connection_id=lost.id, provider="OpenAI", model="m")
    store.prompts.update(prompt.id, active_version_id=version.id)
    token = SecretCipher(MOVED).encrypt("lost")
    with store.database.write() as c:
        c.execute(sa.update(t.connections).values(encrypted_key=token))
    place.setup()
    answer = place.predict([place.wire(place.task_ids[0], {"text": "a task"})])
    assert 400 <= answer.status_code < 500, answer.get_data(as_text=True)
    assert "SECRET_KEY has changed" in answer.get_data(as_text=True)


@pytest.mark.slow
def test_people_stay_signed_in_while_the_key_before_is_given(
    tmp_path: Path, migrated: Path, fake: FakeLabelStudio
) -> None:
    first, second = "the-First_key-of-40-characters-0123456789", MOVED

    def opened(**keys: str) -> Container:
        return Container(settings(tmp_path, fake, "http://127.0.0.1:9/v1", **keys))

    before = opened(SECRET_KEY=first)
    client = create_app(before).test_client()
    assert sign_in(client, fake.token).status_code == 303
    cookie = client.get_cookie("ls_prompts", path="/ui")
    assert cookie is not None
    both = opened(SECRET_KEY=second, SECRET_KEY_OLD=first)
    both.store.stored_secrets.renew()
    for container, status in ((both, 200), (opened(SECRET_KEY=second), 302)):
        browser = create_app(container).test_client()
        browser.set_cookie("ls_prompts", cookie.value, path="/ui")
        answer = browser.get("/ui/connections")
        assert (answer.status_code == 200) == (status == 200), answer.headers
        close(container)
    close(before)
