"""Models where one chooses one: what each can, what it costs, and when it is retired."""

from __future__ import annotations

import pytest

from ml_backend.records.abilities import measured
from ml_backend.services.health.doctor import EVERYTHING, Visibility
from support.pages import Pages

RETIRED = "The model simulated was retired on 2026-01-31"


def tell(pages: Pages) -> None:
    """Asking the environment's model showed something, and that it is gone."""
    container = pages.container
    found = measured(
        "2026-11-30", context=128_000, images=True, retires="2026-01-31", replacement="newer"
    )
    container.store.abilities.keep(container.models.default, "simulated", found)


def kept(pages: Pages) -> int:
    form = {
        "title": "main",
        "provider": "OpenAI",
        "api_key": "sk-a-provider-secret-1a2b",
        "default_model": "gpt-4o",
        "scope": "Organization",
    }
    assert pages.post("/ui/connections/new", **form).status == 200
    return pages.container.store.connections.all()[-1].id or 0


@pytest.mark.slow
def test_the_editor_offers_models_with_what_they_can_and_cost(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    kept(pages)
    tell(pages)
    page = pages.get(f"/ui/prompts/{prompt.id}?version={version.id}")
    labels = {
        each.attributes["value"]: each.attributes.get("label")
        for each in page.all("#models option")
    }
    assert labels["gpt-4o"] == (
        "gpt-4o: 128k context, pictures, PDFs, $2.5 in, $10 out, retires 2027-01-14"
    )
    assert labels["simulated"] == "simulated: 128k context, pictures, retired 2026-01-31"
    said = page.text("#model-said")
    assert said.startswith("128k context, pictures, retired 2026-01-31")
    assert RETIRED in said
    assert "names newer instead" in said
    page = pages.get(f"/ui/prompts/{prompt.id}/enhance?version={version.id}")
    offered = [each.attributes.get("label") or "" for each in page.all("#models option")]
    assert any(each.startswith("gpt-4o: 128k context") for each in offered)


@pytest.mark.slow
def test_an_estimate_tells_of_the_model_that_is_chosen_now(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    other = kept(pages)
    tell(pages)
    path = f"/ui/prompts/{prompt.id}"
    form = pages.get(f"{path}?version={version.id}").fields("#editor")
    asked = f"{path}/estimate?version={version.id}"
    now = pages.post(asked, htmx=True, **form)
    assert RETIRED in now.text(".caution")
    assert RETIRED in now.text("#model-said")
    changed = {**form, "connection": str(other), "model": "gpt-4o"}
    moved = pages.post(asked, htmx=True, **changed)
    assert RETIRED not in moved.html
    assert moved.text("#model-said").startswith("128k context, pictures, PDFs, $2.5 in")


@pytest.mark.slow
def test_the_page_of_connections_says_what_models_can_and_which_retire(pages: Pages) -> None:
    kept(pages)
    tell(pages)
    page = pages.get("/ui/connections")
    text = page.text("table")
    assert "128k context, pictures" in text
    assert RETIRED in text
    assert "128k context, pictures, PDFs" in text


@pytest.mark.slow
def test_the_doctor_tells_which_models_in_use_are_retired(pages: Pages) -> None:
    """Whoever runs the server is told of all versions, others of the connection's own model."""
    prompt, version = pages.api.prompt()
    container = pages.container
    name = f"model: {container.models.default.title}, retiring"

    def found(sight: Visibility) -> list[str]:
        return [each.message for each in container.doctor.checks(sight) if each.name == name]

    assert found(EVERYTHING) == []
    tell(pages)
    [said] = found(EVERYTHING)
    assert said.startswith(RETIRED)
    store = container.store
    old = measured("2026-11-30", retires="2026-02-01")
    store.abilities.keep(container.models.default, "of-a-version", old)
    store.prompts.update_version(version.id, model="of-a-version")
    assert "of-a-version was retired" in " ".join(found(EVERYTHING))
    assert "of-a-version" not in " ".join(found(Visibility()))
    assert prompt.id
