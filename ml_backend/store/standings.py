"""How prompts stand: how many versions and runs they have and how well they did."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import sqlalchemy as sa

from ml_backend.records import RunStatus, Slot
from ml_backend.store import tables as t
from ml_backend.store.database import Database


@dataclass(slots=True)
class Standing:
    """A prompt's counts; ``scores`` is the accuracy of each version's last evaluation."""

    versions: int = 0
    runs: int = 0
    scores: dict[int, float] = field(default_factory=dict)

    @property
    def best(self) -> float | None:
        return max(self.scores.values(), default=None)


class StandingStore:
    """Three short queries, however many prompts are asked about."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of_prompts(self, prompt_ids: Collection[int]) -> dict[int, Standing]:
        """Return prompt -> standing."""
        found = {prompt_id: Standing() for prompt_id in prompt_ids}
        v, r = t.versions.c, t.runs.c
        evaluated = sa.select(r.prompt_id, r.version_id, r.metrics).where(
            r.prompt_id.in_(found),
            r.slot == Slot.EVALUATE.value,
            r.status == RunStatus.COMPLETED.value,
        )
        with self._db.read() as c:
            for column, name in ((v.prompt_id, "versions"), (r.prompt_id, "runs")):
                counts = sa.select(column, sa.func.count()).where(column.in_(found))
                for prompt_id, count in c.execute(counts.group_by(column)):
                    setattr(found[prompt_id], name, count)
            for row in c.execute(evaluated.order_by(r.id)):
                accuracy = (row.metrics or {}).get("overall", {}).get("accuracy")
                if accuracy is not None:
                    found[row.prompt_id].scores[row.version_id] = float(accuracy)
        return found

    def of_prompt(self, prompt_id: int) -> Standing:
        return self.of_prompts([prompt_id])[prompt_id]
