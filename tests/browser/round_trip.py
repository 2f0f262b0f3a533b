"""An answer's way through everything: model, our server, Label Studio, its editor and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from browser.comparison import SAID_OF_REGIONS, differences
from browser.editor import Editor, NotSubmitted

from ml_backend.container import Container
from ml_backend.labeling import LabelingConfig
from ml_backend.records import JsonObject, Region, RunStatus
from ml_backend.services.runs.run_request import RunRequest
from support.by_hand import delete_project
from support.simulator import Simulator


@dataclass(frozen=True)
class Case:
    """A labeling config, a task, and what the model says of it, in normal form."""

    config: str
    data: JsonObject
    answer: JsonObject
    whole: bool = False
    """Whether Label Studio's data manager shows the task; otherwise its editor alone does."""


class RoundTrip:
    """Plays one case in a project of its own."""

    def __init__(
        self,
        container: Container,
        simulator: Simulator,
        editor: Editor,
        folder: Path,
        number: int,
    ) -> None:
        self._container = container
        self._studio = container.studio
        self._simulator = simulator
        self._editor = editor
        self._folder = folder
        self._title = f"Round trip {number}"
        self._project = 0

    def assert_comes_back(self, case: Case) -> None:
        """The annotation a person makes of the prediction says what the model said."""
        config = LabelingConfig.parse(case.config)
        conversion = config.to_conversion(case.answer, case.data)
        said = [problem.message for problem in conversion.problems] + list(conversion.errors)
        if said or conversion.answer != case.answer:
            raise AssertionError(
                f"the answer is not in normal form: {said}\n  given  {_json(case.answer)}"
                f"\n  normal {_json(conversion.answer)}"
            )
        task = self._make_project(case)
        sent = self._predict(case, config, task)
        try:
            wrong = self._label(case, task, sent)
            stored = self._annotation(task)
            wrong += differences(sent, stored)
            answer = config.to_answer(stored, case.data)
            if answer != case.answer:
                wrong.append(
                    f"the annotation says {_json(answer)}\ninstead of          {_json(case.answer)}"
                )
        except NotSubmitted as refusal:
            wrong = [f"Label Studio refuses to submit: {refusal}", f"sent {_json(sent)}"]
        if wrong:
            self._fail(wrong)

    def _make_project(self, case: Case) -> int:
        self._project = self._studio.create_project(self._title, case.config).id
        [task] = self._studio.import_tasks(self._project, [{"data": case.data}])
        # A project opened for the first time makes its tab, and then often shows a task without
        # its predictions.
        self._studio._transport.send(
            "POST",
            "api/dm/views/",
            {"project": self._project, "data": {"title": "Default", "type": "list"}},
        )
        return task

    def _predict(self, case: Case, config: LabelingConfig, task: int) -> list[Region]:
        """Have our server ask the model, and return the prediction Label Studio then holds."""
        self._simulator.control({"answer": case.answer})
        container = self._container
        project = self._studio.get_project(self._project)
        prompt = container.prompts.create(self._title, project=project)
        fields = "\n".join(f"{{{field}}}" for field in config.input_fields)
        version = container.prompts.create_version(prompt, text=f"Label this.\n{fields}")
        run = container.runs.start(prompt, version, project, RunRequest())
        ended = container.executor.execute(run.id)
        assert ended is not None, "the run was interrupted"
        failures = [item.message for item in container.runs.failures(ended)]
        if ended.status is not RunStatus.COMPLETED or failures:
            raise AssertionError(f"the run is {ended.status}: {ended.message} {failures}")
        [prediction] = [
            row for row in self._studio.predictions(self._project) if row.task_id == task
        ]
        return prediction.result

    def _label(self, case: Case, task: int, sent: list[Region]) -> list[str]:
        """Do what a labeler does; return what is not to be seen on the page."""
        if case.whole:
            self._editor.open(self._project, task)
        else:
            self._editor.show(self._project, task, case.config)
        self._editor.copy_prediction()
        wrong = [f"region {region} is not marked" for region in self._editor.unmarked()]
        wrong += _unseen(sent, self._editor.shown())
        if wrong:
            self._editor.screenshot(self._folder / "before-submit.png")
        self._editor.submit()
        return wrong

    def _annotation(self, task: int) -> list[Region]:
        [annotation] = self._studio._transport.get(f"api/tasks/{task}/annotations/")
        result: list[Region] = annotation["result"]
        return result

    def _fail(self, wrong: list[str]) -> None:
        picture = self._folder / "editor.png"
        self._editor.screenshot(picture)
        complaints = [f"the page complains: {text}" for text in self._editor.complaints[:5]]
        raise AssertionError("\n".join([*wrong, *complaints, f"pictures in {picture.parent}"]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._project:
            delete_project(self._studio, self._project)


def _unseen(sent: list[Region], shown: list[tuple[str, str, Any]]) -> list[str]:
    """What was sent but is not what a person sees selected."""
    seen = {(region, control): value for region, control, value in shown}
    places = {item.get("id") for item in sent if item["type"] not in {*SAID_OF_REGIONS, *WHOLE}}
    found = []
    for item in sent:
        if item["type"] not in {*SAID_OF_REGIONS, *WHOLE}:
            continue
        key = (item["id"] if item["id"] in places else "", item["from_name"])
        if key not in seen:
            continue
        value = item["value"][{**SAID_OF_REGIONS, **WHOLE}[item["type"]]]
        if not _same(item["type"], value, seen[key]):
            found.append(f"{item['from_name']} was sent {_json(value)}, shows {_json(seen[key])}")
    return found


WHOLE = {"pairwise": "selected", "ranker": "ranker"}
"""Type of a result of the whole task -> the key of its value."""


def _same(kind: str, sent: Any, shown: Any) -> bool:
    if kind == "ranker" and isinstance(shown, Mapping):
        return all(shown.get(name) == ids for name, ids in sent.items())
    if kind == "choices" and isinstance(shown, list):
        # The editor counts a parent as selected when all its children are.
        shown = [path for path in shown if not _is_parent(path, shown)]
        return sorted(map(str, sent)) == sorted(map(str, shown))
    return bool(sent == shown)


def _is_parent(path: Any, paths: list[Any]) -> bool:
    return isinstance(path, list) and any(
        other != path and other[: len(path)] == path for other in paths
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
