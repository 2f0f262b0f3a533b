"""Work that may outlast the call that asked for it: begun at once, waited for a while, kept.

A job is a row in the store, so that any process can say how it stands. The process that was asked
holds it from its first moment and offers it to its engine; when that process dies, another takes
the job over, unless it needs the caller's own token, which is nowhere kept: then it ends as Failed
and says so.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cachetools import FIFOCache

from ml_backend.acting import Actor, acting, acting_as
from ml_backend.errors import PromptsError
from ml_backend.labelstudio import CallerLabelStudio
from ml_backend.records import Job, JobKind, JsonObject, Person, RunStatus
from ml_backend.services.writing.lease import LEASE_SECONDS, Lease
from ml_backend.services.writing.patience import Interrupted, Patience
from ml_backend.store import Store

log = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
GIVE_UP_AFTER = 120.0
"""Seconds a job waits for a Label Studio that is away."""

WAITING_AT_ONCE = 2
"""Calls that wait for a job's end; the threads that answer are few."""

KEPT_ENDS = 1000
"""Jobs of this process whose end somebody may still wait for."""


@dataclass(frozen=True, slots=True)
class Work:
    """A job under way, as its handler gets it."""

    job: Job
    studio: CallerLabelStudio | None
    """The client of who called, None when the job goes on after a restart."""
    patience: Patience
    show: Callable[[JsonObject], None] = field(default=lambda result: None)
    """Keeps how it stands, for whoever looks at the job while it goes on."""

    def progress(self, done: int, total: int) -> None:
        """Show how far it is."""
        self.patience.say(f"{done} of {total}")


class CanceledWork(Exception):
    """Raised by a handler that ends because somebody wants it to, with what it has."""

    def __init__(self, result: JsonObject) -> None:
        super().__init__("canceled")
        self.result = result


@dataclass(slots=True)
class _End:
    """The end of a job, and what it failed with, for those who wait for it."""

    came: threading.Event = field(default_factory=threading.Event)
    error: PromptsError | None = None


Handler = Callable[[Work], JsonObject]


class Jobs:
    """Keeps, does and watches jobs; what they do is their handlers'.

    ``offer`` tells the engine of a new one: it calls ``do_job``, here or wherever it finds it open.
    """

    def __init__(
        self,
        store: Store,
        handlers: Mapping[JobKind, Handler],
        offer: Callable[[int], None],
        *,
        shutdown: threading.Event | None = None,
    ) -> None:
        self._store = store
        self._handlers = handlers
        self._offer = offer
        self._held: dict[int, tuple[int, float]] = {}
        """Job kept here -> its fence, and since when by the monotonic clock."""
        self._studios: dict[int, CallerLabelStudio] = {}
        self._actors: dict[int, Actor] = {}
        """Who asked for a job kept here, and by which face."""
        self._ends: FIFOCache[int, _End] = FIFOCache(KEPT_ENDS)
        self._ends_lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(WAITING_AT_ONCE)
        self.shutdown = shutdown or threading.Event()

    def submit(
        self,
        kind: JobKind,
        request: JsonObject,
        *,
        created_by: Person | None,
        prompt_id: int | None = None,
        version_id: int | None = None,
        project_id: int | None = None,
        studio: CallerLabelStudio | None = None,
    ) -> Job:
        """Keep a job and begin it; ``studio`` is closed at its end."""
        since = time.monotonic()
        job, fence = self._store.jobs.create(
            kind,
            request,
            created_by=created_by,
            seconds=LEASE_SECONDS,
            prompt_id=prompt_id,
            version_id=version_id,
            project_id=project_id,
        )
        if studio is not None:
            self._studios[job.id] = studio
        if created_by is not None:
            self._actors[job.id] = replace(acting(), person=created_by)
        with self._ends_lock:
            self._ends[job.id] = _End()
        self._held[job.id] = (fence, since)
        self._offer(job.id)
        return job

    def wait(self, job: Job, seconds: float) -> Job:
        """Return the job once it ended or time is up; raises what it failed with.

        When many calls wait already, this one does not.
        """
        end = self._end_of(job.id)
        if end is not None and self._waiting.acquire(blocking=False):
            try:
                end.came.wait(seconds)
            finally:
                self._waiting.release()
        job = self._store.jobs.get(job.id)
        if end is None or not job.status.is_final:
            return job
        with self._ends_lock:
            self._ends.pop(job.id, None)
        if end.error is not None:
            raise end.error
        return job

    def _end_of(self, job_id: int) -> _End | None:
        with self._ends_lock:
            return self._ends.get(job_id)

    def do_job(self, job_id: int) -> None:
        """Do a job kept here, or take an open one over; nothing when another process holds it."""
        studio = self._studios.pop(job_id, None)
        fence, since = self._held.pop(job_id, None) or (None, time.monotonic())
        try:
            if fence is None:
                fence = self._store.jobs.claim(job_id, LEASE_SECONDS)
            if fence is not None:
                with JobLease(self._store, job_id, fence, self.shutdown, since=since) as lease:
                    self._execute(job_id, studio, lease)
        finally:
            if studio is not None:
                studio.close()
            end = self._end_of(job_id)
            if end is not None:
                end.came.set()

    def _execute(self, job_id: int, studio: CallerLabelStudio | None, lease: JobLease) -> None:
        patience = Patience(lease.say, lease.over, give_up_after=GIVE_UP_AFTER)
        try:
            status, message, result = self._do(job_id, studio, patience, lease.show)
        except Interrupted:
            return  # the end of the lease leaves it to others
        if not lease.is_held():
            return
        lease.end()
        self._store.jobs.finish(job_id, lease.fence, status, message=message, result=result)

    def _do(
        self,
        job_id: int,
        studio: CallerLabelStudio | None,
        patience: Patience,
        show: Callable[[JsonObject], None],
    ) -> tuple[RunStatus, str, JsonObject]:
        job = self._store.jobs.get(job_id)
        actor = self._actors.pop(job_id, None) or Actor("server", job.created_by)
        try:
            with acting_as(actor):
                result = self._handlers[job.kind](Work(job, studio, patience, show))
        except Interrupted:
            raise
        except CanceledWork as ended:
            return RunStatus.CANCELED, "", ended.result
        except PromptsError as error:
            self._keep(job_id, error)
            return RunStatus.FAILED, str(error), {}
        except Exception:  # the job must end with a word to its owner, whatever went wrong
            log.exception("job %s failed unexpectedly", job_id)
            unexpected = PromptsError("An unexpected error.", fix="The server's log has it.")
            self._keep(job_id, unexpected)
            return RunStatus.FAILED, str(unexpected), {}
        return RunStatus.COMPLETED, "", result

    def _keep(self, job_id: int, error: PromptsError) -> None:
        end = self._end_of(job_id)
        if end is not None:
            end.error = error


class JobLease(Lease[int]):
    """The lease of a job: shows its message every other second."""

    def __init__(
        self, store: Store, job_id: int, fence: int, shutdown: threading.Event, *, since: float
    ) -> None:
        super().__init__(
            store.jobs, job_id, fence, shutdown=shutdown, every=BEAT_SECONDS, since=since
        )
        self._message = ""
        self._shown: JsonObject | None = None

    def show(self, result: JsonObject) -> None:
        self._shown = result

    def say(self, message: str) -> None:
        self._message = message

    def columns(self) -> JsonObject:
        shown = {} if self._shown is None else {"result": self._shown}
        return {"message": self._message, **shown}
