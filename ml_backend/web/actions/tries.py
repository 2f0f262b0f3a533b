"""One task tried in a caller's name, by API and pages alike."""

from __future__ import annotations

from ml_backend.errors import TemplateError
from ml_backend.labelstudio import Project
from ml_backend.records import Prompt, PromptVersion, TruthSource
from ml_backend.services.callers.access import Caller
from ml_backend.services.callers.authoring import Draft
from ml_backend.services.evaluation.tries import Tried, TryRequest
from ml_backend.web.server.services import services


def try_task(
    caller: Caller,
    prompt: Prompt,
    project: Project,
    version: PromptVersion | None,
    draft: Draft,
    *,
    task_id: int | None,
    truth: TruthSource | None,
    budget: float | None,
    fresh: bool,
) -> Tried:
    """Ask a task what a version would be that is not saved; raises what keeps it from being asked.

    The connection is the caller's to use, and of one caller one try is under way at a time.
    """
    unsaved = services().authoring.unsaved(caller, prompt, version, draft)
    asked = TryRequest(project, unsaved, task_id, truth, budget, fresh, caller.person)
    try:
        return services().tries.ask(caller.studio, asked, caller.key)
    except TemplateError as error:
        error.field = "text"  # which variable it is stands in the message
        raise
