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
from ml_backend.records import ControlMetrics, Correctness, RunMetrics, RunStatus
from ml_backend.scoring.classes import report
from ml_backend.settings import Settings
from ml_backend.web import create_app
from support.fake_label_studio import TOKEN
from support.fake_label_studio_process import FakeLabelStudioProcess

REPEATS = 5
AT_ONCE = 20_000
PAGES = {
    "prompts": "/ui/prompts",
    "prompt": "/ui/prompts/{prompt}",
    "results, mismatches": "/ui/prompts/{prompt}/results?filter=mismatch",
    "results, least sure first": "/ui/prompts/{prompt}/results?order=score",
    "alignment": "/ui/prompts/{prompt}/alignment",
    "versions": "/ui/prompts/{prompt}/versions",
    "compare": "/ui/prompts/{prompt}/compare",
    "history": "/ui/prompts/{prompt}/history",
    "enhance": "/ui/prompts/{prompt}/enhance",
    "task": "/ui/runs/{run}/tasks/{task}",
    "create": "/ui/prompts/new",
    "predictions": "/ui/predictions?project={project}",
    "connections": "/ui/connections",
    "health": "/ui/health",
}


def measure_pages(count: int, config: str) -> dict[str, Any]:
    """Return page -> least seconds of some repeats, and bytes, with ``count`` tasks and results."""
    with FakeLabelStudioProcess() as studio, tempfile.TemporaryDirectory() as folder:
        project, tasks = _seed(studio, count, config)
        settings = Settings.from_env(
            {"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_API_KEY": TOKEN, "DATA_DIR": folder}
        )
        container = Container(settings)
        prompt_id, run_id = _ended_run(container, project, tasks)
        with create_app(container).test_client() as client:
            form = client.get("/ui/sign-in").text
            csrf = re.search(r'name="csrf_token" value="([^"]+)"', form)
            assert csrf is not None
            client.post("/ui/sign-in", data={"token": TOKEN, "csrf_token": csrf[1]})
            numbers = {"prompt": prompt_id, "run": run_id, "project": project, "task": tasks[5]}
            found = {name: _page(client, path, numbers) for name, path in PAGES.items()}
        container.store.close()
    return {
        "tasks": count,
        "pages": {name: seconds for name, (seconds, _) in found.items()},
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


def _ended_run(container: Container, project: int, tasks: list[int]) -> tuple[int, int]:
    """Make a measured run over all the tasks."""
    store = container.store
    prompt_id, run_id = make_run(store, project)
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
    return prompt_id, run_id


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
