"""The doors: store, Label Studio and the loop of model calls, each opened when first needed."""

from __future__ import annotations

import threading
from functools import cached_property

from ml_backend.certificates import trust_also
from ml_backend.jobs import LoopThread
from ml_backend.labelstudio import CallerLabelStudio, ServerLabelStudio
from ml_backend.services.writing.writer import SETTLE_SECONDS
from ml_backend.settings import Settings
from ml_backend.store import Store
from ml_backend.store.cipher import SecretCipher


class Doors:
    """What everything else is built on."""

    def __init__(self, settings: Settings, *, settle_seconds: float = SETTLE_SECONDS) -> None:
        self.settings = settings
        trust_also(settings.authorities)
        self._settle_seconds = settle_seconds
        self.shutdown = threading.Event()
        """Set when this process ends: all work under way is left to others."""

    @cached_property
    def store(self) -> Store:
        self.settings.prepare_data_dir()
        keys = self.settings.key_ring
        cipher = SecretCipher(*keys.read().all, current=lambda: keys.read().all)
        return Store(self.settings.database_url, cipher)

    @cached_property
    def studio(self) -> ServerLabelStudio:
        """The Label Studio this server works for; raises InvalidInput when none is named."""
        self.settings.require_label_studio()
        return self._open_studio()

    def studio_as(self, token: str) -> CallerLabelStudio:
        """Return the same Label Studio with another token; to be closed by the caller."""
        self.settings.require_label_studio()
        return CallerLabelStudio(self.settings.label_studio_url, token)

    def _open_studio(self, timeout: float = 30.0) -> ServerLabelStudio:
        settings = self.settings
        return ServerLabelStudio(
            settings.label_studio_url,
            settings.label_studio_api_key,
            public_url=settings.label_studio_public_url,
            timeout=timeout,
        )

    @cached_property
    def loop(self) -> LoopThread:
        return LoopThread()
