"""May this write be sent again? One rule, and the waiting that goes before it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ml_backend.errors import LabelStudioError, LabelStudioUnreachable
from ml_backend.labelstudio import LabelStudioClient
from ml_backend.services.writing.patient_studio import PatientLabelStudio

log = logging.getLogger(__name__)

ROUNDS = 5
PAUSE = 1.0
"""Seconds before Label Studio is asked again, which may have answered that it is busy."""


def may_be_sent_again(error: LabelStudioError) -> bool:
    """Whether waiting may cure it: it was away or busy, or the write may have taken effect."""
    return error.maybe_done or isinstance(error, LabelStudioUnreachable)


def wait_until_up(error: LabelStudioError, studio: PatientLabelStudio[LabelStudioClient]) -> None:
    """Return once Label Studio answers again; raises the error when waiting is no cure.

    The caller then reads what Label Studio holds: the write may have taken effect.
    """
    if not may_be_sent_again(error):
        raise error
    log.warning("a write was interrupted: %s", error.message)
    patience = studio.patience
    patience.say(f"waiting for Label Studio: {error.message}")
    patience.sleep(PAUSE)
    studio.version()
    patience.say("")


def resend(write: Callable[[], object], studio: PatientLabelStudio[LabelStudioClient]) -> None:
    """Send a write that does no harm twice until it is answered; raises after five rounds."""
    for _ in range(ROUNDS - 1):
        try:
            write()
        except LabelStudioError as error:
            wait_until_up(error, studio)
        else:
            return
    write()
