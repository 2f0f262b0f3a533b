"""Annotations known to be promotions, with a fingerprint of the result they were made with."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from ml_backend.store import tables as t
from ml_backend.store.database import Database, insert_ignoring

CONFIRMED = ""
"""Instead of a fingerprint: like no result, so that the annotation counts as a person's."""


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

    def confirm(self, project_id: int, annotation_id: int) -> None:
        """Remember that a person looked at an annotation and said it is right."""
        values = {"project_id": project_id, "fingerprint": CONFIRMED}
        p = t.promotions.c
        with self._db.write() as c:
            insert_ignoring(c, t.promotions, [{"annotation_id": annotation_id, **values}])
            c.execute(
                sa.update(t.promotions).where(p.annotation_id == annotation_id).values(**values)
            )

    def any(self, project_id: int) -> bool:
        """Return whether any of a project is known."""
        query = sa.select(sa.exists().where(t.promotions.c.project_id == project_id))
        with self._db.read() as c:
            return bool(c.execute(query).scalar())

    def find(self, project_id: int, annotation_id: int) -> str | None:
        """Return the fingerprint of one of a project's promotions, None for any other."""
        p = t.promotions.c
        query = sa.select(p.fingerprint).where(
            p.annotation_id == annotation_id, p.project_id == project_id
        )
        with self._db.read() as c:
            found = c.execute(query).scalar()
        return None if found is None else str(found)

    def fingerprints(self, project_id: int) -> dict[int, str]:
        """Return annotation id -> fingerprint of a project's promotions."""
        query = sa.select(t.promotions).where(t.promotions.c.project_id == project_id)
        with self._db.read() as c:
            return {row.annotation_id: row.fingerprint for row in c.execute(query)}
