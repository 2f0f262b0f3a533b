"""What only the fake can do: be slow, cut connections and take effect late, as measured."""

from __future__ import annotations

import time

import pytest

from ml_backend.errors import LabelStudioUnreachable
from ml_backend.labelstudio import ServerLabelStudio
from support.fake_label_studio import FakeLabelStudio
from support.processes import eventually
from support.wire import CONFIG, row


@pytest.mark.slow
def test_import_whose_client_left_takes_effect_later(fake, door):
    project_id, (task_id,) = fake.seed(CONFIG, [{"text": "x"}])
    fake.fail("import/predictions", "delay_commit", seconds=1.0)
    with pytest.raises(LabelStudioUnreachable):
        door.import_predictions(project_id, [row(task_id)])
    assert door.predictions(project_id) == []
    assert fake.state()["unsettled"] == 1
    assert len(eventually(lambda: door.predictions(project_id))) == 1


@pytest.mark.slow
def test_delete_whose_client_left_blocks_other_writes_until_it_is_done(fake, door):
    project_id, (task_id,) = fake.seed(
        CONFIG, [{"data": {"text": "x"}, "predictions": [{"model_version": "v", "result": []}]}]
    )
    fake.fail("model-versions", "delay_commit", method="DELETE", seconds=1.0, locks=True)
    with pytest.raises(LabelStudioUnreachable):
        door.delete_model_version(project_id, "v")
    with pytest.raises(LabelStudioUnreachable, match="database is locked"):
        door.import_predictions(project_id, [row(task_id, "w")])
    assert door.model_versions(project_id) == {"v": 1}
    eventually(lambda: not door.model_versions(project_id))
    assert door.import_predictions(project_id, [row(task_id, "w")]) == 1


def test_latency_grows_with_the_rows(fake, door):
    project_id, (task_id,) = fake.seed(CONFIG, [{"text": "x"}])
    fake.control(latency=[{"path": "import/predictions", "seconds": 0.1, "per_row": 0.02}])
    started = time.monotonic()
    door.import_predictions(project_id, [row(task_id)] * 5)
    assert time.monotonic() - started >= 0.2


def test_faults_are_used_up_in_order_and_may_wait_for_later_calls(fake, door):
    project_id, _ = fake.seed(CONFIG, [{"text": "x"}])
    fake.fail("model-versions", "status", status=503, skip=1)
    assert door.model_versions(project_id) == {}
    with pytest.raises(LabelStudioUnreachable):
        door.model_versions(project_id)
    assert door.model_versions(project_id) == {}


def test_seed_takes_annotations_and_predictions_along(fake, door):
    prediction = {"result": [], "model_version": "v"}
    annotation = {"result": [], "ground_truth": True}
    project_id, ids = fake.seed(
        CONFIG,
        [{"data": {"text": "x"}, "predictions": [prediction], "annotations": [annotation]}],
    )
    assert door.model_versions(project_id) == {"v": 1}
    assert [task.id for task in door.iter_annotated(project_id, ground_truth_only=True)] == ids


def test_without_a_check_the_fake_stores_what_has_a_result():

    with FakeLabelStudio() as unchecked:
        project_id, (task_id,) = unchecked.seed(CONFIG, [{"text": "x"}])
        door = ServerLabelStudio(unchecked.url, unchecked.token)
        rows = [row(task_id, choice="unknown"), {"task": task_id, "model_version": "v"}]
        assert door.import_predictions(project_id, rows) == 1
