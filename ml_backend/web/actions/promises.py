"""Promise samples in the caller's name: what they see by their own token, written by the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ml_backend.errors import Conflict
from ml_backend.labelstudio import Project
from ml_backend.records.promises import Look, PromiseSample
from ml_backend.services.callers.access import Caller
from ml_backend.services.promises.draw import DrawPlan, DrawRequest
from ml_backend.services.promises.promise_samples import SampleState
from ml_backend.services.writing.patience import Interrupted, Patience
from ml_backend.web.server.services import services

WAIT_SECONDS = 20.0
"""How long a call waits for the right to write, and for Label Studio."""


def request_of(
    caller: Caller,
    project: Project,
    prompt_id: int,
    version_id: int,
    *,
    max_error: float,
    certainty: float,
    size: int | None = None,
    several_looks: bool = False,
) -> DrawRequest:
    """Return what a caller asks to be drawn; raises NotFound for what they do not see."""
    prompt = services().access.prompt(caller, prompt_id)
    return DrawRequest(
        prompt,
        services().access.version(prompt, version_id),
        project,
        max_error,
        certainty,
        size,
        several_looks,
        caller.person,
    )


def plan(caller: Caller, request: DrawRequest) -> DrawPlan:
    """Count what a draw would do."""
    return services().promise_samples.plan(caller.studio, request)


def draw(request: DrawRequest) -> PromiseSample:
    """Draw a sample; its predictions are taken off the tasks right after, by the server."""
    with in_time() as patience:
        return services().promise_samples.draw(request, patience, settle=False)


def states(caller: Caller, project: Project) -> list[SampleState]:
    """Return the samples of a project, newest first."""
    return services().promise_samples.states(caller.studio, project)


def state(caller: Caller, project: Project, sample_id: int) -> SampleState:
    """Return one sample of a project."""
    samples = services().promise_samples
    return samples.state(caller.studio, project, samples.get(project.id, sample_id))


def open_sample(caller: Caller, project: Project, sample_id: int) -> SampleState:
    """Open a sample; predictions are put back right after, by the server."""
    samples = services().promise_samples
    sample = samples.get(project.id, sample_id)
    with in_time() as patience:
        samples.open(sample, patience, by=caller.person, settle=False)
    return state(caller, project, sample_id)


def ask(
    caller: Caller, project: Project, sample_id: int, max_error: float, certainty: float
) -> Look:
    """Ask an opened sample for another limit."""
    samples = services().promise_samples
    sample = samples.get(project.id, sample_id)
    return samples.look(sample, max_error=max_error, certainty=certainty, by=caller.person)


def withdraw(caller: Caller, project: Project, sample_id: int, reason: str) -> SampleState:
    """Withdraw a sample, or the promise of an opened one."""
    samples = services().promise_samples
    sample = samples.get(project.id, sample_id)
    said = reason or f"{caller.user.name or caller.user.email} withdrew it."
    with in_time() as patience:
        samples.withdraw(sample, said, patience, settle=False)
    return state(caller, project, sample_id)


@contextmanager
def in_time() -> Iterator[Patience]:
    """Yield a patience that ends in time; raises Conflict where something else is written on."""
    stop = threading.Event()
    timer = threading.Timer(WAIT_SECONDS, stop.set)
    timer.daemon = True
    timer.start()
    try:
        yield Patience(lambda said: None, stop, give_up_after=WAIT_SECONDS)
    except Interrupted as error:
        raise Conflict(
            "A run or another command is writing to Label Studio just now; nothing was done.",
            fix="Try again in a moment.",
        ) from error
    finally:
        timer.cancel()
