"""`demo`: the whole of "predictions from a prompt" on a real Label Studio, from nothing."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess  # nosec B404  # no shell; each call says what it starts
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ml_backend import demo as data
from ml_backend.cli.commands.demo_kept import STATE, Place, end, say_goodbye, stop_kept
from ml_backend.cli.commands.demo_size import LOCAL, DemoSize, size_of
from ml_backend.cli.local_label_studio import (
    DATABASE,
    TOKEN,
    LocalLabelStudio,
    free_port,
)
from ml_backend.cli.next_steps import for_command_line
from ml_backend.cli.output.demo_words import outcome_lines, print_held
from ml_backend.cli.output.steps import Steps
from ml_backend.container import Container
from ml_backend.errors import PromptsError
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import Project
from ml_backend.records import Prompt, PromptVersion, ProviderName, Run, Stage, Subset
from ml_backend.records.metrics_json import metrics_json
from ml_backend.services.marking.request import mark_request
from ml_backend.services.predictions.selection import select
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.services.writing.patience import Patience
from ml_backend.settings import Settings

PROJECT = "Customer messages"
PROMPT = "Sort mail"
OTHER_PROMPT = "Topic at a glance"
BACKEND = "Prompts"
START_SECONDS = 600.0
"""On a busy machine Label Studio's new database alone takes minutes."""


@click.command()
@click.option(
    "--label-studio",
    "executable",
    type=click.Path(path_type=Path),
    help="The label-studio program to use; by default the one on PATH.",
)
@click.option(
    "--template",
    type=click.Path(path_type=Path),
    help="A folder that keeps a freshly made database: the next demo starts with it.",
)
@click.option(
    "--model",
    type=click.Choice([LOCAL]),
    help="local: the small model of `models add smollm2`, on this machine: no key, no network.",
)
@click.option("--keep", is_flag=True, help="Leave Label Studio and the server running.")
@click.option("--stop", is_flag=True, help="Stop what an earlier `demo --keep` left running.")
@click.option("--json", "as_json", is_flag=True, help="Print what Label Studio holds as JSON.")
def demo(
    executable: Path | None,
    template: Path | None,
    model: str | None,
    keep: bool,
    stop: bool,
    as_json: bool,
) -> None:
    """Show everything on a real Label Studio made for the purpose.

    Starts Label Studio and this server, makes a project of 200 customer messages (60 of them
    annotated by people), evaluates a prompt on those, gets predictions for all tasks, promotes them
    to annotations, and prints what Label Studio then holds. With OPENAI_API_KEY set it uses that
    model, else the offline baseline; with --model local a small and weak one on fewer messages.

    \b
    Examples:
      ls-prompts demo --label-studio .venvs/label-studio/bin/label-studio
      ls-prompts demo --model local
      ls-prompts demo --keep
      ls-prompts demo --stop
    """
    console = Console(stderr=True, highlight=False)
    if stop:
        stop_kept(console)
        return
    program = str(executable.absolute()) if executable else shutil.which("label-studio")
    if program is None or not Path(program).exists():
        raise PromptsError(
            "The demo needs the label-studio program.",
            fix="Run `make demo`, which installs it in a virtual environment of its own.",
        )
    with ExitStack() as stack:
        shown = Demo(program, console, size_of(model), template)
        held = shown.play(stack, keep=keep)
    click.echo(json.dumps(held, indent=2)) if as_json else print_held(held)
    say_goodbye(console, shown.kept)  # last, where it is looked for


class Demo:
    """One showing of the demo, step by step."""

    def __init__(
        self, program: str, console: Console, size: DemoSize, template: Path | None = None
    ) -> None:
        self._size = size
        self._program = program
        self._template = template
        self._console = console
        self._step = Steps(console).step
        self.kept: tuple[Place, int] | None = None
        """What is left running: its place and the demo's project."""

    def play(self, stack: ExitStack, *, keep: bool) -> dict[str, Any]:
        """Do all of it and return what Label Studio holds at the end."""
        stop_kept(self._console)
        folder = Path(tempfile.mkdtemp(prefix="ls-prompts-demo-"))
        studio = LocalLabelStudio(
            executable=self._program,
            data_dir=folder / "label-studio",
            template=self._template,
            start_timeout=START_SECONDS,
        )
        if not keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            stack.callback(studio.stop)
        with self._step("Starting Label Studio (a minute or two)", lambda: _studio_at(studio)):
            studio.start()
        port = free_port()
        place = Place(studio.url, f"http://127.0.0.1:{port}", folder)
        settings = Settings.from_env(_environment(place, port, self._size))
        with self._step("Starting the server"):
            server = _start_server(place, port, self._size)
            if not keep:
                stack.callback(end, server.pid)
            _wait_for(f"{place.server_url}/health")
        if keep:
            state = {"pids": [server.pid, studio.pid], "folder": str(folder)}
            STATE.write_text(json.dumps(state | {"label_studio": studio.url}))
        held = self._act(Container(settings), place)
        if keep:
            self.kept = place, int(held["project"])
        return held

    def _act(self, container: Container, place: Place) -> dict[str, Any]:
        project = self._make_project(container)
        with self._step("Writing the prompt"):
            prompt = container.prompts.create(PROMPT, project=project)
            version = container.prompts.create_version(prompt, text=self._size.prompt)
        self._console.print(f"  {_model(version)}", soft_wrap=True)
        with self._step("Connecting the ML backend"):
            container.connecting.connect(project, place.server_url, title=BACKEND)
        evaluated = self._run(
            container,
            prompt,
            version,
            project,
            f"Evaluate on the {self._size.annotated} messages that people annotated",
            Subset.HAS_GT,
        )
        title = f"Get predictions for all {len(self._size.tasks)} tasks"
        self._run(container, prompt, version, project, title, Subset.ALL)
        with self._step("Editing the prompt: a second version"):
            text = f"{self._size.prompt}\n\nWhen in doubt about the topic, take what comes first."
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
        title = f"A second prompt on a sample of {self._size.sample}"
        run = self._run(container, other, version, project, title, Subset.SAMPLE)
        label = run.label
        with self._step(f"Deleting the predictions of {label!r}, and only those"):
            plan = container.predictions.plan_delete(project.id, select(labels=[label]))
            report = container.predictions.execute_delete(plan, _patience())
        self._console.print(f"  {report.deleted} predictions deleted")

    def _make_project(self, container: Container) -> Project:
        size = self._size
        made = f"{len(size.tasks)} customer messages, {size.annotated} annotated"
        with self._step(f"Making a project: {made}"):
            config = LabelingConfig.parse(size.config)
            project = container.studio.create_project(
                PROJECT, size.config, instruction=_to_html(data.instructions())
            )
            tasks = []
            for task in size.tasks:
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
                prompt,
                version,
                project,
                RunRequest(subset=subset, activate=True, sample_size=self._size.sample),
            )
            while run.is_open:
                time.sleep(0.2)
                run = container.store.runs.get(run.id)
                asks = run.stage in (Stage.PENDING, Stage.ASKING)
                doing = "asked" if asks else "asked, being written to Label Studio"
                message = for_command_line(run.message)
                say(f"{run.totals.done} of {run.totals.total} {doing}. {message}".strip())
        if run.totals.succeeded == 0:
            raise PromptsError(f"{title}: {run.status.value}. {run.message}")
        for line in outcome_lines(run):
            self._console.print(f"  {line}")
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
        origins = Counter(
            a.parent_prediction is not None for task in annotated for a in task.annotations
        )
        return {
            "project": project.id,
            "tasks": studio.get_project(project.id).tasks,
            "model_versions": versions,
            "evaluation": metrics_json(evaluated.metrics),
            "annotations": {"by_people": origins[False], "from_predictions": origins[True]},
        }


def _model(version: PromptVersion) -> str:
    if version.provider is ProviderName.BASELINE:
        return "model: none; the offline baseline answers (set OPENAI_API_KEY for a real model)"
    if version.provider is ProviderName.LOCAL:
        return f"model: {version.model} on this machine, a small and weak one"
    return f"model: {version.model}"


def _to_html(markdown: str) -> str:
    """Return labeling instructions as the little HTML that Label Studio shows."""
    from markupsafe import escape

    lines = [str(escape(line)) for line in markdown.splitlines()]
    return "<p>" + "<br>".join(lines) + "</p>"


def _patience() -> Patience:
    import threading

    return Patience(lambda message: None, threading.Event())


def _environment(place: Place, port: int, size: DemoSize) -> dict[str, str]:
    """Return the settings of the demo's server; of the person's own only those of a model."""
    environment = {
        **size.environment,
        "LABEL_STUDIO_URL": place.studio_url,
        "LABEL_STUDIO_API_KEY": TOKEN,
        "DATA_DIR": str(place.folder / "data"),
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    for name in ("DATABASE_URL", "BASIC_AUTH_USER", "BASIC_AUTH_PASS", "WORKERS"):
        environment.pop(name, None)
    return environment


def _start_server(place: Place, port: int, size: DemoSize) -> subprocess.Popen[bytes]:
    with (place.folder / "server.log").open("ab") as log:
        return subprocess.Popen(  # nosec B603  # our own server, no shell
            [sys.executable, "-m", "ml_backend", "serve"],
            env=_environment(place, port, size),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _studio_at(studio: LocalLabelStudio) -> str:
    """Return how far the first start of Label Studio is: making its database takes the most."""
    database = studio.data_dir / DATABASE
    try:
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
            [steps] = opened.execute("SELECT count(*) FROM django_migrations").fetchone()
    except sqlite3.Error:
        return ""
    return f"{steps} steps of its database made"


def _wait_for(url: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):  # nosec B310  # our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise PromptsError(f"{url} did not answer within {seconds:.0f} s.")
