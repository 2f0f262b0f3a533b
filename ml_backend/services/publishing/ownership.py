"""What is ours in Label Studio: rows under a label that we were the first to write in a project.

A version's label in a project is its name, ``Topic__v1``; where somebody else's rows stand under
that, or another version of ours has it, ``Topic (2)__v1``. Which one it is the store knows; Label
Studio is asked right before the first row is written there, and never again. The why is in
docs/design/publishing.md, "Ownership".
"""

from __future__ import annotations

import difflib
import logging
import re
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from ml_backend.errors import LabelStudioError, LabelStudioNotFound
from ml_backend.labelstudio import LabelStudioReader, PredictionKey, PredictionRow, Project
from ml_backend.records import Label, Prompt, PromptVersion, Run, Slot, read_moment
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.store import Store

log = logging.getLogger(__name__)

SEPARATOR = "__"
EVALUATE_SUFFIX = "evaluate"
TRY_AGAIN_AFTER = 15.0


def label_of(prompt: Prompt, version: PromptVersion, slot: Slot, number: int = 1) -> str:
    """Return the model version string of a version, in Enterprise's form.

    It writes under this one where nobody else does; ``number`` is for projects where somebody does.
    """
    title = prompt.title if number == 1 else f"{prompt.title} ({number})"
    label = f"{title}{SEPARATOR}{version.title}"
    return label if slot is Slot.ALL else f"{label}{SEPARATOR}{EVALUATE_SUFFIX}"


@dataclass(frozen=True, slots=True)
class Owned:
    """The labels of ours in one project, by their strings."""

    labels: Mapping[str, Label]

    def owner(self, row: PredictionKey | PredictionRow) -> Label | None:
        """Return the label that makes a prediction ours, None for somebody else's."""
        label = self.labels.get(row.model_version or "")
        return label if label is not None and row.id > label.watermark else None

    def holds(self, row: PredictionKey | PredictionRow) -> bool:
        return self.owner(row) is not None

    def __contains__(self, label: object) -> bool:
        return label in self.labels


class Ownership:
    """Knows what is ours in the projects of one Label Studio, and makes labels ours."""

    def __init__(self, store: Store, studio: LabelStudioReader) -> None:
        self._store = store
        self._studio = studio
        self._identity = ProjectIdentity(store)
        self._look_at = 0.0

    def reading(self, studio: LabelStudioReader) -> Ownership:
        """The same, reading Label Studio by another client."""
        return Ownership(self._store, studio)

    def ours(
        self, project_id: int, *, prompt_id: int | None = None, slot: Slot | None = None
    ) -> Owned:
        """Return what we wrote under in a project, from the store."""
        found = self._store.labels.of_project(
            self._studio.url, project_id, prompt_id=prompt_id, slot=slot
        )
        return Owned({label.label: label for label in found})

    def written(self, prompt: Prompt, version: PromptVersion | None = None) -> list[Label]:
        """Return every label a prompt, or one version of it, wrote under, in any project."""
        return self._store.labels.of_prompt(
            self._studio.url, prompt.id, version_id=version.id if version else None
        )

    def identify(self, project: Project) -> None:
        """Take note of which project this is: what was another's of the same number is not its."""
        made_at = read_moment(project.created_at)
        if made_at is not None:
            self._store.labels.identify(self._studio.url, project.id, made_at)

    # The label of a version in a project

    def expected(self, prompt: Prompt, version: PromptVersion, slot: Slot, project_id: int) -> str:
        """Return the label as far as the store knows, and keep nothing."""
        registered = self._registered(project_id)
        mine = self._mine(registered, prompt, version, slot)
        if mine is not None:
            return mine.label
        labels = (label_of(prompt, version, slot, number) for number in count(1))
        return next(
            label
            for label in labels
            if not self._is_others(registered.get(label), prompt, version, slot)
        )

    def name(self, prompt: Prompt, version: PromptVersion, slot: Slot, project_id: int) -> str:
        """Return the label as far as the store knows, and keep it; asks Label Studio nothing.

        The first to write under it looks whether it is free, and ``look`` does before.
        """
        return self._take(prompt, version, slot, project_id, None)

    def choose(self, prompt: Prompt, version: PromptVersion, slot: Slot, project: Project) -> str:
        """Return the label, free when it was never written under; at most one small read."""
        self.identify(project)
        self._identity.check(prompt.id, project)
        mine = self._mine(self._registered(project.id), prompt, version, slot)
        if mine is not None and mine.is_written:
            return mine.label
        standing = self._studio.model_versions(project.id)
        return self._take(prompt, version, slot, project.id, standing, project)

    def claim(
        self,
        prompt: Prompt,
        version: PromptVersion,
        slot: Slot,
        project_id: int,
        project: Project | None = None,
    ) -> str:
        """Return the label to write under now, ours from here on.

        Costs one small read where it was not ours yet, two when the project was not read before.
        """
        if project is not None:
            self.identify(project)
            self._identity.check(prompt.id, project)
        mine = self._mine(self._registered(project_id), prompt, version, slot)
        if mine is not None and mine.is_written:
            return mine.label
        if project is None:
            return self.claim(
                prompt, version, slot, project_id, self._studio.get_project(project_id)
            )
        standing = self._studio.model_versions(project_id)
        return self._take(prompt, version, slot, project_id, standing, project, write=True)

    def claim_for(self, run: Run, project: Project) -> str:
        """Return the label a run writes under, ours from here on: its own unless others took it."""
        self.identify(project)
        self._identity.check(run.prompt_id, project)
        known = self._registered(run.project_id).get(run.label)
        if known is not None and known.is_written and _is_of(known, run.version_id, run.slot):
            return run.label
        prompt = self._store.prompts.get(run.prompt_id)
        version = run.called(self._store.prompts.get_version(run.version_id))
        standing = self._studio.model_versions(run.project_id)
        return self._take(
            prompt,
            version,
            run.slot,
            run.project_id,
            standing,
            project,
            write=True,
            first=run.label,
        )

    def is_claimed(self, run: Run) -> bool:
        """Return whether what stands under a run's label in its project is ours."""
        label = self.ours(run.project_id).labels.get(run.label)
        return label is not None and _is_of(label, run.version_id, run.slot)

    def clash(self, run: Run) -> str:
        """Return why a run's predictions do not have their version's name, "" where they have."""
        prompt = self._store.prompts.find(run.prompt_id)
        if prompt is None:
            return ""
        version = run.called(self._store.prompts.get_version(run.version_id))
        if _number(run.label, prompt, version, run.slot) in (None, 1):
            return ""
        taken = label_of(prompt, version, run.slot)
        return (
            f"They are called {run.label!r}: this project has predictions called {taken!r} that "
            "are not this version's."
        )

    def look(self) -> None:
        """See whether labels that were only named are free; those that are not are named anew."""
        if time.monotonic() < self._look_at:
            return
        waiting = self._store.labels.unchecked(self._studio.url)
        for project_id in sorted({label.project_id for label in waiting}):
            try:
                self._look_at_project(project_id)
            except LabelStudioError as error:
                log.warning("project %s: labels are checked later: %s", project_id, error.message)
                self._look_at = time.monotonic() + TRY_AGAIN_AFTER
                return

    def _look_at_project(self, project_id: int) -> None:
        try:
            project = self._studio.get_project(project_id)
            self.identify(project)
            standing = self._studio.model_versions(project_id)
        except LabelStudioNotFound:
            gone = self._store.labels.unchecked(self._studio.url)
            mine = [label for label in gone if label.project_id == project_id]
            self._store.labels.drop(self._studio.url, mine)
            return
        for label in self._store.labels.unchecked(self._studio.url):
            if label.project_id != project_id:
                continue
            prompt = self._store.prompts.find(label.prompt_id)
            version = self._version(label)
            if prompt is None or version is None:
                self._store.labels.drop(self._studio.url, [label])
            else:
                self._take(prompt, version, label.slot, project_id, standing, first=label.label)

    # Taking one

    def _take(
        self,
        prompt: Prompt,
        version: PromptVersion,
        slot: Slot,
        project_id: int,
        standing: Collection[str] | None,
        project: Project | None = None,
        *,
        write: bool = False,
        first: str = "",
    ) -> str:
        """Return a version's label in a project, kept; ``standing`` is what the project holds.

        Without that nobody knows whether somebody else's rows stand under it. ``first`` is tried
        before those that follow from the titles of now.
        """
        while True:
            registered = self._registered(project_id)
            if not first:
                mine = self._mine(registered, prompt, version, slot)
                first = mine.label if mine is not None else ""
            for label in _candidates(prompt, version, slot, first):
                known = registered.get(label)
                if self._is_others(known, prompt, version, slot):
                    continue
                is_mine = known is not None and known.prompt_id == prompt.id
                is_written = known is not None and is_mine and known.is_written
                if not is_written and standing is not None and label in standing:
                    if known is not None and is_mine:
                        self._store.labels.drop(self._studio.url, [known])
                    continue
                wanted = Label(
                    label=label,
                    prompt_id=prompt.id,
                    version_id=version.id,
                    slot=slot,
                    project_id=project_id,
                    is_written=is_written or write,
                    is_checked=standing is not None or bool(is_mine and known and known.is_checked),
                    watermark=known.watermark if known is not None and is_written else 0,
                )
                made_at = read_moment(project.created_at) if project is not None else None
                if wanted == known or self._store.labels.take(
                    self._studio.url, wanted, known, project_made_at=made_at
                ):
                    return label
                break  # another process was quicker: look again

    def _registered(self, project_id: int) -> dict[str, Label]:
        found = self._store.labels.of_project(self._studio.url, project_id, written_only=False)
        return {label.label: label for label in found}

    @staticmethod
    def _mine(
        registered: Mapping[str, Label], prompt: Prompt, version: PromptVersion, slot: Slot
    ) -> Label | None:
        """Return what a version has in a project under its titles of now, written before named."""
        found = [
            (not label.is_written, number, label)
            for label in registered.values()
            if _is_of(label, version.id, slot)
            and (number := _number(label.label, prompt, version, slot)) is not None
        ]
        return min(found, key=lambda each: each[:2])[2] if found else None

    def _is_others(
        self, known: Label | None, prompt: Prompt, version: PromptVersion, slot: Slot
    ) -> bool:
        """Return whether a label is another version's of ours, which is there and uses it."""
        if known is None or _is_of(known, version.id, slot):
            return False
        owner = self._version(known)
        if owner is None:
            return False  # deleted, and its predictions with it
        if known.is_written:
            return True
        theirs = self._store.prompts.find(known.prompt_id)
        return theirs is not None and _number(known.label, theirs, owner, known.slot) is not None

    def _version(self, label: Label) -> PromptVersion | None:
        versions = self._store.prompts.versions(label.prompt_id)
        return next((each for each in versions if each.id == label.version_id), None)


def _candidates(prompt: Prompt, version: PromptVersion, slot: Slot, first: str) -> Iterator[str]:
    if first:
        yield first
    for number in count(1):
        label = label_of(prompt, version, slot, number)
        if label != first:
            yield label


def _is_of(label: Label, version_id: int, slot: Slot) -> bool:
    return (label.version_id, label.slot) == (version_id, slot)


def _number(label: str, prompt: Prompt, version: PromptVersion, slot: Slot) -> int | None:
    """Return which of a version's labels this is, 1 for its name; None when it is none of them."""
    plain = label_of(prompt, version, slot)
    if label == plain:
        return 1
    rest = plain[len(prompt.title) :]
    found = re.fullmatch(rf"{re.escape(prompt.title)} \((\d+)\){re.escape(rest)}", label)
    return int(found[1]) if found else None


def near_labels(label: str, held: Collection[str | None]) -> str:
    """Return the held labels most like one, else the first ten, in quotes; "" of none."""
    known = sorted({each for each in held if each})
    near = difflib.get_close_matches(label, known, n=5, cutoff=0.4) or known[:10]
    return ", ".join(repr(each) for each in near)
