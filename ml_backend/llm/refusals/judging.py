"""What a provider's refusal means: whose fault it is, and whether asking again may help.

The wordings, those of every server that speaks OpenAI's protocol or stands before one that does,
are in ``refusals/``, a module a kind. A code or type goes before a wording, and what concerns one
task goes before what would stop all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from ml_backend.llm.refusals.account import judge_plain, judge_words
from ml_backend.llm.refusals.content import judge_content, judge_images
from ml_backend.llm.refusals.echoes import NO_ECHOES, Echoes
from ml_backend.llm.refusals.endpoint import judge_other_answer, judge_route
from ml_backend.llm.refusals.limits import judge_busy
from ml_backend.llm.refusals.reading import is_error, read_refusal, speaks_as_provider
from ml_backend.llm.refusals.roles import judge_roles, may_be_about_roles
from ml_backend.llm.refusals.trouble import RAW_LIMIT, Cure, Refusal, Trouble
from ml_backend.records import FailureKind

__all__ = [
    "RAW_LIMIT",
    "Cure",
    "Refusal",
    "Trouble",
    "judge",
    "judge_answer",
    "read_refusal",
    "speaks_as_provider",
]

FORM = re.compile(
    r"response_?format|json_schema|json_object|json[ _]mode|structured[ _]outputs?|tool_choice"
    r"|\btools?\b|function[ _]call|guided|grammar|schema|\bstrict\b"
    r"|handle the requested parameters",
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
NO_TOOLS_BESIDE = re.compile(r"function tools with \w+ are not supported", re.IGNORECASE)
"""OpenAI's models from 5.4 on: their chat completions take no tool while they think, whether an
effort is named or not. Without the effort they would refuse it all the same."""
FORM_FIELDS = ("response_format", "tools", "tool_choice", "parallel_tool_calls")


def judge(refusal: Refusal, headers: Mapping[str, str], sent: Collection[str]) -> Trouble:
    """Return what an HTTP error means; ``sent`` names the fields of the request."""
    return (
        judge_plain(refusal)
        or judge_roles(refusal)
        or judge_images(refusal)
        or judge_content(refusal)
        or judge_words(refusal)
        or judge_busy(refusal, headers)
        or _judge_request(refusal, sent)
    )


def judge_answer(answer: Any, sent: Collection[str], *, echoes: Echoes = NO_ECHOES) -> Trouble:
    """Return what a 200 comes to that brought no chat completion."""
    if not is_error(answer):
        return judge_other_answer(answer)
    status = _status_within(answer)
    refusal = read_refusal(status, answer, "it failed without a word", echoes=echoes)
    trouble = judge(refusal, {}, sent)
    return replace(trouble, status=200) if trouble.no_route else trouble


def _status_within(answer: Any) -> int:
    """The status an upstream answered with, which OpenRouter passes on as the error's code."""
    error = answer.get("error")
    for one in (error, answer):
        for name in ("code", "status", "status_code", "statusCode"):
            code = one.get(name) if isinstance(one, Mapping) else None
            if isinstance(code, str) and code.isdigit():
                code = int(code)
            if isinstance(code, int) and 400 <= code < 600:
                return code
    return 500


def _judge_request(refusal: Refusal, sent: Collection[str]) -> Trouble:
    status, said, kind = refusal.status, refusal.said, FailureKind.BAD_REQUEST
    if NO_TOOLS_BESIDE.search(refusal.words or said):
        return Trouble(Cure.LOWER_FORM, kind, said, status, maybe_form=True)
    if status in (400, 422) and (parameter := _unwelcome_parameter(refusal, sent)):
        other = TOKEN_LIMITS.get(parameter)
        replacement = other if other and other in refusal.everything else None
        return Trouble(Cure.MEND, kind, said, status, parameter=parameter, replacement=replacement)
    if FORM.search(f"{refusal.param} {refusal.words or said}"):
        return Trouble(Cure.LOWER_FORM, kind, said, status, maybe_form=True)
    if route := judge_route(refusal):
        return route
    doubtful = Trouble(Cure.FAIL, kind, said, status, maybe_form=True)
    doubtful = replace(doubtful, maybe_system=may_be_about_roles(refusal))
    if status >= 500:
        return replace(doubtful, cure=Cure.RETRY, kind=FailureKind.SERVER_ERROR)
    return doubtful


def _unwelcome_parameter(refusal: Refusal, sent: Collection[str]) -> str:
    if refusal.param.startswith(FORM_FIELDS):
        return ""
    if not UNWELCOME.search(refusal.everything):
        return ""
    ours = [name for name in sent if name not in (*FORM_FIELDS, "model", "messages")]
    if refusal.param in ours:
        return refusal.param
    named = re.findall(r"\w+", refusal.words or refusal.said)
    # xAI names presence_penalty "presencePenalty" when it refuses it.
    return next((name for name in ours if name in named or _camel(name) in named), "")


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.title() for each in others)
