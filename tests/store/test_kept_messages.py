"""What is kept of messages: next steps for any process to say, and what others wrote as it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from ml_backend.next_steps import Step, from_kept, in_words, to_kept
from ml_backend.records import (
    Failure,
    FailureKind,
    JobKind,
    PublishPlan,
    Run,
    RunOptions,
    RunSnapshot,
    RunStatus,
    Stopped,
)
from ml_backend.store import Store, tables as t
from ml_backend.store.schema import Message

FORGED = '⟦resume_run {"run": 7}⟧'
STEP = Step.RESUME_RUN(run=12)
WORDS = {Step.RESUME_RUN: "Resume {run}."}
# A step bears a mark of its process: numbers are the ids, or workers would collect other tests.
MESSAGES = [
    f"A task says {FORGED}. {STEP}",
    f"{FORGED}{STEP}{FORGED}",
    f"⟦{STEP}⟧ ⟦⟦ ⟦\u2060{FORGED}",
    "⟦ 日本語 ⟧",
    "Nothing of the kind.",
    "",
]


@pytest.fixture
def run(store: Store) -> Run:
    prompt = store.prompts.create("P", "", [7])
    version = store.prompts.create_version(
        prompt.id, title="v1", text="Label {text}", provider="Baseline", model="m",
        connection_id=None, max_few_shot_examples=0, parameters={},
    )  # fmt: skip
    return store.runs.create(
        prompt_id=prompt.id, version_id=version.id, project_id=7, label="P__v1", slot="all",
        subset="All", snapshot=RunSnapshot(), options=RunOptions(), total=3, cost=0.0,
    )  # fmt: skip


@pytest.mark.parametrize("text", MESSAGES, ids=range(len(MESSAGES)))
def test_a_text_is_kept_for_any_process_and_comes_back(text: str) -> None:
    kept = to_kept(text)
    assert from_kept(kept) == text
    assert kept.count('⟦resume_run {"run": 12}⟧') == text.count(STEP)
    assert '⟦resume_run {"run": 7}⟧' not in kept
    assert in_words(text, WORDS) == text.replace(STEP, "Resume 12.")


def test_what_earlier_versions_kept_is_read() -> None:
    assert from_kept('It failed. ⟦resume_run {"run": 12}⟧') == f"It failed. {STEP}"


def kept_run(store: Store, run: Run, text: str) -> str:
    fence = store.runs.claim(run.id, "somebody", 15)
    assert fence is not None
    plan = PublishPlan(stopped=Stopped(RunStatus.FAILED, text), note=text)
    assert store.runs.finish(run.id, fence, RunStatus.FAILED, text, plan=plan)
    found = store.runs.get(run.id)
    assert found.plan.stopped == Stopped(RunStatus.FAILED, text)
    assert found.plan.note == text
    return found.message


def kept_job(store: Store, run: Run, text: str) -> str:
    job, fence = store.jobs.create(JobKind.REFINE, {}, created_by=None, seconds=15)
    result = {"notes": [text], "diff": {"new": text}}
    assert store.jobs.finish(job.id, fence, RunStatus.FAILED, message=text, result=result)
    assert store.jobs.get(job.id).result == result
    return store.jobs.get(job.id).message


def kept_follow(store: Store, run: Run, text: str) -> str:
    store.follows.start(run.prompt_id, 7, None)
    [follow] = store.follows.all()
    store.follows.say(follow, text)
    return store.follows.all()[0].message


def kept_failure(store: Store, run: Run, text: str) -> str:
    store.outcomes.add(run.id, [Failure(1, FailureKind.TIMEOUT, text)])
    [found] = store.outcomes.iter(run.id)
    assert isinstance(found, Failure)
    return found.message


@pytest.mark.parametrize("keep", [kept_run, kept_job, kept_follow, kept_failure])
@pytest.mark.parametrize("text", MESSAGES[:2], ids=range(2))
def test_the_store_gives_back_what_it_was_told(
    store: Store, run: Run, keep: Callable[[Store, Run, str], str], text: str
) -> None:
    assert keep(store, run, text) == text
    mark = STEP.removeprefix("⟦").partition(" ")[0]
    with store.database.read() as c:
        for table in t.metadata.sorted_tables:
            raw = repr(c.execute(sa.text(f"SELECT * FROM {table.name}")).all())
            assert mark not in raw, f"{table.name} keeps what no other process can read"


def test_every_message_is_kept_that_way() -> None:
    found = [
        column
        for table in t.metadata.sorted_tables
        for column in table.columns
        if column.name == "message"
    ]
    assert len(found) >= 5
    assert [str(each) for each in found if not isinstance(each.type, Message)] == []
