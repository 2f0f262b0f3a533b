"""`demo`: the whole of "predictions from a prompt" on a real Label Studio, from nothing."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ml_backend import demo as data
from ml_backend.cli.local_label_studio import (
    EMAIL,
    PASSWORD,
    TOKEN,
    LocalLabelStudio,
    free_port,
)
from ml_backend.cli.next_steps import for_command_line
from ml_backend.container import Container
from ml_backend.errors import PromptsError
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import Project
from ml_backend.records import Prompt, PromptVersion, ProviderName, Run, Subset
from ml_backend.records.metrics_json import metrics_json, metrics_of
from ml_backend.services.marking.request import mark_request
from ml_backend.services.predictions.selection import select
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.services.runs.runs import is_open
from ml_backend.services.writing.patience import Patience
from ml_backend.settings import Settings

PROJECT = "Customer messages"
PROMPT = "Sort mail"
OTHER_PROMPT = "Topic at a glance"
BACKEND = "Prompts"
STATE = Path(tempfile.gettempdir()) / "ls-prompts-demo.json"


@click.command()
@click.option(
    "--label-studio",
    "executable",
    type=click.Path(path_type=Path),
    help="The label-studio program to use; by default the one on PATH.",
)
@click.option("--keep", is_flag=True, help="Leave Label Studio and the server running.")
@click.option("--stop", is_flag=True, help="Stop what an earlier `demo --keep` left running.")
@click.option("--json", "as_json", is_flag=True, help="Print what Label Studio holds as JSON.")
def demo(executable: Path | None, keep: bool, stop: bool, as_json: bool) -> None:
    """Show everything on a real Label Studio made for the purpose.

    Starts Label Studio and this server, makes a project of 200 customer messages (60 of them with
    ground truth), evaluates a prompt, gets predictions for all tasks, promotes them to
    annotations, and prints what Label Studio then holds. With OPENAI_API_KEY set it uses that
    model, else the offline baseline.

    \b
    Examples:
      ls-prompts demo --label-studio .venvs/label-studio/bin/label-studio
      ls-prompts demo --keep
      ls-prompts demo --stop
    """
    console = Console(stderr=True, highlight=False)
    if stop:
        _stop_kept(console)
        return
    program = str(executable.absolute()) if executable else shutil.which("label-studio")
    if program is None or not Path(program).exists():
        raise PromptsError(
            "The demo needs the label-studio program.",
            fix="Run `make demo`, which installs it in a virtual environment of its own.",
        )
    with ExitStack() as stack:
        held = Demo(program, console).play(stack, keep=keep)
    click.echo(json.dumps(held, indent=2)) if as_json else _print_table(held)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the demo's two servers run."""

    studio_url: str
    server_url: str
    folder: Path


class Demo:
    """One showing of the demo, step by step."""

    def __init__(self, program: str, console: Console) -> None:
        self._program = program
        self._console = console

    def play(self, stack: ExitStack, *, keep: bool) -> dict[str, Any]:
        """Do all of it and return what Label Studio holds at the end."""
        _stop_kept(self._console)
        folder = Path(tempfile.mkdtemp(prefix="ls-prompts-demo-"))
        studio = LocalLabelStudio(executable=self._program, data_dir=folder / "label-studio")
        if not keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            stack.callback(studio.stop)
        with self._step("Starting Label Studio (about 40 s the first time)"):
            studio.start()
        port = free_port()
        place = Place(studio.url, f"http://127.0.0.1:{port}", folder)
        settings = replace(
            Settings.from_env(),
            label_studio_url=studio.url,
            label_studio_api_key=TOKEN,
            data_dir=folder / "data",
            database_url=f"sqlite:///{folder}/data/prompts.db",
            host="127.0.0.1",
            port=port,
        )
        with self._step("Starting the server"):
            server = _start_server(place, port)
            if not keep:
                stack.callback(_end, server.pid)
            _wait_for(f"{place.server_url}/health")
        if keep:
            state = {"pids": [server.pid, studio.pid], "folder": str(folder)}
            STATE.write_text(json.dumps(state | {"label_studio": studio.url}))
        held = self._act(Container(settings), place)
        self._say_goodbye(place, held, keep)
        return held

    def _act(self, container: Container, place: Place) -> dict[str, Any]:
        project = self._make_project(container)
        with self._step("Writing the prompt"):
            prompt = container.prompts.create(PROMPT, project=project)
            version = container.prompts.create_version(prompt, text=data.prompt())
        self._console.print(f"  {_model(version)}")
        with self._step("Connecting the ML backend"):
            container.connecting.connect(project, place.server_url, title=BACKEND)
        evaluated = self._run(
            container, prompt, version, project, "Evaluate on 60 ground truths", Subset.HAS_GT
        )
        self._run(
            container, prompt, version, project, "Get predictions for all 200 tasks", Subset.ALL
        )
        with self._step("Editing the prompt: a second version"):
            text = f"{data.prompt()}\n\nWhen in doubt about the topic, take what comes first."
            second = container.prompts.create_version(prompt, text=text)
        last = self._run(
            container, prompt, second, project, "Again: replaced, not accumulated", Subset.ALL
        )
        self._show_delete(container, project)
        label = last.label
        with self._step("Creating annotations from predictions, where nobody has annotated"):
            plan = container.predictions.plan_promote(
                project.id, select(labels=[label], everything=True)
            )
            container.predictions.execute_promote(plan, _patience())
        return self._read_back(container, project, evaluated)

    def _show_delete(self, container: Container, project: Project) -> None:
        """Let a second prompt write some predictions, and delete its model version alone."""
        other = container.prompts.create(OTHER_PROMPT, project=project)
        version = container.prompts.create_version(other, text="What is this about?\n{text}")
        run = self._run(
            container, other, version, project, "A second prompt on a sample of 20", Subset.SAMPLE
        )
        label = run.label
        with self._step(f"Deleting the predictions of {label!r}, and only those"):
            plan = container.predictions.plan_delete(project.id, select(labels=[label]))
            report = container.predictions.execute_delete(plan, _patience())
        self._console.print(f"  {report.deleted} predictions deleted")

    def _make_project(self, container: Container) -> Project:
        with self._step("Making a project: 200 customer messages, 60 annotated"):
            config = LabelingConfig.parse(data.config())
            project = container.studio.create_project(
                PROJECT, data.config(), instruction=_to_html(data.instructions())
            )
            tasks = []
            for task in data.tasks():
                row: dict[str, Any] = {"data": task["data"]}
                if "ground_truth" in task:
                    result = config.to_conversion(task["ground_truth"], task["data"]).result
                    row["annotations"] = [{"result": result, "ground_truth": False}]
                tasks.append(row)
            container.studio.import_tasks(project.id, tasks)
        return self._mark(container, container.studio.get_project(project.id))

    def _mark(self, container: Container, project: Project) -> Project:
        """Mark what is annotated as ground truth, as `ls-prompts ground-truth add --all` does."""
        with self._step("Marking the annotations as ground truth") as say:
            plan = container.marks.plan(project, mark_request(everything=True))
            container.marks.execute(
                plan, _patience(), lambda done, total: say(f"{done} of {total}")
            )
        return container.studio.get_project(project.id)

    def _run(
        self,
        container: Container,
        prompt: Prompt,
        version: PromptVersion,
        project: Project,
        title: str,
        subset: Subset,
    ) -> Run:
        """Start a run for the server to execute, and wait for its end."""
        with self._step(title) as say:
            run = container.runs.start(
                prompt, version, project, RunRequest(subset=subset, activate=True)
            )
            while is_open(run):
                time.sleep(0.2)
                run = container.store.runs.get(run.id)
                say(
                    f"{run.totals.done}/{run.totals.total} {run.stage.value} "
                    f"{for_command_line(run.message)}"
                )
        if run.totals.succeeded == 0:
            raise PromptsError(f"{title}: {run.status.value}. {run.message}")
        self._console.print(f"  {_outcome(run)}")
        return run

    def _read_back(self, container: Container, project: Project, evaluated: Run) -> dict[str, Any]:
        studio = container.studio
        rows = studio.prediction_keys(project.id)
        labels = container.ownership.ours(project.id).labels
        versions = {}
        for name, count in sorted(studio.model_versions(project.id).items()):
            per_task = Counter(row.task_id for row in rows if row.model_version == name)
            versions[name] = {
                "slot": labels[name].slot.value if name in labels else "other",
                "predictions": count,
                "tasks": len(per_task),
                "most_per_task": max(per_task.values(), default=0),
            }
        annotated = list(studio.iter_annotated(project.id))
        truths = sum(a.ground_truth for task in annotated for a in task.annotations)
        promoted = sum(
            a.parent_prediction is not None for task in annotated for a in task.annotations
        )
        return {
            "project": project.id,
            "tasks": studio.get_project(project.id).tasks,
            "model_versions": versions,
            "evaluation": metrics_json(evaluated.metrics),
            "annotations": {"ground_truth": truths, "from_predictions": promoted},
        }

    def _say_goodbye(self, place: Place, held: dict[str, Any], keep: bool) -> None:
        if not keep:
            self._console.print("Stopped again. `make demo KEEP=1` leaves it running to look at.")
            return
        project = f"{place.studio_url}/projects/{held['project']}/data"
        self._console.print(f"Label Studio  {project}\n              {EMAIL} / {PASSWORD}")
        self._console.print(f"Server        {place.server_url}")
        self._console.print("Stop both     ls-prompts demo --stop")

    @contextmanager
    def _step(self, title: str) -> Iterator[Callable[[str], None]]:
        began = time.monotonic()
        with self._console.status(title) as status:
            yield lambda text: status.update(f"{title}: {text}")
        self._console.print(f"✓ {title} [dim]({time.monotonic() - began:.1f} s)[/dim]")


def _model(version: PromptVersion) -> str:
    if version.provider is ProviderName.BASELINE:
        return "model: none; the offline baseline answers (set OPENAI_API_KEY for a real model)"
    return f"model: {version.model}"


def _outcome(run: Run) -> str:
    overall = run.metrics.overall if run.metrics else None
    text = f"{run.totals.succeeded} predictions, {run.totals.failed} failed"
    if overall and overall.n:
        text += (
            f"; all answers right in {overall.correct} of {overall.n} tasks "
            f"({overall.accuracy:.0%}, 95%: {overall.low:.0%} to {overall.high:.0%})"
        )
    return text


def _print_table(held: dict[str, Any]) -> None:
    console = Console(highlight=False)
    table = Table(title=f"What Label Studio now holds: {held['tasks']} tasks", title_justify="left")
    for name in ("Model version", "Slot"):
        table.add_column(name, overflow="fold")
    for name in ("Predictions", "Tasks", "Most per task"):
        table.add_column(name, justify="right")
    for name, row in held["model_versions"].items():
        cells = (row["slot"], row["predictions"], row["tasks"], row["most_per_task"])
        table.add_row(name, *(str(cell) for cell in cells))
    console.print(table)
    made = held["annotations"]
    console.print(
        f"Annotations: {made['ground_truth']} ground truth by people, "
        f"{made['from_predictions']} created from predictions."
    )
    measured = metrics_of(held["evaluation"])
    if measured is not None and measured.controls:
        table = Table(title="Evaluation against ground truth", title_justify="left")
        table.add_column("Control")
        for name in ("n", "Correct", "Failed", "Accuracy", "95% interval"):
            table.add_column(name, justify="right")
        for name, row in {**measured.controls, "all": measured.overall}.items():
            interval = f"{row.low:.0%} to {row.high:.0%}" if row.n else "-"
            share = f"{row.accuracy:.0%}" if row.n else "-"
            table.add_row(name, str(row.n), str(row.correct), str(row.failed), share, interval)
        console.print(table)


def _to_html(markdown: str) -> str:
    """Return labeling instructions as the little HTML that Label Studio shows."""
    from markupsafe import escape

    lines = [str(escape(line)) for line in markdown.splitlines()]
    return "<p>" + "<br>".join(lines) + "</p>"


def _patience() -> Patience:
    import threading

    return Patience(lambda message: None, threading.Event())


def _start_server(place: Place, port: int) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "LABEL_STUDIO_URL": place.studio_url,
        "LABEL_STUDIO_API_KEY": TOKEN,
        "DATA_DIR": str(place.folder / "data"),
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    for name in ("DATABASE_URL", "BASIC_AUTH_USER", "BASIC_AUTH_PASS", "WORKERS"):
        environment.pop(name, None)
    with (place.folder / "server.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "ml_backend", "serve"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_for(url: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise PromptsError(f"{url} did not answer within {seconds:.0f} s.")


def _stop_kept(console: Console) -> None:
    if not STATE.exists():
        return
    state = json.loads(STATE.read_text())
    for pid in state["pids"]:
        _end(pid)
    shutil.rmtree(state["folder"], ignore_errors=True)
    STATE.unlink()
    console.print("Stopped the demo that was left running.")


def _end(pid: int) -> None:
    """Stop a process group, politely for ten seconds, whether or not it is our own child."""
    try:
        os.killpg(pid, signal.SIGTERM)
        for _ in range(100):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            os.killpg(pid, 0)
            time.sleep(0.1)
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
