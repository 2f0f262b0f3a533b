"""ML backends and webhooks of the fake Label Studio, and what it says to a backend."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
from aiohttp import web

from support.label_studio_rows import Refused, Row, Rows, invalid, now

RESERVED = "URL resolves to a reserved network address (block: 127.0.0.0/8)"


class Connections:
    """Calls about ML backends and webhooks; mixed into the server."""

    rows: Rows
    settings: Row
    token: str
    address: str

    def connection_routes(self) -> list[web.RouteDef]:
        number = r"{id:\d+}"
        return [
            web.get("/api/ml/", self._list_backends),
            web.post("/api/ml", self._create_backend),
            web.post("/api/ml/", self._create_backend),
            web.patch(f"/api/ml/{number}", self._patch_backend),
            web.delete(f"/api/ml/{number}", self._delete_backend),
            web.get("/api/webhooks/", self._list_webhooks),
            web.post("/api/webhooks/", self._create_webhook),
            web.patch(f"/api/webhooks/{number}/", self._patch_webhook),
            web.delete(f"/api/webhooks/{number}/", self._delete_webhook),
        ]

    async def call_backend(self, backend: Row, path: str, body: Row | None) -> Any:
        """What a backend answers; Refused where it fails."""
        method = "GET" if body is None else "POST"
        url = backend["url"].rstrip("/") + path
        pair = backend.get("basic_auth_user"), backend.get("basic_auth_pass")
        auth = aiohttp.BasicAuth(*pair, encoding="utf-8") if all(pair) else None
        limit = aiohttp.ClientTimeout(total=100)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.request(method, url, json=body, auth=auth) as response,
            ):
                if response.status >= 400:
                    reason = f"{response.status} Client Error: {response.reason} for url: {url}"
                    raise Refused(response.status, reason)
                return await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Refused(0, str(error)) from error

    async def set_up(self, backend: Row) -> str | None:
        """The model version a backend names, after the calls Label Studio makes; its state too."""
        backend["state"] = "DI"
        try:
            await self.call_backend(backend, "/health", None)
        except Refused as refused:
            if refused.status == 401:
                raise invalid(
                    "Able to connect to ML Server, but authentication parameters were either not "
                    "provided or are incorrect."
                ) from refused
            raise invalid(
                f"Can't connect to ML backend {backend['url']}, health check failed. Make sure it "
                f"is up and your firewall is properly configured. Additional info: {refused.detail}"
            ) from refused
        project = self.rows.project(int(backend["project"]))
        body = {
            "project": f"{project['id']}.1",
            "schema": project["label_config"],
            "hostname": self.address,
            "access_token": self.token,
            "extra_params": backend.get("extra_params"),
        }
        try:
            answer = await self.call_backend(backend, "/setup", body)
        except Refused as refused:
            backend["state"], backend["error_message"] = "ER", refused.detail
            raise invalid(
                f"Successfully connected to {backend['url']} but it doesn't look like a valid ML "
                f"backend. Reason: {refused.detail}.\nCheck the ML backend server console logs."
            ) from refused
        version = answer.get("model_version") if isinstance(answer, dict) else None
        backend |= {"state": "CO", "error_message": None, "model_version": version}
        return version

    async def _refresh(self, backend: Row) -> None:
        try:
            await self.set_up(backend)
        except Refused:
            return

    async def _list_backends(self, request: web.Request) -> web.Response:
        project_id = int(request.query["project"])
        self.rows.project(project_id)
        for backend in self.rows.backends_of(project_id):
            await self._refresh(backend)
        return web.json_response([shown(row) for row in self.rows.backends_of(project_id)])

    async def _create_backend(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        project = self.rows.project(int(body["project"]))
        if self.settings["block_private"] == "at_once":
            raise Refused(403, RESERVED)
        version = await self.set_up(dict(body))
        row = self.rows.create_backend(body, version)
        if self.settings["block_private"]:
            raise Refused(403, RESERVED)
        url = row["url"].rstrip("/") + "/webhook"
        hooks = self.rows.webhooks.values()
        if not any((each["project"], each["url"]) == (project["id"], url) for each in hooks):
            self.rows.create_webhook({"project": project["id"], "url": url})
        if project["show_collab_predictions"]:
            project["model_version"] = project["model_version"] or row["title"]
        return web.json_response(shown(row), status=201)

    async def _patch_backend(self, request: web.Request) -> web.Response:
        """It tries what is sent, not what it would be together with the row."""
        row = self._backend(request)
        body = await body_of(request)
        await self._refresh(row)
        if "url" not in body:
            raise Refused(500, "'url'")
        if self.settings["block_private"] == "at_once":
            raise Refused(403, RESERVED)
        await self.set_up(dict(body))
        project = self.rows.project(row["project"])
        if project["model_version"] == row["title"]:
            project["model_version"] = body.get("title", row["title"])
        row.update({key: value for key, value in body.items() if key in row and key != "id"})
        await self._refresh(row)
        return web.json_response(shown(row))

    async def _delete_backend(self, request: web.Request) -> web.Response:
        """Its webhook stays, and so does its title as the project's model version."""
        row = self._backend(request)
        await self._refresh(row)
        del self.rows.backends[row["id"]]
        return web.Response(status=204)

    def _backend(self, request: web.Request) -> Row:
        row = self.rows.backends.get(number(request))
        if row is None:
            raise web.HTTPNotFound
        return row

    async def _list_webhooks(self, request: web.Request) -> web.Response:
        found = list(self.rows.webhooks.values())
        if "project" in request.query:
            project_id = int(request.query["project"])
            if project_id not in self.rows.projects:
                message = "Select a valid choice. That choice is not one of the available choices."
                raise Refused(400, "Validation error", {"project": [message]})
            found = [row for row in found if row["project"] == project_id]
        return web.json_response(found)

    async def _create_webhook(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        if body.get("project") not in self.rows.projects:
            raise Refused(404, "Project not found.")
        return web.json_response(self.rows.create_webhook(body), status=201)

    async def _patch_webhook(self, request: web.Request) -> web.Response:
        row = self._webhook(request)
        body = await body_of(request)
        fixed = ("id", "project", "organization", "created_at")
        row.update({key: value for key, value in body.items() if key in row and key not in fixed})
        row["updated_at"] = now()
        return web.json_response(row)

    async def _delete_webhook(self, request: web.Request) -> web.Response:
        del self.rows.webhooks[self._webhook(request)["id"]]
        return web.Response(status=204)

    def _webhook(self, request: web.Request) -> Row:
        row = self.rows.webhooks.get(number(request))
        if row is None:
            raise Refused(404, "No Webhook matches the given query.")
        return row


def shown(backend: Row) -> Row:
    """A backend as the API shows it: without its password."""
    row = {key: value for key, value in backend.items() if key != "basic_auth_pass"}
    return {**row, "basic_auth_pass_is_set": bool(backend.get("basic_auth_pass"))}


async def body_of(request: web.Request) -> Any:
    text = await request.text()
    try:
        return json.loads(text) if text else {}
    except ValueError as error:
        raise Refused(400, f"JSON parse error - {error}") from error


def number(request: web.Request) -> int:
    return int(request.match_info["id"])
