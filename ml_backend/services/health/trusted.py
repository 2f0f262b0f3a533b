"""Which certificates are trusted beside the usual ones, and whether their files can be read."""

from __future__ import annotations

from ml_backend.certificates import named, tls_context
from ml_backend.errors import PromptsError


def say_trusted() -> tuple[bool, str, str]:
    """Return whether all is well, what is to be said of it, and what to do."""
    try:
        tls_context()
    except PromptsError as error:
        return False, error.message, error.fix
    places = ", ".join(f"{name}={path}" for name, path in named())
    return True, f"Trusted beside the usual authorities: {places}.", ""
