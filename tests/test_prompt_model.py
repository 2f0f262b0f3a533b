"""Our server as a model class of label-studio-ml, hosted in each way that can be had here."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ml_backend.container import Container
from ml_backend.errors import PromptsError
from ml_backend.records import RunStatus
from ml_backend.services.runs.run_request import RunRequest
from support.fake_label_studio import FakeLabelStudio
from support.model_host import HOSTS, PACKAGE, PLAIN, STAND_IN, Host, StandInBase
from support.server import SETTINGS, eventually
from support.simulator import Simulator
from support.wire import CONFIG

LABEL = "Topics__Version 1"
CREATED = ".1795381976"
REFUSALS = (PromptsError, AssertionError)
"""What a host raises here for a request that it answers with an error."""


@dataclass
class Hosted:
    """A host whose process has its settings from the environment, and a project to serve."""

    host: Host
    project_id: int

    @property
    def project(self) -> str:
        """How Label Studio names it."""
        return f"{self.project_id}{CREATED}"

    @property
    def container(self) -> Container:
        container: Container = self.host.module.shared_container()
        return container

    def prompt(self, text: str = "Which topic? {text}") -> None:
        project = self.container.studio.get_project(self.project_id)
        prompt = self.container.prompts.create("Topics", project=project)
        self.container.prompts.create_version(prompt, text=text)

    def setup(self, extra_params: Any = None) -> str:
        return self.host.setup(self.project, CONFIG, extra_params)

    def predict(self, tasks: list[Any], **params: Any) -> list[Any]:
        given = {"login": None, "password": None, "context": None, **params}
        return self.host.predict(self.project, CONFIG, tasks, **given)


@pytest.fixture(params=HOSTS)
def hosted(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    data_dir: Path,
    fake: FakeLabelStudio,
    simulator: Simulator,
) -> Iterator[Hosted]:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "LABEL_STUDIO_URL": fake.url,
        "LABEL_STUDIO_API_KEY": fake.token,
        "OPENAI_BASE_URL": simulator.url,
        "OPENAI_MODEL": "simulated",
        "DATA_DIR": str(data_dir),
    }.items():
        monkeypatch.setenv(name, value)
    project_id, _ = fake.seed(CONFIG, [{"data": {"text": "a task"}}])
    host = Host(request.param, monkeypatch, tmp_path)
    yield Hosted(host, project_id)
    opened = host.module._opened
    host.module.close_shared()
    if opened is not None:
        release(opened[1])


def release(container: Container) -> None:
    """Leave nothing open."""
    container.studio.close()
    container.backend._studio.close()
    container.loop.run(container.models.close())
    container.loop.stop()
    container.store.close()


def tasks(number: int) -> list[dict[str, Any]]:
    return [{"id": n, "data": {"text": f"message number {n}"}} for n in range(1, number + 1)]


@pytest.mark.slow
def test_setup_names_exactly_the_version_that_predict_writes(hosted: Hosted) -> None:
    hosted.prompt()
    assert hosted.setup() == LABEL
    found = hosted.predict(tasks(3))
    assert [item["model_version"] for item in found] == [LABEL] * 3
    assert all(item["result"] and item["score"] is not None for item in found)
    assert list(hosted.container.ownership.ours(hosted.project_id).labels) == [LABEL]


@pytest.mark.slow
def test_a_failed_or_odd_task_costs_only_itself(hosted: Hosted, simulator: Simulator) -> None:
    hosted.prompt()
    simulator.control({"match": "number 2", "fault": "garbage"})
    found = hosted.predict([*tasks(3), {"id": 4}, None, {"id": 5, "data": {"text": "last"}}])
    assert [bool(item) for item in found] == [True, False, True, False, False, True]
    assert found[1] == found[3] == found[4] == []


@pytest.mark.slow
@pytest.mark.parametrize("as_text", [False, True], ids=["object", "text"])
def test_extra_parameters_choose_the_prompt_until_the_connection_has_none(
    hosted: Hosted, as_text: bool
) -> None:
    hosted.prompt()
    wanted: Any = {"prompt": "Say which topic {text} has"}
    label = hosted.setup(json.dumps(wanted) if as_text else wanted)
    assert label != LABEL
    assert [item["model_version"] for item in hosted.predict(tasks(1))] == [label]
    model = hosted.host.model_class(str(hosted.project_id), CONFIG)
    assert model.extra_params == wanted
    assert hosted.setup() == LABEL
    assert [item["model_version"] for item in hosted.predict(tasks(1))] == [LABEL]


def test_what_a_labeler_must_mend_is_said(hosted: Hosted) -> None:
    with pytest.raises(REFUSALS, match="has no prompt yet"):
        hosted.setup()
    with pytest.raises(REFUSALS, match="has no prompt yet"):
        hosted.predict(tasks(1))


@pytest.mark.slow
def test_a_person_who_waits_is_told_and_no_context_is_nobody(
    hosted: Hosted, simulator: Simulator
) -> None:
    hosted.prompt()
    simulator.control({"match": "number 1", "fault": "garbage"})
    with pytest.raises(REFUSALS, match="No prediction for task 1"):
        hosted.predict(tasks(1), context={"result": []})
    assert hosted.predict(tasks(1), context={}) == [[]]


@pytest.mark.slow
def test_an_event_is_queued_with_what_it_names(hosted: Hosted) -> None:
    hosted.prompt()
    hosted.setup()
    project = {"id": hosted.project_id, "label_config": CONFIG}
    event = {"action": "ANNOTATION_CREATED", "project": project}
    heard = hosted.host.webhook({**event, "annotation": {"id": 31}, "task": {"id": 7}})
    assert heard == {"event": "ANNOTATION_CREATED", "heard": "queued"}
    queued = hosted.container.store.events.of_project(hosted.project_id)
    [found] = [each for each in queued if each.action == "ANNOTATION_CREATED"]
    assert (found.task_ids, found.annotation_ids) == ((7,), (31,))


@pytest.mark.parametrize("odd", [[{"id": 1}], {"id": True}, {"id": 10**12}, {}, "x", None], ids=str)
@pytest.mark.slow
def test_an_event_that_names_nothing_is_about_all_of_the_project(hosted: Hosted, odd: Any) -> None:
    hosted.prompt()
    hosted.setup()
    project = {"id": hosted.project_id, "label_config": CONFIG}
    hosted.host.webhook({"action": "ANNOTATION_UPDATED", "project": project, "annotation": odd})
    queued = hosted.container.store.events.of_project(hosted.project_id)
    [found] = [each for each in queued if each.action == "ANNOTATION_UPDATED"]
    assert found.annotation_ids is None


def test_models_share_their_parts_and_what_was_kept(hosted: Hosted) -> None:
    first, second = (hosted.host.model_class("5", CONFIG) for _ in range(2))
    assert first._container is second._container is hosted.container
    first.set("threshold", "0.5")
    assert second.get("threshold") == "0.5"
    assert second.has("threshold")
    assert not hosted.host.model_class("6", CONFIG).has("threshold")
    with pytest.raises(PromptsError, match="that of the prompt"):
        first.set("model_version", "2.0")


@pytest.mark.slow
def test_a_run_goes_on_in_the_background(hosted: Hosted) -> None:
    hosted.prompt()
    container = hosted.container
    prompt = container.prompts.find("Topics")
    version = container.prompts.find_version(prompt, None)
    project = container.studio.get_project(hosted.project_id)
    run = container.runs.start(prompt, version, project, RunRequest())
    eventually(lambda: container.store.runs.get(run.id).status is RunStatus.COMPLETED)
    assert {"engine", "events"} <= {thread.name for thread in threading.enumerate()}


def test_a_model_without_a_project_can_be_made(hosted: Hosted) -> None:
    model = hosted.host.model_class()
    assert model.model_version is None
    assert model.label_config == ""
    with pytest.raises(PromptsError, match="which project"):
        model.predict(tasks(1))


def test_a_missing_setting_is_named(hosted: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABEL_STUDIO_API_KEY")
    with pytest.raises(PromptsError, match="LABEL_STUDIO_API_KEY is not set"):
        hosted.host.model_class("5", CONFIG)


def test_it_is_what_init_app_takes(hosted: Hosted) -> None:
    bases = {PLAIN: object, STAND_IN: StandInBase}
    if hosted.host.way == PACKAGE:
        from label_studio_ml.model import LabelStudioMLBase

        bases[PACKAGE] = LabelStudioMLBase
    assert hosted.host.model_class.__bases__ == (bases[hosted.host.way],)
