"""Files of tasks: uploaded ones, those of cloud storages, what Label Studio itself ships.

People's browsers may find Label Studio at another address than this server does: behind a proxy,
under a path, by a name that only exists outside. Tasks hold the address people use.
"""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from cachetools import TTLCache

from ml_backend.errors import (
    FileRefused,
    LabelStudioError,
    LabelStudioNotFound,
    LabelStudioRejected,
)
from ml_backend.labelstudio.reads import Reads
from ml_backend.labelstudio.transport import File, Transport

CLOUD_SCHEMES = frozenset({"s3", "gs", "azure-blob"})
FILES = re.compile(r"/(data|storage-data)/|/(tasks|projects)/\d+/(resolve|presign)/", re.ASCII)
"""Begins the path of a file that Label Studio gives to those who are signed in."""

FOLDERS_SECONDS = 60.0
"""How long the folders of a project's local storages are believed."""

ADD_FILE = "Add the file to this project: a prompt reads what belongs to its project alone."
_UNDER_PATH = re.compile(r"/data/(upload|local-files)/|/storage-data/uploaded/")
_STATIC = "/static/"
_STANDARD = {"http": 80, "https": 443}
_NUMBER = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_ROOT = re.compile(r'LOCAL_FILES_DOCUMENT_ROOT="([^"]+)"')


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A file of Label Studio's that is a project's; ``address`` is what is asked for it.

    That is written anew from what was understood: no spelling in a task goes on to Label Studio.
    """

    address: str
    folder: str | None = None
    """Of a local file: the project's if one of the project's local storages holds it."""
    is_by_storage: bool = False
    """Whether storages of the project give it: what lies there in another may be another file."""


def place_of(path: str, query: str, project_id: int) -> FilePlace | None:
    """What a path of Label Studio names, where it is a file of those who are signed in.

    Raises FileRefused for one that cannot be shown to be the project's (docs/label-studio.md has
    what tells it, route by route); None for what needs no token.
    """
    steps = _steps(path)
    match steps:
        case ["data", "upload", *rest]:
            return FilePlace(f"/data/{_upload(['upload', *rest], project_id)}")
        case ["data", "local-files", *_]:
            wanted = posixpath.normpath(_only(query, "d")).lstrip("/")
            _steps(f"/{wanted}")
            folder = posixpath.dirname(wanted)
            return FilePlace(f"/data/local-files/?d={quote(wanted)}", folder, is_by_storage=True)
        case ["storage-data", "uploaded", *_]:
            # Label Studio decodes this one twice.
            name = _upload(_steps(f"/{quote(unquote(_only(query, 'filepath')))}"), project_id)
            return FilePlace(f"/storage-data/uploaded/?filepath={quote(name, safe='/')}")
        case ["tasks" | "projects" as of, number, "resolve" | "presign", *_] if number.isdecimal():
            if of == "projects" and number != str(project_id):
                raise _of_another(project_id)
            # Whatever task it names: the storages it is looked for in are those of this project.
            address = _resolving(project_id, _only(query, "fileuri"))
            return FilePlace(address, is_by_storage=True)
        case ["data" | "storage-data", *_]:
            raise FileRefused("nothing tells which project it belongs to", status=403, fix=ADD_FILE)
    return None


def _steps(path: str) -> list[str]:
    """The parts of a path as Label Studio will read them, once it is decoded."""
    try:
        decoded = unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise FileRefused("its address is no text", status=404) from None
    steps = re.sub(r"^/|/$", "", decoded).split("/")
    if _CONTROL.search(decoded) or {".", ".."} & set(steps) or "" in steps[:-1]:
        raise FileRefused("its address steps out of its folder", status=404)
    return steps


def _upload(steps: Sequence[str], project_id: int) -> str:
    """The name of an uploaded file, which Label Studio keeps in a folder named by its project."""
    if len(steps) < 3 or steps[0] != "upload" or not _NUMBER.fullmatch(steps[1]):
        raise FileRefused("nothing tells which project it belongs to", status=403, fix=ADD_FILE)
    if steps[1] != str(project_id):
        raise _of_another(project_id)
    return quote("/".join(steps))


def _only(query: str, name: str) -> str:
    """The one value of a parameter: of several nobody knows which is meant."""
    try:
        found = parse_qs(query, keep_blank_values=True, errors="strict").get(name, [])
    except ValueError:
        found = []
    if len(found) != 1 or not found[0]:
        raise FileRefused(f"its address has no single {name}", status=404)
    return found[0]


def _resolving(project_id: int, fileuri: str) -> str:
    return f"/projects/{int(project_id)}/resolve/?fileuri={quote(fileuri, safe='=')}"


def _of_another(project_id: int) -> FileRefused:
    return FileRefused(f"it does not belong to project {project_id}", status=403, fix=ADD_FILE)


class Files(Reads):
    """Reading calls for files; each raises as those of ``Reads`` do."""

    _transport: Transport
    _own: OwnAddresses
    _folders: TTLCache[int, tuple[str, ...]]
    _folders_lock: Lock

    def locate(self, url: str) -> str:
        """The address to read a task's file at, on this Label Studio; "" when it lies elsewhere.

        A path without a host is Label Studio's own, as in the editor.
        """
        return self._own.locate(url)

    def locate_cloud(self, uri: str, project_id: int) -> str:
        """The address at which Label Studio gives a file of a project's cloud storage."""
        packed = base64.urlsafe_b64encode(uri.encode("utf-8", "replace")).decode("ascii")
        return self._own.at(_resolving(project_id, packed))

    def place(self, url: str, project_id: int) -> FilePlace | None:
        """What an address that ``locate`` gave names, None for what needs no token.

        Raises FileRefused for what is not the project's; asks nobody.
        """
        return place_of(*self._own.below(url), project_id)

    def read_file(self, url: str, *, project_id: int, most_bytes: int, seconds: float) -> File:
        """The file at an address that ``locate`` or ``locate_cloud`` gave, if it is the project's.

        The token goes along only where Label Studio keeps files, and never on to another host.
        Raises FileRefused for another project's.
        """
        place = self.place(url, project_id)
        if place is not None:
            if place.folder is not None and not self._is_local(project_id, place.folder):
                raise FileRefused(
                    f"no local storage of project {project_id} holds it",
                    status=403,
                    fix="Add its folder to the project in Label Studio: Settings > Cloud Storage.",
                )
            url = self._own.at(place.address)
        try:
            return self._transport.read_file(
                url,
                # Task data is untrusted: it must not make us use the token for anything else.
                with_token=place is not None,
                most_bytes=most_bytes,
                seconds=seconds,
                what="this file",
            )
        except LabelStudioError as error:
            if error.status == 500 and "has_permission" in error.message:
                # How Label Studio 1.23 stumbles over an uploaded file that was deleted.
                raise LabelStudioNotFound("Label Studio has no such file", status=404) from error
            raise

    def local_folders(self, project_id: int) -> tuple[str, ...]:
        """The folders of a project's local storages, as its files' addresses name them."""
        with self._folders_lock:
            known = self._folders.get(project_id)
        if known is None:
            known = self._read_folders(project_id)
            with self._folders_lock:
                self._folders[project_id] = known
        return known

    def _is_local(self, project_id: int, folder: str) -> bool:
        return any(
            folder == each or folder.startswith(f"{each}/")
            for each in self.local_folders(project_id)
        )

    def _read_folders(self, project_id: int) -> tuple[str, ...]:
        what = f"the local storages of project {project_id}"
        try:
            found = self._transport.get(
                "api/storages/localfiles", {"project": project_id}, what=what
            )
        except LabelStudioNotFound:  # it is set up without any
            return ()
        rows = found if isinstance(found, list) else []
        paths = [row.get("path") for row in rows if isinstance(row, dict)]
        folders = [_folder(path) for path in paths if isinstance(path, str) and path]
        root = self._local_root(project_id) if folders else ""
        if not root:
            return ()
        above = root.rstrip("/")
        inside = (each.removeprefix(above) for each in folders if each.startswith(f"{above}/"))
        return tuple(each.strip("/") for each in inside if each.strip("/"))

    def _local_root(self, project_id: int) -> str:
        """The folder that addresses of local files begin at; "" where Label Studio does not say.

        It tells when it is asked to check a storage outside of that, which changes nothing.
        """
        asked = {"project": project_id, "path": "/"}
        try:
            self._transport.send(
                "POST", "api/storages/localfiles/validate", asked, what="its local files"
            )
        except LabelStudioRejected as error:
            found = _ROOT.search(error.message)
            return _folder(found[1]) if found else ""
        return ""


def _folder(path: str) -> str:
    return posixpath.normpath(path.replace("\\", "/"))


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
            return self.at(self._below_root(url))
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
                return self.at(f"{parts.path.removeprefix(known.path)}{query}")
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

    def below(self, located: str) -> tuple[str, str]:
        """Path and query of an address at ``url``, as Label Studio itself knows them."""
        parts = urlsplit(located)
        return parts.path.removeprefix(self._base.path), parts.query

    def at(self, path: str) -> str:
        """The address of a path of Label Studio's."""
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
