"""Whether the web pages have their script and fonts, which npm brings at installation."""

from __future__ import annotations

from pathlib import Path

import ml_backend

VENDOR = Path(ml_backend.__file__).parent / "web/ui/static/vendor"
SCRIPT = "htmx.min.js"
FONTS = ("figtree-400.woff2", "figtree-600.woff2", "ibm-plex-mono-400.woff2")


def lacking(vendor: Path = VENDOR) -> str:
    """Return what pages do without, as a sentence; empty when all of it is there."""
    if not (vendor / SCRIPT).is_file():
        return "Plain ones: script and fonts are missing, so nothing on a page moves by itself."
    if not all((vendor / name).is_file() for name in FONTS):
        return "Their fonts are missing: they are in the system's own."
    return ""
