"""The report of a run as one page that needs nothing else: to read here, to save, to pass on."""

from __future__ import annotations

from flask import Response

from ml_backend.web.actions.report_response import report_answer
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.results.results import file_name, open_run
from ml_backend.web.ui.shell.next_steps import WORDS
from ml_backend.web.ui.shell.pages import pages


@pages.get("/runs/<int:run_id>/report")
def show_report(run_id: int) -> Response:
    """Show a run's report under a name it can be saved by."""
    run = open_run(run_id)
    report = services().run_reports.report(run, identity.caller().studio)
    response = report_answer(report, WORDS)
    response.headers["Content-Disposition"] = f'inline; filename="{file_name(run)}.html"'
    return response
