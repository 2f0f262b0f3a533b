"""Having the label stream show a model version because a person says so."""

from __future__ import annotations

from dataclasses import dataclass

from ml_backend.errors import LabelStudioError, NotFound
from ml_backend.labelstudio import LabelStudioClient, Project
from ml_backend.services.publishing.ownership import near_labels


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """What a project's label stream shows; ``before`` is what it showed."""

    project_id: int
    model_version: str
    before: str | None
    predictions: int


def show_model_version(
    studio: LabelStudioClient, project: Project, model_version: str
) -> ShownVersion:
    """Have the label stream of a project show the predictions of a model version.

    With the rights of the client's token, which must be the caller's: it changes what everybody
    who labels this project sees. Raises NotFound for one without predictions there.
    """
    counts = studio.model_versions(project.id)
    if not counts.get(model_version):
        shown = near_labels(model_version, [name for name, count in counts.items() if count])
        raise NotFound(
            f"Project {project.title!r} holds no prediction of model version {model_version!r}.",
            field="model_version",
            fix=f"It holds: {shown}." if shown else "Get predictions for its tasks first.",
        )
    was = studio.get_project(project.id)  # a list of projects does not say what each shows
    if was.model_version != model_version or not was.shows_predictions:
        studio.show_predictions(project.id, model_version)
        now = studio.get_project(project.id)
        if now.model_version != model_version or not now.shows_predictions:
            raise LabelStudioError(
                f"Label Studio took {model_version!r} for the label stream of {project.title!r}, "
                f"and shows {now.model_version or 'nothing'!r} all the same.",
                fix="Look at the project's settings in Label Studio, under Predictions.",
            )
    return ShownVersion(project.id, model_version, was.model_version, counts[model_version])
