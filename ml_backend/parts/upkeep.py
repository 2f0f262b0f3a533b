"""What whoever runs the server, or owns the organization, looks after."""

from __future__ import annotations

from functools import cached_property

from ml_backend.parts.predictions import PredictionParts
from ml_backend.services.upkeep.audit_log import AuditLog
from ml_backend.services.upkeep.upkeep import Upkeep


class UpkeepParts(PredictionParts):
    """The audit log."""

    @cached_property
    def upkeep(self) -> Upkeep:
        """What the server does by itself every hour."""
        return Upkeep(self.store, audit_days=self.settings.audit_days)

    @cached_property
    def audit_log(self) -> AuditLog:
        return AuditLog(self.store, lambda: self.studio)
