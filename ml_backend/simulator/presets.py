"""Servers of the presets as they are known to behave: a ``Way`` each.

``POST /control {"preset": "groq"}`` has the simulator behave like one: what it refuses, how it
words that, what its list of models and its headers tell.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from ml_backend.simulator.preset_refusals import SAID, Said, error, llama_cpp, openrouter, vllm

JSON = "application/json"
Body = dict[str, Any]
Refuses = Callable[[Body], Said | None]
NUM_CTX = 4096
COLOURS = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "white": (255,) * 3}


@dataclass(frozen=True, slots=True)
class Way:
    """How one server behaves where nothing is told otherwise."""

    models: Sequence[str]
    """The first takes what the server takes at best, the last as little as it may."""
    refuses: Refuses = lambda _: None
    lists: Callable[[Sequence[str]], Any] = lambda names: _listed(names)
    headers: Mapping[str, str] = field(default_factory=dict)
    changes: Callable[[Body, Body], None] = lambda completion, body: None
    """What it does to a chat completion, given the request's body."""
    before: bytes = b""
    """What it sends before its answer."""
    elsewhere: Mapping[str, Any] = field(default_factory=dict)
    """What it tells at other addresses: path -> JSON."""


def refuse(preset: str, body: Body) -> web.Response | None:
    """Return the refusal of a request that a server would not take."""
    found = WAYS[preset].refuses(body) if preset else None
    return None if found is None else answer(found, str(body.get("model", "")))


def answer(said: Said, model: str) -> web.Response:
    return web.Response(
        status=said.status,
        body=said.content(model),
        content_type=JSON,
        headers=dict(said.headers),
    )


def fail(fault: str, model: str) -> web.Response | None:
    """Return the refusal that a rule's fault names, None for a fault of another kind."""
    return answer(SAID[fault], model) if fault in SAID else None


def dressed(preset: str, content: bytes, body: Body) -> tuple[bytes, Mapping[str, str]]:
    """Return a chat completion as the server would send it, and its headers."""
    if not preset:
        return content, {}
    way, completion = WAYS[preset], json.loads(content)
    if "choices" in completion:
        _look(completion, body)
        way.changes(completion, body)
        content = way.before + json.dumps(completion).encode()
    return content, way.headers


def listing(preset: str) -> web.Response:
    """Return a server's list of models."""
    way = WAYS[preset]
    return web.json_response(way.lists(way.models), headers=dict(way.headers))


def elsewhere(preset: str, path: str) -> web.Response:
    """Return what a server tells at an address of its own."""
    found = WAYS[preset].elsewhere.get(path) if preset else None
    return web.json_response(found or {"detail": "Not Found"}, status=200 if found else 404)


ADDRESSES = ("/api/ps", "/api/v0/models", "/props")


def _listed(names: Sequence[str], owner: str = "", **more: Any) -> Any:
    rows = [{"id": name, "object": "model", "owned_by": owner, **more} for name in names]
    return {"object": "list", "data": rows}


# What requests ask for


def _form(body: Body) -> str:
    return str((body.get("response_format") or {}).get("type", ""))


def _has_picture(body: Body) -> bool:
    return any(True for _ in _pictures(body))


def _pictures(body: Body) -> list[str]:
    return [
        part["image_url"]["url"]
        for message in body["messages"]
        if isinstance(message.get("content"), list)
        for part in message["content"]
        if part.get("type") == "image_url"
    ]


def _sees(body: Body) -> bool:
    model = str(body.get("model", "")).lower()
    return any(word in model for word in ("vision", "vl", "gpt-6", "pixtral", "deepseek-flash"))


def _look(completion: Body, body: Body) -> None:
    """Name the colour of a picture's first dot, where that is asked: these models can see."""
    colour = next(filter(None, map(_colour, _pictures(body))), "")
    message = completion["choices"][0]["message"]
    if not (colour and _sees(body)) or '"colour"' not in json.dumps(message).replace('\\"', '"'):
        return
    text = json.dumps({"colour": colour})
    if message.get("tool_calls"):
        message["tool_calls"][0]["function"]["arguments"] = text
    else:
        message["content"] = text


def _colour(url: str) -> str:
    data = b64decode(url.partition(",")[2])
    start = data.find(b"IDAT") + 4
    if start < 4:
        return ""
    dot = zlib.decompressobj().decompress(data[start:])[1:4]
    return min(
        COLOURS, key=lambda name: sum(abs(a - b) for a, b in zip(dot, COLOURS[name], strict=True))
    )


def _without_logprobs(completion: Body, _: Body) -> None:
    completion["choices"][0].pop("logprobs", None)


# One server after another


def _groq(body: Body) -> Said | None:
    model = str(body["model"])
    if body.get("logprobs"):
        return Said(400, error("`logprobs` is not supported with this model"))
    if _form(body) == "json_schema" and "gpt-oss" not in model:
        return Said(
            400,
            error(
                "This model does not support response format `json_schema`. See supported models "
                "at https://console.groq.com/docs/structured-outputs#supported-models",
                param="response_format",
            ),
        )
    if _has_picture(body) and not _sees(body):
        return Said(400, error("messages[1].content must be a string", param="messages"))
    return None


MISTRAL_KNOWS = frozenset(
    {
        *("model", "messages", "temperature", "top_p", "max_tokens", "stream", "stop"),
        *("random_seed", "response_format", "tools", "tool_choice", "presence_penalty"),
        *("frequency_penalty", "n", "prediction", "parallel_tool_calls", "safe_prompt"),
        "reasoning_effort",
    }
)


def _mistral(body: Body) -> Said | None:
    unknown = [
        {
            "type": "extra_forbidden",
            "loc": ["body", name],
            "msg": "Extra inputs are not permitted",
            "input": value,
        }
        for name, value in body.items()
        if name not in MISTRAL_KNOWS
    ]
    body = {"object": "error", "message": {"detail": unknown}, "type": "invalid_request_error"}
    return Said(422, {**body, "param": None, "code": None}) if unknown else None


def _mistral_blocks(completion: Body, body: Body) -> None:
    """Say what was thought as a block of the content, where a model was told to think."""
    _without_logprobs(completion, body)
    message = completion["choices"][0]["message"]
    if body.get("reasoning_effort", "none") != "none" and message.get("content"):
        thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Let me see: {}."}]}
        message["content"] = [thought, {"type": "text", "text": message["content"]}]


def _deepseek(body: Body) -> Said | None:
    code = "invalid_request_error"
    if _has_picture(body) and not _sees(body):
        said = "Failed to deserialize the JSON body into the target type: messages[1]: unknown "
        return Said(400, error(f"{said}variant `image_url`, expected `text`", code=code))
    if _form(body) == "json_schema":
        return Said(400, error("This response_format type is unavailable now", code=code))
    if _form(body) == "json_object" and "json" not in json.dumps(body["messages"]).lower():
        return Said(
            400,
            error(
                "Prompt must contain the word 'json' in some form to use 'response_format' of "
                "type 'json_object'.",
                code=code,
            ),
        )
    is_forced = isinstance(body.get("tool_choice"), dict)
    if is_forced and body.get("thinking", {}).get("type") != "disabled":
        return Said(400, error("Thinking mode does not support this tool_choice", code=code))
    return None


def _think(completion: Body, body: Body) -> None:
    if "deepseek" in str(body["model"]) or "gpt-oss" in str(body["model"]):
        completion["choices"][0]["message"]["reasoning_content"] = "Let me see."
        usage = completion["usage"]
        usage["completion_tokens"] += 12
        usage["completion_tokens_details"] = {"reasoning_tokens": 12}


def _openrouter(body: Body) -> Said | None:
    if _has_picture(body) and not _sees(body):
        return Said(404, openrouter(404, "No endpoints found that support image input"))
    return None


def _together_logprobs(completion: Body, body: Body) -> None:
    choice = completion["choices"][0]
    if found := choice.pop("logprobs", None):
        tokens = found["content"]
        choice["logprobs"] = {
            "tokens": [each["token"] for each in tokens],
            "token_logprobs": [each["logprob"] for each in tokens],
        }
    _think(completion, body)


def _xai(body: Body) -> Said | None:
    for name, said in (
        ("presence_penalty", "Model grok-4.3 does not support parameter presencePenalty."),
        ("frequency_penalty", "Model grok-4.3 does not support parameter frequencyPenalty."),
        ("stop", "Argument not supported on this model: stop"),
    ):
        if name in body:
            return Said(400, {"code": "Client specified an invalid argument", "error": said})
    return None


def _ollama(body: Body) -> Said | None:
    model = str(body["model"])
    if body.get("tools") and "gemma" in model:
        return Said(
            400,
            error(f"registry.ollama.ai/library/{model} does not support tools", "api_error"),
        )
    if _has_picture(body) and not _sees(body):
        return Said(500, error("this model is missing data required for image input", "api_error"))
    return None


def _cut(completion: Body, body: Body) -> None:
    """Count no more of a prompt than the context takes; nothing is said of it."""
    usage = completion["usage"]
    usage["prompt_tokens"] = min(usage["prompt_tokens"], NUM_CTX)
    usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]
    _without_logprobs(completion, body)


def _vllm(body: Body) -> Said | None:
    if _has_picture(body) and not _sees(body):
        return Said(400, vllm(f"{body['model']} is not a multimodal model", "BadRequestError", 400))
    return None


def _lm_studio(body: Body) -> Said | None:
    if _form(body) == "json_object":
        return Said(400, {"error": "'response_format.type' must be 'json_schema' or 'text'"})
    if isinstance(body.get("tool_choice"), dict):
        return Said(
            400,
            {
                "error": "Invalid tool_choice type: 'object'. Supported string values: none, "
                "auto, required"
            },
        )
    return None


def _llama_cpp(body: Body) -> Said | None:
    if body.get("tools"):  # as of a server that was started with --no-jinja
        return Said(500, llama_cpp(500, "tools param requires --jinja flag", "server_error"))
    if _has_picture(body):
        return Said(
            500,
            llama_cpp(
                500,
                "image input is not supported - hint: if this is unexpected, you may need to "
                "provide the mmproj",
                "server_error",
            ),
        )
    return None


WAYS: Mapping[str, Way] = {
    "groq": Way(
        ("openai/gpt-oss-20b", "llama-3.3-70b-versatile"),
        _groq,
        lambda names: _listed(names, "Groq", context_window=131072, active=True),
        {"x-ratelimit-limit-requests": "14400", "x-ratelimit-limit-tokens": "6000"},
        _think,
    ),
    "mistral": Way(
        ("pixtral-large-latest", "mistral-small-latest"),
        _mistral,
        lambda names: _listed(names, "mistralai", max_context_length=131072),
        {"x-ratelimit-limit-req-minute": "60", "x-ratelimit-limit-tokens-minute": "500000"},
        _mistral_blocks,
    ),
    "deepseek": Way(
        ("deepseek-flash", "deepseek-v4-pro"),
        _deepseek,
        lambda names: _listed(names, "deepseek"),
        changes=_think,
        before=b"\n\n\n",
    ),
    "openrouter": Way(
        ("openai/gpt-6-luna", "meta-llama/llama-3.3-70b-instruct:free"),
        _openrouter,
        lambda names: {"data": [{"id": name, "context_length": 1050000} for name in names]},
        changes=_without_logprobs,
    ),
    "together": Way(
        ("openai/gpt-oss-20b", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        lists=lambda names: [
            {"id": name, "object": "model", "type": "chat", "context_length": 131072}
            for name in names
        ],
        headers={"x-ratelimit-limit": "10", "x-tokenlimit-limit": "3000"},
        changes=_together_logprobs,
    ),
    "xai": Way(("grok-4.3",), _xai, lists=lambda names: _listed(names, "xai")),
    "fireworks": Way(
        ("accounts/fireworks/models/gpt-oss-20b",),
        lists=lambda names: _listed(names, "fireworks", context_length=131072),
    ),
    "ollama": Way(
        ("llama3.2-vision", "gemma:2b"),
        _ollama,
        lambda names: _listed(names, "library"),
        changes=_cut,
        elsewhere={
            "/api/ps": {
                "models": [
                    {"name": name, "model": name, "context_length": NUM_CTX}
                    for name in ("llama3.2-vision", "gemma:2b")
                ]
            }
        },
    ),
    "vllm": Way(
        ("Qwen/Qwen3-VL-8B", "Qwen/Qwen3-8B"),
        _vllm,
        lambda names: _listed(names, "vllm", max_model_len=NUM_CTX),
    ),
    "lmstudio": Way(
        ("qwen/qwen3-vl-8b", "qwen/qwen3-8b"),
        _lm_studio,
        lambda names: _listed(names, "organization_owner"),
        changes=_without_logprobs,
        elsewhere={
            "/api/v0/models": _listed(
                ("qwen/qwen3-vl-8b", "qwen/qwen3-8b"),
                max_context_length=32768,
                loaded_context_length=8192,
            )
        },
    ),
    "llamacpp": Way(
        ("default",),
        _llama_cpp,
        lambda names: _listed(names, "llamacpp", meta={"n_ctx_train": 131072}),
        elsewhere={"/props": {"default_generation_settings": {"n_ctx": NUM_CTX}, "total_slots": 1}},
    ),
}
