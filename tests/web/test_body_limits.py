"""No body is larger than its route has a use for, least of all before anybody is known."""

from __future__ import annotations

import io
import json
import re
import tracemalloc
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client

from ml_backend.web.server.body_limits import API, BEFORE_LOGIN, FORM, PREDICT, SETUP, limit_of
from support.place import Place

SMALL = BEFORE_LOGIN


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/api/token/refresh/", SMALL),
        ("/api/token/refresh", SMALL),
        ("/ui/sign-in", SMALL),
        ("/ui/prompts/1", FORM),
        ("/api/prompts/", API),
        ("/predict", PREDICT),
        ("/prompts/7/predict", PREDICT),
        ("/prompts/mail/versions/v1/predict/", PREDICT),
        ("/prompts/mail/setup", SETUP),
        ("/webhook", None),
        ("/prompts/7/webhook", None),
        ("/train", None),
        ("/health", SMALL),
        ("/", SMALL),
        ("/predict/more", SMALL),
        ("/nowhere", SMALL),
    ],
)
def test_each_route_has_its_bound(path: str, most: int | None) -> None:
    assert limit_of(path) == most


class Counting(io.BytesIO):
    """A body that tells how much of it was read."""

    read_bytes = 0

    def readinto(self, buffer: Any) -> int:
        self.read_bytes += len(buffer)
        return super().readinto(buffer)

    def read(self, most: int | None = -1) -> bytes:
        part = super().read(most)
        self.read_bytes += len(part)
        return part


@pytest.fixture
def app(place: Place) -> Flask:
    return place.client.application


@pytest.mark.parametrize(
    ("path", "size"),
    [("/api/token/refresh/", 1 << 20), ("/ui/sign-in", 1 << 20), ("/versions", 1 << 20)],
)
def test_what_nobody_knows_yet_is_not_read(app: Flask, path: str, size: int) -> None:
    body = Counting(b" " * size)
    kind = "x-www-form-urlencoded" if path.startswith("/ui") else "json"
    Client(app).post(path, input_stream=body, content_type=f"application/{kind}")
    assert body.read_bytes <= SMALL


@pytest.mark.slow
def test_a_hint_may_be_of_any_length(app: Flask) -> None:
    rows = [{"id": n, "result": "x" * 1000} for n in range(90_000)]
    body = json.dumps({"action": "ANNOTATIONS_CREATED", "project": {"id": 1}, "annotations": rows})
    assert len(body) > PREDICT
    answer = Client(app).post("/webhook", data=body, content_type="application/json")
    assert answer.status_code == 200


def test_every_route_that_takes_a_body_is_bounded(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if not {"POST", "PUT", "PATCH", "DELETE"} & set(rule.methods or ()):
            continue
        path = re.sub(r"<[^>]*>", "1", rule.rule)
        assert limit_of(path) is not None or path.rstrip("/").endswith(("/webhook", "/train"))


@pytest.mark.slow
def test_json_of_nothing_but_brackets_is_not_unpacked(app: Flask) -> None:
    for path, body in {
        "/predict": b'{"tasks": [' + b"{}," * 1_100_000 + b"{}]}",
        "/setup": b'{"project": [' + b"[]," * 1_100_000 + b"[]]}",
    }.items():
        tracemalloc.start()
        answer = Client(app).post(path, data=body, content_type="application/json")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert answer.status_code == 400, path
        assert peak < 6 * len(body), path
