"""An unknown price: two fields where it is missed, for whoever may say it."""

from __future__ import annotations

import pytest

from support.api import STRANGER
from support.pages import HTMX, Pages, sign_in

GIVEN = {"priced_connection": "environment", "priced_model": "simulated"}
PAIR = {"price_in": "1", "price_out": "2"}


@pytest.fixture
def path(pages: Pages) -> str:
    prompt, _ = pages.api.prompt()
    return f"/ui/prompts/{prompt.id}"


def prices(pages: Pages) -> dict[str, object]:
    return dict(pages.container.models.default.prices)


@pytest.mark.slow
def test_the_estimate_has_two_fields_until_there_is_a_price(pages: Pages, path: str) -> None:
    form = pages.get(path).fields("#editor")
    before = pages.post(f"{path}/estimate", htmx=True, **form)
    assert "Cost unknown" in before.text()
    assert [each.attributes["name"] for each in before.all("input[inputmode=decimal]")] == [
        "price_in",
        "price_out",
    ]
    fields = {
        each.attributes["name"]: each.attributes.get("value")
        for each in before.all("input[type=hidden][form=price-form]")
    }
    assert fields == GIVEN
    data = {"csrf_token": pages.csrf(), **GIVEN, **PAIR}
    done = pages.client.post("/ui/prices", data=data, headers=HTMX)
    assert (done.status_code, done.headers["HX-Trigger"]) == (204, "price-given")
    after = pages.post(f"{path}/estimate", htmx=True, **form)
    assert "≈ $" in after.text()
    assert "Price: given for this connection." in after.text()
    assert not after.all("[name=price_in]")


@pytest.mark.slow
def test_without_script_the_text_that_was_typed_stays(pages: Pages, path: str) -> None:
    form = {**pages.get(path).fields("#editor"), "text": "Typed {text}"}
    looked = pages.post(f"{path}/editor", **form, preview="")
    assert looked.all("noscript [name=price_in]") or "price_in" in looked.html
    done = pages.post(f"{path}/editor", **{**form, **GIVEN, **PAIR, "do": "price"})
    assert "$1 and $2 per million tokens" in done.text(".notice")
    assert done.fields("#editor")["text"] == "Typed {text}"
    assert "≈ $" in done.text("#estimate")
    free = pages.post(f"{path}/editor", **{**form, **GIVEN, "do": "free"})
    assert "Free" in free.text("#estimate")
    assert prices(pages) == {"simulated": (0, 0)}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "The price of the prompt is missing."),
        ({"price_in": "1"}, "The price of the answer is missing."),
        ({"price_in": "cheap", "price_out": "1"}, "The price of the prompt is 'cheap'."),
        ({"price_in": "1", "price_out": "-2"}, "The price of the answer is '-2'."),
        ({"price_in": "nan", "price_out": "2"}, "The price of the prompt is 'nan'."),
    ],
)
@pytest.mark.slow
def test_what_is_no_price_is_refused_in_words(
    pages: Pages, typed: dict[str, str], said: str
) -> None:
    refused = pages.post("/ui/prices", htmx=True, **GIVEN, **typed, alert="price-form-alert")
    assert refused.status == 422
    assert said in refused.text()
    assert refused.response.headers["HX-Retarget"] == "#price-form-alert"
    assert prices(pages) == {}


@pytest.mark.slow
def test_who_owns_nothing_is_told_whose_it_is(pages: Pages, path: str) -> None:
    pages.api.as_user()
    client = pages.api.app.test_client()
    assert sign_in(client, STRANGER).status_code == 303
    other = Pages(pages.api, client)
    form = other.get(path).fields("#editor")
    told = other.post(f"{path}/estimate", htmx=True, **form)
    assert not told.all("[name=price_in]")
    assert "is for the organization's owner to say" in told.text()
    assert other.post("/ui/prices", **GIVEN, **PAIR).status == 403
    assert "Its price is for the organization’s owner" in other.get("/ui/connections").text()
    assert prices(pages) == {}


@pytest.mark.slow
def test_the_page_of_connections_takes_the_price_of_the_servers_own(pages: Pages) -> None:
    page = pages.get("/ui/connections")
    assert "price unknown" in page.text("tbody")
    form = page.fields("form[action='/ui/prices']")
    assert form["priced_connection"] == "environment"
    done = pages.post("/ui/prices", **{**form, "price_in": "0.5", "price_out": "2"})
    assert "$0.5000 in, $2.00 out, given for this connection" in done.text("tbody")
    assert "simulated: $0.5 and $2 per million tokens" in done.text(".notice")


@pytest.mark.slow
def test_the_dialog_for_all_tasks_and_the_teacher_have_them_too(pages: Pages, path: str) -> None:
    dialog = pages.htmx(f"{path}/predict-all/estimate")
    assert dialog.all("[name=price_in][form=price-form-all]")
    assert pages.htmx(f"{path}/predict-all").all("form#price-form-all")
    outlook = pages.htmx(f"{path}/enhance/outlook?model=simulated")
    assert outlook.all("[name=price_in][form=price-form]")
    assert pages.get(f"{path}/enhance").all("form#price-form")
