"""Tables that one test walks: as tests of their own hundreds of rows cost more than they test."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

SHOWN = 10
"""Rows that failed, in the message of one test."""


def each_row(
    names: str | Sequence[str], rows: Iterable[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Walk the rows of a table in one test, all of them, given as to ``parametrize``.

    All rows share the test's fixtures: for tests of pure functions. Of those that fail the first
    ten are shown, and the first is the cause.
    """
    columns = [name.strip() for name in names.split(",")] if isinstance(names, str) else [*names]
    table = [_cells(row, single=len(columns) == 1) for row in rows]
    assert table, "a table without a row tests nothing"

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def walk(**given: Any) -> None:
            failed: list[tuple[tuple[Any, ...], BaseException]] = []
            for row in table:
                try:
                    test(**given, **dict(zip(columns, row, strict=True)))
                except (Exception, pytest.fail.Exception) as error:
                    failed.append((row, error))
            if failed:
                said = "\n\n".join(_said(columns, row, error) for row, error in failed[:SHOWN])
                total = f"{len(failed)} of {len(table)} rows failed"
                raise AssertionError(f"{total}:\n{said}") from failed[0][1]

        signature = inspect.signature(test)
        left = [one for name, one in signature.parameters.items() if name not in columns]
        walk.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        return walk

    return decorate


def _cells(row: Any, *, single: bool) -> tuple[Any, ...]:
    if isinstance(row, type(pytest.param())):
        assert not row.marks, "a row of a table bears no mark of its own"
        return tuple(row.values)
    return (row,) if single else tuple(row)


def _said(columns: Sequence[str], row: Sequence[Any], error: BaseException) -> str:
    cells = ", ".join(f"{name}={cell!r:.300}" for name, cell in zip(columns, row, strict=True))
    return f"{cells}\n{type(error).__name__}: {error}"
