"""Addresses behind which there is no chat completion: other servers, other paths, login pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ml_backend.llm.refusals.matching import wording
from ml_backend.llm.refusals.reading import is_page, page_words
from ml_backend.llm.refusals.trouble import Cure, Refusal, Trouble
from ml_backend.records import FailureKind

NO_ROUTE = wording(
    r"^\W*not found\W*$|unexpected endpoint|invalid url|cannot (post|get) /|no (such )?(route"
    r"|path|endpoint|handler)\b"
    r"|(unknown|invalid|unsupported|undefined) (endpoint|route|path|url|request url|api path)"
    r"|(route|path|url|uri|endpoint|page|resource|file|method)( \S+){0,4} (not found|does not exist"
    r"|is not defined|doesn't exist|not allowed|unknown)|404 page not found|404[ _]not[ _]found"
    r"|no matching (route|path)|method not allowed|method_not_allowed|not_found_path"
    r"|no static resource|\bis no longer supported\. please use https|http request to an https"
    r"|plain http request was sent|接口(地址)?(不存在|错误)|路径不存在|请求地址(错误|不存在)"
    r"|页面不存在",
)
SHOWN = 120


def judge_route(refusal: Refusal) -> Trouble | None:
    """Return what speaks of a wrong address: by its status, its words, or as a web page."""
    status = refusal.status
    wrong = status in (404, 405, 410, 421, 426, 501)
    if wrong or (status < 502 and NO_ROUTE.search(refusal.words or refusal.said)):
        return no_route(refusal.said, status)
    if refusal.page and 400 <= status < 500:
        # A firewall may dislike what one task says; where it stands before a model, others pass.
        return no_route(refusal.said, status, once_answered=Cure.FAIL)
    return None


def no_route(said: str, status: int, *, once_answered: Cure = Cure.RETRY) -> Trouble:
    """Return the trouble of an address without a chat completion."""
    return Trouble(
        Cure.STOP,
        FailureKind.BAD_REQUEST,
        said,
        status,
        no_route=True,
        once_answered=once_answered,
    )


def judge_redirect(status: int, location: str) -> Trouble:
    """Return what an answer below 400 comes to that is not 200."""
    if not 300 <= status < 400:
        return no_route(f"it answers HTTP {status} and nothing else", status)
    if not location:
        return no_route("it redirects to another address", status)
    # Without its query, which may hold a ticket or a key.
    try:
        target = urlsplit(location)
    except ValueError:
        return no_route("it redirects to another address", status)
    shown = target._replace(netloc=target.netloc.rpartition("@")[2], query="", fragment="")
    return no_route(f"it redirects to {shown.geturl()}"[:SHOWN], status)


def judge_other_answer(answer: Any, status: int = 200) -> Trouble:
    """Return what an answer that says no error, and is no chat completion, comes to."""
    if isinstance(answer, str):
        if is_page(answer):
            return no_route(page_words(answer), status)
        line = " ".join(answer.split())
        return no_route(f"it answers “{line[:SHOWN]}”" if line else "its answer is empty", status)
    if isinstance(answer, Mapping) and answer.get("object") == "list":
        return no_route("it answers with a list, as of models", status)
    if isinstance(answer, Mapping):
        names = ", ".join(str(name) for name in list(answer)[:8])
        shown = names[:SHOWN]
        return no_route(f"its answer has no choices, but {shown or 'nothing'}", status)
    return no_route("its answer is no chat completion", status)
