"""Annotations known to be promotions, with a fingerprint of the result they were made with."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from ml_backend.store import tables as t
from ml_backend.store.database import Database, insert_ignoring


class PromotionStore:
    """Queries over promotions; Label Studio forgets them when their prediction is deleted."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, project_id: int, fingerprints: Mapping[int, str]) -> None:
        """Remember annotations by id; one already known keeps its first fingerprint."""
        rows = [
            {"annotation_id": annotation_id, "project_id": project_id, "fingerprint": fingerprint}
            for annotation_id, fingerprint in fingerprints.items()
        ]
        with self._db.write() as c:
            insert_ignoring(c, t.promotions, rows)

    def fingerprints(self, project_id: int) -> dict[int, str]:
        """Return annotation id -> fingerprint of a project's promotions."""
        query = sa.select(t.promotions).where(t.promotions.c.project_id == project_id)
        with self._db.read() as c:
            return {row.annotation_id: row.fingerprint for row in c.execute(query)}
