"""`make bench`: one run of the server, measured from outside and held against its limits.

Everything is measured in the same minute on the same machine, so that the ratios hold when the
machine's speed drifts: the ideal is calls × latency ÷ calls in flight, and the CPU of a call is
held against the same client used the plain way (``chat.completions.create``) in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import platform
import sqlite3
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from benchmarks.api_load import ApiLoad, paths_of
from benchmarks.hostile_html import measure_hostile_html
from benchmarks.pages_speed import measure_pages
from benchmarks.results_speed import measure_results
from benchmarks.setup_times import SetupTimes
from support.fake_label_studio import TOKEN
from support.fake_label_studio_process import FakeLabelStudioProcess
from support.server import Installation, eventually
from support.simulator import SimulatorProcess

CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="sentiment" toName="text">
<Choice value="Positive"/><Choice value="Neutral"/><Choice value="Negative"/></Choices></View>"""
PROMPT = "What does the writer of this review feel?\n{text}"
WORDS = "the battery of this phone lasts long and the sound is clear but its case feels cheap"


@dataclass(frozen=True, slots=True)
class Limit:
    """A figure of the report with the most it may be."""

    name: str
    value: float
    most: float
    unit: str


class ProcessWatch:
    """CPU and memory of a process and its children, the peak sampled every 50 ms."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> ProcessWatch:
        self._before = self.cpu()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.used = self.cpu() - self._before

    def _family(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]

    def cpu(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in self._family())

    def _sample(self) -> None:
        while not self._ended.wait(0.05):
            self.peak = max(self.peak, sum(p.memory_info().rss for p in self._family()))


def tasks(count: int) -> list[dict[str, Any]]:
    return [{"data": {"text": f"{number}. {WORDS} {WORDS}"}} for number in range(count)]


def measure(count: int, in_flight: int, latency: float) -> dict[str, Any]:
    """Run the whole once and return the figures."""
    with (
        SimulatorProcess(latency=latency) as model,
        FakeLabelStudioProcess() as studio,
        tempfile.TemporaryDirectory() as folder,
        Installation(
            Path(folder) / "data",
            LABEL_STUDIO_URL=studio.url,
            LABEL_STUDIO_API_KEY=TOKEN,
            OPENAI_BASE_URL=model.url,
            OPENAI_API_KEY="sk-simulated",
            OPENAI_MODEL="simulated",
            LLM_MAX_CONCURRENCY=str(in_flight),
            WORKERS="1",
        ) as server,
    ):
        project, _ = studio.seed(CONFIG, tasks(count))
        server.cli("prompts", "create", "Bench", "--project", project, "--text", PROMPT)
        began = time.perf_counter()
        server.start(wait=False)
        eventually(server.is_up, seconds=20, every=0.01)
        health = time.perf_counter() - began
        # A first small run opens connections and learns the answer form, as any server has.
        run_on_server(server, project, "Sample")
        studio_before = studio.state()["calls"]
        with ProcessWatch(server.pid) as watch:
            run = run_on_server(server, project, "All")
        api = api_while_running(server, studio, project)
        plain = plain_client_cpu(model.url, count, in_flight)
        stored = studio.state()
        # A run of its own: these calls would take CPU from what the first one measures.
        with SetupTimes(server.url, project, CONFIG) as setup:
            run_on_server(server, project, "All")
    assert run["total_predictions"] == count, run
    seconds = run["seconds"]
    ideal = math.ceil(count / in_flight) * latency
    return {
        "tasks": count,
        "in_flight": in_flight,
        "latency_s": latency,
        "ideal_s": ideal,
        "wall_s": seconds,
        "wall_over_ideal": seconds / ideal,
        "cpu_ms_per_task": 1000 * watch.used / count,
        "plain_client_cpu_ms_per_call": plain,
        "cpu_over_plain_client": 1000 * watch.used / count / plain,
        "memory_mb": watch.peak / 1e6,
        "health_s": health,
        "setup_calls": setup.count,
        "setup_p50_ms": 1000 * setup.percentile(0.50),
        "setup_p99_ms": 1000 * setup.percentile(0.99),
        "api_at_20_a_second": api,
        "label_studio_calls": {
            key: stored["calls"][key] - studio_before.get(key, 0) for key in stored["calls"]
        },
        "machine": f"{platform.machine()}, {psutil.cpu_count()} cores, "
        f"Python {platform.python_version()}",
    }


def api_while_running(
    server: Installation, studio: FakeLabelStudioProcess, project: int
) -> dict[str, Any]:
    """Run once more, with 20 requests a second on the API from this process; their latencies."""
    run = server.json("run", "Bench", "--project", project, "--fresh", "--detach")
    paths = paths_of(project, run["parent_model"], run["version"], run["id"])
    patch = (f"/api/prompts/{run['parent_model']}/", "description")
    with ApiLoad(server.url, studio.token, paths, patch) as load:
        eventually(lambda: has_ended(server, run["id"]), seconds=600, every=0.1)
    if load.wrong:
        print("\n".join(load.wrong[:10]))
    return load.figures()


def run_on_server(server: Installation, project: int, subset: str) -> dict[str, Any]:
    """Run on the server, all answers fresh; ``seconds`` is from its start to its completion."""
    run = server.json(
        "run", "Bench", "--project", project, "--subset", subset, "--fresh", "--detach"
    )
    eventually(lambda: has_ended(server, run["id"]), seconds=600, every=0.1)
    run = server.json("runs", "show", run["id"])
    assert run["status"] == "Completed", run
    began = datetime.fromisoformat(run["triggered_at"])
    ended = datetime.fromisoformat(run["completed_at"])
    return {**run, "seconds": (ended - began).total_seconds()}


def has_ended(server: Installation, run_id: int) -> bool:
    """Look into the server's database: asking by the CLI would take CPU from what is measured."""
    path = server.data_dir / "prompts.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        query = "SELECT completed_at IS NOT NULL FROM runs WHERE id = ?"
        return bool(connection.execute(query, (run_id,)).fetchone()[0])


def plain_client_cpu(url: str, count: int, in_flight: int) -> float:
    """CPU milliseconds a call of the openai client used the plain way, call and answer alone."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    async def ask_all() -> float:
        client = AsyncOpenAI(
            base_url=url, api_key="sk", max_retries=0, http_client=DefaultAioHttpClient()
        )
        gate = asyncio.Semaphore(in_flight)

        async def ask(number: int) -> None:
            async with gate:
                await client.chat.completions.create(
                    model="simulated",
                    messages=[{"role": "user", "content": f"{PROMPT} {number} {WORDS} {WORDS}"}],
                )

        await ask(-1)
        before = time.process_time()
        await asyncio.gather(*(ask(number) for number in range(count)))
        used = time.process_time() - before
        await client.close()
        return 1000 * used / count

    return asyncio.run(ask_all())


def limits(figures: dict[str, Any]) -> list[Limit]:
    return [
        Limit("wall time over ideal", figures["wall_over_ideal"], 1.15, "×"),
        Limit(
            "server CPU per task, in calls of a plain client",
            figures["cpu_over_plain_client"],
            0.85,
            "×",
        ),
        Limit("server memory, peak", figures["memory_mb"], 230.0, "MB"),
        Limit("API at 20/s during a run, wrong", figures["api_at_20_a_second"]["wrong"], 0, ""),
        Limit("API at 20/s during a run, p95", figures["api_at_20_a_second"]["p95_ms"], 500, "ms"),
        Limit("start until /health answers", figures["health_s"], 2.0, "s"),
        Limit("/setup during a run, p99", figures["setup_p99_ms"], 50.0, "ms"),
        Limit(
            f"counts and slowest page of {figures['results']['outcomes']:,} results",
            figures["results"]["together_ms"],
            100.0,
            "ms",
        ),
        Limit(
            f"slowest web page at {figures['pages']['tasks']:,} tasks",
            1000 * figures["pages"]["slowest_s"],
            300.0,
            "ms",
        ),
        Limit("1 MB of hostile HTML, CPU", figures["hostile_html"]["slowest_s"], 0.5, "s"),
        # Style, script and fonts are 67 kB beside it, once.
        Limit("largest web page", figures["pages"]["largest_kb"], 80.0, "kB"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.5)
    parser.add_argument("--results", type=int, default=100_000)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/run.json"))
    options = parser.parse_args()
    figures = measure(options.tasks, options.in_flight, options.latency)
    figures["results"] = measure_results(options.results)
    figures["pages"] = measure_pages(options.results, CONFIG)
    figures["hostile_html"] = measure_hostile_html()
    held = limits(figures)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(figures, indent=2) + "\n")
    table = Table(
        title=f"{options.tasks} tasks, {options.in_flight} in flight, {options.latency:g} s a call "
        f"({figures['machine']})",
        title_justify="left",
    )
    for name in ("Figure", "Measured", "At most"):
        table.add_column(name, justify="left" if name == "Figure" else "right")
    for limit in held:
        style = "" if limit.value <= limit.most else "red"
        table.add_row(
            limit.name,
            f"{limit.value:.2f} {limit.unit}",
            f"{limit.most:g} {limit.unit}",
            style=style,
        )
    table.add_row("ideal / measured wall", f"{figures['ideal_s']:.1f} / {figures['wall_s']:.1f} s")
    slowest = 1000 * figures["pages"]["slowest_results_s"]
    table.add_row("slowest page of results there", f"{slowest:.0f} ms")
    api = figures["api_at_20_a_second"]
    table.add_row(
        "API median / p99 / max",
        f"{api['median_ms']:.0f} / {api['p99_ms']:.0f} / {api['max_ms']:.0f} ms",
    )
    results = figures["results"]
    table.add_row(
        "counts and page over a bare count", f"{results['together_over_bare_count']:.1f} ×"
    )
    table.add_row(
        "results inserted / judged", f"{results['insert_s']:.1f} / {results['judge_s']:.1f} s"
    )
    table.add_row("server CPU per task", f"{figures['cpu_ms_per_task']:.2f} ms")
    Console().print(table)
    print(f"All figures: {options.output}")
    sys.exit(0 if all(limit.value <= limit.most for limit in held) else 1)


if __name__ == "__main__":
    main()
