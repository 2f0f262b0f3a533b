"""What the label stream shows after a run: the project's ``model_version`` in Label Studio."""

from __future__ import annotations

from collections.abc import Callable

from ml_backend.errors import LabelStudioRejected
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.next_steps import Step
from ml_backend.records import Run, Slot
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.writing.patient_studio import PatientLabelStudio


def choose_model_version(
    run: Run,
    *,
    ownership: Ownership,
    studio: PatientLabelStudio[ServerLabelStudio],
    show: Callable[[str], None],
) -> str:
    """Have the label stream show what it should; return what a person should know of it.

    The run's label after an All run, unless a backend or another's version was chosen; what was
    blanked by the run's own deletes is put back.
    """
    project = studio.get_project(run.project_id)
    now = project.model_version or ""
    # Label Studio blanks it on deletes; anything else that differs a person chose meanwhile.
    before = now or run.plan.planned.model_version
    activate = run.options.activate
    prompt_labels = ownership.ours(run.project_id, prompt_id=run.prompt_id)
    if activate is False or (run.slot is not Slot.ALL and activate is not True):
        wanted = before
    elif activate or not before or before in prompt_labels:
        wanted = run.label
    else:
        wanted = before
    note = ""
    stays = wanted == before and before and before not in prompt_labels
    if stays and run.slot is Slot.ALL and activate is not False:
        backends = studio.list_backends(run.project_id)
        if before not in {backend.title for backend in backends}:
            note = (
                f"The label stream still shows {before!r}, which is not this prompt's. "
                f"{Step.SWITCH_LABEL_STREAM()}"
            )
    if wanted != now and wanted:
        try:
            show(wanted)
        except LabelStudioRejected:
            # What was shown before went with this run's clearing; nothing is left to restore.
            note = f"The label stream's model version {wanted!r} no longer exists."
    return note
