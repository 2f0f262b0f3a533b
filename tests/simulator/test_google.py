"""The simulator takes what Google's documentation sends, and answers as it shows."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError

import pytest

from support.simulator import Simulator

SCHEMA = {"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}}, "required": ["n"]}


def send(url: str, body: Any, **headers: str) -> Any:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)
    except HTTPError as error:
        return json.load(error)


def test_a_documented_request_is_answered_on_each_route() -> None:
    bodies: list[dict[str, Any]] = [
        {"contents": [{"parts": [{"text": "Hello"}]}]},
        {
            "system_instruction": {"parts": [{"text": "You are a cat."}]},
            "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
            "generationConfig": {"stopSequences": ["Title"], "temperature": 1.0, "topK": 10},
        },
        {
            "contents": [
                {"role": "user", "parts": [{"text": "Hi"}]},
                {"role": "model", "parts": [{"text": "Yes?"}]},
                {
                    "role": "user",
                    "parts": [{"inline_data": {"mime_type": "image/png", "data": "AAAA"}}],
                },
            ],
            "generationConfig": {"responseMimeType": "application/json", "responseSchema": SCHEMA},
        },
    ]
    with Simulator(key="k") as simulator:
        for path in (
            "/v1beta/models/gemini-2.5-flash",
            "/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash",
            "/v1/publishers/google/models/gemini-2.5-flash",
        ):
            for body in bodies:
                url = f"{simulator.root}{path}:generateContent"
                found = send(url, body, **{"x-goog-api-key": "k"})
                [candidate] = found["candidates"]
                assert candidate["finishReason"] == "STOP"
                assert candidate["content"]["parts"][0]["text"]
                assert found["usageMetadata"]["promptTokenCount"] > 0
        assert json.loads(candidate["content"]["parts"][0]["text"])["n"] >= 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"contents": []}, "valid role"),
        ({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}, "valid role"),
        ({"contents": [{"parts": [{"text": ""}]}]}, "text parameter"),
        ({"messages": []}, 'Unknown name "messages"'),
        ({"contents": [{"parts": [{"text": "x"}]}], "generationConfig": {"max_tokens": 5}},
         "Unknown name"),
        ({"contents": [{"parts": [{"text": "x"}]}], "generationConfig": {"seed": 2**40}}, "INT32"),
    ],
)  # fmt: skip
def test_what_google_refuses_is_refused_in_its_shape(body: Any, words: str) -> None:
    with Simulator() as simulator:
        found = send(f"{simulator.root}/v1beta/models/gemini-2.5-flash:generateContent", body)
    assert (found["error"]["code"], found["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert words in found["error"]["message"]


def test_a_wrong_key_is_refused_as_each_of_them_does() -> None:
    body = {"contents": [{"parts": [{"text": "Hello"}]}]}
    with Simulator(key="k") as simulator:
        url = f"{simulator.root}/v1beta/models/gemini-2.5-flash:generateContent"
        gemini = send(url, body, **{"x-goog-api-key": "other"})["error"]
        url = f"{simulator.root}/v1/publishers/google/models/gemini-2.5-flash:generateContent"
        vertex = send(url, body, Authorization="Bearer other")["error"]
    assert (gemini["code"], gemini["details"][0]["reason"]) == (400, "API_KEY_INVALID")
    assert (vertex["code"], vertex["status"]) == (401, "UNAUTHENTICATED")
