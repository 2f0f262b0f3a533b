"""What Label Studio does about ML backends and webhooks, in the fake and, live, the real one."""

from __future__ import annotations

import pytest

from ml_backend.errors import LabelStudioNotFound, LabelStudioRejected
from ml_backend.labelstudio import ServerLabelStudio
from support.live_label_studio import personal_token


def test_a_connection_brings_a_webhook_without_its_credentials(site, ml_backend):
    pair = ("user", "secretword")
    row = site.door.add_backend(
        site.project_id, ml_backend.url, "Prompts", basic_auth=pair, extra_params={"prompt": 1}
    )
    assert (row.auth_user, row.has_password, row.extra_params) == ("user", True, {"prompt": 1})
    (hook,) = site.door.list_webhooks(site.project_id)
    assert (hook.url, hook.headers) == (f"{ml_backend.url}/webhook", {})
    assert (hook.is_active, hook.sends_payload, hook.for_all_actions) == (True, True, True)
    assert site.door.get_project(site.project_id).model_version == "Prompts"


def test_deleting_a_connection_leaves_its_webhook_and_its_title(site, ml_backend):
    for title in ("First", "Second"):
        row = site.door.add_backend(site.project_id, ml_backend.url, title)
        assert site.door.delete_backend(row.id)
        assert not site.door.delete_backend(row.id)
        assert len(site.door.list_webhooks(site.project_id)) == 1, "no second of that address"
        assert site.door.get_project(site.project_id).model_version == "First"


def test_a_connection_is_changed_and_its_webhook_is_not(site, ml_backend):
    row = site.door.add_backend(site.project_id, ml_backend.url, "Before")
    changed = site.door.update_backend(
        row.id, site.project_id, f"{ml_backend.url}/prompts/7", "After", extra_params=[1]
    )
    assert (changed.id, changed.title, changed.state) == (row.id, "After", "CO")
    assert (changed.url, changed.extra_params) == (f"{ml_backend.url}/prompts/7", [1])
    assert site.door.get_project(site.project_id).model_version == "After"
    (hook,) = site.door.list_webhooks(site.project_id)
    assert hook.url == f"{ml_backend.url}/webhook"
    with pytest.raises(LabelStudioRejected):
        site.door.update_backend(row.id, site.project_id, "http://127.0.0.1:9", "After")
    assert site.door.list_backends(site.project_id)[0].url == changed.url


def test_webhooks_are_made_changed_and_deleted(site):
    address = "http://127.0.0.1:9/webhook"
    made = site.door.add_webhook(site.project_id, address, headers={"X-One": "1"})
    assert (made.url, made.headers, made.project_id) == (address, {"X-One": "1"}, site.project_id)
    site.raw.patch(f"/api/webhooks/{made.id}/", json={"is_active": False, "send_payload": False})
    again = site.door.update_webhook(made.id, address, headers={"Authorization": "Basic x"})
    assert (again.is_active, again.sends_payload) == (True, True)
    assert again.headers == {"Authorization": "Basic x"}
    assert site.door.list_webhooks(site.project_id) == [again]
    assert site.door.delete_webhook(made.id)
    assert not site.door.delete_webhook(made.id)
    with pytest.raises(LabelStudioNotFound):
        site.door.list_webhooks(99_999_999)


def test_an_access_token_opens_the_door_as_it_is(site):
    legacy = site.raw.headers["Authorization"].removeprefix("Token ")
    personal = personal_token(site.door.url, legacy)
    access = site.raw.post("/api/token/refresh/", json={"refresh": personal}).json()["access"]
    door = ServerLabelStudio(site.door.url, access)
    assert door.whoami() == site.door.whoami()
    door.close()
