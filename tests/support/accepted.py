"""Acceptances of predictions, made and looked at."""

from __future__ import annotations

from typing import Any

from ml_backend.services.accepting.accepting import AcceptPlan
from ml_backend.services.accepting.request import AcceptRequest, accept_request
from ml_backend.services.predictions.promote_plan import PromoteReport
from ml_backend.services.predictions.selection import select
from ml_backend.store import AcceptanceAct, AcceptedRow
from support.house import House
from support.promises_made import LABEL, patience


def request(**asked: Any) -> AcceptRequest:
    return accept_request(select(labels=[LABEL], everything=True), **asked)


def plan(house: House, project: int, **asked: Any) -> AcceptPlan:
    return house.container.accepting.plan(project, request(**asked))


def accept(house: House, project: int, **asked: Any) -> PromoteReport:
    return house.container.accepting.execute(plan(house, project, **asked), patience())


def annotated(house: House, project: int) -> set[int]:
    return {task.id for task in house.container.studio.iter_annotated(project)}


def acts(house: House, project: int) -> list[AcceptanceAct]:
    return house.container.store.acceptances.of_project(project)


def rows_of(house: House, acceptance: int | None) -> list[AcceptedRow]:
    return house.container.store.acceptances.rows(acceptance or 0)
