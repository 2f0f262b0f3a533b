"""The bundled demo project: messages to an imaginary shop, some with the right answers.

Messages, products and people are invented. This package only reads its files; turning answers
into Label Studio regions is the labeling core's work.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def config() -> str:
    """The labeling config, as XML."""
    return _read("config.xml")


def tasks() -> list[dict[str, Any]]:
    """The 200 tasks: ``data`` as Label Studio imports it, and for 60 of them ``ground_truth``.

    ``ground_truth`` is an answer, not regions: ``topic``, ``urgency`` and ``entities``, a list of
    ``quote``, ``occurrence`` (from 1, among the matches of the quote in ``text``) and ``label``.
    Label Studio does not know that key: take it out before importing.
    """
    loaded: list[dict[str, Any]] = json.loads(_read("tasks.json"))
    return loaded


def instructions() -> str:
    """The guideline for the people who label, as Markdown."""
    return _read("instructions.md")


def prompt() -> str:
    """A first prompt for the project, with the variables ``{subject}`` and ``{text}``."""
    return _read("prompt.md")


def small_config() -> str:
    """A labeling config that asks for the topic alone, for a small model."""
    return _read("small_config.xml")


def small_prompt() -> str:
    """A prompt that a small model can follow."""
    return "What is this message to a shop about? Choose one topic.\n{text}"


def _read(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
