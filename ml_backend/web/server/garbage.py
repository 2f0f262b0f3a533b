"""Looking for garbage, where most of what there is lives as long as the process.

Python looks through everything ever so often: a tenth of a second and more in which no request
and no answer gets on, and a tenth of the CPU of a run.
"""

from __future__ import annotations

import gc

YOUNG = 10_000
"""New objects between two looks; Python's 700 are a few tasks' worth."""


def spare_what_lasts() -> None:
    """Leave all that a worker has loaded out of every later look."""
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
