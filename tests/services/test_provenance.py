"""Where each prediction came from is told later: by `/predict` or a run, from which examples."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from ml_backend.errors import InvalidInput
from ml_backend.records import Prediction, PromptVersion, Subset, Task
from ml_backend.services.predictions.provenance import document_of
from ml_backend.services.predictions.selection import select
from ml_backend.services.serving.prompt_sources import Address
from ml_backend.services.writing.patience import Patience
from support.house import CONFIG, House


def annotated(number: int) -> dict[str, Any]:
    region = {
        "from_name": "topic",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": ["AB"[number % 2]]},
    }
    data = {"text": f"number {number} word{number % 2}"}
    return {"data": data, "annotations": [{"result": [region]}]}


class Place:
    """A project of four annotated tasks and two others, and what answers it."""

    def __init__(self, house: House, few_shot: int = 2) -> None:
        self.house, self.container = house, house.container
        plain = [{"data": {"text": f"plain {n}"}} for n in (4, 5)]
        wires = [*(annotated(n) for n in range(4)), *plain]
        self.project, self.tasks = house.fake.seed(CONFIG, wires)
        self.prompt, _ = house.prompt(self.project)
        self.version = self.new_version(few_shot)

    def new_version(self, few_shot: int) -> PromptVersion:
        return self.container.prompts.create_version(
            self.prompt, text="Label {text}", few_shot=few_shot
        )

    def predict(self, *tasks: int) -> None:
        """Ask as Label Studio does, and store what is answered as it does."""
        asked = [Task(each, {"text": f"plain {self.tasks.index(each)}"}) for each in tasks]
        backend = self.container.backend
        answers = backend.predict(self.project, Address(), asked, label_config=CONFIG)
        rows = [
            {"task": each.task_id, "result": each.result, "model_version": answers.label}
            for each in answers.outcomes
            if isinstance(each, Prediction)
        ]
        assert len(rows) == len(tasks)
        self.container.studio.import_predictions(self.project, rows)

    def told(self, *tasks: int) -> list[dict[str, Any]]:
        found = self.container.provenances.of_tasks(self.container.studio, self.project, tasks)
        return [document_of(each) for each in found]

    def revision(self) -> int:
        return self.container.store.examples.revision(self.project)


@pytest.mark.slow
def test_prediction_handed_out_says_its_version_and_pool(house: House) -> None:
    place = Place(house)
    place.predict(*place.tasks[4:])
    first, second = place.told(*place.tasks[4:])
    assert [first["task"], second["task"]] == place.tasks[4:]
    assert (first["origin"], first["run"], first["version"]) == ("predict", None, place.version.id)
    assert first["few_shot"] == {
        "pool_revision": place.revision(),
        "pool_examples": 4,
        "shown": 2,
    }


@pytest.mark.slow
def test_answer_that_was_kept_shows_the_same_examples(house: House) -> None:
    place = Place(house)
    house.run(place.prompt, place.version, place.project, subset=Subset.CUSTOM,
              task_ids=place.tasks[4:])  # fmt: skip
    asked = len(house.model.asked)
    place.predict(place.tasks[4])
    assert len(house.model.asked) == asked
    given = [each for each in place.told(place.tasks[4]) if each["origin"] == "predict"]
    assert given[0]["few_shot"]["shown"] == 2


@pytest.mark.slow
def test_it_is_remembered_after_the_sweep_has_forgotten(house: House) -> None:
    place = Place(house)
    place.predict(place.tasks[4])
    store = house.container.store
    store.served.give_up(place.project)
    assert store.served.prune(timedelta(0)) == 1
    assert place.told(place.tasks[4])[0]["few_shot"]["shown"] == 2


@pytest.mark.slow
def test_a_run_says_itself_and_counts_once_it_is_newer(house: House) -> None:
    place = Place(house)
    place.predict(place.tasks[4])
    run = house.run(place.prompt, place.version, place.project)
    (found,) = place.told(place.tasks[4])
    assert (found["origin"], found["run"]) == ("run", run.id)
    assert found["few_shot"]["pool_revision"] == run.snapshot.few_shot.revision
    assert (found["few_shot"]["max"], found["few_shot"]["shown"]) == (2, None)
    assert house.container.store.provenance.count() == 0, "what was replaced is forgotten"
    place.predict(place.tasks[4])
    assert {each["origin"] for each in place.told(place.tasks[4])} == {"predict"}


@pytest.mark.slow
def test_a_newer_version_of_the_prompt_takes_the_place_of_the_older(house: House) -> None:
    place = Place(house)
    place.predict(*place.tasks[4:])
    newer = place.new_version(few_shot=0)
    place.predict(place.tasks[4])
    by_version = {each["version"]: each for each in place.told(place.tasks[4])}
    assert by_version[newer.id]["few_shot"] is None
    assert by_version[None]["origin"] is None, "its prediction is about to be swept away"
    assert place.told(place.tasks[5])[0]["version"] == place.version.id
    assert house.container.store.provenance.count() == 2


@pytest.mark.slow
def test_deleted_predictions_leave_nothing_behind(house: House) -> None:
    place = Place(house)
    place.predict(*place.tasks[4:])
    service = house.container.predictions
    patience = Patience(lambda _: None, threading.Event(), give_up_after=10.0, first_pause=0.05)
    plan = service.plan_delete(
        place.project, select(prompt=place.prompt, task_ids=place.tasks[4:5])
    )
    service.execute_delete(plan, patience)
    assert house.container.store.provenance.count() == 1
    assert [each["task"] for each in place.told(*place.tasks)] == place.tasks[5:]


@pytest.mark.slow
def test_what_a_person_tries_in_the_editor_is_not_kept(house: House) -> None:
    place = Place(house)
    task = Task(place.tasks[4], {"text": "plain 4"})
    house.container.backend.predict(
        place.project, Address(), [task], label_config=CONFIG, context={"result": []}
    )
    assert house.container.store.provenance.count() == 0


def test_predictions_of_others_are_told_as_such(house: House) -> None:
    place = Place(house)
    row = {"task": place.tasks[4], "result": [], "model_version": "somebody's"}
    house.container.studio.import_predictions(place.project, [row])
    (found,) = place.told(place.tasks[4])
    assert (found["model_version"], found["prompt"], found["origin"]) == ("somebody's", None, None)


@pytest.mark.slow
def test_many_tasks_are_read_at_once_and_too_many_are_refused(house: House) -> None:
    place = Place(house)
    place.predict(*place.tasks[4:])
    found = place.told(*range(1, place.tasks[-1] + 40))
    assert [each["task"] for each in found] == place.tasks[4:]
    with pytest.raises(InvalidInput, match="1 to 1000 tasks"):
        place.told(*range(2_000))
