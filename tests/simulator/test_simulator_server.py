from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.client import RemoteDisconnected

import jsonschema
import pytest

from support.models import KEY, SCHEMA
from support.processes import eventually
from support.simulator import Simulator

TEXT = "Classify the message.\n\nThe Lumora kettle from Ana arrived broken."


def body(form="json_schema", text=TEXT, **more):
    messages = [{"role": "system", "content": "You label."}, {"role": "user", "content": text}]
    asked = {"model": "m", "messages": messages, **more}
    if form == "json_schema":
        asked["response_format"] = {"type": form, "json_schema": {"name": "a", "schema": SCHEMA}}
    elif form == "tool":
        asked["tools"] = [{"type": "function", "function": {"name": "a", "parameters": SCHEMA}}]
    else:
        messages[0]["content"] += f" Fit this schema: {json.dumps(SCHEMA)}"
        if form == "json_object":
            asked["response_format"] = {"type": form}
    return asked


def post(simulator, asked=None, path="/v1/chat/completions", timeout=10.0, **headers):
    request = urllib.request.Request(
        simulator.root + path,
        data=json.dumps(body() if asked is None else asked).encode(),
        headers={"Content-Type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return response.status, json.load(response), response.headers
    except urllib.error.HTTPError as error:
        with error:
            text = error.read()
            return error.code, json.loads(text) if text else None, error.headers


def content(answer, form="json_schema"):
    message = answer["choices"][0]["message"]
    if form == "tool":
        return message["tool_calls"][0]["function"]["arguments"]
    return message["content"]


@pytest.mark.parametrize("form", ["json_schema", "tool", "json_object", "text"])
def test_answers_fit_the_schema_and_quote_the_last_paragraph(simulator, form):
    status, answer, _ = post(simulator, body(form))
    value = json.loads(content(answer, form))
    assert status == 200
    jsonschema.validate(value, SCHEMA)
    assert value["spans"]
    assert all(span["quote"] in TEXT.split("\n\n")[1] for span in value["spans"])
    assert answer["usage"]["total_tokens"] > answer["usage"]["completion_tokens"] > 0
    assert answer["choices"][0]["finish_reason"] == "stop"


def test_answers_depend_on_the_message_and_the_seed_only(simulator):
    texts = [content(post(simulator, body(text=f"t{i % 10}"))[1]) for i in range(20)]
    assert texts[:10] == texts[10:]
    assert len(set(texts)) > 1
    with Simulator(seed=2) as other:
        again = [content(post(other, body(text=f"t{i}"))[1]) for i in range(10)]
    assert again != texts[:10]


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        ({"fault": "rate_limit", "retry_after": 3}, 429, "rate_limit_exceeded"),
        ({"fault": "server_error"}, 500, None),
        ({"fault": "server_error", "status": 503}, 503, None),
        ({"fault": "too_long"}, 400, "context_length_exceeded"),
        ({"fault": "auth"}, 401, "invalid_api_key"),
        ({"fault": "quota"}, 429, "insufficient_quota"),
        ({"fault": "model_not_found"}, 404, "model_not_found"),
        ({"fault": "form_refused", "status": 422}, 422, None),
        ({"fault": "refuse", "status": 400}, 400, "content_filter"),
    ],
)
def test_faults_are_refused_as_openai_words_them(simulator, rule, status, code):
    simulator.control(rule)
    given, answer, headers = post(simulator)
    assert (given, answer["error"]["code"]) == (status, code)
    assert answer["error"]["message"]
    assert headers.get("Retry-After") == ("3" if "retry_after" in rule else None)


def test_spoiled_answers_are_spoiled_in_their_own_way(simulator):
    found = {}
    for fault in ("garbage", "unknown_label", "wrong_schema", "empty", "truncate", "refuse"):
        simulator.control({"fault": fault})
        found[fault] = post(simulator)[1]["choices"][0]
    assert "{" not in found["garbage"]["message"]["content"]
    assert json.loads(found["unknown_label"]["message"]["content"])["topic"] == "no-such-label"
    assert json.loads(found["wrong_schema"]["message"]["content"]) == {"unexpected": 1}
    assert found["empty"]["message"]["content"] == ""
    assert found["truncate"]["finish_reason"] == "length"
    assert found["refuse"]["message"]["content"] is None
    assert found["refuse"]["message"]["refusal"]


@pytest.mark.slow
def test_reset_drip_and_hang(simulator):
    simulator.control({"fault": "reset"})
    with pytest.raises((RemoteDisconnected, ConnectionResetError, urllib.error.URLError)):
        post(simulator)
    simulator.control({"fault": "drip", "latency": 0.3})
    started = time.monotonic()
    assert post(simulator)[0] == 200
    assert time.monotonic() - started > 0.2
    simulator.control({"fault": "hang"})
    with pytest.raises(TimeoutError):
        post(simulator, timeout=0.2)
    eventually(lambda: not simulator.stats()["in_flight"])
    assert simulator.stats()["statuses"] == {"reset": 1, "200": 1, "gone": 1}


def test_rules_hold_for_their_message_and_as_often_as_told(simulator):
    simulator.control({"match": "kettle", "fault": "server_error", "times": 2})
    statuses = [post(simulator)[0] for _ in range(3)]
    assert statuses == [500, 500, 200]
    again = body()
    again["messages"] += [
        {"role": "assistant", "content": "?"},
        {"role": "user", "content": "That answer cannot be used: x"},
    ]
    assert post(simulator, again)[0] == 200
    assert post(simulator, body(text="another kettle"))[0] == 500
    assert post(simulator, body(text="a toaster"))[0] == 200
    stats = simulator.stats()
    assert stats["markers"] == {"kettle": 5}
    assert stats["faults"] == {"server_error": 3}


@pytest.mark.slow
def test_a_rule_holds_for_a_model_and_a_share_of_what_it_is_asked(simulator):
    simulator.control(
        {"model": "weak", "share": 0.4, "answer": {"topic": "B"}},
        {"model": "good", "share": 0.1, "answer": {"topic": "B"}},
        {"answer": {"topic": "A"}},
    )

    def wrong(model):
        asked = [{**body(text=f"t{n}"), "model": model} for n in range(100)]
        return [content(post(simulator, each)[1]) == '{"topic": "B"}' for each in asked]

    weak, good = wrong("weak"), wrong("good")
    assert wrong("weak") == weak, "the same ones whenever they are asked"
    assert 25 <= sum(weak) <= 55
    assert 2 <= sum(good) <= 22
    assert not any(wrong("other"))
    assert any(good[n] and not weak[n] for n in range(100)), "each model has mistakes of its own"


def test_a_second_try_quotes_the_task_and_not_the_complaint(simulator):
    again = body()
    again["messages"] += [
        {"role": "assistant", "content": "?"},
        {"role": "user", "content": "That answer cannot be used: wrong\nAnswer again"},
    ]
    assert content(post(simulator, again)[1]) == content(post(simulator)[1])


@pytest.mark.slow
def test_everything_is_refused_for_a_while(simulator):
    simulator.control(rate_limit_for=600)
    status, _, headers = post(simulator)
    assert (status, headers["Retry-After"]) == (429, "600")
    simulator.control(rate_limit_for=0.3)
    eventually(lambda: post(simulator)[0] == 200)


def test_statistics_count_calls_messages_markers_and_flight(simulator):
    marked = {"markers": ["Ana", "absent"]}
    simulator.control(hold=True, **marked)
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(post, simulator, timeout=60) for _ in range(8)]
        eventually(lambda: simulator.stats()["in_flight"] == 8)
        simulator.control(**marked)
        assert {answer.result()[0] for answer in answers} == {200}
    stats = simulator.stats()
    assert (stats["calls"], stats["max_in_flight"], stats["in_flight"]) == (8, 8, 0)
    assert simulator.calls_with(TEXT) == 8
    assert stats["markers"] == {"Ana": 8}
    assert stats["statuses"] == {"200": 8}
    assert stats["prompt_tokens"] > stats["completion_tokens"] > 0
    simulator.reset()
    assert simulator.stats()["calls"] == 0


def test_keys_are_checked_when_one_is_set():
    with Simulator(key=KEY) as simulator:
        assert post(simulator)[0] == 401
        assert post(simulator, Authorization="Bearer no")[0] == 401
        assert post(simulator, Authorization=f"Bearer {KEY}")[0] == 200
        path = "/openai/deployments/d/chat/completions"
        assert post(simulator, path=f"{path}?api-version=1", **{"api-key": KEY})[0] == 200
        assert post(simulator, path=path, **{"api-key": KEY})[0] == 404


@pytest.mark.parametrize("behaviour", [{"no": 1}, {"form": "x"}, {"rules": [{"fault": "x"}]}])
def test_senseless_control_is_refused(simulator, behaviour):
    assert post(simulator, behaviour, path="/control")[0] == 400


@pytest.mark.parametrize("asked", [[], {}, {"messages": 3}, {"messages": [1]}])
def test_senseless_questions_are_bad_requests(simulator, asked):
    assert post(simulator, asked)[0] == 400


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"topic": "billing", "spans": None}, '{"topic": "billing", "spans": null}'),
        ("as it is", "as it is"),
        ([1, "ü"], '[1, "ü"]'),
        (False, "false"),
    ],
)
@pytest.mark.parametrize("form", ["json_schema", "tool", "text"])
def test_a_rule_answers_what_it_is_told(simulator, answer, text, form):
    simulator.control({"match": "kettle", "answer": answer})
    assert content(post(simulator, body(form))[1], form) == text
    assert content(post(simulator, body(form, text="a toaster"))[1], form) != text


PIXEL = "data:image/png;base64,aGFsbG8="


def image(url):
    return {"type": "image_url", "image_url": {"url": url}}


def document(data):
    return {"type": "file", "file": {"filename": "a.pdf", "file_data": data}}


def with_parts(*parts):
    return body(text=[{"type": "text", "text": TEXT}, *parts])


def test_pictures_and_files_are_counted(simulator):
    simulator.control({"match": "kettle", "answer": "seen"})
    parts = [image(PIXEL), image(PIXEL), document("data:application/pdf;base64,aGk=")]
    assert content(post(simulator, with_parts(*parts))[1]) == "seen"
    stats = simulator.stats()
    assert (stats["images"], stats["image_bytes"]) == (2, 10)
    assert (stats["files"], stats["file_bytes"]) == (1, 2)
    assert simulator.calls_with(TEXT) == 1


@pytest.mark.parametrize(
    "part",
    [
        image("/data/upload/1/a.png"),
        image("s3://bucket/a.png"),
        image("data:image/svg+xml;base64,aGk="),
        image("data:image/png;base64,a?b"),
        document("https://example.com/a.pdf"),
        {"type": "attachment", "attachment": {"kind": "image", "url": "x", "name": "image"}},
        {"type": "image_url"},
    ],
    ids=lambda part: str(part)[:60],
)
def test_parts_no_model_would_take_are_bad_requests(simulator, part):
    assert post(simulator, with_parts(part))[0] == 400
    assert simulator.stats()["images"] == 0


def test_a_model_without_vision_refuses_pictures_only(simulator):
    simulator.control(no_images="image_url is only supported by certain models.")
    status, answer, _ = post(simulator, with_parts(image(PIXEL)))
    assert (status, answer["error"]["message"][:9]) == (400, "image_url")
    assert post(simulator)[0] == 200
