"""Tabs of tasks: one however often it is asked for, and a person's as soon as they change it."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.errors import Conflict, LabelStudioUnreachable
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.services.reviewing.task_tabs import (
    MOST_TASKS,
    REMEMBERED,
    TabLost,
    TabRef,
    TabState,
    TaskTabs,
)
from support.house import House

tabs = TaskTabs()


class Place:
    """A project with six tasks and what people do to its tabs."""

    def __init__(self, house: House) -> None:
        self.fake = house.fake
        self.studio: ServerLabelStudio = house.container.studio
        self.project, self.tasks = house.project(6)

    def keep(self, *places: int, **more: Any) -> TabRef:
        chosen = [self.tasks[each] for each in places]
        return tabs.keep(self.studio, self.project, "Review first · P", chosen, **more)

    def saved(self, ref: TabRef, **changes: Any) -> None:
        """Save a tab as the page does: all that it knows, and nothing of what it does not."""
        data = {k: v for k, v in self.rows()[ref.id]["data"].items() if k != "keptFor"}
        self.studio.update_tab(self.project, ref.id, {**data, **changes})

    def rows(self) -> dict[int, dict[str, Any]]:
        return {row["id"]: row for row in self.fake.state()["views"]}

    def shown(self, ref: TabRef) -> list[int]:
        [tab] = [each for each in self.studio.tabs(self.project) if each.id == ref.id]
        return self.studio.task_ids(self.project, query=tab.query)


@pytest.fixture
def place(house: House) -> Place:
    return Place(house)


def test_a_tab_shows_just_its_tasks_and_follows(place: Place) -> None:
    ref = place.keep(0, 3)
    assert place.shown(ref) == [place.tasks[0], place.tasks[3]]
    again = place.keep(5, was=ref)
    assert (again.id, place.shown(again)) == (ref.id, [place.tasks[5]])
    assert place.shown(place.keep(was=again)) == [], "no tasks are none, and not all"


def test_a_project_that_nobody_opened_gets_the_tab_of_all_tasks_beside_ours(place: Place) -> None:
    place.keep(0)
    assert [each.title for each in place.studio.tabs(place.project)] == [
        "Default",
        "Review first · P",
    ]
    place.keep(0)
    assert len(place.rows()) == 2


def test_asked_again_after_a_crash_there_is_still_one(place: Place) -> None:
    first = place.keep(0, 1)
    assert place.keep(0, 1) == first
    assert place.keep(2).id == first.id
    place.saved(first)
    assert place.keep(2).id == first.id, "it shows just these, whoever saved it since"
    assert len(place.rows()) == 2


def test_a_tab_whose_answer_was_lost_is_taken_up(place: Place) -> None:
    place.studio.create_tab(place.project, "Mine", {})
    place.fake.fail("dm/views", "drop_connection_after", method="POST")
    with pytest.raises(LabelStudioUnreachable):
        place.keep(0, 1)
    place.keep(0, 1)
    assert len(place.rows()) == 2


@pytest.mark.parametrize("change", ["title", "filters", "no filters"])
def test_what_a_person_made_of_it_is_left_alone(place: Place, change: str) -> None:
    ref = place.keep(0, 1)
    other = place.studio.tabs(place.project)[1].data["filters"]["items"][0]
    given: dict[str, Any] = {
        "title": {"title": "My hour"},
        "filters": {"filters": {"conjunction": "and", "items": [{**other, "value": "^(1|x)$"}]}},
        "no filters": {"filters": {"conjunction": "and", "items": []}},
    }[change]
    place.saved(ref, **given)
    before = place.rows()[ref.id]
    assert tabs.state(place.studio, ref) is TabState.CHANGED
    with pytest.raises(TabLost, match="changed") as lost:
        place.keep(2, was=ref)
    assert lost.value.state is TabState.CHANGED
    assert tabs.remove(place.studio, ref) is TabState.CHANGED
    assert place.rows()[ref.id] == before


def test_columns_and_order_are_peoples_and_stay(place: Place) -> None:
    ref = place.keep(0, 1)
    place.saved(ref, columnsWidth={"tasks:id": 90}, ordering=["-tasks:id"])
    place.keep(2, was=ref)
    data = place.rows()[ref.id]["data"]
    assert (data["columnsWidth"], data["ordering"]) == ({"tasks:id": 90}, ["-tasks:id"])
    assert place.shown(ref) == [place.tasks[2]]


def test_a_page_that_was_open_before_saves_the_tasks_of_then_and_changes_nothing(
    place: Place,
) -> None:
    first = place.keep(0, 1)
    old = place.rows()[first.id]["data"]["filters"]
    second = place.keep(2, was=first)
    place.saved(second, filters=old)
    assert tabs.state(place.studio, second) is TabState.OURS
    third = place.keep(2, was=second)
    assert place.shown(third) == [place.tasks[2]]
    assert len(third.written) == 2
    for turn in range(REMEMBERED + 5):
        third = place.keep(turn % 6, (turn + 1) % 6, (turn * 5 + 2) % 6, was=third)
    assert len(third.written) <= REMEMBERED


def test_a_deleted_tab_is_not_made_again_unasked(place: Place) -> None:
    ref = place.keep(0)
    place.studio.delete_tab(ref.id)
    assert tabs.state(place.studio, ref) is TabState.GONE
    with pytest.raises(TabLost, match="deleted"):
        place.keep(0, was=ref)
    assert tabs.remove(place.studio, ref) is TabState.GONE


def test_a_tab_that_is_ours_goes(place: Place) -> None:
    ref = place.keep(0)
    assert tabs.remove(place.studio, ref) is TabState.OURS
    assert ref.id not in place.rows()


def test_a_blind_tab_hides_the_columns_of_predictions(place: Place) -> None:
    ref = place.keep(0, blind=True)
    hidden = place.rows()[ref.id]["data"]["hiddenColumns"]["explore"]
    assert {f"tasks:predictions_{name}" for name in ("score", "results", "model_versions")} <= set(
        hidden
    )


def test_more_than_a_tab_can_name_are_refused(place: Place) -> None:
    with pytest.raises(Conflict, match="1,000"):
        tabs.keep(place.studio, place.project, "T", range(1, MOST_TASKS + 2))
