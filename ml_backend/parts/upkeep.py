"""What whoever runs the server, or owns the organization, looks after."""

from __future__ import annotations

from functools import cached_property

from ml_backend.parts.accepting import AcceptingParts
from ml_backend.services.upkeep.audit_log import AuditLog
from ml_backend.services.upkeep.erasing import Erasure
from ml_backend.services.upkeep.gone import Gone
from ml_backend.services.upkeep.upkeep import Upkeep


class UpkeepParts(AcceptingParts):
    """The audit log, erasing, and what is looked after by itself."""

    @cached_property
    def upkeep(self) -> Upkeep:
        """What the server looks after by itself."""
        return Upkeep(self.store, self.gone, audit_days=self.settings.audit_days)

    @cached_property
    def gone(self) -> Gone:
        """What looks for what Label Studio deleted."""
        days = self.settings.erase_after_days
        return Gone(self.store, lambda: self.studio, after_days=days)

    @cached_property
    def erasure(self) -> Erasure:
        return Erasure(self.store)

    @cached_property
    def audit_log(self) -> AuditLog:
        return AuditLog(self.store, lambda: self.studio)
