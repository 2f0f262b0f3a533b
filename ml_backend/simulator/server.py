"""The routes of the simulated server."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import random
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from ml_backend.simulator import answers, odd_replies, presets, teacher
from ml_backend.simulator.behaviour import BadBehaviour, Behaviour, Rule, read_behaviour
from ml_backend.simulator.certainty import Certainty, logprobs, surely
from ml_backend.simulator.contents import BadContent, text_of
from ml_backend.simulator.errors import FAULTS, fault_body, header, raw_body, takes_roles
from ml_backend.simulator.questions import Question, key_of, limit_of, read, schema_of
from ml_backend.simulator.statistics import Statistics
from ml_backend.simulator.vendors import (
    Handler,
    Refused,
    Vendor,
    further_of,
    headers_of,
    in_words_of,
    vendors,
)

MAX_BODY = 256 * 1024**2
HANG_SECONDS = 3600.0
DRIP_SECONDS = 30.0
PART_TOKENS = 1000
CHARACTERS = 4
"""Of a completion token, as the simulator counts."""
JSON = "application/json"
ERRORS = frozenset({"rate_limit", "server_error", "too_long", "auth", "quota", "model_not_found"})


def build_app(behaviour: Behaviour, *, seed: int = 1, key: str = "") -> web.Application:
    """Return the server; ``behaviour`` is what ``POST /reset`` goes back to."""
    server = SimulatedServer(behaviour, seed, key)
    app = web.Application(client_max_size=MAX_BODY)
    for prefix in ("/v1", "/openai/v1", "/openai/deployments/{deployment}"):
        app.router.add_post(f"{prefix}/chat/completions", server.chat)
    for prefix in ("/v1", "/openai/v1", "/openai"):
        app.router.add_get(f"{prefix}/models", server.models)
    for vendor in vendors():
        for route in vendor.routes:
            app.router.add_post(route, server.of(vendor))
        for route in vendor.model_routes:
            app.router.add_get(route, server.list_of(vendor))
        for route, handler in further_of(vendor).items():
            app.router.add_post(route, handler)
    for route in presets.ADDRESSES:
        app.router.add_get(route, server.elsewhere)
    app.router.add_post("/control", server.control)
    app.router.add_get("/stats", server.stats)
    app.router.add_get("/last-request", server.last_request)
    app.router.add_post("/reset", server.reset)
    return app


class SimulatedServer:
    """State and handlers."""

    def __init__(self, behaviour: Behaviour, seed: int, key: str) -> None:
        self._default = behaviour
        self._behaviour = behaviour
        self._changed = asyncio.Event()
        self._seed = seed
        self._key = key
        self._statistics = Statistics()
        self._last: bytes = b"null"
        self._numbers = itertools.count(1)
        self._dice = random.Random(seed)  # noqa: S311  # nosec B311  # jitter

    async def control(self, request: web.Request) -> web.Response:
        """Replace the behaviour; what the JSON object leaves out is as at the start."""
        try:
            data = await request.json()
            self._behave(read_behaviour(data, self._default))
        except (BadBehaviour, TypeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({})

    def _behave(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def stats(self, _: web.Request) -> web.Response:
        """Return what was counted."""
        return web.json_response(self._statistics.to_json())

    async def last_request(self, _: web.Request) -> web.Response:
        """Return the body of the last chat completion that was asked for, null for none."""
        return web.Response(body=self._last, content_type=JSON)

    async def reset(self, _: web.Request) -> web.Response:
        """Clear the statistics and go back to the behaviour of the start."""
        self._behave(read_behaviour({}, self._default))
        self._statistics.clear()
        return web.json_response({})

    async def models(self, request: web.Request) -> web.StreamResponse:
        """List the models, when told to offer the list."""
        refusal = self._refuse_key(request, "")
        if refusal:
            return refusal
        names = self._behaviour.models
        if names is None:
            return _error("no_route")
        if self._behaviour.preset:
            return presets.listing(self._behaviour.preset)
        rows = [{"id": name, "object": "model", "owned_by": "simulator"} for name in names]
        return web.json_response({"object": "list", "data": rows})

    async def elsewhere(self, request: web.Request) -> web.StreamResponse:
        """Return what a preset's server tells at addresses of its own."""
        return presets.elsewhere(self._behaviour.preset, request.path)

    def of(self, vendor: Vendor) -> Handler:
        """Return what answers on a vendor's own routes."""

        async def native(request: web.Request) -> web.StreamResponse:
            return in_words_of(vendor, await self._complete(request, vendor))

        return native

    def list_of(self, vendor: Vendor) -> Handler:
        """Return what lists models on a vendor's own routes."""

        async def native(request: web.Request) -> web.StreamResponse:
            refusal = self._refuse_key(request, vendor.key(request))
            names = self._behaviour.models
            if refusal or names is None:
                return in_words_of(vendor, refusal or _error("no_route"))
            return web.json_response(vendor.models(names, request))

        return native

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer a chat completion, or fail at it as told."""
        if request.match_info.get("deployment") and "api-version" not in request.query:
            return _error("no_route")
        return await self._complete(request, None)

    async def _complete(self, request: web.Request, vendor: Vendor | None) -> web.StreamResponse:
        try:
            body = await request.read()
            question = read(request, json.loads(body), vendor)
        except BadContent as error:
            return _error("content", message=str(error))
        except (ValueError, AttributeError, KeyError, TypeError):
            return _error("not_json")
        self._last = body
        behaviour = self._behaviour
        self._statistics.enter(question.users, question.form, behaviour.watched())
        self._statistics.see(question.parts)
        outcome: int | str = "gone"
        try:
            response = await self._respond(request, question, behaviour)
            outcome = response.status if response.status != 444 else "reset"
        finally:
            self._statistics.leave(outcome)
        return response

    async def _respond(
        self, request: web.Request, question: Question, behaviour: Behaviour
    ) -> web.StreamResponse:
        rule = self._rule(question, behaviour)
        fault = rule.fault or ""
        if fault:
            self._statistics.faults[fault] += 1
        if fault == "hang":
            await asyncio.sleep(HANG_SECONDS if rule.latency is None else rule.latency)
        elif fault != "drip":
            await self._take_time(rule, behaviour)
        refusal = (
            self._refuse_key(request, question.key)
            or self._limit(behaviour)
            or self._fail(request, question, rule)
            or _refuse_roles(question, behaviour)
            or _refuse_parts(question, behaviour)
            or _refuse_parameter(question, behaviour)
            or _refuse_form(question, rule, behaviour)
            or presets.refuse(behaviour.preset, question.body)
        )
        if refusal:
            return refusal
        ignored = fault == "form_ignored" or not behaviour.knows(question.form)
        content = self._answer(question, rule, behaviour.confidence, ignored=ignored)
        if question.vendor is not None:
            own = question.vendor.answer(json.loads(content), question.body)
            content = json.dumps(own, ensure_ascii=False).encode()
        if fault == "drip":
            return await odd_replies.drip(request, content, rule.latency or DRIP_SECONDS)
        content, headers = presets.dressed(behaviour.preset, content, question.body)
        headers = {**headers, **headers_of(question.vendor)}
        shaped = odd_replies.shape(fault, content, question.body)
        if rule.reply is not None:
            shaped = odd_replies.told(rule.reply, rule.status)
        return web.Response(
            body=shaped.content,
            status=shaped.status,
            content_type=shaped.media_type,
            headers=headers,
        )

    def _rule(self, question: Question, behaviour: Behaviour) -> Rule:
        def chance() -> float:
            return answers.draw(self._seed, f"{question.model}\n{question.text}").random()

        asked = question.users, question.form, question.model
        return next((each for each in behaviour.rules if each.applies(*asked, chance)), Rule())

    async def _take_time(self, rule: Rule, behaviour: Behaviour) -> None:
        latency = behaviour.latency if rule.latency is None else rule.latency
        if behaviour.jitter:
            latency *= 1 + behaviour.jitter * self._dice.uniform(-1, 1)
        if latency > 0:
            await asyncio.sleep(latency)
        while self._behaviour.hold:
            await self._changed.wait()

    def _refuse_key(self, request: web.Request, key: str) -> web.Response | None:
        key = key or key_of(request)
        if self._key and key != self._key:
            return _error("auth", key=key)
        return None

    def _limit(self, behaviour: Behaviour) -> web.Response | None:
        wait = behaviour.limited_for
        if not wait:
            return None
        named = behaviour.retry_after
        return _error("rate_limit", headers=header(math.ceil(wait) if named is None else named))

    def _fail(self, request: web.Request, question: Question, rule: Rule) -> web.Response | None:
        fault = rule.fault or ""
        if fault == "reset":
            if request.transport:
                request.transport.abort()
            return web.Response(status=444)
        if fault == "html":
            return web.Response(text="<html>Welcome</html>", content_type="text/html")
        if said := presets.fail(fault, question.model):
            return said
        if fault == "said":
            return _said(rule.body, rule.status or 200, header(rule.retry_after))
        if fault not in ERRORS and not (fault == "refuse" and rule.status):
            return None
        return _error(
            fault,
            status=rule.status,
            message=rule.message,
            headers=header(rule.retry_after),
            key=question.key,
            model=question.model,
        )

    def _answer(
        self, question: Question, rule: Rule, certainty: Certainty | None, *, ignored: bool
    ) -> bytes:
        fault, sure = rule.fault or "", dict[str, float]()
        dice = answers.draw(self._seed, question.text)
        schema = schema_of(question)
        text = answers.NONSENSE
        if not ignored and schema is not None and fault != "garbage":
            author = answers.Author(schema, dice, answers.last_paragraph(question.text))
            answer: Any
            if teacher.is_asked(schema):
                answer = teacher.write(question.users[0])
            else:
                answer, sure = surely(schema, author.write(), question.text, dice, certainty)
            if fault == "unknown_label":
                answer = answers.spoil_label(schema, answer)
            if fault == "wrong_schema":
                answer = {"unexpected": 1}
            text = json.dumps(answer, ensure_ascii=False)
        if rule.answer is not None:
            told = rule.answer
            text = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
        if fault == "empty":
            text = ""
        if fault == "truncate":
            text = text[: max(1, len(text) // 2)]
        limit = limit_of(question.body)
        if limit is not None and len(text) > CHARACTERS * limit:
            text, fault = text[: CHARACTERS * limit], fault or "truncate"
        return self._completion(question, text, fault, sure, called=not ignored)

    def _completion(
        self,
        question: Question,
        text: str,
        fault: str,
        sure: Mapping[str, float],
        *,
        called: bool,
    ) -> bytes:
        number = next(self._numbers)
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        reason = "stop"
        if fault == "refuse":
            message["content"], message["refusal"] = None, "I'm sorry, I can't assist with that."
        elif question.form == "tool" and called and text:
            function = {"name": question.body["tools"][0]["function"]["name"], "arguments": text}
            call = {"id": f"call_{number}", "type": "function", "function": function}
            message["content"], message["tool_calls"] = None, [call]
        choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": reason}
        if fault == "truncate":
            choice["finish_reason"] = "length"
        if question.body.get("logprobs") and message["content"]:
            choice["logprobs"] = {"content": logprobs(text, sure, answers.draw(self._seed, text))}
        usage = self._count(question, text)
        return json.dumps(
            {
                "id": f"chatcmpl-{number:08d}",
                "object": "chat.completion",
                "created": int(time.time()),
                "model": question.model,
                "choices": [choice],
                "usage": usage,
            }
        ).encode()

    def _count(self, question: Question, text: str) -> dict[str, int]:
        messages = question.body["messages"]
        prompt = sum(3 + len(text_of(message.get("content"))) // 4 for message in messages)
        prompt += PART_TOKENS * len(question.parts)
        completion = len(text) // CHARACTERS + 1
        self._statistics.prompt_tokens += prompt
        self._statistics.completion_tokens += completion
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }


def _refuse_parts(question: Question, behaviour: Behaviour) -> web.Response | None:
    if question.parts and behaviour.no_images:
        return _error("content", message=behaviour.no_images, status=behaviour.no_images_status)
    return None


def _refuse_roles(question: Question, behaviour: Behaviour) -> web.Response | None:
    if behaviour.no_system is None or takes_roles(question.body["messages"]):
        return None
    return _said(behaviour.no_system, behaviour.no_system_status)


def _said(body: Any, status: int, headers: dict[str, str] | None = None) -> web.Response:
    content, kind = raw_body(body)
    return web.Response(status=status, body=content, content_type=kind, headers=headers)


def _refuse_parameter(question: Question, behaviour: Behaviour) -> web.Response | None:
    for name, wanted in behaviour.rejects.items():
        if name in question.body:
            message = FAULTS["parameter"].message
            message += f" Use '{wanted}' instead." if wanted else ""
            return _error("parameter", message=message, name=name)
    return None


def _refuse_form(question: Question, rule: Rule, behaviour: Behaviour) -> web.Response | None:
    form = question.form
    told = rule.fault == "form_refused" and form != "text"
    if not told and (behaviour.knows(form) or not behaviour.form_status):
        return None
    field = "tools" if form == "tool" else "response_format"
    status = (rule.status if told else None) or behaviour.form_status
    message = rule.message if told else behaviour.form_message
    return _error("form_refused", status=status, message=message, field=field)


def _error(
    fault: str,
    *,
    status: int | None = None,
    message: str | None = None,
    headers: dict[str, str] | None = None,
    **values: Any,
) -> web.Response:
    response = Refused(
        status=status or FAULTS[fault].status,
        body=b"" if message == "" else fault_body(fault, message, **values),
        content_type=JSON,
        headers=headers,
    )
    response.fault = fault
    return response
