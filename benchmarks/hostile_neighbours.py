"""`python -m benchmarks.hostile_neighbours`: one project's run beside hostile tasks of another.

For each kind of what is hostile (HTML, PDFs, pictures, a provider whose answers unpack to 1.5 GB):
how long the run of a quiet project takes beside it, against the same run alone just before, and the
most memory that this process, and those that read files for it, take meanwhile.
"""

from __future__ import annotations

import base64
import json
import statistics
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.fake_label_studio_process import FakeLabelStudioProcess
from support.hostile_files import PDFS, PICTURES
from support.hostile_html import hostile
from support.house import House, served_house
from support.simulator import SimulatorProcess
from support.wire import CONFIG

TASKS, LATENCY, AT_ONCE = 200, 0.2, 16
ROUNDS = 2
BOMB = 1536 << 20
LARGEST_FILE = 2 << 20
CHOICES = '<Choices name="t" toName="x"><Choice value="A"/><Choice value="B"/></Choices>'
CONFIGS = {
    "html": f'<View><HyperText name="x" value="$x"/>{CHOICES}</View>',
    "pdf": f'<View><Pdf name="x" value="$x"/>{CHOICES}</View>',
    "picture": f'<View><Image name="x" value="$x"/>{CHOICES}</View>',
    "provider": f'<View><Text name="x" value="$x"/>{CHOICES}</View>',
}


def hostile_values(kind: str) -> list[str]:
    """What stands in the tasks of a kind."""
    if kind == "html":
        return [text for text in hostile(1_000_000).values() if isinstance(text, str)]
    if kind == "provider":
        return [f"message {n}" for n in range(64)]
    files = (make() for make in (PDFS if kind == "pdf" else PICTURES).values())
    media = "application/pdf" if kind == "pdf" else "image/png"
    return [
        f"data:{media};base64,{base64.b64encode(each).decode()}"
        for each in files
        if len(each) < LARGEST_FILE
    ]


def serve_bomb(pipe: Pipe) -> None:
    """Answer everything with a body that unpacks to 1.5 GB; in a process of its own."""
    packer = zlib.compressobj(9, wbits=31)
    piece = bytes(16 << 20)
    bomb = b"".join(packer.compress(piece) for _ in range(BOMB >> 24)) + packer.flush()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(bomb)))
                self.end_headers()
                self.wfile.write(bomb)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send(server.server_port)
    server.serve_forever()


@contextmanager
def bombing() -> Iterator[str]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve_bomb, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        process.kill()


class Memory:
    """The most that this process, and those that read files for it, hold at a time."""

    def __enter__(self) -> Memory:
        self.ours = self.readers = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._ended.wait(0.05):
            self.ours = max(self.ours, me.memory_info().rss)
            held = 0
            for each in me.children():
                try:
                    if "file_reader" in " ".join(each.cmdline()):
                        held += each.memory_info().rss
                except psutil.Error:
                    continue
            self.readers = max(self.readers, held)


def timed_run(house: House, project: int) -> float:
    """Seconds of a run of the quiet project; a version of its own, so nothing is remembered."""
    prompt, version = house.prompt(
        project, f"Quiet {time.monotonic()}", f"{time.monotonic()} {{text}}"
    )
    began = time.perf_counter()
    house.run(prompt, version, project)
    return time.perf_counter() - began


def stop(house: House, project: int) -> None:
    """Cancel what goes on of the hostile project: its answers come one every two seconds."""
    runs = house.container.store.runs
    for run in runs.search(project_id=project):
        if run.is_open:
            runs.request_cancel(run.id)


def beside(house: House, quiet: int, kind: str, endpoint: str) -> dict[str, Any]:
    """Measure one kind: alone and beside it, again and again."""
    values = hostile_values(kind)
    rows = [{"data": {"x": each}} for each in values]
    project, _ = house.fake.seed(CONFIGS[kind], rows)
    ended = threading.Event()

    bomb = house.container.store.connections.create(
        title=f"bomb of {kind}",
        provider="Custom",
        endpoint=endpoint,
        api_key="",
        default_model="bomb",
    )

    def annoy() -> None:
        while not ended.wait(0.5):  # a run that is given up at once is begun anew
            moment = time.monotonic()
            prompt, version = house.prompt(project, f"{kind} {moment}", f"{moment} {{x}}")
            if kind == "provider":
                house.container.store.prompts.update_version(
                    version.id, provider="Custom", connection_id=bomb.id, model="bomb"
                )
                version = house.container.store.prompts.get_version(version.id)
            house.run(prompt, version, project)

    alone, together = [], []
    for _ in range(ROUNDS):
        alone.append(timed_run(house, quiet))
    with Memory() as memory:
        thread = threading.Thread(target=annoy, daemon=True)
        thread.start()
        time.sleep(1.0)
        for _ in range(ROUNDS):
            together.append(timed_run(house, quiet))
        ended.set()
        stop(house, project)
        thread.join(120)
    ratio = statistics.median(together) / statistics.median(alone)
    return {
        "alone_s": round(statistics.median(alone), 2),
        "beside_s": round(statistics.median(together), 2),
        "ratio": round(ratio, 2),
        "server_MB": memory.ours >> 20,
        "readers_MB": memory.readers >> 20,
    }


def main() -> None:
    kinds = sys.argv[1:] or list(CONFIGS)
    with (
        FakeLabelStudioProcess() as fake,
        SimulatorProcess(latency=LATENCY) as simulator,
        tempfile.TemporaryDirectory() as folder,
        bombing() as endpoint,
        served_house(fake, simulator, Path(folder), LLM_MAX_CONCURRENCY=str(AT_ONCE)) as house,
    ):
        rows = [{"data": {"text": f"message number {n}"}} for n in range(TASKS)]
        quiet, _ = fake.seed(CONFIG, rows)
        timed_run(house, quiet)
        for kind in kinds:
            print(json.dumps({"kind": kind, **beside(house, quiet, kind, endpoint)}), flush=True)


if __name__ == "__main__":
    main()
