"""One call through LiteLLM's library, in place of the wire's own over HTTP."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import time
from typing import Any

from ml_backend.llm.model import Gate
from ml_backend.llm.provider_facts import SERVER_PARAMETERS
from ml_backend.llm.reach import Reach
from ml_backend.llm.reading.replies import is_completion
from ml_backend.llm.refusals.judging import Cure, Trouble
from ml_backend.llm.through_litellm.rules import OWN_ADDRESS, Rules, Target
from ml_backend.llm.through_litellm.troubles import judge_error
from ml_backend.llm.wire.listening import LISTENER
from ml_backend.llm.wire.troubles import CallFailed, judge_strange, no_list
from ml_backend.records import Connection, FailureKind, JsonObject
from ml_backend.records.abilities import ModelAbilities

PARAMETERS = SERVER_PARAMETERS - {"extra_body", "chat_template_kwargs"}
PASSED = PARAMETERS | {"messages", "response_format", "tools", "tool_choice"}
"""All that may become an argument: others of its arguments are keys, files and addresses."""
LIBRARY = "litellm"
ALONE = {
    # It reads no .env, asks nobody for lists and prices, and is told of no proxy of its own.
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_OFFLINE_MODE": "true",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}
NOTHING = (
    "callbacks",
    "success_callback",
    "failure_callback",
    "input_callback",
    "service_callback",
)


class LiteLLMCalls:
    """The calls of one connection, counted by its gate and bounded in time as a whole."""

    def __init__(self, connection: Connection, gate: Gate, reach: Reach, rules: Rules) -> None:
        self._connection = connection
        self._gate = gate
        self.reach = reach
        self._rules = rules
        self._library: Any = None
        self.listed: dict[str, ModelAbilities] = {}

    async def chat(self, body: JsonObject, timeout: float) -> tuple[JsonObject, float]:
        """Return the chat completion and the seconds it took; raise ``CallFailed``."""
        target = self._rules.target(str(body["model"]))
        if self._library is None:
            self._library = await asyncio.to_thread(load)  # seconds, which others need not wait
        given, heard = self._arguments(target, body, timeout), LISTENER.get()
        if heard is not None:
            heard.calls += 1
        async with self._gate:
            started = time.perf_counter()
            try:
                async with asyncio.timeout(timeout):
                    response = await self._library.acompletion(**given)
            except TimeoutError:
                said = f"no full answer within {timeout:g} s"
                trouble = Trouble(Cure.RETRY, FailureKind.TIMEOUT, said, foreign=True)
                raise CallFailed(trouble) from None
            except Exception as error:
                raise CallFailed(judge_error(error, body)) from None
            seconds = time.perf_counter() - started
        answer = response.model_dump() if hasattr(response, "model_dump") else response
        if not isinstance(answer, dict) or not is_completion(answer):
            raise CallFailed(judge_strange(answer if isinstance(answer, dict) else {}, body))
        self._rules.answered(target)
        if heard is not None:
            heard.answers.append(answer)
        return answer, seconds

    def _arguments(self, target: Target, body: JsonObject, timeout: float) -> dict[str, Any]:
        """Return what the library is called with; what it could find itself is said each time."""
        address = self._connection.endpoint or OWN_ADDRESS.get(target.vendor)
        return {
            **{name: value for name, value in body.items() if name in PASSED},
            "model": target.name,
            "api_key": self._connection.api_key or None,
            "api_base": address or None,
            "timeout": timeout,
            "max_retries": 0,
            "num_retries": 0,
        }

    async def models(self, timeout: float) -> list[str]:
        """Raise ``CallFailed``: vendors are many, and one is asked for a word instead."""
        raise no_list("it lists no models")

    async def close(self) -> None:
        """Its clients are the library's."""


def load() -> Any:
    """Return the library as it is used here: it tells nobody of calls, and nothing to the log."""
    for name, value in ALONE.items():
        os.environ.setdefault(name, value)
    library: Any = importlib.import_module(LIBRARY)
    for name in NOTHING:
        setattr(library, name, [])
    library.telemetry = False
    library.suppress_debug_info = True
    library.turn_off_message_logging = True
    library.drop_params = False
    library.modify_params = False
    logging.getLogger("LiteLLM").setLevel(logging.ERROR)
    return library
