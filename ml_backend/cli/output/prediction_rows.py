"""Predictions in a list: those that people should see first, and how many there are more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_backend.cli.app import App, version_name

if TYPE_CHECKING:
    from ml_backend.kinds import Slot
    from ml_backend.labelstudio import Project
    from ml_backend.services.predictions.selection import Selection

SHOWN_ROWS = 20


def show_unsure(
    app: App,
    project: Project,
    below: float,
    named: Selection,
    slot: Slot | None,
    limit: int | None,
) -> None:
    """Print the predictions that score below a limit, the least sure first."""
    every, without = app.container.predictions.unsure(project.id, below, named, slot)
    rows = every[:limit] if app.as_json else every[: limit or SHOWN_ROWS]
    sources = app.container.store.results.sources(
        project.id, [(key.task_id, key.model_version or "") for key in rows]
    )
    told = [sources.get((key.task_id, key.model_version or "")) for key in rows]
    if app.as_json:
        listed = [
            {
                "task": key.task_id,
                "score": key.score,
                "score_from": source.value if source else None,
                "model_version": key.model_version,
            }
            for key, source in zip(rows, told, strict=True)
        ]
        tasks = list(dict.fromkeys(key.task_id for key in rows))
        app.document(
            {
                "project": project.id,
                "below": below,
                "task_ids": tasks,
                "predictions": listed,
                "total": len(every),
                "without_score": without,
            }
        )
        return
    app.table(
        ("Task", "Score", "From", "Model version"),
        [
            (
                key.task_id,
                f"{key.score:.3f}",
                source.words if source else None,
                version_name(key.model_version),
            )
            for key, source in zip(rows, told, strict=True)
        ],
        title=f"Predictions in {project.title!r} that score below {below:g}",
        empty=f"No prediction in {project.title!r} scores below {below:g}.",
        numbers=("Task", "Score"),
    )
    note_more(app, len(rows), len(every), "predictions")
    if without:
        app.note(f"{without} predictions have no score: nobody knows how sure they are.")


def note_more(app: App, shown: int, total: int, what: str) -> None:
    """Say that there are more rows than were shown."""
    if shown < total:
        app.note(f"{shown} of {total} {what} are shown: --limit {total} shows all.")
