"""Which classes a prediction and the ground truth name, and where the two part ways."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from ml_backend.labeling import LabelingConfig
from ml_backend.records import JsonObject

LABEL_KEYS = ("label", "labels", "choice", "choices")


class Alignment(StrEnum):
    """What became of a class on a task; the SDK's ``alignment_outcome``."""

    ALL = "all"
    TRUE_POSITIVE = "true_positive"
    FALSE_POSITIVE = "false_positive"
    FALSE_NEGATIVE = "false_negative"


def classes_of(answer: Mapping[str, Any], config: LabelingConfig) -> dict[str, set[str]]:
    """Return control -> the class values an answer names there."""
    found = {}
    for name, control in config.controls.items():
        if control.classes:
            found[name] = set(_leaves(answer.get(name))) & set(control.classes)
    return found


def names_class(
    answer: Mapping[str, Any], config: LabelingConfig, wanted: str, control: str | None
) -> bool:
    """Return whether an answer names a class, in one control or in any."""
    classes = classes_of(answer, config)
    return any(
        wanted in named for name, named in classes.items() if control is None or name == control
    )


def alignments(
    answer: JsonObject,
    truth: JsonObject,
    config: LabelingConfig,
    wanted: str,
    control: str | None,
) -> set[Alignment]:
    """Return what became of a class on a task, over the controls that name it."""
    given, true = classes_of(answer, config), classes_of(truth, config)
    found = set()
    for name in given:
        if control is not None and name != control:
            continue
        match wanted in given[name], wanted in true[name]:
            case True, True:
                found.add(Alignment.TRUE_POSITIVE)
            case True, False:
                found.add(Alignment.FALSE_POSITIVE)
            case False, True:
                found.add(Alignment.FALSE_NEGATIVE)
    return found


def _leaves(value: Any) -> list[str]:
    """Return the texts of an answer that may be classes: those under a label's key, if any."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        named = [value[key] for key in LABEL_KEYS if key in value]
        return [leaf for each in named or list(value.values()) for leaf in _leaves(each)]
    if isinstance(value, list | tuple):
        return [leaf for each in value for leaf in _leaves(each)]
    return []
