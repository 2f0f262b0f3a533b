"""Promises every labeling config keeps, whatever the model says and whatever a task holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ml_backend.labeling.answer_keys import by_control
from ml_backend.labeling.answer_nulls import with_nulls
from ml_backend.labeling.controls import CONTROLS
from ml_backend.labeling.without_answer import is_nothing
from support.labeling_answers import ANYTHING, answers, hostile_answers, hostile_data
from support.labeling_configs import EVERY, IDS, Sample

PATIENT = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
MODEST = settings(max_examples=60, deadline=None, suppress_health_check=PATIENT)
THOROUGH = settings(MODEST, max_examples=15)


def holds_for_answers(sample: Sample, data: st.DataObject) -> None:
    config, task = sample.config, sample.data
    made = config.to_conversion(data.draw(answers(sample)), task)
    assert config.check(made.result) == []
    if made.errors:
        return
    assert config.to_answer(made.result, task) == made.answer
    again = config.to_conversion(made.answer, task)
    assert again.answer == made.answer
    assert again.result == made.result
    assert (again.errors, again.problems) == ((), ())
    agreements = config.compare(made.answer, made.answer, task)
    assert all(each.correct and each.score == 1 for each in agreements.values())


def holds_for_anything(sample: Sample, data: st.DataObject) -> None:
    config, task = sample.config, sample.data
    answer = data.draw(hostile_answers(sample))
    made = config.to_conversion(answer, task)
    assert config.check(made.result) == []
    if not made.result and not made.errors and [] not in made.answer.values():
        # Nothing to tell, and nothing lost: the model said null, and null alone, or what is read
        # as null where it was offered (test_nulls.py has it value by value).
        keyed = by_control(answer, config.controls, config.output_classes)
        said = with_nulls(keyed, config.controls, task).answer
        assert all(map(is_nothing, said.values()))
    known = {*config.controls, *config.companions}
    assert all(problem.control in known and problem.message for problem in made.problems)
    said = config.to_answer(made.result, task)
    config.compare(said, made.answer, task)
    config.compare(answer if isinstance(answer, dict) else {}, said, task)
    config.compare(said, answer if isinstance(answer, dict) else {}, None)


def holds_for_tasks(sample: Sample, data: st.DataObject) -> None:
    config = sample.config
    task = data.draw(hostile_data(sample))
    config.schema(task)
    config.describe(task)
    config.inputs(task)
    config.attachments(task)
    made = config.to_conversion(data.draw(hostile_answers(sample)), task)
    assert config.check(made.result) == []
    said = config.to_answer(made.result, task)
    config.compare(said, said, task)


def holds_for_results(sample: Sample, data: st.DataObject) -> None:
    config = sample.config
    made = config.to_conversion(data.draw(answers(sample)), sample.data)
    broken = [
        {**region, key: data.draw(ANYTHING)}
        for region in made.result
        for key in [data.draw(st.sampled_from(["id", "value", "type", "to_name", "from_name"]))]
    ]
    odd = data.draw(st.lists(ANYTHING, max_size=2))
    mixed = data.draw(st.permutations([*made.result, *broken, *odd]))
    said = config.to_answer(mixed, data.draw(hostile_data(sample)))
    assert list(said) == list(config.controls)


LAWS = [holds_for_answers, holds_for_anything, holds_for_tasks, holds_for_results]
NAMES = ["well meant answers", "any answer", "any task", "any result"]
every_law = pytest.mark.parametrize("law", LAWS, ids=NAMES)


@pytest.mark.slow
@every_law
def test_promises_hold(law: Any) -> None:
    samples = st.sampled_from(EVERY)
    MODEST(given(samples, st.data())(law))()


@pytest.mark.slow
@every_law
@pytest.mark.parametrize("sample", EVERY, ids=IDS)
def test_promises_hold_for_each_config(sample: Sample, law: Any) -> None:
    THOROUGH(given(st.just(sample), st.data())(law))()


def test_every_control_tag_is_in_some_config() -> None:
    used = {
        type(control)
        for sample in EVERY
        for control in [*sample.config.controls.values(), *sample.config.companions.values()]
    }
    assert set(CONTROLS.values()) <= used
