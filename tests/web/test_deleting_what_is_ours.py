"""Whoever deletes a prompt takes along what it wrote where they look, and nothing else."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ml_backend.records import Slot
from support.api import STRANGER, Api
from support.pages import Pages, sign_in
from support.processes import eventually
from support.wire import CONFIG

pytestmark = pytest.mark.slow

LABEL = "BERT__v1"
LOOKALIKES = (
    "bert__v1",
    "BERT__v1 ",
    " BERT__v1",
    "BERT__v1",
    "ＢＥＲＴ__v1",
    "BERT__v1__evaluate",
)
"""What other tools call theirs: other case, white space, wide letters, our other slot."""


def stands(api: Api, project: int) -> Counter[str | None]:
    return Counter(key.model_version for key in api.container.studio.prediction_keys(project))


def write(api: Api, project: int, tasks: list[int], label: str) -> None:
    rows = [{"task": each, "result": [], "score": None, "model_version": label} for each in tasks]
    api.container.studio.import_predictions(project, rows)


@pytest.mark.parametrize("by", ["api", "page"])
def test_rows_of_others_and_those_in_projects_one_cannot_see_stay(api: Api, by: str) -> None:
    container = api.container
    rows: list[dict[str, Any]] = [{"data": {"text": "x"}}] * 3
    tools, tools_tasks = api.studio.seed(CONFIG, rows, title="Another tool's")
    hidden, hidden_tasks = api.studio.seed(CONFIG, rows, title="Hidden")
    for other in LOOKALIKES:
        write(api, tools, tools_tasks, other)
    other = api.as_user(hidden=[tools, hidden])
    prompt = other.prompts.create(title="BERT", associated_projects=[api.project])
    version = other.prompts.versions.create(
        prompt.id, title="v1", prompt="Which? {text}", provider_model_id="simulated"
    )
    ours = container.store.prompts.get(prompt.id)
    ours_version = container.store.prompts.get_version(version.id)
    # It wrote in a project that its deleter no longer sees, and that is none of the prompt's now.
    for project, tasks in ((api.project, api.tasks), (hidden, hidden_tasks)):
        assert container.ownership.claim(ours, ours_version, Slot.ALL, project) == LABEL
        write(api, project, tasks, LABEL)
    for each in LOOKALIKES:
        if each != LABEL:
            write(api, api.project, api.tasks[:2], each)
    before = {each: stands(api, each) for each in (tools, hidden, api.project)}
    if by == "api":
        other.prompts.delete(prompt.id)
    else:
        with api.app.test_client() as client:
            assert sign_in(client, STRANGER).status_code == 303
            pages = Pages(api, client)
            told = pages.get(f"/ui/prompts/{prompt.id}/delete").html
            assert f"project {hidden}" not in told
            pages.post(f"/ui/prompts/{prompt.id}/delete", predictions=str(len(api.tasks)))
    eventually(lambda: container.store.prompts.find(prompt.id) is None)
    assert stands(api, tools) == before[tools]
    assert stands(api, hidden) == before[hidden]
    del before[api.project][LABEL]
    assert stands(api, api.project) == before[api.project]
