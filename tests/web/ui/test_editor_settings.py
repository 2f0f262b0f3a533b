"""System text and parameters in the editor: kept, compared, previewed, refused, copied."""

from __future__ import annotations

import pytest

from support.pages import Pages


@pytest.fixture
def path(pages: Pages) -> str:
    prompt, _ = pages.api.prompt()
    return f"/ui/prompts/{prompt.id}"


def version_of(pages: Pages, path: str, at: int = -1):
    return pages.container.store.prompts.versions(int(path.rsplit("/", 1)[1]))[at]


@pytest.mark.slow
def test_what_is_typed_is_saved_shown_and_left_alone_by_forms_without_it(
    pages: Pages, path: str
) -> None:
    form = pages.get(path).fields("#editor")
    assert (form["system_prompt"], form["parameters"]) == ("", "")
    typed = {"system_prompt": "You <b>label</b>.", "parameters": "temperature = 0.2\r\nseed=4"}
    pages.post(f"{path}/editor", **{**form, **typed, "do": "save"})
    version = version_of(pages, path)
    assert version.parameters == {"temperature": 0.2, "seed": 4}
    assert version.system_prompt == "You <b>label</b>."
    page = pages.get(path)
    assert "<b>label" not in page.html
    form = page.fields("#editor")
    assert form["parameters"] == "temperature = 0.2\nseed = 4"
    for name in typed:
        del form[name]
    pages.post(f"{path}/editor", **{**form, "text": "Else? {text}", "do": "save"})
    changed = version_of(pages, path)
    assert (changed.text, changed.parameters) == ("Else? {text}", version.parameters)
    assert changed.system_prompt == version.system_prompt


@pytest.mark.slow
def test_an_unknown_parameter_comes_back_with_the_names_there_are(pages: Pages, path: str) -> None:
    form = pages.get(path).fields("#editor")
    refused = pages.post(f"{path}/editor", **{**form, "parameters": "temprature = 1", "do": "save"})
    assert refused.status == 422
    assert "no parameter 'temprature'" in refused.text("[role=alert]")
    assert "temperature, top_p" in refused.text("[role=alert]")
    assert refused.fields("#editor")["parameters"] == "temprature = 1"
    assert version_of(pages, path).parameters == {}


@pytest.mark.slow
def test_the_preview_has_the_system_text_and_the_parameters(pages: Pages, path: str) -> None:
    form = pages.get(path).fields("#editor")
    typed = {"system_prompt": "You label {text}.", "parameters": "temperature = 0.2"}
    shown = pages.post(f"{path}/preview", htmx=True, **{**form, **typed})
    assert shown.all("pre")[0].text().strip().startswith("You label {text}.")
    assert "temperature = 0.2" in shown.text()
    assert "sent as it stands" in shown.text(".caution")


@pytest.mark.slow
def test_confidence_is_chosen_in_the_editor(pages: Pages, path: str) -> None:
    form = pages.get(path).fields("#editor")
    assert form["confidence"] == "auto"
    pages.post(f"{path}/editor", **{**form, "confidence": "none", "do": "save"})
    assert version_of(pages, path).confidence == "none"
    assert pages.get(path).fields("#editor")["confidence"] == "none"
    refused = pages.post(f"{path}/editor", **{**form, "confidence": "high", "do": "save"})
    assert "There is no confidence" in refused.text()
    assert version_of(pages, path).confidence == "none"


@pytest.mark.slow
def test_the_difference_shows_system_texts_and_a_restored_version_has_them(
    pages: Pages, path: str
) -> None:
    form = pages.get(path).fields("#editor")
    typed = {"system_prompt": "You label.", "parameters": "seed = 4", "do": "save-as"}
    pages.post(f"{path}/editor", **{**form, **typed})
    page = pages.get(f"{path}/diff")
    assert "You label." in page.text(".diff")
    assert "Parameters none seed = 4" in page.text("tbody")
    made = version_of(pages, path)
    assert "sets seed · system text" in pages.get(f"{path}/versions").text(".versions")
    pages.post(f"{path}/versions/{made.id}/restore", title="Again")
    again = version_of(pages, path)
    assert (again.title, again.system_prompt) == ("Again", "You label.")
    assert again.parameters == {"seed": 4}
