"""What Label Studio sends, and what it must get back."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from typing import Any

import pytest

from ml_backend.container import Container
from ml_backend.records import RunOptions, RunSnapshot
from ml_backend.web import create_app
from support.fake_label_studio import FakeLabelStudio
from support.place import Place, close, settings
from support.server import eventually
from support.simulator import Simulator
from support.tables import each_row
from support.wire import CONFIG


def results(response: Any) -> list[Any]:
    assert response.status_code == 200, response.status
    found: list[Any] = response.json["results"]
    return found


def is_prediction(item: Any, label: str = "Topics__Version 1") -> bool:
    return bool(item) and item["result"] != [] and item["model_version"] == label


# health, setup


@pytest.mark.parametrize("path", ["", "/prompts/7", "/prompts/7/versions/3"])
def test_health_says_up_under_every_path(place: Place, path: str) -> None:
    response = place.client.get(f"{path}/health")
    assert response.status_code == 200
    assert response.json["status"] == "UP"
    assert response.json["instance"] == place.container.store.writing.instance()


@pytest.mark.slow
def test_setup_names_exactly_the_version_that_predict_writes(place: Place) -> None:
    place.prompt()
    label = place.setup().json["model_version"]
    assert [item["model_version"] for item in results(place.predict(place.tasks(3)))] == [label] * 3
    assert list(place.container.ownership.ours(place.project_id).labels) == [label]


@pytest.mark.slow
def test_setup_does_not_ask_label_studio(place: Place, studio: FakeLabelStudio) -> None:
    place.prompt()
    studio.control(forget_calls=True)
    for _ in range(10):
        place.setup()
    assert studio.state()["calls"] == {}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("<View><Text name='t' value='$text'/></View>", "Nothing in the labeling config can be"),
        ("<View></View>", "has no labeling config"),
        ("<View", "labeling config"),
        ("", "has no labeling config"),
    ],
    ids=["no control", "empty view", "no XML", "none"],
)
@pytest.mark.slow
def test_setup_refuses_a_config_that_cannot_be_answered(
    place: Place, config: str, words: str
) -> None:
    place.prompt()
    response = place.setup(schema=config)
    assert response.status_code == 400
    assert words in response.status


@pytest.mark.slow
def test_setup_knows_the_task_columns_beside_those_of_the_config(place: Place) -> None:
    prompt, _ = place.prompt(text="By {author}: {text}")
    assert place.setup().status_code == 200
    place.container.store.prompts.update_version(
        place.container.store.prompts.versions(prompt.id)[0].id, text="By {autor}: {text}"
    )
    response = place.setup()
    assert response.status_code == 400
    assert "autor" in response.status
    assert "author" in response.status


@pytest.mark.slow
def test_setup_does_not_wait_for_a_busy_label_studio(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.prompt(text="By {author}: {text}")
    asked, answered, may_answer = threading.Event(), threading.Event(), threading.Event()

    def busy(project_id: int) -> tuple[str, ...]:
        asked.set()
        may_answer.wait(60)
        answered.set()
        return ("text", "author")

    monkeypatch.setattr(place.container.backend._studio, "data_columns", busy)
    try:
        assert place.setup().status_code == 200
        assert asked.is_set()
        assert not answered.is_set()
    finally:
        may_answer.set()


# predict


@pytest.mark.slow
def test_every_task_gets_an_entry_in_its_place(place: Place) -> None:
    place.prompt()
    found = results(place.predict(place.tasks(20)))
    assert [item["task"] for item in found] == list(range(1, 21))
    assert all(is_prediction(item) for item in found)


@pytest.mark.slow
def test_one_poisoned_task_among_fifty_costs_only_itself(
    place: Place, simulator: Simulator
) -> None:
    place.prompt()
    simulator.control({"match": "number 13", "fault": "garbage"})
    found = results(place.predict(place.tasks(50)))
    assert len(found) == 50
    assert [n for n, item in enumerate(found, 1) if not is_prediction(item)] == [13]
    assert found[12] == []
    assert place.client.get("/").json["answered"] == {"ok": 49, "invalid_answer": 1}


ODD_TASKS = {
    "null text": {"id": 1, "data": {"text": None}},
    "no key": {"id": 1, "data": {}},
    "no data": {"id": 1},
    "data is a list": {"id": 1, "data": [1]},
    "no id": {"data": {"text": "hello"}},
    "text id": {"id": "x", "data": {"text": "hello"}},
    "huge id": {"id": 10**40, "data": {"text": "hello"}},
    "negative id": {"id": -5, "data": {"text": "hello"}},
    "a number": 7,
    "null": None,
    "a list": [],
    "emoji": {"id": 1, "data": {"text": "🦄👩‍👩‍👧 {text} {{x}} \u202e"}},
    "NUL": {"id": 1, "data": {"text": "a\0b"}},
    "lone surrogate": {"id": 1, "data": {"text": "\ud800 x"}},
    "nested": {"id": 1, "data": {"text": {"deep": [1, {"er": None}]}}},
    "megabyte": {"id": 1, "data": {"text": "word " * 200_000}},
}


@pytest.mark.slow
@each_row("odd", ODD_TASKS.values())
def test_an_odd_task_never_harms_its_neighbours(place: Place, odd: Any) -> None:
    if not place.container.store.prompts.all():
        place.prompt()
    before, after = place.tasks(2)
    found = results(place.predict([before, odd, after]))
    assert len(found) == 3
    assert is_prediction(found[0])
    assert is_prediction(found[2])
    assert found[1] == [] or is_prediction(found[1])


@pytest.mark.slow
def test_no_tasks_are_no_results(place: Place) -> None:
    place.prompt()
    assert results(place.predict([])) == []


@pytest.mark.slow
def test_a_deadline_gives_what_is_ready_and_keeps_what_comes_late(
    place: Place, simulator: Simulator
) -> None:
    place.prompt()
    results(place.predict(place.tasks(1, "warm")))  # what is loaded first takes of no deadline
    # Seconds apart, so that a busy machine is not what decides.
    place.container.backend._deadline = 4.0
    simulator.control({"match": "number 2", "latency": 7.0})
    found = results(place.predict(place.tasks(3)))
    assert [bool(item) for item in found] == [True, False, True]
    place.container.backend._deadline = 60.0
    wait_for_late_answers(place)
    assert all(is_prediction(item) for item in results(place.predict(place.tasks(3))))
    assert simulator.stats()["calls"] == 4


@pytest.mark.slow
def test_after_the_deadline_nothing_more_is_begun(place: Place, simulator: Simulator) -> None:
    place.prompt()
    results(place.predict(place.tasks(1, "warm")))
    place.container.models.concurrency = 1
    place.container.backend._deadline = 3.3
    simulator.control(latency=2.0)
    found = results(place.predict(place.tasks(6)))
    assert [bool(item) for item in found] == [True] + [False] * 5
    wait_for_late_answers(place)
    assert simulator.stats()["calls"] == 3


def wait_for_late_answers(place: Place) -> None:
    eventually(lambda: place.container.loop.run(pending_tasks()) == 0)


async def pending_tasks() -> int:
    return len(asyncio.all_tasks()) - 1


@pytest.mark.slow
def test_nothing_is_paid_twice(place: Place, simulator: Simulator) -> None:
    place.prompt()
    first, again = (results(place.predict(place.tasks(5))) for _ in range(2))
    values = [[item["result"][0]["value"] for item in found] for found in (first, again)]
    assert values[0] == values[1]
    assert simulator.stats()["calls"] == 5


@pytest.mark.slow
def test_what_was_handed_out_is_recorded(place: Place, simulator: Simulator) -> None:
    place.prompt()
    simulator.control({"match": "number 2", "fault": "garbage"})
    results(place.predict(place.tasks(3)))
    with place.container.store.database.read() as c:
        rows = c.exec_driver_sql(
            "SELECT project_id, task_id, label FROM served_predictions ORDER BY task_id"
        ).all()
    label = "Topics__Version 1"
    assert [tuple(row) for row in rows] == [
        (place.project_id, 1, label),
        (place.project_id, 3, label),
    ]


def begin_publishing(place: Place) -> None:
    [prompt] = place.container.store.prompts.all()
    [version] = place.container.store.prompts.versions(prompt.id)
    run = place.container.store.runs.create(
        prompt_id=prompt.id,
        version_id=version.id,
        project_id=place.project_id,
        label="Topics__Version 1",
        slot="all",
        subset="All",
        snapshot=RunSnapshot(),
        options=RunOptions(),
        total=1,
    )
    fence = place.container.store.runs.claim(run.id, "test", 60)
    assert fence is not None
    place.container.store.runs.change(run.id, fence, stage="clearing")


@pytest.mark.slow
def test_while_a_run_publishes_every_task_gets_nothing(place: Place, simulator: Simulator) -> None:
    place.prompt()
    begin_publishing(place)
    assert results(place.predict(place.tasks(3))) == [[], [], []]
    assert simulator.stats()["calls"] == 0


@pytest.mark.slow
def test_a_run_that_begins_to_publish_meanwhile_goes_first(
    place: Place, simulator: Simulator
) -> None:
    place.prompt()
    results(place.predict(place.tasks(1, "warm")))
    asked = simulator.stats()["calls"] + 3
    simulator.control(hold=True)

    def publish_meanwhile() -> None:
        eventually(lambda: simulator.stats()["calls"] >= asked)
        begin_publishing(place)
        simulator.control()

    begun = threading.Thread(target=publish_meanwhile)
    begun.start()
    assert results(place.predict(place.tasks(3))) == [[], [], []]
    begun.join()
    with place.container.store.database.read() as c:
        assert c.exec_driver_sql("SELECT count(*) FROM answers").scalar() == 4
        assert c.exec_driver_sql("SELECT count(*) FROM served_predictions").scalar() == 1


@pytest.mark.slow
def test_a_refused_key_is_an_error_with_its_reason(place: Place, simulator: Simulator) -> None:
    place.prompt()
    simulator.control({"fault": "auth"})
    response = place.predict(place.tasks(3))
    assert response.status_code == 502
    assert "key" in response.status
    assert "sk-a-secret-key" not in response.text + response.status


@pytest.mark.slow
def test_what_was_answered_before_the_model_refused_is_kept(
    place: Place, simulator: Simulator
) -> None:
    place.prompt()
    results(place.predict(place.tasks(2)))
    simulator.control({"fault": "quota"})
    found = results(place.predict(place.tasks(4)))
    assert [bool(item) for item in found] == [True, True, False, False]


@pytest.mark.slow
def test_an_unknown_project_is_refused_without_asking_the_model(
    place: Place, simulator: Simulator
) -> None:
    place.prompt()
    place.auth = place.secret(4711)
    tasks = [{**each, "project": 4711} for each in place.tasks(2)]
    response = place.predict(tasks, path="/prompts/1", project="4711.1795381976")
    assert response.status_code == 404
    assert "no project 4711" in response.status
    assert simulator.stats()["calls"] == 0


@pytest.mark.slow
def test_a_label_studio_that_is_away_does_not_stop_predictions(
    place: Place, studio: FakeLabelStudio
) -> None:
    place.prompt()
    assert all(is_prediction(item) for item in results(place.predict(place.tasks(1))))
    studio.control(down=True)
    assert all(is_prediction(item) for item in results(place.predict(place.tasks(2))))


@pytest.mark.slow
def test_a_projects_first_predictions_wait_for_label_studio_and_are_paid_for_once(
    place: Place, studio: FakeLabelStudio, simulator: Simulator
) -> None:
    place.prompt()
    studio.control(down=True)
    assert place.predict(place.tasks(2)).status_code == 503
    assert list(place.container.ownership.ours(place.project_id).labels) == []
    studio.control(down=False)
    assert all(is_prediction(item) for item in results(place.predict(place.tasks(2))))
    assert simulator.stats()["calls"] == 2


def test_a_refused_label_studio_token_is_said(place: Place, studio: FakeLabelStudio) -> None:
    place.prompt()
    studio.control(settings={"legacy": False})
    response = place.predict(place.tasks(2))
    assert response.status_code == 502
    assert "legacy tokens" in response.status


@pytest.mark.slow
def test_an_unknown_variable_is_named(place: Place) -> None:
    prompt, version = place.prompt()
    place.container.store.prompts.update_version(version.id, text="{text} {nonsense}")
    response = place.predict(place.tasks(2), path=f"/prompts/{prompt.id}")
    assert response.status_code == 400
    assert "nonsense" in response.status


@pytest.mark.slow
def test_a_column_that_these_tasks_lack_is_still_known(place: Place) -> None:
    place.prompt(text="By {author}: {text}")
    assert all(is_prediction(item) for item in results(place.predict(place.tasks(2))))


@pytest.mark.slow
def test_the_config_of_the_request_counts(place: Place) -> None:
    place.prompt()
    config = CONFIG.replace('value="a"', 'value="z"').replace('<Choice value="b"/>', "")
    for item in results(place.predict(place.tasks(3), label_config=config)):
        assert item["result"][0]["value"]["choices"] == ["z"]


@pytest.mark.slow
def test_an_edited_prompt_counts_at_once(place: Place) -> None:
    prompt, _ = place.prompt()
    results(place.predict(place.tasks(1)))
    version = place.container.prompts.create_version(prompt, text="Anew: {text}")
    place.container.prompts.activate(prompt, version)
    [item] = results(place.predict(place.tasks(1)))
    assert is_prediction(item, "Topics__Version 2")


@pytest.mark.slow
def test_an_interactive_failure_is_told_to_the_person(place: Place, simulator: Simulator) -> None:
    place.prompt()
    context = {"result": []}
    [item] = results(place.predict(place.tasks(1), context=context))
    assert is_prediction(item)
    simulator.control({"fault": "garbage"})
    response = place.predict(place.tasks(1, "another"), context=context)
    assert response.status_code == 422
    assert "No prediction for task 1" in response.status
    # The editor does not show it, so it must be found elsewhere.
    [(_, failure, _)] = place.container.store.served.failures(place.project_id)
    assert failure.task_id == 1


@pytest.mark.slow
def test_logs_hold_neither_task_texts_nor_keys(
    place: Place, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="ml_backend")
    place.prompt()
    simulator.control({"match": "number 2", "fault": "garbage"})
    place.predict(place.tasks(3, "confidential"))
    assert "invalid_answer" in caplog.text
    assert "confidential" not in caplog.text
    assert "sk-a-secret-key" not in caplog.text


# the offline baseline


@pytest.mark.slow
def test_the_baseline_learns_from_annotations_and_survives_a_label_studio_away(
    tmp_path: Any, studio: FakeLabelStudio
) -> None:
    topics = {"a": "the red apple fell", "b": "the green train left"}
    tasks = [
        {
            "data": {"text": text},
            "annotations": [
                {
                    "result": [
                        {
                            "from_name": "topic",
                            "to_name": "text",
                            "type": "choices",
                            "value": {"choices": [name]},
                        }
                    ]
                }
            ],
        }
        for name, text in topics.items()
    ]
    project_id, _ = studio.seed(CONFIG, tasks)
    container = Container(settings(tmp_path, studio, "", OPENAI_API_KEY=""))
    place = Place(container, create_app(container).test_client(), project_id, [])
    place.prompt()
    wires = [place.wire(91, {"text": "a red apple"}), place.wire(92, {"text": "a green train"})]
    expected = [["a"], ["b"]]
    found = results(place.predict(wires))
    assert [item["result"][0]["value"]["choices"] for item in found] == expected
    studio.control(down=True)
    later = Container(container.settings)
    place.client = create_app(later).test_client()
    found = results(place.predict(wires))
    assert [item["result"][0]["value"]["choices"] for item in found] == expected
    close(container)
    close(later)


# versions, odd bodies


@pytest.mark.slow
def test_versions_lists_the_labels_an_address_can_write(place: Place) -> None:
    prompt, _ = place.prompt()
    place.container.prompts.create_version(prompt, text="Two: {text}")
    place.prompt("Other")
    both = ["Topics__Version 1", "Topics__Version 2"]
    listed = place.client.get("/versions", auth=place.secret()).json["versions"]
    assert listed == [*both, "Other__Version 1"]
    assert place.post(f"/prompts/{prompt.id}/versions").json["versions"] == both


ODD_BODIES: list[bytes] = [
    b"",
    b"null",
    b"[]",
    b"7",
    b'"text"',
    b"{",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b"{}",
    b'{"project": null, "tasks": null}',
    b'{"project": true, "tasks": {}}',
    b'{"project": "x.1", "tasks": []}',
    b'{"project": "99999999999999999999.1", "tasks": []}',
    b'{"project": "-1", "tasks": [1]}',
    b'{"project": ["1"], "tasks": [null]}',
    b'{"project": "1.1", "tasks": [], "label_config": {}}',
    b'{"project": "1.1", "schema": 7, "extra_params": NaN}',
    b'{"project": "1.1", "tasks": "text"}',
    b'{"project": "1.1", "schema": "<View", "tasks": [], "label_config": "<View"}',
    b'{"project": "1.1", "schema": "\\ud800\\u0000", "tasks": [], "label_config": "\\ud800"}',
    b'{"project": "1.1", "extra_params": "\\ud800", "schema": "<View/>", "params": 7}',
    b'{"project": 1.5, "tasks": [], "params": []}',
]


@pytest.mark.slow
@pytest.mark.parametrize("route", ["/setup", "/predict", "/versions"])
def test_an_odd_body_is_never_our_failure(place: Place, route: str) -> None:
    place.prompt()
    for body in ODD_BODIES:
        response = place.post(route, data=body, content_type="application/json")
        assert response.status_code < 500, body[:100]
        assert isinstance(response.json, dict), body[:100]
        if response.status_code >= 400:
            assert response.json["error"], body[:100]


def test_a_web_page_elsewhere_cannot_spend_money(place: Place, simulator: Simulator) -> None:
    place.prompt()
    body = json.dumps({"project": place.uid, "tasks": place.tasks(1), "label_config": CONFIG})
    response = place.client.post("/predict", data=body, content_type="text/plain")
    assert response.status_code == 400
    assert "application/json" in response.status
    assert simulator.stats()["calls"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["/prompts/0", "/prompts/99999999999", "/prompts/nobody", "/prompts/1/versions/x"]
)
def test_an_address_that_names_nothing_is_explained(place: Place, path: str) -> None:
    place.prompt()
    for response in (place.setup(path), place.predict(place.tasks(1), path)):
        assert response.status_code == 404
        assert "no prompt" in response.status or "no version" in response.status


@pytest.mark.slow
def test_unknown_routes_and_methods_are_json_too(place: Place) -> None:
    assert place.client.get("/nowhere").status_code == 404
    response = place.client.get("/predict")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]
    assert response.json["error"]


@pytest.mark.slow
def test_null_that_was_offered_is_answered_as_nothing_to_mark(
    place: Place, simulator: Simulator
) -> None:
    place.prompt()
    simulator.control({"answer": {"topic": None}})
    found = results(place.predict(place.tasks(2)))
    assert [item["result"] for item in found] == [[], []]
    assert {item["model_version"] for item in found} == {"Topics__Version 1"}
    assert place.container.store.summary.predict_failures() == {}
    assert simulator.stats()["calls"] == 2
