"""Tests of a module that share what takes its time to make go to one worker, as their mark says.

xdist 3.8 adds a test's group to its name where pytest 9.2 does not look any more: by itself
`--dist loadgroup` groups nothing then, and each worker makes everything again. Here the module's
name tells.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

MARK = re.compile(r"""^pytestmark = .*?xdist_group\("([^"]+)"\)""", re.MULTILINE | re.DOTALL)


@cache
def group_of(module: Path) -> str:
    """Return the group that all tests of a module are in, "" where there is none."""
    found = MARK.search(module.read_text(encoding="utf-8"))
    return found[1] if found else ""


def scheduler(config: Any, log: Any) -> Any:
    """Return xdist's scheduler by groups, which it asks for before the tests are dealt out."""
    from xdist.scheduler import LoadGroupScheduling  # only where tests run in several processes

    class ByModule(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(config.rootpath / nodeid.partition("::")[0]) or nodeid

    return ByModule(config, log)
