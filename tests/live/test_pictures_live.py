"""Pictures in a real Label Studio, all the way to what a model is sent."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ml_backend.labelstudio import ServerLabelStudio
from support.files import image, pdf
from support.live_label_studio import LiveLabelStudio, personal_token

pytestmark = pytest.mark.live

CONFIG = """<View><Image name="img" value="$image"/>
<Choices name="topic" toName="img"><Choice value="A"/><Choice value="B"/></Choices></View>"""
DOCUMENT = """<View><Pdf name="doc" value="$pdf"/>
<Choices name="topic" toName="doc"><Choice value="A"/><Choice value="B"/></Choices></View>"""


@pytest.fixture
def raw(live: LiveLabelStudio):
    headers = {"Authorization": f"Token {live.token}"}
    with httpx.Client(base_url=live.url, headers=headers, timeout=60, verify=False) as client:
        yield client


def upload(raw: httpx.Client, project_id: int, name: str, content: bytes) -> None:
    """Add a file as people do in the import dialog; Label Studio makes a task of it."""
    files = {"file": (name, content)}
    answer = raw.post(f"/api/projects/{project_id}/import", files=files)
    assert answer.status_code == 201, answer.text


def run(server: Any, project_id: int, text: str = "Which?") -> dict[str, Any]:
    server.cli("prompts", "create", "Look", "--project", project_id, "--text", text)
    server.start()
    return server.json("run", "Look", "--project", project_id)


def test_uploaded_and_bundled_pictures_reach_the_model(make_project, raw, server, simulator):
    project = make_project(CONFIG, [{"image": "/static/samples/sample.jpg"}])
    upload(raw, project.id, "a photo ü.png", image(size=(3000, 1000)))
    upload(raw, project.id, "b.jpg", image("JPEG", (64, 64)))
    run(server, project.id, "Which is {image}?")
    project.assert_each_task_holds("Look__Version 1")
    stats = simulator.stats()
    assert (stats["calls"], stats["images"]) == (3, 3)
    assert stats["image_bytes"] > 1000


def test_a_picture_nobody_may_read_fails_alone_and_says_why(make_project, raw, server):
    project = make_project(
        CONFIG,
        [
            {"image": "/static/samples/sample.jpg"},
            {"image": "/data/upload/1/never-uploaded.png"},
            {"image": "/static/samples/none.jpg"},
            {"image": "s3://bucket/of-no-storage.png"},
            {"image": "http://169.254.169.254/latest/meta-data"},
            {"image": "https://example.com/a.png?key=SECRET"},
        ],
    )
    done = run(server, project.id)
    found = server.cli("runs", "failures", done["id"])
    assert sum(sum(held.values()) for held in project.versions_per_task().values()) == 1
    for words in ("Label Studio has no such file", "169.254.169.254", "example.com to IMAGE_HOSTS"):
        assert words in " ".join(found.split())
    assert "SECRET" not in found


def test_a_document_is_read_as_text(make_project, raw, server, simulator):
    project = make_project(DOCUMENT, [])
    upload(raw, project.id, "a.pdf", pdf("The quick brown fox jumps over the lazy dog."))
    simulator.control({"match": "quick brown fox", "answer": {"topic": "B"}})
    run(server, project.id)
    [row] = list(project.studio.predictions(project.id))
    assert row.result[0]["value"] == {"choices": ["B"]}


@pytest.mark.parametrize("kind", ["legacy", "personal"])
def test_files_are_read_with_either_kind_of_token(make_project, raw, live, kind):
    project = make_project(CONFIG, [])
    upload(raw, project.id, "a.png", image())
    [[task]] = list(project.studio.iter_tasks(project.id))
    token = live.token if kind == "legacy" else personal_token(live.url, live.token)
    door = ServerLabelStudio(live.url, token)
    url = door.locate(task.data["image"])
    assert (
        door.read_file(url, project_id=project.id, most_bytes=10_000, seconds=20).content == image()
    )
    assert door.read_file(url, project_id=project.id, most_bytes=10, seconds=20).too_large
    door.close()
