"""Which evaluation a version's score is of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.records import Correctness, RunMetrics, RunOptions, RunSnapshot, Subset, TruthSource
from ml_backend.store import Evaluated, Store, tables as t
from ml_backend.store.run_columns import to_columns

Evaluate = Callable[..., int]
BY_CHOICE = {"truth": TruthSource.ANNOTATIONS}
BY_DEFAULT = {"truth": TruthSource.ANNOTATIONS, "truth_by_default": True}


@pytest.fixture
def version(store: Store) -> Any:
    prompt = store.prompts.create("Topics", "", [3])
    return store.prompts.create_version(
        prompt.id, title="Version 1", text="?", provider="Custom", model="m"
    )


@pytest.fixture
def evaluate(store: Store, version: Any) -> Evaluate:
    """Evaluate the version on ten tasks, so many of them right."""

    def ran(
        right: int,
        subset: Subset = Subset.HAS_GT,
        *,
        n: int = 10,
        status: str = "Completed",
        project: int = 3,
        **options: Any,
    ) -> int:
        counts = Correctness(n=n, correct=right, accuracy=right / n if n else None)
        run = store.runs.create(
            prompt_id=version.prompt_id,
            version_id=version.id,
            project_id=project,
            label="Topics__Version 1__evaluate",
            slot="evaluate",
            subset=subset.value,
            snapshot=RunSnapshot.of(version),
            options=RunOptions(**options),
            total=n,
        )
        metrics = RunMetrics(overall=counts, controls={})
        with store.database.write() as c:
            columns = to_columns({"metrics": metrics, "status": status})
            done = sa.update(t.runs).where(t.runs.c.id == run.id)
            c.execute(done.values(**columns, completed_at=datetime.now(UTC)))
        return run.id

    return ran


def standing(store: Store, version: Any) -> tuple[int | None, int | None]:
    nothing = Evaluated(None)
    found = store.standings.of_versions([version.id], 3).get(version.id, nothing)
    of_prompt = store.standings.of_prompt(version.prompt_id).evaluated.get(version.id, nothing)
    assert found == of_prompt
    ids = [each.run_id if each else None for each in (found.headline, found.beside)]
    return ids[0], ids[1]


def test_a_later_sample_leaves_the_headline_alone(
    store: Store, version: Any, evaluate: Evaluate
) -> None:
    whole = evaluate(7)
    sample = evaluate(6, Subset.SAMPLE)
    assert standing(store, version) == (whole, sample)
    stats = store.standings.of_prompt(version.prompt_id)
    assert (stats.best, stats.beside.accuracy if stats.beside else None) == (0.7, 0.6)
    again = evaluate(8)
    assert standing(store, version) == (again, None)  # what came before it says nothing any more


def test_a_sample_alone_is_no_headline(store: Store, version: Any, evaluate: Evaluate) -> None:
    sample = evaluate(6, Subset.CUSTOM)
    assert standing(store, version) == (None, sample)
    assert store.standings.of_prompt(version.prompt_id).best is None


@pytest.mark.parametrize(
    "lesser",
    [
        pytest.param({"n": 0}, id="nothing of it had a truth"),
        pytest.param({"only_missing": True}, id="of what was missing"),
    ],
)
def test_an_evaluation_that_measured_less_says_nothing(
    store: Store, version: Any, evaluate: Evaluate, lesser: dict[str, Any]
) -> None:
    whole = evaluate(7)
    evaluate(0, **lesser)
    assert standing(store, version) == (whole, None)


@pytest.mark.slow
def test_one_that_was_stopped_is_no_headline_either(
    store: Store, version: Any, evaluate: Evaluate
) -> None:
    stopped = evaluate(2, n=4, status="Canceled")
    assert standing(store, version) == (None, stopped)
    whole = evaluate(7)
    assert standing(store, version) == (whole, None)
    failed = evaluate(2, n=4, status="Failed")
    assert standing(store, version) == (whole, failed)


@pytest.mark.slow
def test_annotations_by_choice_stand_beside_ground_truth(
    store: Store, version: Any, evaluate: Evaluate
) -> None:
    chosen = evaluate(9, **BY_CHOICE)
    assert standing(store, version) == (chosen, None)  # better than nothing
    whole = evaluate(7)
    assert standing(store, version) == (whole, None)
    later = evaluate(9, **BY_CHOICE)
    assert standing(store, version) == (whole, later)


def test_where_nothing_is_marked_all_that_was_submitted_is_the_truth(
    store: Store, version: Any, evaluate: Evaluate
) -> None:
    before = evaluate(9, **BY_DEFAULT)
    assert standing(store, version) == (before, None)
    marked = evaluate(7)
    assert standing(store, version) == (marked, None)


def test_evaluations_in_other_projects_are_no_headline_of_this_one(
    store: Store, version: Any, evaluate: Evaluate
) -> None:
    whole = evaluate(7)
    evaluate(1, project=4)
    found = store.standings.of_versions([version.id], 3)[version.id].headline
    assert found is not None
    assert found.run_id == whole
