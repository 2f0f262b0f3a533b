"""Tasks held out from teachers: a refined version is scored on these, so that nothing flatters it.

Which they are depends on the task's id and a salt of the project and prompt, and never changes.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from ml_backend.store import Store

SHARE = 0.3
NEAR_ENOUGH = 0.05
TRIES = 200


@dataclass(frozen=True, slots=True)
class HoldoutSplit:
    """Which tasks are held out; all of them without a salt."""

    salt: str

    def holds_out(self, task_id: int) -> bool:
        if not self.salt:
            return True
        digest = hashlib.sha256(f"{self.salt}:{task_id}".encode()).digest()
        return int.from_bytes(digest[:8], "big") < SHARE * 2**64


def split_of(
    store: Store, project_id: int, prompt_id: int, ground_truth: Collection[int]
) -> HoldoutSplit:
    """Return the split of a project for a prompt, made the first time.

    The salt is drawn so that some of the ground truth there is then is held out, and some is not,
    as near to ``SHARE`` as can be. A single task cannot be split: it is held out.
    """
    salt = store.splits.find(project_id, prompt_id)
    if salt is None:
        if len(ground_truth) < 2:
            return HoldoutSplit("")
        salt = store.splits.keep(project_id, prompt_id, _draw(ground_truth))
    return HoldoutSplit(salt)


def _draw(task_ids: Collection[int]) -> str:
    best, distance = "", 2.0
    for _ in range(TRIES):
        salt = secrets.token_hex(16)
        held = sum(HoldoutSplit(salt).holds_out(task_id) for task_id in task_ids)
        if not 0 < held < len(task_ids):
            continue
        off = abs(held / len(task_ids) - SHARE)
        if off < distance:
            best, distance = salt, off
        if distance <= NEAR_ENOUGH:
            break
    return best or secrets.token_hex(16)
