"""The first text of a prompt: what people were told, or what the labeling config asks for."""

from __future__ import annotations

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.text.html_text import to_text
from ml_backend.labelstudio import Project


def first_draft(project: Project, config: LabelingConfig) -> str:
    """Return a prompt for a project to begin with.

    Its labeling instructions with the task's data below; without any a sentence about the classes.
    """
    told = _as_text(instructions(project))
    fields = [each for each in config.input_fields if _is_plain(each)]
    data = "\n\n".join(
        f"{{{each}}}" if len(fields) == 1 else f"{each}: {{{each}}}" for each in fields
    )
    return f"{told or _asked(config)}\n\n{data}".strip() + "\n"


def instructions(project: Project) -> str:
    """Return what a project tells its annotators, as plain text."""
    return to_text(project.instruction)


def _asked(config: LabelingConfig) -> str:
    if any(control.tag.endswith("Labels") for control in config.controls.values()):
        return "Mark every part that belongs to one of the labels, exactly as it stands there."
    if config.output_classes:
        return "Read the task and choose what fits best."
    return "Read the task and answer what is asked."


def _as_text(told: str) -> str:
    """Braces in instructions are prose: they name no variable."""
    return told.replace("{", "{{").replace("}", "}}")


def _is_plain(name: str) -> bool:
    return not set(name) & set("{}\n")
