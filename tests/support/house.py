"""A container over a fake Label Studio, and a model that answers in this process."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_backend.container import Container
from ml_backend.llm import Payer, Reply, Request
from ml_backend.records import Prompt, PromptVersion, Run, Usage
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.settings import Settings
from support.fake_label_studio import FakeLabelStudio
from support.place import close
from support.processes import eventually
from support.simulator import Controls

CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="topic" toName="text"><Choice value="A"/><Choice value="B"/></Choices></View>"""


@dataclass
class ScriptedModel:
    """Answers by a function of the request; enters by the door's own interface."""

    answer: Callable[[Request], str] = lambda request: '{"topic": "A"}'
    asked: list[Request] = field(default_factory=list)
    usage: Usage = field(default_factory=lambda: Usage(10, 2))

    async def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        text = self.answer(request)
        return Reply(text, self.usage, 0.01, 1, None, "json_schema", request.model)

    async def check(self, payer: Payer) -> list[str]:
        return ["scripted"]

    async def close(self) -> None:
        return


class Hurried:
    """A writer's clock that hurries while nothing is to come, so that waiting in vain is short.

    What was sent to the fake and has not taken effect yet is waited for, however long that takes on
    a busy machine; and nothing unsent goes stale.
    """

    SETTLE = 600.0

    def __init__(self, fake: FakeLabelStudio) -> None:
        self._fake = fake
        self._ahead = 0.0
        self._is_calm = False

    def __call__(self) -> float:
        was_calm, self._is_calm = self._is_calm, self._fake.state()["unsettled"] == 0
        # What came since the last look is seen at the next one, before anything is given up.
        if was_calm and self._is_calm:
            self._ahead += self.SETTLE
        return time.time() + self._ahead


def hurry(container: Container, fake: FakeLabelStudio) -> None:
    """Have a container wait in vain for a moment alone, and lose no right by being slow."""
    container.writer.settle_seconds = Hurried.SETTLE
    container.writer.clock = Hurried(fake)


class House:
    """A container and what a test asks of it."""

    def __init__(self, container: Container, fake: FakeLabelStudio, model: ScriptedModel) -> None:
        self.container = container
        self.fake = fake
        self.model = model

    def project(self, count: int = 5, config: str = CONFIG) -> tuple[int, list[int]]:
        return self.fake.seed(config, [{"data": {"text": f"text {n}"}} for n in range(count)])

    def prompt(
        self, project_id: int, title: str = "P", text: str = "Label {text}"
    ) -> tuple[Prompt, PromptVersion]:
        studio = self.container.studio
        prompt = self.container.prompts.create(title, project=studio.get_project(project_id))
        return prompt, self.version(prompt, text)

    def version(self, prompt: Prompt, text: str = "Label {text}") -> PromptVersion:
        return self.container.prompts.create_version(prompt, text=text)

    def start(self, prompt: Prompt, version: PromptVersion, project_id: int, **options: Any) -> Run:
        project = self.container.studio.get_project(project_id)
        return self.container.runs.start(prompt, version, project, RunRequest(**options))

    def run(self, prompt: Prompt, version: PromptVersion, project_id: int, **options: Any) -> Run:
        return self.execute(self.start(prompt, version, project_id, **options))

    def execute(self, run: Run) -> Run:
        """Execute a run to its end as the engine does: again, where a stall cost it its right."""
        return eventually(lambda: self.container.executor.execute(run.id))

    def held(self, project_id: int) -> dict[int, Counter[str | None]]:
        """Return what the fake Label Studio holds: predictions by task and model version."""
        held = {task: Counter() for task in self.container.studio.task_ids(project_id)}
        for row in self.container.studio.prediction_keys(project_id):
            held[row.task_id][row.model_version] += 1
        return held


@contextmanager
def served_house(
    fake: FakeLabelStudio, simulator: Controls, data_dir: Path, **settings: str
) -> Iterator[House]:
    """Yield a house whose container asks the simulator over HTTP, by these settings beside."""
    container = Container(
        Settings.from_env(
            {
                "LABEL_STUDIO_URL": fake.url,
                "LABEL_STUDIO_API_KEY": fake.token,
                "DATA_DIR": str(data_dir),
                "OPENAI_BASE_URL": simulator.url,
                "OPENAI_MODEL": "simulated",
                **settings,
            }
        )
    )
    hurry(container, fake)
    yield House(container, fake, ScriptedModel())
    close(container)
