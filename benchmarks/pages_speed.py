"""The web pages of a large project: how soon each is answered, Label Studio's part included.

In this process over a fake Label Studio, so what is measured is the server's work and its calls.
"""

from __future__ import annotations

import re
import tempfile
import time
from typing import Any

from benchmarks.results_speed import CLASSES, fill, judge, make_run
from ml_backend.container import Container
from ml_backend.records import ControlMetrics, Correctness, Run, RunMetrics, RunStatus
from ml_backend.scoring.classes import report
from ml_backend.settings import Settings
from ml_backend.web import create_app
from support.fake_label_studio import TOKEN
from support.fake_label_studio_process import FakeLabelStudioProcess

REPEATS = 5
AT_ONCE = 20_000
PAGES = {
    "prompts": "/ui/prompts",
    "a prompt's row": "/ui/prompts/{prompt}/row",
    "prompt": "/ui/prompts/{prompt}",
    "results, mismatches": "/ui/prompts/{prompt}/results?filter=mismatch",
    "results, least sure first": "/ui/prompts/{prompt}/results?order=score",
    "alignment": "/ui/prompts/{prompt}/alignment",
    "versions": "/ui/prompts/{prompt}/versions",
    "compare": "/ui/prompts/{prompt}/compare",
    "history": "/ui/prompts/{prompt}/history",
    "enhance": "/ui/prompts/{prompt}/enhance",
    "which model": "/ui/prompts/{prompt}/race",
    "score": "/ui/prompts/{prompt}/score",
    "difference": "/ui/prompts/{prompt}/diff?from={version}&to={version}",
    "predict all": "/ui/prompts/{prompt}/predict-all",
    "rename": "/ui/prompts/{prompt}/edit",
    "delete a prompt": "/ui/prompts/{prompt}/delete",
    "restore": "/ui/prompts/{prompt}/versions/{version}/restore",
    "activate": "/ui/prompts/{prompt}/versions/{version}/activate",
    "choose automatically": "/ui/prompts/{prompt}/versions/automatic",
    "delete a version": "/ui/prompts/{prompt}/versions/{version}/delete",
    "a run's row": "/ui/runs/{run}/row",
    "what a run asked": "/ui/runs/{run}/asked",
    "task": "/ui/runs/{run}/tasks/{task}",
    "messages": "/ui/runs/{run}/tasks/{task}/messages",
    "create": "/ui/prompts/new",
    "import": "/ui/prompts/import",
    "ground truth": "/ui/ground-truth?project={project}",
    "ground truth, marked": "/ui/ground-truth?project={project}&marked=1",
    "ground truth of a task": "/ui/ground-truth?project={project}&task={task}",
    "predictions": "/ui/predictions?project={project}",
    "delete predictions": "/ui/predictions/delete?project={project}",
    "create annotations": "/ui/predictions/promote?project={project}",
    "connections": "/ui/connections",
    "add a connection": "/ui/connections/new",
    "health": "/ui/health",
    "health of a project": "/ui/health/project?project={project}",
    "disconnect": "/ui/health/disconnect?project={project}",
}
"""Each page with an address that is measured; tests hold that no other is forgotten."""

COUNTS = "counts everything, in a part of its own that says so meanwhile"
READS_ALL = "reads every prediction of a version, and is held to no limit yet"
LEFT_OUT = {
    "ui.home": "leads to the prompts",
    "ui.unknown": "has nothing to show",
    "ui.sign_in": "knows of no project",
    "ui.export_prompt": "is a file of versions, not of tasks",
    "ui.results_csv": "is a file with every result, sent in parts",
    "ui.show_report": "is a file about the whole run, kept for others",
    "ui.show_job": "shows a row, whatever the job is about",
    "ui.show_outcome": "shows what a job kept",
    "ui.show_marks": "shows what a job kept",
    "ui.show_enhance": "shows what a job kept, and a text of a model",
    "ui.show_race": "shows what a job kept, a row a model",
    "ui.list_race_models": "waits for the model's server, by itself",
    "ui.show_progress": "is of a run that goes on: its row, and the rows that are new",
    "ui.new_results": "is of a run that goes on: the rows that are new",
    "ui.confirm_acceptance": "reads one task, as the page of a task does",
    "ui.show_outlook": COUNTS,
    "ui.count_predictions": COUNTS,
    "ui.count_delete": COUNTS,
    "ui.show_race_plan": COUNTS,
    "ui.estimate_predict_all": COUNTS,
    "ui.comparison_result": COUNTS,
    "ui.comparison_grid": COUNTS,
    "ui.ask_ground_truth": COUNTS,
    "ui.prompt_tab/accept": READS_ALL,
    "ui.show_acceptable": READS_ALL,
    "ui.ask_create": READS_ALL,
    "ui.check_labels": "ranks every disputed label of a run, and is held to no limit yet",
    "ui.ask_draw": READS_ALL,
    "ui.ask_review": READS_ALL,
    "ui.ask_take_back": "reads what one acceptance made",
    "ui.ask_withdraw": "is of one promise sample",
    "ui.show_checks": "waits for model and Label Studio, by itself",
    "ui.show_ready": "waits for model and Label Studio, by itself",
    "ui.edit_connection": "knows of no project",
    "ui.ask_delete_connection": "knows of no project",
}
"""Pages that are not measured, and why: by the name of their route."""


def measure_pages(count: int, config: str) -> dict[str, Any]:
    """Return page -> least seconds of some repeats, and bytes, with ``count`` tasks and results."""
    with FakeLabelStudioProcess() as studio, tempfile.TemporaryDirectory() as folder:
        project, tasks = _seed(studio, count, config)
        settings = Settings.from_env(
            {"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_API_KEY": TOKEN, "DATA_DIR": folder}
        )
        container = Container(settings)
        run = _ended_run(container, project, tasks)
        with create_app(container).test_client() as client:
            form = client.get("/ui/sign-in").text
            csrf = re.search(r'name="csrf_token" value="([^"]+)"', form)
            assert csrf is not None
            client.post("/ui/sign-in", data={"token": TOKEN, "csrf_token": csrf[1]})
            numbers = {"prompt": run.prompt_id, "version": run.version_id, "run": run.id}
            numbers |= {"project": project, "task": tasks[5]}
            found = {name: _page(client, path, numbers) for name, path in PAGES.items()}
        container.store.close()
    return {
        "tasks": count,
        "pages": {name: seconds for name, (seconds, _) in found.items()},
        "kb": {name: size / 1000 for name, (_, size) in found.items()},
        "slowest_results_s": max(
            seconds for name, (seconds, _) in found.items() if name.startswith("results")
        ),
        "slowest_s": max(seconds for seconds, _ in found.values()),
        "largest_kb": max(size for _, size in found.values()) / 1000,
    }


def _seed(studio: FakeLabelStudioProcess, count: int, config: str) -> tuple[int, list[int]]:
    """Make a project of so many tasks, one in a hundred with ground truth."""
    rows: list[dict[str, Any]] = [
        {"data": {"text": f"Review {n}: {'it works, mostly. ' * 6}"}} for n in range(count)
    ]
    for n, row in enumerate(rows[::100]):
        choice = {"choices": [CLASSES[n % 3]]}
        region = {"from_name": "sentiment", "to_name": "text", "type": "choices", "value": choice}
        row["annotations"] = [{"result": [region], "ground_truth": True}]
    project, tasks = studio.seed(config, rows)
    return int(project), list(tasks)


def _ended_run(container: Container, project: int, tasks: list[int]) -> Run:
    """Make a measured run over all the tasks."""
    store = container.store
    _, run_id = make_run(store, project)
    fill(store, run_id, tasks)
    judge(store, run_id, tasks)
    pairs: dict[tuple[str | None, str | None], int] = {
        (true, given): 7 for true in CLASSES for given in CLASSES
    }
    fence = store.runs.claim(run_id, "bench", 60.0)
    assert fence is not None
    n, correct = len(tasks), len(tasks) // 3
    of_all = Correctness(n, correct, accuracy=1 / 3, low=0.33, high=0.34, score=1 / 3)
    control = ControlMetrics(
        n, correct, accuracy=1 / 3, low=0.33, high=0.34, score=1 / 3, report=report(pairs)
    )
    metrics = RunMetrics(of_all, {"sentiment": control})
    store.runs.finish(run_id, fence, RunStatus.COMPLETED, "", total=n, succeeded=n, metrics=metrics)
    return store.runs.get(run_id)


def _page(client: Any, path: str, numbers: dict[str, int]) -> tuple[float, int]:
    for name, number in numbers.items():
        path = path.replace(f"{{{name}}}", str(number))
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        response = client.get(path)
        times.append(time.perf_counter() - began)
        assert response.status_code == 200, f"{path}: {response.status}"
    return min(times), len(response.data)
