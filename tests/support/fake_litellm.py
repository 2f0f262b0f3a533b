"""A module in the place of LiteLLM: its function, its errors and the shape of its answers.

It asks OpenAI's way at the address it is given, whatever the vendor, as the real one does of those
that speak it. ``scripts/litellm_check.py`` holds this against the real one.
"""

from __future__ import annotations

import importlib.machinery
import json
import sys
from types import ModuleType
from typing import Any

import aiohttp
import pytest


class APIError(Exception):
    """What all errors of vendors have."""

    status_code = 500

    def __init__(self, message: str, headers: dict[str, str] | None = None) -> None:
        self.message = f"litellm.{type(self).__name__}: {message}"
        super().__init__(self.message)
        self.litellm_response_headers = headers
        self.body: dict[str, Any] | None = None


class BadRequestError(APIError):
    status_code = 400


class AuthenticationError(APIError):
    status_code = 401


class PermissionDeniedError(APIError):
    status_code = 403


class NotFoundError(APIError):
    status_code = 404


class RateLimitError(APIError):
    status_code = 429


class InternalServerError(APIError):
    status_code = 500


class ServiceUnavailableError(APIError):
    status_code = 503


class ContextWindowExceededError(BadRequestError):
    pass


class ContentPolicyViolationError(BadRequestError):
    pass


class UnsupportedParamsError(BadRequestError):
    pass


class APIConnectionError(APIError):
    pass


class Timeout(APIError):
    status_code = 408


BY_STATUS = {
    each.status_code: each
    for each in (
        BadRequestError,
        AuthenticationError,
        PermissionDeniedError,
        NotFoundError,
        RateLimitError,
        InternalServerError,
        ServiceUnavailableError,
    )
}


class ModelResponse:
    """An answer, which a vendor's own is read into."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    def model_dump(self) -> dict[str, Any]:
        return self._answer


async def acompletion(**given: Any) -> ModelResponse:
    module = sys.modules["litellm"]
    module.calls.append(given)
    if module.raises is not None:
        raise module.raises
    own = ("api_key", "api_base", "timeout", "max_retries", "num_retries", "model")
    body = {name: value for name, value in given.items() if name not in own}
    body["model"] = given["model"].partition("/")[2]
    headers = {"Authorization": f"Bearer {given['api_key']}"}
    url = f"{given['api_base']}/chat/completions"
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json=body, headers=headers) as response,
        ):
            text = await response.text()
            if response.status == 200:
                return ModelResponse(json.loads(text))
            raise error_of(response.status, text, dict(response.headers))
    except aiohttp.ClientError as error:
        raise APIConnectionError(f"OpenAIException - {error}") from error


def error_of(status: int, text: str, headers: dict[str, str]) -> APIError:
    code = json.loads(text)["error"]["code"]
    kind = {
        "context_length_exceeded": ContextWindowExceededError,
        "content_filter": ContentPolicyViolationError,
    }.get(code, BY_STATUS.get(status, InternalServerError))
    error = json.loads(text)["error"]
    found = kind(f"OpenAIException - {error['message']}", headers)
    found.status_code = status
    found.body = None if status == 401 else error
    return found


def install(patch: pytest.MonkeyPatch) -> Any:
    """Have it imported by LiteLLM's name; ``calls`` are those it was asked for."""
    module: Any = ModuleType("litellm")
    module.__spec__ = importlib.machinery.ModuleSpec("litellm", None)
    module.acompletion = acompletion
    module.calls, module.raises = [], None
    patch.setitem(sys.modules, "litellm", module)
    for name in ("LITELLM_MODE", "LITELLM_OFFLINE_MODE", "LITELLM_LOCAL_MODEL_COST_MAP"):
        patch.setenv(name, "as the real one")
        patch.delenv(name)
    return module


def uninstall(patch: pytest.MonkeyPatch) -> None:
    """Have nothing found by LiteLLM's name, whatever is installed."""
    patch.setitem(sys.modules, "litellm", None)
