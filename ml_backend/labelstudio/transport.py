"""One HTTP attempt to Label Studio: by a method of the SDK, or by our own client.

What changes something goes through the SDK where it has a method (``change``); reads, and what the
SDK lacks or is slow at, are requests of our own. docs/design/publishing.md has the
table. Both share pool, token and timeouts, and neither repeats a write.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urljoin

from ml_backend.errors import LabelStudioAuthError, LabelStudioError, LabelStudioNotFound
from ml_backend.labelstudio import failures
from ml_backend.labelstudio.connection import Connection, limits, patience
from ml_backend.labelstudio.json_bodies import encode, iter_array
from ml_backend.labelstudio.lazy_sdk import sdk_client

if TYPE_CHECKING:
    import httpx
    from label_studio_sdk import LabelStudio
    from label_studio_sdk.core import RequestOptions

    SdkCall = Callable[[LabelStudio, RequestOptions], object]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class File:
    """A file Label Studio gave; or ``location``, where it sends us on to; or it was too large."""

    content: bytes
    location: str = ""
    too_large: bool = False


class Repeat(Protocol):
    """Calls a read, perhaps again when it finds Label Studio away."""

    def __call__(self, read: Callable[[], T], /) -> T: ...


class Fetching(Protocol):
    """What reading needs of a transport."""

    @property
    def url(self) -> str: ...

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, what: str = "") -> Any:
        """Parsed JSON of a GET."""

    def get_array(
        self,
        path: str,
        params: Mapping[str, Any],
        make: Callable[[dict[str, Any]], T],
        *,
        what: str = "",
    ) -> list[T]:
        """What ``make`` makes of each item of a JSON array, of which one at a time is held."""


class Repeated:
    """The reads of another transport, each made by ``repeat``."""

    def __init__(self, transport: Fetching, repeat: Repeat) -> None:
        self._transport = transport
        self._repeat = repeat

    @property
    def url(self) -> str:
        return self._transport.url

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, what: str = "") -> Any:
        return self._repeat(lambda: self._transport.get(path, params, what=what))

    def get_array(
        self,
        path: str,
        params: Mapping[str, Any],
        make: Callable[[dict[str, Any]], T],
        *,
        what: str = "",
    ) -> list[T]:
        return self._repeat(lambda: self._transport.get_array(path, params, make, what=what))


class Transport:
    """Sends requests and gives their JSON, or raises one of our errors; safe between threads."""

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout: float,
        write_timeout: float,
        by_caller: bool = False,
    ) -> None:
        self._connection = Connection(
            url, api_key, timeout=timeout, write_timeout=write_timeout, by_caller=by_caller
        )
        self._guards = threading.local()

    def __repr__(self) -> str:
        return f"Transport({self.url!r})"

    @property
    def url(self) -> str:
        return self._connection.url

    def close(self) -> None:
        """Let go of pooled connections; the next request opens new ones."""
        self._connection.close()

    @contextmanager
    def guarded(self, check: Callable[[], None]) -> Iterator[None]:
        """Call ``check`` as the last thing before each write of this thread; it may raise."""
        self._guards.check = check
        try:
            yield
        finally:
            self._guards.check = None

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, what: str = "") -> Any:
        """Parsed JSON of a GET; asked once more when a pooled connection turns out to be dead."""
        import httpx

        try:
            return self._get(path, params, what)
        except LabelStudioError as error:
            if not isinstance(error.__cause__, httpx.RemoteProtocolError | httpx.ReadError):
                raise
        return self._get(path, params, what)

    def change(self, call: SdkCall, *, what: str = "") -> Any:
        """Parsed JSON of a write by the SDK (None for an empty answer): one attempt.

        ``call`` gets the SDK and the ``request_options`` to pass on. Importing the SDK takes 1.5 s
        and 50 MB, so a server that writes nothing never does.
        """
        sdk, connection = self._sdk(), self._connection
        response = connection.authorized(lambda header: self._by_sdk(sdk, call, header))
        return connection.parsed(response, what=what, write=True)

    def prepare(self) -> None:
        """Import the SDK now, where its time counts for no write and no lease."""
        sdk = self._sdk()
        for part in (
            "actions",
            "annotations",
            "ml",
            "predictions",
            "projects",
            "views",
            "webhooks",
        ):
            getattr(sdk, part)  # imported when first looked at

    def send(self, method: str, path: str, body: object = None, *, what: str = "") -> Any:
        """Parsed JSON of a write without the SDK (None for an empty answer): one attempt."""
        content = None if body is None else encode(body)
        kind = {} if content is None else {"Content-Type": "application/json"}
        pool = self._connection.pool()

        def attempt(header: str) -> httpx.Response:
            headers = {"Authorization": header, **kind}
            self._check()
            with self._connection.failures(write=True):
                return pool.request(method, f"{self.url}/{path}", content=content, headers=headers)

        response = self._connection.authorized(attempt)
        return self._connection.parsed(response, what=what, write=True)

    def get_array(
        self,
        path: str,
        params: Mapping[str, Any],
        make: Callable[[dict[str, Any]], T],
        *,
        what: str = "",
    ) -> list[T]:
        """What ``make`` makes of each item of a JSON array, so that it is never held whole."""
        return [make(item) for item in self._stream(path, params, what)]

    def _stream(self, path: str, params: Mapping[str, Any], what: str) -> Iterator[dict[str, Any]]:
        connection = self._connection
        headers = {"Authorization": connection.authorization()}
        # Otherwise that of writes: a large answer takes long to begin.
        timeout = limits(patience(connection.write_timeout))
        with (
            connection.failures(write=False),
            connection.pool().stream(
                "GET",
                f"{self.url}/{path}",
                params=dict(params),
                headers=headers,
                timeout=timeout,
            ) as response,
        ):
            if not response.is_success:
                response.read()
                raise connection.refusal(response, what=what, write=False)
            try:
                yield from iter_array(response.iter_text(1 << 20))
            except ValueError as error:
                raise failures.not_label_studio(self.url, response.status_code) from error

    def read_file(
        self, url: str, *, with_token: bool, most_bytes: int, seconds: float, what: str
    ) -> File:
        """The content at an address of this Label Studio, or where it sends us on to."""
        connection = self._connection
        connection.pool()  # what opening it takes is not the file's time
        deadline = time.monotonic() + seconds
        header = connection.authorization() if with_token else ""
        file = self._file(url, header, most_bytes, deadline, what)
        if file is None and connection.forget(header):
            file = self._file(url, connection.authorization(), most_bytes, deadline, what)
        if file is None:
            raise connection.refused_token("it refused the token")
        return file

    def _file(
        self, url: str, header: str, most_bytes: int, deadline: float, what: str
    ) -> File | None:
        """One attempt; None when the token was refused."""
        import httpx

        headers = {"Accept-Encoding": "identity"}
        if header:
            headers["Authorization"] = header
        connection = self._connection
        timeout = limits(connection.timeout)
        with (
            connection.failures(write=False),
            connection.pool().stream("GET", url, headers=headers, timeout=timeout) as response,
        ):
            if response.status_code == 401 and header:
                return None
            if response.has_redirect_location:
                location = response.headers["location"]
                with suppress(ValueError):  # malformed: whoever follows it will say so
                    location = urljoin(url, location)
                return File(b"", location)
            if not response.is_success:
                response.read()
                # Without the words that its API's refusals have.
                if response.status_code in (404, 410):
                    raise LabelStudioNotFound(f"Label Studio has no {what}", status=404)
                if response.status_code == 403:
                    message = f"The user of this token may not see {what} in Label Studio"
                    raise LabelStudioAuthError(message, status=403)
                raise connection.refusal(response, what=what, write=False)
            content = bytearray()
            # Raw: what was packed must not unpack to more than the limit.
            for chunk in response.iter_raw(1 << 16):
                content += chunk
                if len(content) > most_bytes:
                    return File(b"", too_large=True)
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("it sends the file too slowly")
            return File(bytes(content))

    def _get(self, path: str, params: Mapping[str, Any] | None, what: str) -> Any:
        connection = self._connection
        pool, timeout = connection.pool(), limits(patience(connection.timeout))

        def attempt(header: str) -> httpx.Response:
            with connection.failures(write=False):
                return pool.get(
                    f"{self.url}/{path}",
                    params=dict(params) if params else None,
                    headers={"Authorization": header},
                    timeout=timeout,
                )

        return connection.parsed(connection.authorized(attempt), what=what, write=False)

    def _sdk(self) -> LabelStudio:
        # The token comes with each request: left to itself the SDK would exchange it on its own.
        return sdk_client()(
            base_url=self.url,
            api_key="in request_options",
            httpx_client=self._connection.pool(),
            max_retries=0,
        )

    def _by_sdk(self, sdk: LabelStudio, call: SdkCall, header: str) -> httpx.Response:
        """One request of the SDK, which would try it thrice unless told not to.

        The answer is taken from the connection: the SDK's models lose fields they do not know, and
        its errors the status of what is no JSON.
        """
        import httpx

        options: RequestOptions = {
            "max_retries": 0,
            "additional_headers": {"Authorization": header},
        }
        self._check()
        with self._connection.failures(write=True), self._connection.watched() as answers:
            try:
                call(sdk, options)
            except httpx.HTTPError:
                raise
            except Exception:
                if not answers:  # it stumbled over what it was given, and sent nothing
                    raise
        return answers[-1]

    def _check(self) -> None:
        check = getattr(self._guards, "check", None)
        if check is not None:
            check()
