"""Azure AI Foundry and Azure OpenAI: chat completions as they are, refusals in Azure's words.

Routes of the Model Inference API, of a project, of an endpoint of one model, and of a deployment of
a resource below ``/azure``, whose key or token is that of the simulator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from ml_backend.simulator.contents import BadContent

NOT_DEPLOYED = (
    "The API deployment for this resource does not exist. If you created the deployment within the "
    "last 5 minutes, please wait a moment and try again."
)
FILTERED = (
    "The response was filtered due to the prompt triggering Azure OpenAI's content management "
    "policy. Please modify your prompt and retry. To learn more about our content filtering "
    "policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766"
)
WRONG_KEY = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a "
    "valid key for an active subscription and use a correct regional API endpoint for your "
    "resource."
)
WRONG_BEARER = (
    "Unauthorized. Access token is missing, invalid, audience is incorrect "
    "(https://cognitiveservices.azure.com), or have expired."
)
LIMITED = (
    "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 "
    "have exceeded token rate limit of your current AIServices S0 pricing tier. Please retry "
    "after 1 second. Please contact Azure support service if you would like to further increase "
    "the default rate limit."
)
SEVERITIES = {
    "hate": {"filtered": True, "severity": "high"},
    "jailbreak": {"filtered": False, "detected": False},
    "self_harm": {"filtered": False, "severity": "safe"},
    "sexual": {"filtered": False, "severity": "safe"},
    "violence": {"filtered": False, "severity": "safe"},
}


class Azure:
    """Azure's wire."""

    routes: Sequence[str] = (
        "/models/chat/completions",
        "/one-model/chat/completions",
        "/azure/openai/deployments/{deployment}/chat/completions",
        "/azure/openai/v1/chat/completions",
    )
    model_routes: Sequence[str] = (
        "/one-model/info",
        "/azure/openai/models",
        "/azure/openai/v1/models",
    )

    def key(self, request: web.Request) -> str:
        """A resource takes a key in a header of its own; as a token it is none."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        given = request.headers.get("api-key", "")
        if _takes_key_as_token(request.path) or token.count(".") == 2:
            return token or given
        return given

    def question(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        is_v1 = "/openai/v1/" in request.path
        if "api-version" not in request.query and not is_v1:
            raise BadContent("Missing required query parameter: api-version")
        if not is_v1 and "/deployments/" not in request.path:
            self._require_known(request, body)
        return body

    def _require_known(self, request: web.Request, body: Mapping[str, Any]) -> None:
        more = set(body) - KNOWN
        if more and request.headers.get("extra-parameters") != "pass-through":
            raise BadContent(f"Extra parameters {sorted(more)} are not allowed")
        if not body.get("model") and request.path.startswith("/models/"):
            raise BadContent("No model specified in request.")

    def answer(self, answer: dict[str, Any], question: dict[str, Any]) -> object:
        choices = [
            {**each, "content_filter_results": {}}
            for each in answer["choices"]
            if "message" in each
        ]
        for each in choices:
            if each["message"].get("refusal"):
                each["message"] = {"role": "assistant", "content": "", "refusal": None}
                each["finish_reason"] = "content_filter"
                each["content_filter_results"] = SEVERITIES
        usage = {
            **answer["usage"],
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        }
        return {**answer, "choices": choices, "usage": usage, "prompt_filter_results": []}

    def refusal(self, fault: str, status: int, error: dict[str, Any]) -> tuple[int, object]:
        said = error["message"]
        if fault == "auth":
            token = said.count(".") >= 3
            return 401, _error("401", WRONG_BEARER if token else WRONG_KEY)
        if fault == "model_not_found":
            return 404, _error("DeploymentNotFound", NOT_DEPLOYED)
        if fault == "rate_limit":
            return 429, _error("429", LIMITED)
        if fault == "refuse":
            inner = {
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_result": SEVERITIES,
            }
            more = {"type": None, "param": "prompt", "status": 400, "innererror": inner}
            return 400, {"error": {"code": "content_filter", "message": FILTERED, **more}}
        if fault == "no_route":
            return 404, _error("404", "Resource not found")
        return status, {"error": error}

    def headers_of(self, fault: str, retry_after: str | None) -> dict[str, str]:
        """Return what a limit says of itself, as Azure's gateway does."""
        if fault != "rate_limit":
            return {}
        found = {
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-remaining-tokens": "0",
        }
        if retry_after is not None and retry_after.replace(".", "", 1).isdigit():
            found["retry-after-ms"] = f"{float(retry_after) * 1000:.0f}"
        return found

    def models(self, names: Sequence[str], request: web.Request) -> object:
        if request.path.endswith("/info"):
            kind = {"model_type": "chat-completion", "model_provider_name": "simulator"}
            return {"model_name": names[0] if names else "simulated", **kind}
        rows = [{"id": name, "object": "model", "status": "succeeded"} for name in names]
        return {"object": "list", "data": rows}


def _takes_key_as_token(path: str) -> bool:
    return path.startswith("/one-model/") or "/openai/v1/" in path


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


KNOWN = frozenset(
    {
        *("messages", "model", "frequency_penalty", "max_tokens", "presence_penalty"),
        *("response_format", "seed", "stop", "stream", "stream_options", "temperature"),
        *("tool_choice", "tools", "top_p"),
    }
)
"""What the Model Inference API takes itself."""

VENDOR = Azure()
