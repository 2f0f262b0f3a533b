"""Carry out the Dockerfile's steps without Docker: `make image-steps`.

Where no Docker engine is at hand, this is the next best thing: each step runs in a scratch folder
that stands for the image's root, with a clean virtual environment, this machine's npm where the
image has Node, only what .dockerignore lets through, and (as root) as the image's own user. Then
the image's command is started, first without credentials, which it must refuse, then with them,
and the health check is asked. What cannot be done this way is listed as not run. Exits with 0 when
all of it held, else with 1.
"""

from __future__ import annotations

import base64
import fnmatch
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess  # nosec B404  # no shell; each call says what it starts
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[1]
NOT_HERE = ("groupadd", "useradd", "apt-get")
"""Commands that would change this machine and not the scratch folder."""
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
VENDOR = "web/ui/static/vendor"
"""Where in ml_backend the files are that come from npm."""
START_SECONDS = 60.0
CREDENTIALS = ("label-studio", "a password")
SETTINGS = {
    "LABEL_STUDIO_URL": "http://127.0.0.1:9",  # nobody: /health answers all the same
    "LABEL_STUDIO_API_KEY": "0" * 40,
}


class StepFailed(Exception):
    """A step, or what it should have brought about, did not work."""


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield a Dockerfile's instructions as (name, arguments), with continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        if line.strip():
            name, _, arguments = line.strip().partition(" ")
            yield name.upper(), arguments.strip()


class Ignored:
    """What .dockerignore keeps out: the last line that fits a path, or a folder above, decides."""

    def __init__(self, text: str) -> None:
        lines = (line.strip() for line in text.splitlines())
        self._rules = [line for line in lines if line and not line.startswith("#")]

    def __call__(self, path: Path) -> bool:
        names = [str(each) for each in (path, *path.parents) if str(each) != "."]
        ignored = False
        for rule in self._rules:
            pattern = rule.removeprefix("!").removeprefix("**/")
            places = [Path(name).name for name in names] if "**/" in rule else names
            if any(fnmatch.fnmatchcase(place, pattern) for place in places):
                ignored = not rule.startswith("!")
        return ignored


@dataclass
class Image:
    """The stages of an image, each built in ``root`` and then moved aside.

    The same path for every stage: a virtual environment names its own place, and is copied from
    one stage to the next.
    """

    scratch: Path
    python: str
    stages: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.scratch / "root"

    def stage(self, name: str) -> Path:
        """Return where the root of a finished stage is."""
        return self.scratch / f"stage-{name}"

    def place(self, path: str) -> Path:
        """Return where a path of the image is on this machine."""
        return self.root / str(Path(self.folder) / path).lstrip("/")

    def here(self, word: str) -> str:
        """Return a word of a command line with the image's paths turned into ours."""
        if word == "python":
            return str(self.root / "usr/local/bin/python")
        return str(self.place(word)) if word.startswith("/") else word

    def carry_out(self, name: str, arguments: str) -> None:
        print(f"{name} {arguments}"[:110], flush=True)
        step = getattr(self, f"_{name.lower()}", None)
        if step is None:
            raise StepFailed(f"{name} is not known here: teach scripts/image_steps.py about it.")
        step(arguments)

    def _from(self, arguments: str) -> None:
        base, _, name = arguments.partition(" AS ")
        wanted = re.fullmatch(r"(python:\d+\.\d+|node:\d+)\.[\d.]+(-\w+)?-slim(-\w+)?", base)
        if not wanted:
            raise StepFailed(f"{base} is no slim Python or Node of one whole version.")
        program, _, version = wanted[1].partition(":")
        programs = {"python": self.python} if program == "python" else _node()
        found = _version(programs[program])
        if not found.startswith(f"{version}."):
            self.not_run.append(f"FROM {base}: carried out with {program} {found}")
        if self.root.exists():
            self.root.rename(self.stage(self.stages[-1]))
        self.stages.append(name or str(len(self.stages)))
        (self.root / "usr/local/bin").mkdir(parents=True)
        for command, place in programs.items():
            (self.root / "usr/local/bin" / command).symlink_to(place)
        self.environment = {"PATH": f"{self.root}/usr/local/bin:{SYSTEM_PATH}", "LANG": "C.UTF-8"}
        self.folder, self.user = "/", "0:0"

    def _env(self, arguments: str) -> None:
        for pair in shlex.split(arguments):
            name, _, value = pair.partition("=")
            parts = [self.here(part) for part in value.split(":")]
            known = self.environment.get("PATH", "")
            self.environment[name] = ":".join(parts).replace("$PATH", known)

    def _workdir(self, arguments: str) -> None:
        self.folder = str(Path(self.folder) / arguments)
        self.place(".").mkdir(parents=True, exist_ok=True)

    def _copy(self, arguments: str) -> None:
        words = shlex.split(arguments)
        stage = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else ""
        *sources, target = words
        goal = self.place(target)
        goal.parent.mkdir(parents=True, exist_ok=True)
        for source in sources:
            if stage:
                origin = self.stage(stage) / source.lstrip("/")
                shutil.copytree(origin, goal, symlinks=True)
                continue
            ignored = Ignored((SOURCE / ".dockerignore").read_text())
            origin = SOURCE / source
            if not origin.exists() or ignored(Path(source)):
                raise StepFailed(f"COPY {source}: not there, or kept out by .dockerignore.")
            if origin.is_file():
                shutil.copy(origin, goal)
                continue
            shutil.copytree(origin, goal, ignore=_ignoring(ignored), dirs_exist_ok=True)

    def _run(self, arguments: str) -> None:
        for command in arguments.split("&&"):
            words = [self.here(word) for word in shlex.split(command)]
            if words[0] in NOT_HERE or (words[0] == "chown" and os.geteuid() != 0):
                self.not_run.append(f"RUN {command.strip()}")
                continue
            folder = self.place(".")
            done = subprocess.run(words, env=self.environment, cwd=folder)  # nosec B603  # our Dockerfile
            if done.returncode != 0:
                raise StepFailed(f"RUN {command.strip()}: exit code {done.returncode}.")

    def _user(self, arguments: str) -> None:
        self.user = arguments
        if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", arguments):
            raise StepFailed(f"USER {arguments}: not the numbers of a user that is not root.")

    def _cmd(self, arguments: str) -> None:
        self.command = json.loads(arguments)

    def _healthcheck(self, arguments: str) -> None:
        self.health = json.loads(arguments.partition("CMD ")[2])

    def _noted(self, arguments: str) -> None:
        """An instruction that only means something to an engine."""

    _label = _volume = _expose = _noted

    def start(self, words: list[str], **more: str) -> subprocess.Popen[str]:
        """Start a command as the image would, with more environment variables."""
        environment = {**self.environment, **SETTINGS, **more}
        program = shutil.which(words[0], path=environment["PATH"])
        if program is None:
            raise StepFailed(f"The image has no {words[0]}.")
        options: dict[str, Any] = {}
        if os.geteuid() == 0:
            user, group = (int(number) for number in self.user.split(":"))
            options = {"user": user, "group": group, "extra_groups": []}
        return subprocess.Popen(  # nosec B603  # our Dockerfile's words
            [program, *words[1:]],
            env=environment,
            cwd=self.place("."),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )


def _ignoring(ignored: Ignored) -> Callable[[str, list[str]], list[str]]:
    def of_folder(folder: str, names: list[str]) -> list[str]:
        inside = Path(folder).relative_to(SOURCE)
        return [name for name in names if ignored(inside / name)]

    return of_folder


def check_files(image: Image) -> None:
    """Raise StepFailed when the image lacks a file of the package, or what npm brought it."""
    source = image.stage("build") / "source/ml_backend"
    [installed] = image.root.glob("opt/prompts/lib/python*/site-packages/ml_backend")
    files = [each.relative_to(source) for each in source.rglob("*") if each.is_file()]
    missing = [str(each) for each in files if not (installed / each).is_file()]
    if missing:
        raise StepFailed(
            f"The image lacks {', '.join(missing)}: see package-data in pyproject.toml."
        )
    brought = sorted(each.name for each in (installed / VENDOR).glob("*"))
    if not brought:
        raise StepFailed(f"The image has nothing in {VENDOR}.")
    print(f"  {len(files)} files of ml_backend, of npm {', '.join(brought)}")


def check(image: Image) -> None:
    """Start what the image starts; raises StepFailed when it does not do what it should."""
    print(f"CMD {image.command} without credentials", flush=True)
    process = image.start(image.command)
    output, _ = process.communicate(timeout=START_SECONDS)
    if process.returncode == 0 or "BASIC_AUTH_USER" not in output:
        raise StepFailed(f"It was not refused as it should be:\n{output}")
    print(f"  refused: {output.strip().splitlines()[-1]}")
    port = _free_port()
    user, password = CREDENTIALS
    more = {"PORT": str(port), "BASIC_AUTH_USER": user, "BASIC_AUTH_PASS": password}
    print(f"CMD {image.command} with them, as user {image.user}", flush=True)
    process = image.start(image.command, **more)
    try:
        _await(process, f"http://127.0.0.1:{port}/health")
        _expect(f"http://127.0.0.1:{port}/metrics", 401)
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        _expect(f"http://127.0.0.1:{port}/metrics", 200, Authorization=f"Basic {token}")
        health = image.start(image.health, **more)
        output, _ = health.communicate(timeout=30)
        if health.returncode != 0:
            raise StepFailed(f"The health check failed:\n{output}")
        print("  /health, /metrics and HEALTHCHECK answer")
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    print("  " + "\n  ".join(output.strip().splitlines()[:6]))
    if process.returncode != 0:
        raise StepFailed(f"It ended with {process.returncode} when told to stop.")
    data = Path(image.environment["DATA_DIR"])
    print(f"  data kept: {', '.join(sorted(each.name for each in data.iterdir()))}")


def _await(process: subprocess.Popen[str], url: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            said, _ = process.communicate()
            raise StepFailed(f"It ended instead of serving:\n{said}")
        try:
            return _expect(url, 200)
        except OSError:
            time.sleep(0.2)
    raise StepFailed(f"{url} did not answer within {START_SECONDS:.0f} s.")


def _expect(url: str, status: int, **headers: str) -> None:
    try:
        found = urllib.request.urlopen(  # nosec B310  # http, this machine
            urllib.request.Request(url, headers=headers), timeout=5
        ).status
    except urllib.error.HTTPError as error:
        found = error.code
    if found != status:
        raise StepFailed(f"{url} answered {found}, not {status}.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _node() -> dict[str, str]:
    """Return this machine's node and npm."""
    programs = {name: shutil.which(name) for name in ("node", "npm")}
    missing = [name for name, place in programs.items() if place is None]
    if missing:
        raise StepFailed(f"There is no {missing[0]} here: apt-get install npm")
    return {name: str(place) for name, place in programs.items()}


def _version(program: str) -> str:
    """Return the version of a Python or a Node."""
    said = subprocess.check_output([program, "--version"], text=True)  # nosec B603  # our Dockerfile's words
    return said.strip().removeprefix("Python ").removeprefix("v")


def _pythons() -> Iterator[str]:
    """Yield this machine's Pythons that make environments and that any user may run."""
    folders = os.get_exec_path()
    for program in (*(f"{folder}/python3.11" for folder in folders), sys.executable):
        someone: dict[str, Any] = {"user": 65534} if os.geteuid() == 0 else {}
        try:
            done = subprocess.run([program, "-c", "import ensurepip"], cwd="/", **someone)  # nosec B603  # our Dockerfile's words
        except OSError:
            continue
        if done.returncode == 0:
            yield program


def main() -> None:
    python = next(_pythons(), None)
    if python is None:
        sys.exit("There is no python3.11 here that any user may run: apt-get install python3-venv")
    scratch = Path(tempfile.mkdtemp(prefix="image-steps-"))
    scratch.chmod(0o755)  # the image's user must get in
    image = Image(scratch, python)
    try:
        for name, arguments in instructions((SOURCE / "Dockerfile").read_text()):
            image.carry_out(name, arguments)
        check_files(image)
        check(image)
    except (StepFailed, subprocess.TimeoutExpired) as error:
        sys.exit(f"FAILED: {error}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for step in image.not_run:
        print(f"not run: {step}")
    print("The image's steps hold; its layers, its volume and an engine's network were not tried.")


if __name__ == "__main__":
    main()
