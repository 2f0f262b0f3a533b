"""Starting, stopping and going on with runs for a caller, by API and pages alike."""

from __future__ import annotations

from ml_backend.labelstudio import Project
from ml_backend.records import Prompt, PromptVersion, Run
from ml_backend.services.callers.access import Caller
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.services.runs.runs import RunPlan
from ml_backend.services.runs.second_opinions import asked_versions
from ml_backend.web.server.services import services


def start(
    caller: Caller,
    prompt: Prompt,
    version: PromptVersion,
    project: Project,
    options: RunRequest,
    *,
    unless_open: bool = False,
) -> Run:
    """Start a run; raises Forbidden where the version's connection is not the caller's to use."""
    plan = check(caller, prompt, version, project, options)
    return begin(prompt, version, plan, unless_open=unless_open)


def check(
    caller: Caller, prompt: Prompt, version: PromptVersion, project: Project, options: RunRequest
) -> RunPlan:
    """Say what would keep a version from running, which need not be saved yet; raises as above."""
    for member in services().runs.opinions.members(prompt, version, options):
        services().access.require_connection(caller, member)
    if project.id not in prompt.project_ids:  # it becomes one of the prompt's
        services().access.editable(caller, prompt.id)
    return services().runs.plan(prompt, version, project, options.by(caller, options.organization))


def begin(
    prompt: Prompt, version: PromptVersion, plan: RunPlan, *, unless_open: bool = False
) -> Run:
    """Start a run that was checked; ``unless_open``: or give the same one that goes on already."""
    run = services().runs.begin(prompt, version, plan, unless_open=unless_open)
    services().offer_run(run.id)
    return run


def cancel(run: Run) -> Run:
    """Stop asking; what was answered is still published."""
    canceled = services().runs.cancel(run)
    services().offer_run(run.id)
    return canceled


def resume(caller: Caller, run: Run) -> Run:
    """Go on with a failed or canceled run; it spends again, so the connection's rights hold."""
    for version in asked_versions(services().store, run):
        services().access.require_connection(caller, version)
    resumed = services().runs.resume(run)
    services().offer_run(run.id)
    return resumed
