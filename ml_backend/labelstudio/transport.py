"""One HTTP attempt to Label Studio through the SDK's authenticated client.

Raw requests instead of the SDK's methods: those build a pydantic model per task and retry POSTs on
5xx by themselves, though Label Studio may have stored everything (nothing there deduplicates).
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from ml_backend.errors import (
    InvalidInput,
    LabelStudioAuthError,
    LabelStudioError,
    LabelStudioNotFound,
)
from ml_backend.labelstudio import failures
from ml_backend.labelstudio.arrays import iter_array

if TYPE_CHECKING:
    import httpx
    from label_studio_sdk import LabelStudio

CONNECT_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class File:
    """A file Label Studio gave; or ``location``, where it sends us on to; or it was too large."""

    content: bytes
    location: str = ""
    too_large: bool = False


class Transport:
    """Sends requests with the token, of either kind, and turns every failure into our errors.

    Safe to share between threads. The SDK (1.5 s, 50 MB) is imported on the first request.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout: float,
        write_timeout: float,
        by_caller: bool = False,
    ) -> None:
        self.url = checked_url(url)
        self._by_caller = by_caller
        self.write_timeout = write_timeout
        self._secret = api_key.strip()
        self._timeout = timeout
        self._lock = threading.Lock()
        self._guards = threading.local()
        self._sdk: LabelStudio | None = None

    def __repr__(self) -> str:
        return f"Transport({self.url!r})"

    def close(self) -> None:
        """Let go of pooled connections; the next request opens new ones."""
        with self._lock:
            sdk, self._sdk = self._sdk, None
        if sdk is not None:
            sdk._client_wrapper.httpx_client.httpx_client.close()

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
            return self._request("GET", path, params=params, what=what)
        except LabelStudioError as error:
            if not isinstance(error.__cause__, httpx.RemoteProtocolError | httpx.ReadError):
                raise
        return self._request("GET", path, params=params, what=what)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        params: Mapping[str, Any] | None = None,
        *,
        what: str = "",
    ) -> Any:
        """Parsed JSON of a write (None for an empty answer): one attempt, with the long timeout."""
        return self._request(method, path, params=params, body=body, what=what, write=True)

    def stream_array(
        self, path: str, params: Mapping[str, Any], *, what: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Items of a JSON array one by one, so that a large answer is never held whole."""
        import httpx

        headers = self._headers()
        with self._failures(write=False):
            client = self._client._client_wrapper.httpx_client.httpx_client
            request = client.stream(
                "GET",
                f"{self.url}/{path}",
                params=dict(params),
                headers=headers,
                timeout=httpx.Timeout(self.write_timeout, connect=CONNECT_TIMEOUT),
            )
            with request as response:
                if not response.is_success:
                    response.read()
                    raise self._refusal(response, what=what, write=False)
                try:
                    yield from iter_array(response.iter_text(1 << 20))
                except ValueError as error:
                    raise failures.not_label_studio(self.url, response.status_code) from error

    def read_file(
        self, url: str, *, with_token: bool, most_bytes: int, seconds: float, what: str
    ) -> File:
        """The content at an address of this Label Studio, or where it sends us on to."""
        _ = self._client  # what opening it takes is not the file's time
        deadline = time.monotonic() + seconds
        file = self._file(url, with_token, most_bytes, deadline, what)
        if file is None and self._forget_access_token():
            file = self._file(url, with_token, most_bytes, deadline, what)
        if file is None:
            raise failures.of_auth(401, "it refused the token", url=self.url, secret=self._secret)
        return file

    def _file(
        self, url: str, with_token: bool, most_bytes: int, deadline: float, what: str
    ) -> File | None:
        """One attempt; None when the token was refused."""
        import httpx

        headers = {**(self._headers() if with_token else {}), "Accept-Encoding": "identity"}
        client = self._client._client_wrapper.httpx_client.httpx_client
        timeout = httpx.Timeout(self._timeout, connect=CONNECT_TIMEOUT)
        with (
            self._failures(write=False),
            client.stream("GET", url, headers=headers, timeout=timeout) as response,
        ):
            if response.status_code == 401 and with_token:
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
                raise self._refusal(response, what=what, write=False)
            content = bytearray()
            # Raw: what was packed must not unpack to more than the limit.
            for chunk in response.iter_raw(1 << 16):
                content += chunk
                if len(content) > most_bytes:
                    return File(b"", too_large=True)
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("it sends the file too slowly")
            return File(bytes(content))

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: object = None,
        what: str = "",
        write: bool = False,
    ) -> Any:
        content = None if body is None else encode(body)
        response = self._attempt(method, path, params, content, write)
        if response.status_code == 401 and self._forget_access_token():
            # Refused, so surely not done: once more, with a fresh access token.
            response = self._attempt(method, path, params, content, write)
        if not response.is_success:
            raise self._refusal(response, what=what, write=write)
        if not response.content:
            return None
        try:
            return json.loads(response.content)
        except ValueError as error:
            raise failures.not_label_studio(
                self.url, response.status_code, maybe_done=write
            ) from error

    def _attempt(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        content: bytes | None,
        write: bool,
    ) -> httpx.Response:
        import httpx

        # Before the request proper: when the token cannot be refreshed, nothing was done.
        self._headers()
        limit = self.write_timeout if write else self._timeout
        timeout: Any = httpx.Timeout(limit, connect=min(CONNECT_TIMEOUT, limit))
        check = getattr(self._guards, "check", None)
        if write and check is not None:
            check()
        with self._failures(write=write):
            return self._client._client_wrapper.httpx_client.request(
                path,
                method=method,
                params=dict(params) if params else None,
                content=content,
                headers={"Content-Type": "application/json"} if content is not None else None,
                request_options={"max_retries": 0, "timeout": timeout},
            )

    def _refusal(self, response: httpx.Response, *, what: str, write: bool) -> LabelStudioError:
        error = failures.of_status(
            response.status_code,
            response.content,
            url=self.url,
            what=what,
            write=write,
            secret=self._secret,
            location=response.headers.get("location", ""),
        )
        error.by_caller = self._by_caller
        return error

    @contextmanager
    def _failures(self, *, write: bool) -> Iterator[None]:
        """Turn what httpx raises into our errors."""
        import httpx

        never_sent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
        try:
            yield
        except never_sent as error:
            raise failures.unreachable(self.url, error, maybe_done=False) from error
        except httpx.HTTPError as error:
            raise failures.unreachable(self.url, error, maybe_done=write) from error

    def _headers(self) -> dict[str, str]:
        """Headers with the token; a personal access token is exchanged for an access token."""
        from label_studio_sdk.core.api_error import ApiError

        try:
            with self._failures(write=False):
                return self._client._client_wrapper.get_headers()
        except ApiError as error:
            reason = failures.reason_of(error.body, self._secret)
            refused = failures.of_auth(401, reason, url=self.url, secret=self._secret)
            refused.by_caller = self._by_caller
            raise refused from error
        except ValueError as error:
            raise failures.not_label_studio(self.url, 200) from error

    def _check_refresh(self, response: httpx.Response) -> None:
        """Raise for a refused token refresh, of which the SDK would lose the status."""
        if response.url.path.endswith("/api/token/refresh/") and not response.is_success:
            response.read()
            raise self._refusal(response, what="the token refresh", write=False)

    def _forget_access_token(self) -> bool:
        """True when there was one: Label Studio may refuse it early, by its own clock."""
        tokens = self._client._client_wrapper._tokens_client
        had = tokens._access_token is not None
        tokens._access_token = None
        return had

    @property
    def _client(self) -> LabelStudio:
        if self._sdk is None:
            with self._lock:
                if self._sdk is None:
                    self._sdk = self._open()
        return self._sdk

    def _open(self) -> LabelStudio:
        if not self._secret or not self._secret.isascii() or not self._secret.isprintable():
            raise failures.missing_token()
        import httpx
        from label_studio_sdk import LabelStudio

        # No redirects: httpx would turn a redirected POST into a GET and report success.
        client = httpx.Client(
            timeout=self._timeout,
            follow_redirects=False,
            # Building a TLS context takes 50 ms; without redirects http:// never needs one.
            verify=tls_context() if self.url.startswith("https://") else False,
            event_hooks={"response": [self._check_refresh]},
        )
        # The closing slash: the SDK's token refresh would drop a path prefix without it.
        sdk = LabelStudio(  # type: ignore[no-untyped-call]
            base_url=f"{self.url}/", api_key=self._secret, httpx_client=client, max_retries=0
        )
        tokens = sdk._client_wrapper._tokens_client
        if tokens.jwt_token_type(self._secret) == "access":
            tokens._set_access_token(self._secret)  # there is nothing to exchange it for
        return sdk


@cache
def tls_context() -> ssl.SSLContext:
    """The trust settings all doors share; safe between threads."""
    import httpx

    return httpx.create_ssl_context()


def encode(body: object) -> bytes:
    """JSON bytes PostgreSQL can store too: without NULs and lone surrogates."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if "\\u0000" in text:
        text = json.dumps(without_nul(body), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace")


def without_nul(value: Any) -> Any:
    """``value`` with every NUL character taken out of its strings and keys."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, Mapping):
        return {without_nul(key): without_nul(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_nul(each) for each in value]
    return value


def checked_url(url: str) -> str:
    """``url`` without a closing slash; InvalidInput when it cannot be Label Studio's address."""
    cleaned = url.strip().rstrip("/")
    parts = urlsplit(cleaned)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(
            "The address of Label Studio must start with http:// or https:// and name a host.",
            field="LABEL_STUDIO_URL",
            fix="For example LABEL_STUDIO_URL=http://localhost:8080",
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidInput(
            "The address of Label Studio must not hold a user name, a password, ? or #.",
            field="LABEL_STUDIO_URL",
            fix="Give the token as LABEL_STUDIO_API_KEY and the plain address here.",
        )
    return cleaned
