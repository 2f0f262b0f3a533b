"""What Label Studio deleted is erased after a while, and nothing that is only not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from ml_backend.errors import LabelStudioAuthError, LabelStudioNotFound, LabelStudioUnreachable
from ml_backend.labelstudio import ServerLabelStudio, User
from ml_backend.records import Example, Person
from ml_backend.services.upkeep.gone import DAY, Gone
from ml_backend.store import Store
from ml_backend.store.cipher import SecretCipher

MADE = "2026-01-0{}T08:00:00.123456Z"


@dataclass
class Studio:
    """A Label Studio as one key sees it."""

    url: str = "http://studio"
    owns: bool = True
    organization: int = 1
    projects: dict[int, str] = field(default_factory=lambda: {n: MADE.format(n) for n in (1, 2)})
    tasks: dict[int, set[int]] = field(default_factory=lambda: {1: {10, 11}, 2: {20}})
    people: set[int] = field(default_factory=lambda: {1, 7})
    forbidden: set[int] = field(default_factory=set)
    away: bool = False

    def whoami(self) -> User:
        self._answer()
        return User(1, "o@x", "O", self.organization, owns_organization=self.owns)

    def project_wires(self, params: Any) -> list[dict[str, Any]]:
        self._answer()
        shown = {n: at for n, at in self.projects.items() if n not in self.forbidden}
        return [{"id": number, "created_at": at} for number, at in shown.items()]

    def get_project(self, project_id: int) -> object:
        self._answer()
        if project_id in self.forbidden:
            raise LabelStudioAuthError("no", status=403)
        if project_id not in self.projects:
            raise LabelStudioNotFound("gone", status=404)
        return object()

    def task_ids(self, project_id: int, *, query: Any) -> list[int]:
        self._answer()
        wanted = set(query["selectedItems"]["included"])
        return sorted(self.tasks[project_id] & wanted)

    def user_ids(self) -> set[int]:
        self._answer()
        return self.people

    def _answer(self) -> None:
        if self.away:
            raise LabelStudioUnreachable("away")


@dataclass
class Place:
    store: Store
    studio: Studio
    gone: Gone
    now: list[float]

    def look(self, days: float = 0) -> None:
        self.now[0] += days * DAY
        self.gone.look()

    def kept(self) -> dict[int, set[int]]:
        """Project -> tasks of which anything is kept."""
        found = {n: {each.task_id for each in self.store.examples.of_project(n)} for n in (1, 2)}
        return {n: tasks for n, tasks in found.items() if tasks}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    store = Store(f"sqlite:///{tmp_path}/prompts.db", SecretCipher("a secret"))
    for project, tasks in {1: (10, 11), 2: (20,)}.items():
        examples = [Example(n, {"text": f"task {n}"}, {"a": "b"}, n, True) for n in tasks]
        store.examples.replace(project, examples, revision=0)
    store.prompts.create("Kims", "", [1], created_by=Person(7, "kim", "kim@example.com"))
    studio, now = Studio(), [1e9]
    opened = lambda: cast(ServerLabelStudio, studio)  # noqa: E731
    yield Place(store, studio, Gone(store, opened, after_days=30, clock=lambda: now[0]), now)
    store.close()


ALL = {1: {10, 11}, 2: {20}}


@pytest.mark.slow
def test_a_deleted_project_is_erased_after_the_time_and_not_before(place: Place) -> None:
    place.look()
    del place.studio.projects[2]
    place.look(1)
    place.look(29.9)
    assert place.kept() == ALL
    place.look(0.2)
    assert place.kept() == {1: {10, 11}}


@pytest.mark.slow
def test_a_deleted_task_is_erased_after_the_time_alone(place: Place) -> None:
    place.look()
    place.studio.tasks[1].discard(11)
    place.look(1)
    assert place.kept() == ALL
    place.look(31)
    assert place.kept() == {1: {10}, 2: {20}}


@pytest.mark.slow
def test_a_person_who_left_is_erased_after_the_time(place: Place) -> None:
    place.look()
    place.studio.people.discard(7)
    place.look(1)
    assert 7 in place.store.erasing.people()
    place.look(31)
    assert 7 not in place.store.erasing.people()
    assert place.store.prompts.find("Kims") is not None


def rights_lost(studio: Studio) -> None:
    studio.owns = False


def forbidden(studio: Studio) -> None:
    studio.forbidden = {2}


def another_organization(studio: Studio) -> None:
    studio.organization = 2


def another_address(studio: Studio) -> None:
    studio.url = "http://another"


def set_up_anew(studio: Studio) -> None:
    """At the same address, with other projects of lower numbers."""
    studio.projects[1] = "2027-05-05T10:20:30.654321Z"
    studio.tasks = {1: set()}


def empty(studio: Studio) -> None:
    studio.projects, studio.people = {}, {1}


@pytest.mark.slow
@pytest.mark.parametrize(
    "happens",
    [rights_lost, forbidden, another_organization, another_address, set_up_anew, empty],
)
def test_what_is_only_not_seen_is_kept_for_ever(
    place: Place, happens: Callable[[Studio], None]
) -> None:
    place.look()
    if happens is not forbidden:
        del place.studio.projects[2]
    happens(place.studio)
    for _ in range(4):
        place.look(100)
    assert place.kept() == ALL


@pytest.mark.slow
def test_away_or_seen_between_the_time_begins_anew(place: Place) -> None:
    place.look()
    made = place.studio.projects.pop(2)
    place.look(1)
    place.studio.projects[2] = made
    place.studio.away = True
    with pytest.raises(LabelStudioUnreachable):
        place.look(60)
    place.studio.away = False
    place.look(1)
    del place.studio.projects[2]
    place.look(1)
    assert place.kept() == ALL, "it was there meanwhile"
    place.look(29)
    assert place.kept() == ALL
    place.look(2)
    assert place.kept() == {1: {10, 11}}


@pytest.mark.slow
def test_a_project_never_seen_with_this_key_is_kept(place: Place) -> None:
    del place.studio.projects[2]
    place.look()
    place.look(100)
    place.look(100)
    assert place.kept() == ALL


@pytest.mark.slow
def test_one_process_looks_a_day_and_none_where_it_is_switched_off(place: Place) -> None:
    looked = []
    place.gone.look = lambda: looked.append(1)  # type: ignore[method-assign]
    place.gone.work()
    place.gone.work()
    assert looked == [1]
    never = Gone(place.store, lambda: pytest.fail("asked"), after_days=0)
    never.work()
