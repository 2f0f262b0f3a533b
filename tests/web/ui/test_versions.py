"""The versions tab: how each did, what changed, and what restoring, activating, deleting do."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.records import Subset
from support.api import STRANGER
from support.labels import own
from support.pages import Page, Pages, sign_in
from support.runs_made import ran
from support.wire import CONFIG, row

HOSTILE = '<script>alert(1)</script> "onmouseover=x {{7*7}} =cmd'


def added(pages: Pages, prompt: Any, title: str, text: str = "Say the topic of {text}") -> Any:
    return pages.api.client.prompts.versions.create(
        prompt.id, title=title, prompt=text, provider_model_id="simulated"
    )


def tab(pages: Pages, prompt: Any, **query: Any) -> Page:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return pages.get(f"/ui/prompts/{prompt.id}/versions?{asked}")


@pytest.mark.slow
def test_versions_are_listed_newest_first_with_how_they_did(pages: Pages) -> None:
    prompt, first = pages.api.prompt()
    ran(pages, first.id, 4, cost=None)
    second = added(pages, prompt, "Short")
    ran(pages, second.id, 5, cost=0.06, cached=2)
    added(pages, prompt, "Draft")
    page = tab(pages, prompt)
    rows = [" ".join(each.text(separator=" ").split()) for each in page.all(".versions tbody tr")]
    assert [each.split()[0] for each in rows] == ["Draft", "Short", "Version"]
    assert "current" in rows[0]
    assert "not evaluated" in rows[0]
    assert "83% 5/6" in rows[1]
    assert "Ground Truths · 6 tasks" in rows[1]
    assert "$0.0600 $0.0150 a task 2 kept from before" in rows[1]
    assert "67% 4/6" in rows[2]
    assert "95 %: 30% to 90%" in rows[2]
    assert "unknown" in rows[2]
    assert "not comparable" not in page.text(".versions")
    # Nothing was run on all tasks, so that the newest answers Label Studio.
    assert "answers Label Studio" in rows[0]
    assert len(page.all("svg .dot")) == 2
    assert page.text("svg").endswith("Short $0.0150 Version 1 unknown")


@pytest.mark.slow
def test_versions_measured_on_other_tasks_are_marked(pages: Pages) -> None:
    prompt, first = pages.api.prompt()
    ran(pages, first.id, 4)
    second = added(pages, prompt, "Short")
    ran(pages, second.id, 5)
    third = added(pages, prompt, "Fewer")
    ran(pages, third.id, 1, 2)
    assert marked(tab(pages, prompt)) == ["Short", "Version 1"]
    page = tab(pages, prompt, version=first.id)
    assert marked(page) == ["Fewer"]
    assert "Fewer *" in page.text("svg")
    assert "than Version 1" in page.text()


@pytest.mark.slow
def test_a_sample_stands_beside_the_score_of_its_version(pages: Pages) -> None:
    prompt, first = pages.api.prompt()
    ran(pages, first.id, 5)
    ran(pages, first.id, 1, 2, subset=Subset.SAMPLE, sample_size=2)
    sampled = added(pages, prompt, "Sampled")
    ran(pages, sampled.id, 2, 2, subset=Subset.SAMPLE, sample_size=2)
    newest, oldest = (each.text() for each in tab(pages, prompt).all(".versions tbody tr"))
    assert " ".join(oldest.split()).count("83% 5/6") == 1
    assert "Sample 50% 1/2" in " ".join(oldest.split())
    assert "not evaluated Sample 100% 2/2" in " ".join(
        newest.replace("evaluated", "evaluated ").split()
    )
    row = pages.get("/ui/prompts").text(".prompt-accuracy")
    assert row == "83% 5/6 95%: 44–97% Sample 100% 2/2"
    page = pages.get(f"/ui/prompts/{prompt.id}?version={first.id}")
    assert page.text(".display") == "83%"
    assert "Sample 50% · 1 of 2 right · Sample Tasks, the first · 2 tasks" in page.text(".beside")
    assert "stays that of the last evaluation over all ground truth" in page.text(".beside")
    versions = pages.api.request("GET", f"prompts/{prompt.id}/versions").json()
    said = [(each["score"], each["score_n"], each["sample_score"]) for each in versions]
    assert said == [(pytest.approx(5 / 6), 6, 0.5), (None, None, 1.0)]


def marked(page: Page) -> list[str]:
    return [
        str(each.css_first(".title").text())
        for each in page.all(".versions tbody tr")
        if "not comparable" in each.text()
    ]


@pytest.mark.slow
def test_thirty_versions_are_shown_and_the_older_ones_a_page_further(pages: Pages) -> None:
    prompt, first = pages.api.prompt()
    ran(pages, first.id)
    for number in range(2, 33):
        pages.container.store.prompts.create_version(
            prompt.id, title=f"Version {number}", text="{text}", provider="Custom", model="m",
            connection_id=None, max_few_shot_examples=0, parameters={},
        )  # fmt: skip
    page = tab(pages, prompt)
    assert len(page.all(".versions tbody tr")) == 30
    assert "32 versions" in page.text("#panel")
    assert len(page.html) < 150_000
    further = pages.get(str(page.one(".pager a").attributes["href"]))
    assert [each.text() for each in further.all(".versions .title")] == ["Version 2", "Version 1"]
    assert "Restore" in further.text(".versions")
    assert further.one(".pager a").text() == "Newest"


@pytest.mark.slow
def test_stale_and_flattered_scores_are_marked(pages: Pages) -> None:
    prompt, first = pages.api.prompt()
    run = ran(pages, first.id, 6, caution="A teacher model saw some of these tasks.")
    pages.container.store.runs.mark_stale([run.id], "'Version 1' was changed after this run.")
    shown = tab(pages, prompt).text(".versions")
    assert "! stale 'Version 1' was changed after this run." in shown
    assert "! saw these tasks" in shown


@pytest.mark.slow
def test_a_prompt_without_versions_says_how_to_get_one(pages: Pages) -> None:
    prompt = pages.api.client.prompts.create(title="Empty", associated_projects=[pages.project])
    assert "No version yet" in tab(pages, prompt).text("#panel")
    refused = pages.get(f"/ui/prompts/{prompt.id}/diff")
    assert refused.status == 422
    assert "no version yet" in refused.text()


@pytest.mark.slow
def test_the_texts_of_two_versions_stand_side_by_side(pages: Pages) -> None:
    prompt, first = pages.api.prompt()
    second = added(pages, prompt, "Short", "Which one? {text}\nBe brief.")
    page = pages.get(f"/ui/prompts/{prompt.id}/diff")
    assert page.text("h1") == "What changed from Version 1 to Short"
    assert [each.text() for each in page.all(".diff ins")] == [" one", "Be brief."]
    assert page.all(".diff .sign")[0].text() == "−"
    other = pages.get(f"/ui/prompts/{prompt.id}/diff?old={second.id}&new={first.id}")
    assert [each.text() for each in other.all(".diff del")] == [" one", "Be brief."]
    assert "The texts are the same" in pages.get(
        f"/ui/prompts/{prompt.id}/diff?old={first.id}&new={first.id}"
    ).text()  # fmt: skip
    assert pages.get(f"/ui/prompts/{prompt.id}/diff?old=999").status == 404


@pytest.mark.slow
def test_settings_that_differ_are_told(pages: Pages) -> None:
    prompt, _ = pages.api.prompt()
    pages.container.store.prompts.create_version(
        prompt.id, title="Other", text="Which? {text}", provider="Custom", model="bigger",
        connection_id=None, max_few_shot_examples=3, parameters={"temperature": 0},
    )  # fmt: skip
    page = pages.get(f"/ui/prompts/{prompt.id}/diff")
    assert "The texts are the same" in page.text()
    assert page.text("tbody") == (
        "Model simulated bigger Few-shot examples 0 3 Parameters none temperature = 0"
    )


@pytest.mark.slow
def test_restoring_makes_a_new_version_of_the_same_text_and_model(pages: Pages) -> None:
    prompt, first = pages.api.prompt()
    store = pages.container.store.prompts
    store.update_version(first.id, parameters={"temperature": 0}, refined_from=0)
    added(pages, prompt, "Short")
    path = f"/ui/prompts/{prompt.id}/versions/{first.id}/restore?project={pages.project}"
    form = pages.get(path)
    assert "makes a new version" in form.text("form[action*=restore]")
    fields = form.fields("form[action*=restore]")
    assert fields["title"] == "Version 3"
    done = pages.post(path, **fields)
    assert "Version 3 has the text and the model of Version 1" in done.text("[role=status]")
    made = store.versions(prompt.id)[-1]
    old = store.get_version(first.id)
    for name in ("text", "model", "provider", "connection_id", "parameters", "refined_from"):
        assert getattr(made, name) == getattr(old, name), name
    assert made.created_by is not None
    refused = pages.post(path, htmx=True, title="Version 3", alert="dialog-alert")
    assert refused.response.headers["HX-Retarget"] == "#dialog-alert"
    assert "already has a version named" in refused.text()


@pytest.mark.slow
def test_a_version_is_made_active_and_the_choice_is_given_back(pages: Pages) -> None:
    prompt, first = pages.api.prompt()
    second = added(pages, prompt, "Short")
    store = pages.container.store.prompts
    path = f"/ui/prompts/{prompt.id}/versions"
    dialog = pages.htmx(f"{path}/{first.id}/activate", "dlg")
    assert "instead of Short" in dialog.text("dialog")
    assert dialog.one("#dialog-title").text() == "Make Version 1 active"
    done = pages.post(f"{path}/{first.id}/activate")
    assert store.get(prompt.id).active_version_id == first.id
    assert "chosen by hand" in done.text("#panel")
    assert pages.get(f"{path}/automatic").one("h1").text().startswith("Choose the active version")
    pages.post(f"{path}/automatic")
    assert store.get(prompt.id).active_version_id is None
    active = store.active_version(prompt.id)
    assert active is not None
    assert active.id == second.id


def with_predictions(pages: Pages, prompt: Any, version: Any, count: int) -> None:
    """Put predictions of a version's own into Label Studio."""
    label = f"{prompt.title}__{version.title}"
    own(
        pages.container.store,
        pages.container.studio.url,
        pages.project,
        label,
        prompt.id,
        version.id,
    )
    task = pages.api.tasks[0]
    rows = [row(task if n >= 10 else pages.api.tasks[n], label) for n in range(count)]
    pages.container.studio.import_predictions(pages.project, rows)


@pytest.mark.slow
def test_deleting_a_version_says_how_many_predictions_go_and_deletes_those(pages: Pages) -> None:
    prompt, first = pages.api.prompt()
    second = added(pages, prompt, "Short")
    with_predictions(pages, prompt, first, 4)
    with_predictions(pages, prompt, second, 2)
    path = f"/ui/prompts/{prompt.id}/versions/{first.id}/delete"
    # The dialog is there at once, and counts by itself.
    waiting = pages.htmx(path, "dlg")
    assert "Counting" in waiting.text("dialog")
    assert waiting.one("#deletion").attributes["hx-get"].endswith("?count=1")
    counted = pages.htmx(f"{path}?count=1", "deletion")
    assert "4 predictions of Topics, Version 1 leave Label Studio" in counted.text()
    assert counted.one("button.danger").text() == "Delete version and 4 predictions"
    fields = counted.fields("form")
    done = pages.post(path, **fields)
    assert "Version 1 and 4 predictions of it deleted" in done.text("[role=status]")
    assert [each.title for each in pages.container.store.prompts.versions(prompt.id)] == ["Short"]
    left = pages.container.studio.model_versions(pages.project)
    assert left == {"Topics__Short": 2}


@pytest.mark.slow
def test_a_count_that_changed_is_asked_again(pages: Pages) -> None:
    prompt, first = pages.api.prompt()
    with_predictions(pages, prompt, first, 3)
    path = f"/ui/prompts/{prompt.id}/versions/{first.id}/delete"
    fields = pages.get(path).fields("form[action*=delete]")
    with_predictions(pages, prompt, first, 2)
    again = pages.post(path, **fields)
    assert again.status == 422
    assert "There are 5 predictions by now; 3 had been counted" in again.text("main [role=alert]")
    assert again.fields("form[action*=delete]")["count"] == "5"
    assert pages.container.store.prompts.versions(prompt.id)
    assert "only version" in again.text("main")


@pytest.mark.slow
def test_from_a_thousand_predictions_the_title_is_typed(pages: Pages) -> None:
    prompt, first = pages.api.prompt()
    with_predictions(pages, prompt, first, 1000)
    path = f"/ui/prompts/{prompt.id}/versions/{first.id}/delete"
    form = pages.get(path)
    assert form.one("button.danger").text() == "Delete version and 1,000 predictions"
    fields = form.fields("form[action*=delete]")
    refused = pages.post(path, **{**fields, "typed": "version 1"})
    assert refused.status == 422
    assert "Type the version's title, Version 1." in refused.text("main [role=alert]")
    assert pages.container.store.prompts.versions(prompt.id)
    done = pages.post(path, follow=False, **{**fields, "typed": "Version 1"})
    assert done.status == 303
    assert done.response.location.startswith((f"/ui/prompts/{prompt.id}/versions", "/ui/jobs/"))


@pytest.mark.slow
def test_titles_and_texts_show_as_text(pages: Pages) -> None:
    prompt, _ = pages.api.prompt()
    version = added(pages, prompt, HOSTILE.replace("{{7*7}}", "{{7}}"), "x {text} <b>y</b>\n=cmd")
    ran(pages, version.id)
    paths = [
        f"/ui/prompts/{prompt.id}/versions",
        f"/ui/prompts/{prompt.id}/diff",
        f"/ui/prompts/{prompt.id}/versions/{version.id}/restore",
        f"/ui/prompts/{prompt.id}/versions/{version.id}/activate",
        f"/ui/prompts/{prompt.id}/versions/{version.id}/delete",
    ]
    for path in paths:
        page = pages.get(path)
        assert page.status == 200, path
        assert not page.all("main script, main b, [onmouseover]"), path
        assert "<script>alert(1)" in page.text("main"), path


@pytest.mark.slow
@pytest.mark.parametrize("action", ["restore", "activate", "delete"])
def test_who_does_not_see_all_projects_of_a_prompt_changes_none_of_its_versions(
    pages: Pages, action: str
) -> None:
    prompt, first = pages.api.prompt()
    hidden, _ = pages.studio.seed(CONFIG, [{"data": {"text": "x"}}])
    pages.container.store.prompts.add_project(prompt.id, hidden)
    pages.api.as_user(hidden=[hidden])
    with pages.api.app.test_client() as client:
        sign_in(client, STRANGER)
        stranger = Pages(pages.api, client)
        path = f"/ui/prompts/{prompt.id}/versions/{first.id}/{action}"
        assert stranger.get(f"/ui/prompts/{prompt.id}/versions").status == 200
        assert stranger.get(path).status == 403
        assert stranger.post(path, title="x", count="0").status == 403
    assert len(pages.container.store.prompts.versions(prompt.id)) == 1


@pytest.mark.slow
def test_htmx_gets_the_panel_alone(pages: Pages) -> None:
    prompt, _ = pages.api.prompt()
    page = pages.htmx(f"/ui/prompts/{prompt.id}/versions", "panel")
    assert not page.all("main")
    assert page.one("#panel nav a[aria-current=page]").text() == "Versions"
