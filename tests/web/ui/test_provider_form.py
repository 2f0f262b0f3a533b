"""The provider's part of a connection's form follows from the provider's facts; so does the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import fake_litellm
from support.new_provider import NAME, new_provider
from support.pages import Pages

NEW = "/ui/connections/new"
CREDENTIALS = json.dumps({"type": "service_account", "private_key": "a-secret-pem"})
COMPLETE = {
    "provider": NAME,
    "deployment_name": "d",
    "google_project_id": "my-project",
    "google_application_credentials": CREDENTIALS,
}


@pytest.fixture
def added(tmp_path: Path) -> Iterator[None]:
    with new_provider(tmp_path):
        yield


@pytest.mark.slow
def test_one_more_file_is_a_choice_with_its_own_fields(pages: Pages, added: None) -> None:
    options = {each.attributes["value"] for each in pages.get(NEW).all("#provider option")}
    assert {"OpenAI", NAME, "Custom", "Custom:groq", "Custom:ollama"} <= options
    page = pages.get(f"{NEW}?provider={NAME}")
    names = [each.attributes["name"] for each in page.all("#provider-fields [name]")]
    assert names == [
        *("google_project_id", "deployment", "google_location"),
        *("auth_token", "google_application_credentials", "default_model"),
    ]
    assert page.one("#google_project_id").attributes["placeholder"] == "my-project"
    said = page.text("#provider-fields")
    assert "Brand New’s documentation was looked up on 2026-11-11: its address, its models." in said
    links = {each.attributes["href"] for each in page.all("#provider-fields p.help a")}
    assert {"https://brand-new.example/keys", "https://brand-new.example/docs"} <= links
    form = {"title": "new", "provider": NAME, "deployment": "d", "google_project_id": "my-project"}
    refused = pages.post(NEW, **form)
    assert refused.status == 422
    assert f"{NAME} needs an auth token or Google credentials." in refused.text()
    assert "brand-new.example/keys" in refused.text()
    kept = pages.post(NEW, **form, google_application_credentials=CREDENTIALS, endpoint="http://x")
    assert kept.status == 200
    made = pages.container.store.connections.all()[-1]
    assert (made.deployment, made.endpoint) == ("d", "")  # an endpoint is none of its fields
    assert made.details["google_project_id"] == "my-project"
    assert made.secrets == {"google_application_credentials": CREDENTIALS}
    again = pages.get(f"/ui/connections/{made.id}/edit")
    assert "a-secret-pem" not in again.html
    assert again.one("#google_project_id").attributes["value"] == "my-project"


@pytest.mark.slow
def test_the_api_names_the_field_that_lacks(pages: Pages, added: None) -> None:
    url = "model-provider-connections/"
    assert NAME in pages.api.request("GET", f"{url}provider-choices").json()["provider_choices"]
    for missing, field in (
        ("google_project_id", "google_project_id"),
        ("deployment_name", "deployment_name"),
        ("google_application_credentials", "auth_token"),
    ):
        body = {name: each for name, each in COMPLETE.items() if name != missing}
        answer = pages.api.request("POST", url, json=body)
        assert answer.status_code == 400, missing
        assert field in answer.json(), answer.json()
    for bad in ("no JSON", '{"type": "external_account"}', "[]"):
        body = {**COMPLETE, "google_application_credentials": bad}
        answer = pages.api.request("POST", url, json=body)
        assert answer.status_code == 400
        assert "google_application_credentials" in answer.json()
    made = pages.api.request("POST", url, json=COMPLETE)
    assert made.status_code == 201
    one = f"{url}{made.json()['id']}/"
    for body in ({"google_project_id": ""}, {"provider": "OpenAI"}):
        assert pages.api.request("PATCH", one, json=body).status_code == 400, body
    assert pages.api.request("PATCH", one, json={"google_location": "x"}).status_code == 200


@pytest.mark.slow
def test_a_preset_fills_in_its_address_and_is_kept(pages: Pages) -> None:
    page = pages.get(f"{NEW}?provider=Custom:groq")
    assert page.one("#endpoint").attributes["value"] == "https://api.groq.com/openai/v1"
    assert page.one("#default_model").attributes["placeholder"] == "openai/gpt-oss-20b"
    assert "It takes no logprobs." in page.text("#provider-fields")
    assert "console.groq.com/keys" in page.text("#provider-fields")
    form = {**page.fields("main form"), "title": "groq", "api_key": "gsk-a-secret-key-1234"}
    assert pages.post(NEW, **form).status == 200
    made = pages.container.store.connections.all()[-1]
    assert (made.provider, made.details["preset"]) == ("Custom", "groq")
    edit = pages.get(f"/ui/connections/{made.id}/edit")
    assert edit.one("#provider option[selected]").attributes["value"] == "Custom:groq"
    assert "Groq" in pages.get("/ui/connections").text("tbody")


@pytest.mark.slow
def test_a_preset_over_the_api_is_a_connection_of_provider_custom(pages: Pages) -> None:
    url = "model-provider-connections/"
    made = pages.api.request("POST", url, json={"preset": "mistral", "api_key": "k"}).json()
    assert (made["provider"], made["preset"]) == ("Custom", "mistral")
    assert made["endpoint"] == "https://api.mistral.ai/v1"
    for body in ({"preset": "nobody", "api_key": "k"}, {"preset": "groq", "provider": "OpenAI"}):
        answer = pages.api.request("POST", url, json=body)
        assert answer.status_code == 400, body
        assert "preset" in answer.json(), body


@pytest.mark.slow
def test_a_key_of_all_names_the_vendor_it_is_of(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_litellm.install(monkeypatch)
    form = {"title": "router", "provider": "LiteLLM", "scope": "Organization", "api_key": "sk-o"}
    refused = pages.post(NEW, **form)
    assert refused.status == 422
    assert "needs a deployment where a whole organization uses its key" in refused.text()
    assert "Fill in “Deployment”. For example openrouter." in refused.text()
    assert pages.post(NEW, **form, deployment="openrouter").status == 200
    assert pages.container.store.connections.all()[-1].deployment == "openrouter"


@pytest.mark.slow
def test_no_secret_goes_along_to_another_host(pages: Pages, added: None) -> None:
    url = "model-provider-connections/"
    body = {**COMPLETE, "provider": "Custom", "endpoint": pages.simulator.url, "api_key": "k"}
    one = f"{url}{pages.api.request('POST', url, json=body).json()['id']}/"
    elsewhere = {"endpoint": "http://elsewhere.example/v1"}
    refused = pages.api.request("PATCH", one, json=elsewhere)
    assert "api_key" in refused.json()
    pages.api.request("PATCH", one, json={**elsewhere, "api_key": "for-there"})
    kept = pages.container.store.connections.all()[-1]
    assert (kept.api_key, kept.secrets) == ("for-there", {})


@pytest.mark.slow
def test_a_check_says_what_the_model_can_and_what_it_costs_before(pages: Pages) -> None:
    pages.simulator.control(preset="vllm")
    form = {"title": "box", "provider": "Custom:vllm", "endpoint": pages.simulator.url}
    more = {"default_model": "Qwen/Qwen3-VL-8B", "prices": "*=1,2", "scope": "Organization"}
    pages.post(NEW, **form, **more)
    made = pages.container.store.connections.all()[-1]
    assert "Check (about $0.0052)" in pages.get("/ui/connections").text("tbody")
    found = pages.post(f"/ui/connections/{made.id}/measure", htmx=True, follow=False).text("dl")
    for said in ("Form of answers json_schema", "Pictures yes", "Context 4,096", "Limits unknown"):
        assert said in found
    told = pages.api.request(
        "POST", f"model-provider-connections/{made.id}/test", json={"model": "Qwen/Qwen3-8B"}
    ).json()
    assert (told["form"], told["images"], told["logprobs"]) == ("json_schema", False, True)
    assert (told["context"], told["limits"], told["calls"]) == (4096, None, 3)
