"""Tasks with pictures through a run: what is sent, what fails alone, what is paid once."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_backend.container import Container
from ml_backend.llm import Request
from ml_backend.records import Connection, FailureKind, ProviderName, Run, RunStatus
from ml_backend.services.inference.attachments import IMAGE_TOKENS
from ml_backend.settings import Settings
from support.fake_label_studio import TOKEN, FakeLabelStudio
from support.files import image
from support.house import House, ScriptedModel
from support.models import adopt
from support.simulator import Simulator

CONFIG = """<View><Image name="img" value="$image"/>
<Choices name="topic" toName="img"><Choice value="A"/><Choice value="B"/></Choices></View>"""
SECRET = "https://pictures.example.com/a.png?key=SECRET"


def inline(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


PICTURE = inline(image())


def ask(house: House, *pictures: str, text: str = "Which is {image}?", **options: Any) -> Run:
    project, _ = house.fake.seed(CONFIG, [{"data": {"image": url}} for url in pictures])
    prompt, version = house.prompt(project, f"P{project}", text)
    return house.run(prompt, version, project, **options)


def failures(house: House, run: Run) -> list[tuple[FailureKind, str]]:
    return [(each.kind, each.message) for each in house.container.runs.failures(run)]


def contents(request: Request) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = request.messages[-1]["content"]
    return found


@pytest.fixture
def priced(fake: FakeLabelStudio, data_dir: Path) -> Iterator[House]:
    """A model whose price is known: a dollar for a million tokens."""
    settings = Settings.from_env(
        {
            "LABEL_STUDIO_URL": fake.url,
            "LABEL_STUDIO_API_KEY": TOKEN,
            "DATA_DIR": str(data_dir),
        }
    )
    container = Container(settings)
    connection = Connection(
        None, "c", ProviderName.CUSTOM, default_model="m", prices={"m": (1.0, 1.0)}
    )
    container.models.default = connection
    model = ScriptedModel()
    adopt(container.models, connection, model)
    yield House(container, fake, model)
    container.close()
    container.store.close()


@pytest.mark.slow
def test_the_model_is_sent_the_picture_and_words_in_place_of_its_address(house: House) -> None:
    run = ask(house, PICTURE)
    assert run.totals.succeeded == 1
    [request] = house.model.asked
    words, title, picture = contents(request)
    assert words["text"] == 'Which is [image "image"]?'
    assert title["text"] == 'Image "image":'
    assert picture["image_url"]["url"].startswith("data:image/png;base64,")


@pytest.mark.slow
def test_a_picture_that_cannot_be_had_costs_its_task_alone(house: House) -> None:
    run = ask(house, PICTURE, SECRET, "", inline(b"no picture"))
    assert (run.status, run.totals.succeeded, run.totals.failed) == (RunStatus.COMPLETED, 1, 3)
    found = failures(house, run)
    assert {kind for kind, _ in found} == {FailureKind.NO_INPUT}
    messages = "\n".join(message for _, message in found)
    assert 'image "image" (https://pictures.example.com/a.png)' in messages
    assert "Add pictures.example.com to IMAGE_HOSTS" in messages
    assert "nothing in image" in messages
    assert "no picture we can read" in messages
    assert "SECRET" not in messages
    assert len(house.model.asked) == 1


@pytest.mark.slow
def test_an_answer_already_paid_for_needs_no_picture(house: House) -> None:
    project, _ = house.fake.seed(CONFIG, [{"data": {"image": PICTURE}}])
    prompt, version = house.prompt(project, text="Which?")
    assert house.run(prompt, version, project).totals.succeeded == 1
    house.container.attachments.close()
    again = house.run(prompt, version, project)
    assert (again.totals.succeeded, again.totals.cached) == (1, 1)


@pytest.mark.slow
def test_asking_again_shows_the_picture_again(house: House) -> None:
    answers = iter(["no", '{"topic": "B"}'])
    house.model.answer = lambda request: next(answers)
    assert ask(house, PICTURE).totals.succeeded == 1
    first, second = house.model.asked
    assert second.messages[: len(first.messages)] == first.messages


@pytest.mark.parametrize(("dollars", "asked"), [(0.9, 0), (1.1, 1)])
@pytest.mark.slow
def test_a_budget_counts_a_picture_by_its_tokens_and_not_its_bytes(
    priced: House, dollars: float, asked: int
) -> None:
    worst = (IMAGE_TOKENS + 4096 + 2000) / 1e6
    large = inline(image("BMP", (700, 700)))
    run = ask(priced, large, text="Which?", budget=dollars * worst)
    assert len(priced.model.asked) == asked
    assert run.totals.succeeded == asked


@pytest.mark.slow
def test_the_baseline_answers_pictures_with_the_most_frequent_answer(
    fake: FakeLabelStudio, data_dir: Path
) -> None:
    settings = {"LABEL_STUDIO_URL": fake.url, "LABEL_STUDIO_API_KEY": TOKEN}
    container = Container(Settings.from_env({**settings, "DATA_DIR": str(data_dir)}))
    house = House(container, fake, ScriptedModel())
    truth = [{"choices": [choice]} for choice in "BABAB"]
    rows: list[dict[str, Any]] = [
        {
            "data": {"image": SECRET},
            "annotations": [
                {
                    "result": [
                        {
                            "from_name": "topic",
                            "to_name": "img",
                            "type": "choices",
                            "value": value,
                        }
                    ]
                }
            ],
        }
        for value in truth
    ]
    project, tasks = fake.seed(CONFIG, [*rows, {"data": {"image": SECRET}}])
    prompt, version = house.prompt(project, text="Which?")
    run = house.run(prompt, version, project)
    assert (run.totals.succeeded, run.totals.failed) == (6, 0)
    answers = {row.task_id: row for row in container.store.outcomes.iter(run.id)}
    assert answers[tasks[-1]].answer == {"topic": "B"}
    container.close()
    container.store.close()


@pytest.mark.slow
def test_a_model_without_vision_stops_the_run_with_its_words(
    fake: FakeLabelStudio, data_dir: Path
) -> None:
    with Simulator() as simulator:
        simulator.control(no_images="This model does not support image inputs.")
        settings = Settings.from_env(
            {
                "LABEL_STUDIO_URL": fake.url,
                "LABEL_STUDIO_API_KEY": TOKEN,
                "DATA_DIR": str(data_dir),
                "OPENAI_BASE_URL": simulator.url,
                "OPENAI_MODEL": "blind",
                "LLM_MAX_CONCURRENCY": "1",
            }
        )
        house = House(Container(settings), fake, ScriptedModel())
        run = ask(house, *[inline(image(size=(n, 1))) for n in range(1, 9)])
        assert run.status is RunStatus.FAILED
        assert "blind” takes no pictures" in run.message
        assert simulator.stats()["calls"] == 1
        simulator.control()
        again = ask(house, PICTURE)
        assert again.totals.succeeded == 1
        stats = simulator.stats()
        assert stats["images"] == 2
        house.container.loop.run(house.container.models.close())
        house.container.close()
        house.container.store.close()


@pytest.mark.slow
def test_a_task_of_text_is_asked_in_plain_strings_as_ever(house: House) -> None:
    project, _ = house.project(1)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    [request] = house.model.asked
    assert [type(message["content"]) for message in request.messages] == [str, str]


BOXES = """<View><Image name="img" value="$image"/>
<RectangleLabels name="box" toName="img"><Label value="Cat"/></RectangleLabels></View>"""
IN_PIXELS = {"x": 60, "y": 40, "width": 200, "height": 90, "rotation": 0, "label": "Cat"}
IN_FRACTIONS = {"x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4, "rotation": 0, "label": "Cat"}
IN_PERCENT = {"x": 10, "y": 8, "width": 31, "height": 19, "rotation": 0, "label": "Cat"}


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [IN_PIXELS, IN_FRACTIONS], ids=["pixels", "fractions"])
def test_boxes_that_are_no_percent_are_asked_again_with_the_size_of_the_picture(
    house: House, wrong: dict[str, Any]
) -> None:
    answers = iter([{"box": [wrong]}, {"box": [wrong]}, {"box": [IN_PERCENT]}])
    house.model.answer = lambda request: json.dumps(next(answers))
    url = inline(image(size=(640, 480)))
    project, _ = house.fake.seed(BOXES, [{"data": {"image": url}}])
    run = house.run(*house.prompt(project, "P", "Find cats"), project)
    assert run.totals.succeeded == 1
    first, *again = house.model.asked
    assert "pixels" not in str(first.messages[-1]["content"])
    for request in again:
        said = request.messages[-1]["content"]
        assert "percent from 0 to 100 of the picture's width and height" in said
        assert 'The picture "image" is 640×480 pixels.' in said
    [row] = house.container.studio.predictions(project)
    value = row.result[0]["value"]
    assert [value[key] for key in ("x", "y", "width", "height")] == [10, 8, 31, 19]


@pytest.mark.slow
def test_boxes_that_never_are_percent_are_a_failure_and_no_label(house: House) -> None:
    house.model.answer = lambda request: json.dumps({"box": [IN_PIXELS]})
    project, _ = house.fake.seed(BOXES, [{"data": {"image": PICTURE}}])
    run = house.run(*house.prompt(project, "P", "Find cats"), project)
    assert (run.totals.succeeded, run.totals.failed) == (0, 1)
    [(kind, message)] = failures(house, run)
    assert kind is FailureKind.INVALID_ANSWER
    assert "percent from 0 to 100" in message
    assert house.container.studio.predictions(project) == []
