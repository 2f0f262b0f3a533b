"""While Label Studio is away those it knew read on, and nobody else, and nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ml_backend.errors import (
    LabelStudioAuthError,
    LabelStudioError,
    LabelStudioNotFound,
    LabelStudioUnreachable,
)
from ml_backend.labelstudio import Project, User
from ml_backend.labelstudio.connection import patience
from ml_backend.services.callers.bridge import (
    AWAY_SECONDS,
    BRIDGED_SECONDS,
    MOST_CHARACTERS,
    SILENCE_SECONDS,
    Bridge,
)

KIM, LEE = b"kim", b"lee"
SILENCE = LabelStudioUnreachable("no answer")
BROKEN = LabelStudioError("it failed", status=500)
REFUSALS = [
    LabelStudioAuthError("revoked", status=401),
    LabelStudioAuthError("no access", status=403),
    LabelStudioNotFound("deleted", status=404),
]


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Studio:
    """Answers, or raises what it is told to; counts how often it was asked, and within what."""

    def __init__(self) -> None:
        self.fails: LabelStudioError | None = None
        self.limits: list[float] = []

    def give(self, value: Any) -> Callable[[], Any]:
        def read() -> Any:
            self.limits.append(patience(30.0))
            if self.fails is not None:
                raise self.fails
            return value

        return read


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bridge(clock: Clock) -> Bridge:
    return Bridge(clock)


@pytest.fixture
def studio() -> Studio:
    return Studio()


def project(number: int = 7, config: str = "<View/>") -> Project:
    return Project(number, f"P{number}", config, "", None, "", 3, 0, 0, 0, True, False)


def _user() -> User:
    wire = {"id": 1, "email": "kim@example.com", "username": "kim", "active_organization": 1}
    return User.from_wire(wire)


def read_project(bridge: Bridge, studio: Studio, key: bytes = KIM, **more: Any) -> Project:
    given = {"may_bridge": True, **more}
    return bridge.project(key, 7, studio.give(project()), **given)


@pytest.mark.parametrize("failure", [SILENCE, BROKEN], ids=["silence", "5xx"])
def test_what_was_verified_is_read_on(
    bridge: Bridge, studio: Studio, failure: LabelStudioError
) -> None:
    bridge.user(KIM, studio.give(_user()), may_bridge=True)
    bridge.titles(KIM, studio.give({7: "P7"}), may_bridge=True)
    read_project(bridge, studio)
    studio.fails = failure
    assert bridge.user(KIM, studio.give(None), may_bridge=True) == _user()
    assert bridge.titles(KIM, studio.give(None), may_bridge=True) == {7: "P7"}
    assert read_project(bridge, studio).title == "P7"


def test_nobody_reads_more_than_their_own_token_was_shown(bridge: Bridge, studio: Studio) -> None:
    read_project(bridge, studio)
    bridge.titles(KIM, studio.give({7: "P7"}), may_bridge=True)
    studio.fails = SILENCE
    for ask in (
        lambda: read_project(bridge, studio, LEE),
        lambda: bridge.titles(LEE, studio.give({}), may_bridge=True),
        lambda: bridge.user(KIM, studio.give(None), may_bridge=True),
        lambda: bridge.project(KIM, 8, studio.give(project(8)), may_bridge=True),
    ):
        with pytest.raises(LabelStudioUnreachable):
            ask()


def test_what_changes_something_or_costs_money_is_not_bridged(
    bridge: Bridge, studio: Studio
) -> None:
    read_project(bridge, studio)
    studio.fails = SILENCE
    read_project(bridge, studio)
    with pytest.raises(LabelStudioUnreachable):
        read_project(bridge, studio, may_bridge=False)
    assert studio.limits[-1] == 30.0, "and it has all its patience"


def test_it_ends_five_minutes_after_the_last_word_however_it_is_used(
    bridge: Bridge, studio: Studio, clock: Clock
) -> None:
    read_project(bridge, studio)
    studio.fails = SILENCE
    for _ in range(10):
        clock.now += BRIDGED_SECONDS / 10 - 0.01
        assert read_project(bridge, studio)
    clock.now += 1.0
    with pytest.raises(LabelStudioUnreachable):
        read_project(bridge, studio)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: str(each.status))
def test_a_refusal_ends_it_at_once(
    bridge: Bridge, studio: Studio, clock: Clock, refusal: LabelStudioError
) -> None:
    bridge.user(KIM, studio.give(_user()), may_bridge=True)
    bridge.titles(KIM, studio.give({7: "P7", 8: "P8"}), may_bridge=True)
    read_project(bridge, studio)
    bridge.project(KIM, 8, studio.give(project(8)), may_bridge=True)
    studio.fails = refusal
    with pytest.raises(type(refusal)):
        read_project(bridge, studio, may_bridge=False)  # wherever it is met
    studio.fails = SILENCE
    with pytest.raises(LabelStudioUnreachable):
        read_project(bridge, studio)
    if refusal.status == 401:
        assert not bridge.knows(KIM)
        with pytest.raises(LabelStudioUnreachable):
            bridge.titles(KIM, studio.give({}), may_bridge=True)
        with pytest.raises(LabelStudioUnreachable):
            bridge.project(KIM, 8, studio.give(None), may_bridge=True)
    else:
        assert bridge.titles(KIM, studio.give({}), may_bridge=True) == {8: "P8"}
        assert bridge.project(KIM, 8, studio.give(None), may_bridge=True).id == 8


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: str(each.status))
def test_a_user_who_is_refused_is_forgotten_whole(
    bridge: Bridge, studio: Studio, refusal: LabelStudioError
) -> None:
    bridge.user(KIM, studio.give(_user()), may_bridge=True)
    read_project(bridge, studio)
    studio.fails = refusal
    with pytest.raises(type(refusal)):
        bridge.user(KIM, studio.give(None), may_bridge=True)
    studio.fails = SILENCE
    assert not bridge.knows(KIM)
    with pytest.raises(LabelStudioUnreachable):
        read_project(bridge, studio)


def test_an_answer_that_a_refusal_overtook_verifies_nothing(bridge: Bridge, studio: Studio) -> None:
    def read() -> Project:
        bridge.end(KIM)  # another request heard that the token is revoked
        return project()

    bridge.project(KIM, 7, read, may_bridge=True)
    studio.fails = SILENCE
    with pytest.raises(LabelStudioUnreachable):
        read_project(bridge, studio)


def test_a_refusal_while_one_waits_leaves_nothing_to_stand_in(
    bridge: Bridge, studio: Studio
) -> None:
    read_project(bridge, studio)

    def read() -> Project:
        bridge.end(KIM)
        raise SILENCE

    with pytest.raises(LabelStudioUnreachable):
        bridge.project(KIM, 7, read, may_bridge=True)


def test_a_silence_is_waited_for_once_and_shortly(
    bridge: Bridge, studio: Studio, clock: Clock
) -> None:
    read_project(bridge, studio)
    studio.fails = SILENCE
    for _ in range(5):
        read_project(bridge, studio)
    assert studio.limits == [30.0, SILENCE_SECONDS], "as long as it counts as away nobody asks"
    assert bridge.is_away
    with pytest.raises(LabelStudioUnreachable):
        bridge.limit()
    clock.now += AWAY_SECONDS
    studio.fails = None
    read_project(bridge, studio)
    assert not bridge.is_away
    assert bridge.limit() is None


def test_one_broken_project_does_not_make_label_studio_away_for_all(
    bridge: Bridge, studio: Studio
) -> None:
    read_project(bridge, studio)
    studio.fails = BROKEN
    assert read_project(bridge, studio)
    assert not bridge.is_away


def test_what_was_never_known_has_all_the_time(bridge: Bridge, studio: Studio) -> None:
    read_project(bridge, studio)
    assert studio.limits == [30.0]


def test_memory_is_bounded(bridge: Bridge, studio: Studio) -> None:
    config = "x" * 3_000_000
    for number in range(10):
        bridge.project(KIM, number, studio.give(project(number, config)), may_bridge=True)
    assert len(bridge._projects) * len(config) <= MOST_CHARACTERS
    huge = studio.give(project(99, "x" * (MOST_CHARACTERS + 1)))
    assert bridge.project(KIM, 99, huge, may_bridge=True).id == 99, "too large to be remembered"


def test_what_is_given_out_is_nobodys_to_change(bridge: Bridge, studio: Studio) -> None:
    bridge.titles(KIM, studio.give({7: "P7"}), may_bridge=True).clear()
    studio.fails = SILENCE
    bridge.titles(KIM, studio.give({}), may_bridge=True)[9] = "mine"
    assert bridge.titles(KIM, studio.give({}), may_bridge=True) == {7: "P7"}


def test_a_guess_is_made_only_while_it_is_away_and_for_reading(
    bridge: Bridge, studio: Studio
) -> None:
    assert bridge.guess(studio.give(True), False, may_bridge=True) is True
    studio.fails = SILENCE
    assert bridge.guess(studio.give(True), False, may_bridge=True) is False
    with pytest.raises(LabelStudioUnreachable):
        bridge.guess(studio.give(True), False, may_bridge=False)
    studio.fails = REFUSALS[0]
    assert bridge.guess(studio.give(True), False, may_bridge=True) is False, "not asked: away"
