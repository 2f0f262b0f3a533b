"""The main job on a real Label Studio, asserted through Label Studio's own API."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.by_hand import next_task
from support.live_project import LiveProject
from support.server import Installation

pytestmark = [pytest.mark.live, pytest.mark.timeout(500)]

TEXT = "Sort this message.\n\n{subject}\n\n{text}"


def test_predictions_are_overwritten_not_accumulated(
    server: Installation, project: LiveProject
) -> None:
    server.cli("prompts", "create", "Mail", "--project", project.id, "--text", TEXT)

    run = server.json("run", "Mail", "--project", project.id)
    assert (run["status"], run["total_predictions"]) == ("Completed", 200)
    project.assert_each_task_holds("Mail__Version 1")
    assert project.counters() == {1: 200}

    server.cli("versions", "create", "Mail", "--text", "Be brief.\n\n" + TEXT)
    server.cli("run", "Mail", "--project", project.id)
    project.assert_each_task_holds("Mail__Version 2")
    assert project.counters() == {1: 200}
    assert project.studio.get_project(project.id).model_version == "Mail__Version 2"

    again = server.json("run", "Mail", "--project", project.id)
    assert again["cached"] == 200, "identical requests are answered from the cache"
    project.assert_each_task_holds("Mail__Version 2")

    server.cli("prompts", "create", "Other", "--project", project.id, "--text", "Label {text}")
    server.cli("run", "Other", "--project", project.id)
    project.assert_each_task_holds("Mail__Version 2", "Other__Version 1")
    assert project.counters() == {2: 200}
    shown = project.studio.get_project(project.id).model_version
    assert shown == "Mail__Version 2", "another prompt does not take over the label stream"


def test_evaluate_has_its_own_slot_and_deleting_one_version_leaves_the_others(
    server: Installation, project: LiveProject
) -> None:
    server.cli("prompts", "create", "Mail", "--project", project.id, "--text", TEXT)
    server.cli("run", "Mail", "--project", project.id)
    evaluated = server.json("evaluate", "Mail", "--project", project.id)
    overall = evaluated["metrics"]["overall"]
    assert overall["n"] == 60
    assert overall["failed"] == 0
    assert 0 <= overall["low"] <= overall["accuracy"] <= overall["high"] <= 1
    assert evaluated["total_correct_predictions"] == overall["correct"]
    versions = project.studio.model_versions
    assert versions(project.id) == {"Mail__Version 1": 200, "Mail__Version 1__evaluate": 60}
    assert project.counters() == {1: 140, 2: 60}

    held = server.json(
        "predictions", "delete", "--project", project.id,
        "--model-version", "Mail__Version 1__evaluate", "--yes",
    )  # fmt: skip
    assert held["deleted"] == 60
    assert versions(project.id) == {"Mail__Version 1": 200}
    assert project.counters() == {1: 200}
    assert project.studio.get_project(project.id).model_version == "Mail__Version 1"


def test_the_label_stream_shows_the_predictions(server: Installation, project: LiveProject) -> None:
    server.cli("prompts", "create", "Mail", "--project", project.id, "--text", TEXT)
    server.cli("run", "Mail", "--project", project.id)
    task = next_task(project.studio, project.id)
    assert task is not None
    assert [row["model_version"] for row in task["predictions"]] == ["Mail__Version 1"]


def test_promoting_twice_creates_annotations_once(
    server: Installation, project: LiveProject
) -> None:
    server.cli("prompts", "create", "Mail", "--project", project.id, "--text", TEXT)
    server.cli("run", "Mail", "--project", project.id)
    promote = (
        "predictions", "promote", "--project", project.id,
        "--model-version", "Mail__Version 1", "--all", "--yes",
    )  # fmt: skip
    first = server.json(*promote)
    assert first["created"] == 140
    assert first["skipped_annotated"] == 60, "people's annotations are left alone"
    assert len(project.annotations()) == 200
    second = server.json(*promote)
    assert second["created"] == 0
    assert len(project.annotations()) == 200

    # The same answers again, as new rows: still nothing to promote.
    server.cli("run", "Mail", "--project", project.id)
    third = server.json(*promote)
    assert third["created"] == 0
    assert len(project.annotations()) == 200


def test_a_model_is_never_measured_on_its_own_answers_and_versions_are_compared(
    server: Installation, project: LiveProject, tmp_path: Path
) -> None:
    server.cli("prompts", "create", "Mail", "--project", project.id, "--text", TEXT)
    server.cli("run", "Mail", "--project", project.id)
    server.cli("ground-truth", "add", "--project", project.id, "--all", "--yes")
    promoted = ("--model-version", "Mail__Version 1", "--all", "--yes")
    server.cli("predictions", "promote", "--project", project.id, *promoted)
    on_all = ("evaluate", "Mail", "--project", project.id, "--truth", "annotations")
    assert server.json(*on_all)["metrics"]["overall"]["n"] == 60
    # With the predictions gone Label Studio forgets what the annotations were made from.
    server.cli("predictions", "delete", "--project", project.id, *promoted[:2], "--yes")
    assert server.json(*on_all)["metrics"]["overall"]["n"] == 60

    server.cli("versions", "create", "Mail", "--text", "Be brief.\n\n" + TEXT)
    measured = server.json("evaluate", "Mail", "--project", project.id)
    assert measured["metrics"]["controls"]["topic"]["micro"]["support"] == 60
    pair = ("versions", "compare", "Mail", "Version 1", "Version 2", "--project", project.id)
    found = server.json(*pair, "--truth", "ground_truth")
    assert (found["tasks"], len(found["pairs"])) == (60, 1)
    page = tmp_path / "report.html"
    server.cli("runs", "report", measured["id"], "--html", page)
    assert "Be brief." in page.read_text(encoding="utf-8")


def test_only_missing_asks_the_new_tasks_alone(server: Installation, project: LiveProject) -> None:
    server.cli("prompts", "create", "Mail", "--project", project.id, "--text", TEXT)
    server.cli("run", "Mail", "--project", project.id)
    new = [{"data": {"text": f"new {n}", "subject": "s", "channel": "chat"}} for n in range(5)]
    project.studio.import_tasks(project.id, new)
    run = server.json("run", "Mail", "--project", project.id, "--only-missing")
    assert run["total_tasks"] == 5
    project.assert_each_task_holds("Mail__Version 1")
    assert project.counters() == {1: 205}


def test_label_studio_connects_and_retrieves_predictions(
    server: Installation, project: LiveProject
) -> None:
    server.start()
    server.cli("prompts", "create", "Mail", "--project", project.id, "--text", TEXT)
    server.cli("connect", "--project", project.id, "--url", server.url)
    some = project.studio.task_ids(project.id)[:20]
    for _ in range(2):  # the second time adds nothing
        project.studio.retrieve_predictions(project.id, some)
        held = project.versions_per_task()
        assert all(held[task] == {"Mail__Version 1": 1} for task in some)

    # A run replaces what /predict wrote.
    run = server.json("run", "Mail", "--project", project.id, "--detach")
    assert server.json("runs", "watch", run["id"])["status"] == "Completed"
    project.assert_each_task_holds("Mail__Version 1")
