"""A database of revision 0007, from before run records had types, and what Label Studio held.

Made by running everything once: each kind of run over a fake Label Studio with a scripted model,
and runs whose process died in each stage. It is never made anew, for its sense is to be old.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from support.fake_label_studio import FakeLabelStudio

DATA = Path(__file__).parents[1] / "store" / "data"
ANSWERS = DATA / "answers_0007.json"
"""Path -> what was answered then, without what depends on the time of asking."""

RUNS = {
    "ground truth": 1,
    "ground truth, second version": 2,
    "all annotations": 3,
    "few-shot": 4,
    "all": 5,
    "only missing": 6,
    "all, second version": 7,
    "first sample": 8,
    "drawn sample": 9,
    "chosen tasks": 10,
    "filtered tasks": 11,
    "three answers each": 12,
    "followed": 13,
    "nothing answered": 14,
    "stopped by the provider": 15,
    "canceled before it began": 16,
    "canceled while asking": 17,
    "failed while verifying": 18,
    "spans, numbers and rankings": 19,
    "boxes of an outside worker": 20,
    "refined, on held-out tasks": 21,
    "refined, on all ground truth": 22,
    "going on after /predict": 23,
    "open, pending": 24,
    "open, asking": 25,
    "open, planning": 26,
    "open, clearing": 27,
    "open, loading": 28,
    "open, verifying": 29,
}
MEASURED = (1, 2, 3, 4, 8, 9, 10, 11, 12, 15, 17, 19, 20, 21, 22)
OPEN = tuple(range(23, 30))
PROMPTS = {1: (1, 2, 3, 6), 2: (4,), 3: (5,)}
"""Prompt -> its versions."""

_NOW = re.compile(r'"(made_at|seconds|tasks_per_second|eta_seconds)": ?("[^"]*"|[\d.e-]+|null)')


def load(folder: Path) -> None:
    """Lay the database into a data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / "prompts.db")) as database:
        database.executescript((DATA / "database_0007.sql").read_text(encoding="utf-8"))


def seed(fake: FakeLabelStudio) -> None:
    """Put the projects, tasks and annotations into Label Studio that the runs were over."""
    projects = json.loads((DATA / "projects_0007.json").read_text(encoding="utf-8"))
    made = fake.control(seed={"projects": projects})["projects"]
    assert [each["id"] for each in made] == [1, 2, 3]


def addresses() -> list[str]:
    """Return what is asked of the API: runs, their figures and reports, versions, comparisons."""
    found = [f"/api/inference-runs/{run}/" for run in RUNS.values()]
    found += [f"/api/inference-runs/{run}/indicators/" for run in (3, 5, 12, 16, 19, 20)]
    found += [f"/api/inference-runs/{run}/report?format=json" for run in (1, 3, 4, 16, 19, 21)]
    for prompt, versions in PROMPTS.items():
        found.append(f"/api/prompts/{prompt}/versions")
        found += [f"/api/prompts/{prompt}/versions/{each}/inference-runs" for each in versions]
    compare = "/api/prompts/1/compare?versions=1,2"
    found += [compare, f"{compare},3&truth=annotations", f"{compare}&control=topic"]
    return [*found, "/api/prompts/", "/api/jobs/"]


def timeless(text: str) -> str:
    """Return an answer without what depends on when it was given."""
    return _NOW.sub(r'"\1":"now"', text)


def answers() -> dict[str, str]:
    found: dict[str, str] = json.loads(ANSWERS.read_text(encoding="utf-8"))
    return found


def lost(then: Any, now: Any, where: str = "") -> list[str]:
    """Return where an answer lacks what was answered then, or says something else.

    What it says besides is new; the order of fields counts, for it is what people see.
    """
    if isinstance(then, dict) and isinstance(now, dict):
        order = [name for name in now if name in then]
        found = [] if order == list(then) else [f"{where}: has {order}"]
        for name in order:
            found += lost(then[name], now[name], f"{where}/{name}")
        return found
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        pairs = enumerate(zip(then, now, strict=True))
        return [each for n, (a, b) in pairs for each in lost(a, b, f"{where}/{n}")]
    if where.endswith("/message"):  # what to do about it each face says in its own words
        then, now = (str(each).split(". ")[0] for each in (then, now))
    return [] if then == now else [f"{where}: {then!r} became {now!r}"]
