"""What Label Studio answered or failed to answer -> our errors, in words for a person."""

from __future__ import annotations

import html
import json
import re
from http import HTTPStatus
from typing import Any

from ml_backend.certificates import tls_trouble
from ml_backend.errors import (
    LabelStudioAuthError,
    LabelStudioError,
    LabelStudioNotFound,
    LabelStudioRejected,
    LabelStudioUnreachable,
)

REASON_LIMIT = 600
MAY_PASS = frozenset({408, 425, 429, 502, 503, 504})
# The title of Label Studio's error page: some of its 404s are that page instead of JSON.
OWN_PAGE = b"| Label Studio</title>"
CHECK_ADDRESS = "Check LABEL_STUDIO_URL and that Label Studio is running."
RENEW_LEGACY = (
    "Copy the token again from Label Studio's Account & Settings page "
    "and set it as LABEL_STUDIO_API_KEY."
)
RENEW_PERSONAL = (
    "Make a new personal access token in Label Studio (Account & Settings, Personal Access Token) "
    "and set it as LABEL_STUDIO_API_KEY; an owner can see under Organization, API Tokens Settings, "
    "whether they are enabled."
)
LEGACY_DISABLED = (
    "Make a personal access token in Label Studio (Account & Settings, Personal Access Token) and "
    "set it as LABEL_STUDIO_API_KEY, or have an owner enable legacy tokens (Organization, API "
    "Tokens Settings; for a new installation LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN=true)."
)
# What a database says that is busy, starting or going down; Label Studio passes it on with a 500.
BUSY_DATABASE = re.compile(
    r"database (table )?is locked|deadlock detected|could not obtain lock|lock timeout"
    r"|too many clients|connection (to server|already closed|refused|timed out)"
    r"|server closed the connection|database system is (starting up|shutting down)",
    re.IGNORECASE,
)


def bounded(text: str, limit: int = REASON_LIMIT) -> str:
    """``text`` in one line of at most about ``limit`` characters; head and tail survive."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    return f"{line[: limit // 2]} … {line[-limit // 2 :]}"


def flatten(errors: object, name: str = "") -> list[str]:
    """Nested validation errors as ``field: message`` lines."""
    if isinstance(errors, dict):
        return [line for key, each in errors.items() for line in flatten(each, str(key))]
    if isinstance(errors, list):
        return [line for each in errors for line in flatten(each, name)]
    return [str(errors) if name in ("", "non_field_errors") else f"{name}: {errors}"]


def reason_of(payload: object, secret: str) -> str:
    """Label Studio's own words in an error body, without markup and without the token."""
    lines: list[str] = []
    if isinstance(payload, dict):
        if payload.get("validation_errors"):
            lines = flatten(payload["validation_errors"])
        elif payload.get("detail"):
            lines = flatten(payload["detail"])
        else:
            lines = flatten({k: v for k, v in payload.items() if k not in ("id", "version")})
    elif isinstance(payload, list):
        lines = flatten(payload)
    text = html.unescape(re.sub(r"</?[a-zA-Z][^>]{0,300}>", "", "; ".join(lines)))
    return bounded(without_credentials(text.replace(secret, "…") if secret else text))


def without_credentials(text: str) -> str:
    """``text`` with the user:password part of URLs taken out."""
    return re.sub(r"(?<=//)[^/@\s]+@", "…@", text)


def parse(content: bytes) -> Any:
    """JSON of a body; None when it is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def not_label_studio(url: str, status: int, *, maybe_done: bool = False) -> LabelStudioError:
    """The error for an answer that Label Studio's API would not give."""
    return LabelStudioError(
        f"{url} answers, but is not Label Studio (HTTP {status} without what its API sends).",
        status=status,
        fix="LABEL_STUDIO_URL must be the address Label Studio opens at in the browser, up to "
        "and without /projects; a proxy or a login page in between must let /api through.",
        maybe_done=maybe_done,
    )


def of_status(
    status: int,
    content: bytes,
    *,
    url: str,
    what: str,
    write: bool,
    secret: str,
    location: str = "",
) -> LabelStudioError:
    """The error for an answer other than 2xx; ``what`` names the object asked for."""
    if 300 <= status < 400:
        return LabelStudioError(
            f"{url} sends us on to {bounded(location, 200) or 'another address'}.",
            status=status,
            fix="Set LABEL_STUDIO_URL to the address Label Studio really has (often https).",
        )
    payload = parse(content)
    reason = reason_of(payload, secret)
    maybe_done = write and status >= 500
    if status in MAY_PASS or (status >= 500 and BUSY_DATABASE.search(reason)):
        words = reason or HTTPStatus(status).phrase
        return LabelStudioUnreachable(
            f"Label Studio at {url} is busy or not up (HTTP {status}: {words}).",
            status=status,
            fix="Wait a moment; look at Label Studio's log when it stays so.",
            maybe_done=maybe_done,
        )
    if status == 404 and (payload is not None or OWN_PAGE in content):
        return LabelStudioNotFound(
            f"Label Studio has no {what or 'such thing'}, or this token may not see it.",
            status=status,
            fix="Check the number, and that the token's user is in the same organization.",
        )
    if not isinstance(payload, dict | list):
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return LabelStudioRejected(
                f"The server before Label Studio refuses so large a request ({what or url}).",
                status=status,
                fix="Raise its limit (nginx: client_max_body_size).",
            )
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return not_label_studio(url, status)
        reason = reason or "a page, no reason"  # as Label Studio answers what crashed it
    if status in (401, 403):
        return of_auth(status, reason, url=url, secret=secret)
    if status >= 500:
        return LabelStudioError(
            f"Label Studio failed on a request for {what or url} (HTTP {status}: {reason}).",
            status=status,
            fix="Its log says more.",
            maybe_done=maybe_done,
        )
    return LabelStudioRejected(
        f"Label Studio refused a request for {what or url}: {reason or status}", status=status
    )


def of_auth(status: int, reason: str, *, url: str, secret: str) -> LabelStudioAuthError:
    """The error for a refused token; ``secret`` is only looked at to tell its kind."""
    if status == 403:
        message = f"The user of this token may not do that in Label Studio: {reason}"
        fix = (
            "Ask whoever manages the project in Label Studio for the right to, or use the token "
            "of a user who has it."
        )
    elif "legacy token authentication has been disabled" in reason:
        message = f"Label Studio at {url} has legacy tokens switched off, and this is one."
        fix = LEGACY_DISABLED
    elif secret.count(".") == 2:
        message = f"Label Studio at {url} refuses this personal access token: {reason}"
        fix = RENEW_PERSONAL
    else:
        message = f"Label Studio at {url} refuses the token: {reason}"
        fix = RENEW_LEGACY
    return LabelStudioAuthError(message, status=status, fix=fix)


def missing_token() -> LabelStudioAuthError:
    """The error for a client that was given no usable token."""
    return LabelStudioAuthError(
        "No Label Studio token is set, or it holds characters a token cannot have.",
        fix="Set LABEL_STUDIO_API_KEY to a personal access token or a legacy token of a Label "
        "Studio user (Account & Settings).",
    )


def unreachable(url: str, error: Exception, *, maybe_done: bool) -> LabelStudioError:
    """The error for a connection that failed, timed out or broke off.

    Where its certificate is refused waiting does not help, and who answers may be another.
    """
    trouble = tls_trouble(error)
    if trouble is not None:
        return LabelStudioError(
            f"Label Studio at {url} cannot be asked. {trouble.said}.", fix=trouble.fix
        )
    words = bounded(str(error), 200) or type(error).__name__
    return LabelStudioUnreachable(
        f"Label Studio at {url} does not answer ({words}).",
        fix=CHECK_ADDRESS,
        maybe_done=maybe_done,
    )


def unexpected(url: str, what: str, *, maybe_done: bool = False) -> LabelStudioError:
    """The error for a 2xx answer whose JSON is not what Label Studio sends there."""
    return LabelStudioError(
        f"{url} answered {what or 'a request'} with JSON that Label Studio does not send.",
        fix=f"{CHECK_ADDRESS} Label Studio 1.23 is the version this is tested with.",
        maybe_done=maybe_done,
    )
