"""One page reads a project once, however many of its parts ask for it."""

from __future__ import annotations

import pytest

from ml_backend.errors import LabelStudioError
from ml_backend.labelstudio import (
    CallerLabelStudio,
    ServerLabelStudio,
    begin_haste,
    connection as connections,
    end_haste,
)
from support.wire import CONFIG

PROJECT = "GET /api/projects/{id}/"


@pytest.fixture
def page():
    begin_haste(lambda: None)
    yield
    end_haste()


@pytest.fixture
def project(fake):
    return fake.seed(CONFIG, [{"text": "a"}])[0]


def asked(fake) -> int:
    return fake.state()["calls"].get(PROJECT, 0)


def test_a_page_asks_for_a_project_and_its_columns_once(fake, door, project, page):
    assert door.get_project(project) is door.get_project(project)
    assert door.task_page(project, page=1, page_size=10)[1] == 1
    assert door.data_columns(project) == door.data_columns(project) == ("text",)
    calls = fake.state()["calls"]
    assert (calls[PROJECT], calls["GET /api/projects/{id}/summary/"]) == (1, 1)


def test_what_the_server_may_see_is_not_what_the_caller_may(fake, door, project, page):
    caller = CallerLabelStudio(fake.url, fake.token)
    door.get_project(project)
    caller.get_project(project)
    caller.close()
    assert asked(fake) == 2


def test_outside_of_a_page_each_read_is_a_read(fake, door, project):
    door.get_project(project)
    door.get_project(project)
    assert asked(fake) == 2


def test_the_next_page_reads_anew(fake, door, project):
    for _ in range(2):
        begin_haste(lambda: None)
        door.get_project(project)
        end_haste()
    assert asked(fake) == 2


@pytest.fixture
def long(monkeypatch):
    """All that was read is too old by the next read."""
    monkeypatch.setattr(connections, "JUST_SECONDS", 0.0)


def test_a_page_that_takes_long_reads_anew(fake, door, project, long, page):
    door.get_project(project)
    door.get_project(project)
    assert asked(fake) == 2


def test_a_read_that_failed_is_tried_again(fake, door, project, page):
    fake.fail(f"/api/projects/{project}/", "status", status=500, times=1)
    with pytest.raises(LabelStudioError):
        door.get_project(project)
    assert door.get_project(project).id == project


def test_nothing_more_of_a_project_is_asked_for_than_is_read(fake, project):
    door = ServerLabelStudio(fake.url, fake.token)
    whole = door._transport.get(f"api/projects/{project}/")
    assert type(door.get_project(project)).from_wire(whole) == door.get_project(project)
    door.close()
