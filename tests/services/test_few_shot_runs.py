"""Few-shot examples in runs, evaluations and `/predict`; and that no ground truth leaks."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from ml_backend.llm import Request
from ml_backend.records import Prompt, PromptVersion, Slot, Subset, Task
from ml_backend.services.serving.prompt_sources import Address
from support.house import House

CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="topic" toName="text"><Choice value="A"/><Choice value="B"/></Choices>
<TextArea name="why" toName="text"/></View>"""
TOPICS = ("apples and pears", "planes and trains")


def canary(number: int) -> str:
    return f"canary-{number}-"


def annotated(number: int, *, truth: bool, text: str = "") -> dict[str, Any]:
    """Return a task whose annotation holds a text that stands nowhere else."""
    return {
        "data": {"text": text or f"number {number} about {TOPICS[number % 2]}"},
        "annotations": [
            {
                "result": [
                    {
                        "from_name": "topic",
                        "to_name": "text",
                        "type": "choices",
                        "value": {"choices": ["AB"[number % 2]]},
                    },
                    {
                        "from_name": "why",
                        "to_name": "text",
                        "type": "textarea",
                        "value": {"text": [canary(number)]},
                    },
                ],
                "ground_truth": truth,
            }
        ],
    }


class Few:
    """A house with annotated tasks and a version that shows examples."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.house.model.answer = lambda request: json.dumps({"topic": "A", "why": "x"})

    def seed(self, tasks: list[dict[str, Any]], few_shot: int = 2, config: str = CONFIG) -> None:
        self.project, self.tasks = self.house.fake.seed(config, tasks)
        studio = self.house.container.studio
        self.prompt: Prompt = self.house.container.prompts.create(
            "P", project=studio.get_project(self.project)
        )
        self.version: PromptVersion = self.house.container.prompts.create_version(
            self.prompt, text="Label {text}", few_shot=few_shot
        )

    def run(self, **options: Any) -> Any:
        return self.house.run(self.prompt, self.version, self.project, **options)

    def sent(self) -> dict[int, str]:
        """Return all that was ever sent to the model, by task."""
        found: dict[int, str] = defaultdict(str)
        for request in self.house.model.asked:
            found[request.task_id] += json.dumps(request.messages)
        return found


@pytest.fixture
def few(house: House) -> Few:
    return Few(house)


def examples_in(request: Request) -> list[str]:
    return [m["content"] for m in request.messages if m["role"] == "assistant"]


@pytest.mark.slow
def test_a_run_shows_similar_annotated_tasks_as_a_conversation(few: Few) -> None:
    few.seed([annotated(n, truth=False) for n in range(6)] + [{"data": {"text": "pears again"}}])
    ended = few.run()
    assert ended.totals.succeeded == 7
    last = next(r for r in few.house.model.asked if r.task_id == few.tasks[6])
    roles = [message["role"] for message in last.messages]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
    nearest = json.loads(examples_in(last)[-1])
    assert nearest["topic"] == "A"
    assert last.messages[3]["content"].startswith("<example>\nLabel <text>number")
    few_shot = ended.snapshot.few_shot
    assert (few_shot.most, few_shot.examples) == (2, 6)
    assert few_shot.revision == few.house.container.store.examples.revision(few.project)


@pytest.mark.slow
def test_no_ground_truth_of_an_evaluated_task_is_sent_where_others_are_annotated(few: Few) -> None:
    few.seed([annotated(n, truth=n < 8) for n in range(14)])
    ended = few.run(subset=Subset.HAS_GT)
    assert ended.totals.succeeded == 8
    everything = "".join(few.sent().values())
    for number in range(8):
        assert canary(number) not in everything
    assert any(canary(number) in everything for number in range(8, 14))
    assert ended.snapshot.few_shot.source == "tasks not evaluated"
    assert ended.snapshot.few_shot.left_out.evaluated == 8


@pytest.mark.slow
@pytest.mark.parametrize("slot_options", [{"subset": Subset.HAS_GT}, {"slot": Slot.EVALUATE}])
def test_a_task_is_never_sent_its_own_ground_truth(few: Few, slot_options: dict[str, Any]) -> None:
    # All are ground truth, and each of the first four has a duplicate with the same truth.
    tasks = [annotated(n, truth=True) for n in range(8)]
    for number in range(4):
        double = annotated(number, truth=True)
        double["data"]["text"] = double["data"]["text"].upper() + " "
        tasks.append(double)
    few.seed(tasks, few_shot=5)
    ended = few.run(**slot_options)
    assert ended.totals.succeeded == 12
    sent = few.sent()
    for place, task in enumerate(few.tasks):
        own = place if place < 8 else place - 8
        assert canary(own) not in sent[task]
    assert all("canary" in text for text in sent.values())
    assert ended.snapshot.few_shot.source == "the other evaluated tasks"


@pytest.mark.slow
def test_the_request_key_changes_with_the_examples_and_its_task_half_does_not(few: Few) -> None:
    plain = [{"data": {"text": "pears"}}, {"data": {"text": "pears and pears"}}]
    few.seed([annotated(n, truth=False) for n in range(4)] + plain)
    predictor_factory, studio = few.house.container.predictor_factory, few.house.container.studio

    def key() -> str:
        recipe = predictor_factory.recipe(studio.get_project(few.project), few.version)
        predictor = predictor_factory.predictor(recipe, few.version)
        return predictor.prepare(Task(few.tasks[4], {"text": "pears"})).key

    before = key()
    assert key() == before
    other = annotated(9, truth=False)["annotations"][0]
    studio._transport.send("POST", f"api/tasks/{few.tasks[5]}/annotations/", other)
    assert key() != before
    assert key()[:32] == before[:32]


@pytest.mark.slow
def test_a_pool_that_changes_during_a_run_makes_no_task_a_stranger(few: Few) -> None:
    few.seed([annotated(n, truth=False) for n in range(4)] + [{"data": {"text": "pears"}}])
    studio = few.house.container.studio
    done = []

    def answer(request: Request) -> str:
        if not done:
            done.append(1)
            again = annotated(7, truth=False)["annotations"][0]
            studio._transport.send("POST", f"api/tasks/{few.tasks[4]}/annotations/", again)
            studio._transport.send(
                "POST", f"api/projects/{few.project}/import", [{"data": {"text": "a new one"}}]
            )
        return json.dumps({"topic": "A", "why": "x"})

    few.house.model.answer = answer
    ended = few.run(task_ids=few.tasks, subset=Subset.CUSTOM)
    assert ended.totals.succeeded == 5
    assert len(few.house.model.asked) == 5


@pytest.mark.slow
def test_examples_with_pictures_are_left_out_and_said_so(few: Few) -> None:
    config = CONFIG.replace("</View>", '<Image name="image" value="$image"/></View>')
    tasks = [annotated(n, truth=False) for n in range(4)]
    tasks[0]["data"]["image"] = "https://images.example.com/1.png"
    few.seed(tasks, config=config)
    ended = few.run(subset=Subset.CUSTOM, task_ids=few.tasks[1:])
    assert ended.snapshot.few_shot.left_out.with_files == 1
    assert canary(0) not in "".join(few.sent().values())


@pytest.mark.slow
def test_predict_shows_examples_and_asks_what_a_run_would(few: Few) -> None:
    few.seed([annotated(n, truth=False) for n in range(4)] + [{"data": {"text": "pears"}}])
    backend = few.house.container.backend
    answers = backend.predict(
        few.project, Address(), [Task(few.tasks[4], {"text": "pears"})], label_config=CONFIG
    )
    assert answers.outcomes[0] is not None
    assert len(examples_in(few.house.model.asked[0])) == 2
    ended = few.run(subset=Subset.CUSTOM, task_ids=[few.tasks[4]])
    assert ended.totals.cached == 1


@pytest.mark.slow
def test_without_annotated_tasks_it_is_asked_without_examples(few: Few) -> None:
    few.seed([{"data": {"text": "pears"}}])
    ended = few.run()
    assert ended.totals.succeeded == 1
    assert examples_in(few.house.model.asked[0]) == []
    assert ended.snapshot.few_shot is None
