"""Files of tasks: uploaded ones, those of cloud storages, what Label Studio itself ships.

People's browsers may find Label Studio at another address than this server does: behind a proxy,
under a path, by a name that only exists outside. Tasks hold the address people use.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from urllib.parse import SplitResult, unquote, urlsplit

from ml_backend.errors import LabelStudioError, LabelStudioNotFound
from ml_backend.labelstudio.reads import Reads
from ml_backend.labelstudio.transport import File, Transport

CLOUD_SCHEMES = frozenset({"s3", "gs", "azure-blob"})
FILES = re.compile(r"/(data|storage-data)/|/(tasks|projects)/\d+/(resolve|presign)/", re.ASCII)
"""Begins the path of a file that Label Studio gives to those who are signed in."""

_UNDER_PATH = re.compile(r"/data/(upload|local-files)/|/storage-data/uploaded/")
_STATIC = "/static/"
_STANDARD = {"http": 80, "https": 443}


class Files(Reads):
    """Reading calls for files; each raises as those of ``Reads`` do."""

    _transport: Transport
    _own: OwnAddresses

    def locate(self, url: str) -> str:
        """The address to read a task's file at, on this Label Studio; "" when it lies elsewhere.

        A path without a host is Label Studio's own, as in the editor.
        """
        return self._own.locate(url)

    def locate_cloud(self, uri: str, task_id: int) -> str:
        """The address at which Label Studio gives a file of a task's cloud storage."""
        packed = base64.urlsafe_b64encode(uri.encode("utf-8", "replace")).decode("ascii")
        return f"{self._transport.url}/tasks/{int(task_id)}/resolve/?fileuri={packed}"

    def read_file(self, url: str, *, most_bytes: int, seconds: float) -> File:
        """The file at an address that ``locate`` or ``locate_cloud`` gave.

        The token goes along only where Label Studio keeps files, and never on to another host.
        """
        path = urlsplit(url).path.removeprefix(urlsplit(self._transport.url).path)
        if {".", ".."} & set(re.split(r"[/\\]", unquote(path))):
            raise LabelStudioNotFound("its address steps out of its folder", status=404)
        # Task data is untrusted: it must not make us use the token for anything else.
        with_token = bool(FILES.match(path))
        try:
            return self._transport.read_file(
                url, with_token=with_token, most_bytes=most_bytes, seconds=seconds, what="this file"
            )
        except LabelStudioError as error:
            if error.status == 500 and "has_permission" in error.message:
                # How Label Studio 1.23 stumbles over an uploaded file that was deleted.
                raise LabelStudioNotFound("Label Studio has no such file", status=404) from error
            raise


class OwnAddresses:
    """The addresses of one Label Studio: ``url``, where it is asked, and ``public_url``.

    Whatever is found here is asked of ``url``: no address in a task brings a token elsewhere.
    """

    def __init__(self, url: str, public_url: str = "") -> None:
        self._base = urlsplit(url)
        known = [self._base]
        if public_url:
            known.append(urlsplit(public_url.strip().rstrip("/")))
        self._known: Sequence[SplitResult] = known

    def locate(self, url: str) -> str:
        """The address at ``url`` of what a task's address means; "" when it lies elsewhere.

        A path without a host is Label Studio's own, as in the editor.
        """
        if url.startswith("/") and not url.startswith("//"):
            return self._at_base(self._below_root(url))
        for known in self._known:
            # An address without a scheme has that of the page it is on.
            full = f"{known.scheme}:{url}" if url.startswith("//") else url
            try:
                parts = urlsplit(full)
                here = _is_same_host(parts, known)
            except ValueError:
                return ""
            plain = parts.username is None and parts.password is None
            if here and plain and _is_below(parts.path, known.path):
                query = f"?{parts.query}" if parts.query else ""
                return self._at_base(f"{parts.path.removeprefix(known.path)}{query}")
        return ""

    def _below_root(self, path: str) -> str:
        """A path of this host as Label Studio itself knows it, without what stands before it."""
        for known in self._known:
            if not known.path or not _is_below(path, known.path):
                continue
            rest = path.removeprefix(known.path)
            # Where a proxy's path is called like Label Studio's own, as in /data/upload/….
            if _is_file(rest) or not _is_file(path):
                return rest
        return path

    def _at_base(self, path: str) -> str:
        base = self._base
        return f"{base.scheme}://{base.netloc}{base.path}{path}"


def is_under_unknown_path(url: str) -> bool:
    """Whether an address ends as those of Label Studio's files do, but after a host or a path.

    So it may be the address of this Label Studio that nobody told us of.
    """
    try:
        path = urlsplit(url).path
    except ValueError:
        return False
    stands = _UNDER_PATH.search(path)
    return stands is not None and (stands.start() > 0 or not url.startswith("/"))


def _is_file(path: str) -> bool:
    return FILES.match(path) is not None or path.startswith(_STATIC)


def _is_same_host(one: SplitResult, other: SplitResult) -> bool:
    """Whether two addresses have one host and port; http and https at their own ports are alike."""
    if one.scheme not in _STANDARD or _host(one) != _host(other):
        return False
    ports = [parts.port or _STANDARD.get(parts.scheme) for parts in (one, other)]
    standard = [_STANDARD.get(parts.scheme) for parts in (one, other)]
    return ports[0] == ports[1] or ports == standard


def _host(parts: SplitResult) -> str:
    name = (parts.hostname or "").rstrip(".")
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def _is_below(path: str, prefix: str) -> bool:
    rest = path.removeprefix(prefix)
    return not prefix or (path.startswith(prefix) and rest[:1] in ("", "/", "?", "#"))
