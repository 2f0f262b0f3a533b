"""Copy what the web pages use of npm's packages to where the server gives it out: `make assets`.

The pages ask for these names, so a package that moves its files is put right here alone. The
folder is made anew, all of it or nothing: without it every page still works, as plain HTML in the
system's fonts.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]
PACKAGES = Path("node_modules")
VENDOR = Path("ml_backend/web/ui/static/vendor")

FIGTREE = "@fontsource/figtree"
PLEX = "@fontsource/ibm-plex-mono"
FILES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx-LICENSE.txt": "htmx.org/LICENSE",
    "figtree-400.woff2": f"{FIGTREE}/files/figtree-latin-400-normal.woff2",
    "figtree-600.woff2": f"{FIGTREE}/files/figtree-latin-600-normal.woff2",
    "figtree-LICENSE.txt": f"{FIGTREE}/LICENSE",
    "ibm-plex-mono-400.woff2": f"{PLEX}/files/ibm-plex-mono-latin-400-normal.woff2",
    "ibm-plex-mono-LICENSE.txt": f"{PLEX}/LICENSE",
}
"""Name in VENDOR -> file in PACKAGES."""


def copy(source: Path) -> None:
    """Fill VENDOR of a source tree; FileNotFoundError names what its PACKAGES lack."""
    missing = [each for each in FILES.values() if not (source / PACKAGES / each).is_file()]
    if missing:
        raise FileNotFoundError(f"{source / PACKAGES} lacks {', '.join(missing)}")
    goal = source / VENDOR
    half_made = source / PACKAGES / ".half-made"
    for old in (half_made, goal):
        shutil.rmtree(old, ignore_errors=True)
    half_made.mkdir()
    goal.parent.mkdir(parents=True, exist_ok=True)
    for name, origin in FILES.items():
        # Without the packages' own dates: make tells by the date whether a copy is an old one.
        shutil.copyfile(source / PACKAGES / origin, half_made / name)
    half_made.rename(goal)


def main() -> None:
    try:
        copy(SOURCE)
    except FileNotFoundError as error:
        sys.exit(f"{error}: npm ci --ignore-scripts brings it.")


if __name__ == "__main__":
    main()
