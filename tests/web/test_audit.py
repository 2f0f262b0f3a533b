"""The audit log: every route that changes something is in it, or says why not."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import ml_backend
from ml_backend.acting import SERVER, acting
from ml_backend.errors import InvalidInput
from ml_backend.records import AuditAction as A, AuditEvent
from ml_backend.store import tables as t
from support.api import SECRETS, Api
from support.pages import csrf_of, sign_in

RUN = (A.RUN_STARTED, A.RUN_ENDED)
DELETED = (A.PROMPT_DELETED, A.PREDICTIONS_DELETED)
VERSION_GONE = (A.VERSION_DELETED, A.PREDICTIONS_DELETED)
CONNECTION = (A.CONNECTION_CHANGED, A.KEY_CHANGED, A.BUDGET_CHANGED, A.PRICE_CHANGED)

WRITES = "writes what can be written back: nothing is lost, no door opens, nothing is spent"
ASKS = "asks, and changes nothing"
ASKED_OF_A_SAMPLE = "kept with the promise sample itself, by whom and when"
HANDED_IN = "answers of an outside worker: its run is told when it starts and when it ends"
LOOK = "how the pages look to one person"
EXCHANGE = "Label Studio's own exchange of a token, which opens nothing here"
BY_LABEL_STUDIO = (
    "what Label Studio asks by itself is counted in spendings: a line a call would bury the log; "
    "the run it leads to is told, as asked by Label Studio"
)
CHECKS = "asks a provider for its models, which costs nothing"

ROUTES: dict[str, tuple[A, ...] | str] = {
    # The API
    "accepting_api.take_back_acceptance": (A.ACCEPTANCE_TAKEN_BACK,),
    "disputes_api.decide_dispute": (A.TRUTH_UNMARKED,),
    "disputes_api.undo_dispute": (A.TRUTH_MARKED,),
    "ground_truth_api.mark_ground_truth": (A.TRUTH_MARKED, A.TRUTH_UNMARKED),
    "jobs_api.refresh_token": EXCHANGE,
    "projects_api.connect_project": (A.PROJECT_CONNECTED,),
    "projects_api.delete_predictions": (A.PREDICTIONS_DELETED,),
    "projects_api.disconnect_project": (A.PROJECT_DISCONNECTED,),
    "projects_api.promote_predictions": (A.PREDICTIONS_PROMOTED, A.TRUTH_MARKED),
    "projects_api.show_in_label_stream": WRITES,
    "reviewing_api.start_review": (A.REVIEW_STARTED,),
    "reviewing_api.stop_review": (A.REVIEW_STOPPED,),
    "following_api.start_follow": (A.FOLLOWING_STARTED, A.FOLLOW_ACCEPTING_STARTED),
    "following_api.stop_follow": (A.FOLLOWING_STOPPED, A.FOLLOW_ACCEPTING_ENDED),
    "following_api.take_back_followed": (A.ACCEPTANCE_TAKEN_BACK,),
    "promises_api.ask_promise": ASKED_OF_A_SAMPLE,
    "promises_api.draw_promise": (A.PROMISE_DRAWN,),
    "promises_api.open_promise": (A.PROMISE_OPENED,),
    "promises_api.withdraw_promise": (A.PROMISE_WITHDRAWN,),
    "prompt_files_api.import_prompt": (A.PROMPT_IMPORTED,),
    "prompts_api.create_prompt": WRITES,
    "prompts_api.delete_prompt": DELETED,
    "prompts_api.rebind_prompt": (A.PROJECT_CONFIRMED,),
    "prompts_api.update_prompt": WRITES,
    "providers_api.create_connection": (A.CONNECTION_ADDED,),
    "providers_api.delete_connection": (A.CONNECTION_REMOVED,),
    "providers_api.set_environment_prices": (A.PRICE_CHANGED,),
    "providers_api.test_connection": (A.MODEL_MEASURED,),
    "providers_api.test_environment": (A.MODEL_MEASURED,),
    "providers_api.update_connection": CONNECTION,
    "races_api.cancel_race": (A.MODELS_RACED,),
    "races_api.race_models": (A.MODELS_RACED,),
    "runs_api.batch_failed_predictions": HANDED_IN,
    "runs_api.batch_predictions": HANDED_IN,
    "runs_api.cancel_run": (A.RUN_CANCELED,),
    "runs_api.create_run": RUN,
    "tries_api.try_prompt": (A.TASK_TRIED,),
    "versions_api.create_version": WRITES,
    "versions_api.delete_version": VERSION_GONE,
    "versions_api.refine_prompt": (A.PROMPT_REFINED,),
    "versions_api.request_cost_estimate": ASKS,
    "versions_api.update_version": WRITES,
    # Label Studio
    **{
        f"ml_{name}.{route}": BY_LABEL_STUDIO
        for name in ("", "prompt", "version")
        for route in ("predict", "setup", "train", "versions", "webhook")
    },
    # The pages
    "ui.accept": (A.TRUTH_MARKED,),
    "ui.activate": WRITES,
    "ui.ask_promise_sample": ASKED_OF_A_SAMPLE,
    "ui.begin_enhance": (A.PROMPT_REFINED,),
    "ui.begin_race": (A.MODELS_RACED,),
    "ui.begin_predictions": (A.PREDICTIONS_DELETED, A.PREDICTIONS_PROMOTED),
    "ui.cancel_race": (A.MODELS_RACED,),
    "ui.cancel_run": (A.RUN_CANCELED,),
    "ui.choose_automatically": WRITES,
    "ui.choose_project": ASKS,
    "ui.color_scheme": LOOK,
    "ui.connect_project": (A.PROJECT_CONNECTED,),
    "ui.create_accepted": (A.PREDICTIONS_PROMOTED,),
    "ui.create_connection": (A.CONNECTION_ADDED,),
    "ui.create_prompt": WRITES,
    "ui.decide_label": (A.TRUTH_UNMARKED, A.TRUTH_MARKED),
    "ui.delete_connection": (A.CONNECTION_REMOVED,),
    "ui.delete_version": VERSION_GONE,
    "ui.disconnect_project": (A.PROJECT_DISCONNECTED,),
    "ui.draw_sample": (A.PROMISE_DRAWN,),
    "ui.estimate_run": ASKS,
    "ui.evaluate_suggestion": RUN,
    "ui.give_price": (A.PRICE_CHANGED,),
    "ui.mark_right": (A.TRUTH_MARKED,),
    "ui.measure_connection": (A.MODEL_MEASURED,),
    "ui.open_promise_sample": (A.PROMISE_OPENED,),
    "ui.predict_all": RUN,
    "ui.preview_prompt": ASKS,
    "ui.rebind_prompt": (A.PROJECT_CONFIRMED,),
    "ui.restore": WRITES,
    "ui.resume_run": (A.RUN_RESUMED, A.RUN_ENDED),
    "ui.retry_run": (A.RUN_RESUMED, *RUN),
    "ui.save_race_winner": WRITES,
    "ui.save_suggestion": WRITES,
    "ui.send_to_people": (A.REVIEW_STARTED,),
    "ui.show_in_label_stream": WRITES,
    "ui.sign_out": (A.SIGNED_OUT,),
    "ui.stop_sending": (A.REVIEW_STOPPED,),
    "ui.take_back": (A.ACCEPTANCE_TAKEN_BACK,),
    "ui.take_delete": DELETED,
    "ui.take_edit": WRITES,
    "ui.take_editor": RUN,
    "ui.take_ground_truth": (A.TRUTH_MARKED, A.TRUTH_UNMARKED),
    "ui.take_import": (A.PROMPT_IMPORTED,),
    "ui.take_sign_in": (A.SIGNED_IN, A.SIGN_IN_REFUSED),
    "ui.take_try": (A.TASK_TRIED,),
    "ui.test_connection": CHECKS,
    "ui.undo_version": (A.VERSION_DELETED,),
    "ui.withdraw_sample": (A.PROMISE_WITHDRAWN,),
    "ui.unknown": "answers that there is no such page",
    "ui.update_connection": CONNECTION,
}
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.mark.slow
def test_every_route_that_changes_something_is_told_or_says_why_not(api: Api) -> None:
    routes = {
        rule.endpoint for rule in api.app.url_map.iter_rules() if (rule.methods or set()) & CHANGING
    }
    assert routes - set(ROUTES) == set(), "say what the audit log tells of it, or why nothing"
    assert set(ROUTES) - routes == set(), "these are gone"


def test_every_action_is_told_somewhere_below_the_faces() -> None:
    root = Path(ml_backend.__file__).parent
    code = "".join(
        path.read_text()
        for room in ("services", "store")
        for path in sorted((root / room).rglob("*.py"))
    )
    at_the_door = {A.SIGN_IN_REFUSED}
    missing = [a for a in A if f"AuditAction.{a.name}" not in code and a not in at_the_door]
    assert missing == []


def events(api: Api, **query: Any) -> list[AuditEvent]:
    """The log, oldest first."""
    return api.container.store.audit.search(limit=1000, **query)[::-1]


def actions(api: Api) -> list[A]:
    return [each.action for each in events(api)]


@pytest.mark.slow
def test_the_api_tells_who_did_what(api: Api) -> None:
    connection = api.connection()
    path = f"model-provider-connections/{connection.id}/"
    assert api.request("PATCH", path, json={"api_key": SECRETS[1]}).status_code == 200
    api.request("PATCH", path, json={"budget_limit": 3, "prices": {"simulated": [1, 2]}})
    prompt, version = api.prompt("Not in the log? Its title is")
    run = api.answered(prompt, version, {task: {"topic": "a"} for task in api.tasks[:6]}, "HasGT")
    api.client.prompts.delete(prompt.id)
    assert api.request("DELETE", path).status_code == 204
    told = events(api)
    assert [each.action for each in told if each.action is not A.PREDICTIONS_DELETED] == [
        A.CONNECTION_ADDED,
        A.KEY_CHANGED,
        A.BUDGET_CHANGED,
        A.PRICE_CHANGED,
        A.RUN_STARTED,
        A.RUN_ENDED,
        A.PROMPT_DELETED,
        A.CONNECTION_REMOVED,
    ]
    me = connection.created_by
    assert {(each.person_id, each.email) for each in told} == {(me.id, me.email)}
    assert {each.face for each in told} == {"API", "run"}
    (started,) = [each for each in told if each.action is A.RUN_STARTED]
    assert (started.object_id, started.project_id) == (run.id, api.project)
    (ended,) = [each for each in told if each.action is A.RUN_ENDED]
    assert (ended.counts["tasks"], ended.counts["succeeded"]) == (6, 6)
    (gone,) = [each for each in told if each.action is A.PROMPT_DELETED]
    assert (gone.object_id, gone.title) == (prompt.id, "Not in the log? Its title is")
    with api.container.store.database.read() as c:
        kept = repr(c.execute(sa.select(t.audit_events)).all())
    for secret in (*SECRETS, "Which? {text}", "message 1"):
        assert secret not in kept


@pytest.mark.slow
def test_what_changes_label_studio_is_told_with_how_much(api: Api) -> None:
    project = api.project
    prompt, version = api.prompt()
    api.answered(prompt, version, {task: {"topic": "a"} for task in api.tasks}, "All")
    unmark = {"task_ids": api.tasks[:3], "ground_truth": False}
    promote, delete = {"prompt": prompt.id, "all": True}, {"prompt": prompt.id}
    for path, body in (
        ("connect", {}),  # nothing listens there: Label Studio refuses
        ("disconnect", {}),
        ("ground-truth", unmark),
        ("predictions/promote", {**promote, "dry_run": False}),
        ("predictions/delete", delete),
    ):
        done = api.request("POST", f"projects/{project}/{path}", json=body)
        assert done.status_code < 500, done.text
        if done.status_code == 202:
            number = done.json()["job"]
            while api.request("GET", f"jobs/{number}/").json()["status"] in (
                "Pending",
                "InProgress",
            ):
                time.sleep(0.02)
    told = {each.action: each for each in events(api) if each.face == "API"}
    assert told[A.PROJECT_CONNECTED].outcome == "failed"
    assert told[A.PROJECT_DISCONNECTED].outcome == "done"
    assert told[A.TRUTH_UNMARKED].counts == {"tasks": 3}
    assert told[A.PREDICTIONS_PROMOTED].counts["annotations"] >= 4
    assert told[A.PREDICTIONS_DELETED].counts == {"predictions": 10}
    assert all(each.project_id == project for each in told.values())
    assert {each.organization for each in told.values()} == {1}


@pytest.mark.slow
def test_a_failure_is_told_as_one(api: Api) -> None:
    def fail() -> None:
        with api.container.store.audit.doing(A.PREDICTIONS_DELETED, project_id=3) as doing:
            doing.counts["predictions"] = 2
            raise InvalidInput("no more of it")

    with pytest.raises(InvalidInput):
        fail()
    (told,) = events(api)
    assert (told.outcome, told.counts, told.face) == ("failed", {"predictions": 2}, "server")


@pytest.mark.slow
def test_sign_ins_are_told_and_refused_ones_fill_nothing(api: Api) -> None:
    with api.app.test_client() as client:
        for n in range(25):  # in vain more often would have to wait
            assert sign_in(client, f"{n:040d}").status_code == 422
        assert sign_in(client, api.studio.token).status_code == 303
        client.post("/ui/sign-out", data={"csrf_token": csrf_of(client, "/ui/connections")})
    told = actions(api)
    assert told.count(A.SIGN_IN_REFUSED) == 20
    assert told[-2:] == [A.SIGNED_IN, A.SIGNED_OUT]
    signed_in = events(api, actions=(A.SIGNED_IN,))[0]
    assert (signed_in.face, "@" in signed_in.email) == ("pages", True)
    assert acting() == SERVER, "the thread goes on with others' requests"


@pytest.mark.slow
def test_only_the_owner_reads_it_and_of_their_organization_alone(api: Api) -> None:
    api.connection()
    store = api.container.store
    with store.database.write() as c:
        c.execute(
            sa.insert(t.audit_events),
            [
                {
                    "at": datetime.now(UTC) - timedelta(days=days),
                    "face": "API",
                    "email": email,
                    "action": A.PROMPT_DELETED.value,
                    "organization": organization,
                    "counts": {},
                    "outcome": "done",
                    "kind": "",
                    "name": "",
                    "title": "",
                }
                for days, email, organization in (
                    (3, "elsewhere@example.com", 77),
                    (2, "", None),
                    (1, "mine@example.com", 1),
                )
            ],
        )
    whole = api.request("GET", "audit/")
    assert whole.status_code == 200, whole.text
    mails = [each["email"] for each in whole.json()["results"]]
    assert "elsewhere@example.com" not in mails
    assert {"", "mine@example.com"} <= set(mails)
    assert whole.json()["before"] is None
    member = api.as_user(id=2)
    assert api.request("GET", "audit/", member).status_code == 403
    elsewhere = api.as_user(id=3, email="chief@example.com", active_organization=77)
    found = api.request("GET", "audit/", elsewhere)
    assert found.status_code in (200, 403)
    if found.status_code == 200:
        assert [each["email"] for each in found.json()["results"]] == ["elsewhere@example.com"]


@pytest.mark.slow
def test_it_is_read_by_filters_and_page_by_page(api: Api) -> None:
    for _ in range(3):
        api.connection()
    first = api.request("GET", "audit/?page_size=2&action=connection_added").json()
    rest = api.request("GET", f"audit/?page_size=2&before={first['before']}").json()
    ids = [each["id"] for each in (*first["results"], *rest["results"])]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 3
    for query, most in (
        ("who=nobody@example.com", 0),
        ("since=2100-01-01T00:00:00Z", 0),
        ("until=2100-01-01T00:00:00Z", 3),
        (f"who={events(api)[0].person_id}", 3),
        (f"who={events(api)[0].email.upper()}", 3),
        ("project=9", 0),
    ):
        found = api.request("GET", f"audit/?{query}")
        assert len(found.json()["results"]) == most, query
    wrong = api.request("GET", "audit/?action=made_up")
    assert wrong.status_code == 400
    assert "prompt_deleted" in wrong.text
    assert api.request("GET", "audit/?since=yesterday").status_code == 400


@pytest.mark.slow
def test_old_events_go_and_nothing_else(api: Api) -> None:
    api.connection()
    store = api.container.store
    with store.database.write() as c:
        c.execute(sa.update(t.audit_events).values(at=datetime.now(UTC) - timedelta(days=366)))
    api.connection()
    assert store.audit.forget_older(365) == 1
    assert [each.action for each in events(api)] == [A.CONNECTION_ADDED]
