"""Who is answered what by which route, as a table; a route without a row in it fails a test.

Rows say what a kind of route answers to whom; ``ROUTES`` says of what kind each route is, and with
what it is asked here. The routes of the pages have theirs in ``support.world``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from support.world import CASES, LISTS, OPEN, Call, World

JsonBody = dict[str, Any]


class Who(Enum):
    """Those who may ask."""

    STRANGER = "a stranger, without credentials"
    MEMBER = "a member of the organization who does not see the project"
    COEDITOR = "another member, who sees the project"
    OWNER = "who made the prompt and the connection"
    ELSEWHERE = "somebody of another organization"
    LABEL_STUDIO = "Label Studio, with the server's basic auth"


class Said(Enum):
    """What an answer may be; of the statuses that stand here, each fits."""

    SERVED = frozenset({200, 201, 202, 204, 302, 303, 400, 402, 409, 422, 502})
    """Let in: what was asked may still not fit, or be refused by Label Studio."""
    HIDDEN = frozenset({404})
    """As if there were no such thing."""
    UNNAMED = frozenset({400, 404})
    """The same for what a body names: refused by its field."""
    FORBIDDEN = frozenset({403})
    UNKNOWN = frozenset({401, 403})
    """Nobody known; 403 is the API's word for a token that Label Studio refuses."""
    TO_SIGN_IN = frozenset({303})
    """Led to the sign-in page."""


Row = Mapping[Who, Said]


def row(
    stranger: Said, member: Said, coeditor: Said, owner: Said, elsewhere: Said, studio: Said
) -> Row:
    return dict(zip(Who, (stranger, member, coeditor, owner, elsewhere, studio), strict=True))


_S, _H, _N, _F, _U, _I = (
    *(Said.SERVED, Said.HIDDEN, Said.UNNAMED, Said.FORBIDDEN, Said.UNKNOWN, Said.TO_SIGN_IN),
)

KINDS: dict[str, Row] = {
    #                        stranger member co-editor owner elsewhere Label Studio
    "page: a list": row(_I, _S, _S, _S, _S, _I),
    "page: of the project": row(_I, _H, _S, _S, _H, _I),
    "page: of a person's": row(_I, _H, _H, _S, _H, _I),
    "page: none such": row(_I, _H, _H, _H, _H, _I),
    "page: of nothing there": row(_I, _H, _H, _H, _H, _I),
    "page: sign in": row(_S, _S, _S, _S, _S, _S),
    "API: a list": row(_U, _S, _S, _S, _S, _U),
    "API: of the project": row(_U, _H, _S, _S, _H, _U),
    "API: names the project": row(_U, _N, _S, _S, _N, _U),
    "API: of a person's": row(_U, _H, _H, _S, _H, _U),
    "API: the organization's": row(_U, _F, _F, _S, _F, _U),
    "API: by a token in its body": row(_U, _U, _U, _U, _U, _U),
    "API: public": row(_S, _S, _S, _S, _S, _S),
    # Label Studio's own routes know no people: a token of theirs opens nothing.
    "Label Studio's": row(_U, _U, _U, _U, _U, _S),
    "of all": row(_S, _S, _S, _S, _S, _S),
    "with credentials none, or right": row(_S, _U, _U, _U, _U, _S),
}


@dataclass(frozen=True, slots=True)
class Route:
    """One route: of what kind, and what it is asked; words in braces are the world's ids."""

    kind: str
    body: JsonBody | None = None
    query: JsonBody = field(default_factory=dict)
    turn: int = 0
    """Later than others', where it takes away what they need."""


_OF_THE_PROJECT = Route("API: of the project")
_LIST = Route("API: a list")
_PUBLIC = Route("API: public")
_VERSION = {"title": "Another", "prompt": "Which? {text}", "provider_model_id": "simulated"}
_HANDED_IN = {"modelrun_id": "{run}"}

API_ROUTES: dict[str, Route] = {
    "documentation": _PUBLIC,
    "schema": _PUBLIC,
    "jobs_api.refresh_token": Route("API: by a token in its body", {"refresh": "x"}),
    "jobs_api.list_jobs": _LIST,
    "jobs_api.get_job": _OF_THE_PROJECT,
    # Prompts and versions
    "prompts_api.list_prompts": _LIST,
    "prompts_api.create_prompt": Route(
        "API: names the project", {"title": "Mine", "associated_projects": ["{project}"]}
    ),
    "prompts_api.get_prompt": _OF_THE_PROJECT,
    "prompts_api.update_prompt": Route("API: of the project", {"description": "changed"}),
    "prompts_api.delete_prompt": Route("API: of the project", turn=3),
    "prompts_api.compare_versions": Route("API: of the project", query={"versions": "1,2"}),
    "prompts_api.compare_tasks": Route("API: of the project", query={"versions": "1,2"}),
    "prompts_api.compatible_projects": _LIST,
    "prompts_api.rebind_prompt": Route("API: of the project", {}),
    "prompt_files_api.export_prompt": _OF_THE_PROJECT,
    "prompt_files_api.import_prompt": Route(
        "API: names the project", {"file": "title: New\nversions: []", "project": "{project}"}
    ),
    "tries_api.try_prompt": Route(
        "API: of the project",
        {"prompt": "Which? {text}", "project": "{project}", "provider_model_id": "simulated"},
    ),
    "versions_api.get_default_version_name": _OF_THE_PROJECT,
    "versions_api.list_versions": _OF_THE_PROJECT,
    "versions_api.create_version": Route("API: of the project", _VERSION),
    "versions_api.get_version": _OF_THE_PROJECT,
    "versions_api.update_version": Route("API: of the project", {"prompt": "Changed {text}"}),
    "versions_api.delete_version": Route("API: of the project", turn=2),
    "versions_api.cost_estimate": _OF_THE_PROJECT,
    "versions_api.request_cost_estimate": Route("API: of the project", {}),
    "versions_api.refine_prompt": Route(
        "API: of the project",
        {
            **{"project_id": "{project}", "teacher_model_name": "simulated"},
            "teacher_model_provider_connection_id": "{connection}",
        },
    ),
    "versions_api.get_refined_prompt": _OF_THE_PROJECT,
    "races_api.race_models": Route(
        "API: of the project", {"project": "{project}", "models": ["a", "b"], "dry_run": True}
    ),
    "races_api.get_race": _OF_THE_PROJECT,
    "races_api.cancel_race": Route("API: of the project", {}),
    # Runs
    "runs_api.list_runs": _OF_THE_PROJECT,
    "runs_api.create_run": Route("API: of the project", {"project": "{project}", "job_id": "w"}),
    "runs_api.cancel_run": Route("API: of the project", {}),
    "runs_api.get_run": _OF_THE_PROJECT,
    "runs_api.list_failures": _OF_THE_PROJECT,
    "runs_api.list_indicators": _OF_THE_PROJECT,
    "runs_api.get_indicator": _OF_THE_PROJECT,
    "runs_api.get_report": _OF_THE_PROJECT,
    "runs_api.batch_predictions": Route(
        "API: of the project",
        {"results": [{"task_id": "{task}", "output": "a"}], **_HANDED_IN},
    ),
    "runs_api.batch_failed_predictions": Route(
        "API: of the project",
        {"failed_predictions": [{"task_id": "{task}", "error_message": "y"}], **_HANDED_IN},
    ),
    "disputes_api.list_disputes": Route(
        "API: of the project", query={"project": "{project}", "run": "{run}"}
    ),
    "disputes_api.decide_dispute": Route(
        "API: of the project", {"project": "{project}", "decision": "prompt"}
    ),
    "disputes_api.undo_dispute": Route("API: of the project", query={"project": "{project}"}),
    # Projects
    "projects_api.connect_project": Route("API: of the project", {}, turn=1),
    "projects_api.disconnect_project": Route("API: of the project", {}, turn=1),
    "projects_api.get_label_stream": _OF_THE_PROJECT,
    "projects_api.show_in_label_stream": Route("API: of the project", {"model_version": "{label}"}),
    "projects_api.delete_predictions": Route("API: of the project", {}, turn=1),
    "projects_api.promote_predictions": Route("API: of the project", {}),
    "accepting_api.get_threshold": Route("API: of the project", query={"model_version": "{label}"}),
    "accepting_api.list_acceptances": _OF_THE_PROJECT,
    "accepting_api.take_back_acceptance": Route("API: of the project", {}),
    "projects_api.list_provenance": Route("API: of the project", query={"task_ids": "{task}"}),
    "projects_api.list_subset_tasks": _OF_THE_PROJECT,
    "projects_api.list_subsets": _OF_THE_PROJECT,
    "ground_truth_api.list_ground_truth": _OF_THE_PROJECT,
    "ground_truth_api.mark_ground_truth": Route("API: of the project", {"all": True}),
    "reviewing_api.list_reviews": Route("API: of the project", query={"prompt": "{prompt}"}),
    "reviewing_api.start_review": Route("API: of the project", {"prompt": "{prompt}"}),
    "reviewing_api.stop_review": Route("API: of the project", query={"prompt": "{prompt}"}, turn=1),
    "following_api.list_follows": Route("API: of the project", query={"prompt": "{prompt}"}),
    "following_api.start_follow": Route("API: of the project", {"prompt": "{prompt}"}),
    "following_api.stop_follow": Route("API: of the project", query={"prompt": "{prompt}"}, turn=1),
    "following_api.take_back_followed": Route("API: of the project", {"prompt": "{prompt}"}),
    "promises_api.list_promises": _OF_THE_PROJECT,
    "promises_api.draw_promise": Route(
        "API: of the project", {"prompt": "{prompt}", "version": "{version}", "dry_run": True}
    ),
    "promises_api.get_promise": _OF_THE_PROJECT,
    "promises_api.open_promise": Route("API: of the project", {}),
    "promises_api.ask_promise": Route("API: of the project", {"max_error": 0.05}),
    "promises_api.withdraw_promise": Route("API: of the project", {}, turn=1),
    "audit_api.list_audit_events": Route("API: the organization's"),
    # Connections
    "providers_api.list_connections": _LIST,
    "providers_api.list_environment_models": _LIST,
    "providers_api.list_provider_choices": _LIST,
    "providers_api.create_connection": Route(
        "API: a list", {"provider": "OpenAI", "api_key": "k", "title": "Mine"}
    ),
    "providers_api.get_connection": Route("API: of a person's"),
    "providers_api.list_models": Route("API: of a person's"),
    "providers_api.update_connection": Route("API: of a person's", {"title": "Changed"}),
    "providers_api.test_connection": Route("API: of a person's", {"model": "simulated"}),
    "providers_api.test_environment": Route("API: a list", {"model": "simulated"}),
    "providers_api.delete_connection": Route("API: of a person's", turn=1),
    "providers_api.get_environment_prices": _LIST,
    "providers_api.set_environment_prices": Route(
        "API: the organization's", {"prices": {"m": [1, 2]}}
    ),
}

_TASKS = [{"id": "{task}", "data": {"text": "a task"}}]
_ML: dict[str, Route] = {
    "about": Route("Label Studio's"),
    "health": Route("with credentials none, or right"),
    "setup": Route("Label Studio's", {"project": "{uid}", "schema": "{config}"}),
    "predict": Route("Label Studio's", {"project": "{uid}", "tasks": _TASKS}),
    "versions": Route("Label Studio's", {}),
    "train": Route("Label Studio's", {"action": "x", "project": {"id": "{project}"}}),
    "webhook": Route("Label Studio's", {"action": "x", "project": {"id": "{project}"}}),
}
PREFIXES = ("", "prompt", "version")
STUDIO_ROUTES: dict[str, Route] = {
    **{f"ml_{prefix}.{name}": each for prefix in PREFIXES for name, each in _ML.items()},
    **{f"metrics_{prefix}": Route("Label Studio's") for prefix in PREFIXES},
}

OF_A_PERSON = (
    "ui.give_price",
    *("ui.edit_connection", "ui.update_connection", "ui.test_connection"),
    "ui.measure_connection",
    *("ui.ask_delete_connection", "ui.delete_connection"),
)
TAKING = {
    **{"ui.connect_project": 1, "ui.disconnect_project": 1, "ui.begin_predictions": 1},
    **{"ui.delete_version": 2, "ui.delete_connection": 2, "ui.take_delete": 3},
}
"""Pages that take something away, by their turn."""

NOTHING = {"ui.unknown": "page: none such", "ui.show_in_label_stream": "page: of nothing there"}
"""An address that no page has, and a model version that the project does not hold."""

OPEN_TURN = 4
SIGN_OUT_TURN = 5


def _page(name: str) -> Route:
    if name in NOTHING:
        return Route(NOTHING[name])
    kind = "a list" if name in LISTS else "a person's" if name in OF_A_PERSON else "of the project"
    return Route(f"page: {kind.replace('a person', 'of a person')}", turn=TAKING.get(name, 0))


PAGE_ROUTES: dict[str, Route] = {
    **{name: _page(name) for name in CASES},
    **dict.fromkeys(OPEN, Route("page: sign in", turn=OPEN_TURN)),
    "ui.sign_out": Route("page: sign in", turn=SIGN_OUT_TURN),
    "ui_asset": Route("of all"),
}
ROUTES: dict[str, Route] = {**API_ROUTES, **STUDIO_ROUTES, **PAGE_ROUTES}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a route."""

    endpoint: str
    method: str
    path: str
    route: Route
    page: Call | None = None

    def __str__(self) -> str:
        return f"{self.endpoint}: {self.method} {self.path}"


def asked(world: World, *, pages: bool) -> list[Asked]:
    """Return a request of every page, or of every other route; what takes away comes last."""
    found = _of_pages(world) if pages else _of_the_rest(world)
    return sorted(found, key=lambda each: each.route.turn)


def _of_pages(world: World) -> Iterator[Asked]:
    for call in world.calls():
        yield Asked(call.endpoint, call.method, call.path, ROUTES[call.endpoint], call)


def _of_the_rest(world: World) -> Iterator[Asked]:
    adapter = world.api.app.url_map.bind("localhost")
    known = {**world.ids(""), "indicator_key": "progress"}
    *_, known["digest"], known["name"] = world.api.app.jinja_env.globals["asset"]("app.css").split(
        "/"
    )
    known = {
        **known,
        "project_id": world.api.project,
        "prompt": world.prompt.title,
        "inference_run_id": world.run.id,
    }
    own = {
        "prompts_api": world.prompt.id, "prompt_files_api": world.prompt.id,
        "tries_api": world.prompt.id, "versions_api": world.prompt.id,
        "runs_api": world.run.id, "jobs_api": world.suggestion.id,
        "providers_api": world.connection.id,
    }  # fmt: skip
    for rule in world.api.app.url_map.iter_rules():
        if rule.endpoint in CASES:
            continue
        values = {
            name: own[rule.endpoint.partition(".")[0]] if name == "id" else known[name]
            for name in rule.arguments
        }
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            path = adapter.build(rule.endpoint, values, method=method)
            yield Asked(rule.endpoint, method, path, ROUTES[rule.endpoint])


def filled(value: Any, ids: Mapping[str, Any]) -> Any:
    """Return a body with the world's ids for the words that stand for them."""
    if isinstance(value, dict):
        return {name: filled(each, ids) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, ids) for each in value]
    return ids.get(value, value) if isinstance(value, str) else value
