"""What *Start Training* does: the prompt that serves the project is measured once more."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ml_backend.errors import LabelStudioUnreachable, NotFound, PromptsError
from ml_backend.labelstudio import Project, ServerLabelStudio
from ml_backend.records import Prompt, PromptVersion, Run, RunStatus, Slot, Subset, read_moment
from ml_backend.services.connecting.project_secrets import OPERATOR
from ml_backend.services.evaluation.ground_truth import truth_of
from ml_backend.services.events.active_backend import find_connection
from ml_backend.services.prompts.own_keys import OwnKeys
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.services.runs.runs import Runs
from ml_backend.services.serving.gate import Gate
from ml_backend.services.serving.prompt_sources import Address, PromptSources
from ml_backend.store import Store

log = logging.getLogger(__name__)


class StartTraining:
    """Starts evaluations; ``offer`` has one executed."""

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        sources: PromptSources,
        gate: Gate,
        runs: Runs,
        *,
        offer: Callable[[int], None],
    ) -> None:
        self._store = store
        self._studio = studio
        self._sources = sources
        self._gate = gate
        self._runs = runs
        self._offer = offer

    def start(self, project: Project) -> Run | None:
        """Measure the version that serves a project, unless it is measured and nothing changed.

        What keeps it from being measured is logged: Label Studio shows nobody an answer. Raises
        LabelStudioUnreachable when it should be tried again.
        """
        try:
            return self._start(project)
        except LabelStudioUnreachable:
            raise
        except PromptsError as error:
            log.warning("project %s: nothing to evaluate: %s", project.id, error)
            return None

    def _start(self, project: Project) -> Run | None:
        prompt, version = self._serving(project)
        self._gate.require_key(OPERATOR, project.id, version)
        if not (project.ground_truths or project.annotations):
            log.info("project %s: no annotation to evaluate %r on", project.id, prompt.title)
            return None
        known = self._still_true(project, version)
        if known is not None:
            log.info("project %s: run %s has evaluated this already", project.id, known.id)
            return None
        OwnKeys(self._store).require_project(version, project.id)
        options = RunRequest(subset=Subset.HAS_GT, slot=Slot.EVALUATE)
        run = self._runs.start(prompt, version, project, options)
        log.info("project %s: run %s evaluates %r", project.id, run.id, run.label)
        self._offer(run.id)
        return run

    def _serving(self, project: Project) -> tuple[Prompt, PromptVersion]:
        contact = find_connection(self._store, self._studio, project.id)
        if contact is None:
            # Behind a proxy Label Studio may call us by another name than it has for us.
            contacts = self._store.contacts.of_project(project.id)
            contact = max(contacts, key=lambda each: each["seen_at"], default=None)
        if contact is None:
            raise NotFound(f"Project {project.title!r} is not connected to this server.")
        return self._sources.version_for(
            project.id,
            Address.from_path(contact["path"]),
            contact["extra_params"],
            read_moment(project.created_at),
        )

    def _still_true(self, project: Project, version: PromptVersion) -> Run | None:
        """Return the evaluation that another one would only repeat."""
        truth = truth_of(self._runs.tasks.counted(project))
        for run in self._store.runs.search(
            version_id=version.id, project_id=project.id, alone=True
        ):
            if run.slot is not Slot.EVALUATE or run.subset is not Subset.HAS_GT:
                continue
            if run.truth is not truth:
                continue
            done = run.status is RunStatus.COMPLETED and not run.stale
            if run.is_open or (done and run.snapshot.is_of(version)):
                return run
        return None
