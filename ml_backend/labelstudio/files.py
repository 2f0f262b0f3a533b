"""Files of tasks: uploaded ones, those of cloud storages, what Label Studio itself ships."""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote, urlsplit

from ml_backend.errors import LabelStudioError, LabelStudioNotFound
from ml_backend.labelstudio.reads import Reads
from ml_backend.labelstudio.transport import File, Transport

CLOUD_SCHEMES = frozenset({"s3", "gs", "azure-blob"})
# Where Label Studio keeps files for those who are signed in. Task data is untrusted: it must not
# make us use the token for anything else.
_PRIVATE = re.compile(r"/(data|storage-data)/|/(tasks|projects)/\d+/(resolve|presign)/", re.ASCII)


class Files(Reads):
    """Reading calls for files; each raises as those of ``Reads`` do."""

    _transport: Transport

    def locate(self, url: str) -> str:
        """The full address of a file on this Label Studio; "" when it lies elsewhere.

        A path without a host is Label Studio's own, as in the editor.
        """
        base = urlsplit(self._transport.url)
        if url.startswith("/") and not url.startswith("//"):
            path = url if _is_below(url, base.path) else f"{base.path}{url}"
            return f"{base.scheme}://{base.netloc}{path}"
        try:
            parts = urlsplit(url)
            here = _origin(url) == _origin(self._transport.url)
        except ValueError:
            return ""
        plain = parts.username is None and parts.password is None
        return url if here and plain and _is_below(parts.path, base.path) else ""

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
        with_token = bool(_PRIVATE.match(path))
        try:
            return self._transport.read_file(
                url, with_token=with_token, most_bytes=most_bytes, seconds=seconds, what="this file"
            )
        except LabelStudioError as error:
            if error.status == 500 and "has_permission" in error.message:
                # How Label Studio 1.23 stumbles over an uploaded file that was deleted.
                raise LabelStudioNotFound("Label Studio has no such file", status=404) from error
            raise


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    standard = {"http": 80, "https": 443}.get(parts.scheme, 0)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or standard


def _is_below(path: str, prefix: str) -> bool:
    return not prefix or path == prefix or path.startswith(f"{prefix}/")
