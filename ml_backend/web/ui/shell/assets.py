"""Style, script and fonts: read once, served compressed under names that change with the content.

What npm brings lies in ``static/vendor`` (``make assets``); what is missing there the pages do
without. ``styles`` are joined to one sheet in the order of their names.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, abort, request

from ml_backend.services.health.page_assets import VENDOR

STATIC = Path(__file__).parent.parent / "static"
KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
YEAR = 31_536_000
FONTS = (
    ("Figtree", 400, "figtree-400.woff2"),
    ("Figtree", 500, "figtree-600.woff2"),
    ("IBM Plex Mono", 400, "ibm-plex-mono-400.woff2"),
)
"""Label Studio's weight 500 is the SemiBold file."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent; ``packed`` is gzip, None where that saves nothing."""

    url: str
    content: bytes
    packed: bytes | None
    kind: str


class Assets:
    """All files by name; one that is not there has no URL."""

    def __init__(self) -> None:
        self._files: dict[str, Asset] = {}
        for path in (*sorted(VENDOR.glob("*")), STATIC / "app.js", STATIC / "icon.svg"):
            if path.suffix in KINDS and path.is_file():
                self._add(path.name, path.read_bytes(), path.suffix)
        self._add("app.css", self._style(), ".css")

    def url(self, name: str) -> str | None:
        """Return where a file is served, None when it is not there."""
        found = self._files.get(name)
        return found.url if found else None

    def find(self, name: str) -> Asset | None:
        return self._files.get(name)

    def _style(self) -> bytes:
        faces = "".join(
            f'@font-face{{font-family:"{family}";font-weight:{weight};font-display:swap;'
            f'src:url("{self._files[name].url}") format("woff2")}}'
            for family, weight, name in FONTS
            if name in self._files
        )
        sheets = [path.read_text(encoding="utf-8") for path in sorted(STATIC.glob("styles/*.css"))]
        return "\n".join([faces, *sheets]).encode()

    def _add(self, name: str, content: bytes, suffix: str) -> None:
        digest = hashlib.sha256(content).hexdigest()[:12]
        packed = None if suffix == ".woff2" else _packed(content)
        url = f"/ui/static/{digest}/{name}"
        self._files[name] = Asset(url, content, packed, KINDS[suffix])


@lru_cache(maxsize=32)
def _packed(content: bytes) -> bytes:
    """Pack once a process, however many apps it makes."""
    return gzip.compress(content, mtime=0)


def register(app: Flask) -> None:
    """Serve the files, to anybody: they say nothing of anybody."""
    files = Assets()
    app.jinja_env.globals["asset"] = files.url

    @app.get("/ui/static/<digest>/<name>")
    def ui_asset(digest: str, name: str) -> Response:
        found = files.find(name)
        if found is None or found.url != f"/ui/static/{digest}/{name}":
            abort(404)
        accepts = "gzip" in request.headers.get("Accept-Encoding", "")
        use_packed = found.packed is not None and accepts
        response = Response(found.packed if use_packed else found.content, mimetype=found.kind)
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if use_packed:
            response.headers["Content-Encoding"] = "gzip"
        return response
