"""Laws tried on what hypothesis makes up: the same few cases every time, or new ones for minutes.

Without ``MINUTES`` a law is tried on cases that are the same every time; ``make fuzz`` sets it, and
each law then gets its part of them, with new cases. What a law must keep beside its own promises
``Watch`` holds: nothing is logged with a traceback, and no case computes for long.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st

from ml_backend.errors import PromptsError
from support.labeling_answers import ANYTHING, KEYS
from support.processes import ROOT

MINUTES = float(os.environ.get("MINUTES") or 0)
RESULTS = ROOT / ".cache" / "fuzz.jsonl"
BATCH = 100
"""Cases between two looks at the clock."""

MOST_CPU = 5.0
"""Seconds of this process for one case; the slowest known takes a fiftieth."""

LONGEST_REFUSAL = 20_000

QUIET = settings(
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)


class Watch(logging.Handler):
    """Notes what is logged with a traceback, and the CPU time of each case."""

    def __init__(self) -> None:
        super().__init__()
        self.tracebacks: list[str] = []
        self.cases = 0
        self.slowest = 0.0
        self.counts: Counter[str] = Counter()
        self._formatter = logging.Formatter()

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[0] is not None:
            self.tracebacks.append(
                f"{record.getMessage()}\n{self._formatter.formatException(record.exc_info)}"
            )
        elif "Traceback (most recent" in record.getMessage():
            self.tracebacks.append(record.getMessage())

    def refused(self, error: PromptsError, kind: str = "refused") -> None:
        """Count a refusal; it must say why, and not at length."""
        self.counts[kind] += 1
        assert error.message
        assert len(str(error)) < LONGEST_REFUSAL

    @contextmanager
    def case(self) -> Any:
        """One case: fails when something was logged with a traceback, or it took too long."""
        self.tracebacks.clear()
        self.cases += 1
        began = time.process_time()
        yield
        took = time.process_time() - began
        self.slowest = max(self.slowest, took)
        assert not self.tracebacks, self.tracebacks[0]
        assert took < MOST_CPU, f"{took:.1f} s of CPU time"


class Fuzz:
    """Tries laws: ``fuzz(law, cases, thing=strategy)``; ``share`` of MINUTES is each test's."""

    def __init__(self, name: str, share: float) -> None:
        self.name = name
        self.seconds = 60 * MINUTES * share
        self.watch = Watch()

    def __call__(self, law: Callable[..., None], cases: int, **things: Any) -> None:
        """Try a law on ``cases`` known cases, or on new ones for the time there is."""

        def tried(**drawn: Any) -> None:
            with self.watch.case():
                law(**drawn)

        with self.watch:
            if not self.seconds:
                settings(QUIET, max_examples=cases, derandomize=True)(given(**things)(tried))()
                return
            began = time.monotonic()
            try:
                while time.monotonic() - began < self.seconds:
                    one = settings(QUIET, max_examples=BATCH)(given(**things)(tried))
                    seed(secrets.randbits(64))(one)()
            finally:
                self._note(time.monotonic() - began)

    def _note(self, seconds: float) -> None:
        found = {
            "law": self.name,
            "cases": self.watch.cases,
            "seconds": round(seconds),
            "slowest_cpu_seconds": round(self.watch.slowest, 2),
            "answers": dict(sorted(self.watch.counts.items())),
        }
        Path(RESULTS).parent.mkdir(exist_ok=True)
        with RESULTS.open("a") as file:
            file.write(json.dumps(found) + "\n")


# What cases are made of

TOKENS = [
    *(b"", b"\0", b"\xff", b"\r\n", b"\n\n", b"'", b'"', b"<", b">", b"&", b"{", b"}", b"[", b"]"),
    *(
        b"&lt;",
        b"&#0;",
        b"&#x110000;",
        b"<![CDATA[",
        b"]]>",
        b"<!--",
        b"-->",
        b"<?",
        b"<!DOCTYPE a [",
    ),
    *(b"null", b"NaN", b"1e999", b"-1", b"0", b"9" * 40, b"true", b"\xed\xa0\x80", b"\\ud800"),
    *(b"${", b"{{", b"{0.__class__}", b"%s", b"%n", b"../", b"//", b"://", b"@", b"javascript:"),
    *(b"data: ", b"data: [DONE]\n\n", b"event: x\n", b": ", b", ", b"!!python/name:os", b"&a *a"),
]
ODD_TEXT = st.text(max_size=40) | st.sampled_from(
    [each.decode("utf-8", "replace") for each in TOKENS]
    + ["a" * 5000, "[" * 2000, "\ud800", "é" * 300]
)
ANY_ID = (
    st.integers(-2, 30)
    | st.sampled_from([2**31 - 1, 2**31, 2**63 - 1, 2**63, 10**30, 0])
    | st.sampled_from(["", "x", "1", "1.5", "1.1795381976", "0x1", "١", "-1", "1" * 5000])
    | ANYTHING
)


HOSTILE = st.sampled_from(
    [
        *("\ud800", "\0", "a\0b", "x" * 70_000, "", " ", "{", "{{}}", "\u202e", "<script>"),
        *(float("nan"), float("inf"), 1e308, -0.0, 10**400, 2**63, -1, True, None),
        *(
            [],
            {},
            [[]],
            [None],
            {"": None},
            [0] * 2000,
            {"\ud800": 1},
            json.loads("[" * 90 + "]" * 90),
        ),
    ]
)
"""What breaks what was not thought of it, in any place of a body."""

DEEP = (b"[" * 3000, b'{"a":' * 3000, b"<a>" * 3000, b"- " * 3000, b"data: " + b"[" * 3000)


def mangled(examples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Bytes near one of ``examples``: parts cut out, doubled, swapped, or put in; or anything."""
    cuts = st.tuples(
        st.floats(0, 1),
        st.integers(0, 30),
        st.sampled_from(TOKENS) | st.binary(max_size=8),
        st.integers(0, 3),
    )
    near = st.tuples(st.sampled_from(examples), st.lists(cuts, max_size=6)).map(
        lambda drawn: _mangle(*drawn)
    )
    return st.one_of(near, near, near, st.sampled_from(DEEP), st.binary(max_size=200))


def _mangle(content: bytes, cuts: list[tuple[float, int, bytes, int]]) -> bytes:
    for place, length, put, times in cuts:
        at = int(place * len(content))
        removed = content[at : at + length]
        middle = (put, put * 3, removed + put + removed, removed * 20)[times]
        content = content[:at] + middle + content[at + length :]
    return content


def spoilt(examples: Sequence[Any]) -> st.SearchStrategy[Any]:
    """JSON near one of ``examples``: any places of it are anything, or missing; or any JSON."""
    new = st.one_of(HOSTILE, HOSTILE, ANYTHING, ANY_ID, ODD_TEXT)
    change = st.tuples(st.integers(0, 10_000), new, st.booleans(), KEYS)
    near = st.tuples(st.sampled_from(list(examples)), st.lists(change, min_size=1, max_size=3)).map(
        lambda drawn: _spoil(*drawn)
    )
    return st.one_of(near, near, near, ANYTHING)


def _spoil(example: Any, changes: list[tuple[int, Any, bool, str]]) -> Any:
    whole = {"": json.loads(json.dumps(example))}
    for number, new, drop, key in changes:
        places = list(_places(whole))
        holder, at = places[number % len(places)]
        if drop and holder is not whole:
            del holder[at]
        elif number % 5 == 0 and isinstance(holder[at], dict):
            holder[at][key] = new
        else:
            holder[at] = new
    return whole[""]


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)
