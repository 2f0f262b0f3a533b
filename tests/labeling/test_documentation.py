from __future__ import annotations

from pathlib import Path

import pytest

from ml_backend.labeling.controls import CONTROLS
from ml_backend.labeling.documentation import TASK, example_of, renewed
from ml_backend.labeling.objects import OBJECTS
from support.tables import each_row

PAGE = Path(__file__).parents[2] / "docs" / "labeling-configs.md"


@pytest.mark.slow
def test_the_page_of_tags_is_up_to_date():
    page = PAGE.read_text(encoding="utf-8")
    assert page == renewed(page, CONTROLS), "run: make docs"


@each_row("kind", OBJECTS.values())
def test_the_page_names_every_object(kind):
    assert f"`<{kind.tag}>`" in PAGE.read_text(encoding="utf-8")


@pytest.mark.slow
@each_row("kind", CONTROLS.values())
def test_examples_are_answered_without_a_word_of_complaint(kind, convert):
    config, answer = example_of(kind)
    assert kind in map(type, [*config.controls.values(), *config.companions.values()])
    made = convert(config.xml, answer, TASK)
    assert (made.errors, made.problems, dict(config.unanswerable)) == ((), (), {})
    assert made.answer == answer
