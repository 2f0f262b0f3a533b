"""Every route, asked by everybody: who is served, and that nobody else learns or takes anything."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ml_backend.container import Container
from ml_backend.store import tables as t
from ml_backend.web import create_app
from support.access_table import KINDS, OPEN_TURN, ROUTES, Asked, Said, Who, asked, filled
from support.api import Api, task
from support.fake_label_studio import FakeLabelStudio
from support.pages import Pages, csrf_of, sign_in
from support.place import CREATED, Place, close, settings
from support.sdk import in_process
from support.simulator import Simulator
from support.wire import CONFIG
from support.world import KEY, SECRET, World

TOKENS = {Who.MEMBER: "a" * 40, Who.COEDITOR: "b" * 40, Who.ELSEWHERE: "c" * 40}
AUTH = ("label-studio", "a password of the server's")
OUTSIDE = [Who.STRANGER, Who.MEMBER, Who.ELSEWHERE, Who.LABEL_STUDIO]
MISSING = 98_765
PAGE_OF_ANYBODY = "/ui/prompts"


@pytest.fixture
def world(
    tmp_path: Path, migrated: Path, fake: FakeLabelStudio, simulator: Simulator
) -> Iterator[World]:
    """A server with basic auth; two members, one of whom does not see the project, and others."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    auth = {"BASIC_AUTH_USER": AUTH[0], "BASIC_AUTH_PASS": AUTH[1]}
    container = Container(settings(tmp_path, fake, simulator.url, **auth))
    app = create_app(container)
    project, tasks = fake.seed(CONFIG, [task(n) for n in range(3)])
    api = Api(container, app, in_process(app, fake.token), fake, simulator, project, tasks)
    client = app.test_client()
    assert sign_in(client, fake.token).status_code == 303
    made = World(Pages(api, client))
    container.prompts.create_version(made.prompt, text=f"{SECRET} as well {{text}}")
    hidden = {"hidden": [made.api.project]}
    people: dict[Who, dict[str, Any]] = {
        Who.MEMBER: hidden,
        Who.COEDITOR: {},
        Who.ELSEWHERE: {**hidden, "active_organization": 2},
    }
    users = {
        TOKENS[who]: {"id": n, "email": f"{n}@example.com", "username": f"user{n}", **more}
        for n, (who, more) in enumerate(people.items(), 2)
    }
    fake.control(settings={"users": users})
    yield made
    container.shutdown.set()
    container.engine.stop(5)
    close(container)


class Asking:
    """One of those who ask, by the door each has: a session, a token, basic auth, or nothing."""

    def __init__(self, world: World, who: Who) -> None:
        self._world, self.who = world, who
        self._client: FlaskClient = world.api.app.test_client()
        self._token = world.api.studio.token if who is Who.OWNER else TOKENS.get(who, "")
        if self._token:
            assert sign_in(self._client, self._token).status_code == 303
            self._csrf = csrf_of(self._client, PAGE_OF_ANYBODY)
        else:
            self._csrf = csrf_of(self._client, "/ui/sign-in")
        self._ids = {
            "{prompt}": world.prompt.id, "{version}": world.run.version_id,
            "{project}": world.api.project, "{run}": world.run.id, "{task}": world.api.tasks[0],
            "{uid}": f"{world.api.project}.{CREATED}", "{config}": CONFIG,
            "{simulator}": world.api.simulator.url, "{connection}": world.connection.id,
            "{label}": world.api.studio.state()["predictions"][0]["model_version"],
        }  # fmt: skip

    def ask(self, each: Asked) -> TestResponse:
        if each.page is not None:
            return each.page.send(self._client, self._csrf).response
        options: dict[str, Any] = {"query_string": filled(each.route.query, self._ids)}
        if each.endpoint.startswith("ui."):
            options["data"] = {"csrf_token": self._csrf, "token": "x"}
        elif each.method != "GET":
            options["json"] = filled(each.route.body or {}, self._ids)
        if self._token:
            options["headers"] = {"Authorization": f"Token {self._token}"}
        elif self.who is Who.LABEL_STUDIO:
            options["auth"] = AUTH
        return self._client.open(each.path, method=each.method, **options)

    @contextmanager
    def naming_nothing(self) -> Iterator[None]:
        """Name by numbers what does not exist, meanwhile."""
        before = self._ids
        self._ids = {
            name: MISSING if isinstance(value, int) else value for name, value in before.items()
        }
        try:
            yield
        finally:
            self._ids = before

    def post(self, path: str, body: dict[str, Any]) -> TestResponse:
        return self._client.post(path, json=body, headers={"Authorization": f"Token {self._token}"})

    @property
    def foreign(self) -> tuple[str, ...]:
        """What no answer may tell them: all of the project, another's connection, a key ever."""
        if self.who is Who.OWNER:
            return (KEY,)
        if self.who is Who.COEDITOR:
            return (KEY, f"{SECRET} connection")
        return (KEY, SECRET)


def rows(world: World) -> dict[str, set[str]]:
    """All that those outside must leave as it was; they may add of their own."""
    found: dict[str, set[str]] = {}
    with world.pages.container.store.database.read() as c:
        for table in (t.prompts, t.versions, t.runs, t.jobs, t.connections):
            found[table.name] = set(map(repr, c.execute(table.select()).mappings()))
    state = world.api.studio.state()
    lists = {name: each for name, each in state.items() if isinstance(each, list)}
    return found | {name: set(map(repr, each)) for name, each in lists.items()}


def _changed(before: dict[str, set[str]], after: dict[str, set[str]]) -> list[str]:
    """Return what is not there any more as it was, or is new in the project."""
    return [
        *(f"{name}: {each}" for name in before for each in before[name] - after[name]),
        *(
            f"{name}: new {each}"
            for name in before
            for each in after[name] - before[name]
            if SECRET in each
        ),
    ]


def test_every_route_has_its_row(place: Place) -> None:
    routes = {each.endpoint for each in place.client.application.url_map.iter_rules()}
    assert routes - ROUTES.keys() == set(), "these need a row in tests/support/access_table.py"


def _strange_heads(answer: TestResponse) -> Iterator[str]:
    """What every answer must and must not say to browsers, whoever asked for whatever."""
    heads = answer.headers
    policy = heads.get("Content-Security-Policy", "")
    for part in ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        if part not in policy:
            yield f"without {part}: {policy}"
    if "unsafe-eval" in policy or "script-src 'unsafe-inline'" in policy or "*" in policy:
        yield f"a policy that lets script in: {policy}"
    if heads.get("X-Content-Type-Options") != "nosniff" or "Referrer-Policy" not in heads:
        yield "sniffed, or telling where one came from"
    if any(name.lower().startswith("access-control-") for name, _ in heads):
        yield "open to scripts of other sites"
    if answer.data and "charset" not in answer.content_type and answer.mimetype.startswith("text/"):
        yield f"text without its encoding: {answer.content_type}"
    if answer.data and not answer.mimetype:
        yield "a body of no type"


@pytest.mark.slow
@pytest.mark.parametrize("pages", [True, False], ids=["pages", "the rest"])
@pytest.mark.parametrize(
    "those", [OUTSIDE, [Who.COEDITOR], [Who.OWNER]], ids=["outside", "co-editor", "owner"]
)
def test_everybody_is_answered_as_the_table_says(
    world: World, those: list[Who], pages: bool
) -> None:
    wrong: list[str] = []
    for who in those:
        asking = Asking(world, who)
        before = rows(world)
        for each in asked(world, pages=pages):
            answer = asking.ask(each)
            wrong += [f"{who.name} {each}: {fault}" for fault in _faults(asking, each, answer)]
        if who in OUTSIDE and (changed := _changed(before, rows(world))):
            wrong.append(f"{who.name} changes {changed}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("pages", [True, False], ids=["pages", "the rest"])
def test_what_is_only_read_changes_nothing(world: World, pages: bool) -> None:
    asking = Asking(world, Who.OWNER)
    before = rows(world)
    for each in asked(world, pages=pages):
        if each.method == "GET":
            asking.ask(each)
    assert rows(world) == before


@pytest.mark.slow
@pytest.mark.parametrize("pages", [True, False], ids=["pages", "the rest"])
def test_what_is_hidden_is_answered_as_what_is_not_there(world: World, pages: bool) -> None:
    """Nobody learns from an answer that a prompt, a run or a project of others exists."""
    wrong: list[str] = []
    for who in (Who.MEMBER, Who.ELSEWHERE):
        asking = Asking(world, who)
        for each in asked(world, pages=pages):
            if KINDS[each.route.kind][who] not in (Said.HIDDEN, Said.UNNAMED):
                continue
            hidden = _numberless(asking.ask(each))
            with asking.naming_nothing():
                missing = _numberless(asking.ask(_of_nothing(each, world)))
            if hidden != missing:
                said = [
                    pair for pair in zip_longest(hidden, missing, fillvalue="") if len({*pair}) > 1
                ]
                wrong.append(f"{who.name} {each}: {said[:3]}")
        named = [f"{SECRET} connection", "Wallaby connection"]
        told = []
        for name in named:
            file = f"title: New\nversions: [{{text: '{{text}}', connection: {name}}}]"
            answer = asking.post("/api/prompts/import", {"file": file})
            told.append((answer.status_code, answer.get_data(as_text=True).replace(name, "it")))
        wrong += [str(told)] if told[0] != told[1] else []
    assert not wrong, "\n".join(wrong)


def _of_nothing(each: Asked, world: World) -> Asked:
    """The same request about numbers that nothing has."""
    path = re.sub(r"\d+", str(MISSING), each.path)
    if each.page is None:
        return replace(each, path=path)
    numbers = {str(one) for one in world.ids("").values()}
    fields = {
        name: re.sub(r"\d+", str(MISSING), str(value)) if str(value) in numbers else value
        for name, value in each.page.fields.items()
    }
    return replace(each, path=path, page=replace(each.page, path=path, fields=fields))


def _numberless(answer: TestResponse) -> list[str]:
    text = re.sub(r'name="once" value="[^"]*"', "", answer.get_data(as_text=True))
    text = re.sub(r"\d+", "0", text)
    return [str(answer.status_code), *text.splitlines()]


def test_no_route_takes_other_methods_or_repeats_what_it_was_sent(place: Place) -> None:
    for path in ("/ui/prompts", "/ui/sign-in", "/api/prompts/", "/api/docs", "/health", "/predict"):
        for method in ("TRACE", "CONNECT", "PUT", "PROPFIND", "DEBUG"):
            answer = place.client.open(path, method=method, headers={"X-Marker": SECRET})
            assert answer.status_code in (303, 401, 403, 405), (method, path, answer.status)
            assert SECRET not in answer.get_data(as_text=True)


def _faults(asking: Asking, each: Asked, answer: TestResponse) -> Iterator[str]:
    yield from _strange_heads(answer)
    expected = KINDS[each.route.kind][asking.who]
    text = answer.get_data(as_text=True)
    if answer.status_code not in expected.value:
        yield f"{answer.status}, not {expected.name}: {text[:100]}"
    to_sign_in = answer.headers.get("Location", "").startswith("/ui/sign-in")
    if to_sign_in is not (expected is Said.TO_SIGN_IN) and each.route.turn < OPEN_TURN:
        yield "led to sign in" if to_sign_in else "not led to sign in"
    studios = asking.who is Who.LABEL_STUDIO and expected is Said.SERVED
    if told := [mark for mark in asking.foreign if mark in text and not (studios and mark != KEY)]:
        yield f"tells {told}"
