"""Two versions retrieved one after the other on a real Label Studio: the newer one stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from ml_backend.container import Container
from ml_backend.settings import Settings
from ml_backend.store import tables as t
from support.live_project import LiveProject
from support.server import Installation, eventually

pytestmark = [pytest.mark.live, pytest.mark.timeout(500)]

FIRST, SECOND = "Mail__Version 1", "Mail__Version 2"


@pytest.fixture
def beside(server: Installation) -> Iterator[Container]:
    """The parts of the installation, opened a second time: another server on the same store."""
    container = Container(Settings.from_env(server.settings))
    yield container
    container.close()
    container.studio.close()
    container.store.close()


def make_due(container: Container) -> None:
    """Move the clock: everything handed out is looked at now."""
    with container.store.database.write() as c:
        now = sa.update(t.served).where(t.served.c.sweep_at.is_not(None)).values(sweep_at=0.0)
        c.execute(now)


@pytest.mark.parametrize("count", [30, 101], ids=["by id", "by version"])
def test_of_two_retrieved_versions_the_newer_stays(
    server: Installation, beside: Container, project: LiveProject, count: int
) -> None:
    server.start()
    server.cli("prompts", "create", "Mail", "--project", project.id, "--text", "Sort {text}")
    server.cli("connect", "--project", project.id, "--url", server.url)
    shown = project.studio.get_project(project.id).model_version
    assert shown
    some = project.studio.task_ids(project.id)[:count]

    def holds(*labels: str) -> bool:
        held = project.versions_per_task()
        return all(held[task] == Counter(labels) for task in some)

    project.studio.retrieve_predictions(project.id, some)
    eventually(lambda: holds(FIRST))
    server.cli("versions", "create", "Mail", "--text", "Be brief. Sort {text}")
    server.cli("versions", "activate", "Mail", "Version 2")

    # While another may write no server sweeps: both versions can be seen side by side.
    fence = beside.store.writing.acquire(beside.writer.lease, "this test", 300)
    assert fence is not None
    project.studio.retrieve_predictions(project.id, some)
    eventually(lambda: holds(FIRST, SECOND))
    server.stop()
    beside.store.writing.release(beside.writer.lease, fence)

    make_due(beside)
    beside.sweep.work()
    assert holds(SECOND)
    assert project.studio.model_versions(project.id) == {SECOND: count}
    assert project.counters() == Counter({1: count, 0: 200 - count})
    assert project.studio.get_project(project.id).model_version == shown

    make_due(beside)
    beside.sweep.work()
    assert holds(SECOND), "a second look finds nothing more to do"
