"""Whether promises hold end to end: projects predicted, drawn, labelled, opened and accepted.

``python -m benchmarks.acceptance_end_to_end`` takes some minutes on two cores; ``--projects 3`` is
a glance. Each project goes through the commands a person gives, over HTTP: the model is the
simulator, whose errors are known, Label Studio the tests' fake, or with ``--label-studio`` a real
one that is started for it. A person who is always right labels the sample. Then every annotation
that was accepted is compared with the truth. It ends with 1 where more projects than
1 - certainty and three standard errors hold more wrong ones than promised.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from ml_backend.labelstudio import PredictionRow, ServerLabelStudio
from support.fake_label_studio import FakeLabelStudio
from support.live_label_studio import LiveLabelStudio
from support.server import Installation
from support.simulator import Simulator

CLASSES = ("Bug", "Price", "Praise", "Other")
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="topic" toName="text" required="true">'
    + "".join(f'<Choice value="{each}"/>' for each in CLASSES)
    + "</Choices></View>"
)


@dataclass(frozen=True, slots=True)
class Model:
    """A simulated model; ``knobs`` are the simulator's ``confidence``."""

    name: str
    knobs: dict[str, float]


MODELS = (
    Model("calibrated", {"accuracy": 0.85, "auroc": 0.85}),
    Model("overconfident", {"accuracy": 0.85, "auroc": 0.85, "sharpness": 2.5, "bias": 1}),
    Model("at the limit, flat", {"accuracy": 0.9, "auroc": 0.5}),
    Model("just below, flat", {"accuracy": 0.88, "auroc": 0.5}),
    Model("tied", {"accuracy": 0.85, "auroc": 0.85, "steps": 10}),
    Model("surer of what is wrong", {"accuracy": 0.9, "auroc": 0.3}),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What every project asks to be promised, of how many tasks and by how many labels."""

    tasks: int = 400
    labels: int = 150
    max_error: float = 0.1
    certainty: float = 0.95


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a project: ``wrong`` of ``accepted`` annotations are not the truth."""

    model: Model
    promised: bool
    accepted: int
    wrong: int
    would: int
    """What could have been accepted without the sample: everything that was not labelled."""

    @property
    def error(self) -> float:
        return self.wrong / self.accepted if self.accepted else 0.0

    def is_broken(self, max_error: float) -> bool:
        return self.error > max_error


class Studio:
    """What a person does in Label Studio, over its own API; of one control with choices."""

    config = CONFIG
    control = "topic"

    def __init__(self, url: str, token: str) -> None:
        self._studio = ServerLabelStudio(url, token)

    def make(self, title: str, texts: Sequence[str]) -> int:
        project = self._studio.create_project(title, self.config)
        self._studio.import_tasks(project.id, [{"data": {"text": text}} for text in texts])
        return project.id

    def texts(self, project: int) -> dict[int, str]:
        pages = self._studio.iter_tasks(project)
        return {task.id: str(task.data["text"]) for page in pages for task in page}

    def label(self, task: int, value: str) -> None:
        region = {"from_name": self.control, "to_name": "text", "type": "choices"}
        body = {"result": [{**region, "value": {"choices": [value]}}], "lead_time": 4.2}
        self._studio._transport.send("POST", f"api/tasks/{task}/annotations/", body)

    def labels(self, project: int) -> dict[int, list[str]]:
        """Return what each task's annotations say."""
        return {
            task.id: [each.result[0]["value"]["choices"][0] for each in task.annotations]
            for task in self._studio.iter_annotated(project)
        }

    def predictions(self, project: int) -> list[PredictionRow]:
        return self._studio.predictions(project)

    def close(self) -> None:
        self._studio.close()


class Place:
    """A Label Studio, an installation of ours and a simulated model."""

    def __init__(self, studio: Studio, server: Installation, simulator: Simulator) -> None:
        self.studio, self.server, self.simulator = studio, server, simulator

    def accept(self, number: int, model: Model, asked: Asked) -> Outcome:
        """Take one project from its first prediction to its accepted annotations."""
        self.simulator.control(confidence=model.knobs)
        dice = random.Random(number)  # nosec B311  # no secret
        texts = [f"Message {number}-{n} truth:{dice.choice(CLASSES)}" for n in range(asked.tasks)]
        project = self.studio.make(f"Project {number}", texts)
        truth = {task: text.rpartition(":")[2] for task, text in self.studio.texts(project).items()}
        where = ("--project", project)
        title = f"Topic {number}"
        self.server.cli("prompts", "create", title, *where, "--text", "Which topic? {text}")
        self.server.cli("run", title, *where)
        numbers = ("--max-error", str(asked.max_error), "--certainty", str(asked.certainty))
        size = ("--size", asked.labels, "--yes")
        sample = self.server.json("promises", "draw", title, *where, *numbers, *size)
        drawn = sample["unlabelled_tasks"]
        if len(drawn) != asked.labels:
            raise SystemExit(f"{len(drawn)} of {asked.labels} tasks are to be labelled.")
        for task in drawn:
            self.studio.label(task, truth[task])
        opened = self.server.json("promises", "open", sample["id"])
        if opened["promise"]:
            chosen = ("--prompt", title, "--all", *numbers, "--yes")
            self.server.cli("predictions", "promote", *where, *chosen)
        made = {
            task: said
            for task, said in self.studio.labels(project).items()
            if task not in set(drawn)
        }
        if any(len(said) != 1 for said in made.values()):
            raise SystemExit(f"Project {project}: a task was accepted twice.")
        wrong = sum(said != [truth[task]] for task, said in made.items())
        would = asked.tasks - asked.labels
        return Outcome(model, bool(opened["promise"]), len(made), wrong, would)


@contextmanager
def opened_place(*, real: bool = False) -> Iterator[Place]:
    """Yield a place that is gone afterwards; ``real`` starts a Label Studio for it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = stack.enter_context(LiveLabelStudio() if real else FakeLabelStudio())
        simulator = stack.enter_context(Simulator())
        server = Installation(
            folder / "data",
            LABEL_STUDIO_URL=found.url,
            LABEL_STUDIO_API_KEY=found.token,
            OPENAI_BASE_URL=simulator.url,
            OPENAI_API_KEY="sk-simulated",
            OPENAI_MODEL="simulated",
            LLM_MAX_CONCURRENCY="16",
        )
        stack.enter_context(server)
        studio = Studio(found.url, found.token)
        stack.callback(studio.close)
        yield Place(studio, server, simulator)


def most_broken(certainty: float, projects: int) -> float:
    """Return the share of projects that may be broken: three standard errors beside the rest."""
    share = 1 - certainty
    return share + 3 * math.sqrt(share * certainty / projects)


def report(outcomes: Sequence[Outcome], asked: Asked) -> int:
    """Print the figures by model, and return 1 where promises did not hold."""
    print("model | projects | promised | accepted of the rest | worst error | broken")
    for model in MODELS:
        found = [each for each in outcomes if each.model == model]
        if not found:
            continue
        accepted = sum(each.accepted for each in found) / sum(each.would for each in found)
        cells: list[Any] = [
            model.name,
            len(found),
            sum(each.promised for each in found),
            f"{accepted:.0%}",
            f"{max(each.error for each in found):.1%}",
            sum(each.is_broken(asked.max_error) for each in found),
        ]
        print(" | ".join(map(str, cells)))
    broken = sum(each.is_broken(asked.max_error) for each in outcomes)
    made, wrong = sum(each.accepted for each in outcomes), sum(each.wrong for each in outcomes)
    limit = most_broken(asked.certainty, len(outcomes))
    print(f"{wrong} of {made} accepted annotations are wrong.")
    print(f"{broken} of {len(outcomes)} projects are broken; at most {limit:.1%} may be.")
    return int(broken > limit * len(outcomes))


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.acceptance_end_to_end", description=__doc__
    )
    usual = Asked()
    parser.add_argument("--projects", type=int, default=30)
    parser.add_argument("--label-studio", action="store_true", help="A real one.")
    parser.add_argument("--tasks", type=int, default=usual.tasks)
    parser.add_argument("--labels", type=int, default=usual.labels)
    parser.add_argument("--max-error", type=float, default=usual.max_error)
    parser.add_argument("--certainty", type=float, default=usual.certainty)
    given = parser.parse_args()
    asked = Asked(given.tasks, given.labels, given.max_error, given.certainty)
    outcomes = []
    started = time.monotonic()
    with opened_place(real=given.label_studio) as place:
        for number in range(given.projects):
            model = MODELS[number % len(MODELS)]
            found = place.accept(number, model, asked)
            outcomes.append(found)
            print(f"{number + 1}: {model.name}, {found.accepted} accepted, {found.wrong} wrong",
                  file=sys.stderr, flush=True)  # fmt: skip
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    return report(outcomes, asked)


if __name__ == "__main__":
    sys.exit(main())
