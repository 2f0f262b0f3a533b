"""The folder that holds our data: which one, and that it is open to nobody but its owner.

Where ``DATA_DIR`` names none it is one and the same wherever one stands.
Earlier versions kept it in ``./data``, the folder of whoever called. Where such a one stands it
goes on being used; what is found there and in the user's own folder at once nobody can choose
between but the person, so it is refused.
"""

from __future__ import annotations

import logging
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import platformdirs

from ml_backend.errors import InvalidInput

log = logging.getLogger(__name__)

APP = "prompts-for-label-studio"
DATABASE = "prompts.db"
SECRET_KEY = "secret_key"  # noqa: S105  # nosec B105  # the name of a file


OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A folder; one that was ``found_here`` is ``./data``, of an earlier version."""

    path: Path
    found_here: bool = False


def own_folder() -> Path:
    """Return the folder that this system gives a user's programs for their data."""
    return Path(platformdirs.user_data_dir(APP, appauthor=False)).absolute()


def choose(here: Path | None, own: Path, *, sign: str = DATABASE) -> DataFolder:
    """Return the folder to use; ``sign`` is the file by which one of ours is known.

    Raises InvalidInput, naming both, when there is one in ``here`` and one in ``own``.
    """
    local = here / "data" if here is not None else None
    if local is None or not os.path.isfile(local / sign):
        return DataFolder(own)
    if not os.path.isfile(own / sign) or os.path.samefile(local, own):
        return DataFolder(local, found_here=True)
    raise InvalidInput(
        f"There are two data folders: {_described(local, sign)} and {_described(own, sign)}.",
        field="DATA_DIR",
        fix=f"Say which one holds your prompts: DATA_DIR={local} or DATA_DIR={own}. Or move "
        "the other one away; nothing in them was touched.",
    )


def current_folder() -> Path | None:
    """Return where one stands, None where that folder is gone."""
    try:
        return Path.cwd()
    except OSError:
        return None


def _described(folder: Path, sign: str) -> str:
    """Return a folder with the time of its last change, by which people tell theirs."""
    files = (folder / sign, folder / f"{sign}-wal")
    last = max(os.path.getmtime(each) for each in files if os.path.isfile(each))
    return f"{folder} (last written {datetime.fromtimestamp(last):%Y-%m-%d %H:%M})"


def prepare(folder: Path) -> None:
    """Make a data folder, or one that stands there, its owner's alone.

    Raises InvalidInput when it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / f".write-{secrets.token_hex(4)}"
        probe.touch(0o600)
        probe.unlink()
    except OSError as error:
        raise InvalidInput(
            f"DATA_DIR {folder} cannot be written: {error.strerror}.",
            field="DATA_DIR",
            fix="Point DATA_DIR at a folder this user may write.",
        ) from error
    close_to_others(folder)


def close_to_others(folder: Path) -> None:
    """Take from group and others what they may do with a folder and all in it: 0700 and 0600.

    What another user owns is left as it is (a volume of a container): ``open_to_others`` finds it.
    """
    for path, mode in _open_paths(folder):
        try:
            os.chmod(path, mode & ~OPEN_TO_OTHERS)
        except OSError as error:
            log.debug("%s stays open to others: %s", path, error)


def open_to_others(folder: Path) -> list[Path]:
    """Return what of a data folder others of this machine may read, write or enter."""
    return [path for path, _ in _open_paths(folder)]


def _open_paths(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield what is open with its permissions; links lead elsewhere and are not followed."""
    if _is_everybodys(folder):
        beside = f"{SECRET_KEY}*", f".{SECRET_KEY}*", f"{DATABASE}*"
        found = [path for name in beside for path in folder.glob(name)]
    else:
        found = [folder]
        for parent, folders, files in os.walk(folder):
            found += [Path(parent, name) for name in (*folders, *files)]
    for path in found:
        try:
            mode = path.lstat().st_mode
        except OSError:
            continue
        if mode & OPEN_TO_OTHERS and (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            yield path, stat.S_IMODE(mode)


def _is_everybodys(folder: Path) -> bool:
    """Return whether a folder holds more than our data: then only files of our names are ours."""
    try:
        mode = folder.stat().st_mode
    except OSError:
        return True
    return bool(mode & stat.S_ISVTX) or folder in (Path(folder.anchor), _home())


def _home() -> Path | None:
    """Return the user's own folder, None of a user without a name, as containers have them."""
    try:
        return Path.home()
    except RuntimeError:
        return None
