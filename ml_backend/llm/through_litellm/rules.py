"""Which vendor a call goes to, and that a connection opens it by nothing but its own key.

LiteLLM takes what it is not given from wherever it finds it: keys and addresses from variables of
the server, credentials from files and from the cloud it runs in. So whom it may ask is a list:
vendors of which it was seen to take the key that it is given, at addresses of their own. All others
are asked where the operator says that the environment is there for it (``LITELLM_ENVIRONMENT``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ml_backend.llm.explanations import bad_setting
from ml_backend.llm.reach import Reach
from ml_backend.llm.refusals.judging import Cure, Trouble
from ml_backend.llm.through_litellm import WHOSE_KEY
from ml_backend.llm.wire.troubles import CallFailed
from ml_backend.records import Connection, FailureKind

VENDORS: Mapping[str, str] = {
    "anthropic": "anthropic",
    "bedrock": "aws",
    "cerebras": "cerebras",
    "cohere_chat": "cohere",
    "deepinfra": "",
    "deepseek": "deepseek",
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "groq": "groq",
    "hyperbolic": "",
    "mistral": "mistral",
    "moonshot": "moonshotai",
    "nebius": "",
    "novita": "novita",
    "nvidia_nim": "",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "sambanova": "",
    "together_ai": "together",
    "xai": "x-ai",
}
"""Vendors by LiteLLM's prefix, with their names in ``genai-prices``; "" is none there."""
SERVERS = frozenset({"azure_ai", "custom_openai", "databricks", "hosted_vllm", "lm_studio"})
"""Those that have no address of their own: a connection names it."""
OWN_ADDRESS = {"openai": "https://api.openai.com/v1"}
"""Given where a connection has no endpoint: OPENAI_BASE_URL is of another connection."""
POINTS_ELSEWHERE = ("os.environ/", "oidc/")
"""How LiteLLM writes what is to be read from a variable, a file or a cloud."""
NAME = re.compile(r"[\w.:+-]+(?:/[\w.:+-]+)*", re.ASCII)
ANY_NAME = re.compile(r"[\w.:+@-]+(?:/[\w.:+@-]+)*", re.ASCII)
OWN_HOSTS = (".amazonaws.com",)
"""Regions of a vendor: an endpoint there is still the vendor's own."""


@dataclass(frozen=True, slots=True)
class Target:
    """A model as LiteLLM names it."""

    vendor: str
    model: str

    @property
    def name(self) -> str:
        return f"{self.vendor}/{self.model}"


def target_of(connection: Connection, model: str) -> Target:
    """Return vendor and model of a name; a connection's ``deployment`` names its one vendor."""
    vendor = connection.deployment.strip().strip("/")
    if vendor:
        return Target(vendor, model.removeprefix(f"{vendor}/"))
    first, slash, rest = model.partition("/")
    return Target(first, rest) if slash else Target("", model)


def is_vendors_own(connection: Connection) -> bool:
    """Return whether a connection asks vendors at addresses of their own."""
    host = urlsplit(connection.endpoint).hostname or ""
    return not connection.endpoint or host.endswith(OWN_HOSTS)


def check_setting(connection: Connection) -> None:
    """Raise ``RunStopper`` for what LiteLLM would read from a file or the environment."""
    values = (connection.api_key, connection.endpoint, connection.deployment)
    if any(value.strip().startswith(POINTS_ELSEWHERE) for value in values):
        raise bad_setting(
            connection,
            "it points to a variable or file of the server.",
            "Give the key itself.",
        )


class Rules:
    """Says what one connection may ask.

    A key is one vendor's: where the connection names none, it is the first that answered, and the
    key goes to no other then, whatever a version says. ``memory`` is kept by the caller.
    """

    def __init__(
        self, connection: Connection, reach: Reach, memory: MutableMapping[str, str]
    ) -> None:
        self._connection = connection
        self._reach = reach
        self._memory = memory
        digest = hashlib.sha256(connection.api_key.encode()).hexdigest()[:10]
        self._place = f"{WHOSE_KEY}{connection.id}:{digest}"

    def target(self, model: str) -> Target:
        """Return whom a model's name leads to; raises ``CallFailed`` for whom it may not."""
        found = target_of(self._connection, model)
        known = ANY_NAME if self._reach.environment else NAME
        is_name = known.fullmatch(found.model) and not set(found.model.split("/")) & {".", ".."}
        if not found.vendor or not is_name:
            raise _not_found(
                f"{model[:60]!r} is no model of LiteLLM",
                "Name it with its vendor, as openrouter/meta-llama/llama-3.3-70b-instruct.",
            )
        if not self._reach.environment:
            self._require_keyed(found)
        bound = self._memory.get(self._place, "")
        if bound and bound != found.vendor and self._connection.api_key:
            raise _not_found(
                f"The key of this connection is one of {bound}, and {found.vendor} has no part in "
                "it",
                "Make a connection for each vendor.",
            )
        return found

    def answered(self, target: Target) -> None:
        """Note that a vendor takes the connection's key."""
        if self._connection.api_key and self._memory.get(self._place) != target.vendor:
            self._memory[self._place] = target.vendor

    def _require_keyed(self, target: Target) -> None:
        if target.vendor in SERVERS:
            if not self._connection.endpoint:
                raise _not_found(
                    f"{target.vendor} has no address of its own", "Give the connection an endpoint."
                )
        elif target.vendor not in VENDORS:
            raise _not_found(
                f"Models of {target.vendor[:40]!r} are opened by what the server's environment "
                "holds, or were not tried with a key alone",
                "Whoever runs the server sets LITELLM_ENVIRONMENT=true, and the owner of the "
                f"organization makes the connection; with a key alone: {', '.join(VENDORS)}.",
            )
        if not self._connection.api_key:
            raise CallFailed(
                Trouble(
                    Cure.STOP,
                    FailureKind.AUTHENTICATION,
                    f"{target.vendor} is asked with a key, and the connection has none",
                    fix="Add a key to the connection.",
                )
            )


class _Anew(dict[str, str]):
    """What is learnt meanwhile; whose a key is stays as it is known, and is kept."""

    def __init__(self, kept: MutableMapping[str, str]) -> None:
        super().__init__({key: kept[key] for key in kept if key.startswith(WHOSE_KEY)})
        self._kept = kept

    def __setitem__(self, key: str, form: str) -> None:
        super().__setitem__(key, form)
        if key.startswith(WHOSE_KEY):
            self._kept[key] = form


def forms_anew(memory: MutableMapping[str, str]) -> MutableMapping[str, str]:
    """Return what a model is measured with: forms are learnt anew, and a key stays its vendor's."""
    return _Anew(memory)


def _not_found(said: str, fix: str) -> CallFailed:
    return CallFailed(Trouble(Cure.STOP, FailureKind.MODEL_NOT_FOUND, said, fix=fix))
