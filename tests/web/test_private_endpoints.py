"""Whose connections may lead into the server's network: made, changed, tested and used."""

from __future__ import annotations

from typing import Any

import pytest
from label_studio_sdk import LabelStudio
from label_studio_sdk.core.api_error import ApiError

from ml_backend.errors import ModelError
from ml_backend.records import Connection, Person, Scope
from support.api import Api
from support.odd_endpoints import http, odd_endpoint

MEMBER = Person(2, "other", "other@example.com")
OWNER = "labeler@example.com"
PRIVATE = (
    "http://127.0.0.1:11434/v1",
    "http://localhost:8000",
    "http://ollama:11434/v1",
    "http://169.254.170.2/v2/credentials",
    "http://2852039166/latest",
    "http://0x7f.1:6379/v1",
    "http://[::ffff:10.0.0.7]/v1",
    "http://[fd12::1]:8000/v1",
    "http://192.0.0.192/opc/v1",
    "http://100.100.100.200/latest",
    "https://vault.internal./v1",
    "http://１０.0.0.1/v1",
)


@pytest.fixture
def member(api: Api) -> LabelStudio:
    return api.as_user()


def new(client: LabelStudio, **more: Any) -> Any:
    values = {"provider": "Custom", "api_key": "sk-of-a-member-0001", "scope": "User", **more}
    return client.model_providers.create(**values)


def refused(call: Any, *about: Any, **values: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        call(*about, **values)
    return caught.value


def stored(api: Api, endpoint: str, **more: Any) -> Connection:
    """A connection as it was kept by an older server."""
    values = {"title": f"kept {endpoint}", "scope": Scope.USER.value, "created_by": MEMBER, **more}
    values["endpoint"] = endpoint
    return api.container.store.connections.create(provider="Custom", api_key="", **values)


def told(api: Api, connection: Connection) -> str:
    container = api.container
    with pytest.raises(ModelError) as caught:
        container.loop.run(container.models.check(connection, None))
    return str(caught.value)


@pytest.mark.slow
def test_a_member_makes_no_connection_to_a_private_address(api: Api, member: LabelStudio) -> None:
    for endpoint in PRIVATE:
        error = refused(new, client=member, endpoint=endpoint)
        said = str(error.body)
        assert error.status_code == 403, endpoint
        assert "private or reserved address" in said
        assert OWNER in said
        assert "PRIVATE_ENDPOINTS=true" in said
    azure = refused(new, client=member, provider="AzureOpenAI", endpoint=PRIVATE[0])
    assert azure.status_code == 403
    assert api.container.store.connections.all() == []
    kept = new(member, endpoint="https://models.example/v1")
    for endpoint in PRIVATE:
        error = refused(
            member.model_providers.update, kept.id, endpoint=endpoint, api_key="sk-again-00001"
        )
        assert error.status_code == 403, endpoint
    [one] = api.container.store.connections.all()
    assert one.endpoint == "https://models.example/v1"


@pytest.mark.slow
def test_the_owner_makes_it_and_members_use_it(api: Api, member: LabelStudio) -> None:
    made = api.connection()
    assert made.scope == "Organization"
    models = member.prompts
    prompt = models.create(title="With theirs", associated_projects=[api.project])
    version = models.versions.create(
        prompt.id,
        title="Version 1",
        prompt="Which? {text}",
        provider="Custom",
        provider_model_id="simulated",
        model_provider_connection=made.id,
    )
    assert version.model_provider_connection == made.id
    assert api.container.models.reach_of(api.container.store.connections.get(made.id)).private


@pytest.mark.slow
def test_what_a_member_kept_before_is_refused_where_it_leads_inside(api: Api) -> None:
    with odd_endpoint(http("200 OK", '{"data": []}')) as inner:
        said = told(api, stored(api, inner.url))
        assert inner.heard == []
    assert "private or reserved address" in said
    assert f"The owner of the organization ({OWNER}) can make this connection" in said
    owners = Person(99, "labeler", OWNER.upper())
    for more in (
        {"created_by": owners},
        {"created_by": None},
        {"scope": Scope.ORGANIZATION.value, "organization": 1},
    ):
        kept = stored(api, f"{api.simulator.url}/", title=f"before {more}", **more)
        container = api.container
        assert container.loop.run(container.models.check(kept, None)), more
    elsewhere = {"scope": Scope.ORGANIZATION.value, "organization": 2}
    assert not api.container.models.reach_of(stored(api, "http://a.example", **elsewhere)).private


@pytest.mark.slow
def test_nothing_of_what_answers_there_is_read_out_whoever_may_go_there(
    api: Api, member: LabelStudio
) -> None:
    api.container.private_endpoints.everybody = True
    with odd_endpoint(http("200 OK", '{"AccessKeyId": "AKIA-7731"}')) as inner:
        kept = new(member, endpoint=inner.url)
        said = told(api, api.container.store.connections.get(kept.id))
        assert inner.heard
    assert "AccessKeyId" not in said
    assert "Nothing that speaks OpenAI's protocol answers" in said
    with odd_endpoint(http("200 OK", '{"AccessKeyId": "AKIA-7731"}')) as inner:
        owners = api.connection(endpoint=inner.url)
        assert "AccessKeyId" in told(api, api.container.store.connections.get(owners.id))


@pytest.mark.slow
def test_the_owner_of_another_organization_is_a_member_here(api: Api) -> None:
    meta = {"title": "Theirs", "email": "other@example.com"}
    other = api.as_user(active_organization=2, active_organization_meta=meta)
    assert refused(new, client=other, endpoint="http://10.1.1.1/v1").status_code == 403
    ours = stored(api, "https://models.example/v1", created_by=None, scope="Organization")
    error = refused(other.model_providers.update, ours.id, endpoint="https://turns.example/v1")
    assert error.status_code == 403
    assert "for whoever made it to say" in str(error.body)


@pytest.mark.slow
def test_names_of_a_connection_are_names(api: Api) -> None:
    for field in ("deployment_name", "google_location", "google_project_id"):
        for hostile in ("../../secrets", "a/b", "x?api-version=", "a#b", "..", "a%2e%2e", "a\nb"):
            error = refused(api.connection, **{field: hostile})
            assert error.status_code == 400, (field, hostile)
            assert "is no name" in str(error.body)
    made = api.connection(
        provider="AzureOpenAI",
        deployment_name="gpt-4.1_prod",
        google_location="europe-west1",
        google_project_id="example.com:my-project-7",
    )
    error = refused(api.client.model_providers.update, made.id, deployment_name="../x")
    assert error.status_code == 400


@pytest.mark.slow
def test_while_label_studio_is_away_nobody_unknown_is_taken_for_the_owner(api: Api) -> None:
    kept = stored(api, "https://models.example/v1", created_by=Person(1, "labeler", OWNER))
    api.studio.control(down=True)
    assert not api.container.models.reach_of(kept).private
    api.studio.control(down=False)
    api.container.private_endpoints.forget()
    assert api.container.models.reach_of(kept).private
