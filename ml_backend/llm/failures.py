"""What a provider's refusal means: whose fault it is, and whether asking again may help.

The wordings are those of OpenAI, Azure, OpenRouter, vLLM, SGLang, llama.cpp and Ollama, which
share a route and little else; a code or type goes before a wording.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ml_backend.llm.retry import read_retry_after
from ml_backend.records import FailureKind

RAW_LIMIT = 2000


class Cure(StrEnum):
    """What to do about a failed call."""

    STOP = "stop"
    """Nothing helps, and every further call would fail alike."""
    FAIL = "fail"
    """Nothing helps this request."""
    WAIT = "wait"
    """Ask again once the limit allows."""
    RETRY = "retry"
    """Ask again."""
    LOWER_FORM = "lower_form"
    """The answer was asked for in a form the server does not know."""
    MEND = "mend"
    """Leave ``parameter`` out, or send it as ``replacement``."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One failed call. ``maybe_form``: on an endpoint not yet known, a lower form may do."""

    cure: Cure
    kind: FailureKind
    said: str
    status: int = 0
    retry_after: float | None = None
    maybe_form: bool = False
    parameter: str = ""
    replacement: str | None = None
    refused_connection: bool = False
    no_images: bool = False
    fix: str = ""
    """What to do, where whoever judged it knows better than its kind says."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP error as the provider worded it; ``code`` joins its code and type."""

    status: int
    said: str
    code: str
    param: str


TOO_LONG = re.compile(
    r"context[ _](length|size|window)|maximum (model|input) length|max_model_len"
    r"|longer than the (maximum )?model|prompt (is )?too long|too many (input )?tokens"
    r"|input token count|reduce the length|string too long|string_above_max_length"
    r"|request too large|payload too large",
    re.IGNORECASE,
)
FILTERED = re.compile(
    r"content_?filter|content management policy|responsibleaipolicy|content_policy_violation"
    r"|moderation|data_inspection_failed",
    re.IGNORECASE,
)
# Not "exceeded your current quota": Gemini says so of a limit per minute, too.
QUOTA = re.compile(
    r"insufficient_quota|billing_(hard_limit|not_active)|requires more credits"
    r"|insufficient[ _](balance|credits?|funds)|credit balance",
    re.IGNORECASE,
)
NO_MODEL = re.compile(
    r"model_not_found|deploymentnotfound|deployment for this resource does not exist"
    r"|\bmodel\b.{0,120}?\bdoes not exist|(unknown|invalid|no such) model\b|not a valid model"
    r"|no endpoints found for ",
    re.IGNORECASE | re.DOTALL,
)
MODEL_NOT_FOUND = re.compile(r"\bmodel\b.{0,120}?\bnot found", re.IGNORECASE | re.DOTALL)
NO_KEY = re.compile(r"invalid_api_key|incorrect api key|invalid api key", re.IGNORECASE)
NO_IMAGES = re.compile(
    r"\b(image|vision|multi-?modal|file)\w*( content| input)?( types?)?s? (is|are) "
    r"(not|only) (supported|enabled)"
    r"|not (currently )?support(ed)? (image|vision|multi-?modal|file)|not a multi-?modal"
    r"|at most 0 image|unknown variant `(image_url|file)`|missing data required for image"
    r"|support image input|content must be a string",
    re.IGNORECASE,
)
TOO_MANY_IMAGES = re.compile(
    r"at most \d+ (image|file)|too many (image|file)|maximum (number )?of images", re.IGNORECASE
)
BAD_IMAGE = re.compile(
    r"invalid_image|image_parse_error|unsupported image|invalid image|valid image"
    r"|(decode|load|process|parse|identify) (the )?(base64 )?image",
    re.IGNORECASE,
)
FORM = re.compile(
    r"response_?format|json_schema|json_object|json[ _]mode|structured[ _]outputs?|tool_choice"
    r"|\btools?\b|function[ _]call|guided|grammar|schema|\bstrict\b",
    re.IGNORECASE,
)
UNWELCOME = re.compile(
    r"unsupported|not support|unknown|unrecognized|not permitted|extra_forbidden|unexpected"
    r"|not allowed|not compatible|deprecated",
    re.IGNORECASE,
)
TOKEN_LIMITS = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}
FORM_FIELDS = ("response_format", "tools", "tool_choice", "parallel_tool_calls")
TRY_AGAIN_IN = re.compile(r"(?:try again|retry) in (\d+(?:\.\d+)?) ?(ms|s)\b", re.IGNORECASE)


def read_refusal(status: int, body: object, fallback: str = "") -> Refusal:
    """Return the words, code and parameter of an error body in any of the known shapes."""
    error: Any = body
    if isinstance(error, Mapping) and "error" in error:
        error = error["error"]
    if not isinstance(error, Mapping):
        return Refusal(status, str(error or fallback), "", "")
    said = error.get("message") or error.get("detail") or error.get("msg") or fallback
    inner = error.get("innererror")
    codes = [error.get("code"), error.get("type")]
    if isinstance(inner, Mapping):
        codes.append(inner.get("code"))
    # OpenRouter passes the upstream's own words on in `metadata`.
    metadata = error.get("metadata")
    if isinstance(metadata, Mapping) and metadata.get("raw"):
        said = f"{said} {metadata['raw']}"
    code = " ".join(str(part) for part in codes if part is not None)
    return Refusal(status, str(said), code, str(error.get("param") or ""))


def judge(refusal: Refusal, headers: Mapping[str, str], sent: Collection[str]) -> Trouble:
    """Return what an HTTP error means; ``sent`` names the fields of the request."""
    return (
        _judge_account(refusal)
        or _judge_images(refusal)
        or _judge_content(refusal)
        or _judge_busy(refusal, headers)
        or _judge_request(refusal, sent)
    )


def _judge_account(refusal: Refusal) -> Trouble | None:
    words = f"{refusal.code} {refusal.said}"
    status, said = refusal.status, refusal.said
    if status == 402 or (status in (403, 429) and QUOTA.search(words)):
        return Trouble(Cure.STOP, FailureKind.QUOTA, said, status)
    if (status in (400, 403, 404) and NO_MODEL.search(words)) or (
        status == 404 and MODEL_NOT_FOUND.search(words)
    ):
        return Trouble(Cure.STOP, FailureKind.MODEL_NOT_FOUND, said, status)
    if status == 403 and FILTERED.search(words):
        return Trouble(Cure.FAIL, FailureKind.REFUSED, said, status)
    if status in (401, 403) or (status == 400 and NO_KEY.search(words)):
        return Trouble(Cure.STOP, FailureKind.AUTHENTICATION, said, status)
    return None


def _judge_images(refusal: Refusal) -> Trouble | None:
    """Pictures or files the model cannot see: no other form of the answer would help."""
    words = f"{refusal.code} {refusal.said}"
    status, said, kind = refusal.status, refusal.said, FailureKind.BAD_REQUEST
    # llama.cpp and Ollama say so with 500, OpenRouter with 404.
    if status not in (400, 404, 415, 422, 500, 501):
        return None
    if NO_IMAGES.search(words):
        return Trouble(Cure.STOP, kind, said, status, no_images=True)
    if TOO_MANY_IMAGES.search(words):
        return Trouble(Cure.FAIL, FailureKind.TOO_LONG, said, status)
    if BAD_IMAGE.search(words):
        return Trouble(Cure.FAIL, kind, said, status)
    return None


def _judge_content(refusal: Refusal) -> Trouble | None:
    words = f"{refusal.code} {refusal.said}"
    status = refusal.status
    # llama.cpp says so with 500; OpenAI refuses what exceeds a minute's tokens with 429.
    if status == 413 or (status in (400, 422, 429, 500) and TOO_LONG.search(words)):
        return Trouble(Cure.FAIL, FailureKind.TOO_LONG, refusal.said, status)
    if status in (400, 422) and FILTERED.search(words):
        return Trouble(Cure.FAIL, FailureKind.REFUSED, refusal.said, status)
    return None


def _judge_busy(refusal: Refusal, headers: Mapping[str, str]) -> Trouble | None:
    status, said = refusal.status, refusal.said
    retry_after = read_retry_after(headers)
    if status == 429 and retry_after is None and (match := TRY_AGAIN_IN.search(said)):
        retry_after = float(match[1]) / (1000 if match[2].lower() == "ms" else 1)
    if status == 429:
        return Trouble(Cure.WAIT, FailureKind.RATE_LIMIT, said, status, retry_after)
    if status in (503, 529) and retry_after is not None:
        return Trouble(Cure.WAIT, FailureKind.SERVER_ERROR, said, status, retry_after)
    if status in (408, 504):
        return Trouble(Cure.RETRY, FailureKind.TIMEOUT, said, status)
    if status in (409, 425) or status >= 502:
        return Trouble(Cure.RETRY, FailureKind.SERVER_ERROR, said, status)
    return None


def _judge_request(refusal: Refusal, sent: Collection[str]) -> Trouble:
    status, said, kind = refusal.status, refusal.said, FailureKind.BAD_REQUEST
    if status in (400, 422) and (parameter := _unwelcome_parameter(refusal, sent)):
        other = TOKEN_LIMITS.get(parameter)
        replacement = other if other and other in said else None
        return Trouble(Cure.MEND, kind, said, status, parameter=parameter, replacement=replacement)
    if FORM.search(f"{refusal.param} {said}"):
        return Trouble(Cure.LOWER_FORM, kind, said, status, maybe_form=True)
    if status >= 500:
        return Trouble(Cure.RETRY, FailureKind.SERVER_ERROR, said, status, maybe_form=True)
    # Without a word about the model, 404 means there is no such route: no task will find it.
    cure = Cure.STOP if status in (404, 405) else Cure.FAIL
    return Trouble(cure, kind, said, status, maybe_form=True)


def _unwelcome_parameter(refusal: Refusal, sent: Collection[str]) -> str:
    if refusal.param.startswith(FORM_FIELDS):
        return ""
    if not UNWELCOME.search(f"{refusal.code} {refusal.said}"):
        return ""
    ours = [name for name in sent if name not in (*FORM_FIELDS, "model", "messages")]
    if refusal.param in ours:
        return refusal.param
    named = re.findall(r"\w+", refusal.said)
    return next((name for name in ours if name in named), "")
