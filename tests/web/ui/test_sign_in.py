"""Signing in and out, and what keeps others out."""

from __future__ import annotations

import re

import pytest

from ml_backend.store import tables as t, web_sessions
from support.api import Api
from support.pages import Page, Pages, csrf_of, sign_in


@pytest.mark.slow
def test_pages_ask_to_sign_in_and_then_lead_where_one_wanted_to_go(api: Api) -> None:
    client = api.app.test_client()
    refused = client.get("/ui/predictions?project=1")
    assert refused.status_code == 303
    assert refused.location == "/ui/sign-in?next=%2Fui%2Fpredictions%3Fproject%3D1"
    form = Page(client.get(refused.location)).fields("form")
    done = client.post("/ui/sign-in", data={**form, "token": api.studio.token})
    assert (done.status_code, done.location) == (303, "/ui/predictions?project=1")


@pytest.mark.parametrize(
    "wanted", ["https://evil.example", "//evil.example", "/ui/\\evil", "/ui/sign-out", "/api/docs"]
)
def test_signing_in_leads_nowhere_else(api: Api, wanted: str) -> None:
    client = api.app.test_client()
    csrf = csrf_of(client, "/ui/sign-in")
    done = client.post(
        "/ui/sign-in", data={"token": api.studio.token, "next": wanted, "csrf_token": csrf}
    )
    assert done.location == "/ui/prompts"


@pytest.mark.slow
@pytest.mark.parametrize("token", ["", "b" * 40, "é"])
def test_a_wrong_token_is_refused_with_the_next_step(api: Api, token: str) -> None:
    client = api.app.test_client()
    page = Page(sign_in(client, token))
    assert page.status == 422
    assert page.text("[role=alert]")
    assert client.get("/ui/prompts").status_code == 303


@pytest.mark.slow
def test_the_cookie_is_for_this_site_alone_and_holds_no_token(api: Api) -> None:
    cookie = sign_in(api.app.test_client(), api.studio.token).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/ui" in cookie
    assert api.studio.token not in cookie
    assert cookie.startswith("ls_prompts=")


def test_over_https_the_cookie_is_one_that_plain_http_cannot_set(api: Api) -> None:
    client = api.app.test_client()
    page = client.get("/ui/sign-in", base_url="https://localhost").get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    given = {"token": api.studio.token, "csrf_token": found[1]}
    # Chosen by somebody on the way, over plain HTTP.
    client.set_cookie("ls_prompts", "chosen", path="/ui")
    done = client.post("/ui/sign-in", data=given, base_url="https://localhost")
    cookie = done.headers["Set-Cookie"]
    assert cookie.startswith("__Secure-ls_prompts=")
    assert "Secure;" in cookie
    assert client.get("/ui/prompts", base_url="https://localhost").status_code == 200
    assert client.get("/ui/prompts").status_code == 303


def test_the_database_holds_neither_token_nor_cookie(pages: Pages) -> None:
    with pages.container.store.database.read() as c:
        [row] = c.execute(t.web_sessions.select()).all()
    assert pages.studio.token not in repr(row)
    with pages.client.session_transaction(path="/ui") as session:
        assert session["key"] not in repr(row)


@pytest.mark.slow
def test_signing_out_ends_the_session_for_a_copied_cookie_too(pages: Pages) -> None:
    copied = pages.client.get_cookie("ls_prompts", path="/ui")
    assert copied is not None
    done = pages.post("/ui/sign-out", follow=False)
    assert done.response.headers["Clear-Site-Data"] == '"storage"', "drafts go with the person"
    assert pages.client.get("/ui/prompts").status_code == 303
    pages.client.set_cookie("ls_prompts", copied.value, path="/ui")
    assert pages.client.get("/ui/prompts").status_code == 303


@pytest.mark.parametrize(
    "column", ["seen_at", "created_at"], ids=["left idle", "the longest there is"]
)
def test_a_session_ends_by_itself(pages: Pages, column: str) -> None:
    limits = {
        "seen_at": web_sessions.IDLE_SECONDS,
        "created_at": web_sessions.LONGEST_SECONDS,
    }
    with pages.container.store.database.write() as c:
        past = t.web_sessions.c[column] - limits[column] - 1
        c.execute(t.web_sessions.update().values({column: past}))
    assert pages.client.get("/ui/prompts").status_code == 303


@pytest.mark.slow
def test_a_token_that_label_studio_takes_back_leads_to_sign_in(api: Api) -> None:
    token = "a" * 40
    api.as_user()
    client = api.app.test_client()
    sign_in(client, token)
    assert client.get("/ui/prompts").status_code == 200
    api.studio.control(settings={"users": {}})
    api.app.extensions["callers"].forget()
    response = client.get("/ui/prompts")
    assert response.status_code == 303
    assert "why=" in response.location


@pytest.mark.slow
def test_a_form_without_the_sessions_token_changes_nothing(pages: Pages) -> None:
    answered = pages.client.post("/ui/sign-out", data={"csrf_token": "wrong"})
    assert answered.status_code == 403
    assert "another session" in answered.get_data(as_text=True)
    assert pages.client.get("/ui/prompts").status_code == 200


def test_htmx_is_led_to_sign_in_and_back_to_its_page(api: Api) -> None:
    answered = api.app.test_client().get(
        "/ui/prompts/1/results",
        headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/ui/prompts/1?run=2"},
    )
    assert answered.status_code == 204
    assert answered.headers["HX-Redirect"] == "/ui/sign-in?next=%2Fui%2Fprompts%2F1%3Frun%3D2"


@pytest.mark.slow
def test_every_page_forbids_script_of_others_and_frames(pages: Pages) -> None:
    for path in ("/ui/sign-in", "/ui/prompts", "/ui/no-such-page"):
        headers = pages.client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["Cache-Control"] == "no-store"
        page = pages.get(path)
        assert not page.all("[style], [onclick], [onload], style, script:not([src])")
        assert not re.search(r"\son\w+=", page.html)


@pytest.mark.slow
def test_a_browser_at_the_backends_address_is_led_to_the_pages(pages: Pages) -> None:
    prompt, _ = pages.api.prompt()
    browser = {"Accept": "text/html,application/xhtml+xml"}
    found = pages.client.get("/", headers=browser).location
    assert found == "/ui/prompts"
    assert pages.client.get(f"/prompts/{prompt.id}", headers=browser).location == (
        f"/ui/prompts/{prompt.id}"
    )
    assert pages.client.get("/").get_json()["name"] == "Prompts for Label Studio"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.slow
def test_a_person_may_choose_light_or_dark(pages: Pages, scheme: str) -> None:
    assert pages.post("/ui/color-scheme", scheme=scheme).one("html").attributes == {
        "lang": "en",
        "data-color-scheme": scheme,
    }
    system = pages.post("/ui/color-scheme", scheme="")
    assert "data-color-scheme" not in system.one("html").attributes
