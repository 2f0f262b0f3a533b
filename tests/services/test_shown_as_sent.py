"""What a page shows of a request is what went over the wire, where the model takes it otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ml_backend.llm.as_sent import FOLDED
from support.house import House
from support.simulator import Simulator


@pytest.mark.slow
def test_a_model_without_a_system_role_is_shown_with_the_rules_where_they_went(
    served: House, simulator: Simulator
) -> None:
    project, tasks = served.project(1)
    prompt, version = served.prompt(project)
    parts, studio = served.container, served.container.studio
    where = studio.get_project(project)
    before = parts.previews.preview(studio, where, version, tasks[0])
    assert [each["role"] for each in before.messages] == ["system", "user"]
    simulator.control(no_system={"object": "error", "message": "System role not supported"})
    run = served.run(prompt, version, project)
    assert run.totals.succeeded == 1
    sent = simulator.last_request()["messages"]
    assert [each["role"] for each in sent] == ["user"]

    [outcome] = parts.store.outcomes.iter(run.id)
    task = before.task
    assert task is not None
    shown = parts.asked_messages.of(where, run, task, outcome)
    assert list(shown.messages) == sent
    assert (shown.is_exact, shown.way) == (True, FOLDED)
    after = parts.previews.preview(studio, where, version, tasks[0])
    assert (list(after.messages), after.notice) == (sent, FOLDED)
    # Another model of the same server is not known to need that.
    other = parts.previews.preview(studio, where, replace(version, model="other"), tasks[0])
    assert [each["role"] for each in other.messages] == ["system", "user"]
    assert other.notice == ""


@pytest.mark.slow
def test_where_the_schema_goes_in_words_they_are_shown_too(
    served: House, simulator: Simulator
) -> None:
    project, [task_id] = served.project(1)
    prompt, version = served.prompt(project)
    simulator.control(form="text")
    run = served.run(prompt, version, project)
    sent = simulator.last_request()["messages"]
    assert "fits this JSON schema" in sent[0]["content"]
    parts, studio = served.container, served.container.studio
    where = studio.get_project(project)
    task = parts.previews.preview(studio, where, version, task_id).task
    [outcome] = parts.store.outcomes.iter(run.id)
    assert task is not None
    shown = parts.asked_messages.of(where, run, task, outcome)
    assert (list(shown.messages), shown.way) == (sent, "")
