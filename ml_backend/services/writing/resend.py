"""Writes that broke off: when Label Studio may be asked again, and how often."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ml_backend.errors import LabelStudioError, LabelStudioUnreachable
from ml_backend.labelstudio import LabelStudioDoor
from ml_backend.services.writing.patience import Patience

log = logging.getLogger(__name__)

ROUNDS = 5


def recover(error: LabelStudioError, studio: LabelStudioDoor, patience: Patience) -> None:
    """Return once Label Studio answers again; raises the error when waiting is no cure.

    The caller then reads what Label Studio holds: the write may have taken effect.
    """
    if not (error.maybe_done or isinstance(error, LabelStudioUnreachable)):
        raise error
    log.warning("a write was interrupted: %s", error.message)
    patience.say(f"waiting for Label Studio: {error.message}")
    patience.sleep(0.2)
    patience.call(studio.version)
    patience.say("")


def insist(write: Callable[[], object], studio: LabelStudioDoor, patience: Patience) -> None:
    """Send a write that does no harm twice until it is answered; raises after five rounds."""
    for _ in range(ROUNDS - 1):
        try:
            write()
        except LabelStudioError as error:
            recover(error, studio, patience)
        else:
            return
    write()
