"""Erasing at once what is kept of a project, a task or a person, as whoever runs the server asks.

What Label Studio still has is left there, and may come back when it is asked about again.
"""

from __future__ import annotations

from dataclasses import dataclass

from ml_backend.errors import Conflict, NotFound
from ml_backend.next_steps import Step
from ml_backend.store import Store


@dataclass(frozen=True, slots=True)
class Erasing:
    """What is erased: one of them."""

    project_id: int | None = None
    task_id: int | None = None
    person: str = ""
    """An address, or a number."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How much of what is kept, or was erased."""

    counts: dict[str, int]
    unused_answers: int
    """Cached answers of the project that no run refers to: which task they are of is not known."""
    is_settled: bool = True
    """Whether the files hold no byte of it any more."""

    @property
    def is_empty(self) -> bool:
        return not (any(self.counts.values()) or self.unused_answers)


class Erasure:
    """Counts and erases."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def plan(self, wanted: Erasing) -> Erased:
        """Count what would be erased; raises NotFound when nothing is known of it."""
        return self._carry_out(wanted, dry_run=True)

    def execute(self, wanted: Erasing) -> Erased:
        """Erase it, and have no byte of it left; Conflict while a run or race works on it."""
        done = self._carry_out(wanted, dry_run=False)
        is_settled = self._store.erasing.settle(whole=True)
        return Erased(done.counts, done.unused_answers, is_settled)

    def _carry_out(self, wanted: Erasing, *, dry_run: bool) -> Erased:
        store, counts = self._store.erasing, dict[str, int]()
        if wanted.person:
            for number in self._people(wanted.person):
                _sum(counts, store.erase_person(number, dry_run=dry_run))
            return Erased(counts, 0)
        places, unused = self._places(wanted), 0
        for project_id, tasks in places:  # of all, before anything is erased
            self._refuse_open(project_id)
            self._refuse_kept(project_id, tasks)
        for project_id, tasks in places:
            if tasks is None:
                _sum(counts, store.erase_project(project_id, dry_run=dry_run))
            else:
                _sum(counts, store.erase_tasks(project_id, tasks, dry_run=dry_run))
            unused += store.erase_unused_answers(project_id, dry_run=dry_run)
        return Erased(counts, unused)

    def _places(self, wanted: Erasing) -> list[tuple[int, list[int] | None]]:
        """Return the projects, with the tasks of each, None for all."""
        if wanted.task_id is None:
            return [] if wanted.project_id is None else [(wanted.project_id, None)]
        projects = self._store.erasing.projects_of_task(wanted.task_id)
        if wanted.project_id is not None:
            projects = [wanted.project_id]
        if not projects:
            raise NotFound(f"Nothing is kept of task {wanted.task_id}.", field="task")
        return [(each, [wanted.task_id]) for each in projects]

    def _people(self, who: str) -> list[int]:
        known = self._store.erasing.people()
        number = int(who) if who.isdecimal() and len(who) < 10 else None
        found = [
            each
            for each, addresses in known.items()
            if each == number or who.strip().casefold() in addresses
        ]
        if not found:
            raise NotFound(
                f"Nothing is kept of a person {who!r}.",
                field="person",
                fix="Give the address or the number they have, or had, in Label Studio.",
            )
        return found

    def _refuse_open(self, project_id: int) -> None:
        runs = self._store.erasing.open_runs(project_id)
        if runs:
            numbers = ", ".join(map(str, runs))
            raise Conflict(
                f"Runs of project {project_id} are under way ({numbers}); nothing was erased.",
                fix=Step.CANCEL_RUNS(runs=numbers),
            )
        for job_id in self._store.erasing.open_races(project_id):
            job = self._store.jobs.get(job_id)
            prompt = self._store.prompts.find(job.prompt_id or 0)
            raise Conflict(
                f"A race of project {project_id} is under way (job {job_id}); nothing was erased.",
                fix=Step.CANCEL_RACE(prompt=prompt.title) if prompt else "Try again in a moment.",
            )

    def _refuse_kept(self, project_id: int, task_ids: list[int] | None) -> None:
        for sample in self._store.erasing.open_samples(project_id, task_ids):
            raise Conflict(
                f"Promise sample {sample} keeps predictions that belong into Label Studio; nothing "
                "was erased.",
                fix=Step.END_PROMISE(promise=sample),
            )


def _sum(counts: dict[str, int], more: dict[str, int]) -> None:
    for name, n in more.items():
        counts[name] = counts.get(name, 0) + n
