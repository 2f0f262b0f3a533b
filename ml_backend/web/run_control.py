"""Starting, stopping and going on with runs for a caller, by API and pages alike."""

from __future__ import annotations

from ml_backend.labelstudio import Project
from ml_backend.records import Prompt, PromptVersion, Run
from ml_backend.services.access import Caller
from ml_backend.services.runs import RunRequest
from ml_backend.web.house import house


def start(
    caller: Caller, prompt: Prompt, version: PromptVersion, project: Project, options: RunRequest
) -> Run:
    """Start a run; raises Forbidden where the version's connection is not the caller's to use."""
    house().access.require_connection(caller, version)
    run = house().runs.start(prompt, version, project, options)
    house().engine.wake()
    return run


def cancel(run: Run) -> Run:
    """Stop asking; what was answered is still published."""
    canceled = house().runs.cancel(run)
    house().engine.wake()
    return canceled


def resume(caller: Caller, run: Run) -> Run:
    """Go on with a failed or canceled run; it spends again, so the connection's rights hold."""
    version = house().store.prompts.get_version(run.version_id)
    house().access.require_connection(caller, version)
    resumed = house().runs.resume(run)
    house().engine.wake()
    return resumed
