"""What importing a prompt file does or did, as JSON: the same for the command line and the API."""

from __future__ import annotations

from ml_backend.records import JsonObject
from ml_backend.services.prompts.prompt_files import Imported, ImportPlan


def of_import(plan: ImportPlan, done: Imported | None) -> JsonObject:
    """Return a plan as JSON, with the ids of what was made where it was carried out."""
    prompt = done.prompt if done is not None else plan.prompt
    made = done.versions if done is not None else tuple(each.stands for each in plan.versions)
    return {
        "dry_run": done is None,
        "prompt": prompt.id if prompt is not None else None,
        "title": plan.title,
        "new_prompt": plan.prompt is None,
        "project": plan.project.id,
        "new_project": plan.adds_project,
        "versions": [
            {
                "title": each.title,
                "in_file": each.given.title,
                "action": "add" if each.is_added else "keep",
                "id": version.id if version is not None else None,
                "provider": each.given.provider.value,
                "provider_model_id": each.given.model,
                "connection": each.given.connection,
            }
            for each, version in zip(plan.versions, made, strict=True)
        ],
        "notes": list(plan.notes),
    }
