"""The compare tab: what is held against what, what is said of it, and where it leads."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ml_backend.records import Subset
from ml_backend.scoring.paired import compare
from ml_backend.scoring.resampling import ScoreDifference
from ml_backend.services.evaluation.comparison import Measure
from ml_backend.web.ui.results.compare import sentence
from support.api import STRANGER
from support.pages import Page, Pages, sign_in
from support.runs_made import ran
from support.wire import CONFIG


def versions(pages: Pages, *said: str, title: str = "Topics") -> tuple[Any, list[Any]]:
    """A prompt with a version for each string: what it answered to tasks of truth a b a b a b."""
    prompt = pages.api.client.prompts.create(title=title, associated_projects=[pages.project])
    made = []
    for number, answers in enumerate(said, 1):
        version = pages.api.client.prompts.versions.create(
            prompt.id,
            title=f"v{number}",
            prompt="Which? {text}",
            provider_model_id="simulated",
        )
        if answers:
            ran(pages, version.id, said=answers)
        made.append(version)
    return prompt, made


def result(pages: Pages, prompt: Any, made: list[Any], more: str = "") -> Page:
    asked = "&".join(f"versions={each.id}" for each in made)
    return pages.get(f"/ui/prompts/{prompt.id}/compare/result?{asked}{more}")


@pytest.mark.slow
def test_two_versions_are_held_against_each_other_task_by_task(pages: Pages) -> None:
    prompt, made = versions(pages, "aaabbb", "ababaa")
    page = result(pages, prompt, made)
    assert "6 tasks with ground truth" in page.text("p")
    assert page.text("h2.versus") == "v1 67% → against v2 83% same 6 tasks"
    assert "Fixed 2 · Broken 1 · both right 3 · both wrong 0" in page.text()
    assert page.text(".verdict") == "Difference may be chance (p = 1)."
    assert "+16.7 points" in page.text()
    fixed, broken = page.all("section .actions a")
    assert (fixed.text(), broken.text()) == ("Fixed 2", "Broken 1")
    address = urlsplit(str(fixed.attributes["href"]))
    assert address.path == f"/ui/prompts/{prompt.id}/results"
    tasks = pages.api.tasks
    assert parse_qs(address.query)["tasks"] == [f"{tasks[1]},{tasks[4]}"]
    assert parse_qs(urlsplit(str(broken.attributes["href"])).query)["tasks"] == [str(tasks[5])]
    assert "$0.0060 $0.0010 a task 660 tokens 500 ms" in page.text("table")
    assert len(page.all("svg .dot")) == 2
    # No column by control where there is only one.
    assert len(page.all("table")) == 1


@pytest.mark.slow
def test_several_versions_are_compared_in_pairs_and_corrected(pages: Pages) -> None:
    prompt, made = versions(pages, "aaabbb", "ababaa", "ababab")
    page = result(pages, prompt, made)
    assert len(page.all("section")) == 3
    assert "corrected for 3 comparisons by Holm" in page.text()


@pytest.mark.slow
def test_the_page_asks_for_the_figures_and_has_them_at_once_without_script(pages: Pages) -> None:
    prompt, made = versions(pages, "aaabbb", "ababaa")
    asked = "&".join(f"versions={each.id}" for each in made)
    page = pages.get(f"/ui/prompts/{prompt.id}/compare?{asked}")
    slot = page.one("#comparison")
    assert slot.attributes["hx-trigger"] == "load"
    assert slot.attributes["hx-target"] == "this"  # and not the panel it stands in
    assert "Fixed" in pages.htmx(str(slot.attributes["hx-get"]), "comparison").text()
    plain = page.one("#comparison .no-script a")
    assert "Fixed 2" in pages.get(str(plain.attributes["href"])).text("#comparison")
    # Without a word of which: the shown one and the evaluated one before it.
    usual = pages.get(f"/ui/prompts/{prompt.id}/compare")
    checked = [each.attributes["value"] for each in usual.all("[name=versions][checked]")]
    assert checked == [str(made[1].id), str(made[0].id)]


@pytest.mark.slow
def test_versions_of_other_prompts_of_the_project_can_be_chosen(pages: Pages) -> None:
    prompt, made = versions(pages, "aaabbb")
    _, others = versions(pages, "ababab", title="Other")
    elsewhere, _ = pages.studio.seed(CONFIG, [{"data": {"text": "x"}}])
    foreign = pages.api.client.prompts.create(title="Foreign", associated_projects=[elsewhere])
    pages.api.client.prompts.versions.create(
        foreign.id, title="v1", prompt="{text}", provider_model_id="simulated"
    )
    page = pages.get(f"/ui/prompts/{prompt.id}/compare")
    assert "Other · v1" in page.text("#panel form")
    assert "Foreign" not in page.text("#panel form")
    both = result(pages, prompt, [*made, *others])
    assert both.text("h2.versus").startswith("Topics · v1 67% → against Other · v1 100%")
    [fixed] = both.all("section .actions a")
    assert str(fixed.attributes["href"]).startswith(f"/ui/prompts/{others[0].parent_model}/results")


@pytest.mark.slow
def test_runs_of_different_tasks_are_refused_with_the_choice_to_take_the_common(
    pages: Pages,
) -> None:
    prompt, made = versions(pages, "aaabbb", "")
    ran(pages, made[1].id, 1, 2, said="aa", subset=Subset.SAMPLE)
    page = result(pages, prompt, made)
    assert page.status == 200
    assert "different tasks" in page.text(".caution")
    choice = page.one(".caution a")
    assert choice.text() == "Compare on the 2 in common"
    taken = pages.get(str(choice.attributes["href"]))
    assert "2 tasks with ground truth; 4 that not all have are left out" in taken.text()
    assert taken.all("input[name=common][checked]")


@pytest.mark.slow
def test_a_version_that_was_never_run_is_named_with_the_way_to_run_it(pages: Pages) -> None:
    prompt, made = versions(pages, "aaabbb", "")
    page = result(pages, prompt, made)
    assert "has no completed run" in page.text(".caution strong")
    link = page.one(".caution a")
    assert link.text() == "Open v2"
    assert f"version={made[1].id}" in str(link.attributes["href"])


@pytest.mark.slow
def test_without_annotations_it_says_what_is_missing(pages: Pages) -> None:
    bare, tasks = pages.studio.seed(CONFIG, [{"data": {"text": "x"}}])
    pages.api.project, pages.api.tasks = bare, tasks
    prompt, made = versions(pages, "", "")
    for version in made:
        ran(pages, version.id, 0, 0, tasks=tasks)
    page = result(pages, prompt, made)
    assert "obody has submitted an annotation" in page.text()
    assert "Label the tasks on which they disagree, mark what is right" in page.text()
    chosen = result(pages, prompt, made, "&truth=ground_truth")
    assert "has no ground truth" in chosen.text(".caution strong")
    studio, marks, annotations = chosen.all(".caution a")
    assert str(studio.attributes["href"]).endswith(f"/projects/{bare}/data")
    assert marks.attributes["href"] == f"/ui/ground-truth?project={bare}"
    again = pages.get(str(annotations.attributes["href"]))
    assert "nobody has submitted an annotation" in again.text(".caution")


@pytest.mark.slow
@pytest.mark.parametrize("asked", ["versions=1", "versions=1,1", "versions=x", ""])
def test_one_version_is_no_comparison(pages: Pages, asked: str) -> None:
    prompt, _ = versions(pages, "", "")
    page = pages.get(f"/ui/prompts/{prompt.id}/compare/result?{asked}")
    assert "Choose two to 10 versions" in page.text(".caution")


@pytest.mark.slow
def test_a_prompt_of_one_version_says_how_to_get_another(pages: Pages) -> None:
    prompt, _ = versions(pages, "")
    assert "takes two versions" in pages.get(f"/ui/prompts/{prompt.id}/compare").text("#panel")


@pytest.mark.slow
def test_another_persons_version_is_not_compared(pages: Pages) -> None:
    prompt, made = versions(pages, "", "")
    hidden, _ = pages.studio.seed(CONFIG, [{"data": {"text": "x"}}])
    theirs = pages.api.client.prompts.create(title="Theirs", associated_projects=[hidden])
    version = pages.api.client.prompts.versions.create(
        theirs.id, title="secret", prompt="{text}", provider_model_id="simulated"
    )
    pages.api.as_user(hidden=[hidden])
    with pages.api.app.test_client() as client:
        sign_in(client, STRANGER)
        page = result(Pages(pages.api, client), prompt, [made[0], version])
    assert "There is no version" in page.text(".caution")
    assert "secret" not in page.text()


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("1" * 20 + "0" * 20, "1" * 40, "second is better (p < 0.001)."),
        ("1" * 40, "1" * 20 + "0" * 20, "first is better (p < 0.001)."),
        ("1" * 8 + "0" * 2, "1" * 10, "Difference may be chance (p = 0.5)."),
        ("10", "01", "No difference: as many fixed as broken (p = 1)."),
        ("10", "10", "No difference: each is right and wrong on the same tasks."),
    ],
)
def test_what_the_numbers_say_in_words(first: str, second: str, said: str) -> None:
    paired = compare(*({n: x == "1" for n, x in enumerate(each)} for each in (first, second)))
    nothing = ScoreDifference(0, None, None, None, 1.0)
    assert sentence(Measure(paired, paired.p, nothing, 1.0), "first", "second") == said


@pytest.mark.slow
def test_titles_show_as_text(pages: Pages) -> None:
    prompt, made = versions(pages, "aaabbb", "ababab", title="<b>x</b> {{7*7}}")
    pages.container.store.prompts.update_version(made[0].id, title='<script>"onmouseover=1')
    asked = "&".join(f"versions={each.id}" for each in made)
    page = pages.get(f"/ui/prompts/{prompt.id}/compare?{asked}&go=1&control=%3Cb%3E")
    assert "has no control '<b>'" in page.text(".caution")
    page = pages.get(f"/ui/prompts/{prompt.id}/compare?{asked}&go=1")
    assert not page.all("main script, main b, [onmouseover]")
    assert '<script>"onmouseover=1' in page.text("h2.versus")
