"""Addresses without a chat completion: stopped at first, borne with where answers came before."""

from __future__ import annotations

import asyncio

import pytest

from ml_backend.errors import ModelError, RunStopper
from ml_backend.records import FailureKind
from support.models import ask, connection, opened, question, run

PAGE = "<!doctype html><title>Some web UI</title>"
ELSEWHERE = [
    (200, {"error": "Unexpected endpoint or method. (POST /chat/completions)"}),
    (200, PAGE),
    (200, {"object": "list", "data": []}),
    (200, "Ollama is running"),
    (200, ""),
    (204, ""),
    (404, {"detail": "Not Found"}),
    (404, PAGE),
    (405, {"detail": "Method Not Allowed"}),
    (400, PAGE),
]


@pytest.mark.parametrize(("status", "body"), ELSEWHERE)
def test_an_address_without_a_chat_completion_is_asked_once(simulator, status, body):
    simulator.control({"fault": "said", "status": status, "body": body}, models=None)
    on = connection(simulator.url)
    with pytest.raises(RunStopper) as caught:
        ask(on, question())
    told = str(caught.value)
    assert told.startswith(f"There is no chat completion at {simulator.url}")
    assert told.endswith("Check the endpoint: for most servers it ends in /v1.")
    assert caught.value.calls == simulator.stats()["calls"] == 1

    async def check():
        async with opened(connection(simulator.url, default_model="m")) as model:
            await model.check()

    with pytest.raises(RunStopper) as checked:
        run(check())
    assert str(checked.value) == told, "doctor and pages say the same"


@pytest.mark.parametrize(("status", "body"), [(200, PAGE), (404, PAGE), (502, PAGE), (200, "")])
def test_a_page_among_answers_is_a_hiccup_and_is_asked_again(simulator, status, body):
    async def work():
        async with opened(connection(simulator.url)) as model:
            await model.complete(question("first"))
            simulator.control({"fault": "said", "status": status, "body": body, "times": 2})
            return await model.complete(question("next"))

    assert run(work()).calls == 3


def test_pages_alone_after_answers_stop_the_run_once_patience_is_over(simulator):
    async def work(beside):
        async with opened(connection(simulator.url)) as model:
            await model.complete(question("first"))
            simulator.control({"match": "next", "fault": "said", "status": 200, "body": PAGE})
            asked = asyncio.create_task(model.complete(question("next")))
            while beside and not asked.done():
                await model.complete(question("beside"))
            return (await asyncio.gather(asked, return_exceptions=True))[0]

    error = run(work(beside=True))
    assert (error.kind, error.calls) == (FailureKind.SERVER_ERROR, 5)
    assert not isinstance(error, RunStopper), "others were answered meanwhile: it is this task's"
    simulator.control()
    assert isinstance(run(work(beside=False)), RunStopper)


@pytest.mark.parametrize("status", [400, 403])
def test_a_firewall_that_dislikes_one_task_stops_nothing(simulator, status):
    ladder = {}
    on = connection(simulator.url)
    ask(on, question("first"), ladder=ladder)
    simulator.control({"match": "<script", "fault": "said", "status": status, "body": PAGE})
    replies = ask(on, question("<script>"), question("fine"), ladder=ladder)
    assert isinstance(replies[0], ModelError)
    assert not isinstance(replies[0], RunStopper)
    assert replies[1].calls == 1


def test_an_error_within_a_200_that_passes_is_waited_for(simulator):
    body = {"error": {"message": "slow down", "code": 429}}
    simulator.control({"fault": "said", "status": 200, "body": body, "times": 2})
    assert ask(connection(simulator.url), question()).calls == 3
