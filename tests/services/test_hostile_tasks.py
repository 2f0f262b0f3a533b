"""HTML that would take too long to read costs its own task, and nobody else's."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.records import Failure, FailureKind, ProviderName, Subset, Task
from ml_backend.services.evaluation.ground_truth import GroundTruth
from ml_backend.services.evaluation.holdout import HoldoutSplit
from ml_backend.services.inference.model_requests import ModelRequest
from ml_backend.services.inference.predictor import Predictor
from ml_backend.services.refining.mistakes import lessons_of
from support.house import House

CONFIG = """<View><HyperText name="page" value="$html"/>
<Choices name="topic" toName="page"><Choice value="A"/><Choice value="B"/></Choices></View>"""
DEEP = "<div>" * 10_000 + "text"


def annotated(html: str, topic: str) -> dict[str, Any]:
    region = {"from_name": "topic", "to_name": "page", "type": "choices"}
    result = [{**region, "value": {"choices": [topic]}}]
    return {
        "data": {"html": html},
        "annotations": [{"result": result, "ground_truth": True}],
    }


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["few-shot", "baseline"])
def test_a_run_goes_on_past_a_task_of_hostile_html(house: House, kind: str) -> None:
    tasks = [annotated(DEEP, "B"), *(annotated(f"<p>text {n}</p>", "A") for n in range(4))]
    project, ids = house.fake.seed(CONFIG, tasks)
    prompt, _ = house.prompt(project, text="Which topic is {html} about?")
    version = house.container.prompts.create_version(prompt, text="Label {html}", few_shot=2)
    if kind == "baseline":
        house.container.store.prompts.update_version(
            version.id, provider=ProviderName.BASELINE.value, max_few_shot_examples=0
        )
        version = house.container.store.prompts.get_version(version.id)
    run = house.run(prompt, version, project, subset=Subset.HAS_GT)
    totals = house.container.store.outcomes.totals(run.id)
    assert (run.status.value, totals.failed, totals.succeeded) == ("Completed", 1, 4)
    outcomes = house.container.store.outcomes.iter(run.id)
    [failure] = [each for each in outcomes if isinstance(each, Failure)]
    assert (failure.task_id, failure.kind) == (ids[0], FailureKind.NO_INPUT)
    assert "nested too deeply" in failure.message


def test_a_teacher_is_shown_nothing_of_a_task_nobody_can_read() -> None:
    config = LabelingConfig.parse(CONFIG)
    truths = {
        n: GroundTruth({"html": html}) for n, html in enumerate([DEEP, "<p>x</p>", "<p>y</p>"])
    }
    for truth in truths.values():
        truth.answers.append({"topic": "A"})
    salt = next(
        salt for salt in map(str, range(99)) if not any(map(HoldoutSplit(salt).holds_out, truths))
    )
    assert lessons_of(truths, {}, HoldoutSplit(salt), config).task_ids == (1, 2)


@pytest.mark.slow
def test_a_large_text_is_prepared_beside_the_loop_that_all_runs_share(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[int, str] = {}
    prepare = Predictor.prepare

    def noted(self: Predictor, task: Task) -> ModelRequest:
        threads[len(str(task.data))] = threading.current_thread().name
        return prepare(self, task)

    monkeypatch.setattr(Predictor, "prepare", noted)
    rows = [{"data": {"html": f"<p>{'x' * size}</p>"}} for size in (10, 80_000)]
    project, _ = house.fake.seed(CONFIG, rows)
    prompt, version = house.prompt(project, text="Label {html}")
    house.run(prompt, version, project)
    [small, large] = [threads[size] for size in sorted(threads)]
    assert large.startswith("run-")
    assert not small.startswith("run-"), "what is small is not worth a thread"
