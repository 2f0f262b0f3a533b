"""What an annotation answers, or why that cannot be read."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_backend.errors import TaskRefused
from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.unreadable import unreadable
from ml_backend.labelstudio import Annotation
from ml_backend.records import JsonObject

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnnotationRead:
    """What an annotation answers; None, with the reason, where it cannot be read.

    A part that cannot be read makes the whole unreadable: what is right beside it would else count
    as wrong.
    """

    answer: JsonObject | None
    why: str = ""


def read_annotation(
    annotation: Annotation, data: Mapping[str, Any], config: LabelingConfig
) -> AnnotationRead:
    """Read a submitted annotation; never raises, whatever is in it."""
    try:
        problems = unreadable(config, annotation.result, data)
        if problems:
            first = problems[0]
            name = f'"{first.control}": ' if first.control else ""
            return AnnotationRead(None, f"{name}{first.message}")
        return AnnotationRead(config.to_answer(annotation.result, data))
    except TaskRefused as error:
        return AnnotationRead(None, str(error))
    except Exception:  # whatever one annotation holds costs that annotation alone
        log.exception("annotation %s could not be read", annotation.id)
        return AnnotationRead(None, "an unexpected error; the server's log has it")


def read_answer(
    annotation: Annotation, data: Mapping[str, Any], config: LabelingConfig
) -> JsonObject | None:
    """Return what an annotation answers; None when it was skipped or cannot be read."""
    if annotation.was_cancelled:
        return None
    return read_annotation(annotation, data, config).answer
