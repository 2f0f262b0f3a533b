"""Which folder holds our data where ``DATA_DIR`` names none: one and the same wherever one stands.

Earlier versions kept it in ``./data``, the folder of whoever called. Where such a one stands it
goes on being used; what is found there and in the user's own folder at once nobody can choose
between but the person, so it is refused.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import platformdirs

from ml_backend.errors import InvalidInput

APP = "prompts-for-label-studio"
DATABASE = "prompts.db"
SECRET_KEY = "secret_key"  # noqa: S105  # nosec B105  # the name of a file


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
