"""Exporting a prompt and importing a file by clicks."""

from __future__ import annotations

from io import BytesIO

import pytest

from support.pages import HTMX, Page, Pages


def file_of(pages: Pages) -> str:
    """The file of a prompt with a title that is markup."""
    prompt, _ = pages.api.prompt("<b>Topics</b>")
    return pages.get(f"/ui/prompts/{prompt.id}/export").html


def send(pages: Pages, content: str | bytes, *, htmx: bool = False, **form: object) -> Page:
    data = content.encode() if isinstance(content, str) else content
    fields = {"csrf_token": pages.csrf(), "project": pages.project, "alert": "dialog-alert", **form}
    if content:
        fields["file"] = (BytesIO(data), "topic.yaml")
    answer = pages.client.post(
        "/ui/prompts/import",
        data=fields,
        headers=HTMX if htmx else {},
        content_type="multipart/form-data",
    )
    return Page(answer)


@pytest.mark.slow
def test_a_prompt_is_sent_as_a_file(pages: Pages) -> None:
    prompt, _ = pages.api.prompt("Über/Topics")
    answer = pages.get(f"/ui/prompts/{prompt.id}/export").response
    assert answer.mimetype == "application/yaml"
    named = answer.headers["Content-Disposition"]
    assert named == 'attachment; filename="ber-topics.yaml"'
    assert answer.get_data(as_text=True).startswith("title: Über/Topics\n")
    assert f"/ui/prompts/{prompt.id}/export" in pages.get("/ui/prompts").html
    assert "/ui/prompts/import" in pages.get("/ui/prompts/new").html


@pytest.mark.slow
@pytest.mark.parametrize("htmx", [False, True], ids=["as a page", "by htmx"])
def test_a_file_is_looked_at_before_it_is_imported(pages: Pages, htmx: bool) -> None:
    text = file_of(pages)
    store = pages.container.store.prompts
    seen = send(pages, text, htmx=htmx, title="Copy")
    assert "A new prompt, Copy" in seen.text()
    assert "new Version 1" in " ".join(seen.text("li").split())
    assert [each.title for each in store.all()] == ["<b>Topics</b>"]
    fields = seen.fields('form[action="/ui/prompts/import"]')
    done = pages.client.post("/ui/prompts/import", data=fields, headers=HTMX if htmx else {})
    assert done.status_code == (204 if htmx else 303)
    copy = store.find("Copy")
    assert copy is not None
    assert copy.created_by is not None
    assert store.versions(copy.id)[0].text == "Which? {text}"
    # The same once more: it stands already.
    again = send(pages, text)
    assert "No version of it is changed." in again.text()
    assert "<b>Topics</b>" in again.text()
    assert "<b>Topics" not in again.html


@pytest.mark.slow
def test_what_changed_since_it_was_seen_is_shown_anew(pages: Pages) -> None:
    text = file_of(pages)
    fields = send(pages, text, title="Copy").fields('form[action="/ui/prompts/import"]')
    pages.api.prompt("Copy")
    answer = Page(pages.client.post("/ui/prompts/import", data=fields))
    assert answer.status == 200
    assert "No version of it is changed." in answer.text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("title: <b>x</b>\nfoo: 1\n", "Line 2: the file has no field 'foo'."),
        ("title: T\nversions:\n- {title: V, provider: Custom, model: m, prompt: '{txt}'}",
         "Line 3: The prompt uses {txt}"),
        (b"\xff", "The file is not text in UTF-8."),
        ("", "No file is chosen."),
    ],
    ids=["field", "variable", "bytes", "none"],
)  # fmt: skip
def test_a_file_that_does_not_fit_says_why(pages: Pages, content: str, said: str) -> None:
    page = send(pages, content)
    assert page.status in (400, 422)
    assert said in page.text("[role=alert]")
    beside = send(pages, content, htmx=True)
    assert said in beside.text()
    assert beside.response.headers["HX-Retarget"] == "#dialog-alert"
    assert pages.container.store.prompts.all() == []
