"""Break the code in the ways of mutants.toml, each alone, and see that the tests named notice.

    python scripts/mutants.py [-n 2] [ID …]

Works on copies of the tree. First all named tests must pass unbroken, then those of each mutant
must fail. Ends with 1 when a mutant survives, a patch no longer applies or a test does not run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess  # nosec B404  # no shell; each call says what it starts
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "scripts" / "mutants.toml"
LEFT_OUT = (".git", ".venvs", ".cache", "node_modules", "build", "dist", "docs")
PLUGINS = ("-p", "pytest_timeout", "-p", "xdist", "-p", "_hypothesis_pytestplugin")
SECONDS = 120
"""Of one test: a mutant may well wait for what never comes."""

PASSED, FAILED = 0, 1
KILLED, SURVIVED = "killed", "SURVIVED"


@dataclass(frozen=True)
class Mutant:
    """One way to break a file, and the tests (pytest's node ids) that fail on it."""

    id: str
    why: str
    file: str
    old: str
    new: str
    killed_by: list[str] = field(default_factory=list)

    def apply(self, text: str) -> str:
        """Return the file's text, broken; raises ValueError unless ``old`` stands in it once."""
        if (found := text.count(self.old)) != 1:
            raise ValueError(f"{self.file} has {self.old!r} {found} times instead of once")
        return text.replace(self.old, self.new)


def mutants() -> list[Mutant]:
    """Return the table."""
    return [Mutant(**row) for row in tomllib.loads(TABLE.read_text())["mutant"]]


def main() -> int:
    parser = argparse.ArgumentParser(description="See that the tests notice broken code.")
    parser.add_argument("ids", nargs="*", metavar="ID", help="of mutants.toml; all without any")
    parser.add_argument("-n", type=int, default=2, help="how many at the same time")
    args = parser.parse_args()
    table = mutants()
    if unknown := set(args.ids) - {each.id for each in table}:
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}")
    chosen = [each for each in table if not args.ids or each.id in args.ids]
    began = time.monotonic()
    with copies(args.n) as places, ThreadPoolExecutor(args.n) as threads:
        for output in threads.map(lambda part: unbroken(places, part), parts(chosen)):
            if output:
                print(f"{output}\nUnbroken, not all tests pass.")
                return 1
        width = max(len(each.id) for each in chosen)
        bad = 0
        for each, (verdict, seconds) in zip(
            chosen, threads.map(lambda each: judge(places, each), chosen), strict=True
        ):
            bad += not verdict.startswith(KILLED)
            print(f"{each.id:<{width}}  {seconds:5.1f} s  {verdict}", flush=True)
    print(f"{len(chosen) - bad} of {len(chosen)} killed, in {time.monotonic() - began:.0f} s")
    return 1 if bad else 0


Places = SimpleQueue[Path]


@contextmanager
def copies(number: int) -> Iterator[Places]:
    """Copies of the tree to take from and put back to."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        places: Places = SimpleQueue()
        for count in range(number):
            place = Path(folder) / str(count)
            shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(*LEFT_OUT))
            places.put(place)
        yield places


def parts(chosen: Sequence[Mutant]) -> list[list[str]]:
    """The named tests, each once, by file."""
    by_file: dict[str, dict[str, None]] = {}
    for node in (node for each in chosen for node in each.killed_by):
        by_file.setdefault(node.partition("::")[0], {})[node] = None
    return [list(nodes) for nodes in by_file.values()]


@contextmanager
def taken(places: Places) -> Iterator[Path]:
    place = places.get()
    try:
        yield place
    finally:
        places.put(place)


def unbroken(places: Places, nodes: Sequence[str]) -> str:
    """Return what pytest says of these tests on the tree as it is, "" when all pass."""
    with taken(places) as place:
        code, output = tested(place, nodes)
    return "" if code == PASSED else output


def judge(places: Places, mutant: Mutant) -> tuple[str, float]:
    """Return what became of a mutant, and after how many seconds."""
    began = time.monotonic()
    try:
        with taken(places) as place, broken(place / mutant.file, mutant):
            verdicts = {node: tested(place, [node]) for node in mutant.killed_by}
    except (ValueError, OSError) as error:
        return f"does not apply: {error}", time.monotonic() - began
    seconds = time.monotonic() - began
    if odd := [output for code, output in verdicts.values() if code not in (PASSED, FAILED)]:
        return f"did not run:\n{odd[0]}", seconds
    alive = [node for node, (code, _) in verdicts.items() if code == PASSED]
    if alive:
        return f"{SURVIVED} {', '.join(alive)}", seconds
    return f"{KILLED}: {'; '.join(reason(output) for _, output in verdicts.values())}", seconds


def reason(output: str) -> str:
    """Return what failed, for people to see that it failed for the mutant's sake."""
    said = (line[1:].strip() for line in output.splitlines() if line.startswith("E  "))
    return next(said, "")[:70]


@contextmanager
def broken(file: Path, mutant: Mutant) -> Iterator[None]:
    whole = file.read_text()
    try:
        file.write_text(mutant.apply(whole))
        forget_compiled(file)
        yield
    finally:
        file.write_text(whole)
        forget_compiled(file)


def forget_compiled(file: Path) -> None:
    """Python tells a changed file by its size and second, which a mutant may leave as they were."""
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
        compiled.unlink()


def tested(place: Path, nodes: Sequence[str]) -> tuple[int, str]:
    """Return pytest's exit code and output for these tests, whatever they are marked."""
    # Without the options of pyproject.toml, some of which are those of plugins.
    options = ["-o", "addopts=", "-x", "-q", "-m", "", "-p", "no:cacheprovider"]
    options += ["--timeout", str(SECONDS)]
    done = subprocess.run(  # nosec B603  # our own tests
        [sys.executable, "-m", "pytest", *PLUGINS, *options, *nodes],
        cwd=place,
        # Of a mutant's few seconds, loading every plugin there is would be most.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=20 * SECONDS,
    )
    return done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(main())
