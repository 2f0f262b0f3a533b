"""One file from the open internet: only from hosts and addresses in reach, bounded in every way."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpcore

from ml_backend.addresses import to_ascii
from ml_backend.certificates import tls_context, tls_trouble
from ml_backend.errors import AttachmentError, InvalidInput
from ml_backend.images.hosts import Reach
from ml_backend.images.limits import REDIRECTS, Limits, too_large
from ml_backend.records import FailureKind

CONNECT_SECONDS = 10.0
_MOVED = frozenset({301, 302, 303, 307, 308})
_MAY_PASS = frozenset({408, 425, 429})
_IN_PATH = "/%:@!$&'()*+,;=~"
_HEADERS = ((b"User-Agent", b"prompts-for-label-studio"), (b"Accept-Encoding", b"identity"))


def download(
    url: str, reach: Reach, *, listed_only: bool = True, limits: Limits | None = None
) -> bytes:
    """The content of a file; raises AttachmentError saying what is in the way.

    ``listed_only`` False is for addresses that Label Studio itself sent us on to: any public host.
    """
    limits = limits or Limits()
    deadline = time.monotonic() + limits.seconds
    for _ in range(1 + REDIRECTS):
        target = _target(url, reach, listed_only=listed_only)
        answer = _get(target, reach, deadline, limits)
        if isinstance(answer, bytes):
            return answer
        try:
            url = urljoin(url, answer.location)
        except ValueError:
            raise AttachmentError("it is redirected to a malformed address") from None
    raise AttachmentError(f"it is redirected more than {REDIRECTS} times", FailureKind.NO_INPUT)


@dataclass(frozen=True, slots=True)
class _Moved:
    location: str


def _target(url: str, reach: Reach, *, listed_only: bool) -> httpcore.URL:
    """The address taken apart once, here: whoever connects gets the host that was checked."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AttachmentError("its address is malformed", FailureKind.NO_INPUT) from None
    host = to_ascii(parts.hostname or "")
    if parts.scheme not in ("http", "https") or not host:
        raise AttachmentError(f"{parts.scheme or 'its address'} is no web address")
    if parts.username is not None or parts.password is not None:
        raise AttachmentError(
            "its address holds a user name or password", fix="Use an address without them."
        )
    if listed_only and not reach.names(host):
        raise AttachmentError(
            f"the host {host} is not allowed",
            fix=f"Add {host} to IMAGE_HOSTS, or upload the file to Label Studio.",
        )
    path = quote(parts.path or "/", safe=_IN_PATH)
    query = f"?{quote(parts.query, safe=_IN_PATH + '?')}" if parts.query else ""
    return httpcore.URL(
        scheme=parts.scheme, host=host, port=port, target=f"{path}{query}".encode("ascii")
    )


def _get(target: httpcore.URL, reach: Reach, deadline: float, limits: Limits) -> bytes | _Moved:
    backend = _Checked(reach, deadline)
    try:
        trust = tls_context() if target.scheme == b"https" else None
    except InvalidInput as error:
        raise AttachmentError(error.message, FailureKind.CONNECTION, fix=error.fix) from error
    try:
        # A pool of its own: a kept connection would be one to an address checked for another.
        with (
            httpcore.ConnectionPool(ssl_context=trust, network_backend=backend) as pool,
            pool.stream("GET", target, headers=_HEADERS) as response,
        ):
            return _read(response, limits)
    except AttachmentError:
        raise
    except (httpcore.TimeoutException, TimeoutError):
        message = f"its host did not send it within {limits.seconds:g} s"
        raise AttachmentError(message, FailureKind.CONNECTION) from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        refused = tls_trouble(error)
        if refused is not None:
            message = f"its host cannot be asked. {refused.said}"
            raise AttachmentError(message, FailureKind.CONNECTION, fix=refused.fix) from None
        said = str(error) or type(error).__name__
        raise AttachmentError(f"its host cannot be read ({said})", FailureKind.CONNECTION) from None


def _read(response: httpcore.Response, limits: Limits) -> bytes | _Moved:
    status = response.status
    headers = {name.lower(): text for name, text in response.headers}
    if status in _MOVED and b"location" in headers:
        return _Moved(headers[b"location"].decode("latin-1"))
    if status != 200:
        transient = status >= 500 or status in _MAY_PASS
        raise AttachmentError(
            f"its host answers HTTP {status}",
            FailureKind.SERVER_ERROR if transient else FailureKind.NO_INPUT,
        )
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > limits.most_bytes:
        raise too_large(limits.most_bytes)
    return bounded(response.iter_stream(), limits.most_bytes)


def bounded(chunks: Iterable[bytes], most: int) -> bytes:
    """All chunks as one; raises AttachmentError as soon as they are more than ``most`` bytes."""
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > most:
            raise too_large(most)
    return bytes(content)


class _Checked(httpcore.NetworkBackend):
    """Connects to checked addresses only, and lets nothing last beyond the deadline."""

    def __init__(self, reach: Reach, deadline: float) -> None:
        self._reach = reach
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._reach.addresses(host, port)
        if not addresses:
            raise AttachmentError(
                f"the host {host} is at a private or reserved address, which is never read",
                fix="Upload the file to Label Studio instead.",
            )
        failure: Exception | None = None
        for address in addresses[:3]:
            left = min(CONNECT_SECONDS, _left(self._deadline))
            try:
                stream = self._sockets.connect_tcp(str(address), port, timeout=left)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Bounded(stream, self._deadline)
        raise failure or httpcore.ConnectError(host)


class _Bounded(httpcore.NetworkStream):
    """A stream whose every step gets the seconds left until the deadline: a drip ends there too."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline)
        return _Bounded(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left
