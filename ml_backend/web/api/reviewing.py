"""Review first: a tab in Label Studio of the tasks that people are to look at next."""

from __future__ import annotations

from ml_backend.records import JsonObject
from ml_backend.services.reviewing.review_first import ReviewRequest
from ml_backend.services.reviewing.review_words import document_of, end_document
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.reviewing import (
    ReviewAnswer,
    ReviewEnd,
    ReviewEndAnswer,
    ReviewFind,
    Reviewing,
)
from ml_backend.web.server import identity
from ml_backend.web.server.services import services

api = Operations("reviewing_api", "projects")

REVIEW = "/projects/<project_id>/review-first"


@api.add("GET", REVIEW, list[ReviewAnswer], query=ReviewFind)
def list_reviews(project_id: int, query: ReviewFind) -> list[JsonObject]:
    """List the tabs that are kept up in a project, as they were last filled."""
    caller = identity.caller()
    access = services().access
    project = access.project(caller, project_id)
    prompts = access.prompts(caller)
    if query.prompt is not None:
        prompts = [access.prompt(caller, query.prompt)]
    found = [services().review_first.state(prompt, project) for prompt in prompts]
    return [document_of(each, services().settings) for each in found if each is not None]


@api.add("POST", REVIEW, ReviewAnswer, body=Reviewing)
def start_review(project_id: int, body: Reviewing) -> JsonObject:
    """Make the tab or change what it shows, with your own rights; dry_run only says it."""
    caller = identity.caller()
    access = services().access
    project = access.project(caller, project_id)
    prompt = access.prompt(caller, body.prompt)
    request = ReviewRequest(
        version=access.version(prompt, body.version) if body.version is not None else None,
        size=body.size,
        below=body.below,
        sampling=body.sampling.of_label_studio if body.sampling is not None else None,
        person=caller.person,
    )
    service = services().review_first
    carry_out = service.plan if body.dry_run else service.start
    found = carry_out(caller.studio, prompt, project, request)
    return {**document_of(found, services().settings), "dry_run": body.dry_run}


@api.add("DELETE", REVIEW, ReviewEndAnswer, query=ReviewEnd)
def stop_review(project_id: int, query: ReviewEnd) -> JsonObject:
    """Remove the tab unless somebody made it theirs, and put the project's sampling back."""
    caller = identity.caller()
    project = services().access.project(caller, project_id)
    prompt = services().access.prompt(caller, query.prompt)
    ended = services().review_first.stop(caller.studio, prompt, project)
    return end_document(project.id, ended)
