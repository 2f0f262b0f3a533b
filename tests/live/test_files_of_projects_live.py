"""Files of two projects of a real Label Studio, of which the server's token may see both."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from ml_backend.errors import FileRefused, LabelStudioNotFound
from ml_backend.labelstudio import ServerLabelStudio
from support.files import image
from support.live_label_studio import LiveLabelStudio

pytestmark = pytest.mark.live

CONFIG = """<View><Image name="img" value="$image"/>
<Choices name="topic" toName="img"><Choice value="A"/><Choice value="B"/></Choices></View>"""


def read(door: ServerLabelStudio, project_id: int, url: str) -> bytes:
    return door.read_file(
        door.locate(url), project_id=project_id, most_bytes=10_000, seconds=20
    ).content


def test_a_projects_uploads_and_local_files_are_its_own(tmp_path: Path) -> None:
    files = tmp_path / "files"
    for folder in ("ours/images", "images", "ours/images-private"):
        (files / folder).mkdir(parents=True)
        (files / folder / "a.png").write_bytes(image())
    environment = {
        "LOCAL_FILES_SERVING_ENABLED": "true",
        "LOCAL_FILES_DOCUMENT_ROOT": str(files),
    }
    with LiveLabelStudio(environment=environment) as live:
        door = ServerLabelStudio(live.url, live.token)
        headers = {"Authorization": f"Token {live.token}"}
        ours, others = (door.create_project(name, CONFIG).id for name in ("Ours", "Others"))
        with httpx.Client(base_url=live.url, headers=headers, timeout=60) as raw:
            for project_id, folder in ((ours, "ours/images"), (others, "images")):
                named = {"file": ("a b ü.png", image())}
                made = raw.post(f"/api/projects/{project_id}/import", files=named)
                assert made.status_code == 201, made.text
                storage = {"project": project_id, "path": str(files / folder)}
                made = raw.post("/api/storages/localfiles", json=storage)
                assert made.status_code == 201, made.text
            private = {"project": others, "path": str(files / "ours/images-private")}
            assert raw.post("/api/storages/localfiles", json=private).status_code == 201
        [[mine]] = list(door.iter_tasks(ours))
        [[theirs]] = list(door.iter_tasks(others))
        assert read(door, ours, mine.data["image"]) == image()
        assert read(door, others, theirs.data["image"]) == image()
        assert door.local_folders(ours) == ("ours/images",)
        assert read(door, ours, "/data/local-files/?d=ours/images/a.png") == image()
        assert read(door, others, "/data/local-files/?d=images/a.png") == image()
        with pytest.raises(LabelStudioNotFound):
            read(door, ours, f"/projects/{ours}/resolve/?fileuri=czM6Ly9iL2EucG5n")
        refused = []
        for url in (
            theirs.data["image"],
            theirs.data["image"].replace(
                "/data/upload/", "/storage-data/uploaded/?filepath=upload/"
            ),
            "/data/local-files/?d=images/a.png",
            "/data/local-files/?d=ours/images-private/a.png",
            "/data/local-files/?d=ours/images/../../images/a.png",
            f"/projects/{others}/resolve/?fileuri=czM6Ly9iL2EucG5n",
        ):
            with pytest.raises(FileRefused):
                read(door, ours, url)
            refused.append(url)
        assert len(refused) == 6
        door.close()
