"""Pictures and documents of tasks: from the addresses in messages to what a model is sent."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from ml_backend.errors import (
    AttachmentError,
    FileRefused,
    LabelStudioAuthError,
    LabelStudioError,
    LabelStudioNotFound,
    LabelStudioUnreachable,
)
from ml_backend.images import document, inline
from ml_backend.images.file_readers import READERS
from ml_backend.images.hosts import Reach
from ml_backend.images.limits import REDIRECTS, Limits, too_large
from ml_backend.images.scan import too_many_pages
from ml_backend.labelstudio import CLOUD_SCHEMES, ServerLabelStudio, is_under_unknown_path
from ml_backend.llm import facts_of, provider_modules
from ml_backend.prompting.messages import ATTACHMENT
from ml_backend.records import Attachment, FailureKind, JsonObject, ProviderName
from ml_backend.services.inference.attachment_cache import AttachmentCache, Content

MOST_ATTACHMENTS = 50
IMAGE_TOKENS = 50_000
"""The most tokens we know a picture to be charged as.

By OpenAI's formula one of 2048 pixels is at most eight tiles, which gpt-4o-mini counts as
2,833 + 8 × 5,667 = 48,169. Servers that count patches stay far below for that size.
"""
THREADS = 12
FETCHED_AT_ONCE, READ_AT_ONCE = 6, 2
"""Of one project: half of the threads, and of the processes that read, stay free for others."""
CACHE_BYTES = 64 * 1024**2
CACHE_SECONDS = 600.0
TRIES = 2
PAUSE = 0.5
OTHER_ADDRESS = (
    "If it is where people open Label Studio, set LABEL_STUDIO_PUBLIC_URL to the address they use."
)
_TRANSIENT = frozenset({FailureKind.CONNECTION, FailureKind.SERVER_ERROR})


@dataclass(frozen=True, slots=True)
class Ready:
    """Messages with every attachment in place; ``tokens`` bounds what those can cost."""

    messages: tuple[JsonObject, ...]
    tokens: int = 0
    pictures: tuple[tuple[str, int, int], ...] = ()
    """Name, width and height of each picture, as it is sent."""


class FileShare:
    """What files of one project may take of what is there for those of all; of one loop."""

    def __init__(self) -> None:
        self.fetching = asyncio.Semaphore(FETCHED_AT_ONCE)
        self.reading = threading.BoundedSemaphore(READ_AT_ONCE)


class Attachments:
    """Fetches, shrinks and reads in threads of its own; safe to share among loops and threads.

    ``open_studio`` is called when a file of Label Studio is first wanted. The same file is fetched
    once for all who ask within ten minutes, as far as memory for it reaches.
    """

    def __init__(
        self,
        open_studio: Callable[[], ServerLabelStudio],
        reach: Reach,
        *,
        limits: Limits | None = None,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self._open_studio = open_studio
        self._reach = reach
        self._limits = limits or Limits()
        self._kept = AttachmentCache(cache_bytes, CACHE_SECONDS)
        self._shares: WeakValueDictionary[tuple[int, int], FileShare] = WeakValueDictionary()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="attachments")

    async def put_in(
        self,
        messages: Sequence[JsonObject],
        *,
        project_id: int,
        provider: ProviderName,
    ) -> Ready:
        """Put the files into the messages; raises AttachmentError for one that cannot be had.

        Of Label Studio's files only the project's are read: it is asked with the server's token.
        """
        wanted = [part[ATTACHMENT] for part in _parts(messages) if part.get("type") == ATTACHMENT]
        if not wanted:
            return Ready(tuple(messages))
        if len(wanted) > MOST_ATTACHMENTS:
            raise AttachmentError(
                f"The task has {len(wanted)} pictures and documents; at most {MOST_ATTACHMENTS} "
                "are sent at a time.",
                fix="Make several tasks of it.",
            )
        share = self._share(project_id)
        found: dict[str, Content] = {}
        for item, content in zip(
            wanted,
            await asyncio.gather(
                *(self._content(item, project_id, share, provider) for item in wanted),
                return_exceptions=True,
            ),
            strict=True,
        ):
            if isinstance(content, AttachmentError):
                raise _named(item, content)
            if isinstance(content, BaseException):
                raise content
            found[_key(item)] = content
        return Ready(
            tuple(_filled(message, found) for message in messages),
            sum(content.tokens for content in found.values()),
            tuple((item["name"], *size) for item in wanted if (size := found[_key(item)].pixels)),
        )

    def bind(self, project_id: int, wanted: Sequence[Attachment]) -> int | None:
        """Raise AttachmentError for a file that is seen to be another project's; asks nobody.

        Returns the project where its storages have to give one: elsewhere it may be another file.
        """
        is_bound = False
        for item in wanted:
            scheme = _scheme(item.url)
            if scheme in CLOUD_SCHEMES:
                is_bound = True
            elif scheme in ("http", "https") or item.url.startswith("/"):
                studio = self._open_studio()
                try:
                    located = studio.locate(item.url)
                    place = studio.place(located, project_id) if located else None
                except FileRefused as error:
                    raise _named(asdict(item), _from_studio(error)) from error
                is_bound = is_bound or (place is not None and place.is_by_storage)
        return project_id if is_bound else None

    def close(self) -> None:
        """Begin nothing more; what is being fetched ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _share(self, project_id: int) -> FileShare:
        """A project's share on this loop, as long as anything of it is under way."""
        key = (id(asyncio.get_running_loop()), project_id)
        share = self._shares.get(key)
        if share is None:
            share = self._shares[key] = FileShare()
        return share

    async def _content(
        self, item: Mapping[str, str], project_id: int, share: FileShare, provider: ProviderName
    ) -> Content:
        async with share.fetching:
            # What one project may read another may not, and its storages may have another file
            # there.
            key = (item["kind"], item["url"], project_id)
            found = await self._found(key, lambda: self._make(item, project_id, share))
            if not found.is_scan or facts_of(provider).reads_pdf:
                return found
            return await self._found(("pages", *key[1:]), lambda: _pages(found, share))

    async def _found(self, key: Hashable, make: Callable[[], Content]) -> Content:
        found = self._kept.find(key, lambda: self._threads.submit(make))
        if isinstance(found, Content):
            return found
        # Shielded: others may wait for the same.
        return await asyncio.shield(asyncio.wrap_future(found))

    def _make(self, item: Mapping[str, str], project_id: int, share: FileShare) -> Content:
        data = self._read_patiently(item["url"], project_id)
        with share.reading:
            return _document(data, item["name"]) if item["kind"] == "pdf" else _picture(data)

    def _read_patiently(self, url: str, project_id: int) -> bytes:
        for _ in range(TRIES - 1):
            try:
                return self._read(url, project_id)
            except AttachmentError as error:
                if error.kind not in _TRANSIENT:
                    raise
            time.sleep(PAUSE)
        return self._read(url, project_id)

    def _read(self, url: str, project_id: int) -> bytes:
        try:
            return self._read_once(url, project_id)
        except AttachmentError as error:
            if error.kind is FailureKind.NO_INPUT and is_under_unknown_path(url):
                error.fix = f"{error.fix} {OTHER_ADDRESS}".strip()
            raise

    def _read_once(self, url: str, project_id: int) -> bytes:
        scheme = _scheme(url)
        if scheme == "data":
            return inline.decode(url, most_bytes=self._limits.most_bytes)
        if scheme in CLOUD_SCHEMES:
            studio = self._open_studio()
            return self._read_from_studio(studio, studio.locate_cloud(url, project_id), project_id)
        if scheme in ("http", "https") or url.startswith("/"):
            studio = self._open_studio()
            located = studio.locate(url)
            if located:
                return self._read_from_studio(studio, located, project_id)
        if url.startswith("//"):
            url, scheme = f"https:{url}", "https"
        if scheme not in ("http", "https"):
            raise AttachmentError(
                "it is no address a file can be read from",
                fix="Upload the file to Label Studio, or give its https:// address.",
            )
        return self._download(url)

    def _download(self, url: str, *, listed_only: bool = True) -> bytes:
        # Late: its HTTP client takes a while to import, and many configs have no pictures.
        from ml_backend.images.download import download

        return download(url, self._reach, listed_only=listed_only, limits=self._limits)

    def _read_from_studio(self, studio: ServerLabelStudio, url: str, project_id: int) -> bytes:
        limits = self._limits
        for _ in range(1 + REDIRECTS):
            try:
                file = studio.read_file(
                    url,
                    project_id=project_id,
                    most_bytes=limits.most_bytes,
                    seconds=limits.seconds,
                )
            except LabelStudioError as error:
                raise _from_studio(error) from error
            if file.too_large:
                raise too_large(limits.most_bytes)
            if not file.location:
                return file.content
            url = studio.locate(file.location)
            if not url:
                # A storage's own address, which Label Studio made for us: our token stays here.
                return self._download(file.location, listed_only=False)
            if urlsplit(url).path.rstrip("/").endswith("/user/login"):
                raise AttachmentError(
                    "Label Studio gives this file to people who are signed in only, not to a token"
                )
        raise AttachmentError("Label Studio sends us round in a circle")


def _picture(data: bytes) -> Content:
    shrunk = READERS.picture(data)
    url = _data_url(shrunk.media_type, shrunk.content)
    part = {"type": "image_url", "image_url": {"url": url}}
    return Content((part,), IMAGE_TOKENS, len(url), pixels=(shrunk.width, shrunk.height))


def _document(data: bytes, name: str) -> Content:
    found = READERS.document(data)
    if not found.is_scan:
        text = found.text
        if found.pages_read < found.pages or len(text) >= document.MOST_CHARACTERS:
            text += f"\n\n[The document goes on; it has {found.pages} pages.]"
        text = text.encode("utf-8", "replace").decode()
        size = len(text.encode())
        return Content(({"type": "text", "text": text},), size, size)
    if found.pages > document.MOST_PAGES:
        raise too_many_pages(found.pages)
    url = _data_url("application/pdf", data)
    part = {"type": "file", "file": {"filename": f"{name}.pdf", "file_data": url}}
    return Content((part,), IMAGE_TOKENS * found.pages, len(url), is_scan=True)


def _pages(scan: Content, share: FileShare) -> Content:
    """A scan for a provider that takes no PDF: its pages as pictures, where they are such."""
    packed = scan.parts[0]["file"]["file_data"].partition(",")[2]
    try:
        with share.reading:
            pages = READERS.scan(base64.b64decode(packed))
    except AttachmentError as error:
        known = provider_modules()
        readers = [
            each for each in ProviderName if each.lower() in known and facts_of(each).reads_pdf
        ]
        error.fix = f"{error.fix} Or use a provider that takes PDF files: {', '.join(readers)}."
        raise
    parts: list[JsonObject] = []
    for number, page in enumerate(pages, 1):
        url = _data_url(page.media_type, page.content)
        parts += [
            {"type": "text", "text": f"Page {number}:"},
            {"type": "image_url", "image_url": {"url": url}},
        ]
    size = sum(len(part["image_url"]["url"]) for part in parts[1::2])
    return Content(tuple(parts), IMAGE_TOKENS * len(pages), size)


def _from_studio(error: LabelStudioError) -> AttachmentError:
    if isinstance(error, FileRefused):
        return AttachmentError(error.message, fix=error.fix)
    kind = FailureKind.NO_INPUT
    if isinstance(error, LabelStudioAuthError) and error.status != 403:
        kind = FailureKind.AUTHENTICATION
    elif isinstance(error, LabelStudioUnreachable):
        kind = FailureKind.CONNECTION
    elif error.status >= 500:
        kind = FailureKind.SERVER_ERROR
    if isinstance(error, LabelStudioNotFound):
        return AttachmentError(
            "Label Studio has no such file",
            fix="Was it deleted, or the storage disconnected from the project?",
        )
    fix = error.fix
    if error.status == 403:
        fix = (
            "Use the token of a user with access to the project. Local files are given out only "
            "where Label Studio runs with LOCAL_FILES_SERVING_ENABLED=true."
        )
    return AttachmentError(error.message.rstrip("."), kind, fix=fix)


def _named(item: Mapping[str, str], error: AttachmentError) -> AttachmentError:
    """The same error, saying which field of the task it is about."""
    noun = "document" if item["kind"] == "pdf" else "image"
    return AttachmentError(
        f'The {noun} "{item["name"]}" ({_place(item["url"])}) cannot be used: {error.message}.',
        error.kind,
        fix=error.fix,
    )


def _place(url: str) -> str:
    """Host and path of an address: what follows may be a secret, what precedes may be one too."""
    if _scheme(url) == "data":
        return f"{url.partition(',')[0][:40]},…"
    try:
        parts = urlsplit(url)
    except ValueError:
        return url[:40]
    host = parts.netloc.rpartition("@")[2]
    place = f"{parts.scheme}://{host}{parts.path}" if host else parts.path
    return place if len(place) <= 200 else f"{place[:200]}…"


def _scheme(url: str) -> str:
    head, colon, _ = url.partition(":")
    return head.lower() if colon and "/" not in head else ""


def _parts(messages: Sequence[JsonObject]) -> list[JsonObject]:
    contents = (message.get("content") for message in messages)
    return [part for content in contents if isinstance(content, list) for part in content]


def _key(item: Mapping[str, str]) -> str:
    return f"{item['kind']}:{item['url']}"


def _filled(message: JsonObject, found: Mapping[str, Content]) -> JsonObject:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    parts: list[JsonObject] = []
    for part in content:
        parts += found[_key(part[ATTACHMENT])].parts if part["type"] == ATTACHMENT else (part,)
    return {**message, "content": parts}


def _data_url(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
