"""Accepting by command: by a score or a promise, thresholds, taking back; counted before done."""

from __future__ import annotations

import pytest

from ml_backend.container import Container
from ml_backend.settings import Settings
from support.labels import own
from support.promises_made import row
from support.terminal import LABEL, Terminal

PROJECT = ("--project", "Mails")


SCORES = [0.9, 0.8, 0.2, None]


@pytest.fixture
def sure(terminal: Terminal, mails: list[int]) -> list[int]:
    """The four mails, annotated by nobody, with predictions that have these scores."""
    container = Container(Settings.from_env({k: v for k, v in terminal.settings.items() if v}))
    try:
        for each in terminal.rows("annotations"):
            container.studio.delete_annotation(each["id"])
        (prompt,) = container.store.prompts.all()
        (version,) = container.store.prompts.versions(prompt.id)
        project = container.studio.find_project("Mails").id
        own(container.store, terminal.fake.url, project, LABEL, prompt.id, version.id)
        rows = zip(mails, SCORES, strict=True)
        container.studio.import_predictions(
            project, [{**row(task, "A", score), "model_version": LABEL} for task, score in rows]
        )
    finally:
        container.close()
        container.store.close()
    return mails


PROMOTE = ("predictions", "promote", *PROJECT, "--prompt", "Topic", "--all", "--min-score", 0.8)


@pytest.mark.slow
def test_accepting_by_a_score_counts_lists_and_takes_back(
    terminal: Terminal, sure: list[int]
) -> None:
    plan = terminal.json(*PROMOTE, "--dry-run")
    assert (plan["would_create"], plan["skipped_below"], plan["skipped_unscored"]) == (2, 1, 1)
    assert (plan["promise"], plan["for_people"]) == (False, 2)
    assert "score below the threshold" in terminal.run(*PROMOTE, code=2).stdout
    done = terminal.json(*PROMOTE, "--yes")
    assert done["created"] == 2
    (act,) = terminal.json("predictions", "acceptances", *PROJECT)["acceptances"]
    assert (act["id"], act["created"], act["threshold"]) == (done["acceptance"], 2, 0.8)
    assert LABEL in terminal.run("predictions", "acceptances", *PROJECT).stdout
    take_back = ("predictions", "take-back", done["acceptance"])
    assert terminal.json(*take_back, code=2)["would_delete"] == 2
    assert len(terminal.rows("annotations")) == 2
    assert "Deleted 2 annotations" in terminal.run(*take_back, "--yes").stdout
    assert terminal.rows("annotations") == []
    assert terminal.json("predictions", "take-back", *PROJECT, "--yes")["deleted"] == 0


@pytest.mark.slow
def test_an_error_that_nothing_promises_is_refused_with_what_to_do(
    terminal: Terminal, sure: list[int]
) -> None:
    asked = ("predictions", "promote", *PROJECT, "--model-version", LABEL, "--all")
    refused = terminal.run(*asked, "--max-error", 0.03, "--yes", code=1)
    assert "Nothing is promised" in refused.stderr
    assert "promises draw" in refused.stderr
    assert terminal.rows("annotations") == []
    both = terminal.run(*asked, "--max-error", 0.03, "--min-score", 0.5, code=1)
    assert "exclude each other" in both.stderr


@pytest.mark.slow
def test_the_threshold_says_that_it_is_no_promise(terminal: Terminal, sure: list[int]) -> None:
    asked = ("predictions", "threshold", *PROJECT, "--prompt", "Topic")
    told = terminal.json(*asked)
    assert (told["promise"], told["predictions"], told["labels_for_2_percent"]) == (False, 4, 149)
    assert "No promise sample was drawn" in told["why"]
    assert "A promise of 2 % takes 149 labels" in terminal.run(*asked).stdout
