"""A teacher improves a prompt: what it sees, what it never sees, what its version is scored on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from services.test_few_shot_runs import CONFIG, annotated, canary

from ml_backend import demo
from ml_backend.errors import AnswerError, InvalidInput
from ml_backend.labeling import LabelingConfig
from ml_backend.llm import Request
from ml_backend.records import Connection, Prompt, PromptVersion, ProviderName, Slot, Subset
from ml_backend.services.evaluation.holdout import SHARE, HoldoutSplit, split_of
from ml_backend.services.refining.refine import Refinement, RefineRequest
from ml_backend.services.runs.run_request import RunRequest
from support.house import House
from support.models import adopt
from support.simulator import Simulator

PROPOSED = "Say what {text} is about. Pears are A."


class School:
    """A house whose one model is pupil and teacher."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.container = house.container
        self.lessons: list[Request] = []
        self.proposals: list[str] = [PROPOSED]
        house.model.answer = self.answer

    def answer(self, request: Request) -> str:
        if "reasoning" not in request.schema["properties"]:
            return json.dumps({"topic": "A", "why": "x"})
        self.lessons.append(request)
        proposal = self.proposals[min(len(self.lessons), len(self.proposals)) - 1]
        return json.dumps({"reasoning": "pears", "prompt": proposal})

    def seed(self, count: int = 20, text: str = "Which topic? {text}", **more: Any) -> None:
        tasks = [annotated(n, truth=True) for n in range(count)]
        self.project_id, self.tasks = self.house.fake.seed(CONFIG, tasks)
        studio = self.container.studio
        self.prompt: Prompt = self.container.prompts.create(
            "P", project=studio.get_project(self.project_id)
        )
        self.version: PromptVersion = self.container.prompts.create_version(
            self.prompt, text=text, **more
        )

    def evaluate(self, version: PromptVersion | None = None, **options: Any) -> Any:
        return self.house.run(
            self.prompt, version or self.version, self.project_id, subset=Subset.HAS_GT, **options
        )

    def refine(self, version: PromptVersion | None = None) -> Refinement:
        studio = self.container.studio
        return self.container.refining.refine(
            studio,
            RefineRequest(
                studio.get_project(self.project_id),
                self.prompt,
                version or self.version,
                self.container.models.default,
                "teacher",
            ),
        )

    def accept(self, done: Refinement, title: str = "Version 2") -> PromptVersion:
        return self.container.refining.accept(self.prompt, self.version, done, title)

    def held_out(self) -> set[int]:
        split = split_of(self.container.store, self.project_id, self.prompt.id, self.tasks)
        return {task_id for task_id in self.tasks if split.holds_out(task_id)}

    def sent(self) -> str:
        return "".join(json.dumps(each.messages) for each in self.lessons)


@pytest.fixture
def school(house: House) -> School:
    return School(house)


@pytest.mark.slow
def test_the_split_is_stable_and_about_a_third_of_the_ground_truth(school: School) -> None:
    school.seed(40)
    held = school.held_out()
    assert 0.2 <= len(held) / 40 <= 0.4
    assert school.held_out() == held
    # Later ground truth joins one side or the other, and what was there stays where it was.
    split = split_of(school.container.store, school.project_id, school.prompt.id, [1, 2])
    assert {each for each in school.tasks if split.holds_out(each)} == held


@pytest.mark.parametrize("count", [2, 3, 5])
def test_few_tasks_are_split_so_that_both_sides_have_some(school: School, count: int) -> None:
    school.seed(count)
    assert 0 < len(school.held_out()) < count


def test_a_single_task_is_held_out() -> None:
    assert HoldoutSplit("").holds_out(1)
    assert 0 < SHARE < 0.5


@pytest.mark.slow
def test_a_teacher_sees_mistakes_and_nothing_of_held_out_tasks(school: School) -> None:
    school.seed(30)
    school.evaluate()
    done = school.refine()
    held = school.held_out()
    assert done.prompt == PROPOSED
    assert done.reasoning == "pears"
    assert "-Which topic? {text}" in done.diff
    assert f"+{PROPOSED}" in done.diff
    assert (done.examples, done.held_out) == (12, len(held))
    assert not held & set(done.task_ids)
    sent = school.sent()
    assert "Which topic? {text}" in sent
    assert "canary" in sent
    for place, task in enumerate(school.tasks):
        if task in held:
            assert canary(place) not in sent
            assert f"number {place} about" not in sent


@pytest.mark.slow
def test_a_duplicate_of_a_held_out_task_is_held_out_with_it(school: School) -> None:
    tasks = [annotated(n, truth=True) for n in range(12)]
    tasks += [annotated(n, truth=True, text=f"NUMBER {n} about  {_topic(n)}") for n in range(12)]
    school.project_id, school.tasks = school.house.fake.seed(CONFIG, tasks)
    studio = school.container.studio
    school.prompt = school.container.prompts.create(
        "P", project=studio.get_project(school.project_id)
    )
    school.version = school.container.prompts.create_version(school.prompt, text="{text} topic?")
    school.evaluate()
    school.refine()
    held = school.held_out()
    for place, task in enumerate(school.tasks):
        if task in held:
            assert canary(place % 12) not in school.sent()


def _topic(number: int) -> str:
    return ("apples and pears", "planes and trains")[number % 2]


@pytest.mark.slow
def test_mistakes_of_different_kinds_come_before_more_of_the_same(school: School) -> None:
    school.seed(30)
    school.house.model.answer = lambda request: (
        school.answer(request)
        if "reasoning" in request.schema["properties"]
        else json.dumps({"topic": "A", "why": "same" if request.task_id % 7 else None})
    )
    school.evaluate()
    school.refine()
    assert '\\"answered\\": {\\"topic\\": \\"A\\"' in school.sent()
    assert len(school.sent()) < 60_000


@pytest.mark.slow
def test_variables_of_the_old_prompt_must_survive_and_it_is_asked_once_more(
    school: School,
) -> None:
    school.seed()
    school.proposals = ["Say the topic.", "Say what {text} is about."]
    assert school.refine().prompt == "Say what {text} is about."
    assert len(school.lessons) == 2
    assert "no longer uses {text}" in school.lessons[1].messages[-1]["content"]
    school.lessons, school.proposals = [], ["Say the topic.", "{nonsense}"]
    with pytest.raises(AnswerError, match="nonsense"):
        school.refine()
    assert len(school.lessons) == 2


@pytest.mark.slow
def test_a_prompt_of_variables_only_is_drafted_from_config_and_right_answers(
    school: School,
) -> None:
    school.seed(text="{text}")
    done = school.refine()
    assert done.drafted
    sent = school.sent()
    assert "You write the prompt" in sent
    assert "right answers" in sent
    assert "canary" in sent
    for place, task in enumerate(school.tasks):
        if task in school.held_out():
            assert canary(place) not in sent


@pytest.mark.slow
def test_a_prompt_without_a_version_is_drafted(school: School) -> None:
    school.seed()
    studio = school.container.studio
    empty = school.container.prompts.create("Q", project=studio.get_project(school.project_id))
    project, default = studio.get_project(school.project_id), school.container.models.default
    done = school.container.refining.refine(
        studio, RefineRequest(project, empty, None, default, "teacher")
    )
    assert done.drafted
    assert done.diff.startswith("--- nothing")


@pytest.mark.slow
def test_a_refined_version_is_scored_on_held_out_tasks_unless_told_otherwise(
    school: School,
) -> None:
    school.seed()
    school.evaluate()
    made = school.accept(school.refine())
    assert (made.text, made.refined_from) == (PROPOSED, school.version.id)
    held = school.held_out()
    fair = school.evaluate(made)
    assert set(fair.options.task_ids) == held
    assert fair.options.held_out is True
    assert fair.metrics.overall.n > 0
    everything = school.evaluate(made, held_out=False)
    assert everything.totals.total == 20
    assert "flatter" in everything.options.caution
    before = school.evaluate(held_out=True)
    assert set(before.options.task_ids) == held
    assert not school.evaluate().options.caution


@pytest.mark.slow
def test_a_planned_evaluation_asks_other_tasks_where_saving_made_a_teachers_version_of_it(
    school: School,
) -> None:
    school.seed()
    runs, project = school.container.runs, school.container.studio.get_project(school.project_id)
    plan = runs.plan(school.prompt, school.version, project, RunRequest(subset=Subset.HAS_GT))
    saved = replace(school.version, refined_from=school.version.id)
    held = school.held_out()
    assert runs.begin(school.prompt, school.version, plan).totals.total == plan.total > len(held)
    begun = runs.begin(school.prompt, saved, plan)
    assert begun.options.held_out
    assert set(begun.options.task_ids or ()) == held


@pytest.mark.slow
def test_an_evaluation_on_held_out_tasks_is_not_stale_for_what_it_does_not_cover(
    school: School,
) -> None:
    school.seed()
    made = school.accept(school.refine())
    run = school.evaluate(made)
    container = school.container
    pool = container.store.examples.ground_truth(school.project_id)
    container.examples.refresh(
        school.project_id,
        container.predictor_factory.config_of(container.studio.get_project(school.project_id)),
    )
    assert run.id not in container.evaluation.mark_outdated(school.project_id, pool)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "refined"),
    [
        pytest.param(PROPOSED, True, id="as proposed"),
        pytest.param(PROPOSED + " Always.", True, id="edited a little"),
        pytest.param("Which topic? {text}", False, id="the text before"),
        pytest.param("Write something else {text}", False, id="a text of one's own"),
    ],
)
def test_a_proposal_saved_by_hand_still_is_the_teachers(
    school: School, text: str, refined: bool
) -> None:
    school.seed()
    school.evaluate()
    done = school.refine()
    project = school.container.studio.get_project(school.project_id)
    school.container.refining.keep(project, school.prompt, school.version, "teacher", done)
    made = school.container.prompts.create_version(school.prompt, text=text)
    assert (made.refined_from is not None) is refined


@pytest.mark.slow
def test_the_few_shot_examples_of_a_refined_version_are_not_held_out(school: School) -> None:
    school.seed(20, few_shot=3)
    school.evaluate()
    made = school.accept(school.refine())
    school.house.model.asked.clear()
    ended = school.evaluate(made)
    assert ended.snapshot.few_shot.source == "tasks not evaluated"
    sent = "".join(json.dumps(each.messages) for each in school.house.model.asked)
    for place, task in enumerate(school.tasks):
        if task in school.held_out():
            assert canary(place) not in sent
    assert "canary" in sent


def test_the_offline_baseline_is_no_teacher(school: School) -> None:
    with pytest.raises(InvalidInput, match="writes no prompts"):
        school.container.refining.check(Connection(None, "b", ProviderName.BASELINE))


@pytest.mark.slow
def test_a_teacher_keeps_within_its_connections_budget(school: School) -> None:
    school.seed()
    store = school.container.store
    made = store.connections.create(
        title="tight", provider="Custom", api_key="", endpoint="http://model.invalid/v1",
        default_model="t", prices={"t": [1.0, 10.0]}, budget_limit=0.01,
    )  # fmt: skip
    adopt(school.container.models, made, school.house.model)
    studio = school.container.studio
    project = studio.get_project(school.project_id)
    asked = RefineRequest(project, school.prompt, school.version, made, "t")
    with pytest.raises(Exception, match="may spend"):
        school.container.refining.refine(studio, asked)
    assert school.lessons == []


@pytest.mark.slow
def test_on_the_bundled_data_the_whole_loop_runs_with_the_simulated_teacher(
    house: House,
) -> None:
    config = LabelingConfig.parse(demo.config())
    tasks = [_demo_task(config, each) for each in demo.tasks()]
    project_id, _ = house.fake.seed(demo.config(), tasks)
    container, studio = house.container, house.container.studio
    with Simulator() as simulator:
        made = container.store.connections.create(
            title="sim", provider="Custom", api_key="", endpoint=simulator.url,
            default_model="simulated", prices={"simulated": [1.0, 2.0]},
        )  # fmt: skip
        project = studio.get_project(project_id)
        prompt = container.prompts.create("Demo", project=project)
        first = container.prompts.create_version(prompt, text=demo.prompt(), connection="sim")
        before = house.run(prompt, first, project_id, subset=Subset.HAS_GT)
        assert before.metrics.overall.n == 60
        done = container.refining.refine(
            studio, RefineRequest(project, prompt, first, made, "simulated")
        )
        assert done.examples > 0
        assert done.cost is not None
        assert "Decide with care" in done.prompt
        second = container.refining.accept(prompt, first, done, "Version 2")
        after = house.run(prompt, second, project_id, subset=Subset.HAS_GT)
        assert after.slot is Slot.EVALUATE
        assert after.totals.total == done.held_out
        assert after.metrics.overall.n > 0
        close: Callable[[], Any] = container.models.close
        container.loop.run(close())


def _demo_task(config: LabelingConfig, task: dict[str, Any]) -> dict[str, Any]:
    task = dict(task)
    truth = task.pop("ground_truth", None)
    if truth is not None:
        result = config.to_conversion(truth, task["data"]).result
        task["annotations"] = [{"result": result, "ground_truth": True}]
    return task


def test_a_teacher_is_told_what_the_author_wants(school: School) -> None:
    school.seed()
    studio = school.container.studio
    refining = school.container.refining
    project, teacher = studio.get_project(school.project_id), refining.teacher_at(None)
    asked = RefineRequest(project, school.prompt, school.version, teacher, "teacher", "fewer pears")
    refining.refine(studio, asked)
    assert "What the author of the prompt wants:\\nfewer pears" in school.sent()
    with pytest.raises(InvalidInput, match=r"2,001 characters"):
        refining.check_goal("g" * 2001)


@pytest.mark.slow
def test_what_a_teacher_would_see_and_cost_is_known_before_it_is_asked(school: School) -> None:
    school.seed(30)
    school.evaluate()
    studio, refining = school.container.studio, school.container.refining
    about = (studio.get_project(school.project_id), school.prompt, school.version)
    priced = Connection(None, "p", ProviderName.CUSTOM, prices={"teacher": [1.0, 4.0]})
    before = refining.outlook(studio, RefineRequest(*about, priced, "teacher"))
    assert school.lessons == []
    default = RefineRequest(*about, school.container.models.default, "teacher")
    done = refining.refine(studio, default)
    assert (before.shown, before.held_out) == (done.examples, done.held_out)
    assert before.wrong == 30 - done.held_out
    assert before.low is not None
    assert before.middle is not None
    assert before.high is not None
    assert 0 < before.low < before.middle < before.high < 0.1
    unknown = refining.outlook(studio, default)
    assert (unknown.price, unknown.middle) == (None, None)
