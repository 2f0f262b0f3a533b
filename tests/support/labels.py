"""Labels made a prompt's own, as a run or ``/predict`` that wrote under them leaves them."""

from __future__ import annotations

from ml_backend.records import Label, Slot
from ml_backend.store import Store


def own(
    store: Store,
    studio: str,
    project_id: int,
    label: str,
    prompt_id: int,
    version_id: int,
    slot: Slot = Slot.ALL,
) -> None:
    """Make rows under a label in a project those of a version."""
    known = store.labels.of_project(studio, project_id, written_only=False)
    before = next((each for each in known if each.label == label), None)
    wanted = Label(label, prompt_id, version_id, slot, project_id)
    assert wanted == before or store.labels.take(studio, wanted, before)
