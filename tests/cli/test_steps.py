"""Steps that take their time: something is said every few seconds, with what is known."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ml_backend.cli.output.steps import Steps
from support.processes import eventually


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


def steps(output: io.StringIO, every: float) -> Steps:
    return Steps(Console(file=output, width=200, highlight=False), every=every)


def test_a_step_that_goes_on_says_so_again_and_again(output: io.StringIO) -> None:
    with steps(output, 0.01).step("Starting", lambda: "17 [of] them"):
        eventually(lambda: output.getvalue().count("… Starting: 17 [of] them (0 s)") > 2)
    assert output.getvalue().splitlines()[-1].startswith("✓ Starting (0.")


def test_what_is_said_goes_before_what_is_looked_up(output: io.StringIO) -> None:
    with steps(output, 0.01).step("Running", lambda: "no") as say:
        say("3 of 9")
        eventually(lambda: "… Running: 3 of 9" in output.getvalue())


def test_a_short_step_is_one_line_and_one_that_fails_is_not_ticked_off(
    output: io.StringIO,
) -> None:
    made = steps(output, 60.0)
    with made.step("Short"):
        pass
    with pytest.raises(ValueError, match="no"), made.step("Failing"):
        raise ValueError("no")
    [line] = output.getvalue().splitlines()
    assert line.startswith("✓ Short")
