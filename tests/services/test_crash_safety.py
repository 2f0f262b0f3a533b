"""What goes wrong around a run: its database, its tasks, its token, its own long sleep."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm import Request
from ml_backend.records import FailureKind, Run, RunStatus, Stage
from ml_backend.services.runs.executor import Executor
from ml_backend.services.writing.patience import Interrupted, Patience
from ml_backend.store import tables as t
from ml_backend.store.run_columns import to_columns
from support.by_hand import delete_project
from support.house import CONFIG, House
from support.models import adopt
from support.server import ROOT

PAGE_SECONDS = 8.0
"""How late a page is, and so the event loop if it waited for it."""

STORES_NOTHING = {"mode": "status", "status": 201, "body": '{"created": 0}', "times": 6}


def patience() -> Patience:
    return Patience(lambda message: None, threading.Event())


def resumed(house: House, run: Run) -> Run:
    house.container.runs.resume(run)
    return house.execute(run)


def reopen(house: House, run: Run, stage: Stage, **columns: Any) -> Run:
    """Execute a run as a process that died in a stage leaves it."""
    values = {"status": "InProgress", "stage": stage.value, "lease_until": 0.0, **columns}
    with house.container.store.database.write() as c:
        c.execute(sa.update(t.runs).where(t.runs.c.id == run.id).values(**to_columns(values)))
    return house.execute(run)


@contextmanager
def database(house: House) -> Iterator[sqlite3.Connection]:
    path = house.container.settings.data_dir / "prompts.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as opened:
        opened.execute("PRAGMA busy_timeout=5000")
        yield opened


# The database


@pytest.mark.slow
def test_a_database_that_refuses_answers_stops_the_asking_and_loses_none(house: House) -> None:
    project, tasks = house.project(200)
    prompt, version = house.prompt(project)

    with database(house) as side:

        def answer(request: Request) -> str:
            if len(house.model.asked) == 10:
                side.execute(
                    "CREATE TRIGGER full BEFORE INSERT ON outcomes "
                    "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
                )
                threading.Timer(1.3, side.execute, ["DROP TRIGGER full"]).start()
            time.sleep(0.01)
            return '{"topic": "A"}'

        house.model.answer = answer
        run = house.run(prompt, version, project)
    assert run.status is RunStatus.FAILED
    assert "disk is full" in run.message
    asked = len(house.model.asked)
    assert asked < 200, "nobody pays for answers that cannot be kept"
    assert run.totals.succeeded == asked, "what was paid for is kept as soon as it can be"
    ended = resumed(house, run)
    assert ended.status is RunStatus.COMPLETED
    assert len(house.model.asked) == 200
    assert house.held(project) == {task: Counter(["P__Version 1"]) for task in tasks}


@pytest.mark.slow
def test_text_no_database_takes_costs_no_other_task_its_answer(house: House) -> None:
    project, _ = house.project(3)
    prompt, version = house.prompt(project)
    house.model.answer = lambda request: (
        "half a pair: \ud83d" if request.inputs["text"] == "text 1" else '{"topic": "A"}'
    )
    run = house.run(prompt, version, project)
    assert (run.status, run.totals.succeeded) == (RunStatus.COMPLETED, 2)
    (failure,) = house.container.runs.failures(run)
    assert failure.raw == "half a pair: ?"


@pytest.mark.slow
def test_the_event_loop_never_waits_for_a_page_that_is_wanted_no_more(house: House) -> None:
    project, _ = house.project(1100)
    prompt, version = house.prompt(project)
    run = house.start(prompt, version, project)
    house.fake.fail("api/tasks", "delay", method="GET", skip=2, seconds=PAGE_SECONDS)
    stopped = threading.Event()

    def answer(request: Request) -> str:
        stopped.set()
        raise RunStopper("no", kind=FailureKind.QUOTA)

    house.model.answer = answer
    thread = threading.Thread(target=house.container.executor.execute, args=(run.id,))
    thread.start()
    assert stopped.wait(60)
    for _ in range(20):
        house.container.loop.submit(asyncio.sleep(0.05)).result(PAGE_SECONDS - 2)
    thread.join(60)
    assert house.container.store.runs.get(run.id).status is RunStatus.FAILED


# Tasks that are others now


@pytest.mark.slow
@pytest.mark.parametrize("limit", [None, 5.0])
def test_answers_of_tasks_deleted_before_a_resume_are_not_given_to_others(
    house: House, limit: float | None
) -> None:
    models = house.container.models
    models.default = replace(models.default, prices={"scripted": (1.0, 1.0)})
    adopt(models, models.default, house.model)
    project, tasks = house.project(10)
    prompt, version = house.prompt(project)

    def answer(request: Request) -> str:
        if request.inputs["text"] == "text 9":
            raise RunStopper("no", kind=FailureKind.QUOTA)
        return '{"topic": "A"}'

    house.model.answer = answer
    run = house.run(prompt, version, project, budget=limit)
    assert run.status is RunStatus.FAILED
    studio = house.container.studio
    studio.delete_tasks(project, tasks[5:])
    assert studio.import_tasks(project, [{"text": f"new {n}"} for n in range(5)]) == tasks[5:]
    house.model.answer = lambda request: '{"topic": "B"}'
    house.model.asked.clear()
    ended = resumed(house, run)
    assert ended.status is RunStatus.COMPLETED
    assert {request.inputs["text"] for request in house.model.asked} == {
        f"new {n}" for n in range(5)
    }, "the others were paid for"
    assert ended.totals.succeeded == 10
    given = {row.task_id: row.result[0]["value"]["choices"] for row in studio.predictions(project)}
    assert given == {task: ["B"] if task in tasks[5:] else ["A"] for task in tasks}


@pytest.mark.slow
def test_answers_a_changed_labeling_config_refuses_are_asked_anew(house: House) -> None:
    project, tasks = house.project()
    prompt, version = house.prompt(project)
    studio = house.container.studio
    changed = CONFIG.replace('<Choice value="A"/>', '<Choice value="C"/>')

    def answer(request: Request) -> str:
        if "C" in str(request.schema):
            return '{"topic": "C"}'
        if request.inputs["text"] == "text 4":
            studio._transport.send("PATCH", f"api/projects/{project}/", {"label_config": changed})
        return '{"topic": "B"}' if request.inputs["text"] == "text 0" else '{"topic": "A"}'

    house.model.answer = answer
    run = house.run(prompt, version, project)
    assert run.status is RunStatus.COMPLETED, run.message
    assert len(house.model.asked) == 5 + 4, "an answer that still fits is not paid for again"
    given = [row.result[0]["value"]["choices"] for row in studio.predictions(project)]
    assert sorted(given) == [["B"], ["C"], ["C"], ["C"], ["C"]]
    assert house.held(project) == {task: Counter(["P__Version 1"]) for task in tasks}


# Resuming and taking over


@pytest.mark.slow
def test_a_run_done_but_not_yet_said_to_be_asks_nothing_more(house: House) -> None:
    project, _ = house.project()
    prompt, version = house.prompt(project)
    run = house.run(prompt, version, project)
    house.container.studio.import_tasks(project, [{"text": "late"}])
    ended = reopen(house, run, Stage.DONE)
    assert ended.status is RunStatus.COMPLETED
    assert len(house.model.asked) == 5


@pytest.mark.slow
def test_what_stopped_an_earlier_attempt_is_not_said_of_the_one_that_went_through(
    house: House,
) -> None:
    project, _ = house.project(1)
    prompt, version = house.prompt(project)

    def refuse(request: Request) -> str:
        raise RunStopper("no", kind=FailureKind.QUOTA)

    house.model.answer = refuse
    run = house.run(prompt, version, project)
    assert run.status is RunStatus.FAILED
    house.model.answer = lambda request: '{"topic": "A"}'
    ended = reopen(house, run, Stage.ASKING)  # its process died before it could end the run
    assert ended.status is RunStatus.COMPLETED, ended.message


@pytest.mark.slow
@pytest.mark.parametrize("attempts", [1, 2])
def test_failures_forgotten_by_a_resume_are_asked_again(house: House, attempts: int) -> None:
    project, tasks = house.project()
    prompt, version = house.prompt(project)

    def answer(request: Request) -> str:
        if request.inputs["text"] == "text 2":
            raise ModelError("no", kind=FailureKind.TIMEOUT)
        return '{"topic": "A"}'

    house.model.answer = answer
    house.fake.control(faults=[{"path": "import/predictions", **STORES_NOTHING}])
    run = house.run(prompt, version, project)
    assert (run.status, run.stage) == (RunStatus.FAILED, Stage.VERIFYING)
    for _ in range(attempts - 1):
        house.fake.control(faults=[{"path": "import/predictions", **STORES_NOTHING, "times": 5}])
        run = resumed(house, run)
        assert run.status is RunStatus.FAILED
    house.model.answer = lambda request: '{"topic": "A"}'
    ended = resumed(house, run)
    assert (ended.status, ended.totals.succeeded) == (RunStatus.COMPLETED, 5)
    assert house.held(project) == {task: Counter(["P__Version 1"]) for task in tasks}


@pytest.mark.slow
def test_a_row_that_came_while_clearing_does_not_keep_a_run_from_its_end(house: House) -> None:
    project, tasks = house.project(40)
    prompt, version = house.prompt(project)
    run = house.run(prompt, version, project)
    studio = house.container.studio
    keys = studio.prediction_keys(project)
    [late] = [row for row in studio.predictions(project) if row.task_id == tasks[0]]
    row = {"task": tasks[0], "result": late.result, "model_version": run.label}
    studio.import_predictions(project, [row])  # as /predict does, between plan and clearing
    writes = replace(
        run.plan.planned,
        watermark=max(key.id for key in keys),
        clear=tuple(key.id for key in keys),
        skip=(),
    )
    ended = reopen(house, run, Stage.CLEARING, plan=replace(run.plan, writes=writes))
    assert ended.status is RunStatus.COMPLETED, ended.message
    assert house.held(project) == {task: Counter([run.label]) for task in tasks}


@pytest.mark.slow
def test_a_kept_prediction_does_not_come_back_beside_a_later_run_s(house: House) -> None:
    project, tasks = house.project(40)
    prompt, first = house.prompt(project)
    house.run(prompt, first, project)
    second = house.version(prompt, "Again {text}")

    def answer(request: Request) -> str:
        if request.inputs["text"] == "text 7":
            raise ModelError("no", kind=FailureKind.TIMEOUT)
        return '{"topic": "A"}'

    house.model.answer = answer
    house.fake.control(
        faults=[
            {"path": "import/predictions", **STORES_NOTHING},
            {"path": "api/predictions/", "method": "POST", "mode": "status", "status": 422}
            | {"body": "{}", "times": 3},
        ]
    )
    run = house.run(prompt, second, project)
    assert run.status is RunStatus.FAILED
    house.fake.control(faults=[])
    house.model.answer = lambda request: '{"topic": "A"}'
    third = house.version(prompt, "Once more {text}")
    house.run(prompt, third, project)
    house.model.answer = answer
    ended = resumed(house, run)
    assert ended.status is RunStatus.COMPLETED, ended.message
    held = house.held(project)
    assert held.pop(tasks[7]) == Counter(["P__Version 3"])
    assert set(map(str, held.values())) == {str(Counter(["P__Version 2"]))}


@pytest.mark.slow
def test_a_kept_prediction_that_an_import_drops_is_created(house: House) -> None:
    project, tasks = house.project(40)
    prompt, first = house.prompt(project)
    house.run(prompt, first, project)
    second = house.version(prompt, "Again {text}")

    def answer(request: Request) -> str:
        if request.inputs["text"] == "text 7":
            raise ModelError("no", kind=FailureKind.TIMEOUT)
        return '{"topic": "B"}'

    house.model.answer = answer
    # The load and two rounds of mending: what the import refuses for good is created singly.
    house.fake.control(faults=[{"path": "import/predictions", **STORES_NOTHING, "times": 3}])
    run = house.run(prompt, second, project)
    assert run.status is RunStatus.COMPLETED, run.message
    assert house.fake.state()["calls"]["POST /api/predictions/"] == 1
    studio = house.container.studio
    [kept] = [row for row in studio.predictions(project) if row.task_id == tasks[7]]
    assert (kept.model_version, kept.result[0]["value"]) == ("P__Version 1", {"choices": ["A"]})


@pytest.mark.slow
def test_the_label_stream_keeps_what_a_person_chose_meanwhile(house: House) -> None:
    project, tasks = house.project()
    prompt, version = house.prompt(project)
    studio = house.container.studio
    studio.import_predictions(project, [{"task": tasks[0], "result": [], "model_version": "X"}])
    run = house.run(prompt, version, project)
    studio.set_model_version(project, "X")
    reopen(house, run, Stage.VERIFYING)
    assert studio.get_project(project).model_version == "X"


# Label Studio


@pytest.mark.slow
def test_a_token_revoked_while_loading_ends_the_run_resumable(house: House) -> None:
    project, tasks = house.project()
    prompt, version = house.prompt(project)
    refused = {"mode": "status", "status": 401, "body": '{"detail": "Invalid token."}'}
    house.fake.control(
        faults=[
            {"path": "import/predictions", **refused},
            {"path": "api/predictions/", "method": "GET", "skip": 1, **refused},
        ]
    )
    run = house.run(prompt, version, project)
    assert (run.status, run.stage) == (RunStatus.FAILED, Stage.VERIFYING)
    assert "LABEL_STUDIO_API_KEY" in run.message
    assert not house.container.store.writing.unsettled(house.fake.url)
    assert resumed(house, run).status is RunStatus.COMPLETED
    assert len(house.model.asked) == 5
    assert house.held(project) == {task: Counter(["P__Version 1"]) for task in tasks}


@pytest.mark.slow
def test_a_project_deleted_while_asking_ends_the_run_with_a_word(house: House) -> None:
    project, _ = house.project()
    prompt, version = house.prompt(project)

    def answer(request: Request) -> str:
        if request.inputs["text"] == "text 4":
            delete_project(house.container.studio, project)
        return '{"topic": "A"}'

    house.model.answer = answer
    run = house.run(prompt, version, project)
    assert run.status is RunStatus.FAILED
    assert f"no project {project}" in run.message


@pytest.mark.slow
@pytest.mark.parametrize("stage", [Stage.PLANNING, Stage.VERIFYING])
def test_a_label_studio_that_stays_away_ends_the_run_once_its_patience_ends(
    house: House, stage: Stage
) -> None:
    project, _ = house.project()
    prompt, version = house.prompt(project)
    container = house.container
    container.executor = Executor(
        container.store,
        container.studio,
        container.models,
        container.predictor_factory,
        container.evaluation,
        container.writer,
        container.ownership,
        container.loop,
        give_up_after=0.6,
    )
    run = house.run(prompt, version, project)
    house.fake.control(down=True)
    ended = reopen(house, run, stage)
    assert ended.status is RunStatus.FAILED
    assert "does not answer" in ended.message
    house.fake.control(down=False)
    assert resumed(house, ended).status is RunStatus.COMPLETED
    assert len(house.model.asked) == 5


# Writing


@pytest.mark.slow
def test_a_process_that_stood_still_after_its_intent_sends_nothing(house: House) -> None:
    project, tasks = house.project()
    row = {"task": tasks[0], "result": [], "model_version": "L"}
    with database(house) as side, house.container.writer.hold(patience()) as session:
        house.container.writer.settle_seconds = 1.5
        side.execute("BEGIN IMMEDIATE")
        threading.Timer(1.6, side.execute, ["COMMIT"]).start()
        with pytest.raises(Interrupted):
            session.import_predictions(project, "L", [row], 0)
    assert house.held(project)[tasks[0]] == Counter()
    assert not house.container.store.writing.unsettled(house.fake.url)


def intend(house: House, kind: str, **detail: Any) -> int:
    store, lease = house.container.store, house.container.writer.lease
    fence = store.writing.acquire(lease, "a process that dies", 5.0)
    assert fence is not None
    found = store.writing.intend(
        lease,
        fence,
        label_studio_url=house.fake.url,
        project_id=1,
        run_id=None,
        kind=kind,
        label="L",
        detail=detail,
    )
    store.writing.release(lease, fence)
    assert found is not None
    return found


@pytest.mark.slow
def test_half_a_deletion_by_id_is_not_waited_for_as_long_as_all_of_it_took(house: House) -> None:
    _, _ = house.project()
    house.container.writer.settle_seconds, house.container.writer.clock = 1.5, time.time
    slow = intend(house, "delete_ids", predictions=[])
    house.container.store.writing.confirm(slow)
    with house.container.store.database.write() as c:
        c.execute(sa.update(t.publications).values(started_at=time.time() - 600))
    house.container.studio.import_predictions(1, [{"task": 1, "result": [], "model_version": "L"}])
    intend(house, "delete_ids", predictions=[1])

    def say(message: str) -> None:
        seconds = re.search(r"up to (\d+) s", message)
        assert not seconds or int(seconds[1]) < 10, "as long as one call at most"

    with house.container.writer.hold(Patience(say, threading.Event())):
        pass


@pytest.mark.slow
def test_a_write_another_process_gave_up_on_is_doubted_by_the_next_too(house: House) -> None:
    house.project()
    intend(house, "import", tasks=[1], labels=["L"], watermark=0)
    with house.container.writer.hold(patience()):
        pass
    house.container.writer.clock = time.time
    with house.container.writer.hold(patience()) as session:
        assert session.doubtful_seconds() > 0


def test_a_deletion_in_flight_counts_as_publishing(house: House) -> None:
    project, _ = house.project()
    runs, writing = house.container.store.runs, house.container.store.writing
    intent = intend(house, "delete_label")
    assert runs.publishing(project)
    writing.confirm(intent)
    assert not runs.publishing(project)


@pytest.mark.slow
def test_leases_and_runs_are_taken_under_a_row_lock_where_the_database_has_them(
    house: House,
) -> None:
    project, _ = house.project()
    run = house.start(*house.prompt(project), project)
    read = []
    engine = house.container.store.database.engine

    def listen(_: Any, clause: Any, *rest: Any) -> None:
        if isinstance(clause, sa.Select):
            read.append(str(clause.compile(dialect=postgresql.dialect())))

    sa.event.listen(engine, "before_execute", listen)
    with house.container.writer.hold(patience()) as session:
        session.repair_counters(project)
    house.container.store.runs.claim(run.id, "someone", 1.0)
    taken = [text for text in read if "FOR UPDATE" in text]
    assert sum("FROM leases" in text for text in taken) == 2, "to take it, and at each intent"
    assert sum("FROM runs" in text for text in taken) == 1


FIRST_WRITE = """
import sys, threading
from ml_backend.container import Container
from ml_backend.services.writing.patience import Patience
from ml_backend.settings import Settings

container = Container(Settings.from_env({env!r}))
container.studio.get_project({project})
assert "label_studio_sdk.client" not in sys.modules
with container.writer.hold(Patience(print, threading.Event())):
    sys.exit("label_studio_sdk.client" not in sys.modules)
"""


@pytest.mark.slow
def test_what_the_first_write_needs_is_loaded_before_its_intent(
    house: House, tmp_path: Path
) -> None:
    """Loading the SDK takes seconds on a busy machine, in which a write would go stale unsent."""
    project, _ = house.project()
    env = {
        "LABEL_STUDIO_URL": house.fake.url,
        "LABEL_STUDIO_API_KEY": house.fake.token,
        "DATA_DIR": str(tmp_path / "data"),
    }
    code = FIRST_WRITE.format(env=env, project=project)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0
