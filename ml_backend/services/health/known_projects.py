"""Whether Label Studio's projects are those that prompts were made for."""

from __future__ import annotations

from collections.abc import Sequence

from ml_backend.labelstudio import Project
from ml_backend.services.project_identity import ProjectIdentity, Stranger
from ml_backend.store import Store

LISTED = 3


def find_strangers(store: Store, projects: Sequence[Project]) -> tuple[list[Stranger], int]:
    """Return the projects that prompts were not made for, and how many they were made for."""
    identity = ProjectIdentity(store)
    by_id = {project.id: project for project in projects}
    found = []
    known = 0
    for binding in store.projects.bindings():
        project = by_id.get(binding.project_id)
        if project is None:
            continue
        stranger = identity.stranger(binding.prompt_id, project)
        if stranger is not None:
            found.append(stranger)
        elif binding.project_made_at is not None:
            known += 1
    return found, known


def say_strangers(strangers: Sequence[Stranger], known: int, url: str) -> tuple[str, str]:
    """Return what is to be said of such projects, and what to do about the first of them."""
    parts = [each.message for each in strangers[:LISTED]]
    if len(strangers) > LISTED:
        parts.append(f"So it is with {len(strangers) - LISTED} more.")
    if not known:
        parts.insert(
            0, f"{url} seems to be another Label Studio than the one this server worked for."
        )
    return " ".join(parts), strangers[0].fix
