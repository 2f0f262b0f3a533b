"""Which certificates are trusted beside the usual ones, and whether their files can be read."""

from __future__ import annotations

from ml_backend.certificates import named, passed_over
from ml_backend.errors import PromptsError

SHOWN = 5


def say_trusted() -> tuple[bool, str, str]:
    """Return whether all is well, what is to be said of it, and what to do."""
    try:
        passed = passed_over()
    except PromptsError as error:
        return False, error.message, error.fix
    places = ", ".join(f"{name}={path}" for name, path in named())
    said = f"Trusted beside the usual authorities: {places}."
    if passed:
        more = f" and {len(passed) - SHOWN} more" if len(passed) > SHOWN else ""
        said += f" Passed over: {', '.join(passed[:SHOWN])}{more}."
    return True, said, ""
