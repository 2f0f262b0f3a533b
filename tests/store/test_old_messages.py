"""Messages kept by earlier versions, which spoke of commands on every face."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ml_backend.next_steps import Step
from ml_backend.records import RunOptions, RunSnapshot
from ml_backend.store import Store
from ml_backend.store.cipher import SecretCipher
from ml_backend.store.database import MIGRATIONS

OLD_AND_NEW = [
    (
        "The database failed: full. Mend that, then `ls-prompts runs resume 7`.",
        f"The database failed: full. {Step.RESUME_RUN(run=7)}",
    ),
    (
        "None of the 3 tasks got one. `ls-prompts runs failures 12` lists the reasons.",
        f"None of the 3 tasks got one. {Step.LIST_FAILURES(run=12)}",
    ),
    (
        "The label stream still shows 'x', which is not this prompt's; run with --activate to "
        "switch.",
        "The label stream still shows 'x', which is not this prompt's. "
        f"{Step.SWITCH_LABEL_STREAM()}",
    ),
    (
        "The budget is used up. Start a run with --only-missing and another --budget for the rest; "
        "answers already paid for are kept.",
        f"The budget is used up. {Step.ASK_THE_REST()} Answers already paid for are kept.",
    ),
    ("A task's own -- dashes", "A task's own -- dashes"),
    ("", ""),
]


@pytest.mark.parametrize(("old", "new"), OLD_AND_NEW, ids=range(len(OLD_AND_NEW)))
@pytest.mark.slow
def test_commands_in_kept_messages_become_steps(database_url: str, old: str, new: str) -> None:
    migration = ScriptDirectory(str(MIGRATIONS)).get_revision("0009").module
    cipher = SecretCipher("k" * 32)
    store = Store(database_url, cipher)
    prompt = store.prompts.create("P", "", [7])
    version = store.prompts.create_version(
        prompt.id,
        title="v1",
        text="Label {text}",
        provider="Baseline",
        model="m",
        connection_id=None,
        max_few_shot_examples=0,
        parameters={},
    )
    run = store.runs.create(
        prompt_id=prompt.id,
        version_id=version.id,
        project_id=7,
        label="P__v1",
        slot="all",
        subset="All",
        snapshot=RunSnapshot(),
        options=RunOptions(),
        total=3,
        cost=0.0,
    )
    with store.database.write() as c:
        c.execute(sa.text("UPDATE runs SET message = :said"), {"said": old})
        with Operations.context(MigrationContext.configure(c)):
            migration.upgrade()
    assert store.runs.get(run.id).message == new
    store.close()
