"""Whatever is sent to the routes of the ML backend: an answer, or a refusal that says why."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import strategies as st

from ml_backend.web import create_app
from support.fuzzing import ANY_ID, ODD_TEXT, Fuzz, mangled, spoilt
from support.labeling_answers import ANYTHING
from support.place import CREATED, Place
from support.simulator import Simulator
from support.wire import CONFIG, region

AUTH = ("label-studio", "a password")
BASIC = {"Authorization": f"Basic {base64.b64encode(':'.join(AUTH).encode()).decode()}"}
PROJECT = f"1.{CREATED}"
TASK = {
    **{"id": 1, "data": {"text": "a task", "author": "Kim"}, "meta": {}, "project": 1},
    **{"annotations": [{"id": 4, "result": [region()]}], "predictions": [], "is_labeled": False},
}
INTERACTIVE = {"result": [region()], "textarea": "Which? {text}", "type": "keypoint"}
PREDICT = [
    {
        **{"tasks": [TASK, TASK], "project": PROJECT, "label_config": CONFIG},
        "params": {"login": None, "password": None, "context": context},
    }
    for context in (None, INTERACTIVE)
]
SETUP = [
    {
        **{"project": PROJECT, "schema": CONFIG, "hostname": "http://localhost:8080"},
        **{"access_token": "a-token", "extra_params": extra},
    }
    for extra in (None, {"prompt": "Topics"}, '{"prompt": "Which? {text}", "few_shot": 2}')
]
HOOK = [
    {
        "action": "ANNOTATION_CREATED",
        "project": {"id": 1},
        "task": TASK,
        "annotation": {"id": 4, "task": 1},
    },
    {"action": "ANNOTATIONS_DELETED", "project": 1, "annotations": [{"id": 4, "task": 1}]},
    {"action": "PROJECT_UPDATED", "project": {"id": 1, "title": "x"}},
    {"action": "START_TRAINING", "project": {"id": 1}},
]
BODIES = {"predict": PREDICT, "setup": SETUP, "webhook": HOOK, "train": HOOK, "versions": [{}]}
PREFIXES = [
    "",
    "/prompts/Topics",
    "/prompts/1",
    "/prompts/1/versions/1",
    "/prompts/1/versions/Version 1",
]
ODD_PREFIX = st.sampled_from(
    [
        "/prompts/0",
        "/prompts/%00",
        "/prompts/" + "9" * 400,
        "/prompts/..",
        "/prompts/😀",
        "/prompts/%ff/versions/%fe",
        "/prompts/1/versions/-1",
        "/prompts/1e9",
        "/prompts/x%2Fy",
    ]
)
TYPES = st.sampled_from(
    ["application/json"] * 9 + ["text/plain", "", "application/json; charset=x", "a/b; =;"]
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Authorization", "X-Forwarded-Proto", "Cookie", "If-Match", "Range", "Accept"]
    ),
    st.sampled_from(
        ["Basic !!!", "Basic OjpA", "Bearer x", "", "https", "a=b; =;", "bytes=0-", "text/html"]
    ),
    max_size=2,
)


@st.composite
def requests(draw: Any) -> tuple[str, bytes, str, dict[str, str]]:
    name = draw(st.sampled_from(list(BODIES)))
    prefix = draw(st.sampled_from(PREFIXES) | ODD_PREFIX)
    bodies = BODIES[name]
    body = draw(
        spoilt(bodies).map(lambda each: json.dumps(each).encode())
        | mangled([json.dumps(each).encode() for each in bodies])
    )
    return f"{prefix}/{name}", body, draw(TYPES), draw(HEADERS)


@pytest.fixture
def client(place: Place) -> FlaskClient:
    """A door that the operator's user and password open."""
    auth = {"basic_auth_user": AUTH[0], "basic_auth_pass": AUTH[1]}
    place.container.settings = place.container.settings.model_copy(update=auth)
    return create_app(place.container).test_client()


@pytest.mark.slow
@pytest.mark.fuzz
def test_no_request_of_label_studios_breaks_the_server(
    fuzz: Fuzz, place: Place, client: FlaskClient
) -> None:
    prompt, _ = place.prompt()
    assert (place.project_id, prompt.id) == (1, 1)
    store = place.container.store

    def law(sent: tuple[str, bytes, str, dict[str, str]]) -> None:
        path, body, kind, headers = sent
        headers = {**BASIC, **headers}
        answer = client.post(path, data=body, content_type=kind, headers=headers)
        fuzz.watch.counts[f"{path.rpartition('/')[2]} {answer.status_code}"] += 1
        assert answer.status_code != 500, answer.text
        assert answer.is_json or not answer.data
        assert len(answer.data) < 200_000 + 4 * len(body)

    fuzz(law, 400, sent=requests())
    # Whatever was taken is found again, and the server is as well as before.
    assert client.get("/health").status_code == 200
    for each in store.prompts.all():
        assert all(len(version.text) < 1_000_000 for version in store.prompts.versions(each.id))


@pytest.mark.slow
@pytest.mark.fuzz
def test_no_task_and_no_answer_breaks_a_prediction(
    fuzz: Fuzz, place: Place, client: FlaskClient, simulator: Simulator
) -> None:
    place.prompt()

    def law(data: Any, said: Any, task_id: Any) -> None:
        simulator.control({"match": "odd one", "answer": said})
        wire = {**TASK, "id": task_id, "data": data}
        answer = client.post(
            "/prompts/Topics/predict",
            auth=AUTH,
            data=json.dumps({"tasks": [wire, TASK], "project": PROJECT, "label_config": CONFIG}),
            content_type="application/json",
        )
        fuzz.watch.counts[str(answer.status_code)] += 1
        assert answer.status_code in (200, 400, 422), answer.text
        if answer.status_code == 200:
            assert len(answer.json["results"]) == 2
            assert answer.json["results"][1], "its neighbour is answered all the same"

    odd = {"text": "an odd one", "author": "Kim"}
    data = st.just(odd) | st.dictionaries(
        st.sampled_from(["text", "author", "x", ""]), ANYTHING | ODD_TEXT, max_size=3
    )
    fuzz(
        law,
        60,
        data=data | ANYTHING,
        said=spoilt([{"topic": "a"}, '{"topic": "b"}']),
        task_id=ANY_ID,
    )
