"""Label Studio away: pages and API are read on by those it knew minutes ago, and change nothing."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import STRANGER
from support.measured import choices, measured_run
from support.pages import Pages, sign_in

BANNER = "Label Studio does not answer."


@pytest.fixture
def run(pages: Pages) -> Any:
    """A measured run of a prompt, of which the person has looked at every page."""
    run = measured_run(pages, choices(pages, {0: "a", 1: "b", 2: "b", 3: None, 4: "a"}))
    for path in paths(pages, run).values():
        assert pages.get(path).status == 200
    return run


def paths(pages: Pages, run: Any) -> dict[str, str]:
    return {
        "home": "/ui/prompts",
        "prompt": f"/ui/prompts/{run.prompt_id}",
        "alignment": f"/ui/prompts/{run.prompt_id}/alignment",
        "versions": f"/ui/prompts/{run.prompt_id}/versions",
        "history": f"/ui/prompts/{run.prompt_id}/history",
        "predictions": f"/ui/predictions?project={pages.project}",
        "health": "/ui/health",
    }


def forget_moments(pages: Pages) -> None:
    """As if half a minute had passed: what is remembered for seconds is forgotten."""
    pages.container.access._seen.clear()
    pages.container.access._listed.clear()


def go_away(pages: Pages) -> None:
    pages.studio.control(down=True)
    forget_moments(pages)


@pytest.mark.slow
def test_every_page_comes_with_what_we_know_and_says_so(pages: Pages, run: Any) -> None:
    go_away(pages)
    pages.get("/ui/prompts")  # the one that finds out
    for name, path in paths(pages, run).items():
        shown = pages.get(path)
        assert shown.status == 200, name
        assert BANNER in shown.text("#away"), name
    prompt = pages.get(paths(pages, run)["prompt"])
    assert "of 5" in prompt.text("#score"), "the score is ours"
    assert prompt.all("textarea[name=text]")
    assert len(prompt.all("#panel tr[data-row]")) == 5, "and so are the answers"
    assert "gone from Label Studio" not in prompt.html
    assert "gone, or not yours" not in pages.get(paths(pages, run)["predictions"]).html
    pages.studio.control(down=False)
    pages.container.bridge._away_until = 0.0
    assert not pages.get(paths(pages, run)["prompt"]).all("#away")


@pytest.mark.slow
def test_silence_is_not_waited_for_by_each_read_of_a_page(pages: Pages, run: Any) -> None:
    pages.studio.control(latency=[{"path": "/api/", "seconds": 600}])
    forget_moments(pages)
    for name, path in paths(pages, run).items():
        assert BANNER in pages.get(path).text("#away"), name
    pages.studio.control(latency=[])


@pytest.mark.slow
def test_predictions_are_those_of_our_last_runs(pages: Pages) -> None:
    api = pages.api
    answered = api.answered(*api.prompt("Kinds"), dict.fromkeys(api.tasks[:6], "a"))
    run = pages.container.store.runs.get(answered.id)
    address = f"/ui/predictions?project={pages.project}"
    assert run.label in pages.get(address).text("#versions")
    go_away(pages)
    shown = pages.get(address)
    assert "only Prompts' own model versions" in shown.text("#versions")
    assert run.label in shown.text("#versions tbody")
    assert "Kinds" in shown.text("#versions tbody")
    assert not [each for each in shown.all("[hx-get]") if "counted" in str(each.attributes)]


@pytest.mark.slow
def test_what_changes_something_is_refused_and_nothing_is_done(pages: Pages, run: Any) -> None:
    store = pages.container.store
    address = f"/ui/prompts/{run.prompt_id}/editor"
    form = pages.get(f"/ui/prompts/{run.prompt_id}").fields("#editor")
    version = store.prompts.get_version(run.version_id)
    go_away(pages)
    pages.get("/ui/prompts")
    for do in ("save", "save-as", "run"):
        refused = pages.post(address, **{**form, "text": "Changed {text}", "do": do})
        assert refused.status == 503, do
        forget_moments(pages)
    assert store.prompts.get_version(run.version_id) == version
    assert len(store.prompts.versions(run.prompt_id)) == 1
    assert len(store.runs.search(prompt_id=run.prompt_id)) == 1


@pytest.mark.slow
def test_the_api_is_read_on_with_a_warning_and_changes_nothing(pages: Pages, run: Any) -> None:
    api = pages.api
    reads = (f"prompts/{run.prompt_id}", f"prompts/{run.prompt_id}/versions")
    for path in (*reads, "prompts/", f"inference-runs/{run.id}/"):
        assert api.request("GET", path).status_code == 200, path
    go_away(pages)
    for path in (*reads, "prompts/", f"inference-runs/{run.id}/"):
        answer = api.request("GET", path)
        assert answer.status_code == 200, path
        assert answer.headers["Warning"].startswith("110"), path
    calls = (
        ("PATCH", f"prompts/{run.prompt_id}/", {"description": "changed"}),
        ("DELETE", f"prompts/{run.prompt_id}/", None),
        ("POST", f"projects/{api.project}/predictions/delete", {"all": True}),
    )
    for method, path, body in calls:
        forget_moments(pages)
        assert api.request(method, path, json=body).status_code == 503, path
    assert pages.container.store.prompts.get(run.prompt_id).description != "changed"


@pytest.mark.slow
def test_who_was_not_verified_gets_nothing(pages: Pages, run: Any) -> None:
    member = pages.api.as_user()
    go_away(pages)
    pages.get("/ui/prompts")
    for path in ("prompts/", f"inference-runs/{run.id}/"):
        assert pages.api.request("GET", path, member).status_code == 503, path


@pytest.mark.slow
def test_a_project_one_was_not_shown_stays_unseen(pages: Pages, run: Any) -> None:
    member = pages.api.as_user(hidden=[pages.project])
    assert pages.api.request("GET", "prompts/", member).json()["results"] == []
    go_away(pages)
    assert pages.api.request("GET", "prompts/", member).json()["results"] == []
    path = f"inference-runs/{run.id}/"
    assert pages.api.request("GET", path, member).status_code in (404, 503)


@pytest.mark.slow
def test_a_revoked_token_ends_it_at_once(pages: Pages, run: Any) -> None:
    pages.studio.control(settings={"legacy": False})
    assert pages.get(paths(pages, run)["prompt"]).status == 303  # met at the project, not at whoami
    pages.studio.control(settings={"legacy": True}, down=True)
    forget_moments(pages)
    assert pages.get(paths(pages, run)["prompt"]).status == 503
    assert pages.api.request("GET", "prompts/").status_code in (401, 503)


@pytest.mark.slow
def test_access_that_is_taken_away_is_away_for_good(pages: Pages, run: Any) -> None:
    member = pages.api.as_user()
    client = pages.api.app.test_client()
    assert sign_in(client, STRANGER).status_code == 303
    address = paths(pages, run)["prompt"]
    assert client.get(address).status_code == 200
    pages.api.as_user(hidden=[pages.project])
    forget_moments(pages)
    assert client.get(address).status_code == 404
    go_away(pages)
    assert client.get(address).status_code == 404
    assert pages.api.request("GET", "prompts/", member).json()["results"] == []


@pytest.mark.slow
def test_what_is_read_on_is_no_right_to_change(pages: Pages, run: Any) -> None:
    go_away(pages)
    for path in paths(pages, run).values():
        pages.get(path)
    access = pages.container.access
    assert (access._listed._new.currsize, access._seen._new.currsize) == (0, 0)
