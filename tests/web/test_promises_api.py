"""Promise samples by the API: any user of the project draws, opens, asks and withdraws them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ml_backend.records import Slot
from support.annotating import submit
from support.api import Api, task
from support.wire import CONFIG, region


class Drawing:
    """A project whose tasks all have a scored prediction of a version."""

    def __init__(self, api: Api) -> None:
        self.api = api
        api.project, api.tasks = api.studio.seed(CONFIG, [task(n) for n in range(14)])
        container = api.container
        project = container.studio.get_project(api.project)
        self.prompt = container.prompts.create("Topic", project=project)
        self.version = container.prompts.create_version(self.prompt, text="Which? {text}")
        label = container.ownership.claim(self.prompt, self.version, Slot.ALL, api.project)
        rows = [
            {"task": each, "result": [region()], "score": 0.9, "model_version": label}
            for each in api.tasks
        ]
        container.studio.import_predictions(api.project, rows)

    def post(self, path: str = "", **body: Any) -> Any:
        return self.api.request("POST", f"projects/{self.api.project}/promises{path}", json=body)

    def draw(self, **more: Any) -> Any:
        about = {"prompt": self.prompt.id, "version": self.version.id}
        limits = {"max_error": 0.5, "certainty": 0.9, "size": 8}
        return self.post(**{**about, **limits, **more})

    def get(self, number: int) -> dict[str, Any]:
        path = f"projects/{self.api.project}/promises/{number}"
        return dict(self.api.request("GET", path).json())


@pytest.fixture
def drawing(api: Api) -> Drawing:
    return Drawing(api)


@pytest.mark.slow
def test_a_sample_is_drawn_labelled_opened_and_asked(drawing: Drawing) -> None:
    api = drawing.api
    plan = drawing.draw(dry_run=True)
    assert plan.status_code == 200
    said = plan.json()
    assert (said["tasks"], said["size"], said["possible"], said["why"]) == (14, 8, True, "")
    assert said["withdrawn_model_versions"] == ["Topic__Version 1"]
    assert said["labels_for"]["0.02"] is None
    made = drawing.draw(several_looks=True)
    assert made.status_code == 201
    sample = made.json()
    assert (sample["state"], sample["promise"], sample["labelled"]) == ("drawn", False, 0)
    # The rest is the server's own work, right after.
    assert sample["settled"] is False
    assert drawing.post(f"/{sample['id']}/open").status_code == 400
    api.container.promise_samples.work()
    now = drawing.get(sample["id"])
    assert now["settled"] is True
    assert f"/projects/{api.project}/data?tab=" in now["tab"]
    assert now["why"].startswith("0 of 8 tasks are labelled")
    for each in sample["unlabelled_tasks"]:
        submit(api.studio, each, [region()])
    assert drawing.get(sample["id"])["ready"] is True
    opened = drawing.post(f"/{sample['id']}/open").json()
    assert (opened["state"], opened["promise"], opened["why"]) == ("opened", True, "")
    [look] = opened["looks"]
    assert (look["threshold"], look["accepted"], look["wrong"]) == (0.9, 1.0, 0)
    asked = drawing.post(f"/{sample['id']}/looks", max_error=0.6, certainty=0.9).json()
    assert (asked["number"], asked["promise"]) == (2, True)
    assert asked["claimed_certainty"] == pytest.approx(1 - 0.1 / 6)
    gone = drawing.post(f"/{sample['id']}/withdraw", reason="the guideline changed").json()
    assert (gone["state"], gone["promise"]) == ("withdrawn", False)
    assert gone["why"] == "It was withdrawn: the guideline changed"
    listed = api.request("GET", f"projects/{api.project}/promises").json()
    assert [each["id"] for each in listed] == [sample["id"]]


@pytest.mark.slow
def test_what_cannot_be_promised_is_refused_and_says_why(drawing: Drawing) -> None:
    refused = drawing.draw(max_error=0.03)
    assert refused.status_code == 400
    assert "no number of labels" in refused.json()["detail"]
    assert drawing.draw(max_error=1.5).status_code == 400
    assert drawing.draw(prompt=999).status_code == 404
    missing = drawing.api.request("GET", f"projects/{drawing.api.project}/promises/17")
    assert missing.status_code == 404


@pytest.mark.slow
def test_a_sample_of_another_project_is_not_found(drawing: Drawing) -> None:
    api = drawing.api
    number = drawing.draw().json()["id"]
    other, _ = api.studio.seed(CONFIG, [task(1)])
    path = f"projects/{other}/promises/{number}"
    for method, tail in (("GET", ""), ("POST", "/open"), ("POST", "/withdraw")):
        body = {"json": {}} if method == "POST" else {}
        assert api.request(method, path + tail, **body).status_code == 404


@pytest.mark.slow
def test_a_project_as_it_was_before_withdraws_nothing(drawing: Drawing) -> None:
    assert drawing.draw().status_code == 201
    container = drawing.api.container
    project = container.studio.get_project(drawing.api.project)
    before = replace(project, label_config=project.label_config.replace("<View>", "<View >"))
    assert before != project
    [seen] = container.promise_samples.states(container.studio, before)
    assert seen.sample.is_open, "what is withdrawn never comes back"
