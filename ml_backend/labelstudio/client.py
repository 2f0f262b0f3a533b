"""The client of one Label Studio with one token, and what reads the same through it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Lock
from typing import ClassVar

from cachetools import TTLCache

from ml_backend.labelstudio.data_manager import AnnotatedTasks, Tabs
from ml_backend.labelstudio.files import FOLDERS_SECONDS, Files, OwnAddresses
from ml_backend.labelstudio.transport import Fetching, Repeat, Repeated, Transport
from ml_backend.labelstudio.webhooks import Webhooks


class LabelStudioReader(AnnotatedTasks):
    """All that is read of a Label Studio's rows; safe to share between threads."""

    @property
    def url(self) -> str:
        return self._transport.url


class LabelStudioClient(Webhooks, Tabs, Files, LabelStudioReader):
    """Reads and writes of a Label Studio, whoever acts; safe to share between threads.

    ``url`` may have a path prefix; InvalidInput when it is no address. ``api_key`` is a legacy
    token, a personal access token or an access token made of one, looked at on the first call only.
    ``public_url`` is where people's browsers find it, when that is another address: in tasks it
    stands for this one. ``timeout`` bounds the silence of a read, ``write_timeout`` that of a
    write, in seconds.
    """

    by_caller: ClassVar[bool] = False
    """Whether its errors are those of a caller's token, not of the server's own."""

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        public_url: str = "",
        timeout: float = 30.0,
        write_timeout: float = 900.0,
    ) -> None:
        transport = Transport(
            url, api_key, timeout=timeout, write_timeout=write_timeout, by_caller=self.by_caller
        )
        super().__init__(transport)
        self._own = OwnAddresses(transport.url, public_url)
        self._folders = TTLCache(256, FOLDERS_SECONDS)
        self._folders_lock = Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def fetching(self, repeat: Repeat) -> Fetching:
        """What a ``LabelStudioReader`` needs to read as this does, each request by ``repeat``."""
        return Repeated(self._transport, repeat)

    def prepare_writes(self) -> None:
        """Load now what the first write needs, which takes seconds on a busy machine."""
        self._transport.prepare()

    def guarded(self, check: Callable[[], None]) -> AbstractContextManager[None]:
        """Call ``check`` as the last thing before each write of this thread; it may raise."""
        return self._transport.guarded(check)

    def close(self) -> None:
        """Close pooled connections; the client stays usable."""
        self._transport.close()


class ServerLabelStudio(LabelStudioClient):
    """Label Studio by the server's own token: nobody's rights were asked for."""


class CallerLabelStudio(LabelStudioClient):
    """Label Studio by the token of a person who calls: with their rights and in their name."""

    by_caller: ClassVar[bool] = True
