"""Jobs: work that goes on after its call was answered, held by one process at a time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.errors import NotFound
from ml_backend.records import Job, JobKind, JsonObject, Person, RunStatus
from ml_backend.store import tables as t
from ml_backend.store.claims import Claims
from ml_backend.store.database import Database, inserted_id
from ml_backend.store.people import person_column, read_person

_OPEN = (RunStatus.PENDING.value, RunStatus.IN_PROGRESS.value)


class JobStore:
    """Queries over jobs; who works on one names the fence it got with its claim."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._claims = Claims(database, t.jobs, takeable=t.jobs.c.status.in_(_OPEN))

    def create(
        self,
        kind: JobKind,
        request: JsonObject,
        *,
        created_by: Person | None,
        seconds: float,
        prompt_id: int | None = None,
        version_id: int | None = None,
        project_id: int | None = None,
    ) -> tuple[Job, int]:
        """Keep a job that this process holds for so long; return it and the fence."""
        with self._db.write() as c:
            job_id = inserted_id(
                c.execute(
                    sa.insert(t.jobs).values(
                        kind=kind.value,
                        prompt_id=prompt_id,
                        version_id=version_id,
                        project_id=project_id,
                        status=RunStatus.PENDING.value,
                        request=request,
                        created_by=person_column(created_by),
                        created_at=datetime.now(UTC),
                        fence=1,
                        lease_until=time.time() + seconds,
                    )
                )
            )
        return self.get(job_id), 1

    def get(self, job_id: int) -> Job:
        with self._db.read() as c:
            row = c.execute(sa.select(t.jobs).where(t.jobs.c.id == job_id)).first()
        if row is None:
            raise NotFound(f"There is no job {job_id}.", field="job")
        return _job(row)

    def search(
        self,
        *,
        kinds: Sequence[JobKind] = (),
        prompt_id: int | None = None,
        version_id: int | None = None,
        open_only: bool = False,
        limit: int = 100,
    ) -> list[Job]:
        """Return jobs, newest first."""
        j = t.jobs.c
        query = sa.select(t.jobs).order_by(j.id.desc()).limit(limit)
        if kinds:
            query = query.where(j.kind.in_([kind.value for kind in kinds]))
        if prompt_id is not None:
            query = query.where(j.prompt_id == prompt_id)
        if version_id is not None:
            query = query.where(j.version_id == version_id)
        if open_only:
            query = query.where(j.status.in_(_OPEN))
        with self._db.read() as c:
            return [_job(row) for row in c.execute(query)]

    def claimable(self) -> list[int]:
        """Return open jobs that no living process holds, oldest first."""
        return self._claims.claimable()

    def claim(self, job_id: int, seconds: float) -> int | None:
        """Take an open, unheld job; return the fence to work under, else None."""
        status = {"status": RunStatus.IN_PROGRESS.value}
        return self._claims.claim(job_id, seconds, lambda row: status)

    def renew(self, job_id: int, fence: int, seconds: float, /, **values: Any) -> bool:
        """Prolong the claim; False when another process took the job over."""
        return self._claims.renew(job_id, fence, seconds, **values)

    def release(self, job_id: int, fence: int, /) -> bool:
        """Leave an open job to others now; False when it was taken over before."""
        return self._claims.release(job_id, fence)

    def change(self, job_id: int, fence: int, **values: Any) -> bool:
        """Set columns under the fence; False when another process took the job over."""
        return self._claims.change(job_id, fence, values)

    def request_cancel(self, job_id: int) -> None:
        """Ask whoever works on an open job to end it with what there is."""
        j = t.jobs.c
        mine = (j.id == job_id, j.status.in_(_OPEN))
        with self._db.write() as c:
            c.execute(sa.update(t.jobs).where(*mine).values(cancel_requested=True))

    def is_canceled(self, job_id: int) -> bool:
        """Return whether somebody wants a job to end."""
        query = sa.select(t.jobs.c.cancel_requested).where(t.jobs.c.id == job_id)
        with self._db.read() as c:
            return bool(c.execute(query).scalar())

    def finish(
        self, job_id: int, fence: int, status: RunStatus, *, message: str, result: JsonObject
    ) -> bool:
        return self._claims.release(
            job_id,
            fence,
            status=status.value,
            message=message,
            result=result,
            completed_at=datetime.now(UTC),
        )


def _job(row: Any) -> Job:
    return Job(
        id=row.id,
        kind=JobKind(row.kind),
        prompt_id=row.prompt_id,
        version_id=row.version_id,
        project_id=row.project_id,
        status=RunStatus(row.status),
        request=row.request or {},
        result=row.result or {},
        message=row.message,
        created_by=read_person(row.created_by),
        created_at=row.created_at,
        completed_at=row.completed_at,
        cancel_requested=row.cancel_requested,
    )
