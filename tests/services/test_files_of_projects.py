"""A task names whatever file it likes; the server's key opens those of its project alone."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest

from ml_backend.errors import AttachmentError
from ml_backend.images.hosts import Reach
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.prompting import messages
from ml_backend.records import Attachment, ProviderName
from ml_backend.services.inference.attachments import Attachments
from support.files import FileHost, image

TOKEN = "0123456789abcdef0123456789abcdef01234567"
OURS, OTHERS = 3, 5
ROOT = "/srv/files"
FOLDERS = {OURS: ["/srv/files/team/images"], OTHERS: ["/srv/files/images", "/srv/files/team/img"]}


class Studio(FileHost):
    """Gives every file to the server's token, as Label Studio does to a user of all projects."""

    def __init__(self) -> None:
        super().__init__()
        server = self

        class Handler(self._handler()):  # type: ignore[misc]
            def do_GET(self) -> None:
                server.answer(self)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                words = (
                    f'Absolute local path "/" must be a subdirectory of '
                    f'LOCAL_FILES_DOCUMENT_ROOT="{ROOT}" by security reasons.'
                )
                server.send(self, 400, json.dumps({"non_field_errors": [words]}).encode())

        self._server.RequestHandlerClass = Handler

    def answer(self, handler: Any) -> None:
        parts = urlsplit(handler.path)
        if parts.path == "/api/storages/localfiles":
            rows = [{"path": each} for each in FOLDERS[int(parse_qs(parts.query)["project"][0])]]
            self.send(handler, 200, json.dumps(rows).encode())
            return
        self.requests.append((handler.path, {k.lower(): v for k, v in handler.headers.items()}))
        found = self.files.get(parts.path)
        if callable(found):
            found(handler)
            return
        is_known = bool(handler.headers.get("Authorization")) and not parts.path.startswith("/api")
        self.send(handler, 200 if is_known else 401, image())

    @staticmethod
    def send(handler: Any, status: int, body: bytes) -> None:
        handler.send_response(status)
        handler.end_headers()
        handler.wfile.write(body)

    def given_away(self) -> list[str]:
        """What was asked for with the token, decoded as often as Label Studio may decode it."""
        asked = [path for path, headers in self.requests if headers.get("authorization")]
        return [unquote(unquote(unquote(each))) for each in asked]


@pytest.fixture
def studio() -> Iterator[Studio]:
    with Studio() as found:
        yield found


@pytest.fixture
def attachments(studio: Studio) -> Iterator[Attachments]:
    door = ServerLabelStudio(studio.url, TOKEN, public_url="https://labels.example.org/ls")
    loopback = ipaddress.ip_address("127.0.0.1")
    reach = Reach(("files.example.org",), loopback.__eq__, lambda host, port: [loopback])
    found = Attachments(lambda: door, reach)
    yield found
    found.close()
    door.close()


def get(attachments: Attachments, url: str, project_id: int = OURS) -> list[Any]:
    items = [Attachment("image", url, "image")]
    asked = messages.build("Look", description="", inputs=[], data={}, known=(), attachments=items)
    ready = asyncio.run(
        attachments.put_in(asked, project_id=project_id, provider=ProviderName.CUSTOM)
    )
    return [part for part in ready.messages[-1]["content"] if part["type"] == "image_url"]


def spellings(port: int) -> list[str]:
    """Files of project 5, named in every way there is; those of hosts name Label Studio itself."""
    upload = f"/data/upload/{OTHERS}/secret.png"
    packed = base64.urlsafe_b64encode(b"s3://bucket/secret.png").decode()
    paths = [
        upload,
        f"{upload}?a=/data/upload/{OURS}/a.png",
        f"{upload}#/data/upload/{OURS}/a.png",
        f"/data/upload/0{OTHERS}/secret.png",
        f"/data/upload/{OURS}/../{OTHERS}/secret.png",
        f"/data/upload/{OURS}/%2e%2e/{OTHERS}/secret.png",
        f"/data/upload/{OURS}%2F..%2F{OTHERS}%2Fsecret.png",
        f"/data/upload/{OURS}/..\\{OTHERS}\\secret.png",
        f"/data/upload%2F{OTHERS}%2Fsecret.png",
        f"/d%61ta/uplo%61d/{OTHERS}/secret.png",
        f"/data//upload/{OTHERS}/secret.png",
        f"/data/upload//{OTHERS}/secret.png",
        f"/data/up\tload/{OTHERS}/secret.png",
        "/data/upload/\u0665/secret.png",
        f"/data/upload/{OTHERS}/\ud800.png",
        "/data/upload/legacy-of-nobody.png",
        "/data/avatars/5/secret.png",
        "/data/media/secret.png",
        f"/ls{upload}",
        f"/ls/ls{upload}",
        f"/storage-data/uploaded/?filepath=upload/{OTHERS}/secret.png",
        f"/storage-data/uploaded/?filepath={quote(quote(f'upload/{OTHERS}/secret.png', ''), '')}",
        f"/storage-data/uploaded/?filepath=upload/{OURS}/a&filepath=upload/{OTHERS}/secret.png",
        f"/storage-data/uploaded/?filepath=upload/{OURS}/%252e%252e/{OTHERS}/secret.png",
        "/storage-data/uploaded/?filepath=avatars/secret.png",
        "/storage-data/uploaded?filepath=",
        f"/projects/{OTHERS}/resolve/?fileuri={packed}",
        f"/projects/{OTHERS}/presign/?fileuri={packed}",
        f"/projects/0{OTHERS}/presign/?fileuri={packed}",
        "/data/local-files/?d=images/secret.png",
        "/data/local-files/?d=team/images/../img/secret.png",
        "/data/local-files/?d=team/images/%2e%2e/img/secret.png",
        "/data/local-files/?d=team/images-private/secret.png",
        "/data/local-files/?d=/images/secret.png",
        "/data/local-files/?d=team/images/a.png&d=images/secret.png",
        "/data/local-files/x/?d=images/secret.png",
        "/x/data/local-files/?d=images/secret.png",
    ]
    hosts = [
        f"http://127.0.0.1:{port}",
        f"HTTP://127.0.0.1:{port}",
        "https://labels.example.org/ls",
        "https://LABELS.example.org:443/ls",
        "//labels.example.org/ls",
        f"http://u:p@127.0.0.1:{port}",
        f"http://127.1:{port}",
        f"http://localhost:{port}",
        f"http://files.example.org:{port}",
    ]
    return [*paths, *(f"{host}{upload}" for host in hosts)]


def test_no_spelling_of_another_projects_file_is_read_with_our_key(
    studio: Studio, attachments: Attachments
) -> None:
    wrong = []
    for url in spellings(studio.port):
        studio.requests.clear()
        try:
            read = get(attachments, url)
        except AttachmentError:
            read = []
        if read or any("secret" in each or "legacy" in each for each in studio.given_away()):
            wrong.append((url, studio.requests))
    assert wrong == []


def test_a_projects_own_files_go_on(studio: Studio, attachments: Attachments) -> None:
    packed = base64.urlsafe_b64encode(b"gs://bucket/a.png").decode()
    fine = {
        "/data/upload/3/a%20b%C3%BC%23.png": "/data/upload/3/a bü#.png",
        "/ls/data/upload/3/a.png?x=1": "/data/upload/3/a.png",
        f"http://127.0.0.1:{studio.port}/data/upload/3/a.png#p": "/data/upload/3/a.png",
        "https://labels.example.org/ls/data/upload/3/b.png": "/data/upload/3/b.png",
        "/storage-data/uploaded/?filepath=upload/3/c%20d.png":
            "/storage-data/uploaded/?filepath=upload/3/c d.png",
        "/data/local-files/?d=team/images/x/%C3%BC.png":
            "/data/local-files/?d=team/images/x/ü.png",
        "/data/local-files?d=/team//images/y.png": "/data/local-files/?d=team/images/y.png",
        "s3://bucket/a.png": "/projects/3/resolve/?fileuri="
            + base64.urlsafe_b64encode(b"s3://bucket/a.png").decode(),
        f"/projects/3/presign/?fileuri={packed}": f"/projects/3/resolve/?fileuri={packed}",
        # Of whatever task it says: the storages are those of the project that asks.
        f"/tasks/99/resolve/?fileuri={packed}&x=1": f"/projects/3/resolve/?fileuri={packed}",
    }  # fmt: skip
    for url, asked in fine.items():
        studio.requests.clear()
        attachments._kept._contents.clear()
        assert get(attachments, url), url
        assert studio.given_away() == [asked], url


def test_a_file_sent_on_to_is_held_to_the_same_project(
    studio: Studio, attachments: Attachments
) -> None:
    studio.redirect("/data/upload/3/a.png", "/data/upload/5/secret.png")
    studio.redirect("/projects/3/resolve/", f"{studio.url}/data/upload/3/../5/secret.png")
    for url in ("/data/upload/3/a.png", "azure-blob://b/a.png"):
        with pytest.raises(AttachmentError):
            get(attachments, url)
    assert not any("secret" in each for each in studio.given_away())


def test_what_is_kept_of_one_project_is_not_given_to_another(
    studio: Studio, attachments: Attachments
) -> None:
    assert get(attachments, "/data/upload/5/secret.png", OTHERS)
    assert get(attachments, "/data/local-files/?d=images/secret.png", OTHERS)
    assert get(attachments, "s3://bucket/secret.png", OTHERS)
    for url in ("/data/upload/5/secret.png", "/data/local-files/?d=images/secret.png"):
        with pytest.raises(AttachmentError, match="project 3"):
            get(attachments, url)
    studio.requests.clear()
    get(attachments, "s3://bucket/secret.png")
    assert "/projects/3/" in studio.given_away()[0]


def test_it_is_known_whose_a_file_is_before_what_was_paid_for_is_looked_at(
    attachments: Attachments,
) -> None:
    """An answer kept from another project's run would tell what is in its file."""

    def named(url: str) -> list[Attachment]:
        return [Attachment("image", url, "image")]

    assert attachments.bind(OURS, named("/data/upload/3/a.png")) is None
    assert attachments.bind(OURS, named("data:image/png;base64,AAAA")) is None
    assert attachments.bind(OURS, named("https://files.example.org/a.png")) is None
    for url in ("s3://b/a.png", "/data/local-files/?d=a/b.png", "/tasks/1/presign/?fileuri=czM6"):
        assert attachments.bind(OURS, named(url)) == OURS
    with pytest.raises(AttachmentError) as refused:
        attachments.bind(OURS, named("/data/upload/5/secret.png"))
    assert "does not belong to project 3" in refused.value.message
    assert "Add the file to this project" in refused.value.fix
