"""From an address in a task to what a model is sent, over real HTTP on both ways."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ml_backend.addresses import Address
from ml_backend.errors import AttachmentError
from ml_backend.images.hosts import Reach
from ml_backend.images.limits import Limits
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.prompting import messages
from ml_backend.records import Attachment, FailureKind, JsonObject, ProviderName
from ml_backend.services.inference.attachments import IMAGE_TOKENS, Attachments, Ready
from support.files import FileHost, image, pdf, scan

TOKEN = "0123456789abcdef0123456789abcdef01234567"
LOOPBACK = ipaddress.ip_address("127.0.0.1")
PRIVATE = ipaddress.ip_address("10.0.0.1")
LINE = "The quick brown fox jumps over the lazy dog."


def look_up(host: str, port: int) -> list[Address]:
    return [PRIVATE if host.startswith("inside") else LOOPBACK]


@dataclass
class Place:
    """A Label Studio, a storage elsewhere, and what fetches from both."""

    studio: FileHost
    elsewhere: FileHost
    attachments: Attachments

    def get(
        self,
        *urls: str,
        kind: str = "image",
        project_id: int = 1,
        provider: ProviderName = ProviderName.CUSTOM,
    ) -> Ready:
        return asyncio.run(self.put_in(urls, kind, project_id, provider))

    async def put_in(self, urls: Any, kind: Any, project_id: int, provider: ProviderName) -> Ready:
        items = [Attachment(kind, url, f"pages[{n}]") for n, url in enumerate(urls)]
        asked = messages.build(
            "Look", description="", inputs=[], data={}, known=(), attachments=items
        )
        return await self.attachments.put_in(asked, project_id=project_id, provider=provider)

    def refusal(self, url: str, **options: Any) -> AttachmentError:
        with pytest.raises(AttachmentError) as caught:
            self.get(url, **options)
        return caught.value

    def far(self, path: str, host: str = "files.example.com") -> str:
        return f"http://{host}:{self.elsewhere.port}{path}"


@pytest.fixture(params=["", "/prefix"], ids=["root", "prefix"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with FileHost() as studio, FileHost() as elsewhere:
        prefix = request.param
        for path in ("/data/upload/1/a.png", "/static/samples/a.png"):
            studio.files[f"{prefix}{path}"] = image(size=(30, 20))
        elsewhere.files["/a.png"] = image(size=(40, 20))
        door = ServerLabelStudio(f"{studio.url}{prefix}", TOKEN, timeout=5)
        reach = Reach(("files.example.com", "inside.example.com"), LOOPBACK.__eq__, look_up)
        limits = Limits(most_bytes=100_000, seconds=5)
        attachments = Attachments(lambda: door, reach, limits=limits, cache_bytes=5_000)
        yield Place(studio, elsewhere, attachments)
        attachments.close()
        door.close()


def sent(ready: Ready) -> list[JsonObject]:
    parts: list[JsonObject] = ready.messages[-1]["content"]
    return [part for part in parts if part["type"] != "text"]


def token_sent(host: FileHost) -> list[str]:
    return [headers.get("authorization", "") for _, headers in host.requests]


def prefix_of(place: Place) -> str:
    return "/prefix" if any(path.startswith("/prefix") for path in place.studio.files) else ""


def test_messages_without_files_stay_as_they_are(place: Place) -> None:
    assert place.get().messages[-1]["content"] == "Look"
    assert place.studio.requests == []


def test_an_uploaded_picture_is_read_with_the_token_and_put_in(place: Place) -> None:
    ready = place.get("/data/upload/1/a.png")
    [part] = sent(ready)
    assert part["image_url"]["url"].startswith("data:image/png;base64,")
    assert ready.messages[-1]["content"][:2] == [
        {"type": "text", "text": "Look"},
        {"type": "text", "text": 'Image "pages[0]":'},
    ]
    assert ready.tokens == IMAGE_TOKENS
    assert token_sent(place.studio) == [f"Token {TOKEN}"]


def test_label_studios_own_address_may_be_written_out(place: Place) -> None:
    place.get(f"{place.studio.url}{prefix_of(place)}/data/upload/1/a.png")
    place.get(f"{prefix_of(place)}/data/upload/1/a.png?x=1")
    assert set(place.studio.paths) == {f"{prefix_of(place)}/data/upload/1/a.png"}


def test_what_anybody_may_read_is_read_without_the_token(place: Place) -> None:
    place.get("/static/samples/a.png")
    assert token_sent(place.studio) == [""]


@pytest.mark.parametrize(
    "url",
    ["/api/users/", "/data/../api/users/", "/data/%2e%2e/api/users", "/data\\..\\api", "/data/./a"],
)
def test_a_task_cannot_make_us_use_the_token_elsewhere(place: Place, url: str) -> None:
    place.refusal(url)
    assert set(token_sent(place.studio)) <= {""}


@pytest.mark.parametrize("scheme", ["s3", "gs", "azure-blob", "S3"])
def test_cloud_storages_are_read_through_the_project(place: Place, scheme: str) -> None:
    uri = f"{scheme}://bucket/ü/a.png"
    path = f"{prefix_of(place)}/projects/1/resolve/"
    place.studio.files[path] = image()
    assert sent(place.get(uri))
    [asked] = place.studio.paths
    packed = asked.partition("?fileuri=")[2]
    assert base64.urlsafe_b64decode(packed).decode() == uri
    assert token_sent(place.studio) == [f"Token {TOKEN}"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_never_goes_on_to_a_storage(place: Place, status: int) -> None:
    path = f"{prefix_of(place)}/projects/1/resolve/"
    place.studio.redirect(path, place.far("/a.png?signature=s", "storage.example.org"), status)
    assert sent(place.get("s3://bucket/a.png"))
    [(asked, headers)] = place.elsewhere.requests
    assert asked == "/a.png?signature=s"
    assert TOKEN not in str(headers)
    assert "authorization" not in headers


def test_the_token_does_not_return_from_elsewhere(place: Place) -> None:
    path = f"{prefix_of(place)}/projects/1/resolve/"
    place.studio.redirect(path, place.far("/back", "storage.example.org"))
    back = f"http://storage.example.org:{place.studio.port}{prefix_of(place)}/data/upload/1/a.png"
    place.elsewhere.redirect("/back", back)
    place.get("s3://bucket/a.png")
    assert token_sent(place.studio) == [f"Token {TOKEN}", ""]


def test_a_storage_at_a_private_address_is_never_read(place: Place) -> None:
    path = f"{prefix_of(place)}/projects/1/resolve/"
    place.studio.redirect(path, place.far("/a.png", "inside.example.org"))
    assert "private or reserved" in place.refusal("s3://bucket/a.png").message
    assert place.elsewhere.requests == []


def test_a_malformed_redirect_says_so(place: Place) -> None:
    place.studio.redirect(f"{prefix_of(place)}/data/upload/1/x", "http://[broken")
    assert "malformed" in place.refusal("/data/upload/1/x").message


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("/data/upload/1/gone.png", FailureKind.NO_INPUT, "Label Studio has no such file"),
        ("/data/upload/1/secret", FailureKind.NO_INPUT, "may not see this file"),
        ("/data/upload/1/down", FailureKind.CONNECTION, "busy or not up"),
        ("/data/upload/1/crash", FailureKind.SERVER_ERROR, "HTTP 500"),
        ("/data/upload/1/token", FailureKind.AUTHENTICATION, "refuses the token"),
        ("/data/upload/1/large", FailureKind.NO_INPUT, "larger than"),
        ("/data/upload/1/page", FailureKind.NO_INPUT, "web page"),
        ("/data/upload/1/login", FailureKind.NO_INPUT, "signed in"),
        ("/data/upload/1/round", FailureKind.NO_INPUT, "circle"),
        ("https://other.example.com/a.png?key=SECRET", FailureKind.NO_INPUT,
         "Add other.example.com to IMAGE_HOSTS"),
        ("//other.example.com/a.png", FailureKind.NO_INPUT, "IMAGE_HOSTS"),
        ("http://u:SECRET@files.example.com/a", FailureKind.NO_INPUT, "user name or password"),
        ("http://inside.example.com/a.png", FailureKind.NO_INPUT, "private or reserved"),
        ("upload/1/a.png", FailureKind.NO_INPUT, "no address"),
        ("C:\\pictures\\a.png", FailureKind.NO_INPUT, "no address"),
        ("file:///etc/passwd", FailureKind.NO_INPUT, "no address"),
        ("javascript:alert(1)", FailureKind.NO_INPUT, "no address"),
        ("data:image/png;base64,SECRET!", FailureKind.NO_INPUT, "base64"),
        ("http://[broken", FailureKind.NO_INPUT, "malformed"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_says_which_field_where_and_why(
    place: Place, url: str, kind: FailureKind, words: str
) -> None:
    folder = f"{prefix_of(place)}/data/upload/1"
    for name, status in {"secret": 403, "down": 503, "crash": 500, "token": 401}.items():
        place.studio.refuse(f"{folder}/{name}", status)
    place.studio.files[f"{folder}/gone.png"] = None
    place.studio.files[f"{folder}/large"] = b"x" * 100_001
    place.studio.files[f"{folder}/page"] = b"<html>hello</html>"
    place.studio.redirect(f"{folder}/login", f"{prefix_of(place)}/user/login/?next=/x")
    place.studio.redirect(f"{folder}/round", f"{folder}/round")
    error = place.refusal(url)
    assert (error.kind, words in str(error)) == (kind, True), str(error)
    assert 'image "pages[0]"' in error.message
    assert "SECRET" not in str(error)


def test_a_listed_host_is_read_without_the_token(place: Place) -> None:
    assert sent(place.get(place.far("/a.png")))
    assert token_sent(place.elsewhere) == [""]
    assert place.studio.requests == []


def test_a_host_that_only_begins_like_label_studio_is_another(place: Place) -> None:
    for url in (
        f"http://127.0.0.1.evil.org:{place.studio.port}/data/upload/1/a.png",
        f"http://127.0.0.1:{place.studio.port}@evil.org/data/upload/1/a.png",
        f"http://127.0.0.1:{place.elsewhere.port}/data/upload/1/a.png",
    ):
        place.refusal(url)
    assert place.studio.requests == place.elsewhere.requests == []


def test_a_sub_path_with_an_internal_address(place: Place) -> None:
    # LABEL_STUDIO_HOST=…/ls behind a proxy that strips /ls; both addresses lead to one server.
    people = "http://studio.example.com:18481/ls"
    door = ServerLabelStudio(place.studio.url + prefix_of(place), TOKEN, public_url=people)
    attachments = Attachments(lambda: door, Reach((), LOOPBACK.__eq__, look_up))
    seen = Place(place.studio, place.elsewhere, attachments)
    path = f"{prefix_of(place)}/data/upload/1/a.png"
    place.studio.redirect(
        f"{prefix_of(place)}/projects/1/resolve/", f"{people}/data/upload/1/a.png"
    )
    for url in ("/ls/data/upload/1/a.png", f"{people}/data/upload/1/a.png", "s3://bucket/a.png"):
        place.studio.requests.clear()
        assert sent(seen.get(url))
        assert place.studio.paths[-1] == path
        assert set(token_sent(place.studio)) == {f"Token {TOKEN}"}
    attachments.close()
    door.close()


@pytest.mark.parametrize(
    ("url", "is_told"),
    [
        ("/elsewhere/data/upload/1/a.png", True),
        ("http://studio.example.com:18481/ls/data/upload/1/a.png", True),
        ("/data/upload/1/gone.png", False),
        ("http://studio.example.com/a.png", False),
    ],
)
def test_an_address_label_studio_may_have_names_the_setting(
    place: Place, url: str, is_told: bool
) -> None:
    place.studio.files[f"{prefix_of(place)}{url}"] = None
    assert ("LABEL_STUDIO_PUBLIC_URL" in place.refusal(url).fix) is is_told


def test_a_page_asked_for_by_many_is_fetched_once(place: Place) -> None:
    async def all_at_once() -> None:
        urls = ["/data/upload/1/a.png"]
        calls = (place.put_in(urls, "image", 1, ProviderName.CUSTOM) for _ in range(20))
        await asyncio.gather(*calls)

    asyncio.run(all_at_once())
    place.get("/data/upload/1/a.png")
    assert len(place.studio.requests) == 1


@pytest.mark.slow
def test_what_is_kept_is_bounded_and_failures_are_not_kept(place: Place) -> None:
    for path in ("/b.png", "/c.png"):
        noise = image("BMP", (40, 30), colour="blue")
        place.elsewhere.files[path] = noise
    for _ in range(2):
        for number in range(60):
            place.get(place.far(f"/b.png?{number}"))
    assert len(place.elsewhere.requests) == 120
    place.refusal(place.far("/late.png"))
    place.elsewhere.files["/late.png"] = image()
    assert sent(place.get(place.far("/late.png")))


@pytest.mark.slow
@pytest.mark.slow
def test_what_may_pass_is_tried_twice(place: Place) -> None:
    answers = [503, 200]

    def answer(handler: Any) -> None:
        status = answers.pop(0)
        handler.send_response(status)
        handler.end_headers()
        handler.wfile.write(image() if status == 200 else b"")

    place.elsewhere.files["/flaky.png"] = answer
    assert sent(place.get(place.far("/flaky.png")))


def test_one_bad_page_of_many_is_named(place: Place) -> None:
    urls = ["/data/upload/1/a.png", "nonsense"]
    with pytest.raises(AttachmentError, match=r'image "pages\[1\]" \(nonsense\)'):
        place.get(*urls)


def test_too_many_pages_are_refused_before_any_is_fetched(place: Place) -> None:
    with pytest.raises(AttachmentError, match="51 pictures"):
        place.get(*[f"/data/upload/1/{n}.png" for n in range(51)])
    assert place.studio.requests == []


@pytest.mark.slow
def test_a_document_becomes_its_text(place: Place) -> None:
    place.elsewhere.files["/a.pdf"] = pdf(LINE)
    ready = place.get(place.far("/a.pdf"), kind="pdf")
    assert ready.messages[-1]["content"][-1] == {"type": "text", "text": LINE}
    assert ready.tokens == len(LINE)
    place.elsewhere.files["/long.pdf"] = pdf(*[LINE] * 60)
    text = place.get(place.far("/long.pdf"), kind="pdf").messages[-1]["content"][-1]["text"]
    assert text.endswith("[The document goes on; it has 60 pages.]")


@pytest.mark.parametrize(
    "provider",
    [
        *(ProviderName.OPENAI, ProviderName.AZURE_OPENAI),
        *(ProviderName.GEMINI, ProviderName.VERTEX_AI),
    ],
)
def test_a_scan_goes_as_a_file_to_those_who_read_it(place: Place, provider: ProviderName) -> None:
    place.elsewhere.files["/scan.pdf"] = pdf("", "")
    ready = place.get(place.far("/scan.pdf"), kind="pdf", provider=provider)
    [part] = sent(ready)
    assert part["file"]["filename"] == "pages[0].pdf"
    packed = part["file"]["file_data"].removeprefix("data:application/pdf;base64,")
    assert base64.b64decode(packed) == pdf("", "")
    assert ready.tokens == 2 * IMAGE_TOKENS


@pytest.mark.slow
@pytest.mark.parametrize("provider", [ProviderName.CUSTOM, ProviderName.AZURE_AI_FOUNDRY])
def test_a_scan_goes_as_pictures_of_its_pages_to_others(
    place: Place, provider: ProviderName
) -> None:
    place.elsewhere.files["/scan.pdf"] = scan((40, 60), (50, 30))
    ready = place.get(place.far("/scan.pdf"), kind="pdf", provider=provider)
    said = ready.messages[-1]["content"]
    assert [part["type"] for part in said[-4:]] == ["text", "image_url", "text", "image_url"]
    assert [part["text"] for part in said[-4::2]] == ["Page 1:", "Page 2:"]
    assert all(part["image_url"]["url"].startswith("data:image/") for part in said[-3::2])
    assert ready.tokens == 2 * IMAGE_TOKENS
    place.get(place.far("/scan.pdf"), kind="pdf", provider=provider)
    [whole] = sent(place.get(place.far("/scan.pdf"), kind="pdf", provider=ProviderName.OPENAI))
    assert whole["type"] == "file", "who reads PDFs is sent the file, whatever others were"


@pytest.mark.slow
def test_a_scan_whose_pages_are_no_pictures_is_a_failure_for_others(place: Place) -> None:
    place.elsewhere.files["/scan.pdf"] = pdf("", "")
    error = place.refusal(place.far("/scan.pdf"), kind="pdf")
    assert error.kind is FailureKind.NO_INPUT
    assert 'document "pages[0]"' in error.message
    assert "scan whose page 1 is not one picture" in error.message
    assert "<Image valueList=" in error.fix
    assert "takes PDF files: OpenAI, AzureOpenAI" in error.fix
