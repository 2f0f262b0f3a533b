"""Label Studio read with patience: every request of a read waits while it is away."""

from __future__ import annotations

from typing import Generic, TypeVar

from ml_backend.labelstudio import LabelStudioClient, LabelStudioReader, ServerLabelStudio
from ml_backend.services.writing.patience import Patience

Acting_co = TypeVar("Acting_co", bound=LabelStudioClient, covariant=True)


class PatientLabelStudio(LabelStudioReader, Generic[Acting_co]):
    """All reads of a client, which it makes again until Label Studio answers; none of its writes.

    What publishes or removes takes no other, so that no read of it can end a run while Label Studio
    restarts. Each read raises as the client's own once ``patience`` is over, Interrupted when the
    work must stop. Whose token it reads by stays in its type.
    """

    def __init__(self, studio: Acting_co, patience: Patience) -> None:
        super().__init__(studio.fetching(patience.call))
        self.patience = patience


ServerReader = ServerLabelStudio | PatientLabelStudio[ServerLabelStudio]
"""Reads by the server's own token."""
