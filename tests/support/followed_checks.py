"""A prompt that follows a project and accepts by a promise, and people who answer its checks."""

from __future__ import annotations

import sqlalchemy as sa

from ml_backend.records.follow_checks import FollowedTask, FollowGuard
from ml_backend.services.events.follow import AcceptBy
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.store import tables as t
from support.annotating import submit
from support.house import House
from support.promises import draw, label, patience, predict, tasks_of, topic

BY = AcceptBy(0.5, 0.9)


class Checked:
    """New tasks are predicted as a follow's run does it, with the scores a test says."""

    def __init__(self, house: House, *, start: bool = True, title: str = "P") -> None:
        self.house, self.container = house, house.container
        self.store = house.container.store
        self.checks = house.container.follow_checks
        self.project, self.tasks = house.project(14)
        self.prompt, self.version = house.prompt(self.project, title)
        scores = {task: 0.5 + n / 100 for n, task in enumerate(self.tasks)}
        predict(house, self.prompt, self.version, self.project, scores)
        self.sample = draw(house, self.project, self.prompt, self.version, size=8)
        label(house, tasks_of(house, self.sample))
        house.container.promise_samples.open(self.sample, patience())
        if start:
            self.start()

    def start(self, by: AcceptBy = BY) -> FollowGuard:
        project = self.container.studio.get_project(self.project)
        self.container.follow.start(self.prompt, project, None, by)
        return self.guard()

    def guard(self) -> FollowGuard:
        found = self.checks.find(self.prompt.id, self.project)
        assert found is not None
        return found

    def imports(self, count: int, score: float | None = 0.9, said: str = "A") -> list[int]:
        """Have tasks come in and be predicted by a run of the follow."""
        rows = [{"data": {"text": f"new {n}"}} for n in range(count)]
        ids = self.container.studio.import_tasks(self.project, rows)
        project = self.container.studio.get_project(self.project)
        asked = RunRequest(only_missing=True, follow=True)
        run = self.container.runs.start(self.prompt, self.version, project, asked)
        predict(
            self.house, self.prompt, self.version, self.project, dict.fromkeys(ids, score), said
        )
        with self.store.database.write() as c:
            mine = t.runs.c.id == run.id
            c.execute(
                sa.update(t.runs)
                .where(mine)
                .values(status="Completed", completed_at=sa.func.current_timestamp())
            )
        return ids

    def look(self) -> FollowGuard:
        """Have the server look at it, as if an event had told of something."""
        with self.store.database.write() as c:
            c.execute(sa.update(t.follow_guards).values(due_at=0.0))
        self.checks.work()
        return self.guard()

    def decided(self) -> list[FollowedTask]:
        return self.store.guards.tasks(self.guard().id)

    def decided_sample(self) -> int:
        """Return the sample of the first check."""
        return next(each.sample_id for each in self.decided() if each.sample_id is not None)

    def drawn(self) -> list[int]:
        return [each.task_id for each in self.decided() if each.is_check]

    def open_checks(self) -> list[int]:
        return [each.task_id for each in self.decided() if each.is_check and each.number is None]

    def accepted(self) -> list[int]:
        return [each.task_id for each in self.decided() if not each.is_check]

    def annotated(self) -> dict[int, int]:
        """Return task -> annotations made of predictions."""
        found: dict[int, int] = {}
        for task in self.container.studio.iter_annotated(self.project):
            made = [each for each in task.annotations if each.parent_prediction is not None]
            if made:
                found[task.id] = len(made)
        return found

    def answer(self, tasks: list[int], said: str = "A") -> None:
        for task in tasks:
            submit(self.house.fake, task, topic(said))
