"""`predictions show`: what the label stream shows those who label."""

from __future__ import annotations

import click

from ml_backend.cli.app import App, Command, pass_app


@click.command("show", cls=Command)
@click.option("--project", required=True, help="Id or exact title.")
@click.option("--model-version", "label", required=True, help="Exactly this model version.")
@pass_app
def show_in_label_stream(app: App, project: str, label: str) -> None:
    """Have the label stream show a model version: people label with its predictions before them.

    \b
    Example:
      ls-prompts predictions show --project 3 --model-version "Topic__Version 2"
    """
    from ml_backend.services.publishing.shown_version import show_model_version

    found = show_model_version(app.container.studio, app.project(project), label)
    if app.as_json:
        app.document(
            {
                "project": found.project_id,
                "model_version": found.model_version,
                "before": found.before,
                "predictions": found.predictions,
            }
        )
        return
    click.echo(
        f"The label stream of project {found.project_id} shows {found.model_version!r} "
        f"({found.predictions} predictions); before, it showed {found.before or 'none'}."
    )
