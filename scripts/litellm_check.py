"""Hold what we know of LiteLLM against the real one: no key but ours is sent, errors are as told.

``pip install -r requirements.txt -r requirements-litellm.txt``, then
``python scripts/litellm_check.py``; it asks nobody but servers of its own, and ends with 1 where
something is otherwise. Run it when the range in requirements-litellm.txt changes.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ml_backend.errors import ModelError
from ml_backend.llm import ANYWHERE, Gate, Opening, Request, Retry, open_model
from ml_backend.llm.through_litellm.calls import load
from ml_backend.llm.through_litellm.rules import SERVERS, VENDORS
from ml_backend.records import Connection, ProviderName
from ml_backend.simulator.behaviour import Behaviour
from ml_backend.simulator.listening import listen
from ml_backend.simulator.server import build_app

OURS, THEIRS = "sk-of-the-connection-0001", "canary-of-the-server"
SCHEMA = {
    "type": "object",
    "properties": {"topic": {"type": "string", "enum": ["a", "b"]}},
    "required": ["topic"],
    "additionalProperties": False,
}
FAULTS = {
    "auth": "authentication",
    "model_not_found": "model_not_found",
    "quota": "quota",
    "too_long": "too_long",
    "server_error": "server_error",
}
QUICK = Retry(base=0.001, cap=0.002, tries=2, rate_limit_tries=2, rate_limit_seconds=1.0)
NAMED = re.compile(r"""["']([A-Z][A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS)[A-Z_]*)["']""")


def connection(url: str, **more: Any) -> Connection:
    values = {"provider": ProviderName.LITELLM, "endpoint": url, "api_key": OURS, **more}
    return Connection(7, "Real", **values)


def opened(on: Connection) -> Any:
    return open_model(on, Opening(Gate(2), 20, {}, QUICK, ANYWHERE))


def question(model: str) -> Request:
    messages = [{"role": "user", "content": "Which topic? Answer in JSON."}]
    return Request(model, messages, SCHEMA, timeout=20.0)


def canaries(library: Any) -> set[str]:
    """Set each variable for keys that the library's source names; return their names."""
    root = Path(library.__file__).parent
    places = [
        root / "llms",
        root / "litellm_core_utils",
        root / "secret_managers",
        root / "main.py",
    ]
    found: set[str] = set()
    for place in places:
        for path in [place] if place.is_file() else place.rglob("*.py"):
            found.update(NAMED.findall(path.read_text(errors="replace")))
    for name in found:
        os.environ[name] = f"{THEIRS}-{name}"
    return found


async def key_alone(troubles: list[str]) -> None:
    """Ask each vendor at an address of ours, and see what came along."""
    seen: list[str] = []

    async def record(request: web.Request) -> web.Response:
        seen.append(f"{request.path_qs} {dict(request.headers)} {await request.text()}")
        return web.json_response({"error": {"message": "no", "code": "nothing"}}, status=400)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", record)
    runner, url = await listen(app, "127.0.0.1", 0)
    for vendor in (*VENDORS, *sorted(SERVERS)):
        seen.clear()
        model = opened(connection(url.removesuffix("/v1"), deployment=vendor))
        said = ""
        try:
            await model.complete(question("some-model"))
        except ModelError as error:
            said = error.message
        heard = " ".join(seen)
        if THEIRS in heard:
            troubles.append(f"{vendor}: a key of the server was sent: {heard[:300]}")
        elif OURS not in heard:
            troubles.append(f"{vendor}: not asked with its key ({said[:200]})")
        print(f"{vendor}: {'ok' if OURS in heard and THEIRS not in heard else 'NO'}")
    await runner.cleanup()


async def told(troubles: list[str]) -> None:
    """Ask the simulator through the library: an answer in each form, and each refusal by kind."""
    behaviour = Behaviour()
    runner, url = await listen(build_app(behaviour), "127.0.0.1", 0)
    import aiohttp

    async def control(body: dict[str, Any]) -> None:
        async with aiohttp.ClientSession() as session:
            await session.post(url.removesuffix("/v1") + "/control", json=body)

    for name in ("openai/simulated", "custom_openai/simulated", "openrouter/simulated"):
        for form in ("json_schema", "tool", "json_object", "text"):
            await control({"form": form})
            reply = await opened(connection(url)).complete(question(name))
            print(f"{name} {form}: {reply.form}, {reply.calls} calls, {reply.usage}")
            if reply.usage.uncounted > reply.calls - 1 or reply.usage.prompt_tokens <= 0:
                troubles.append(f"{name}: its usage is not told: {reply.usage}")
    for fault, kind in FAULTS.items():
        await control({"rules": [{"fault": fault}]})
        try:
            await opened(connection(url)).complete(question("openai/simulated"))
            troubles.append(f"{fault}: no refusal")
        except ModelError as error:
            print(f"{fault}: {error.kind.value}: {error.message[:140]}")
            if error.kind.value != kind:
                troubles.append(f"{fault}: told as {error.kind.value}")
    await control({"rules": [{"fault": "rate_limit", "retry_after": 0.01, "times": 1}]})
    reply = await opened(connection(url)).complete(question("openai/simulated"))
    print(f"rate limit: {reply.calls} calls")
    await control({"rejects": {"top_k": None}})
    await runner.cleanup()


async def main() -> int:
    troubles: list[str] = []
    library = load()
    await told(troubles)
    print(f"{len(canaries(library))} variables of the server hold canaries")
    await key_alone(troubles)
    for trouble in troubles:
        print("NOT AS WE SAY:", trouble)
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
