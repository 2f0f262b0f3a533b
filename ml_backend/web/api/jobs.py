"""What goes on and what was done: jobs, the audit log; and the exchange of tokens."""

from __future__ import annotations

from typing import Any

from ml_backend.errors import LabelStudioAuthError
from ml_backend.labelstudio import tokens
from ml_backend.services.upkeep.audit_log import AuditQuery, actions_named
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.actions import Access, AuditPage, AuditSearch, JobAnswer, Refresh
from ml_backend.web.api.wire.parts import Page, PageQuery, paged, slice_of
from ml_backend.web.server import identity
from ml_backend.web.server.attempts import attempts
from ml_backend.web.server.services import services

api = Operations("jobs_api", "jobs")

audit = Operations("audit_api", "audit")

MANY_JOBS = 10_000


@api.add("GET", "/jobs/", Page[JobAnswer], query=PageQuery)
def list_jobs(query: PageQuery) -> dict[str, Any]:
    """List the jobs you see, newest first."""
    caller = identity.caller()
    found = [
        each
        for each in services().store.jobs.search(limit=MANY_JOBS)
        if services().access.sees_job(caller, each)
    ]
    shown = [JobAnswer.of(each) for each in slice_of(found, query)]
    return paged(len(found), query, shown)


@api.add("GET", "/jobs/<id>/", JobAnswer)
def get_job(id: int) -> JobAnswer:
    """Return a job: how far it is, or what it did."""
    return JobAnswer.of(services().access.job(identity.caller(), id))


@api.add("POST", "/token/refresh/", Access, body=Refresh, public=True)
def refresh_token(body: Refresh) -> Access:
    """Exchange a personal access token at Label Studio, which the SDK does before its calls."""
    services().settings.require_label_studio()
    with attempts().asking(identity.key_of(body.refresh)):
        status, answer = tokens.exchange(services().settings.label_studio_url, body.refresh)
        if status == 200 and isinstance(answer, dict) and isinstance(answer.get("access"), str):
            return Access(access=answer["access"])
        detail = answer.get("detail") if isinstance(answer, dict) else None
        error = LabelStudioAuthError(str(detail or "Token is invalid"), status=401)
        error.by_caller = True
        raise error


@audit.add("GET", "/audit/", AuditPage, query=AuditSearch)
def list_audit_events(query: AuditSearch) -> AuditPage:
    """List who deleted, promoted, marked truth, changed keys and spent; for the owner alone."""
    found = services().audit_log.of_caller(
        identity.caller(),
        AuditQuery(
            since=query.since,
            until=query.until,
            who=query.who or "",
            actions=actions_named(query.action or ""),
            project_id=query.project,
            before=query.before,
            limit=query.page_size,
        ),
    )
    return AuditPage.of(found, query.page_size)
