"""Versions side by side: which tasks come first, with a truth and without one."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.errors import InvalidInput
from ml_backend.records import Subset
from ml_backend.services.evaluation.comparison_grid import ComparisonGrid, GridFilter, GridQuery
from support.api import Api, task
from support.pages import Pages
from support.runs_made import ran
from support.wire import CONFIG

pytestmark = pytest.mark.slow


@pytest.fixture
def pages(api: Api) -> Pages:
    return Pages(api, api.app.test_client())


def versions(pages: Pages, *said: str) -> list[Any]:
    """A version for each string: what it answered, a letter a task."""
    prompt = pages.api.client.prompts.create(title="T", associated_projects=[pages.project])
    made = []
    for number, answers in enumerate(said, 1):
        version = pages.api.client.prompts.versions.create(
            prompt.id, title=f"v{number}", prompt="{text}?", provider_model_id="simulated"
        )
        ran(pages, version.id, said=answers)
        made.append(pages.container.store.prompts.get_version(version.id))
    return made


def grid(pages: Pages, made: list[Any], **query: Any) -> ComparisonGrid:
    studio = pages.container.studio
    project = studio.get_project(pages.project)
    return pages.container.comparison_grids.page(studio, project, made, GridQuery(**query))


def places(pages: Pages, found: ComparisonGrid) -> list[int]:
    return [pages.api.tasks.index(row.task_id) for row in found.rows]


def test_what_the_last_version_broke_comes_first_then_other_flips(pages: Pages) -> None:
    made = versions(pages, "aaabbb", "ababaa")  # the truth is ababab
    found = grid(pages, made)
    assert (found.filter, found.tasks, found.with_truth) == (GridFilter.FLIPS, 6, 6)
    assert places(pages, found) == [5, 1, 4]
    assert {each.value: n for each, n in found.counts.items()} == {
        "all": 6, "flips": 3, "disagree": 3, "wrong": 0,
    }  # fmt: skip
    broken = found.rows[0]
    assert [cell.right for cell in broken.cells] == [True, False]
    assert [cell.outcome.answer for cell in broken.cells] == [{"topic": "b"}, {"topic": "a"}]  # type: ignore[union-attr]
    assert broken.truth == {"topic": "b"}
    assert broken.task is not None
    assert broken.task.data["text"] == "message 5"
    assert places(pages, grid(pages, made, filter=GridFilter.ALL)) == [5, 1, 4, 0, 2, 3]


def test_without_a_truth_those_on_which_they_disagree_most_come_first(api: Api) -> None:
    api.project, api.tasks = api.studio.seed(CONFIG, [task(n) for n in range(6)])
    pages = Pages(api, api.app.test_client())
    made = versions(pages, "aaaaaa", "aabbab", "aacbbb")
    found = grid(pages, made)
    assert (found.filter, found.with_truth) == (GridFilter.DISAGREE, 0)
    assert places(pages, found) == [2, 3, 4, 5]
    assert [row.answers for row in found.rows] == [3, 2, 2, 2]
    assert {cell.right for row in found.rows for cell in row.cells} == {None}


def test_pages_cut_the_same_order(pages: Pages) -> None:
    made = versions(pages, "aaabbb", "ababaa")
    whole = places(pages, grid(pages, made, filter=GridFilter.ALL))
    cut = [grid(pages, made, filter=GridFilter.ALL, size=4, page=page) for page in (1, 2, 9)]
    assert [places(pages, each) for each in cut] == [whole[:4], whole[4:], whole[4:]]
    assert [(each.page, each.pages, each.count) for each in cut] == [
        (1, 2, 6),
        (2, 2, 6),
        (2, 2, 6),
    ]


def test_tasks_that_not_all_were_asked_are_left_out_and_counted(pages: Pages) -> None:
    made = versions(pages, "aaabbb", "abab")
    found = grid(pages, made, filter=GridFilter.ALL)
    assert (found.tasks, found.left_out) == (4, 2)


def test_what_cannot_be_compared_is_refused_in_words(pages: Pages) -> None:
    one, other = versions(pages, "aaabbb", "ababaa")
    for wrong in ([one], [one, one], [one] * 11):
        with pytest.raises(InvalidInput, match="two to 10 versions, each once"):
            grid(pages, wrong)
    with pytest.raises(InvalidInput, match="no control 'nothing'"):
        grid(pages, [one, other], control="nothing")
    ran(pages, other.id, said="ab", tasks=pages.api.tasks[6:8], subset=Subset.HAS_GT)
    with pytest.raises(InvalidInput, match="share no task"):
        grid(pages, [one, other])


def test_the_api_answers_pages_of_it(pages: Pages) -> None:
    one, other = versions(pages, "aaabbb", "ababaa")
    path = f"prompts/{one.prompt_id}/compare/tasks?versions={one.id},{other.id}"
    found = pages.api.request("GET", f"{path}&page_size=2").json()
    assert (found["show"], found["count"], found["pages"]) == ("flips", 3, 2)
    first = found["rows"][0]
    assert (first["task"], first["truth"], first["answers"]) == (
        pages.api.tasks[5], {"topic": "b"}, 2,
    )  # fmt: skip
    assert [(each["version"], each["right"], each["answer"]) for each in first["cells"]] == [
        (one.id, True, {"topic": "b"}),
        (other.id, False, {"topic": "a"}),
    ]
    stranger = pages.api.as_user(hidden=[pages.project])
    assert pages.api.request("GET", path, stranger).status_code == 404
