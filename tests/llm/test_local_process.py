"""The process of a local model: started by a first question, watched, gone with the server."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import support.local_server
from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm.local.child import DEATHS, ModelProcess, ModelProcesses
from ml_backend.llm.local.model_file import LocalModelFile
from ml_backend.llm.model import Gate, Opening
from ml_backend.llm.providers.local import LocalModel
from ml_backend.records import Connection, FailureKind, ProviderName
from support.models import FAST, UNPAID, question, run
from support.processes import eventually

PROGRAM = Path(support.local_server.__file__)
ON = Connection(7, "Mine", ProviderName.LOCAL, default_model="tiny")


def file_of(folder: Path, text: str = "GGUF") -> LocalModelFile:
    path = folder / "tiny.gguf"
    path.write_text(text)
    return LocalModelFile(path, threads=3, slots=2, context=512)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ModelProcess]:
    made = ModelProcess(file_of(tmp_path), PROGRAM)
    yield made
    made.stop()


def model_on(process: ModelProcess) -> LocalModel:
    return LocalModel(ON, process, Opening(Gate(1), 20.0, {}, FAST))


def ask(process: ModelProcess, *texts: str) -> list[str]:
    async def all_of_them() -> list[str]:
        model = model_on(process)
        replies = [(await model.complete(question(text, timeout=20.0))).text for text in texts]
        await model._hang_up()
        return replies

    answers: list[str] = run(all_of_them())
    return answers


@pytest.mark.slow
def test_the_first_question_starts_it_and_the_next_finds_it(process: ModelProcess) -> None:
    assert process.pid is None
    ask(process, "a")
    pid = process.pid
    assert pid is not None
    ask(process, "b")
    assert process.pid == pid


@pytest.mark.slow
def test_it_is_told_what_to_serve_and_its_key_is_on_no_command_line(process) -> None:
    [told] = ask(process, "tell")
    assert f'"model": "{process.file.path}"' in told
    assert '"threads": 3, "slots": 2, "context": 512' in told
    child = psutil.Process(process.pid)
    address = process.ensure()
    assert address.url.startswith("http://127.0.0.1:")
    assert address.key not in " ".join(child.cmdline())
    assert address.key not in str(child.environ())


@pytest.mark.slow
def test_nobody_without_the_key_is_answered(process: ModelProcess) -> None:
    url = f"{process.ensure().url}/v1/chat/completions"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(url, data=b"{}"), timeout=10)
    assert caught.value.code == 401


@pytest.mark.slow
def test_no_proxy_stands_between(process: ModelProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert ask(process, "a")

    async def check() -> list[str]:
        model = model_on(process)
        names = await model.check(UNPAID)
        await model.close()
        return names

    assert run(check()) == ["tiny"]


@pytest.mark.slow
def test_it_is_started_again_when_it_dies(process: ModelProcess) -> None:
    ask(process, "a")
    first = psutil.Process(process.pid)
    first.kill()
    first.wait(20)
    assert len(ask(process, "b")) == 1
    assert process.pid not in (None, first.pid)


@pytest.mark.slow
def test_a_question_that_ends_it_each_time_costs_that_task_alone(process: ModelProcess) -> None:
    with pytest.raises(ModelError, match="ended twice over this task") as caught:
        ask(process, "die")
    assert caught.value.kind is FailureKind.SERVER_ERROR
    assert not isinstance(caught.value, RunStopper)
    assert ask(process, "a")


@pytest.mark.slow
def test_one_that_ends_again_and_again_stops_the_run(process: ModelProcess) -> None:
    for _ in range(DEATHS // 2):
        with pytest.raises(ModelError, match="ended twice"):
            ask(process, "die")
    with pytest.raises(RunStopper, match="ended again and again"):
        ask(process, "a")


@pytest.mark.slow
def test_a_file_that_cannot_be_served_stops_the_run_with_the_last_words(tmp_path: Path) -> None:
    process = ModelProcess(file_of(tmp_path, "GGUF broken"), PROGRAM)
    with pytest.raises(RunStopper, match="has wrong shape") as caught:
        ask(process, "a")
    assert "file is whole" in (caught.value.fix or "")
    assert process.pid is None


def test_prompts_with_the_same_file_share_a_process_and_others_do_not(tmp_path: Path) -> None:
    processes = ModelProcesses()
    file = file_of(tmp_path)
    other = LocalModelFile(file.path, threads=1, slots=1, context=512)
    assert processes.of(file) is processes.of(file_of(tmp_path))
    assert processes.of(file) is not processes.of(other)


def test_it_ends_with_the_last_that_asks_it(process: ModelProcess) -> None:
    async def one_after_another() -> list[int | None]:
        first, second = model_on(process), model_on(process)
        await first.complete(question("a", timeout=20.0))
        found = []
        for model in (first, second):
            await model.close()
            await model.close()
            found.append(process.pid)
        return found

    running, ended = run(one_after_another())
    assert (running is None, ended) == (False, None)


@pytest.mark.slow
def test_stopping_ends_it_and_the_next_question_starts_it(process: ModelProcess) -> None:
    ask(process, "a")
    child = psutil.Process(process.pid)
    process.stop()
    assert not child.is_running()
    assert ask(process, "b")


PARENT = """
import sys, time
from pathlib import Path
from ml_backend.llm.local.child import ModelProcess
from ml_backend.llm.local.model_file import LocalModelFile
process = ModelProcess(LocalModelFile(Path(sys.argv[1]), 1, 1, 512), Path(sys.argv[2]))
process.ensure()
print(process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.slow
def test_it_is_gone_when_the_server_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(file_of(tmp_path).path), str(PROGRAM)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
