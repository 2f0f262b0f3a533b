"""What servers of the presets say when they refuse, as far as their words are known.

A rule's fault names one as ``groq.too_large``; ``{model}`` is the model that was asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: JSON, or a text as it is."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self, model: str) -> bytes:
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.replace("{model}", model).encode()


def error(message: str, kind: str = "invalid_request_error", code: Any = None, **more: Any) -> Any:
    """An error as OpenAI shapes it."""
    return {"error": {"message": message, "type": kind, "code": code, **more}}


def mistral(message: str, kind: str, code: str) -> Any:
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code}


def openrouter(code: int, message: str, **metadata: Any) -> Any:
    return {"error": {"code": code, "message": message, "metadata": metadata}, "user_id": "u"}


def vllm(message: str, kind: str, code: int) -> Any:
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code}


def llama_cpp(code: int, message: str, kind: str, **more: Any) -> Any:
    return {"error": {"code": code, "message": message, "type": kind, **more}}


SOON = {"Retry-After": "0.02"}

GROQ = {
    "json_validate_failed": Said(
        400,
        error(
            "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more "
            "details.",
            code="json_validate_failed",
            failed_generation='{"topic": "billing", "spans": null,}',
        ),
    ),
    "rate_limit": Said(
        429,
        error(
            "Rate limit reached for model `{model}` in organization `org_1` service tier "
            "`on_demand` on tokens per minute (TPM): Limit 6000, Used 5900, Requested 300. Please "
            "try again in 20ms.",
            "tokens",
            "rate_limit_exceeded",
        ),
        SOON,
    ),
    "day_limit": Said(
        429,
        error(
            "Rate limit reached for model `{model}` in organization `org_1` service tier "
            "`on_demand` on tokens per day (TPD): Limit 100000, Used 99990, Requested 300. Please "
            "try again in 7m43.1s.",
            "tokens",
            "rate_limit_exceeded",
        ),
    ),
    "too_large": Said(
        413,
        error(
            "Request too large for model `{model}` in organization `org_1` service tier "
            "`on_demand` on tokens per minute (TPM): Limit 6000, Requested 9000, please reduce "
            "your message size and try again.",
            "tokens",
            "rate_limit_exceeded",
        ),
    ),
    "decommissioned": Said(
        400,
        error(
            "The model `{model}` has been decommissioned and is no longer supported.",
            code="model_decommissioned",
        ),
    ),
    "model_not_found": Said(
        404,
        error(
            "The model `{model}` does not exist or you do not have access to it.",
            code="model_not_found",
        ),
    ),
    "key": Said(401, error("Invalid API Key", code="invalid_api_key")),
    "capacity": Said(498, error("Flex tier capacity exceeded for model `{model}`", code=None)),
    "overloaded": Said(
        503, error("{model} is currently over capacity. Please back off.", "internal_server_error")
    ),
}
MISTRAL = {
    "capacity": Said(
        429,
        mistral(
            "Service tier capacity exceeded for this model.",
            "service_tier_capacity_exceeded",
            "3505",
        ),
        SOON,
    ),
    "rate_limit": Said(429, {"message": "Requests rate limit exceeded"}, SOON),
    "model_not_found": Said(400, mistral("Invalid model: {model}", "invalid_model", "1500")),
    "too_long": Said(
        400,
        mistral(
            "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 "
            "maximum context length",
            "invalid_request_prompt",
            "3051",
        ),
    ),
    "key": Said(401, {"detail": "Unauthorized"}),
    "unavailable": Said(503, mistral("Service unavailable.", "service_unavailable", "3000")),
}
DEEPSEEK = {
    "balance": Said(402, error("Insufficient Balance", "unknown_error", "invalid_request_error")),
    "key": Said(
        401,
        error(
            "Authentication Fails, Your api key: ****1234 is invalid",
            "authentication_error",
            "invalid_request_error",
        ),
    ),
    "model_not_found": Said(400, error("Model Not Exist", code="invalid_request_error")),
    "overloaded": Said(
        503, error("Service is too busy. We advise users to temporarily switch.", "server_error")
    ),
    "too_long": Said(
        400,
        error(
            "This model's maximum context length is 131072 tokens. However, you requested 140000 "
            "tokens (139000 in the messages, 1000 in the completion). Please reduce the length of "
            "the messages or completion.",
            code="invalid_request_error",
        ),
    ),
    "content": Said(400, error("Content Exists Risk", code="invalid_request_error")),
}
OPENROUTER = {
    "upstream": Said(
        200,
        openrouter(502, "Provider returned error", raw="upstream went away", provider_name="Up"),
    ),
    "upstream_busy": Said(
        200,
        openrouter(
            429,
            "Provider returned error",
            raw="{model} is temporarily rate-limited upstream. Please retry shortly.",
            provider_name="Up",
        ),
    ),
    "free_minute": Said(
        429,
        openrouter(
            429,
            "Rate limit exceeded: free-models-per-min. ",
            headers={"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0"},
        ),
        SOON,
    ),
    "free_day": Said(
        429,
        openrouter(
            429,
            "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model "
            "requests per day",
            headers={"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0"},
        ),
    ),
    "credits": Said(
        402,
        openrouter(
            402, "Insufficient credits. Add more using https://openrouter.ai/settings/credits"
        ),
    ),
    "model_not_found": Said(400, openrouter(400, "{model} is not a valid model ID")),
    "no_endpoints": Said(404, openrouter(404, "No endpoints found for {model}.")),
    "moderated": Said(
        403,
        openrouter(
            403,
            "{model} requires moderation on Up. Your input was flagged for violence.",
            reasons=["violence"],
            flagged_input="…",
        ),
    ),
    "key": Said(401, openrouter(401, "No auth credentials found")),
    "no_provider": Said(503, openrouter(503, "No instances available")),
}
TOGETHER = {
    "model_not_found": Said(
        404,
        error(
            "Unable to access model {model}. Please visit https://api.together.ai/models to view "
            "the list of supported models.",
            code="model_not_available",
            param="model",
        ),
    ),
    "too_long": Said(
        422,
        error(
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: "
            "9000 `inputs` tokens and 512 `max_new_tokens`"
        ),
    ),
    "rate_limit": Said(
        429,
        error(
            "You have been rate limited. Your rate limit is 60 queries per minute.",
            "rate_limit",
        ),
        SOON,
    ),
    "credits": Said(
        402,
        error(
            "Credit limit exceeded, please navigate to https://api.together.ai/settings/billing "
            "to add credits or upgrade your plan.",
            "credit_limit",
        ),
    ),
    "key": Said(401, error("Invalid API key provided.", code="invalid_api_key")),
    "overloaded": Said(
        503, error("The server is overloaded or not ready yet.", "service_unavailable")
    ),
}
XAI = {
    "key": Said(
        400,
        {
            "code": "Client specified an invalid argument",
            "error": "Incorrect API key provided: xa***34.",
        },
    ),
    "model_not_found": Said(
        404,
        {
            "code": "Some requested entity was not found",
            "error": "The model {model} does not exist or your team does not have access to it.",
        },
    ),
    "credits": Said(
        403,
        {
            "code": "The caller does not have permission to execute the specified operation",
            "error": "Your newly created team doesn't have any credits or licenses yet.",
        },
    ),
    "rate_limit": Said(
        429,
        {
            "code": "Some resource has been exhausted",
            "error": "Too many requests for team and model {model}.",
        },
        SOON,
    ),
}
FIREWORKS = {
    "model_not_found": Said(
        404,
        error("Model not found, inaccessible, and/or not deployed", "error", "NOT_FOUND"),
    ),
    "suspended": Said(
        412,
        error(
            "Account is suspended, possibly due to reaching the monthly spending limit or "
            "failure to pay past invoices.",
            "error",
            "PRECONDITION_FAILED",
        ),
    ),
    "rate_limit": Said(429, error("Too many requests", "error", "RATE_LIMIT_EXCEEDED"), SOON),
    "key": Said(401, error("The API key you provided is invalid.", "error", "UNAUTHORIZED")),
}
OLLAMA = {
    "model_not_found": Said(
        404, error('model "{model}" not found, try pulling it first', "not_found_error")
    ),
    "memory": Said(
        500,
        error(
            "model requires more system memory (5.6 GiB) than is available (3.1 GiB)", "api_error"
        ),
    ),
    "busy": Said(
        503, error("server busy, please try again. maximum pending requests exceeded", "api_error")
    ),
    "runner": Said(500, error("llama runner process has terminated: exit status 2", "api_error")),
}
VLLM = {
    "too_long": Said(
        400,
        vllm(
            "This model's maximum context length is 4096 tokens. However, you requested 5000 "
            "tokens (4000 in the messages, 1000 in the completion). Please reduce the length of "
            "the messages or completion.",
            "BadRequestError",
            400,
        ),
    ),
    "max_model_len": Said(
        400,
        {
            "error": vllm(
                "The decoder prompt (length 9000) is longer than the maximum model length of "
                "4096. Make sure that `max_model_len` is no smaller than the number of text "
                "tokens.",
                "BadRequestError",
                400,
            )
        },
    ),
    "model_not_found": Said(404, vllm("The model `{model}` does not exist.", "NotFoundError", 404)),
    "key": Said(401, {"error": "Unauthorized"}),
    "no_system": Said(400, vllm("System role not supported", "BadRequestError", 400)),
    "engine": Said(500, vllm("EngineCore encountered an issue.", "InternalServerError", 500)),
}
LM_STUDIO = {
    "no_models_loaded": Said(
        404,
        error(
            "No models loaded. Please load a model in the developer page or use the 'lms load' "
            "command.",
            code="model_not_found",
            param="model",
        ),
    ),
    "context": Said(
        400,
        {
            "error": "Trying to keep the first 6269 tokens when context the overflows. However, "
            "the model is loaded with context length of only 4096 tokens, which is not enough. "
            "Try to load the model with a larger context length, or provide a shorter input."
        },
    ),
    "crashed": Said(
        400,
        {"error": "The model has crashed without additional information. (Exit code: null)"},
    ),
    "endpoint": Said(200, {"error": "Unexpected endpoint or method. (POST /chat/completions)"}),
}
LLAMA_CPP = {
    "loading": Said(503, llama_cpp(503, "Loading model", "unavailable_error")),
    "context": Said(
        400,
        llama_cpp(
            400,
            "request (9000 tokens) exceeds the available context size (4096 tokens), try "
            "increasing it",
            "exceed_context_size_error",
            n_prompt_tokens=9000,
            n_ctx=4096,
        ),
    ),
    "batch": Said(
        500,
        llama_cpp(
            500,
            "input is too large to process. increase the physical batch size",
            "server_error",
        ),
    ),
    "key": Said(401, llama_cpp(401, "Invalid API Key", "authentication_error")),
    "slots": Said(503, llama_cpp(503, "no slot available", "unavailable_error")),
}
SAID: Mapping[str, Said] = {
    f"{preset}.{name}": said
    for preset, all_said in (
        *(("groq", GROQ), ("mistral", MISTRAL), ("deepseek", DEEPSEEK)),
        *(("openrouter", OPENROUTER), ("together", TOGETHER), ("ollama", OLLAMA)),
        *(("xai", XAI), ("fireworks", FIREWORKS)),
        *(("vllm", VLLM), ("lmstudio", LM_STUDIO), ("llamacpp", LLAMA_CPP)),
    )
    for name, said in all_said.items()
}
