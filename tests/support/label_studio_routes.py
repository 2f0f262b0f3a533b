"""The HTTP side of the fake Label Studio: routes, tokens, latency and faults."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

import jwt
from aiohttp import web

from support.label_studio_connections import Connections, body_of, number
from support.label_studio_rows import USER_ID, Refused, Row, Rows

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
VERSION = "1.23.2"
OWNER = "labeler@example.com"
USER = {"id": USER_ID, "email": OWNER, "username": "labeler", "first_name": "", "last_name": ""}
PAGE_404 = "<html><title>404 | Label Studio</title></html>"
WRITES = ("POST", "PATCH", "DELETE", "PUT")
FILTERS = ("task", "project")
UNSEEN = ("hidden", "forbidden")
"""Projects a user does not see: they are answered 404, as Community does, or 403."""


class FakeServer(Connections):
    """One Label Studio in memory; ``control`` and ``state`` are a test's side of it."""

    def __init__(self, token: str, *, validate: bool = False) -> None:
        self.rows = Rows(validate=validate)
        self.token = token
        self.settings: Row = {
            "legacy": True,
            "personal": True,
            "access_seconds": 300,
            "block_private": False,
            "users": {},
        }
        self.faults: list[Row] = []
        self.latency: list[Row] = []
        self.calls: Counter[str] = Counter()
        self.locked_until = 0.0
        self.background: set[asyncio.Task[Any]] = set()
        self._key = secrets.token_hex(32)
        self._revoked: set[str] = set()
        self._runner: web.AppRunner | None = None
        self._host, self._port = "127.0.0.1", 0

    async def start(self, host: str, port: int) -> int:
        """Listen; the port it got."""
        app = web.Application(middlewares=[self._middleware], client_max_size=1 << 30)
        app.add_routes(self._routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, reuse_address=True)
        await site.start()
        self._host, self._port = host, self._runner.addresses[0][1]
        self.address = f"http://{host}:{self._port}"
        return self._port

    async def stop(self) -> None:
        """Stop listening and drop all connections, as a process that died."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def control_app(self) -> web.Application:
        app = web.Application(client_max_size=1 << 30)
        app.add_routes(self._control_routes())
        return app

    def _control_routes(self) -> list[web.RouteDef]:
        return [web.get("/control/state", self._state), web.post("/control", self._control)]

    def _routes(self) -> list[web.RouteDef]:
        number = r"{id:\d+}"
        return [
            *self._control_routes(),
            web.get("/api/version/", self._version),
            web.get("/api/version", self._version),
            web.get("/api/current-user/whoami", self._whoami),
            web.get("/api/users/", self._list_users),
            web.post("/api/token/", self._create_token),
            web.post("/api/token/refresh/", self._refresh_token),
            web.get("/api/projects/", self._list_projects),
            web.post("/api/projects/", self._create_project),
            web.get(f"/api/projects/{number}/", self._get_project),
            web.patch(f"/api/projects/{number}/", self._patch_project),
            web.delete(f"/api/projects/{number}/", self._delete_project),
            web.get(f"/api/projects/{number}/summary/", self._summary),
            web.get(f"/api/projects/{number}/next", self._next),
            web.post(f"/api/projects/{number}/import", self._import_tasks),
            web.post(f"/api/projects/{number}/import/predictions", self._import_predictions),
            web.get(f"/api/projects/{number}/model-versions/", self._versions),
            web.delete(f"/api/projects/{number}/model-versions/", self._delete_version),
            web.get("/api/tasks/", self._list_tasks),
            web.get("/api/tasks", self._list_tasks),
            web.get(f"/api/tasks/{number}/", self._get_task),
            web.post(f"/api/tasks/{number}/annotations/", self._create_annotation),
            web.post(f"/api/tasks/{number}/drafts", self._create_draft),
            web.post(
                f"/api/tasks/{number}/annotations/{{annotation:\\d+}}/drafts", self._create_draft
            ),
            web.patch(f"/api/annotations/{number}/", self._patch_annotation),
            web.delete(f"/api/annotations/{number}/", self._delete_annotation),
            web.get("/api/predictions/", self._list_predictions),
            web.post("/api/predictions/", self._create_prediction),
            web.delete(f"/api/predictions/{number}/", self._delete_prediction),
            web.get("/api/dm/views/", self._list_views),
            web.post("/api/dm/views/", self._create_view),
            web.patch(f"/api/dm/views/{number}/", self._patch_view),
            web.delete(f"/api/dm/views/{number}/", self._delete_view),
            web.post("/api/dm/actions", self._action),
            web.post("/api/dm/actions/", self._action),
            *self.connection_routes(),
        ]

    # what every request goes through

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/control"):
            return await handler(request)
        resource = request.match_info.route.resource
        name = re.sub(r"\{id:[^}]*\}", "{id}", resource.canonical) if resource else request.path
        self.calls[f"{request.method} {name}"] += 1
        await request.read()
        fault = self._take_fault(request)
        mode = str(fault.get("mode", ""))
        if mode == "delay":
            await asyncio.sleep(fault["seconds"])
        if mode == "status":
            body = fault.get("body", "<html>busy</html>")
            return web.Response(status=fault["status"], text=body, content_type="text/html")
        if mode == "500_before":
            return failure(Refused(500, str(fault.get("detail", "database is locked"))))
        if mode == "drop_connection_before":
            return self._cut(request)
        if mode == "delay_commit":
            return self._commit_later(request, handler, fault)
        response = await self._answer(request, handler)
        if mode == "500_after":
            return failure(Refused(500, str(fault.get("detail", "database is locked"))))
        if mode == "drop_connection_after":
            return self._cut(request)
        return response

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Latency comes before the effect: a client gone by then does not stop it."""
        try:
            self._check_token(request)
            if request.method in WRITES and time.monotonic() < self.locked_until:
                raise Refused(500, "database is locked")
            seconds = await self._latency_of(request)
            if seconds:
                await asyncio.sleep(seconds)
            return await handler(request)
        except Refused as refused:
            return failure(refused)
        except web.HTTPNotFound:
            return web.Response(status=404, text=PAGE_404, content_type="text/html")

    def _take_fault(self, request: web.Request) -> Row:
        for fault in self.faults:
            wanted = fault["path"] in request.path_qs
            if wanted and fault.get("method", request.method) == request.method:
                if fault.get("skip", 0) > 0:
                    fault["skip"] -= 1
                    continue
                fault["times"] = fault.get("times", 1) - 1
                if fault["times"] <= 0:
                    self.faults.remove(fault)
                return fault
        return {}

    def _commit_later(
        self, request: web.Request, handler: Handler, fault: Row
    ) -> web.StreamResponse:
        """The client sees its connection cut; the effect comes ``seconds`` later."""
        seconds = float(fault["seconds"])

        async def commit() -> None:
            await asyncio.sleep(seconds)
            self.locked_until = 0.0
            await self._answer(request, handler)

        if fault.get("locks"):
            self.locked_until = time.monotonic() + seconds
        task = asyncio.get_running_loop().create_task(commit())
        self.background.add(task)
        task.add_done_callback(self.background.discard)
        return self._cut(request)

    def _cut(self, request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _latency_of(self, request: web.Request) -> float:
        for rule in self.latency:
            wanted = rule.get("path", "") in request.path_qs
            if wanted and rule.get("method", request.method) == request.method:
                rows = len(await body_of(request)) if rule.get("per_row") else 0
                return float(rule.get("seconds", 0)) + rows * float(rule.get("per_row", 0))
        return 0.0

    # tokens

    def _check_token(self, request: web.Request) -> None:
        if request.path in ("/api/version/", "/api/version", "/api/token/refresh/"):
            return
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if kind == "Token" and value in self.settings["users"]:
            self._check_project(request, self.settings["users"][value])
            return
        if kind == "Token" and value == self.token:
            if self.settings["legacy"]:
                return
            raise Refused(
                401,
                "Authentication token no longer valid: legacy token authentication has been "
                "disabled for this organization",
            )
        if kind == "Bearer" and self.settings["personal"] and self._claims(value, "access"):
            return
        if kind == "Token" and value:
            raise Refused(401, "Invalid token.")
        raise Refused(401, "Authentication credentials were not provided.")

    def _user(self, request: web.Request) -> Row:
        """Who calls: the owner, or one of ``settings["users"]``: token -> id, email, UNSEEN."""
        value = request.headers.get("Authorization", "").partition(" ")[2]
        return self.settings["users"].get(value) or {**USER, "hidden": []}

    def _check_project(self, request: web.Request, user: Row) -> None:
        """A project hidden from a user is not there for them, a forbidden one is refused."""
        match = re.match(r"/api/projects/(\d+)", request.path)
        named = match.group(1) if match else request.query.get("project")
        if named is not None and int(named) in user.get("hidden", []):
            raise Refused(404, "No Project matches the given query.")
        if named is not None and int(named) in user.get("forbidden", []):
            raise Refused(403, "You do not have permission to perform this action.")

    def _sign(self, kind: str, seconds: float) -> str:
        claims = {
            "token_type": kind,
            "exp": int(time.time() + seconds),
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def _claims(self, token: str, kind: str) -> Row | None:
        try:
            claims: Row = jwt.decode(token, self._key, algorithms=["HS256"])
        except jwt.InvalidTokenError:
            return None
        return claims if claims["token_type"] == kind and token not in self._revoked else None

    async def _create_token(self, request: web.Request) -> web.Response:
        return web.json_response({"token": self._sign("refresh", 1e8)}, status=201)

    async def _refresh_token(self, request: web.Request) -> web.Response:
        token = (await body_of(request)).get("refresh", "")
        if token in self._revoked:
            raise Refused(401, "Token is blacklisted")
        if not self._claims(token, "refresh"):
            raise Refused(401, "Token is invalid")
        access = self._sign("access", self.settings["access_seconds"])
        return web.json_response({"access": access})

    # projects

    async def _version(self, request: web.Request) -> web.Response:
        return web.json_response({"release": VERSION, "edition": "Community"})

    async def _whoami(self, request: web.Request) -> web.Response:
        meta = {"title": "Label Studio", "email": OWNER}
        user = {key: each for key, each in self._user(request).items() if key not in UNSEEN}
        organization = {"active_organization": 1, "active_organization_meta": meta}
        return web.json_response({**USER, **organization, **user})

    async def _list_users(self, request: web.Request) -> web.Response:
        others = [
            {key: each for key, each in user.items() if key not in UNSEEN}
            for user in self.settings["users"].values()
        ]
        return web.json_response([USER, *({**USER, **user} for user in others)])

    async def _list_projects(self, request: web.Request) -> web.Response:
        user = self._user(request)
        hidden = [each for name in UNSEEN for each in user.get(name, [])]
        rows = [row for row in self.rows.projects.values() if row["id"] not in hidden]
        found = [self.rows.show_project(row) for row in rows]
        found.reverse()
        size = min(int(request.query.get("page_size", 30)), 100)
        page, rest = paginate(found, request, size)
        return web.json_response(
            {
                "count": len(found),
                "next": str(request.url) if rest else None,
                "previous": None,
                "results": [prune(row, request.query.get("include")) for row in page],
            }
        )

    async def _create_project(self, request: web.Request) -> web.Response:
        row = self.rows.create_project(await body_of(request))
        return web.json_response(self.rows.show_project(row), status=201)

    async def _get_project(self, request: web.Request) -> web.Response:
        row = self.rows.show_project(self.rows.project(number(request)))
        return web.json_response(prune(row, request.query.get("include")))

    async def _patch_project(self, request: web.Request) -> web.Response:
        row = self.rows.update_project(number(request), await body_of(request))
        return web.json_response(self.rows.show_project(row))

    async def _delete_project(self, request: web.Request) -> web.Response:
        self.rows.delete_project(number(request))
        return web.Response(status=204)

    async def _summary(self, request: web.Request) -> web.Response:
        columns = self.rows.project(number(request))["data_columns"]
        return web.json_response({"all_data_columns": columns, "common_data_columns": [*columns]})

    async def _next(self, request: web.Request) -> web.Response:
        project = self.rows.project(number(request))
        row = self.rows.next_task(project["id"])
        live = {each["title"]: each["model_version"] for each in self.rows.backends.values()}
        selected = live.get(project["model_version"], project["model_version"])
        shown = project["show_collab_predictions"] and selected
        predictions = [
            each
            for each in self.rows.of_task(row["id"])
            if shown and each["model_version"] == shown
        ]
        return web.json_response({**row, "annotations": [], "predictions": predictions})

    async def _import_tasks(self, request: web.Request) -> web.Response:
        ids = self.rows.import_tasks(existing(self.rows, request), await body_of(request))
        answer: Row = {"task_count": len(ids), "annotation_count": 0, "prediction_count": 0}
        if request.query.get("return_task_ids") == "true":
            answer["task_ids"] = ids
        return web.json_response(answer, status=201)

    async def _import_predictions(self, request: web.Request) -> web.Response:
        wires = await body_of(request)
        created = self.rows.import_predictions(existing(self.rows, request), wires)
        return web.json_response({"created": created}, status=201)

    async def _versions(self, request: web.Request) -> web.Response:
        return web.json_response(self.rows.versions(number(request)))

    async def _delete_version(self, request: web.Request) -> web.Response:
        version = (await body_of(request)).get("model_version")
        count = self.rows.delete_version(number(request), version)
        return web.json_response({"deleted_predictions": count})

    # tasks, annotations, predictions

    async def _list_tasks(self, request: web.Request) -> web.Response:
        query = json.loads(unquote(request.query.get("query", "{}")))
        if "view" in request.query:
            query = self.rows.view(int(request.query["view"]))["data"]
        found = self.rows.select(int(request.query["project"]), query)
        page, _ = paginate(found, request, int(request.query.get("page_size", 100)))
        whole = request.query.get("fields") == "all"
        include = request.query.get("include")
        return web.json_response(
            {
                "total": len(found),
                "total_annotations": sum(self.rows.total_annotations(row["id"]) for row in page),
                "total_predictions": sum(row["total_predictions"] for row in page),
                "tasks": [self._show_task(row, whole=whole, include=include) for row in page],
            }
        )

    def _show_task(self, row: Row, *, whole: bool, include: str | None) -> Row:
        names = include.split(",") if include else []
        shown = {**row}
        if not names or "total_annotations" in names:
            shown["total_annotations"] = self.rows.total_annotations(row["id"])
        if whole and (not names or "annotations" in names):
            annotations = self.rows.annotations_of(row["id"])
            shown["annotations"] = [prune(each, include) for each in annotations]
        if "draft_exists" in names:
            drafts = self.rows.drafts.values()
            shown["draft_exists"] = any(each["task"] == row["id"] for each in drafts)
        if whole and (not names or "predictions" in names):
            shown["predictions"] = self.rows.of_task(row["id"])
        return prune(shown, include)

    async def _get_task(self, request: web.Request) -> web.Response:
        row = self.rows.task(number(request))
        return web.json_response(self._show_task(row, whole=True, include=None))

    async def _create_annotation(self, request: web.Request) -> web.Response:
        row = self.rows.create_annotation(number(request), await body_of(request))
        return web.json_response(row, status=201)

    async def _patch_annotation(self, request: web.Request) -> web.Response:
        by = self._user(request)["id"]
        row = self.rows.update_annotation(number(request), await body_of(request), by)
        return web.json_response(row)

    async def _delete_annotation(self, request: web.Request) -> web.Response:
        self.rows.delete_annotation(number(request))
        return web.Response(status=204)

    async def _create_draft(self, request: web.Request) -> web.Response:
        annotation = request.match_info.get("annotation")
        beside = int(annotation) if annotation else None
        row = self.rows.create_draft(number(request), await body_of(request), beside)
        return web.json_response(row, status=201)

    def _wanted(self, request: web.Request) -> dict[str, int]:
        """The filters of a listing; one that names what is not there is refused."""
        wanted = {name: int(request.query[name]) for name in FILTERS if name in request.query}
        known = {"task": self.rows.tasks, "project": self.rows.projects}
        message = "Select a valid choice. That choice is not one of the available choices."
        wrong = {name: [message] for name, value in wanted.items() if value not in known[name]}
        if wrong:
            raise Refused(400, "Validation error", wrong)
        return wanted

    async def _list_views(self, request: web.Request) -> web.Response:
        wanted = self._wanted(request)["project"]
        rows = sorted(self.rows.views.values(), key=lambda row: (row["order"], row["id"]))
        return web.json_response([row for row in rows if row["project"] == wanted])

    async def _create_view(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        row = self.rows.create_view(body, by=self._user(request)["id"])
        return web.json_response(row, status=201)

    async def _patch_view(self, request: web.Request) -> web.Response:
        return web.json_response(self.rows.update_view(number(request), await body_of(request)))

    async def _delete_view(self, request: web.Request) -> web.Response:
        self.rows.view(number(request))
        del self.rows.views[number(request)]
        return web.Response(status=204)

    async def _list_predictions(self, request: web.Request) -> web.Response:
        wanted = self._wanted(request)
        rows = self.rows.predictions.values()
        found = [row for row in rows if all(row[name] == wanted[name] for name in wanted)]
        return web.json_response(found)

    async def _create_prediction(self, request: web.Request) -> web.Response:
        return web.json_response(self.rows.create_prediction(await body_of(request)), status=201)

    async def _delete_prediction(self, request: web.Request) -> web.Response:
        self.rows.delete_prediction(number(request))
        return web.Response(status=204)

    # actions

    async def _action(self, request: web.Request) -> web.Response:
        project_id = int(request.query["project"])
        body = await body_of(request)
        ids = [row["id"] for row in self.rows.select(project_id, body)]
        action = request.query.get("id")
        if action == "predictions_to_annotations":
            by = self._user(request)["id"]
            count = self.rows.promote(ids, body.get("model_version"), by)
            return web.json_response({"detail": f"Created {count} annotations"})
        if action == "delete_tasks":
            count, what = self.rows.delete_tasks(ids), "tasks"
            self.rows.tasks_deleted = True
        elif action == "delete_tasks_predictions":
            count, what = self.rows.delete_predictions_of(ids), "predictions"
        elif action == "retrieve_tasks_predictions":
            await self._predict(project_id, ids)
            detail = f"Retrieved {len(ids)} predictions"
            return web.json_response({"processed_items": len(ids), "detail": detail})
        else:
            raise Refused(500, f"Can't find '{action}' in registered actions")
        detail = f"Deleted {count} {what}"
        return web.json_response({"processed_items": count, "detail": detail})

    async def _predict(self, project_id: int, task_ids: list[int]) -> None:
        """Ask the first backend; stores nothing unless it answers one entry a task."""
        backends = self.rows.backends_of(project_id)
        if not backends:
            return
        version = await self.set_up(backends[0])
        tasks = [
            {**self._show_task(self.rows.task(each), whole=True, include=None)}
            for each in task_ids
            if version not in [row["model_version"] for row in self.rows.of_task(each)]
        ]
        body = {
            "tasks": tasks,
            "project": f"{project_id}.1",
            "label_config": self.rows.project(project_id)["label_config"],
            "params": {"login": None, "password": None, "context": None},
        }
        try:
            answer = await self.call_backend(backends[0], "/predict", body)
        except Refused:
            return
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list) or len(results) != len(tasks):
            return
        for task, entry in zip(tasks, results, strict=True):
            for item in entry if isinstance(entry, list) else [entry]:
                if "result" in item:
                    item = {"model_version": version, **item, "task": task["id"]}
                    self.rows.create_prediction(item)

    # control

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response(self.state())

    async def _control(self, request: web.Request) -> web.Response:
        return web.json_response(await self.control(await body_of(request)))

    def state(self) -> Row:
        rows = self.rows
        tables = (
            "projects",
            "tasks",
            "predictions",
            "annotations",
            "backends",
            "webhooks",
            "views",
        )
        state: Row = {name: list(getattr(rows, name).values()) for name in tables}
        state |= {"calls": dict(self.calls), "faults": self.faults}
        return state | {"unsettled": len(self.background)}

    async def control(self, body: Row) -> Row:
        answer: Row = {}
        if body.get("reset"):
            self.rows = Rows(validate=self.rows.validate)
            self.faults, self.latency, self.locked_until = [], [], 0.0
            for task in self.background:
                task.cancel()
            self.calls.clear()
        self.settings.update(body.get("settings") or {})
        self.faults += body.get("faults") or []
        self.latency = body.get("latency", self.latency)
        if body.get("forget_calls"):
            self.calls.clear()
        if "seed" in body:
            answer["projects"] = [self._seed(each) for each in body["seed"]["projects"]]
        if "down" in body:
            if body["down"]:
                await self.stop()
            elif self._runner is None:
                await self.start(self._host, self._port)
        return answer

    def _seed(self, wire: Mapping[str, Any]) -> Row:
        project = self.rows.create_project(wire)
        ids = self.rows.import_tasks(project["id"], wire.get("tasks") or [])
        project["model_version"] = wire.get("model_version", project["model_version"])
        return {"id": project["id"], "task_ids": ids}


def failure(refused: Refused) -> web.Response:
    body: Row = {
        "id": "00000000-0000-0000-0000-000000000000",
        "status_code": refused.status,
        "version": VERSION,
        "detail": refused.detail,
        "exc_info": None,
    }
    if refused.errors:
        body["validation_errors"] = refused.errors
    return web.json_response(body, status=refused.status)


def existing(rows: Rows, request: web.Request) -> int:
    """The project's number; the imports answer an unknown one with a page, not with JSON."""
    if number(request) not in rows.projects:
        raise web.HTTPNotFound
    return number(request)


def paginate(found: list[Row], request: web.Request, size: int) -> tuple[list[Row], int]:
    """The page and how many come after it; a page past the end is a 404."""
    page = int(request.query.get("page", 1))
    start = (page - 1) * size
    if page > 1 and start >= len(found):
        raise Refused(404, "Invalid page.")
    return found[start : start + size], max(0, len(found) - start - size)


def prune(row: Row, include: str | None) -> Row:
    names = include.split(",") if include else row
    return {name: row[name] for name in names if name in row}
