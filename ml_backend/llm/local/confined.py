"""What the process of a local model is told of this machine, and what of it callers are told.

A native parser of files reads there: what it could be made to do shall find no keys. And its last
words name files, which are nobody's matter who calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

NAMES = frozenset(
    {
        *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR"),
        # Where it finds the engine that we found.
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME"),
        # Which of the machine's devices are its.
        *("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"),
        # Windows starts no Python without them.
        *("SYSTEMROOT", "USERPROFILE", "TEMP", "TMP"),
    }
)
FAMILIES = ("OMP_", "GGML_")
"""What these libraries are set by."""

# A path from the root on, "C:\\" as well; an address of the web has its // behind a colon.
_FOLDERS = re.compile(r"(?<![\w:/.\\~-])(?:[A-Za-z]:)?[/\\](?:[^\s/\\'\"]++[/\\])++")


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return of our environment what the process needs; a new variable is left out."""
    return {
        name: value
        for name, value in ours.items()
        if name.upper() in NAMES or name.startswith(FAMILIES)
    }


def without_places(words: str, file: Path) -> str:
    """Return words without the folders of the files they name, the model's first of all."""
    for path in (file, file.absolute(), file.resolve()):
        # As it is: what has a space in its name would be found in part by a pattern alone.
        for folder in (path.parent, *path.parent.parents):
            if len(folder.parts) > 1:
                words = words.replace(f"{folder}{_separator(folder)}", "")
                words = words.replace(str(folder), folder.name)
    return _FOLDERS.sub("", words)


def _separator(folder: Path) -> str:
    return "\\" if "\\" in str(folder) else "/"
