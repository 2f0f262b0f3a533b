"""Calls that touch many predictions at once, beside rows of others that are called like ours."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.store import tables as t
from support.api import Api
from support.sdk import ended_run

pytestmark = pytest.mark.slow

LABEL = "BERT__v1"
LOOKALIKES = (
    *("bert__v1", "BERT__v1 ", " BERT__v1", "BERT__V1", "BERT__v1__evaluate", "BERT__v11"),
    *("\uff22\uff25\uff32\uff34__v1", "BERT (2)__v1", "BERT__", "BERT", "%", "BERT__v_"),
)
"""Other case, blanks, wide letters, our other slot, longer, shorter, patterns of a database."""

Body = dict[str, Any]

ROWS: list[tuple[str, Body, int, str]] = [
    # what is called, with what, how many of ours it counts or takes, and by which field;
    # people have annotated six of the ten tasks, and two of them with the same answer
    ("predictions/delete", {"prompt": "{prompt}", "dry_run": True}, 10, "would_delete"),
    ("predictions/promote", {"prompt": "{prompt}", "all": True, "dry_run": True}, 4,
     "would_create"),
    ("predictions/promote", {"prompt": "{prompt}", "task_ids": "{few}"}, 0, "created"),
    ("predictions/promote", {"prompt": "{prompt}", "all": True, "include_annotated": True}, 8,
     "created"),
    ("predictions/delete", {"prompt": "{prompt}", "task_ids": "{few}"}, 3, "deleted"),
    ("predictions/delete", {"model_version": LABEL, "task_ids": "{more}"}, 2, "deleted"),
    ("predictions/delete", {"prompt": "{prompt}"}, 5, "deleted"),
    ("predictions/delete", {"prompt": "{prompt}"}, 0, "deleted"),
]  # fmt: skip


@pytest.fixture
def bert(api: Api) -> int:
    """A prompt that wrote into the project, and every task full of rows of other tools."""
    prompt = api.client.prompts.create(title="BERT", associated_projects=[api.project])
    version = api.client.prompts.versions.create(
        prompt.id, title="v1", prompt="Which? {text}", provider_model_id="simulated"
    )
    run = api.client.prompts.runs.create(prompt.id, version.id, project=api.project)
    assert ended_run(api.client, run).status == "Completed"
    for label in LOOKALIKES:
        rows = [
            {"task": task, "result": [], "score": 0.5, "model_version": label} for task in api.tasks
        ]
        api.container.studio.import_predictions(api.project, rows)
    return int(prompt.id)


def theirs(api: Api) -> list[Any]:
    """The very rows of the others, by their ids."""
    return [
        row for row in api.container.studio.predictions(api.project) if row.id and not ours(row)
    ]


def ours(row: Any) -> bool:
    return bool(row.model_version == LABEL)


def test_no_call_for_a_prompt_touches_what_looks_like_its_own(api: Api, bert: int) -> None:
    before = theirs(api)
    assert len(before) == len(LOOKALIKES) * len(api.tasks)
    ids = {"{prompt}": bert, "{few}": api.tasks[:3], "{more}": api.tasks[3:5]}
    wrong = []
    for path, body, number, told in ROWS:
        sent = {
            name: ids.get(each, each) if isinstance(each, str) else each
            for name, each in body.items()
        }
        answer = api.request("POST", f"projects/{api.project}/{path}", json=sent)
        found = answer.json()
        if answer.status_code != 200 or found[told] != number:
            wrong.append((path, body, answer.status_code, found))
        if theirs(api) != before:
            wrong.append((path, body, "touched rows of others"))
    assert wrong == []
    made = [row["model_version"] for row in api.studio.state()["predictions"]]
    assert LABEL not in made


def test_no_sweep_touches_what_looks_like_ours(api: Api, bert: int) -> None:
    """Of what ``/predict`` handed out under a label, the older doubles alone go."""
    before = theirs(api)
    store = api.container.store
    rows = [{"task": each, "result": [], "model_version": LABEL} for each in api.tasks]
    api.container.studio.import_predictions(api.project, rows)  # stored a second time
    for label in (LABEL, *LOOKALIKES):
        store.served.add(api.project, label, api.tasks)
    with store.database.write() as c:
        c.execute(sa.update(t.served).values(sweep_at=0.0))
    api.container.sweep.work()
    held = [row for row in api.container.studio.predictions(api.project) if ours(row)]
    assert len(held) == len(api.tasks)
    assert theirs(api) == before
