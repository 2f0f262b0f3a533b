"""Versions of a prompt held against the same ground truth, task by task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ml_backend.errors import InvalidInput
from ml_backend.labelstudio import LabelStudioDoor, Project
from ml_backend.records import JsonObject, Prompt, PromptVersion, Run, RunStatus, Subset
from ml_backend.scoring.agreement import summarize
from ml_backend.scoring.paired import Paired, compare
from ml_backend.services.evaluate import Compared, Evaluation
from ml_backend.services.recipes import Recipes
from ml_backend.store import Store

MANY_RUNS = 10_000
SHOWN_CHANGES = 1_000


@dataclass(frozen=True, slots=True)
class VersionScore:
    """How a version did on the tasks compared; ``summary`` is ``summarize``'s."""

    version: PromptVersion
    run: Run
    tasks: int
    """With ground truth, in its run."""
    summary: JsonObject


@dataclass(frozen=True, slots=True)
class Pair:
    """Two versions; ``changed`` are tasks that exactly one of them got right, winner first."""

    first: int
    second: int
    overall: Paired
    controls: Mapping[str, Paired]
    changed: tuple[tuple[int, int], ...]
    """(task, version that was right)"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several versions over the same tasks."""

    project_id: int
    tasks: int
    left_out: int
    """Tasks that not every version's run has."""
    versions: tuple[VersionScore, ...]
    pairs: tuple[Pair, ...]


class Comparisons:
    """Compares versions by their last runs."""

    def __init__(self, store: Store, recipes: Recipes) -> None:
        self._store = store
        self._recipes = recipes

    def compare(
        self,
        studio: LabelStudioDoor,
        project: Project,
        prompt: Prompt,
        versions: Sequence[PromptVersion],
        *,
        common_only: bool,
    ) -> Comparison:
        """Compare the last runs of versions on the tasks with ground truth.

        Raises InvalidInput when a version has no run, and when the runs are of different tasks
        unless ``common_only`` says to take those they have in common.
        """
        config = self._recipes.config_of(project)
        evaluation = Evaluation(self._store, studio)
        truths = evaluation.truths(project.id, config)
        if not truths:
            raise InvalidInput(
                f"Project {project.title!r} has no ground truth.",
                field="project",
                fix="Star annotations in Label Studio to make them ground truth.",
            )
        runs = {version.id: self._run_of(version, project) for version in versions}
        judged = {
            version_id: evaluation.compared(run, truths, config) for version_id, run in runs.items()
        }
        common = set.intersection(*(set(each) for each in judged.values()))
        every = set.union(*(set(each) for each in judged.values()))
        self._check(versions, judged, common, every, common_only=common_only)
        return Comparison(
            project_id=project.id,
            tasks=len(common),
            left_out=len(every - common),
            versions=tuple(
                VersionScore(
                    version,
                    runs[version.id],
                    len(judged[version.id]),
                    summarize(judged[version.id][each] for each in sorted(common)),
                )
                for version in versions
            ),
            pairs=tuple(
                _pair(first.id, second.id, judged[first.id], judged[second.id], common)
                for first, second in combinations(versions, 2)
            ),
        )

    def _run_of(self, version: PromptVersion, project: Project) -> Run:
        """Return the last completed run of a version: over all ground truth, else of any tasks."""
        found = [
            run
            for run in self._store.runs.search(
                version_id=version.id, project_id=project.id, limit=MANY_RUNS
            )
            if run.status is RunStatus.COMPLETED and not run.options.get("only_missing")
        ]
        whole = [run for run in found if run.subset in (Subset.HAS_GT, Subset.ALL)]
        if not found:
            raise InvalidInput(
                f"Version {version.title!r} has no completed run in project {project.title!r}.",
                field="versions",
                fix="Evaluate it first: a run over the HasGT subset.",
            )
        return (whole or found)[0]

    @staticmethod
    def _check(
        versions: Sequence[PromptVersion],
        judged: Mapping[int, Mapping[int, Compared]],
        common: set[int],
        every: set[int],
        *,
        common_only: bool,
    ) -> None:
        sizes = ", ".join(f"{version.title!r}: {len(judged[version.id])}" for version in versions)
        if not common:
            raise InvalidInput(
                f"The runs of these versions share no task with ground truth ({sizes}).",
                field="versions",
                fix="Evaluate them on the same tasks.",
            )
        if common != every and not common_only:
            raise InvalidInput(
                f"The last runs of these versions are of different tasks ({sizes} with ground "
                f"truth; {len(common)} in common).",
                field="versions",
                fix="Evaluate them on the same tasks, or say common_only=true.",
            )


def _pair(
    first: int,
    second: int,
    one: Mapping[int, Compared],
    other: Mapping[int, Compared],
    common: set[int],
) -> Pair:
    right = {each: _is_right(one[each]) for each in common}
    right_too = {each: _is_right(other[each]) for each in common}
    names = sorted({name for each in common for name in one[each]})
    changed = [
        (each, first if right[each] else second)
        for each in sorted(common)
        if right[each] != right_too[each]
    ]
    return Pair(
        first,
        second,
        compare(right, right_too),
        {
            name: compare(_control(one, common, name), _control(other, common, name))
            for name in names
        },
        tuple(changed[:SHOWN_CHANGES]),
    )


def _is_right(compared: Mapping[str, Any]) -> bool:
    return bool(compared) and all(each is not None and each.correct for each in compared.values())


def _control(judged: Mapping[int, Compared], common: set[int], name: str) -> dict[int, bool]:
    found = {}
    for task_id in common:
        if name in judged[task_id]:
            agreement = judged[task_id][name]
            found[task_id] = agreement is not None and agreement.correct
    return found
