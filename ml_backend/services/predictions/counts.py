"""What a project holds of each model version, from small reads: whose it is, its last run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ml_backend.errors import LabelStudioUnreachable
from ml_backend.labelstudio import CallerLabelStudio, Project
from ml_backend.records import Label, Prompt, PromptVersion, Run
from ml_backend.services.callers.access import Access, Caller
from ml_backend.services.predictions.bulk_actions import Predictions
from ml_backend.services.predictions.selection import UNVERSIONED
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.store import Store


@dataclass(frozen=True, slots=True)
class ModelVersionCount:
    """The predictions of one model version; ``tasks`` and ``score`` are known once counted."""

    model_version: str
    predictions: int
    label: Label | None
    """None when it is not ours."""
    prompt: Prompt | None
    """Its prompt, where that still exists and the caller sees it."""
    version: PromptVersion | None
    run: Run | None
    """The last one."""
    shown: bool
    """The label stream shows it."""
    tasks: int | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class ProjectModelVersions:
    """All of a project: with those without a model version, which only the sum tells of."""

    project: Project
    versions: Sequence[ModelVersionCount]
    """The one written to last first."""
    unversioned: int
    counted: bool
    """Every prediction was read, so that tasks and scores are known."""
    away: bool = False
    """Label Studio did not answer: ours alone, each with what its last run predicted."""

    @property
    def predictions(self) -> int:
        return sum(each.predictions for each in self.versions) + self.unversioned

    @property
    def prompts(self) -> list[tuple[Prompt, int]]:
        """Return the prompts the caller sees that have predictions here, with how many."""
        found: dict[int, Prompt] = {}
        sums: dict[int, int] = {}
        for each in self.versions:
            if each.prompt is not None:
                found[each.prompt.id] = each.prompt
                sums[each.prompt.id] = sums.get(each.prompt.id, 0) + each.predictions
        return [(prompt, sums[prompt.id]) for prompt in found.values()]


class ModelVersionCounts:
    """Reads two small answers of Label Studio, however many predictions there are."""

    def __init__(self, store: Store, access: Access, ownership: Ownership) -> None:
        self._store = store
        self._ownership = ownership
        self._access = access

    def of_project(self, caller: Caller, project: Project) -> ProjectModelVersions:
        """Return what a project holds, as its counts in Label Studio say."""
        ownership = self._ownership.reading(caller.studio)
        labels = ownership.ours(project.id).labels
        runs = self._store.runs.last_by_label(project.id)
        away = False
        try:
            counts = caller.studio.model_versions(project.id)
            ownership.identify(project)
            labels = ownership.ours(project.id).labels
        except LabelStudioUnreachable:
            counts, away = _last_predicted(labels, runs), True
        prompts: dict[int, Prompt | None] = {}
        versions: dict[int, PromptVersion] = {}
        found = []
        for name, count in counts.items():
            if name in UNVERSIONED:
                continue
            label = labels.get(name)
            prompt = None
            if label is not None:
                if label.prompt_id not in prompts:
                    prompt = self._seen(caller, label.prompt_id)
                    prompts[label.prompt_id] = prompt
                    if prompt is not None:
                        own = self._store.prompts.versions(prompt.id)
                        versions.update((each.id, each) for each in own)
                prompt = prompts[label.prompt_id]
            found.append(
                ModelVersionCount(
                    model_version=name,
                    predictions=count,
                    label=label,
                    prompt=prompt,
                    version=versions.get(label.version_id) if label and prompt else None,
                    run=runs.get(name),
                    shown=name == project.model_version,
                )
            )
        without = max(0, project.predictions - sum(each.predictions for each in found))
        if away:
            without = 0
        return ProjectModelVersions(project, found, without, counted=False, away=away)

    def counted(
        self, held: ProjectModelVersions, predictions: Predictions[CallerLabelStudio]
    ) -> ProjectModelVersions:
        """Return the same with tasks and mean scores; reads every prediction of the project."""
        counts = predictions.count(held.project.id)
        known = {each.model_version: each for each in counts}
        versions = []
        for each in held.versions:
            now = known.get(each.model_version)
            if now is not None:
                versions.append(
                    replace(each, predictions=now.predictions, tasks=now.tasks, score=now.score)
                )
        without = sum(each.predictions for each in counts if each.model_version in UNVERSIONED)
        return ProjectModelVersions(held.project, versions, without, counted=True)

    def _seen(self, caller: Caller, prompt_id: int) -> Prompt | None:
        prompt = self._store.prompts.find(prompt_id)
        return prompt if prompt is not None and self._access.sees(caller, prompt) else None


def _last_predicted(labels: Mapping[str, Label], runs: Mapping[str, Run]) -> dict[str, int]:
    """Return label -> what its last run predicted, the one that ran last first."""
    ours = {name: run for name, run in runs.items() if name in labels}
    newest = sorted(ours.items(), key=lambda each: -each[1].id)
    return {name: run.totals.succeeded for name, run in newest if run.totals.succeeded}
