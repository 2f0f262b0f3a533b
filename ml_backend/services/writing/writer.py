"""The one writer: every change to a Label Studio goes through a lease and a written intent.

Label Studio carries on with a call whose client died, and its import is not idempotent. So an
intent is committed before each call, confirmed on its reply, and while one is *unsettled* (sent,
unanswered, effect not yet seen) nothing else is written. See docs/design/publishing.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from ml_backend.errors import LabelStudioError, LabelStudioNotFound
from ml_backend.labelstudio import Annotation, LabelStudioClient
from ml_backend.records import JsonObject
from ml_backend.services.writing.lease import LEASE_SECONDS, Lease, holder_name
from ml_backend.services.writing.patience import Interrupted, Patience
from ml_backend.services.writing.patient_studio import Acting_co, PatientLabelStudio
from ml_backend.store import GIVEN_UP, Publication, Store

T = TypeVar("T")
Acting = TypeVar("Acting", bound=LabelStudioClient)
"""By whose token is written: the server's or a caller's."""

SETTLE_SECONDS = 60.0
PROMOTE_AT_ONCE = 2_000


class Writer(Generic[Acting]):
    """Hands out the right to write to one Label Studio, to one session at a time."""

    def __init__(
        self,
        store: Store,
        studio: Acting,
        *,
        settle_seconds: float = SETTLE_SECONDS,
        lease_seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._studio = studio
        self.settle_seconds = settle_seconds
        self.clock = clock
        """Tells how long ago a write was begun that nobody has seen the effect of."""
        self._lease_seconds = lease_seconds
        self.lease = f"writer:{studio.url}"

    def holder(self) -> str | None:
        """Return who writes now, None when nobody does."""
        return self._store.writing.holder(self.lease)

    @contextmanager
    def hold(
        self, patience: Patience, run_id: int | None = None
    ) -> Iterator[WriterSession[Acting]]:
        """Yield a session once no other writes and every earlier write is settled."""
        # Not between an intent and its sending: what waits too long there is not sent.
        self._studio.prepare_writes()
        with self._acquire(patience) as lease:
            session = WriterSession(self._store, self._studio, self, lease, patience, run_id)
            session.settle()
            yield session

    def _acquire(self, patience: Patience) -> Lease[str]:
        name = holder_name()
        said = False
        while True:
            since = time.monotonic()
            fence = self._store.writing.acquire(self.lease, name, self._lease_seconds)
            if fence is not None:
                if said:
                    patience.say("")
                seconds = self._lease_seconds
                return Lease(self._store.writing, self.lease, fence, seconds=seconds, since=since)
            patience.say("waiting for another run or command to finish writing")
            said = True
            patience.sleep(0.3)


class WriterSession(Generic[Acting_co]):
    """The right to write, held. Each method is one or more recorded writes.

    ``studio`` is what its holder reads by: the same Label Studio with the same token, patiently.
    An error with ``maybe_done`` leaves the write unsettled: the next write, or ``settle()``,
    first waits until its effect was read back or can no longer come.
    """

    def __init__(
        self,
        store: Store,
        studio: Acting_co,
        writer: Writer[Any],
        lease: Lease[str],
        patience: Patience,
        run_id: int | None,
    ) -> None:
        self.studio = PatientLabelStudio(studio, patience)
        self._store = store
        self._writes = studio
        self._writer = writer
        self._lease = lease
        self._patience = patience
        self._run_id = run_id

    def doubtful_seconds(self) -> float:
        """Return for how long yet a write that was given up on unseen, by whomever, could come."""
        given_up = self._store.writing.given_up_at(self.studio.url)
        return max(0.0, given_up + self._writer.settle_seconds - self._writer.clock())

    def import_predictions(
        self, project_id: int, label: str, rows: Sequence[JsonObject], watermark: int
    ) -> int:
        """Import predictions in one call; return how many Label Studio says it stored."""
        detail = {
            "tasks": [row["task"] for row in rows],
            "labels": sorted({row["model_version"] for row in rows}),
            "watermark": watermark,
        }
        return self._send(
            "import",
            project_id,
            label,
            detail,
            lambda: self._writes.import_predictions(project_id, rows),
        )

    def create_predictions(
        self, project_id: int, rows: Sequence[JsonObject], watermark: int
    ) -> None:
        """Create predictions one by one, which Label Studio does not check as it does imports."""
        for row in rows:
            detail = {
                "tasks": [row["task"]],
                "labels": [row["model_version"]],
                "watermark": watermark,
            }
            self._send(
                "import",
                project_id,
                row["model_version"],
                detail,
                lambda row=row: self._writes.create_prediction(row),  # type: ignore[misc]
            )

    def delete_label(self, project_id: int, label: str) -> int:
        """Delete every prediction under a model version; return how many there were."""
        return self._send(
            "delete_label",
            project_id,
            label,
            {},
            lambda: self._writes.delete_model_version(project_id, label),
        )

    def delete_predictions(
        self,
        project_id: int,
        prediction_ids: Sequence[int],
        progress: Callable[[int], None] = lambda done: None,
    ) -> int:
        """Delete predictions one by one; return how many were still there."""

        def call() -> int:
            removed = 0
            for done, prediction_id in enumerate(prediction_ids, 1):
                removed += self._writes.delete_prediction(prediction_id)
                progress(done)
            return removed

        detail = {"predictions": list(prediction_ids)}
        return self._send("delete_ids", project_id, "", detail, call) if prediction_ids else 0

    def promote(
        self,
        project_id: int,
        labels: Sequence[str],
        predictions: Mapping[int, int],
        progress: Callable[[int], None] = lambda done: None,
    ) -> int:
        """Create annotations from predictions of these labels; return how many.

        ``predictions`` are task -> the prediction that it has under them.
        """
        created, task_ids = 0, list(predictions)
        for start in range(0, len(task_ids), PROMOTE_AT_ONCE):
            chunk = task_ids[start : start + PROMOTE_AT_ONCE]
            created += self._send(
                "promote",
                project_id,
                ", ".join(labels),
                {"tasks": chunk, "predictions": [predictions[each] for each in chunk]},
                lambda chunk=chunk: self._writes.promote(project_id, labels, chunk),  # type: ignore[misc]
            )
            progress(start + len(chunk))
        return created

    def delete_annotations(
        self, project_id: int, annotations: Mapping[int, int], progress: Callable[[int], None]
    ) -> int:
        """Delete annotations one by one, id -> task; return how many were still there."""

        def call() -> int:
            removed = 0
            for done, annotation_id in enumerate(annotations, 1):
                removed += self._writes.delete_annotation(annotation_id)
                progress(done)
            return removed

        detail = {"annotations": list(annotations), "tasks": sorted(set(annotations.values()))}
        return self._send("delete_annotations", project_id, "", detail, call) if annotations else 0

    def repair_counters(self, project_id: int) -> None:
        """Let Label Studio count again; after deletes its counters are off."""
        self._send("counters", project_id, "", {}, lambda: self._writes.repair_counters(project_id))

    def set_model_version(self, project_id: int, label: str | None) -> None:
        """Choose which predictions the label stream shows."""
        self._send(
            "model_version",
            project_id,
            label or "",
            {},
            lambda: self._writes.set_model_version(project_id, label),
        )

    def settle(self) -> None:
        """Return once no write's effect can still be to come, by whoever it was sent."""
        for publication in self._store.writing.unsettled(self.studio.url):
            self._settle_one(publication)

    def _send(
        self, kind: str, project_id: int, label: str, detail: JsonObject, call: Callable[[], T]
    ) -> T:
        self.settle()
        publication_id = None
        began = time.monotonic()
        if self._lease.is_held():
            publication_id = self._store.writing.intend(
                self._writer.lease,
                self._lease.fence,
                label_studio_url=self.studio.url,
                project_id=project_id,
                run_id=self._run_id,
                kind=kind,
                label=label,
                detail=detail,
            )
        if publication_id is None:
            raise Interrupted("Another process took over the right to write.")
        sent = False

        def check() -> None:
            nonlocal sent
            # Asleep since the intent: another may have waited for this write and given it up.
            stale = not sent and time.monotonic() - began > 0.8 * self._writer.settle_seconds
            if stale or not self._lease.is_held():
                if not sent:
                    self._store.writing.confirm(publication_id, "never sent")
                raise Interrupted("This process lost the right to write while it stood still.")
            sent = True

        try:
            with self._writes.guarded(check):
                value = call()
        except LabelStudioError as error:
            if not error.maybe_done:
                self._store.writing.confirm(publication_id, f"refused: {error.message}")
            raise
        self._store.writing.confirm(publication_id)
        return value

    def _settle_one(self, publication: Publication) -> None:
        # Deletes by id are many calls of which one can be in flight, whatever all of them took.
        one_call = publication.kind not in ("delete_ids", "delete_annotations")
        slowest = (
            self._store.writing.slowest(self.studio.url, publication.kind) if one_call else 0.0
        )
        deadline = publication.started_at + max(self._writer.settle_seconds, 3 * slowest)
        while True:
            if self._is_seen(publication):
                self._store.writing.settle(publication.id, "effect seen")
                break
            left = deadline - self._writer.clock()
            if left <= 0:
                self._store.writing.settle(publication.id, GIVEN_UP)
                break
            self._patience.say(
                f"waiting up to {left:.0f} s for Label Studio to finish an interrupted write"
            )
            self._patience.sleep(min(1.0, left))
        self._patience.say("")

    def _is_seen(self, publication: Publication) -> bool:
        try:
            return self._is_done(publication)
        except LabelStudioNotFound:
            return True  # the project is gone, and with it whatever the write could change

    def _is_done(self, publication: Publication) -> bool:
        """Return whether the whole effect of a write stands in Label Studio."""
        detail: dict[str, Any] = publication.detail
        project_id = publication.project_id
        if publication.kind == "delete_label":
            return publication.label not in self.studio.model_versions(project_id)
        if publication.kind == "delete_ids":
            standing = {key.id for key in self.studio.prediction_keys(project_id)}
            return standing.isdisjoint(detail["predictions"])
        if publication.kind == "import":
            stored = {
                key.task_id
                for key in self.studio.prediction_keys(project_id)
                if key.id > detail["watermark"] and key.model_version in detail["labels"]
            }
            return stored.issuperset(detail["tasks"])
        if publication.kind == "promote" and detail.get("predictions"):
            made = {each.parent_prediction for each in self._annotations(project_id, detail)}
            return made.issuperset(detail["predictions"])
        if publication.kind == "delete_annotations":
            standing = {each.id for each in self._annotations(project_id, detail)}
            return standing.isdisjoint(detail["annotations"])
        return False

    def _annotations(self, project_id: int, detail: Mapping[str, Any]) -> Iterator[Annotation]:
        for task in self.studio.touched(project_id, detail["tasks"]):
            yield from task.annotations
