"""Two real processes under one budget, of which one is killed -9 amid its run."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.fake_label_studio import FakeLabelStudio
from support.processes import Child, eventually
from support.server import Installation
from support.simulator import Simulator

pytestmark = pytest.mark.slow

CONFIG = """<View><Text name="text" value="$text"/><Choices name="topic" toName="text">
<Choice value="a"/><Choice value="b"/></Choices></View>"""
PRICE = (100.0, 400.0)
"""Dollars for a million tokens: a call takes two cents, and could take fifteen."""
LIMIT = 4.0
TASKS = 60


def charged(simulator: Simulator) -> float:
    """What the provider has on its bill, whoever heard of it."""
    stats = simulator.stats()
    tokens = (stats["prompt_tokens"], stats["completion_tokens"])
    return sum(count * price / 1e6 for count, price in zip(tokens, PRICE, strict=True))


def rows(server: Installation, query: str, *values: Any) -> list[Any]:
    path = server.data_dir / "prompts.db"
    with closing(sqlite3.connect(path, timeout=30)) as database, database:
        return database.execute(query, values).fetchall()


def blocks(server: Installation, pid: int) -> list[Any]:
    """What a process has set aside, by its place in the store: (held, asked)."""
    query = "SELECT held, asked FROM allowances WHERE holder LIKE ?"
    return rows(server, query, f"%:{pid}:%")


def running(server: Installation, title: str, project: int, *more: str) -> Child:
    command = [sys.executable, "-m", "ml_backend", "run", title, "--project", str(project)]
    return Child(
        [*command, *more], env=server.environment(), log=server.data_dir.parent / f"{title}.log"
    )


def test_a_killed_process_crosses_no_budget_and_its_block_comes_back(tmp_path: Path) -> None:
    with FakeLabelStudio() as studio, Simulator(latency=0.15) as simulator:
        server = Installation(
            tmp_path / "data",
            LABEL_STUDIO_URL=studio.url,
            LABEL_STUDIO_API_KEY=studio.token,
            OPENAI_BASE_URL=simulator.url,
            OPENAI_API_KEY="sk-simulated",
            OPENAI_MODEL="simulated",
            OPENAI_PRICE=",".join(map(str, PRICE)),
            OPENAI_BUDGET=str(LIMIT),
            LLM_MAX_CONCURRENCY="6",
        )
        projects = {}
        for title in ("Killed", "Living"):
            data = [{"data": {"text": f"{title} number {n}"}} for n in range(TASKS)]
            projects[title], _ = studio.seed(CONFIG, data)
            text = f"{title}? {{text}}"
            server.cli("prompts", "create", title, "--project", projects[title], "--text", text)
        both = {title: running(server, title, at) for title, at in projects.items()}
        with both["Killed"] as killed, both["Living"] as living:
            eventually(lambda: simulator.stats()["calls"] > 30 and blocks(server, killed.pid))
            os.kill(killed.pid, signal.SIGKILL)
            assert killed.wait() == -signal.SIGKILL
            [(held, asked)] = blocks(server, killed.pid)
            assert 0 < asked <= held <= LIMIT / 10 + 1e-9
            assert living.wait() == 0
        [[killed_run]] = rows(server, "SELECT id FROM runs WHERE status = 'InProgress'")
        assert blocks(server, killed.pid) == [(held, asked)], "until its lease is over"
        assert charged(simulator) < LIMIT

        rows(server, "UPDATE allowances SET lease_until = lease_until - 61 WHERE held > 0")
        rows(server, "UPDATE runs SET lease_until = lease_until - 61 WHERE id = ?", killed_run)
        done = server.json("runs", "resume", killed_run)
        assert (done["status"], done["total_predictions"]) == ("Completed", TASKS)
        assert blocks(server, killed.pid) == [], "it came back"

        # The rest is spent to the end, by two processes again.
        codes = {0}
        for _ in range(4):
            if codes == {0}:
                both = {
                    title: running(server, title, at, "--fresh") for title, at in projects.items()
                }
                with both["Killed"] as one, both["Living"] as two:
                    codes = {one.wait(), two.wait()}
        assert codes != {0}
        assert 0.8 * LIMIT < charged(simulator) <= LIMIT
        ended = rows(server, "SELECT message FROM runs ORDER BY id DESC LIMIT 2")
        assert any("budget" in message for (message,) in ended), ended
