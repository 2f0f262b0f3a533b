"""The offline baseline reads no prompt: no editor of words, no messages, plain words instead."""

from __future__ import annotations

import pytest

from support.pages import Pages


@pytest.fixture
def path(pages: Pages) -> str:
    prompt, _ = pages.api.prompt()
    return f"/ui/prompts/{prompt.id}"


@pytest.mark.slow
def test_choosing_it_hides_the_words_and_says_what_it_does(pages: Pages, path: str) -> None:
    page = pages.get(path)
    marked = [each.attributes["value"] for each in page.all("#connection option[data-baseline]")]
    assert marked == ["baseline"]
    assert "reads no prompt and asks no model" in page.text("#baseline-note")
    hidden = page.all(".for-model")
    for field in ("text", "model", "few_shot", "samples", "parameters", "system_prompt"):
        assert any(part.css(f"[name={field}]") for part in hidden), field
    # A hidden field that must be filled would keep the form from being sent, without a word.
    assert not page.all("#editor textarea[required]")


@pytest.mark.slow
def test_it_is_saved_without_a_text_and_what_was_written_stays(pages: Pages, path: str) -> None:
    form = pages.get(path).fields("#editor")
    typed = {"connection": "baseline", "text": " ", "do": "save"}
    done = pages.post(f"{path}/editor", **{**form, **typed})
    assert "is saved" in done.text(".notice")
    [version] = pages.container.store.prompts.versions(int(path.rsplit("/", 1)[1]))
    assert (version.provider.value, version.text) == ("Baseline", "Which? {text}")


@pytest.mark.slow
def test_it_has_no_preview_of_messages_and_can_be_tried(pages: Pages, path: str) -> None:
    form = {**pages.get(path).fields("#editor"), "connection": "baseline"}
    shown = pages.post(f"{path}/preview", htmx=True, **form)
    assert "Nothing is sent to a model" in shown.text()
    assert not shown.all("pre, h3, #variable-notes")
    found = pages.post(f"{path}/try", htmx=True, **form, **{"try": str(pages.api.tasks[0])})
    assert "tried with nearest-annotated-tasks" in found.text(".trial")
    assert pages.simulator.stats()["calls"] == 0


@pytest.mark.slow
def test_what_depends_on_the_text_says_that_it_is_not_read(pages: Pages, path: str) -> None:
    form = pages.get(path).fields("#editor")
    pages.post(f"{path}/editor", **{**form, "connection": "baseline", "do": "save-as"})
    assert "it reads no text" in pages.get(f"{path}/diff").text(".caution")
    assert "reads no text" in pages.get(f"{path}/enhance").text(".caution")
