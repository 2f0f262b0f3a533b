"""Erasing: no byte of it is left in the database's files, and nothing else is touched."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from ml_backend.records import (
    AuditAction,
    CallRecord,
    Example,
    Failure,
    FailureKind,
    JobKind,
    Person,
    Prediction,
    ProviderName,
    RunOptions,
    RunSnapshot,
    RunStatus,
    Scope,
    Usage,
)
from ml_backend.services.inference.model_requests import paid_key
from ml_backend.store import CachedAnswer, RaceAnswer, Store, tables as t

KIM = Person(7, "kim", "kim@example.com", "Kim", "Kimsen-Unmistakable")
LEE = Person(8, "lee", "lee@example.com", "Lee", "Other")
PROJECT, OTHER = 3, 4


def mark(project: int, task: int, where: str) -> str:
    return f"SECRET-{project}-{task}-{where}-END"


def keep(store: Store, project: int, made_by: Person = KIM) -> int:
    """Keep something of three tasks in every table that has texts; return the run."""
    title = f"Prompt {project}"
    prompt = store.prompts.create(title, "", [project], created_by=made_by)
    version = store.prompts.create_version(
        prompt.id,
        title="v",
        text="Which? {text}",
        provider=ProviderName.OPENAI,
        model="m",
        created_by=made_by,
    )
    run = store.runs.create(
        prompt_id=prompt.id,
        version_id=version.id,
        project_id=project,
        label=f"{title}__v",
        slot="all",
        subset="All",
        snapshot=RunSnapshot.of(version, title),
        options=RunOptions(filters={"value": mark(project, 0, "filter")}),
        created_by=made_by,
        total=3,
        cost=0.0,
    )
    asked = [
        CallRecord(Usage(10, 5), 0.25, calls=1, request_key=f"key-{project}-{n}") for n in (1, 2, 3)
    ]
    store.outcomes.add(
        run.id,
        [
            Prediction(1, {"topic": mark(project, 1, "answer")}, [], 0.5, (), asked[0], "raw"),
            Prediction(2, {"topic": mark(project, 2, "answer")}, [], 0.5, (), asked[1], "raw"),
            Failure(
                3, FailureKind.INVALID_ANSWER, mark(project, 3, "said"), mark(project, 3, "raw"),
                asked[2],
            ),
        ],
        [
            CachedAnswer(
                paid_key(each.request_key, f"{project}@"),
                mark(project, n, "cached"),
                None,
                each,
                project,
            )
            for n, each in enumerate(asked, 1)
        ],
    )  # fmt: skip
    store.outcomes.keep(
        run.id,
        [
            {
                "prediction_id": project * 10 + n,
                "task_id": n,
                "label": "l",
                "score": None,
                "result": [{"x": mark(project, n, "kept")}],
            }
            for n in (1, 2)
        ],
    )
    fence = store.runs.claim(run.id, "me", 60)
    assert fence is not None
    store.runs.finish(run.id, fence, RunStatus.COMPLETED, mark(project, 0, "message"), cost=0.75)
    examples = [
        Example(
            n, {"text": mark(project, n, "data")}, {"a": mark(project, n, "truth")},
            n + project * 100, True,
        )
        for n in (1, 2, 3)
    ]  # fmt: skip
    store.examples.replace(project, examples, revision=store.examples.revision(project))
    said = mark(project, 2, "failure")
    store.served.add_failures(
        project, "l", [Failure(2, FailureKind.TIMEOUT, said, "", CallRecord())]
    )
    store.projects.set_instruction(project, mark(project, 0, "title"), mark(project, 0, "words"))
    store.contacts.remember(
        project, "", extra_params={}, label_config=mark(project, 0, "config"), host="h"
    )
    job, fence = store.jobs.create(
        JobKind.REFINE, {}, created_by=made_by, seconds=60, prompt_id=prompt.id, project_id=project
    )
    result = {"reasoning": mark(project, 1, "reasoning"), "task_ids": [1, 3]}
    store.jobs.finish(job.id, fence, RunStatus.COMPLETED, message="", result=result)
    store.outcomes.add_answers(
        [CachedAnswer(f"alone-{project}", mark(project, 0, "try"), None, CallRecord(), project)]
    )
    return run.id


def left(folder: Path, *texts: str) -> list[str]:
    """Return which texts are still somewhere in the files."""
    content = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
    return [text for text in texts if text.encode() in content]


@pytest.fixture
def folder(store: Store) -> Path:
    path = store.database.engine.url.database
    if store.database.engine.dialect.name != "sqlite" or not path:
        pytest.skip("only SQLite has files of ours")
    return Path(path).parent


@pytest.mark.slow
@pytest.mark.parametrize("whole", [True, False])
def test_a_project_leaves_no_byte_and_its_figures_stay(
    store: Store, folder: Path, whole: bool
) -> None:
    run, other = keep(store, PROJECT), keep(store, OTHER)
    assert left(folder, f"SECRET-{PROJECT}-"), "it is there before"
    planned = store.erasing.erase_project(PROJECT, dry_run=True)
    assert left(folder, f"SECRET-{PROJECT}-")
    done = store.erasing.erase_project(PROJECT)
    assert done == planned
    assert done["answers of runs"] == done["examples"] == done["cached answers"] == 3
    assert store.erasing.erase_unused_answers(PROJECT) == 1
    assert store.erasing.settle(whole=whole)
    assert left(folder, f"SECRET-{PROJECT}-") == []
    kept = store.runs.get(run)
    assert (kept.totals.cost, kept.totals.total, kept.status) == (0.75, 3, RunStatus.COMPLETED)
    assert store.outcomes.totals(run).cost == pytest.approx(0.75)
    assert list(store.outcomes.iter(run)) == []
    spots = ("try", "filter", "message", "title", "words", "config")
    places = [mark(OTHER, 0, where) for where in spots]
    places += [mark(OTHER, n, where) for n in (1, 2) for where in ("answer", "cached", "kept")]
    assert left(folder, *places) == places, "of others nothing is touched"
    assert len(list(store.outcomes.iter(other))) == 3
    assert len(store.examples.of_project(OTHER)) == 3
    assert store.erasing.erase_project(PROJECT) == {}


def test_a_task_leaves_no_byte_and_others_of_its_project_stay(store: Store, folder: Path) -> None:
    run = keep(store, PROJECT)
    revision = store.examples.revision(PROJECT)
    done = store.erasing.erase_tasks(PROJECT, [1])
    assert done["answers of runs"] == done["examples"] == done["refinements"] == 1
    store.erasing.settle(whole=False)
    assert left(folder, f"SECRET-{PROJECT}-1-") == []
    assert left(folder, mark(PROJECT, 2, "answer"), mark(PROJECT, 3, "raw"))
    assert [each.task_id for each in store.outcomes.iter(run)] == [2, 3]
    assert store.outcomes.totals(run).cost == pytest.approx(0.75), "what was spent stays"
    assert store.examples.revision(PROJECT) > revision
    (job,) = store.jobs.search(kinds=[JobKind.REFINE])
    assert job.result["task_ids"] == [1, 3], "which tasks a teacher saw stays known"


@pytest.mark.slow
def test_an_answer_that_another_task_shares_stays(store: Store) -> None:
    run = keep(store, PROJECT)
    shared = CallRecord(request_key="key-3-1")
    store.outcomes.add(run, [Prediction(9, {"topic": "x"}, [], None, (), shared)])
    assert not store.erasing.erase_tasks(PROJECT, [1]).get("cached answers")
    assert store.outcomes.find_answers([paid_key("key-3-1", f"{PROJECT}@")])


@pytest.mark.slow
@pytest.mark.parametrize("whole", [True, False])
def test_a_person_leaves_no_byte_and_what_they_made_stays(
    store: Store, folder: Path, whole: bool
) -> None:
    keep(store, PROJECT)
    keep(store, OTHER, LEE)
    own = store.connections.create(
        title="own", api_key="sk-own", provider="OpenAI", scope=Scope.USER.value, created_by=KIM
    )
    shared = store.connections.create(
        title="all", api_key="sk-all", provider="OpenAI", created_by=KIM
    )
    session = store.web_sessions.create("a-token", KIM)
    store.audit.tell(AuditAction.SIGNED_IN)
    assert left(folder, KIM.email, KIM.last_name)
    assert store.erasing.people() == {7: {KIM.email}, 8: {LEE.email}}
    for person in (7, 8):
        store.secrets.note_connector(PROJECT, person)
    planned = store.erasing.erase_person(7, dry_run=True)
    assert store.secrets.is_connector(PROJECT, 7)
    done = store.erasing.erase_person(7)
    assert planned == done
    assert done["projects connected"] == 1
    assert [store.secrets.is_connector(PROJECT, each) for each in (7, 8)] == [False, True]
    assert done["keys of their own"] == done["sessions"] == done["runs made"] == 1
    store.erasing.settle(whole=whole)
    assert left(folder, KIM.email, KIM.last_name) == []
    assert left(folder, LEE.email) == [LEE.email]
    assert store.web_sessions.token(session) is None
    assert store.connections.get(own.id or 0).api_key == ""
    kept = store.connections.get(shared.id or 0)
    assert (kept.api_key, kept.created_by.id if kept.created_by else None) == ("sk-all", 0)
    assert store.prompts.find("Prompt 3") is not None
    told = [each for each in store.audit.search(limit=100) if each.person_id == 7]
    assert {(each.email, each.name) for each in told} == {("", "person 7 (erased)")}
    assert store.audit.search(actions=(AuditAction.ERASED,))[0].object_id == 7


def test_only_old_answers_go_where_only_old_ones_are_meant(store: Store) -> None:
    keep(store, PROJECT)
    now = datetime.now(UTC)
    with store.database.write() as c:
        c.execute(
            sa.insert(t.answers).values(
                key="old", text="", created_at=datetime(2020, 1, 1, tzinfo=UTC)
            )
        )
    assert store.erasing.erase_unused_answers(None, before=now.replace(year=now.year - 1)) == 1
    assert store.erasing.erase_unused_answers(OTHER) == 0
    keys = {"alone-3", paid_key("key-3-1", "3@")}
    assert store.outcomes.find_answers(list(keys)).keys() == keys
    assert store.erasing.erase_unused_answers(None) == 1, "what runs paid for stays"
    assert store.outcomes.find_answers(list(keys)).keys() == keys - {"alone-3"}


def test_what_another_project_paid_for_the_same_request_stays(store: Store) -> None:
    asked = CallRecord(request_key="key-3-1")
    keep(store, PROJECT)
    keep(store, OTHER)
    theirs, old, nobodys = (paid_key("key-3-1", place) for place in ("4@", "old", "nobody"))
    store.outcomes.add_answers(
        [
            CachedAnswer(theirs, "", None, asked, OTHER),
            CachedAnswer(old, "", None, asked),
            CachedAnswer(nobodys, "", None, CallRecord(request_key="key-4-1")),
        ]
    )
    assert store.erasing.erase_tasks(PROJECT, [1])["cached answers"] == 2, "its own, and the old"
    assert store.outcomes.find_answers([theirs, old, nobodys]).keys() == {theirs, nobodys}


def test_a_task_that_was_only_raced_is_known_and_leaves_no_byte(store: Store, folder: Path) -> None:
    prompt = store.prompts.create("Raced", "", [PROJECT])
    race, _ = store.jobs.create(
        JobKind.RACE, {}, created_by=KIM, seconds=60, prompt_id=prompt.id, project_id=PROJECT
    )
    asked = [CallRecord(Usage(1, 1), 0.1, calls=1, request_key=f"raced-{n}") for n in (1, 2)]
    store.outcomes.add_answers(
        [
            CachedAnswer(
                paid_key(each.request_key, f"{PROJECT}@"),
                mark(PROJECT, n, "raced"),
                None,
                each,
                PROJECT,
            )
            for n, each in enumerate(asked, 1)
        ]
    )
    store.races.add(
        race.id,
        PROJECT,
        [
            RaceAnswer(0, n, True, 1.0, True, request_key=each.request_key)
            for n, each in enumerate(asked, 1)
        ],
    )
    assert store.erasing.projects() == [PROJECT]
    assert store.erasing.tasks(PROJECT) == [1, 2]
    assert store.erasing.projects_of_task(1) == [PROJECT]
    assert store.erasing.erase_tasks(PROJECT, [1])["cached answers"] == 1
    store.erasing.settle(whole=False)
    assert left(folder, mark(PROJECT, 1, "raced"), mark(PROJECT, 2, "raced")) == [
        mark(PROJECT, 2, "raced")
    ]
    assert store.erasing.erase_project(PROJECT)["results of races"] == 1
    store.erasing.settle(whole=False)
    assert left(folder, mark(PROJECT, 2, "raced")) == []
    assert store.erasing.projects() == []
