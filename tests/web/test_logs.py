"""What the log says of refusals and of what nobody expected, and what those who asked are told."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

import pytest
from flask import Flask

from ml_backend.web.server.logs import JsonFormatter, configure
from support.api import Api
from support.pages import Pages, sign_in

INSIDE = "select secret from connections where key='sk-0123456789'"


class Broken(Exception):
    """What nobody expected."""


@pytest.fixture
def pages(api: Api) -> Pages:
    client = api.app.test_client()
    assert sign_in(client, api.studio.token).status_code == 303
    return Pages(api, client)


def fail(*_: object, **__: object) -> None:
    raise Broken(INSIDE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        ("prompts_api.list_prompts", "/api/prompts/"),
        ("ui.list_prompts", "/ui/prompts"),
        ("ml_.versions", "/versions"),
    ],
)
def test_an_unexpected_error_tells_nothing_of_itself(
    pages: Pages, caplog: pytest.LogCaptureFixture, endpoint: str, path: str
) -> None:
    app: Flask = pages.api.app
    app.view_functions[endpoint] = fail
    answer = pages.client.get(path, headers={"Authorization": f"Token {pages.studio.token}"})
    assert answer.status_code == 500
    text = answer.get_data(as_text=True)
    assert "An unexpected error" in text
    assert not any(
        part in text + str(answer.headers) for part in ("secret", "sk-", "Broken", ".py")
    )
    assert INSIDE in caplog.text, "whoever runs the server finds it in the log"
    assert "Traceback" in caplog.text


@pytest.mark.slow
def test_a_refusal_is_in_the_log(pages: Pages, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"Authorization": f"Token {pages.studio.token}"}
    for path, words in (
        ("/api/prompts/99999/", "There is no prompt 99999"),
        ("/ui/prompts/99999", "There is no prompt 99999"),
    ):
        caplog.clear()
        assert pages.client.get(path, headers=headers).status_code == 404
        [record] = [each for each in caplog.records if words in each.getMessage()]
        assert record.levelno == logging.WARNING


def test_json_lines_tell_the_time_in_utc() -> None:
    record = logging.LogRecord("a.part", logging.INFO, "", 1, "It is %s.", ("so\n",), None)
    line = json.loads(JsonFormatter().format(record))
    assert (line["level"], line["logger"], line["message"]) == ("INFO", "a.part", "It is so\\x0a.")
    told = datetime.fromisoformat(line["time"])
    assert told.utcoffset() is not None
    assert abs((told - datetime.now(UTC)).total_seconds()) < 3600


def test_lines_of_text_tell_how_far_from_utc_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    kept, level = list(root.handlers), root.level
    monkeypatch.setattr(sys, "stderr", sys.__stderr__)
    try:
        configure("INFO", "text")
        [handler] = root.handlers
        record = logging.LogRecord("a.part", logging.INFO, "", 1, "It is so.", (), None)
        line = handler.format(record)
    finally:
        root.handlers[:] = kept
        root.setLevel(level)
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4} INFO a\.part: It is so\.$", line)
