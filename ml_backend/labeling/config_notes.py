"""What people should know of a labeling config before they have it answered."""

from __future__ import annotations

from collections.abc import Collection

from ml_backend.labeling.config import LabelingConfig


def notes_of(config: LabelingConfig, known: Collection[str]) -> list[str]:
    """Sentences, each with the name of its control; ``known`` are the fields that tasks have."""
    controls = {**config.controls, **config.companions}
    return [f"{name}: {note}" for name, each in controls.items() for note in each.notes(known)]
