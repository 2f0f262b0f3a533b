"""What the server needs and whether it has it, each with the mend; connecting projects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from flask import current_app, flash, make_response, render_template, request
from werkzeug.wrappers import Response

from ml_backend.errors import InvalidInput, LabelStudioError
from ml_backend.labelstudio import Backend, Project
from ml_backend.records import ProviderName
from ml_backend.services.callers.access import Caller
from ml_backend.services.connecting.backend_urls import plain
from ml_backend.services.connecting.connect import CONNECTED, Connected
from ml_backend.services.health.doctor import OK, SKIP, WARN, Check, Visibility
from ml_backend.settings import Settings
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.settings.findings import Findings, Round
from ml_backend.web.ui.shell.next_steps import for_pages
from ml_backend.web.ui.shell.pages import by_htmx, dialog, go, pages
from ml_backend.web.ui.shell.prompt_view import number
from ml_backend.web.ui.shell.session import quiet

FINDINGS = "findings"
FRESH_SECONDS = 15.0
NOW_SECONDS = 2.0
"""How long a part of a page waits for findings, …"""

PATIENT_SECONDS = 12.0
"""… and a page that was asked for them."""

LISTED_PROJECTS = 20
NEEDED = ("Label Studio", "token", "database", "server", "backend")
"""Findings that are steps to annotations, beside the models; all others are looked at as well."""

OF_THE_SERVER = "token"
NAMES = {
    OF_THE_SERVER: "The server's token",
    "database": "Database",
    "server": "This server",
    "backend": "ML backend",
    "jobs": "Jobs",
    "pictures": "Pictures",
    "pages": "Web pages",
    "secrets": "Secrets of projects",
    "second server": "Second server",
    "projects": "Projects",
    "certificates": "Certificates",
    "checks": "Checks",
}
MENDS: Mapping[str, tuple[str, str]] = {
    "model": ("Connections", "/ui/connections"),
    "budget": ("Connections", "/ui/connections"),
    "backend": ("Connect a project", "#projects"),
    "secrets": ("Connect again", "#projects"),
    "projects": ("Prompts", "/ui/prompts"),
}
UNCONNECTED = (
    "No project with a prompt is connected to this server yet. Runs do not need it; Label "
    "Studio's own Retrieve Predictions and predictions while people label do."
)


@dataclass(frozen=True, slots=True)
class Report:
    """The findings as the page shows them."""

    needed: Sequence[Check]
    others: Sequence[Check]
    is_done: bool

    @property
    def ready(self) -> int:
        return sum(check.status == OK for check in self.needed)

    @property
    def says(self) -> str:
        """Return how much is ready."""
        if not self.is_done and not self.needed:
            return "checking…"
        return f"{self.ready} of {len(self.needed)} ready"


@dataclass(frozen=True, slots=True)
class Connection:
    """How a project is connected to this server."""

    project: Project
    mine: Sequence[Backend]
    others: Sequence[Backend]
    address: str
    """What is offered as the address Label Studio calls."""

    secret: str
    """The user name that goes with the project's secret; "" while there is none."""

    @property
    def is_open(self) -> bool:
        """Return whether Label Studio calls without the project's secret."""
        return any(row.auth_user != self.secret or not self.secret for row in self.mine)

    @property
    def works(self) -> bool:
        return any(row.state == CONNECTED for row in self.mine)


@pages.get("/health")
def show_health() -> str:
    """Show what is set up; the findings come when they are made, or at once when asked for."""
    caller = identity.caller()
    chosen = number("project")
    titles: Mapping[int, str] = {}
    prompted: list[int] = []
    with suppress(LabelStudioError):  # that it is away is one of the findings
        titles = services().access.titles(caller)
        prompted = [each for each in _prompted(caller) if each != chosen and each in titles]
    report = None
    if "check" in request.args:
        wait = NOW_SECONDS if services().bridge.is_away else PATIENT_SECONDS
        report = _look(caller, fresh=0.0, wait=wait)
    return render_template(
        "settings/health.html",
        report=report,
        titles=titles,
        chosen=_connection(caller, chosen) if chosen is not None else None,
        prompted=prompted[:LISTED_PROJECTS],
        more=len(prompted) - LISTED_PROJECTS,
        settings=_settings(services().settings),
        **WORDS,
    )


@pages.get("/health/checks")
@quiet
def show_checks() -> str:
    """Return the findings; while some are still to be made the page asks again soon."""
    report = _look(identity.caller(), fresh=FRESH_SECONDS, wait=NOW_SECONDS)
    return render_template("settings/health_checks.html", report=report, **WORDS)


@pages.get("/health/ready")
@quiet
def show_ready() -> str:
    """Return in one line whether something is missing."""
    report = _look(identity.caller(), fresh=FRESH_SECONDS, wait=NOW_SECONDS)
    return render_template("settings/health_ready.html", report=report)


@pages.get("/health/project")
def show_connection() -> str:
    """Return how a project is connected: Label Studio calls each backend to say so."""
    found = _connection(identity.caller(), _wanted_project())
    return render_template("settings/health_project.html", connection=found, report=None, **WORDS)


@pages.post("/health/connect")
def connect_project() -> Response:
    """Connect a project to this server, or mend its connection."""
    caller = identity.caller()
    project = services().access.project(caller, _wanted_project())
    url, offered = (request.form.get(name, "").strip() for name in ("url", "offered"))
    # An address nobody changed is no wish: a connection that works keeps its own.
    done = (
        services()
        .connecting_through(caller.studio)
        .connect(
            project,
            url if url and url != offered else None,
            new_secret=bool(request.form.get("new_secret")),
            person=caller.person,
        )
    )
    _findings().forget(caller.key)
    if by_htmx():
        found = _connection(caller, project.id)
        text = render_template(
            "settings/health_project.html", connection=found, report=done, **WORDS
        )
        response = make_response(text)
        response.headers["HX-Trigger"] = "connections-changed"
        return response
    for sentence in sentences(done):
        flash(for_pages(sentence))
    return go(f"/ui/health?project={project.id}")


@pages.get("/health/disconnect")
def ask_disconnect() -> Response:
    """Say what disconnecting a project takes away."""
    caller = identity.caller()
    project = services().access.project(caller, _wanted_project())
    plan = services().disconnecting_through(caller.studio).plan(project)
    return dialog("settings/health_disconnect.html", project=project, plan=plan, **WORDS)


@pages.post("/health/disconnect")
def disconnect_project() -> Response:
    """Disconnect a project from this server."""
    caller = identity.caller()
    project = services().access.project(caller, _wanted_project())
    disconnecting = services().disconnecting_through(caller.studio)
    plan = disconnecting.plan(project)
    disconnecting.execute(plan)
    _findings().forget(caller.key)
    flash(
        f"{project.title} was not connected; nothing changed."
        if plan.is_empty
        else f"{project.title} is disconnected. Its predictions and annotations stay."
    )
    return go(f"/ui/health?project={project.id}")


def sentences(done: Connected) -> list[str]:
    """Return what a connection's report says to people."""
    first = {
        "created": "Connected.",
        "repaired": "The connection is mended.",
        "unchanged": "Nothing to do: it is connected.",
    }[done.outcome]
    further = done.done[done.outcome == "created" :]  # the connection itself was said
    if further:
        first = f"{first} Set as well: {'; '.join(further)}."
    return [first, *done.notes]


WORDS: dict[str, Any] = {
    "names": NAMES,
    "mends": MENDS,
    "plain": plain,
    "report_sentences": sentences,
}
"""What the templates say findings and reports with."""


def _wanted_project() -> int:
    found = number("project")
    if found is None:
        raise InvalidInput("No project is chosen.", field="project", fix="Choose one of the list.")
    return found


def _connection(caller: Caller, project_id: int) -> Connection:
    project = services().access.project(caller, project_id)
    mine, others = services().connecting_through(caller.studio).rows(project.id)
    address = plain(mine[0].url) if mine else services().settings.own_address()
    secret = services().store.secrets.newest(project.id)
    return Connection(project, mine, others, address, secret.user if secret else "")


def _prompted(caller: Caller) -> list[int]:
    """Return the projects of prompts that the person sees, those of the newest prompts first."""
    found: dict[int, None] = {}
    for prompt in reversed(services().access.prompts(caller)):
        for project_id in services().access.visible(caller, prompt.project_ids):
            found.setdefault(project_id)
    return list(found)


# Findings


def _look(caller: Caller, *, fresh: float, wait: float) -> Report:
    return _report(_findings().look(caller.key, _checks_for(caller), fresh=fresh, wait=wait))


def _findings() -> Findings:
    known: Findings = current_app.extensions.setdefault(FINDINGS, Findings())
    return known


def _checks_for(caller: Caller) -> Callable[[], Iterator[Check]]:
    """Return the doctor's checks about what the person sees, for a thread without the request."""
    doctor, store, access = services().doctor, services().store, services().access
    projects: set[int] = set()
    with suppress(LabelStudioError):
        projects = set(access.titles(caller))
    jobs = {job.id for job in store.jobs.search(limit=100) if access.sees_job(caller, job)}
    connections = {each.id for each in services().connections.visible(caller)}
    sight = Visibility(
        project=projects.__contains__,
        job=lambda job: job.id in jobs,
        connection=lambda each: each.id in connections,
        person=caller.person,
    )
    return lambda: doctor.checks(sight)


def _report(found: Round) -> Report:
    checks = list(found.found)
    default = services().models.default
    others = [each for each in checks if each.name.startswith("model: ") and each.status == OK]
    baseline = f"model: {default.title}" if default.provider is ProviderName.BASELINE else ""
    shown = []
    for check in checks:
        if check.name == baseline and len(others) < 2:
            check = replace(check, status=WARN)
        if check.name == "backend" and check.status == SKIP:
            check = replace(check, message=UNCONNECTED, fix="")
        shown.append(check)
    needed = [each for each in shown if each.name in NEEDED or each.name.startswith("model")]
    return Report(needed, [each for each in shown if each not in needed], found.is_done)


def _settings(settings: Settings) -> list[tuple[str, str]]:
    """Return the variables and whether each is set; never what a secret is set to."""
    told = {
        "LABEL_STUDIO_URL": settings.label_studio_url,
        "LABEL_STUDIO_PUBLIC_URL": settings.label_studio_public_url,
        "LABEL_STUDIO_API_KEY": settings.label_studio_api_key,
        "OPENAI_API_KEY": settings.openai_api_key,
        "OPENAI_BASE_URL": settings.openai_base_url,
        "OPENAI_MODEL": settings.openai_model,
        **settings.vendor_addresses,
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_OLD": settings.secret_key_old,
        "BASIC_AUTH_USER": settings.basic_auth_user,
        "BASIC_AUTH_PASS": settings.basic_auth_pass,
        "IMAGE_HOSTS": settings.image_hosts,
        **settings.authorities,
    }
    plainly = {
        "HOST": settings.host,
        "PORT": settings.port,
        "WORKERS": settings.workers,
        "THREADS": settings.threads,
        "LLM_MAX_CONCURRENCY": settings.llm_max_concurrency,
        "LLM_TIMEOUT": f"{settings.llm_timeout:g} s",
        "PREDICT_DEADLINE": f"{settings.predict_deadline:g} s",
        "LOG_LEVEL": settings.log_level,
        "AUDIT_DAYS": settings.audit_days,
        "ERASE_AFTER_DAYS": settings.erase_after_days,
    }
    shown = [(name, "set" if value else "not set") for name, value in told.items()]
    return shown + [(name, str(value)) for name, value in plainly.items()]
