"""Which connections call without their project's secret, in words."""

from __future__ import annotations

from collections.abc import Sequence

from ml_backend.labelstudio import Backend, Project
from ml_backend.next_steps import Step
from ml_backend.store import Store

NAMED = 5
SENSE = (
    "Who reaches this server may call it for such a project as Label Studio does; a prompt with "
    "a person's own key does not answer there, nor does Start Training."
)


def say_open_connections(
    store: Store, rows: Sequence[tuple[Project, Backend]]
) -> tuple[str, str] | None:
    """Return what is open and how it is closed; None where nothing is."""
    found = {}
    for project, row in rows:
        secret = store.secrets.newest(project.id)
        if secret is None or row.auth_user != secret.user:
            found[project.id] = project.title
    if not found:
        return None
    titles = ", ".join(repr(title) for title in list(found.values())[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    step = " ".join(Step.CONNECT_AGAIN(project=project_id) for project_id in list(found)[:1])
    return f"Connected without a secret of their own: {titles}{more}. {SENSE}", step
