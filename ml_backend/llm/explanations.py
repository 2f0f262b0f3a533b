"""Trouble with a model -> the error a labeler reads, without any secret in it."""

from __future__ import annotations

import json
import re
from urllib.parse import SplitResult, quote, quote_plus, urlsplit

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm import facts_of
from ml_backend.llm.provider_facts import AUTH_TOKEN
from ml_backend.llm.refusals.judging import RAW_LIMIT, Cure, Trouble
from ml_backend.llm.wire.entra import token_of
from ml_backend.next_steps import Step
from ml_backend.records import Connection, FailureKind

SAID_LIMIT = 300
KEY_LIKE = re.compile(
    r"\bsk-[\w*.-]{6,}"
    r"|\b(?:sk|pk|rk|gsk|xai|hf|r8|pplx|tgp|fw|nvapi|csk|ak|glpat|ghp|github_pat|key)[-_]"
    r"(?=[\w.-]{0,200}[\d*])[\w*.-]{6,}|\bAIza[\w*-]{6,}"
    r"|\bya29\.[\w.-]{6,}|\bAQ\.[\w*-]{20,}|\bBearer [\w*.~+/=-]{8,}|\beyJ[\w.-]{20,}"
)
CREDENTIAL_PARTS = ("private_key", "private_key_id", "refresh_token", "client_secret")
"""What of Google credentials opens something by itself."""
CHECK_THE_ENDPOINT = "Check the endpoint: for most servers it ends in /v1."


def explain(
    trouble: Trouble, connection: Connection, model: str, *, tries: int = 1, told: bool = True
) -> ModelError:
    """Return the error for a call that stays failed; a ``RunStopper`` when all others would too.

    Unless it is ``told``, what came in no provider's way makes one sentence, whatever it was.
    """
    if trouble.foreign and not told:
        return silent(connection, stop=trouble.cure is Cure.STOP)
    said = without_secrets(trouble.said, connection)
    short = said if len(said) <= SAID_LIMIT else said[:SAID_LIMIT] + "…"
    message, fix = _words(trouble, connection, model, short, tries)
    if trouble.fix:
        where = f"{place(connection)} ({_name(connection)})"
        message, fix = f"The server at {where} cannot be asked. {short}.", trouble.fix
    error = RunStopper if trouble.cure is Cure.STOP else ModelError
    return error(
        message,
        kind=trouble.kind,
        raw=without_secrets(trouble.heard, connection)[:RAW_LIMIT] or said[:RAW_LIMIT],
        fix=fix,
        retry_after=trouble.retry_after,
    )


def silent(connection: Connection, *, stop: bool = False) -> ModelError:
    """Return the error that says the same of a closed port, a web page and another's answer."""
    whose = facts_of(connection.provider).protocol
    return (RunStopper if stop else ModelError)(
        f"Nothing that speaks {whose}'s protocol answers in time at {place(connection)} "
        f"({_name(connection)}).",
        kind=FailureKind.CONNECTION,
        fix="Check the address: for most servers it ends in /v1. More is told of what comes back "
        "from there where the owner of the organization made the connection.",
    )


def no_key(connection: Connection) -> RunStopper:
    """Return the error for a connection that needs a key and has none."""
    fix = "Add a key to the connection"
    if connection.id is None:
        fix = "Set OPENAI_API_KEY in the environment of this server, or add a connection"
    return RunStopper(
        f"There is no API key for {_name(connection)}.",
        kind=FailureKind.AUTHENTICATION,
        fix=f"{fix}; `connections add` asks for it.",
    )


def bad_setting(connection: Connection, message: str, fix: str) -> RunStopper:
    """Return the error for a connection that cannot work as it is set."""
    return RunStopper(
        f"{_name(connection, start=True)} cannot be used: {message}",
        kind=FailureKind.BAD_REQUEST,
        fix=fix,
    )


def web_address(connection: Connection, fix: str, *, own: str = "") -> SplitResult:
    """Return the parts of a connection's endpoint, of the vendor's ``own`` address without one.

    Raises ``RunStopper`` with the fix for what is no web address.
    """
    given = connection.endpoint.strip()
    try:
        parts = urlsplit(given or own)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is no number
        is_one = False
    if not is_one:
        said = "its endpoint is no web address." if given else "it has no endpoint."
        raise bad_setting(connection, said, fix)
    return parts


def place(connection: Connection) -> str:
    """Where the connection leads, without a password that may be part of the address."""
    if not connection.endpoint:
        return connection.provider
    parts = urlsplit(connection.endpoint)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if host else connection.provider


def without_secrets(text: str, connection: Connection) -> str:
    """Return the text with the connection's key, its password and anything like a key blotted."""
    secrets = [
        *(connection.api_key, *connection.secrets.values()),
        urlsplit(connection.endpoint).password or "",
    ]
    secrets += [part for secret in secrets for part in _parts_of(secret)]
    for secret in filter(None, secrets):
        # As it is, and as it stands in an address: some take their key there.
        for written in dict.fromkeys((secret, quote(secret, safe=""), quote_plus(secret))):
            text = text.replace(written, "[secret]")
    return KEY_LIKE.sub("[secret]", text)


def _parts_of(secret: str) -> list[str]:
    """Return what is secret by itself within credentials that are a JSON text."""
    if not secret.lstrip().startswith("{"):
        return []
    try:
        found = json.loads(secret)
    except (ValueError, RecursionError):
        return []
    return [found[name] for name in CREDENTIAL_PARTS if isinstance(found.get(name), str)]


def _name(connection: Connection, *, start: bool = False) -> str:
    return f"{'Connection' if start else 'connection'} “{connection.title}”"


def _words(
    trouble: Trouble, connection: Connection, model: str, said: str, tries: int
) -> tuple[str, str]:
    name, where = _name(connection), place(connection)
    times = f" at {tries} tries" if tries > 1 else ""
    match trouble.kind:
        case FailureKind.AUTHENTICATION:
            return _authentication(trouble, connection, said)
        case FailureKind.MODEL_NOT_FOUND:
            thing = f"model “{model}”"
            if connection.deployment:
                thing = f"deployment “{connection.deployment}”"
            fix = "Check its name and that the key may use it; local servers must load it first."
            return f"The provider of {name} does not know the {thing}: {said}", fix
        case FailureKind.QUOTA:
            fix = "Add credit or raise the limit at the provider, then resume."
            return f"The quota of {name} is used up: {said}", fix
        case FailureKind.TOO_LONG:
            fix = "Shorten the task or the prompt, use fewer examples or a model that reads more."
            return f"The task is too long for the model “{model}”: {said}", fix
        case FailureKind.REFUSED:
            return f"The provider's content filter refused the task: {said}", ""
        case FailureKind.RATE_LIMIT:
            fix = "Lower LLM_MAX_CONCURRENCY, or ask the provider for a higher limit."
            return f"The provider of {name} kept refusing for its rate limit: {said}", fix
        case FailureKind.TIMEOUT:
            fix = "Raise LLM_TIMEOUT, or lower LLM_MAX_CONCURRENCY if the server is overloaded."
            return f"The model did not answer in time{times}: {said}.", fix
        case FailureKind.CONNECTION if trouble.refused_connection:
            fix = "Start the model server, or correct the endpoint of the connection."
            return f"No server answers at {where} ({name}): {said}", fix
        case FailureKind.CONNECTION:
            return f"The connection to {where} broke off{times}: {said}", "Try again later."
        case FailureKind.SERVER_ERROR:
            return f"The server at {where} failed{times}: {said}", "Try again later."
        case _:
            return _bad_request(trouble, model, where, said)


def _authentication(trouble: Trouble, connection: Connection, said: str) -> tuple[str, str]:
    fix = "Check that the key is complete, not expired, and of this provider."
    has_key = bool(connection.api_key or any(connection.secrets.values()))
    if not has_key and not trouble.barred:
        return (
            f"The server at {place(connection)} asks for an API key and "
            f"{_name(connection)} has none: {said}",
            "Add a key to the connection.",
        )
    if trouble.barred:
        fix = "Ask the provider what this account, region or network may use, or use another."
        if not has_key:
            fix = "Add a key to the connection, if the server wants one."
        return f"The provider did not allow {_name(connection)} to ask: {said}", fix
    if AUTH_TOKEN in facts_of(connection.provider).secrets and token_of(connection):
        renew = Step.GIVE_TOKEN_AGAIN(connection=connection.id or 0)
        return f"The provider refused the token of {_name(connection)}: {said}", renew
    what = "API key" if connection.api_key or not has_key else "credentials"
    return f"The provider refused the {what} of {_name(connection)}: {said}", fix


def _bad_request(trouble: Trouble, model: str, where: str, said: str) -> tuple[str, str]:
    if trouble.no_images:
        fix = "Choose a model with vision; a server of your own may need its vision part."
        return f"The model “{model}” takes no pictures or files: {said}", fix
    if trouble.no_route:
        if trouble.status < 400 and trouble.said.rstrip("/").endswith("/chat/completions"):
            fix = "Give the connection the address it redirects to."
            return f"There is no chat completion at {where}: {said}", fix
        # 500 is what an error within a 200 goes by.
        http = (
            f" (HTTP {trouble.status})" if trouble.status >= 400 and trouble.status != 500 else ""
        )
        return f"There is no chat completion at {where}{http}: {said}", CHECK_THE_ENDPOINT
    fix = "Check the model and the parameters of the prompt version."
    return f"The server at {where} refused the request (HTTP {trouble.status}): {said}", fix
