"""A prompt's tab Accept over the fake Label Studio: scored predictions, and people's labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ml_backend.container import Container
from ml_backend.records import (
    Prediction,
    Prompt,
    PromptVersion,
    RunOptions,
    RunSnapshot,
    RunStatus,
    Slot,
    Subset,
)
from ml_backend.records.promises import PromiseSample
from ml_backend.store import AcceptanceAct
from support.annotating import submit
from support.api import task
from support.fake_label_studio import FakeLabelStudio
from support.pages import Page, Pages
from support.wire import CONFIG, region

TASKS, SURE = 60, 50


@dataclass
class AcceptTab:
    """The tab of a version whose first fifty predictions are sure, the others are not."""

    pages: Pages
    prompt: Prompt
    version: PromptVersion
    project: int
    tasks: list[int]

    @property
    def base(self) -> str:
        return f"/ui/prompts/{self.prompt.id}/accept"

    def query(self, error: str = "20", **more: str) -> str:
        fields = {"project": self.project, "version": self.version.id, "error": error}
        fields |= {"certainty": "0.9", **more}
        return "&".join(f"{name}={value}" for name, value in fields.items())

    def get(self, path: str = "", **more: str) -> Page:
        return self.pages.get(f"{self.base}{path}?{self.query(**more)}")

    def post(self, path: str, **form: str) -> Page:
        return self.pages.post(f"{self.base}{path}?{self.query()}", **form)

    def sample(self) -> PromiseSample:
        return self.pages.container.store.promises.of_project(self.project)[0]

    def settle(self) -> None:
        """Do what the server does by itself."""
        self.pages.container.promise_samples.work()

    def draw(self, **more: str) -> Page:
        page = self.get("/draw", **more)
        done = self.pages.post(f"{self.base}/draw", **page.fields("#draw-plan form"))
        self.settle()
        return done

    def label(self, said: str = "a") -> None:
        """Have people label every task of the sample."""
        for each in self.pages.container.store.promises.tasks(self.sample().id):
            submit(self.pages.studio, each.task_id, [region(said)])

    def open(self) -> Page:
        done = self.post(f"/samples/{self.sample().id}/open")
        self.settle()
        return done

    def acts(self) -> list[AcceptanceAct]:
        return self.pages.container.store.acceptances.of_project(self.project)

    def made(self) -> int:
        """Annotations that were made of predictions."""
        return sum(
            bool(row["parent_prediction"]) for row in self.pages.studio.state()["annotations"]
        )


def accept_tab(pages: Pages) -> AcceptTab:
    return AcceptTab(pages, *predicted(pages.studio, pages.container))


def predicted(
    studio: FakeLabelStudio, container: Container, tasks: int = TASKS, sure: int = SURE
) -> tuple[Prompt, PromptVersion, int, list[int]]:
    """Return a prompt whose version predicted a project's tasks: "a", and so many surely."""
    project, ids = studio.seed(CONFIG, [task(n) for n in range(tasks)], title="Topics ✓ 🦘")
    prompt = container.prompts.create("Topic 🦘", project=container.studio.get_project(project))
    version = container.prompts.create_version(prompt, text="Which? {text}")
    label = container.ownership.claim(prompt, version, Slot.ALL, project)
    rows: list[dict[str, Any]] = [
        {
            "task": each,
            "result": [region("a")],
            "score": 0.9 if place < sure else 0.3,
            "model_version": label,
        }
        for place, each in enumerate(ids)
    ]
    container.studio.import_predictions(project, rows)
    run = container.store.runs.create(
        prompt_id=prompt.id,
        version_id=version.id,
        project_id=project,
        label=label,
        slot=Slot.ALL.value,
        subset=Subset.ALL.value,
        snapshot=RunSnapshot.of(version),
        options=RunOptions(),
        total=tasks,
        handed_out=True,
    )
    outcomes = [
        Prediction(row["task"], {"topic": "a"}, [region("a")], row["score"]) for row in rows
    ]
    container.store.outcomes.add(run.id, outcomes)
    container.store.runs.finish(run.id, 0, RunStatus.COMPLETED, "")
    return prompt, version, project, ids
