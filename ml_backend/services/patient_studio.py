"""Label Studio read with patience: every request of a read waits while it is away."""

from __future__ import annotations

from ml_backend.labelstudio import LabelStudioDoor, LabelStudioReader
from ml_backend.services.waiting import Patience


class PatientLabelStudio(LabelStudioReader):
    """All reads of a client, which it makes again until Label Studio answers; none of its writes.

    What publishes or removes takes no other, so that no read of it can end a run while Label Studio
    restarts. Each read raises as the client's own once ``patience`` is over, Interrupted when the
    work must stop.
    """

    def __init__(self, studio: LabelStudioDoor, patience: Patience) -> None:
        super().__init__(studio.fetching(patience.call))
        self.patience = patience
