"""The page of connections: what it shows, what it keeps, and that no key ever leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ml_backend.records import Connection
from ml_backend.store import Spent
from support.api import STRANGER
from support.pages import Page, Pages, sign_in
from support.tables import each_row

LIST, NEW = "/ui/connections", "/ui/connections/new"
KEY = "sk-a-provider-secret-1a2b"
HOSTILE = "<script>alert(1)</script>\"onmouseover=x {{7*7}} =cmd|' /C calc'!A0"


def made(pages: Pages, **more: Any) -> Connection:
    """A connection to the simulated model."""
    form = {
        "title": "main",
        "provider": "Custom",
        "endpoint": pages.simulator.url,
        "api_key": KEY,
        "default_model": "simulated",
        "scope": "Organization",
    }
    page = pages.post(NEW, **{**form, **more})
    assert page.status == 200, page.text("main")
    found = pages.container.store.connections.all()
    return found[-1]


def row(page: Page, title: str) -> str:
    [found] = [each for each in page.all("tbody tr") if title in each.css("th")[0].text()]
    return " ".join(found.text(separator=" ").split())


@pytest.fixture
def stranger(pages: Pages) -> Pages:
    """Another person, who owns nothing."""
    pages.api.as_user()
    client = pages.api.app.test_client()
    assert sign_in(client, STRANGER).status_code == 303
    return Pages(pages.api, client)


@pytest.mark.slow
def test_the_environments_connection_is_shown_and_is_nobodys_to_change(pages: Pages) -> None:
    page = pages.get(LIST)
    said = row(page, "environment")
    assert "OPENAI_BASE_URL of the server's environment" in said
    assert "simulated" in said
    assert not [a for a in page.all("a.button") if "environment" in str(a.attributes.get("href"))]
    assert "sk-a-secret-key" not in page.html


@pytest.mark.slow
def test_a_connection_is_kept_with_all_its_fields(pages: Pages) -> None:
    found = made(
        pages,
        prices="simulated=0.25, 2\n\nlocal = 0,0",
        budget_limit="$1,250.50",
        budget_period="Monthly",
        alert_threshold="40",
        api_version="2024-10-21",
    )
    assert (found.title, found.provider, found.api_key) == ("main", "Custom", KEY)
    assert (found.scope, found.default_model) == ("Organization", "simulated")
    assert found.prices == {"simulated": [0.25, 2.0], "local": [0.0, 0.0]}
    assert (found.budget_limit, found.budget_period) == (1250.5, "Monthly")
    assert found.details["budget_alert_threshold"] == 40.0
    assert found.api_version == ""  # Azure's alone
    page = pages.get(LIST)
    assert "Everybody in the organization" in row(page, "main")
    assert "simulated, local" in row(page, "main")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["", "/1/edit", "/1/delete"])
def test_no_page_holds_a_key(pages: Pages, path: str) -> None:
    made(pages)
    page = pages.get(f"{LIST}{path}")
    assert KEY not in page.html
    assert KEY[:-4] not in page.html
    if path != "/1/delete":
        assert "••••1a2b" in page.text()


@pytest.mark.slow
def test_a_short_key_shows_none_of_its_characters(pages: Pages) -> None:
    made(pages, api_key="abcd1234")
    assert "1234" not in row(pages.get(LIST), "main")


@pytest.mark.slow
def test_an_endpoint_with_a_password_is_shown_without_it_and_kept_with_it(pages: Pages) -> None:
    store = pages.container.store.connections
    kept = store.create(
        title="old", provider="Custom", endpoint="http://me:hush@ollama:1/v1", api_key=""
    )
    assert "hush" not in pages.get(LIST).html
    path = f"{LIST}/{kept.id}/edit"
    page = pages.get(path)
    assert "hush" not in page.html
    pages.post(path, **{**page.fields("main form"), "default_model": "llama"})
    changed = store.get(kept.id or 0)
    assert (changed.endpoint, changed.default_model) == ("http://me:hush@ollama:1/v1", "llama")


@pytest.mark.slow
@each_row(
    ("form", "says"),
    [
        ({"title": " "}, "The name is missing."),
        ({"title": "12"}, "cannot be called '12'"),
        ({"title": "main"}, "named 'main' already exists"),
        ({"endpoint": ""}, "Custom needs an endpoint."),
        ({"endpoint": "ollama"}, "'ollama' is not a web address."),
        ({"provider": "Bedrock"}, '"Bedrock" is not a valid choice.'),
        ({"prices": "gpt=cheap"}, "'gpt=cheap' is not a price"),
        ({"budget_limit": "lots"}, "The budget 'lots' is no amount of dollars."),
        ({"alert_threshold": "-1"}, "The alert threshold '-1' is no amount"),
        ({"budget_limit": "nan"}, "The budget 'nan' is no amount"),
        ({"scope": "Planet"}, "Planet"),
        ({"budget_period": "Daily"}, "Daily"),
    ],
)
@each_row("htmx", [False, True])
def test_a_field_that_does_not_do_is_named_and_nothing_kept(
    pages: Pages, form: dict[str, str], says: str, htmx: bool
) -> None:
    if not pages.container.store.connections.all():
        made(pages)
    good = {"title": "second", "provider": "Custom", "endpoint": "http://ollama:1/v1"}
    page = pages.post(NEW, htmx=htmx, alert="dialog-alert", **{**good, **form})
    assert page.status in (409, 422)
    assert says in page.text()
    assert len(pages.container.store.connections.all()) == 1
    if htmx:
        assert page.response.headers["HX-Retarget"] == "#dialog-alert"


@pytest.mark.slow
def test_a_key_left_blank_stays_and_a_new_one_replaces_it(pages: Pages) -> None:
    kept = made(pages, prices="simulated=0.25,2")
    path = f"{LIST}/{kept.id}/edit"
    fields = pages.get(path).fields("main form")
    assert fields["api_key"] == ""
    pages.post(path, **{**fields, "title": "renamed", "budget_limit": "5"})
    store = pages.container.store.connections
    changed = store.get(kept.id or 0)
    assert (changed.title, changed.api_key, changed.budget_limit) == ("renamed", KEY, 5.0)
    assert changed.prices == kept.prices
    pages.post(path, **{**fields, "title": "renamed", "api_key": "sk-another"})
    assert store.get(kept.id or 0).api_key == "sk-another"
    pages.post(path, **{**fields, "title": "renamed", "forget_key": "1"})
    assert store.get(kept.id or 0).api_key == ""


@pytest.mark.slow
def test_a_key_is_not_taken_to_another_host(pages: Pages) -> None:
    kept = made(pages)
    path = f"{LIST}/{kept.id}/edit"
    fields = {**pages.get(path).fields("main form"), "endpoint": "http://evil.example/v1"}
    refused = pages.post(path, **fields)
    assert refused.status == 422
    assert "A new endpoint needs its key given again." in refused.text("main")
    assert pages.container.store.connections.get(kept.id or 0).endpoint == kept.endpoint
    pages.post(path, **{**fields, "api_key": "sk-for-there"})
    moved = pages.container.store.connections.get(kept.id or 0)
    assert (moved.endpoint, moved.api_key) == ("http://evil.example/v1", "sk-for-there")


@pytest.mark.slow
def test_a_test_says_whether_the_provider_answers(pages: Pages) -> None:
    kept = made(pages)
    assert "not checked yet" in row(pages.get(LIST), "main")
    answer = pages.post(f"{LIST}/{kept.id}/test", htmx=True, follow=False)
    assert answer.text(".badge") == "✓ answers"
    assert "✓ answers" in row(pages.get(LIST), "main")
    pages.post(
        f"{LIST}/{kept.id}/edit",
        **{**pages.get(f"{LIST}/{kept.id}/edit").fields("main form"), "title": "changed"},
    )
    assert "not checked yet" in row(pages.get(LIST), "changed")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "word", "says"),
    [
        ({"endpoint": "http://127.0.0.1:9/v1"}, "unreachable", "No server answers at"),
        ({"default_model": "no-such-model"}, "model missing", "does not list the model"),
        ({"provider": "OpenAI"}, "key missing", "There is no API key"),
    ],
)
def test_a_test_names_what_is_wrong(
    pages: Pages, fields: dict[str, str], word: str, says: str
) -> None:
    kept = made(pages, **fields)
    if word == "key missing":  # as it was kept before a key was asked for
        pages.container.store.connections.update(kept.id or 0, api_key="")
    page = pages.post(f"{LIST}/{kept.id}/test")
    assert word in row(page, "main")
    assert says in row(page, "main")
    assert says in page.text(".notice")


@pytest.mark.slow
def test_a_refused_key_is_named(pages: Pages) -> None:
    pages.simulator.control({"fault": "auth"}, models=None)
    kept = made(pages, api_key="sk-a-wrong-key-9z9z")
    page = pages.post(f"{LIST}/{kept.id}/test")
    assert "key refused" in row(page, "main")
    assert "sk-a-wrong-key" not in page.html


@pytest.mark.slow
def test_the_environments_connection_can_be_tested(pages: Pages) -> None:
    assert "✓ answers" in row(pages.post(f"{LIST}/environment/test"), "environment")
    assert pages.post(f"{LIST}/nonsense/test").status == 404


@pytest.mark.slow
def test_spending_is_shown_beside_its_budget_with_the_warning(pages: Pages) -> None:
    kept = made(pages, budget_limit="50", budget_period="Yearly", alert_threshold="10")
    assert "nothing of $50.00 a year" in row(pages.get(LIST), "main")
    today = datetime.now(UTC).date()
    pages.container.store.spendings.add(kept.id or 0, today.isoformat(), Spent(12.3, 100, 2))
    page = pages.get(LIST)
    said = row(page, "main")
    assert "$12.30 and 2 calls of unknown price of $50.00 a year" in said
    assert f"since {today.year}-01-01 (UTC)" in said
    assert "over the alert threshold of $10" in said
    assert page.one("progress").attributes["max"] == "50.0"
    assert page.one("progress").attributes["aria-label"] == "Spent of the budget of main"


@pytest.mark.slow
def test_a_connection_in_use_names_its_prompts_and_stays(pages: Pages) -> None:
    kept = made(pages)
    prompt = pages.api.client.prompts.create(
        title="Topics & <b>", associated_projects=[pages.project]
    )
    pages.api.client.prompts.versions.create(
        prompt.id,
        title="First",
        prompt="Which? {text}",
        provider_model_id="simulated",
        model_provider_connection=kept.id,
    )
    page = pages.get(f"{LIST}/{kept.id}/delete")
    assert "is used by 1 prompt, so it cannot be deleted" in page.text("main")
    assert "Topics & <b> : First" in page.text("main")
    button = page.one("button.danger")
    assert button.text() == "Delete connection used by 1 prompt"
    assert "disabled" in button.attributes
    refused = pages.post(f"{LIST}/{kept.id}/delete")
    assert refused.status == 409
    assert "use this connection" in refused.text("main")
    assert pages.container.store.connections.find(kept.id or 0) is not None


@pytest.mark.slow
def test_a_connection_that_nothing_uses_is_deleted(pages: Pages) -> None:
    kept = made(pages)
    page = pages.get(f"{LIST}/{kept.id}/delete")
    assert "No prompt uses it." in page.text("main")
    after = pages.post(f"{LIST}/{kept.id}/delete", **page.fields("main form"))
    assert "main and its key are deleted." in after.text(".notice")
    assert pages.container.store.connections.all() == []


@pytest.mark.slow
def test_who_may_not_change_a_connection_sees_it_without_its_key(
    pages: Pages, stranger: Pages
) -> None:
    kept = made(pages)
    page = stranger.get(LIST)
    assert "••••" in row(page, "main")
    assert "1a2b" not in page.html
    assert not page.all(f'a[href="{LIST}/{kept.id}/edit"]')
    for path in (f"{LIST}/{kept.id}/edit", f"{LIST}/{kept.id}/delete"):
        assert stranger.get(path).status == 403
        assert stranger.post(path, title="mine").status == 403
    assert pages.container.store.connections.get(kept.id or 0).title == "main"


@pytest.mark.slow
def test_a_connection_of_ones_own_is_nobody_elses(pages: Pages, stranger: Pages) -> None:
    kept = made(pages, scope="User")
    assert "main" not in stranger.get(LIST).text("tbody")
    assert stranger.post(f"{LIST}/{kept.id}/test").status == 404
    scopes = [each.attributes["value"] for each in stranger.get(NEW).all("[name=scope]")]
    assert scopes == ["User", "Model"]
    theirs = made(stranger, title="theirs", scope="User", endpoint="https://models.example/v1")
    assert theirs.created_by is not None
    assert theirs.created_by.id == 2
    refused = stranger.post(
        NEW, title="all", provider="Custom", endpoint="http://a:1/v1", scope="Organization"
    )
    assert refused.status == 403


@pytest.mark.slow
def test_what_people_write_is_shown_as_text(pages: Pages) -> None:
    made(pages, title=HOSTILE, default_model=HOSTILE)
    for path in (LIST, f"{LIST}/1/edit", f"{LIST}/1/delete"):
        page = pages.get(path)
        assert "alert(1)" in page.html
        assert not page.all("[onmouseover]")
        assert not [each for each in page.all("script") if "alert" in each.text()]
        assert "49" not in page.text("h1, th, main p strong")


@pytest.mark.slow
@pytest.mark.parametrize("path", [NEW, "/ui/connections/1/edit", "/ui/connections/1/delete"])
def test_dialogs_are_pages_without_script(pages: Pages, path: str) -> None:
    made(pages)
    dialog = pages.htmx(path, "dlg")
    form = dialog.one("dialog form")
    assert form.attributes["hx-target"] == "#dialog-alert"
    assert dialog.one("#dialog-title")
    page = pages.get(path)
    assert page.one("main form").attributes["hx-target"] == "#alert"
    assert {each.attributes["id"] for each in page.all("main input[id]")} <= {
        str(each.attributes["for"]) for each in page.all("main label[for]")
    }


@pytest.mark.slow
def test_many_connections_come_in_pages(pages: Pages) -> None:
    for n in range(60):
        pages.container.store.connections.create(title=f"one {n}", provider="OpenAI", api_key="k")
    page = pages.get(LIST)
    assert len(page.all("tbody tr")) == 50
    assert len(page.html) < 150_000
    assert len(pages.get(f"{LIST}?page=2").all("tbody tr")) == 11
