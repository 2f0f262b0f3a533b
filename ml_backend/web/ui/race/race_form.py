"""The form of a race: its models in rows, and what it is measured by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from ml_backend.errors import InvalidInput
from ml_backend.records import Connection, Job, ProviderName
from ml_backend.services.racing.request import TOLERANCE, RaceRequest
from ml_backend.web.actions.races import race_of
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.prompt_view import PromptView

ROWS = 6
LONGEST_MODEL = 200
MOST_LISTED = 300


@dataclass(frozen=True, slots=True)
class RaceForm:
    """What the form says, or says at first."""

    choices: Sequence[tuple[str, str]]
    """Of the connection of a row: its value and words; "" is the environment's."""
    connections: Sequence[str]
    models: Sequence[str]
    few_shot: str
    points: str
    budget: str

    @classmethod
    def read(cls, view: PromptView) -> RaceForm:
        """Return the form of a request; what was not sent is as at first."""
        values, version = request.values, view.version
        own = str(version.connection_id or "") if version is not None else ""
        choices = _choices(view)
        known = [value for value, _ in choices]
        first = own if own in known else next(iter(known), "")
        model = version.model if version and version.provider is not ProviderName.BASELINE else ""
        at_first = [model, *[""] * (ROWS - 1)]
        shown = str(version.max_few_shot_examples) if version is not None else "0"
        return cls(
            choices=choices,
            connections=[values.get(f"connection_{n}", first).strip() for n in range(ROWS)],
            models=[
                values.get(f"model_{n}", at_first[n]).strip()[:LONGEST_MODEL] for n in range(ROWS)
            ],
            few_shot=values.get("few_shot", shown).strip()[:100],
            points=values.get("points", f"{TOLERANCE * 100:g}").strip()[:20],
            budget=values.get("budget", "").strip()[:20],
        )

    def asked(self, view: PromptView) -> RaceRequest:
        """Return the race that it asks for; raises what is wrong with it."""
        if view.project is None:
            raise InvalidInput(
                "The prompt has no project to race on.",
                field="project",
                fix="Give the prompt a project first.",
            )
        if view.version is None:
            raise InvalidInput(
                "The prompt has no version to race.", field="version", fix="Write one and save it."
            )
        rows = zip(self.connections, self.models, strict=True)
        return race_of(
            view.caller,
            view.prompt,
            view.version,
            view.project,
            [f"{connection}:{model}" for connection, model in rows if model],
            [_whole(each) for each in self.few_shot.split(",") if each.strip()],
            _decimal(self.points, "points") / 100,
            _decimal(self.budget, "budget") if self.budget else None,
            None,
        )


def listed_models(view: PromptView, form: RaceForm, *, ask: bool) -> list[str]:
    """Return the models one may choose: those used or priced here, and those providers list."""
    found = [each.model for each in view.versions if each.provider is not ProviderName.BASELINE]
    for connection in _connections(view):
        found += [connection.default_model, *connection.prices]
        checked = services().connection_checks.last(connection)
        if ask and str(connection.id or "") in form.connections:
            checked = services().connection_checks.run(connection, view.caller.person)
        found += checked.models if checked is not None else ()
    return [each for each in dict.fromkeys(found) if each and each != "*"][:MOST_LISTED]


def race_page(job: Job, **query: Any) -> str:
    """Return the address of a race."""
    if job.project_id is not None:
        query["project"] = job.project_id
    return url_for("ui.show_race", prompt_id=job.prompt_id, job_id=job.id, **query)


def _connections(view: PromptView) -> list[Connection]:
    default = services().models.default
    own = [] if default.provider is ProviderName.BASELINE else [default]
    return [*own, *services().connections.visible(view.caller)]


def _choices(view: PromptView) -> list[tuple[str, str]]:
    return [
        (str(each.id), f"{each.title} ({each.provider.value})")
        if each.id is not None
        else ("", f"{each.title} ({each.provider.value}), the server’s own")
        for each in _connections(view)
    ]


def _whole(text: str) -> int:
    if not text.strip().isdecimal() or len(text.strip()) > 6:
        raise InvalidInput(
            f"{text.strip()!r} is no number of examples.",
            field="few_shot",
            fix="Write numbers with commas between, such as 0, 5.",
        )
    return int(text)


def _decimal(text: str, field: str) -> float:
    try:
        found = float(text.removeprefix("$"))
    except ValueError:
        found = -1.0
    if not 0 <= found < 1_000_000:
        raise InvalidInput(f"{text!r} is no number.", field=field, fix="Write it as in 2.50.")
    return found
