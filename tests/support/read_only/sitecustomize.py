"""Loaded by Python's start where this folder is on its path: nothing is written but where one may.

Stands in for a root file system that is read-only, which only a privileged user can make. WRITABLE
holds the folders that are not, joined as PATH is.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Any

WRITABLE = [os.path.realpath(each) for each in os.environ["WRITABLE"].split(os.pathsep)]
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = frozenset(
    {
        *("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.truncate"),
        *("os.chmod", "os.chown", "os.utime", "shutil.move", "shutil.rmtree", "sqlite3.connect"),
    }
)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        if not isinstance(flags, int) or not flags & WRITES:
            return
    elif event in CHANGES:
        path = arguments[0]
    else:
        return
    if not isinstance(path, str | bytes | os.PathLike):
        return  # an open file: it was asked about when it was opened
    place = os.path.realpath(os.fsdecode(path).removeprefix("file:").partition("?")[0])
    # A container's shared memory can be written to, and is no place for what we keep.
    is_device = place.startswith(("/dev/", "/proc/self/")) and not place.startswith("/dev/shm/")
    if place == "/dev" or is_device:
        return
    if not any(place == each or place.startswith(each + os.sep) for each in WRITABLE):
        raise OSError(errno.EROFS, "Read-only file system", place)


sys.addaudithook(_refuse)
