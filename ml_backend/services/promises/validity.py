"""Whether what a sample was drawn of still is what it was; what changed withdraws its promise."""

from __future__ import annotations

import hashlib

from ml_backend.errors import NotFound
from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.records import is_same_project, read_moment
from ml_backend.records.promises import PromiseSample
from ml_backend.records.run_json import snapshot_of
from ml_backend.services.promises.population import pool_digest
from ml_backend.store import Store


class Validity:
    """Says why a sample's promise is gone: another project, version, config or pool."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, studio: LabelStudioReader, project: Project, sample: PromiseSample) -> str:
        """Return the reason in a sentence, "" while all is as it was."""
        made_at = read_moment(project.created_at)
        known = sample.project_made_at
        if made_at is not None and known is not None and not is_same_project(known, made_at):
            return "Another project has this number now."
        try:
            version = self._store.prompts.get_version(sample.version_id)
        except NotFound:
            return "Its version was deleted."
        if not snapshot_of(sample.snapshot).asks_as(version):
            return (
                f"The version {version.title!r} was changed: its text, model, parameters or "
                "examples are others by now."
            )
        if config_digest(project.label_config) != sample.config_digest:
            return "The labeling config was changed."
        if sample.pool_digest and self._pool(sample) != sample.pool_digest:
            return "The few-shot examples are others by now."
        return ""

    def _pool(self, sample: PromiseSample) -> str:
        """Return what the pool says but for the sample's own tasks: no prompt of these held any."""
        own = frozenset(task.task_id for task in self._store.promises.tasks(sample.id))
        return pool_digest(self._store.examples.of_project(sample.project_id), own)


def config_digest(label_config: str) -> str:
    """Return what is another for any other labeling config."""
    return hashlib.sha256(label_config.encode("utf-8", "surrogatepass")).hexdigest()
