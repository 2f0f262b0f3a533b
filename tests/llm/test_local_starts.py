"""Starts of a local model's process that take long, fail, or are not to be: whom they hold up."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import support.local_server
from ml_backend.errors import InvalidInput, ModelError, RunStopper
from ml_backend.llm.local import child, model_file
from ml_backend.llm.local.child import DEATHS, ModelProcess
from ml_backend.llm.local.confined import environment, without_places
from ml_backend.llm.local.model_file import LocalModelFile
from ml_backend.llm.model import Gate, Opening
from ml_backend.llm.providers import local
from ml_backend.llm.providers.local import LocalModel, open_model
from ml_backend.records import Connection, ProviderName
from support.models import FAST, UNPAID, question, run
from support.processes import eventually

PROGRAM = Path(support.local_server.__file__)
ON = Connection(7, "Mine", ProviderName.LOCAL, default_model="tiny")
NEVER_READY = "import sys, time\ntime.sleep(600)\n"
TELLS_ITS_ENVIRONMENT = """
import json, os, sys
sys.stderr.write(json.dumps(dict(os.environ)) + "\\n")
sys.stderr.flush()
os._exit(1)
"""


def process_of(folder: Path, program: str | None = None, text: str = "GGUF") -> ModelProcess:
    path = folder / "tiny.gguf"
    path.write_text(text)
    run_by = PROGRAM
    if program is not None:
        run_by = folder / "program.py"
        run_by.write_text(program)
    return ModelProcess(LocalModelFile(path, threads=1, slots=2, context=512), run_by)


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[ModelProcess]:
    """A process that somebody waits for, and that gets never ready."""
    process = process_of(tmp_path, NEVER_READY)
    process.hold()
    errors: list[Exception] = []

    def wait() -> None:
        try:
            process.ensure()
        except ModelError as error:
            errors.append(error)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    eventually(lambda: process.pid is not None)
    yield process
    process.stop()
    waiting.join(10)
    assert not waiting.is_alive()
    assert ["was stopped while it started" in str(error) for error in errors] == [True]


def test_one_that_starts_holds_up_nobody_who_opens_or_closes(starting: ModelProcess) -> None:
    began = time.monotonic()
    starting.hold()
    starting.release()
    assert starting.running() is None
    assert time.monotonic() - began < 5
    assert starting.pid is not None


def test_the_last_who_lets_go_ends_one_that_starts(starting: ModelProcess) -> None:
    starting.release()
    assert starting.pid is None


def test_a_stop_is_no_death(starting: ModelProcess) -> None:
    starting.stop()
    eventually(lambda: not starting._starting.locked())
    assert starting._deaths == 0


def test_many_who_wait_for_a_start_leave_the_loops_own_threads_to_others(tmp_path: Path) -> None:
    process = process_of(tmp_path, NEVER_READY)

    async def others() -> None:
        models = [LocalModel(ON, process, Opening(Gate(1), 5, {}, FAST)) for _ in range(40)]
        asked = [asyncio.create_task(model.complete(question())) for model in models]
        await asyncio.to_thread(eventually, lambda: process.pid is not None)
        await asyncio.wait_for(asyncio.to_thread(int), 5)
        process.stop()
        said = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 30)
        assert all("was stopped" in str(each) for each in said)

    run(others())


@pytest.mark.slow
def test_tasks_that_come_at_once_open_one_line(tmp_path: Path, monkeypatch) -> None:
    process = process_of(tmp_path)
    opened: list[object] = []
    line_to = LocalModel._line_to

    def noted(self: LocalModel, address: child.Address) -> object:
        opened.append(address)
        return line_to(self, address)

    monkeypatch.setattr(LocalModel, "_line_to", noted)

    async def ask() -> None:
        model = LocalModel(ON, process, Opening(Gate(1), 20, {}, FAST))
        await asyncio.gather(*(model.complete(question(timeout=20.0)) for _ in range(6)))
        await model.close()

    run(ask())
    assert len(opened) == 1


def given_up(folder: Path) -> ModelProcess:
    process = process_of(folder, text="GGUF broken")
    process.hold()
    for _ in range(DEATHS):
        with pytest.raises(RunStopper, match="did not start"):
            process.ensure()
    with pytest.raises(RunStopper, match="ended again and again") as caught:
        process.ensure()
    assert "five minutes" in (caught.value.fix or "")
    process.file.path.write_text("GGUF whole")
    return process


def check(process: ModelProcess) -> list[str]:
    async def checked() -> list[str]:
        model = LocalModel(ON, process, Opening(Gate(1), 20, {}, FAST))
        try:
            return await model.check(UNPAID)
        finally:
            await model._hang_up()

    names: list[str] = run(checked())
    return names


@pytest.mark.slow
def test_one_that_was_given_up_is_started_by_a_check(tmp_path: Path) -> None:
    process = given_up(tmp_path)
    assert check(process) == ["tiny"]
    assert process.ensure()
    process.stop()


@pytest.mark.slow
def test_a_check_that_fails_leaves_it_given_up(tmp_path: Path) -> None:
    process = given_up(tmp_path)
    process.file.path.write_text("GGUF broken")
    with pytest.raises(RunStopper, match="did not start"):
        check(process)
    with pytest.raises(RunStopper, match="again and again"):
        process.ensure()


@pytest.mark.slow
def test_one_that_was_given_up_is_started_when_all_had_let_go(tmp_path: Path) -> None:
    process = given_up(tmp_path)
    process.release()
    assert process.ensure()
    process.stop()


@pytest.mark.slow
def test_one_that_was_given_up_is_started_after_a_while(tmp_path: Path, monkeypatch) -> None:
    process = given_up(tmp_path)
    monkeypatch.setattr(child, "FORGIVEN_SECONDS", 0.0)
    assert process.ensure()
    process.stop()


def test_one_that_is_not_ready_in_time_is_ended(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(child, "START_SECONDS", 0.05)
    process = process_of(tmp_path, NEVER_READY)
    with pytest.raises(RunStopper, match="did not start"):
        process.ensure()
    assert process.pid is None


@pytest.mark.slow
def test_a_server_with_thousands_of_descriptors_starts_it(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 1_200:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1_200, hard))
    taken = []
    try:
        while not taken or taken[-1] < 1_030:
            taken.append(os.open(os.devnull, os.O_RDONLY))
        process = process_of(tmp_path)
        assert process.ensure()
    finally:
        for each in taken:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    process.stop()


@pytest.mark.slow
def test_a_retired_model_lets_go_when_it_is_asked_no_more(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(local, "IDLE_SECONDS", 0.2)
    process = process_of(tmp_path)

    async def one() -> None:
        model = LocalModel(ON, process, Opening(Gate(1), 20, {}, FAST))
        await model.complete(question(timeout=20.0))
        first = process.pid
        model.retire()
        for _ in range(6):  # a run that goes on, over more than that time
            await asyncio.sleep(0.05)
            await model.complete(question(timeout=20.0))
        assert process.pid == first
        await asyncio.to_thread(eventually, lambda: process.pid is None)
        # Whoever asks it even then is answered, and it lets go again.
        await model.complete(question(timeout=20.0))
        assert process._holders == 1
        await asyncio.to_thread(eventually, lambda: process.pid is None)

    run(one())
    assert process._holders == 0


def test_a_retired_model_that_was_never_asked_lets_go_at_once(tmp_path: Path) -> None:
    process = process_of(tmp_path)
    LocalModel(ON, process, Opening(Gate(1), 20, {}, FAST)).retire()
    eventually(lambda: process._holders == 0)


SECRETS = {
    "OPENAI_API_KEY": "s1",
    "LABEL_STUDIO_API_KEY": "s2",
    "DATABASE_URL": "postgresql://u:s3@h/d",
    "SECRET_KEY": "s4",
    "HF_TOKEN": "s5",
    "LLAMA_API_KEY": "s6",
    "AWS_SECRET_ACCESS_KEY": "s7",
    "HTTPS_PROXY": "http://u:s8@proxy:1",
    "A_VARIABLE_OF_TOMORROW": "s9",
    "PATH_TO_KEY": "s10",
}


def test_the_process_is_given_no_secrets(tmp_path: Path, monkeypatch) -> None:
    wanted = {"OMP_NUM_THREADS": "1", "GGML_LOG": "2", "TMPDIR": "/tmp", "LANG": "C.UTF-8"}
    for name, value in {**SECRETS, **wanted}.items():
        monkeypatch.setenv(name, value)
    process = process_of(tmp_path, TELLS_ITS_ENVIRONMENT)
    with pytest.raises(RunStopper):
        process.ensure()
    told = json.loads(process._words[-1])
    assert not set(SECRETS) & set(told)
    assert wanted.items() <= told.items()
    assert set(told) <= set(environment(os.environ)) | {"LC_CTYPE"}  # which Python sets


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("failed to open '{folder}/tiny.gguf'", "failed to open 'tiny.gguf'"),
        ("'{folder}/tiny-00002.gguf': no such file", "'tiny-00002.gguf': no such file"),
        ('File "/opt/venv/lib/site-packages/xllamacpp/a.py", line 3', 'File "a.py", line 3'),
        ("open(/srv/m/a.gguf): Permission denied", "open(a.gguf): Permission denied"),
        ("path=/srv/m/a.gguf", "path=a.gguf"),
        (r"open C:\Users\me\a.gguf failed", "open a.gguf failed"),
        ("12.5 tokens/s at n/a, see https://x.org/a/b", None),
    ],
)
def test_last_words_name_files_without_their_folders(tmp_path: Path, said: str, left) -> None:
    folder = tmp_path / "secret place"
    words = without_places(said.format(folder=folder), folder / "tiny.gguf")
    assert words == (said if left is None else left)


def test_a_file_that_is_not_served_is_told_to_callers_by_its_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "secret place"
    folder.mkdir()
    program = (
        "import json, os, sys\n"
        "wanted = json.loads(sys.stdin.readline())\n"
        "print('cannot read', wanted['model'], file=sys.stderr, flush=True)\n"
        "os._exit(1)\n"
    )
    process = process_of(folder, program)
    with pytest.raises(RunStopper, match=r"cannot read tiny\.gguf") as caught:
        process.ensure()
    assert "secret place" not in f"{caught.value}{caught.value.raw}"
    assert str(process.file.path) in caplog.text


@pytest.mark.parametrize("kind", ["missing", "folder", "no model", "unreadable"])
def test_a_file_that_is_none_is_told_in_full_to_who_named_it_alone(
    tmp_path: Path, monkeypatch, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    monkeypatch.setattr(model_file, "require_engine", lambda: None)
    path = tmp_path / "secret-place" / "a.gguf"
    path.parent.mkdir()
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_text("PK")
    if kind == "unreadable":

        def refuse(*_: object) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "open", refuse)
    fields = model_file.local_model(str(path), threads=1, slots=1, context=512)
    on = Connection(7, "Mine", ProviderName.LOCAL, **fields)
    with pytest.raises(RunStopper, match=r"a\.gguf") as caught:
        open_model(on, Opening(Gate(1), 1, {}, FAST))
    assert "secret-place" not in str(caught.value)
    assert str(path) in caplog.text
    with pytest.raises(InvalidInput, match="secret-place"):
        model_file.of_connection(on, tells_place=True)
