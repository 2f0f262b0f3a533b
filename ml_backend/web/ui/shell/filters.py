"""How figures, times and links are written on pages: the filters of the templates."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from types import CodeType
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, request
from jinja2.bccache import Bucket, BytecodeCache

from ml_backend.kinds import WHOLE
from ml_backend.labelstudio.addresses import predictions_tab, tasks_tab
from ml_backend.records import Run, RunStatus
from ml_backend.settings import Settings
from ml_backend.store import Score
from ml_backend.web.ui.shell.next_steps import for_pages

NONE = "–"


class CompiledTemplates(BytecodeCache):
    """Templates compiled once a process, however many apps it makes."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._kept.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._kept[bucket.key] = (bucket.checksum, bucket.code)


COMPILED = CompiledTemplates()
HALVES = re.compile("[\ud800-\udfff]")
MINUTE, HOUR, DAY = 60, 3600, 86_400


def register(app: Flask, settings: Settings) -> None:
    """Give the templates their words."""
    studio = settings.label_studio_public_url or settings.label_studio_url
    app.jinja_env.filters.update(
        ago=ago,
        for_pages=for_pages,
        lesser=lesser,
        count=count,
        duration=duration,
        money=money,
        percent=percent,
        plural=plural,
        pretty=pretty,
        shown=shown,
        score=score,
    )
    app.jinja_env.globals.update(
        label_studio=studio,
        color_scheme=color_scheme,
        task_url=lambda project, task: f"{studio}/projects/{project}/data?task={task}",
        data_manager_url=lambda project: f"{studio}/projects/{project}/data",
        tasks_url=lambda project, tasks: tasks_tab(studio, project, tasks),
        predictions_url=lambda project, *versions: predictions_tab(studio, project, versions),
        with_query=with_query,
    )
    app.jinja_env.finalize = sendable
    app.jinja_env.bytecode_cache = COMPILED
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def color_scheme() -> str:
    """Return the theme a person chose, "" for the system's."""
    chosen = request.cookies.get("color_scheme", "")
    return chosen if chosen in ("light", "dark") else ""


def sendable(value: Any) -> Any:
    """Return what a template shows without halves of characters: JSON may hold some, no page can.

    The type stays: what is HTML already is not escaped again.
    """
    if isinstance(value, str) and HALVES.search(value):
        return type(value)(HALVES.sub("\ufffd", value))
    return value


def percent(share: float | None, digits: int = 0) -> str:
    """Return a share as percent, never rounded to a hundred or to nothing that it is not."""
    if share is None:
        return NONE
    text = f"{share:.{digits}%}"
    if share < 1 and float(text[:-1]) >= 100:
        return f"{100 - 10**-digits:.{digits}f}%"
    if share > 0 and float(text[:-1]) == 0:
        return f"<{10**-digits:.{digits}f}%"
    return text


def money(dollars: float | None) -> str:
    """Return dollars with as many digits as they need; None is unknown and not nothing."""
    if dollars is None:
        return "unknown"
    if dollars == 0:
        return "$0"
    if dollars >= 1:
        return f"${dollars:,.2f}"
    if dollars >= 0.0001:
        return f"${dollars:.4f}"
    return f"${dollars:.10f}".rstrip("0") if dollars >= 1e-10 else "<$0.0000000001"


def count(number: float | None) -> str:
    """Return a whole number with thousands set apart."""
    return NONE if number is None else f"{number:,.0f}"


def score(value: float | None) -> str:
    """Return a figure with two digits, never rounded to one or to nothing that it is not."""
    if value is None:
        return NONE
    if 0.995 <= value < 1:
        return ">0.99"
    return "<0.01" if 0 < value < 0.005 else f"{value:.2f}"


def plural(number: int, one: str, many: str = "") -> str:
    """Return "1 task" or "2 tasks"."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def duration(seconds: float | None) -> str:
    """Return seconds as a person says them."""
    if seconds is None:
        return NONE
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 2 * DAY:
        return f"{seconds / HOUR:.0f} h"
    return f"{seconds / DAY:.0f} days"


def ago(moment: datetime | None) -> str:
    """Return how long ago something was."""
    if moment is None:
        return NONE
    seconds = (datetime.now(UTC) - moment).total_seconds()
    return "just now" if seconds < 10 else f"{duration(seconds)} ago"


def shown(value: Any, longest: int = 200) -> str:
    """Return a value of a task or an answer on one line, cut where it is long."""
    if value is None:
        return NONE
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def pretty(value: Any) -> str:
    """Return JSON over several lines."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def lesser(each: Run | Score) -> str:
    """Say why an evaluation is not the one that a version's score is of."""
    if each.subset not in WHOLE:
        return "Sample"
    return "Other annotations" if each.status is RunStatus.COMPLETED else "Not finished"


def with_query(path: str = "", **changed: Any) -> str:
    """Return a path (this page's for "") with this page's query, some of it changed or dropped."""
    query = {**request.args.to_dict(), **changed}
    query.pop("alert", None)
    kept = {name: value for name, value in query.items() if value is not None and value != ""}
    path = path or quote(request.path)
    return f"{path}?{urlencode(kept)}" if kept else path
