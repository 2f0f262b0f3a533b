"""Promise samples: tasks labelled blind to test what may be accepted without a look."""

from __future__ import annotations

from typing import Any

from ml_backend.web.actions import promises as actions
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.promises import (
    DrawPlanAnswer,
    LookAnswer,
    PromiseAsk,
    PromiseDraw,
    PromiseSampleAnswer,
    PromiseWithdraw,
)
from ml_backend.web.server import identity
from ml_backend.web.server.services import services

api = Operations("promises_api", "projects")

PROMISES = "/projects/<project_id>/promises"
ONE = f"{PROMISES}/<promise_id>"


@api.add("GET", PROMISES, list[PromiseSampleAnswer])
def list_promises(project_id: int) -> Any:
    """List the promise samples of a project, newest first, with how far each is."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    return [PromiseSampleAnswer.of(each) for each in actions.states(caller, project)]


@api.add(
    "POST",
    PROMISES,
    PromiseSampleAnswer,
    status=201,
    others={200: DrawPlanAnswer},
    body=PromiseDraw,
)
def draw_promise(project_id: int, body: PromiseDraw) -> Any:
    """Draw a promise sample, or say with dry_run what that would do; any user of the project may.

    While it is open, this server's predictions are taken off the drawn tasks, and put back when it
    is opened or withdrawn.
    """
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    request = actions.request_of(
        caller,
        project,
        body.prompt,
        body.version,
        max_error=body.max_error,
        certainty=body.certainty,
        size=body.size,
        several_looks=body.several_looks,
    )
    if body.dry_run:
        return DrawPlanAnswer.of(actions.plan(caller, request)), 200
    sample = actions.draw(request)
    return PromiseSampleAnswer.of(actions.state(caller, project, sample.id))


@api.add("GET", ONE, PromiseSampleAnswer)
def get_promise(project_id: int, promise_id: int) -> Any:
    """Return a promise sample: how far its labelling is, and what it promises once opened."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    return PromiseSampleAnswer.of(actions.state(caller, project, promise_id))


@api.add("POST", f"{ONE}/open", PromiseSampleAnswer)
def open_promise(project_id: int, promise_id: int) -> Any:
    """Open a promise sample all of whose tasks are labelled, and find out what it promises."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    return PromiseSampleAnswer.of(actions.open_sample(caller, project, promise_id))


@api.add("POST", f"{ONE}/looks", LookAnswer, body=PromiseAsk)
def ask_promise(project_id: int, promise_id: int, body: PromiseAsk) -> Any:
    """Ask an opened sample that was drawn for several looks for another limit."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    look = actions.ask(caller, project, promise_id, body.max_error, body.certainty)
    return LookAnswer.of(look)


@api.add("POST", f"{ONE}/withdraw", PromiseSampleAnswer, body=PromiseWithdraw)
def withdraw_promise(project_id: int, promise_id: int, body: PromiseWithdraw) -> Any:
    """Withdraw a promise sample, or the promise of one that is opened; labels stay."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    return PromiseSampleAnswer.of(actions.withdraw(caller, project, promise_id, body.reason))
