"""Other tools' predictions stand: ours is only what we wrote, and only where we wrote it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.llm import Request
from ml_backend.records import Label, Prompt, PromptVersion, RunStatus, Slot, Stage, Subset
from ml_backend.services.predictions.selection import select
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.writing.patience import Patience
from ml_backend.store import tables as t
from support.house import House
from support.labels import own

LABEL = "P__Version 1"
NUMBERED = "P (2)__Version 1"
EVALUATION = "P__Version 1__evaluate"


def patience() -> Patience:
    return Patience(lambda message: None, threading.Event(), give_up_after=10.0, first_pause=0.05)


def theirs(house: House, project: int, tasks: list[int], label: str = LABEL) -> list[Any]:
    """Have another tool write predictions; return them as they are to stay."""
    rows = [{"task": task, "result": [], "score": 0.5, "model_version": label} for task in tasks]
    house.container.studio.import_predictions(project, rows)
    found = house.container.studio.predictions(project)
    return [row for row in found if row.model_version == label]


def assert_untouched(house: House, project: int, rows: list[Any]) -> None:
    """The very rows, by their ids: taken away and written again they would have others."""
    held = {row.id: row for row in house.container.studio.predictions(project)}
    assert [held.get(row.id) for row in rows] == rows


def counts(house: House, project: int) -> Counter[str | None]:
    return Counter(key.model_version for key in house.container.studio.prediction_keys(project))


def delete(house: House, prompt: Prompt, version: PromptVersion | None = None) -> int:
    deletions = house.container.deletions
    plan = deletions.plan(prompt, version)
    deleted = sum(report.deleted for report in deletions.execute(plan, patience()))
    assert deleted == plan.predictions, "what was stated is what was removed"
    return deleted


def calls(house: House, act: Callable[[], Any]) -> Counter[str]:
    house.fake.control(forget_calls=True)
    act()
    return Counter(house.fake.state()["calls"])


VERSIONS = "GET /api/projects/{id}/model-versions/"


# Where nothing of ours was written


@pytest.mark.slow
@pytest.mark.parametrize("of_prompt", [True, False], ids=["the prompt's project", "a strange one"])
@pytest.mark.parametrize("whole", [True, False], ids=["prompt", "version"])
def test_deleting_spares_projects_where_the_prompt_never_ran(
    house: House, of_prompt: bool, whole: bool
) -> None:
    project, _ = house.project(2)
    other, tasks = house.project(3)
    prompt, version = house.prompt(project)
    if of_prompt:
        house.container.store.prompts.add_project(prompt.id, other)
    rows = theirs(house, other, tasks)
    house.run(prompt, version, project)
    plan = house.container.deletions.plan(prompt, None if whole else version)
    assert [(each.project_id, each.total) for each in plan.plans] == [(project, 2)]
    assert delete(house, prompt, None if whole else version) == 2
    assert_untouched(house, other, rows)


@pytest.mark.slow
def test_a_run_that_wrote_nothing_makes_nothing_ours(house: House) -> None:
    project, tasks = house.project(2)
    prompt, version = house.prompt(project)
    house.model.answer = lambda request: "no answer"
    assert house.run(prompt, version, project).status is RunStatus.FAILED
    rows = theirs(house, project, tasks)
    assert delete(house, prompt) == 0
    assert_untouched(house, project, rows)


@pytest.mark.parametrize("act", ["delete", "promote", "count"])
@pytest.mark.slow
def test_bulk_actions_by_prompt_take_nothing_of_others(house: House, act: str) -> None:
    project, tasks = house.project(2)
    prompt, version = house.prompt(project)
    rows = theirs(house, project, tasks)
    house.start(prompt, version, project)
    for run in house.container.store.runs.search(project_id=project):
        house.container.runs.cancel(run)
    predictions = house.container.predictions
    if act == "delete":
        plan = predictions.plan_delete(project, select(prompt=prompt))
        assert plan.total == 0
        predictions.execute_delete(plan, patience())
    elif act == "promote":
        assert (
            predictions.plan_promote(project, select(prompt=prompt, everything=True)).would_create
            == 0
        )
    else:
        assert predictions.count(project, select(prompt=prompt)) == []
        assert [each.label for each in predictions.count(project)] == [None]
    assert_untouched(house, project, rows)


# Where theirs stood before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slot", "label", "numbered"),
    [
        (Slot.ALL, LABEL, NUMBERED),
        (Slot.EVALUATE, EVALUATION, "P (2)__Version 1__evaluate"),
    ],
    ids=["all", "evaluate"],
)
def test_a_run_beside_rows_of_others_takes_another_name_and_says_so(
    house: House, slot: Slot, label: str, numbered: str
) -> None:
    project, tasks = house.project(3)
    prompt, version = house.prompt(project)
    rows = theirs(house, project, tasks[:2], label)
    for _ in range(2):
        run = house.run(prompt, version, project, slot=slot)
        assert (run.status, run.label) == (RunStatus.COMPLETED, numbered)
        assert repr(numbered) in run.message
        assert repr(label) in run.message
        assert counts(house, project) == {label: 2, numbered: 3}
    assert_untouched(house, project, rows)
    second = house.version(prompt, "Once more {text}")
    house.run(prompt, second, project, slot=slot)
    assert counts(house, project)[numbered] == 0
    assert_untouched(house, project, rows)
    house.run(prompt, version, project, slot=slot)
    assert delete(house, prompt, version) == 3
    assert_untouched(house, project, rows)
    assert delete(house, prompt) == 0
    assert_untouched(house, project, rows)


@pytest.mark.slow
def test_rows_that_came_after_the_start_and_before_the_first_write_are_theirs(house: House) -> None:
    project, tasks = house.project(3)
    prompt, version = house.prompt(project)
    run = house.start(prompt, version, project)
    assert run.label == LABEL
    rows: list[Any] = []

    def answer(request: Request) -> str:
        if not rows:
            rows.extend(theirs(house, project, tasks))
        return '{"topic": "A"}'

    house.model.answer = answer
    ended = house.container.executor.execute(run.id)
    assert ended is not None
    assert (ended.status, ended.label) == (RunStatus.COMPLETED, NUMBERED)
    assert_untouched(house, project, rows)
    assert counts(house, project) == {LABEL: 3, NUMBERED: 3}


@pytest.mark.slow
def test_the_name_stays_when_the_rows_of_others_go(house: House) -> None:
    project, tasks = house.project(2)
    prompt, version = house.prompt(project)
    theirs(house, project, tasks)
    house.run(prompt, version, project)
    house.container.studio.delete_model_version(project, LABEL)
    assert house.run(prompt, version, project).label == NUMBERED
    assert counts(house, project) == {NUMBERED: 2}


@pytest.mark.slow
def test_only_what_we_lack_is_asked_whatever_others_hold(house: House) -> None:
    project, tasks = house.project(3)
    prompt, version = house.prompt(project)
    rows = theirs(house, project, tasks)
    run = house.run(prompt, version, project, only_missing=True)
    assert (run.label, run.totals.succeeded) == (NUMBERED, 3)
    assert_untouched(house, project, rows)


@pytest.mark.slow
def test_elsewhere_the_version_keeps_its_name(house: House) -> None:
    project, tasks = house.project(2)
    free, _ = house.project(2)
    prompt, version = house.prompt(project)
    theirs(house, project, tasks)
    assert house.run(prompt, version, project).label == NUMBERED
    run = house.run(prompt, version, free)
    assert (run.label, run.message) == (LABEL, "")


@pytest.mark.slow
def test_rows_under_a_label_that_we_wrote_first_are_ours(house: House) -> None:
    project, tasks = house.project(2)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    theirs(house, project, tasks[:1])
    assert house.run(prompt, version, project).label == LABEL
    assert counts(house, project) == {LABEL: 2}


# Rows from before us under a label of ours, as a migrated store knows them


@pytest.fixture
def mixed(house: House) -> tuple[House, int, list[int], Prompt, PromptVersion, list[Any]]:
    """A label with rows of another tool on three tasks, and ours on the two others."""
    project, tasks = house.project(5)
    prompt, version = house.prompt(project)
    rows = theirs(house, project, tasks[:3])
    store, url = house.container.store, house.container.studio.url
    label = Label(LABEL, prompt.id, version.id, Slot.ALL, project, watermark=rows[-1].id)
    assert store.labels.take(url, label, None)
    theirs(house, project, tasks[3:])  # above the watermark: these are ours
    return house, project, tasks, prompt, version, rows


@pytest.mark.slow
@pytest.mark.parametrize("act", ["run", "delete", "by id", "promote", "sweep"])
def test_what_stood_there_before_us_is_left_alone(mixed: Any, act: str) -> None:
    house, project, tasks, prompt, version, rows = mixed
    if act == "run":
        for _ in range(2):
            house.run(prompt, version, project)
            assert counts(house, project) == {LABEL: 3 + 5}
    elif act == "delete":
        assert delete(house, prompt) == 2
        assert counts(house, project) == {LABEL: 3}
    elif act == "by id":
        plan = house.container.predictions.plan_delete(
            project, select(prompt=prompt, task_ids=tasks)
        )
        assert plan.total == 2
        house.container.predictions.execute_delete(plan, patience())
    elif act == "promote":
        plan = house.container.predictions.plan_promote(
            project, select(prompt=prompt, everything=True)
        )
        assert sorted(each.task_id for each in plan.candidates) == tasks[3:]
    else:
        house.container.store.served.add(project, LABEL, tasks)
        theirs(house, project, tasks)
        with house.container.store.database.write() as c:
            c.execute(sa.update(t.served).values(sweep_at=0.0))
        house.container.sweep.work()
        assert counts(house, project) == {LABEL: 3 + 5}
    assert_untouched(house, project, rows)


# Prompts of ours in each other's way


@pytest.mark.slow
def test_a_name_that_another_prompt_had_in_the_project_is_numbered_there_alone(
    house: House,
) -> None:
    project, _ = house.project(2)
    free, _ = house.project(2)
    first, version = house.prompt(project)
    house.run(first, version, project)
    house.container.store.prompts.update(first.id, title="Renamed")
    second, other = house.prompt(project)
    assert house.run(second, other, project).label == NUMBERED
    assert house.run(second, other, free).label == LABEL
    assert counts(house, project) == {LABEL: 2, NUMBERED: 2}
    assert delete(house, second) == 4
    assert counts(house, project) == {LABEL: 2}
    renamed = house.container.prompts.find("Renamed")
    assert house.run(renamed, version, project).label == "Renamed__Version 1"
    assert counts(house, project) == {"Renamed__Version 1": 2}


@pytest.mark.slow
def test_a_renamed_version_leaves_its_name_to_none_where_it_wrote(house: House) -> None:
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    house.container.store.prompts.update_version(version.id, title="Old")
    second = house.container.prompts.create_version(prompt, text="{text}", title="Version 1")
    assert house.run(prompt, second, project).label == NUMBERED
    assert counts(house, project) == {NUMBERED: 2}


@pytest.mark.slow
def test_what_was_only_named_keeps_nobody_from_the_name(house: House) -> None:
    project, _ = house.project(2)
    first, version = house.prompt(project)
    house.start(first, version, project)
    house.container.store.prompts.update(first.id, title="Renamed")
    second, other = house.prompt(project)
    assert house.run(second, other, project).label == LABEL
    [run] = house.container.store.runs.search(prompt_id=first.id)
    ended = house.container.executor.execute(run.id)
    assert ended is not None
    assert ended.label == "Renamed__Version 1"
    assert counts(house, project) == {LABEL: 2, "Renamed__Version 1": 2}


@pytest.mark.slow
def test_after_a_deletion_the_name_is_free_again_unless_others_took_it(house: House) -> None:
    project, tasks = house.project(2)
    for taken in (False, True):
        prompt, version = house.prompt(project)
        rows = theirs(house, project, tasks) if taken else []
        label = house.run(prompt, version, project).label
        assert label == (NUMBERED if taken else LABEL)
        assert delete(house, prompt) == 2
        assert_untouched(house, project, rows)


# Which project it is


def age(house: House, project: int, created_at: str) -> None:
    """Make another project of it, as when Label Studio was set up anew."""
    house.container.studio._transport.send(
        "PATCH", f"api/projects/{project}/", {"created_at": created_at}
    )


def rebind(house: House, prompt: Prompt, project_id: int) -> None:
    """As a person says that a prompt is for the project that has its number now."""
    project = house.container.studio.get_project(project_id)
    assert house.container.project_identity.confirm(prompt, project)


@pytest.mark.slow
def test_a_project_that_took_the_number_of_another_has_nothing_of_ours(house: House) -> None:
    project, tasks = house.project(2)
    prompt, version = house.prompt(project)
    made_at = house.container.studio.get_project(project).created_at
    house.run(prompt, version, project)
    age(house, project, "2027-01-01T00:00:00.000000Z")
    rows = house.container.studio.predictions(project)
    assert house.container.deletions.plan(prompt).predictions == 0
    rebind(house, prompt, project)
    run = house.run(prompt, version, project, subset=Subset.CUSTOM, task_ids=tasks, slot=Slot.ALL)
    assert run.label == NUMBERED
    assert_untouched(house, project, rows)
    # The former is back, and with it what was ours.
    age(house, project, made_at)
    rebind(house, prompt, project)
    assert house.container.deletions.plan(prompt).by_version == {LABEL: 2}


@pytest.mark.slow
def test_a_project_remade_while_a_run_was_down_gets_none_of_its_answers(house: House) -> None:
    project, tasks = house.project(2)
    prompt, version = house.prompt(project)
    run = house.start(prompt, version, project)
    # The import and its mending, both refused.
    house.fake.fail("import/predictions", "status", status=400, times=2)
    failed = house.container.executor.execute(run.id)
    assert failed is not None
    assert (failed.status, failed.stage) == (RunStatus.FAILED, Stage.VERIFYING)
    age(house, project, "2027-01-01T00:00:00.000000Z")
    rows = theirs(house, project, tasks)
    house.container.runs.resume(failed)
    refused = house.container.executor.execute(run.id)
    assert refused is not None
    assert (refused.status, "is not the project" in refused.message) == (RunStatus.FAILED, True)
    assert_untouched(house, project, rows)
    rebind(house, prompt, project)
    house.container.runs.resume(refused)
    old = house.container.executor.execute(run.id)
    assert old is not None
    assert (old.status, "is older than the project" in old.message) == (RunStatus.FAILED, True)
    assert_untouched(house, project, rows)
    anew = house.container.executor.execute(house.start(prompt, version, project).id)
    assert anew is not None
    assert (anew.status, anew.label) == (RunStatus.COMPLETED, NUMBERED)
    assert_untouched(house, project, rows)


@pytest.mark.slow
def test_what_is_ours_follows_a_label_studio_to_another_address_and_not_to_another(
    house: House,
) -> None:
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    store, here = house.container.store, house.container.studio
    moved = ServerLabelStudio(here.url.replace("127.0.0.1", "localhost"), house.fake.token)
    there = Ownership(store, moved)
    assert there.ours(project).labels == {}
    # Named by a /setup before anything was read.
    assert there.name(prompt, version, Slot.ALL, project) == LABEL
    there.look()
    assert list(there.ours(project).labels) == [LABEL]
    assert there.choose(prompt, version, Slot.ALL, moved.get_project(project)) == LABEL
    moved.close()


def test_a_project_whose_number_another_label_studio_has_too_stays_apart(house: House) -> None:
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    store, url = house.container.store, house.container.studio.url
    own(store, "http://another", project, LABEL, prompt.id, version.id)
    with store.database.write() as c:
        made_at = sa.func.now()
        c.execute(sa.update(t.labels).values(project_made_at=made_at))
    assert house.container.deletions.plan(prompt).plans == ()
    house.container.ownership.identify(house.container.studio.get_project(project))
    assert store.labels.of_project(url, project) == []
    assert len(store.labels.of_project("http://another", project)) == 1


# What it costs


@pytest.mark.slow
def test_a_label_is_looked_up_once(house: House) -> None:
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    first = calls(house, lambda: house.run(prompt, version, project))
    again = calls(house, lambda: house.run(prompt, version, project))
    assert first[VERSIONS] == 2, "at the start, and right before the first write"
    assert again[VERSIONS] == 0


def test_naming_asks_label_studio_nothing_and_looking_asks_once(house: House) -> None:
    project, tasks = house.project(2)
    prompt, version = house.prompt(project)
    rows = theirs(house, project, tasks)
    ownership = house.container.ownership

    def name() -> str:
        return ownership.name(prompt, version, Slot.ALL, project)

    assert calls(house, name) == {}
    assert name() == LABEL
    assert ownership.ours(project).labels == {}
    assert calls(house, ownership.look)[VERSIONS] == 1
    assert name() == NUMBERED
    assert calls(house, ownership.look) == {}
    assert ownership.ours(project).labels == {}
    assert_untouched(house, project, rows)


@pytest.mark.slow
def test_looking_goes_on_once_label_studio_is_back(house: House) -> None:
    project, tasks = house.project(2)
    prompt, version = house.prompt(project)
    theirs(house, project, tasks)
    ownership = house.container.ownership
    assert ownership.name(prompt, version, Slot.ALL, project) == LABEL
    house.fake.control(down=True)
    ownership.look()
    house.fake.control(down=False)
    ownership._look_at = 0.0
    ownership.look()
    assert ownership.name(prompt, version, Slot.ALL, project) == NUMBERED


@pytest.mark.slow
def test_several_at_once_agree_on_one_label(house: House) -> None:
    project, tasks = house.project(2)
    prompt, version = house.prompt(project)
    theirs(house, project, tasks)
    found: list[str] = []

    def claim() -> None:
        ownership = Ownership(house.container.store, house.container.studio)
        found.append(ownership.claim(prompt, version, Slot.ALL, project))

    threads = [threading.Thread(target=claim) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [NUMBERED] * 5
    assert list(house.container.ownership.ours(project).labels) == [NUMBERED]
