"""The page of a job: what goes on after a button was pressed, and what came of it.

Whoever begins a job sends the browser there: ``go(job_page(job, back=…))``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from ml_backend.records import Job, JobKind, JsonObject, RunStatus
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.filters import plural
from ml_backend.web.ui.shell.pages import for_target, go, own_path, pages
from ml_backend.web.ui.shell.session import quiet

SPOKEN_STEPS = 10
"""How often a screen reader is told how far a job is."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of a kind of job; ``done`` makes sentences of its report."""

    title: str
    done: Callable[[JsonObject], list[str]]
    kept: str
    """What a failure leaves, and what to do next."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, where it counts."""

    done: int
    total: int

    @classmethod
    def of(cls, message: str) -> Progress | None:
        """Read what jobs say of themselves, "3 of 10"; None for other words."""
        done, _, total = message.partition(" of ")
        if not (done.isdecimal() and total.isdecimal()) or not int(total):
            return None
        return cls(int(done), int(total))

    @property
    def step(self) -> int:
        return self.done * SPOKEN_STEPS // self.total


def job_page(job: Job, back: str = "") -> str:
    """Return the address of a job's page; ``back`` is the page of ours to return to from it."""
    query = f"?back={quote(back, safe='')}" if back else ""
    return f"/ui/jobs/{job.id}{query}"


def outcome_page(job: Job) -> str:
    """Return the page of what a deletion or a promotion of predictions did."""
    return f"/ui/predictions/outcome/{job.id}"


@pages.get("/jobs/<int:job_id>")
@quiet
def show_job(job_id: int) -> Response:
    """Show how a job stands; the page asks again by itself until it ended."""
    job = services().access.job(identity.caller(), job_id)
    progress = Progress.of(job.message) if not job.status.is_final else None
    back = own_path(request.args.get("back", ""), _back_of(job))
    if job.status.is_final and back in (outcome_page(job), f"/ui/ground-truth/outcome/{job.id}"):
        # Where a job leads that ends at once: what one sees of it is no matter of how long it took.
        return go(back)
    said = request.args.get("said", "")
    speaks = progress is not None and str(progress.step) != said
    template = "shell/job_state.html" if for_target("job") else "shell/job.html"
    text = render_template(
        template,
        job=job,
        words=WORDS[job.kind],
        name=str(job.request.get("title") or ""),
        progress=progress,
        speaks=speaks or job.status.is_final,
        sentences=_sentences(job),
        back=back,
        back_name="Prompts" if back == "/ui/prompts" else "Back",
    )
    return make_response(text)


def _sentences(job: Job) -> list[str]:
    if job.status is not RunStatus.COMPLETED:
        return []
    return WORDS[job.kind].done(job.result) + [str(each) for each in job.result.get("notes", [])]


def _back_of(job: Job) -> str:
    """Return where a job was most likely begun."""
    if job.kind is JobKind.DELETE_PROMPT or (job.prompt_id is None and job.project_id is None):
        return "/ui/prompts"
    if job.kind is JobKind.GROUND_TRUTH:
        return f"/ui/ground-truth/outcome/{job.id}"
    if job.prompt_id is not None:
        return f"/ui/prompts/{job.prompt_id}"
    return f"/ui/predictions?project={job.project_id}"


def _deleted(result: JsonObject) -> list[str]:
    number = int(result.get("deleted", 0))
    left = sum(int(each.get("predictions", 0)) for each in result.get("model_versions", []))
    said = [f"{plural(number, 'prediction')} deleted. Annotations stay."]
    if left:
        said.append(f"{plural(left, 'prediction')} of the same model versions stay.")
    return said


def _gone(result: JsonObject) -> list[str]:
    number = int(result.get("deleted", 0))
    return [f"Deleted, with {plural(number, 'prediction')}. Annotations stay."]


def _promoted(result: JsonObject) -> list[str]:
    said = [f"{plural(int(result.get('created', 0)), 'annotation')} created."]
    for name, why in (
        ("skipped_annotated", "of tasks that have annotations already"),
        ("skipped_identical", "that stand as an annotation already"),
        ("skipped_doubled", "that a task has a second time"),
        ("skipped_below", "whose score is below the threshold"),
        ("skipped_unscored", "that have no score"),
        ("skipped_outside", "that the promise is not of"),
        ("skipped_replaced", "that are not those the promise was made of"),
        ("skipped_sampled", "of tasks that people label, or labelled, for a promise sample"),
    ):
        if result.get(name):
            said.append(f"{plural(int(result[name]), 'prediction')} left out {why}.")
    return said


def _taken_back(result: JsonObject) -> list[str]:
    said = [f"{plural(int(result.get('deleted', 0)), 'annotation')} deleted."]
    kept = sum(int(each) for each in (result.get("kept") or {}).values())
    if kept:
        said.append(f"{plural(kept, 'annotation')} left alone that somebody touched since.")
    return said


def _marked(result: JsonObject) -> list[str]:
    value = bool(result.get("ground_truth"))
    number = int(result.get("marked" if value else "unmarked") or 0)
    return [f"{plural(number, 'task')} {'marked as ground truth' if value else 'unmarked'}."]


def _raced(result: JsonObject) -> list[str]:
    return [str(result.get("sentence") or "The race is over.")]


def _refined(result: JsonObject) -> list[str]:
    return ["The suggestion is ready."]


WORDS: Mapping[JobKind, Words] = {
    JobKind.DELETE_PROMPT: Words(
        "Delete Prompt",
        _gone,
        "The prompt and its versions are still there; predictions that are gone stay gone. "
        "Delete it again for the rest.",
    ),
    JobKind.DELETE_VERSION: Words(
        "Delete version",
        _gone,
        "The version is still there; predictions that are gone stay gone. Delete it again for "
        "the rest.",
    ),
    JobKind.DELETE_PREDICTIONS: Words(
        "Delete Predictions",
        _deleted,
        "What is deleted stays deleted, all else is as it was. Begin again for the rest: it is "
        "counted anew.",
    ),
    JobKind.PROMOTE: Words(
        "Create Annotations from Predictions",
        _promoted,
        "Annotations that were created stay. Begin again for the rest: what was created is left "
        "out.",
    ),
    JobKind.TAKE_BACK: Words(
        "Take back an acceptance",
        _taken_back,
        "Annotations that were deleted stay so, all else is as it was. Begin again for the rest: "
        "it is counted anew.",
    ),
    JobKind.GROUND_TRUTH: Words(
        "Ground truth",
        _marked,
        "What was marked, or taken off, stays so. Begin again for the rest: it is counted anew.",
    ),
    JobKind.REFINE: Words(
        "Enhance Prompt",
        _refined,
        "No version was changed. Begin again when the reason is mended.",
    ),
    JobKind.RACE: Words(
        "Which model?",
        _raced,
        "Answers that were paid for are kept. Begin again when the reason is mended.",
    ),
}
