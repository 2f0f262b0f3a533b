"""Labels: who has one where, and what a store of before knew of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from ml_backend.records import Label, Slot
from ml_backend.store import Store
from ml_backend.store.cipher import SecretCipher
from ml_backend.store.database import MIGRATIONS

HERE, THERE = "http://here", "http://there"
MADE = datetime(2026, 5, 1, 12, tzinfo=UTC)
LABEL = Label("P__v1", 1, 1, Slot.ALL, 7)


def strings(store: Store, studio: str = HERE, project: int = 7) -> list[str]:
    return [label.label for label in store.labels.of_project(studio, project)]


def test_a_label_is_ours_in_one_project_of_one_label_studio_once_it_was_written(
    store: Store,
) -> None:
    named = replace(LABEL, is_written=False, is_checked=False)
    assert store.labels.take(HERE, named, None)
    assert strings(store) == []
    assert store.labels.unchecked(HERE) == [named]
    checked = replace(named, is_checked=True)
    assert store.labels.take(HERE, checked, named)
    assert (strings(store), store.labels.unchecked(HERE)) == ([], [])
    assert store.labels.take(HERE, LABEL, checked)
    assert strings(store) == ["P__v1"]
    assert strings(store, THERE) == strings(store, project=8) == []
    assert store.labels.of_prompt(HERE, 1) == [LABEL]
    assert store.labels.of_prompt(THERE, 1) == store.labels.of_prompt(HERE, 1, version_id=2) == []


def test_who_was_slower_takes_nothing(store: Store) -> None:
    other = replace(LABEL, prompt_id=2, version_id=2)
    assert store.labels.take(HERE, LABEL, None)
    assert not store.labels.take(HERE, other, None)
    assert not store.labels.take(HERE, other, replace(LABEL, is_written=False))
    assert store.labels.of_project(HERE, 7) == [LABEL]


def test_what_was_written_is_never_dropped(store: Store) -> None:
    named = replace(LABEL, label="P__v2", is_written=False)
    store.labels.take(HERE, LABEL, None)
    store.labels.take(HERE, named, None)
    store.labels.drop(HERE, [LABEL, named])
    assert store.labels.of_project(HERE, 7, written_only=False) == [LABEL]


def test_a_project_is_known_by_when_it_was_made(store: Store) -> None:
    later = MADE + timedelta(days=1)
    store.labels.take(HERE, LABEL, None, project_made_at=MADE)
    store.labels.identify(HERE, 7, MADE)
    assert strings(store) == ["P__v1"]
    store.labels.identify(HERE, 7, later)
    assert strings(store) == []
    # The other one gets a label of the same name; each comes back with its project.
    store.labels.take(HERE, replace(LABEL, version_id=2), None, project_made_at=later)
    store.labels.identify(THERE, 7, MADE)
    assert [label.version_id for label in store.labels.of_project(THERE, 7)] == [1]
    assert [label.version_id for label in store.labels.of_project(HERE, 7)] == [2]


def test_of_a_project_that_was_never_read_what_is_older_than_it_is_not_its(store: Store) -> None:
    store.labels.take(HERE, LABEL, None)
    store.labels.identify(HERE, 7, datetime.now(UTC) + timedelta(minutes=1))
    assert strings(store) == ["P__v1"], "clocks may differ a little"
    store.labels.take(HERE, replace(LABEL, project_id=8), None)
    store.labels.identify(HERE, 8, datetime.now(UTC) + timedelta(hours=1))
    assert strings(store, project=8) == []


# Stores of before


@pytest.fixture
def migrated_from(database_url: str) -> Any:
    """A function that fills a store of the migration before, and opens it as it is now."""
    engine = sa.create_engine(database_url)
    config = Config(attributes={"engine": engine})
    config.set_main_option("script_location", str(MIGRATIONS))
    command.upgrade(config, "0007")
    tables = sa.MetaData()
    tables.reflect(engine)
    opened: list[Store] = []

    def fill(*rows: tuple[str, dict[str, Any]]) -> Store:
        with engine.begin() as c:
            for table, values in rows:
                c.execute(sa.insert(tables.tables[table]).values(**values))
        opened.append(Store(database_url, SecretCipher("a secret")))
        return opened[0]

    yield fill
    for store in opened:
        store.close()
    engine.dispose()


AT = datetime(2026, 3, 1, tzinfo=UTC)


def prompt(number: int, title: str) -> tuple[str, dict[str, Any]]:
    values = {"id": number, "title": title, "description": "", "created_at": AT}
    return "prompts", {**values, "updated_at": AT}


def label(text: str, prompt_id: int, version_id: int = 1, slot: str = "all") -> Any:
    values = {"label": text, "prompt_id": prompt_id, "version_id": version_id}
    return "labels", {**values, "slot": slot, "created_at": AT}


def run(number: int, project: int, text: str, prompt_id: int = 1, **more: Any) -> Any:
    values: dict[str, Any] = {
        **{"id": number, "prompt_id": prompt_id, "version_id": 1, "project_id": project},
        **{"label": text, "slot": "all", "subset": "All", "status": "Completed", "stage": "done"},
        **{"total": 1, "succeeded": 1, "failed": 0, "cached": 0, "prompt_tokens": 0},
        **{"completion_tokens": 0, "message": "", "cancel_requested": False, "fence": 1},
        **{name: {} for name in ("snapshot", "options", "failures", "plan", "metrics")},
        **{"lease_until": 0.0, "created_at": AT + timedelta(hours=number)},
    }
    return "runs", {**values, **more}


def write(
    number: int, project: int, run_id: int, text: str, studio: str = HERE, **more: Any
) -> Any:
    values: dict[str, Any] = {
        **{"id": number, "label_studio_url": studio, "project_id": project, "run_id": run_id},
        **{"kind": "import", "label": text, "detail": {"watermark": 40}, "fence": 1, "note": ""},
        "started_at": (AT + timedelta(hours=number)).timestamp(),
    }
    return "publications", {**values, **more}


def served(project: int, text: str, at: datetime = AT) -> Any:
    values = {"project_id": project, "task_id": 1, "label": text, "served_at": at}
    return "served_predictions", values


def given(project: int, text: str) -> Any:
    values = {"project_id": project, "task_id": 1, "label": text, "version_id": 1, "given_at": AT}
    return "provenance", {**values, "shown": 0}


def lease(studio: str = HERE) -> Any:
    return "leases", {"name": f"writer:{studio}", "holder": "", "fence": 1, "expires_at": 0.0}


def places(store: Store, studio: str = HERE) -> dict[tuple[int, str], int]:
    """Return project and label of what is ours -> up to which row it is not."""
    projects = (1, 2, 3, 4, 5)
    found = [each for project in projects for each in store.labels.of_project(studio, project)]
    return {(each.project_id, each.label): each.watermark for each in found}


OWNER = (prompt(1, "BERT"), label("BERT__v1", 1))


@pytest.mark.slow
def test_a_label_is_ours_where_runs_and_predict_wrote_it_and_nowhere_else(
    migrated_from: Callable[..., Store],
) -> None:
    store = migrated_from(
        *OWNER,
        label("BERT__v1__evaluate", 1, slot="evaluate"),
        *[("prompt_projects", {"prompt_id": 1, "project_id": each}) for each in (1, 2, 3, 4, 5)],
        lease(),
        run(1, 1, "BERT__v1"),
        run(2, 2, "BERT__v1__evaluate", slot="evaluate", stage="loading", status="Failed"),
        served(3, "BERT__v1"),
        given(4, "BERT__v1"),
        run(3, 5, "BERT__v1", stage="asking", status="InProgress"),
        served(5, "theirs__v1"),
    )
    assert places(store) == {
        (1, "BERT__v1"): 0,
        (2, "BERT__v1__evaluate"): 0,
        (3, "BERT__v1"): 0,
        (4, "BERT__v1"): 0,
    }
    [first, *_] = store.labels.of_prompt(HERE, 1)
    assert (first.prompt_id, first.version_id, first.slot) == (1, 1, Slot.ALL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "watermark"),
    [
        ([run(1, 1, "BERT__v1", plan={"watermark": 30})], 30),
        ([run(1, 1, "BERT__v1", plan={"watermark": 30}), write(1, 1, 1, "BERT__v1")], 40),
        (
            [
                run(1, 1, "BERT__v1", plan={"watermark": 90}),
                write(1, 1, 1, "BERT__v1"),
                write(2, 1, 1, "BERT__v1", detail={"watermark": 80}),
            ],
            40,
        ),
        ([served(1, "BERT__v1"), run(1, 1, "BERT__v1", plan={"watermark": 30})], 0),
        ([given(1, "BERT__v1"), run(1, 1, "BERT__v1"), write(1, 1, 1, "BERT__v1")], 0),
    ],
    ids=["plan", "first write", "asked again", "/predict before", "/predict before, long since"],
)
def test_what_stood_there_before_the_first_write_is_not_ours(
    migrated_from: Callable[..., Store], rows: list[Any], watermark: int
) -> None:
    assert places(migrated_from(*OWNER, lease(), *rows)) == {(1, "BERT__v1"): watermark}


@pytest.mark.slow
@pytest.mark.parametrize(
    "rows",
    [
        [run(1, 1, "BERT__v1", prompt_id=2)],
        [run(1, 1, "BERT__v1", stage="asking", status="Failed")],
        [run(1, 1, "BERT__v1", stage="clearing", status="Failed")],
        [
            run(1, 1, "BERT__v1", stage="planning"),
            write(1, 1, 1, "BERT__v1", note="refused: no such project"),
            write(2, 1, 1, "BERT__v1", note="never sent"),
            write(3, 1, 1, "BERT__v1", kind="delete_label"),
        ],
        [write(1, 1, 9, "BERT__v1")],
        [lease(THERE), served(1, "BERT__v1")],
    ],
    ids=[
        "a former owner's run", "never published", "never got to write", "refused writes",
        "a deleted prompt's", "one of two Label Studios",
    ],
)  # fmt: skip
def test_what_cannot_be_shown_to_be_ours_is_left_alone(
    migrated_from: Callable[..., Store], rows: list[Any]
) -> None:
    store = migrated_from(*OWNER, lease(), *rows)
    assert places(store) == places(store, THERE) == places(store, "") == {}


@pytest.mark.slow
def test_a_run_that_had_published_and_asks_again_has_written(
    migrated_from: Callable[..., Store],
) -> None:
    outcome = {
        **{"run_id": 1, "task_id": 1, "ok": True, "published": True, "request_key": ""},
        **{"kind": "", "message": "", "raw": "", "prompt_tokens": 0, "completion_tokens": 0},
        **{"latency": 0.0, "calls": 1, "cached": False},
    }
    store = migrated_from(
        *OWNER, lease(), run(1, 1, "BERT__v1", stage="asking"), ("outcomes", outcome)
    )
    assert places(store) == {(1, "BERT__v1"): 0}


@pytest.mark.slow
def test_projects_of_two_label_studios_are_told_apart_by_what_was_written(
    migrated_from: Callable[..., Store],
) -> None:
    store = migrated_from(
        *OWNER,
        run(1, 1, "BERT__v1"),
        run(2, 2, "BERT__v1"),
        write(1, 1, 1, "BERT__v1"),
        write(2, 2, 2, "BERT__v1", studio=THERE),
        served(1, "BERT__v1", AT + timedelta(days=1)),
    )
    assert places(store) == {(1, "BERT__v1"): 40}
    assert places(store, THERE) == {(2, "BERT__v1"): 40}


@pytest.mark.slow
def test_where_no_address_was_noted_the_label_studio_that_is_asked_is_it(
    migrated_from: Callable[..., Store],
) -> None:
    store = migrated_from(*OWNER, served(1, "BERT__v1"), served(2, "BERT__v1"))
    assert places(store) == {}
    named = Label("BERT__v1", 1, 1, Slot.ALL, 1, is_written=False, is_checked=False)
    store.labels.take(HERE, named, None)
    store.labels.identify(HERE, 1, AT - timedelta(days=1))
    store.labels.identify(HERE, 2, AT + timedelta(days=1))
    assert places(store) == {(1, "BERT__v1"): 0}


@pytest.mark.slow
def test_a_run_that_was_about_to_write_goes_on(migrated_from: Callable[..., Store]) -> None:
    store = migrated_from(
        *OWNER,
        lease(),
        run(1, 1, "BERT__v1", stage="clearing", status="InProgress", plan={"watermark": 12}),
    )
    assert places(store) == {(1, "BERT__v1"): 12}
