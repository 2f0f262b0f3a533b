"""Prompts as files: for git, and from one server to another."""

from __future__ import annotations

from typing import Any

from ml_backend.services.prompts.import_document import of_import
from ml_backend.web.api.operations import Operations
from ml_backend.web.api.wire.prompt_files import ImportAnswer, PromptFileAnswer, PromptImport
from ml_backend.web.server import identity
from ml_backend.web.server.services import services

api = Operations("prompt_files_api", "prompts")


@api.add("GET", "/prompts/<id>/export", PromptFileAnswer)
def export_prompt(id: int) -> PromptFileAnswer:
    """Return a prompt as a YAML file: all its versions, no keys."""
    found = services().prompt_imports.export(identity.caller(), id)
    return PromptFileAnswer(
        prompt=found.prompt.id,
        title=found.prompt.title,
        file=found.text,
        left_out=list(found.left_out),
    )


@api.add("POST", "/prompts/import", ImportAnswer, body=PromptImport)
def import_prompt(body: PromptImport) -> dict[str, Any]:
    """Make a prompt of a file, or add its new versions to the one of its title; none is changed."""
    caller = identity.caller()
    imports = services().prompt_imports
    plan = imports.plan(caller, body.file, body.project, body.title)
    return of_import(plan, None if body.dry_run else imports.carry_out(caller, plan))
