"""The first text of a prompt: what people who label are told, or at least the tasks' fields."""

from __future__ import annotations

from collections.abc import Collection

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.html_text import to_text
from ml_backend.labelstudio import Project
from ml_backend.prompting import template

LABEL_THE_TASK = "Label this task."


def first_draft(project: Project, config: LabelingConfig, known: Collection[str]) -> str:
    """Return a text that may be saved as it is: the labeling instructions and the tasks' fields.

    ``known`` are the variables a text may name; other braces in instructions are made plain text.
    """
    text = template.escape_unknown(to_text(project.instruction).strip(), known) or LABEL_THE_TASK
    missing = [name for name in config.input_fields if not template.uses_any(text, [name])]
    if not missing:
        return text
    lines = [f"{_title(name)}: {{{name}}}" for name in missing]
    return "\n\n".join((text, "\n".join(lines)))


def _title(name: str) -> str:
    return name[:1].upper() + name[1:].replace("_", " ")
