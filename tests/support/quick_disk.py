"""Temporary folders of tests in memory, where there is room: no test waits for a disk.

A commit of ours is on disk before it is answered, which takes 3 ms; in memory it takes a
thirtieth of one. What a killed process leaves is the same: only a machine's end is another.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Bytes: what thousands of tests leave at a time is a tenth of that."""


def in_memory() -> None:
    """Make temporary folders in memory from now on, unless TMPDIR says where; called once."""
    if "TMPDIR" not in os.environ and _has_room():
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


def _has_room() -> bool:
    if not os.access(MEMORY, os.W_OK | os.X_OK):
        return False
    runs_programs = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    free = min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available // 2)
    return runs_programs and free >= ROOM
