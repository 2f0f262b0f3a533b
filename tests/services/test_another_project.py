"""A Label Studio set up anew gives its numbers again: a prompt is for a project, not a number."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from ml_backend.cli.next_steps import for_command_line
from ml_backend.errors import Conflict, NotFound
from ml_backend.records import Prompt, RunStatus
from ml_backend.services.evaluation.tries import TryRequest
from ml_backend.services.predictions.selection import select
from ml_backend.services.project_identity import AnotherProject
from ml_backend.services.refining.refine import RefineRequest
from ml_backend.services.writing.patience import Patience
from ml_backend.store import tables as t
from ml_backend.store.database import MIGRATIONS, Database
from support.house import House

ANEW = "2031-01-01T00:00:00.250000Z"
"""When the project was made that has the number now."""


def remake(house: House, project: int, created_at: str = ANEW) -> None:
    """Make another project of it, as when Label Studio was set up anew."""
    house.container.studio._transport.send(
        "PATCH", f"api/projects/{project}/", {"created_at": created_at}
    )


def made_at(house: House, project: int) -> datetime | None:
    binding = house.container.store.projects.binding(1, project)
    return binding.project_made_at if binding is not None else None


def calls(house: House, act: Callable[[], Any]) -> Counter[str]:
    house.fake.control(forget_calls=True)
    act()
    return Counter(house.fake.state()["calls"])


def forget(house: House, **values: Any) -> None:
    """Leave bindings as an earlier version of the store had them."""
    values = {"project_made_at": None, "bound_at": None, **values}
    with house.container.store.database.write() as c:
        c.execute(sa.update(t.prompt_projects).values(**values))
        c.execute(sa.update(t.projects).values(made_at=None))


@pytest.fixture
def used(house: House) -> tuple[House, Prompt, int]:
    """A prompt that predicted all tasks of its project."""
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    return house, prompt, project


def acts(house: House, prompt: Prompt, project_id: int) -> dict[str, Callable[[], object]]:
    parts, studio = house.container, house.container.studio
    version = parts.prompts.find_version(prompt, None)
    project = studio.get_project(project_id)
    default = parts.models.default
    asked = TryRequest(project, version)
    refine = RefineRequest(project, prompt, version, default, "teacher")
    return {
        "run": lambda: house.start(prompt, version, project_id),
        "follow": lambda: parts.follow.start(prompt, project, None),
        "try": lambda: parts.tries.ask(studio, asked),
        "refine": lambda: parts.refining.refine(studio, refine),
        "promote": lambda: parts.predictions.plan_promote(
            project_id, select(prompt=prompt, everything=True)
        ),
        "delete": lambda: parts.predictions.plan_delete(project_id, select(prompt=prompt)),
    }


ACTS = ("run", "follow", "try", "refine", "promote", "delete")


@pytest.mark.slow
@pytest.mark.parametrize("act", ACTS)
def test_nothing_touches_a_project_the_prompt_was_not_made_for(
    used: tuple[House, Prompt, int], act: str
) -> None:
    house, prompt, project = used
    remake(house, project)
    before, asked = house.held(project), len(house.model.asked)
    with pytest.raises(AnotherProject) as caught:
        acts(house, prompt, project)[act]()
    said = for_command_line(str(caught.value))
    assert f"Project {project} is not the project the prompt 'P' was made for" in said
    assert f"ls-prompts prompts rebind {prompt.id} --project {project}" in said
    assert (house.held(project), len(house.model.asked)) == (before, asked)


@pytest.mark.slow
def test_a_person_may_say_that_it_is_meant(used: tuple[House, Prompt, int]) -> None:
    house, prompt, project = used
    remake(house, project)
    meant = house.container.studio.get_project(project)
    assert house.container.project_identity.confirm(prompt, meant)
    assert not house.container.project_identity.confirm(prompt, meant)
    version = house.container.prompts.find_version(prompt, None)
    assert house.run(prompt, version, project).status is RunStatus.COMPLETED


@pytest.mark.slow
def test_it_follows_the_other_project_only_when_that_is_asked_for(
    used: tuple[House, Prompt, int],
) -> None:
    house, prompt, project = used
    follows = house.container.store.follows
    house.container.follow.start(prompt, house.container.studio.get_project(project), None)
    remake(house, project)
    house.container.project_identity.confirm(prompt, house.container.studio.get_project(project))
    assert follows.all() == []


@pytest.mark.slow
def test_only_a_prompt_that_names_the_project_can_be_said_to_be_meant(house: House) -> None:
    project, _ = house.project(1)
    other, _ = house.project(1)
    prompt, _ = house.prompt(project)
    with pytest.raises(NotFound, match=f"not of project {other}"):
        house.container.project_identity.confirm(prompt, house.container.studio.get_project(other))


@pytest.mark.slow
def test_a_run_that_was_waiting_asks_and_writes_nothing_there(house: House) -> None:
    project, _ = house.project(3)
    prompt, version = house.prompt(project)
    run = house.start(prompt, version, project)
    remake(house, project)
    ended = house.execute(run)
    assert (ended.status, house.model.asked) == (RunStatus.FAILED, [])
    assert "is not the project the prompt 'P' was made for" in ended.message
    assert not any(house.held(project).values())


@pytest.mark.slow
def test_answers_of_a_run_are_kept_when_its_project_is_another(house: House) -> None:
    project, _ = house.project(3)
    prompt, version = house.prompt(project)
    run = house.start(prompt, version, project)
    house.fake.fail("import/predictions", "status", status=400, times=2)
    failed = house.execute(run)
    assert failed.status is RunStatus.FAILED
    remake(house, project)
    house.container.runs.resume(failed)
    assert house.execute(failed).status is RunStatus.FAILED
    assert len(house.container.store.outcomes.task_ids(run.id)) == 3


@pytest.mark.slow
def test_what_is_known_from_before_is_filled_in_and_not_refused(
    used: tuple[House, Prompt, int],
) -> None:
    house, prompt, project = used
    forget(house)
    remake(house, project)
    acts(house, prompt, project)["run"]()
    assert made_at(house, project) == datetime.fromisoformat(ANEW)


@pytest.mark.slow
def test_a_prompt_that_was_never_used_was_not_made_for_a_later_project(house: House) -> None:
    project, _ = house.project(1)
    prompt, version = house.prompt(project)
    forget(house, bound_at=datetime.now(UTC))
    remake(house, project, (datetime.now(UTC) + timedelta(minutes=5)).isoformat())
    house.start(prompt, version, project)  # our clock may be behind
    forget(house, bound_at=datetime.now(UTC))
    remake(house, project)
    with pytest.raises(AnotherProject):
        house.start(prompt, version, project)


@pytest.mark.slow
@pytest.mark.parametrize(
    "restored",
    [
        lambda made: made,
        lambda made: made.replace(microsecond=made.microsecond // 1000 * 1000),
        lambda made: made + timedelta(hours=2),
    ],
    ids=["from a backup", "through a dump", "in another time zone"],
)
def test_the_same_projects_restored_or_moved_go_on(
    used: tuple[House, Prompt, int], restored: Callable[[datetime], datetime]
) -> None:
    house, prompt, project = used
    known = made_at(house, project)
    assert known is not None
    if not known.microsecond:
        pytest.fail("the fake tells parts of a second, as Label Studio does")
    remake(house, project, restored(known).isoformat())
    version = house.container.prompts.find_version(prompt, None)
    run = house.run(prompt, version, project)
    # One prediction a task, under the same name: what was written before is still ours.
    assert run.status is RunStatus.COMPLETED
    assert [dict(each) for each in house.held(project).values()] == [{run.label: 1}] * 2


@pytest.mark.slow
def test_a_run_reads_label_studio_as_often_as_before(house: House) -> None:
    project, _ = house.project(4)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    known = calls(house, lambda: house.run(prompt, version, project))
    forget(house)
    filled = calls(house, lambda: house.run(prompt, version, project))
    more, _ = house.project(40)
    other, second = house.prompt(more, "Q")
    house.run(other, second, more)
    larger = calls(house, lambda: house.run(other, second, more))
    read = "GET /api/projects/{id}/"
    assert known[read] == filled[read] == larger[read] <= 13, known


@pytest.mark.slow
def test_deleting_the_prompt_leaves_the_other_project_alone(
    used: tuple[House, Prompt, int],
) -> None:
    house, prompt, project = used
    remake(house, project)
    before = house.held(project)
    parts = house.container
    plan = parts.deletions.plan(prompt)
    assert plan.predictions == 0
    parts.deletions.execute(plan, Patience(print, threading.Event()))
    assert house.held(project) == before
    assert parts.store.prompts.find(prompt.id) is None


def test_examples_of_the_former_project_are_forgotten(house: House) -> None:
    project, _ = house.project(1)
    prompt, _ = house.prompt(project)
    store = house.container.store
    config = house.container.predictor_factory.config_of(
        house.container.studio.get_project(project)
    )
    house.container.project_identity.check(prompt.id, house.container.studio.get_project(project))
    house.container.examples.refresh(project, config)
    with store.database.write() as c:
        row = {"annotation_id": 1, "project_id": project, "task_id": 1, "data": {}, "answer": {}}
        c.execute(sa.insert(t.examples).values(**row, updated_at=datetime.now(UTC)))
    revision = store.examples.revision(project)
    remake(house, project)
    with pytest.raises(Conflict):
        house.container.project_identity.check(
            prompt.id, house.container.studio.get_project(project)
        )
    assert store.examples.of_project(project) == []
    assert store.examples.revision(project) > revision
    assert not house.container.examples.is_whole(project, config)


@pytest.mark.slow
@pytest.mark.parametrize("is_other_too", [True, False])
def test_doctor_tells_of_another_label_studio(
    used: tuple[House, Prompt, int], is_other_too: bool
) -> None:
    house, prompt, project = used
    if not is_other_too:
        more, _ = house.project(1)
        other, version = house.prompt(more, "Other")
        house.run(other, version, more)
    remake(house, project)
    found = {each.name: each for each in house.container.doctor.checks()}["projects"]
    assert found.status == ("fail" if is_other_too else "warn")
    assert ("seems to be another Label Studio" in found.message) is is_other_too
    assert f"Project {project} is not the project the prompt 'P' was made for" in found.message
    assert f"prompts rebind {prompt.id}" in for_command_line(found.fix)
    house.container.project_identity.confirm(prompt, house.container.studio.get_project(project))
    found = {each.name: each for each in house.container.doctor.checks()}["projects"]
    assert found.status == "ok"


@pytest.mark.slow
def test_the_migration_takes_what_labels_know(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = config.attributes["engine"] = sa.create_engine(url)
    command.upgrade(config, "0012")
    first, last = "2026-01-01 00:00:00.100000", "2027-01-01 00:00:00.100000"
    with engine.begin() as c:
        c.exec_driver_sql(
            "INSERT INTO prompts (id, title, description, created_at, updated_at) "
            "VALUES (1, 'P', '', ?, ?), (2, 'Q', '', ?, ?)",
            (first, first, first, first),
        )
        c.exec_driver_sql("INSERT INTO prompt_projects VALUES (1, 4), (1, 5), (2, 4)")
        for label, studio, created, made in (
            ("P__a", "", first, first),
            ("P__b", "http://ls", last, last),
            ("P__c", "http://ls", last, None),
        ):
            c.exec_driver_sql(
                "INSERT INTO labels (studio, project_id, label, prompt_id, version_id, slot, "
                "created_at, project_made_at) VALUES (?, 4, ?, 1, 1, 'all', ?, ?)",
                (studio, label, created, made),
            )
    engine.dispose()
    database = Database(url)
    with database.read() as c:
        rows = c.execute(sa.select(t.prompt_projects).order_by(*t.prompt_projects.c)).all()
    database.close()
    known = {(row.prompt_id, row.project_id): row.project_made_at for row in rows}
    assert known == {
        (1, 4): datetime(2027, 1, 1, 0, 0, 0, 100_000, UTC),
        (1, 5): None,
        (2, 4): None,
    }
    assert {row.bound_at for row in rows} == {None}
