"""What Label Studio's import would drop though its editor takes it is created by itself."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from ml_backend.llm import Request
from ml_backend.records import RunStatus
from support.house import House

NESTED = """<View><Text name="text" value="$text"/>
<Choices name="topic" toName="text" allowNested="true">
  <Choice value="Animals"><Choice value="Cats"/><Choice value="Dogs" alias="d"/></Choice>
</Choices>
<Rating name="stars"/></View>"""


def answer(request: Request) -> str:
    last = request.inputs["text"].endswith(("0", "1"))
    return json.dumps({"topic": None if last else "Animals > Dogs", "stars": 4})


@pytest.mark.slow
def test_each_task_has_one_prediction_as_the_editor_wants_it(house: House) -> None:
    project, tasks = house.project(4, NESTED)
    prompt, version = house.prompt(project)
    house.model.answer = answer
    for _ in range(2):
        run = house.run(prompt, version, project)
        assert run.status is RunStatus.COMPLETED
        assert house.held(project) == {task: Counter(["P__Version 1"]) for task in tasks}
    values = {
        row.task_id: [region["value"] for region in row.result]
        for row in house.container.studio.predictions(project)
    }
    assert values[tasks[0]] == [{"rating": 4}]
    assert values[tasks[3]] == [{"choices": [["Animals", "d"]]}, {"rating": 4}]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["500_after", "500_before", "drop_connection_before"])
def test_an_interrupted_creation_neither_loses_nor_doubles(house: House, mode: str) -> None:
    project, tasks = house.project(4, NESTED)
    prompt, version = house.prompt(project)
    house.model.answer = answer
    house.fake.fail("api/predictions/", mode, method="POST", times=1)
    run = house.run(prompt, version, project)
    assert run.status is RunStatus.COMPLETED
    assert house.held(project) == {task: Counter(["P__Version 1"]) for task in tasks}
