"""Bring what the web pages use of npm's packages to where the server gives it out: `make assets`.

The pages ask for these names, so a package that moves its files is put right here alone. The
folder is made anew, all of it or nothing: without it every page still works, as plain HTML in the
system's fonts. `pip install .` calls the same (`packing.py`).
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess  # nosec B404  # no shell; each call says what it starts
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]
PACKAGES = Path("node_modules")
VENDOR = Path("ml_backend/web/ui/static/vendor")
WANTED = ("package.json", "package-lock.json", ".npmrc")
INSTALL = ("ci", "--ignore-scripts", "--omit=dev", "--loglevel=error")
SILENCE = ("--fetch-retries=1", "--fetch-timeout=30000")
"""A registry that never answers keeps nobody waiting for minutes."""

LONGEST = 300.0

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

OF_LOCK = "of-lock.txt"
"""Says in VENDOR which lock its files are of: those of an older one are brought anew."""


def is_complete(source: Path) -> bool:
    """Return whether VENDOR of a source tree has everything, and of the lock that stands there."""
    goal = source / VENDOR
    try:
        is_of_lock = (goal / OF_LOCK).read_text() == _lock(source)
    except OSError:
        return False
    return is_of_lock and all((goal / name).is_file() for name in FILES)


def bring(source: Path, npm: Sequence[str]) -> None:
    """Fill VENDOR by npm, beside whatever packages the tree has for its developers.

    Raises OSError, or subprocess.SubprocessError, when npm does not bring them.
    """
    with tempfile.TemporaryDirectory(prefix="page-assets-") as folder:
        for name in WANTED:
            shutil.copyfile(source / name, Path(folder, name))
        subprocess.run([*npm, *INSTALL, *SILENCE], cwd=folder, check=True, timeout=LONGEST)  # nosec B603  # npm, found on PATH
        copy(source, Path(folder, PACKAGES))


def copy(source: Path, packages: Path | None = None) -> None:
    """Fill VENDOR of a source tree from packages, its own PACKAGES unless said otherwise.

    FileNotFoundError names what they lack.
    """
    packages = packages or source / PACKAGES
    missing = [each for each in FILES.values() if not (packages / each).is_file()]
    if missing:
        raise FileNotFoundError(f"{packages} lacks {', '.join(missing)}")
    goal = source / VENDOR
    half_made = source / "build" / "page-assets"
    for old in (half_made, goal):
        shutil.rmtree(old, ignore_errors=True)
    half_made.mkdir(parents=True)
    goal.parent.mkdir(parents=True, exist_ok=True)
    for name, origin in FILES.items():
        # Without the packages' own dates: make tells by the date whether a copy is an old one.
        shutil.copyfile(packages / origin, half_made / name)
    (half_made / OF_LOCK).write_text(_lock(source))
    half_made.rename(goal)


def _lock(source: Path) -> str:
    """Return what tells one state of the lock, and of the files taken by it, from another."""
    lock = (source / "package-lock.json").read_bytes()
    return hashlib.sha256(lock + repr(sorted(FILES.items())).encode()).hexdigest()


def main() -> None:
    try:
        copy(SOURCE)
    except FileNotFoundError as error:
        sys.exit(f"{error}: npm ci --ignore-scripts brings it.")


if __name__ == "__main__":
    main()
