"""Review first on a real Label Studio: everybody sees the tab, and it follows what they submit."""

from __future__ import annotations

import json
import re
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import pytest

from support.live_project import LiveProject
from support.server import Installation, eventually

pytestmark = [pytest.mark.live, pytest.mark.timeout(500)]

CONFIG = """<View>
  <Text name="text" value="$text"/>
  <Choices name="topic" toName="text"><Choice value="a"/><Choice value="b"/></Choices>
</View>"""


def region(choice: str) -> dict[str, Any]:
    shape = {"from_name": "topic", "to_name": "text", "type": "choices"}
    return {**shape, "value": {"choices": [choice]}}


def colleague(url: str) -> httpx.Client:
    """Somebody else of the organization, signed up and signed in."""
    client = httpx.Client(base_url=url, timeout=60, follow_redirects=True)
    page = client.get("/user/signup/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    person = {"email": f"{uuid.uuid4().hex}@example.com", "password": "Another-pass-1"}
    client.post(
        "/user/signup/",
        data={"csrfmiddlewaretoken": token[1], "allow_newsletters": "false", **person},
        headers={"Referer": f"{url}/user/signup/"},
    ).raise_for_status()
    return client


def test_a_tab_of_what_is_to_be_looked_at_follows_what_people_submit(
    server: Installation, make_project: Callable[..., LiveProject]
) -> None:
    project = make_project(CONFIG, [{"data": {"text": f"message {n}."}} for n in range(60)])
    named = ("Mail", "--project", project.id)
    server.cli("prompts", "create", *named, "--text", "Sort: {text}")
    server.start()
    server.cli("connect", "--project", project.id, "--url", server.url, "--prompt", "Mail")
    server.cli("run", *named)
    review = ("predictions", "review-first", *named, "--json")
    made = json.loads(server.cli(*review, "--size", "50", "--sampling", "uniform"))
    assert (made["batch"], made["waiting"]) == (50, 10)
    assert project.studio.get_project(project.id).sampling == "Uniform sampling"

    with closing(colleague(project.studio.url)) as other:

        def shown() -> list[int]:
            params = {"view": made["tab"], "project": project.id, "page_size": 100}
            listed = other.get("/api/tasks", params=params).raise_for_status().json()
            return [row["id"] for row in listed["tasks"]]

        before = shown()
        assert len(before) == 50
        # As the button "Label Tasks As Displayed" asks for the next task.
        [tab] = [each for each in project.studio.tabs(project.id) if each.id == made["tab"]]
        asked = {"project": project.id, "ordering": [], "filters": tab.data["filters"]}
        headers = {"Referer": project.studio.url, "X-CSRFToken": other.cookies["csrftoken"]}
        done = []
        for _ in range(3):
            params = {"id": "next_task", "project": project.id, "tabID": tab.id}
            given = other.post("/api/dm/actions/", params=params, json=asked, headers=headers)
            done.append(given.raise_for_status().json()["id"])
            path = f"/api/tasks/{done[-1]}/annotations/"
            body = {"result": [region("a")], "lead_time": 2.5}
            other.post(path, json=body, headers=headers).raise_for_status()
        assert len(set(done)) == 3
        assert set(done) <= set(before)

        with closing(sqlite3.connect(server.data_dir / "prompts.db", timeout=60)) as database:

            def due() -> float:
                [row] = database.execute("SELECT due_at - looked_at FROM review_tabs")
                return float(row[0])

            eventually(lambda: due() < 61)  # it was ten minutes before Label Studio told of them
            with database:
                database.execute("UPDATE review_tabs SET due_at = 1")
        eventually(lambda: not set(done) & set(shown()))
        assert len(shown()) == 50

    ended = json.loads(server.cli(*review, "--stop"))
    assert (ended["removed"], ended["sampling"]) == (True, "put back")
    assert project.studio.get_project(project.id).sampling == "Sequential sampling"
    assert tab.id not in [each.id for each in project.studio.tabs(project.id)]
