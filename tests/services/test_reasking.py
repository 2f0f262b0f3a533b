"""What becomes of a task whose first answer does not fit, and which of its answers stands."""

from __future__ import annotations

import json

import pytest

from ml_backend.llm import Request
from ml_backend.records import RunStatus
from support.house import House

RATINGS = """<View><Text name="text" value="$text"/>
<Rating name="style" toName="text" maxRating="5"/>
<Rating name="tone" toName="text" maxRating="5"/>
<Rating name="facts" toName="text" maxRating="5"/></View>"""

FINE = {"style": 4, "tone": 4, "facts": 4}
ONE_WRONG = {"style": 3, "tone": 3, "facts": 9}
OTHER_WRONG = {"style": 9, "tone": 2, "facts": 2}
TWO_WRONG = {"style": 1, "tone": 9, "facts": 9}


@pytest.mark.parametrize(
    ("answers", "stands"),
    [
        ([ONE_WRONG, TWO_WRONG], {"style": 3, "tone": 3}),
        ([TWO_WRONG, ONE_WRONG], {"style": 3, "tone": 3}),
        ([ONE_WRONG, OTHER_WRONG], {"style": 3, "tone": 3}),
        ([ONE_WRONG, FINE], FINE),
        (["nonsense", TWO_WRONG], {"style": 1}),
        ([ONE_WRONG, "nonsense", TWO_WRONG], {"style": 3, "tone": 3}),
    ],
    ids=["worse", "better", "as wrong", "fine", "after nonsense", "around nonsense"],
)
@pytest.mark.slow
def test_of_the_answers_to_one_task_the_one_with_least_wrong_stands(
    house: House, answers: list[object], stands: dict[str, int]
) -> None:
    project, _ = house.project(1, RATINGS)
    prompt, version = house.prompt(project)
    upcoming = iter(answers)

    def answer(request: Request) -> str:
        said = next(upcoming)
        return said if isinstance(said, str) else json.dumps(said)

    house.model.answer = answer
    run = house.run(prompt, version, project)
    assert run.status is RunStatus.COMPLETED, run.message
    assert len(house.model.asked) == len(answers)
    [row] = house.container.studio.predictions(project)
    assert {each["from_name"]: each["value"]["rating"] for each in row.result} == stands
