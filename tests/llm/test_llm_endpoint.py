"""Addresses without a chat completion: stopped at first, borne with where answers came before."""

from __future__ import annotations

import asyncio

import pytest

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm.explanations import explain
from ml_backend.llm.refusals.endpoint import judge_redirect
from ml_backend.llm.refusals.trouble import Cure
from ml_backend.records import FailureKind
from support.models import UNPAID, ask, connection, opened, question, run

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
            await model.check(UNPAID)

    with pytest.raises(RunStopper) as checked:
        run(check())
    assert str(checked.value) == told, "doctor and pages say the same"


@pytest.mark.parametrize("model", ["", "mine"])
@pytest.mark.parametrize("names", [None, []])
def test_a_check_sees_a_wrong_address_whether_a_model_is_named(simulator, model, names):
    async def check(path):
        on = connection(f"{simulator.root}{path}", default_model=model)
        async with opened(on) as opened_model:
            return await opened_model.check(UNPAID)

    simulator.control(models=names)
    with pytest.raises(RunStopper, match=r"There is no chat completion at .*Check the endpoint"):
        run(check("/wrong"))
    if names is None and not model:
        with pytest.raises(RunStopper, match="no model is named"):
            run(check("/v1"))


@pytest.mark.parametrize(("status", "body"), [(200, PAGE), (404, PAGE), (502, PAGE), (200, "")])
def test_a_page_among_answers_is_a_hiccup_and_is_asked_again(simulator, status, body):
    async def work():
        async with opened(connection(simulator.url)) as model:
            await model.complete(question("first"))
            simulator.control({"fault": "said", "status": status, "body": body, "times": 2})
            return await model.complete(question("next"))

    assert run(work()).calls == 3


def test_a_page_at_first_where_another_process_was_answered_is_a_hiccup_too(simulator):
    ladder = {}
    ask(connection(simulator.url), question(), ladder=ladder)
    simulator.control({"fault": "said", "status": 200, "body": PAGE, "times": 1})
    assert ask(connection(simulator.url), question("next"), ladder=ladder).calls == 2
    simulator.control({"fault": "said", "status": 200, "body": PAGE})
    with pytest.raises(RunStopper) as caught:
        ask(connection(simulator.url), question("more"), ladder=ladder)
    assert caught.value.calls == 5
    assert "There is no chat completion" in str(caught.value)


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


@pytest.mark.parametrize("words", ["Akaunti yako haina pesa.", "E_4711 (request {n})"])
def test_what_nobody_understands_stops_the_run_when_it_is_said_of_all(simulator, words):
    """In whatever words: three tasks refused alike, and none answered."""
    simulator.control({"fault": "said", "status": 400, "body": {"error": {"message": words}}})
    outcomes = ask(connection(simulator.url), *(question(f"t{n}") for n in range(50)))
    assert [type(outcome) for outcome in outcomes[:2]] == [ModelError, ModelError]
    assert {type(outcome) for outcome in outcomes[2:]} == {RunStopper}
    assert words[:8] in str(outcomes[-1])
    assert simulator.stats()["calls"] == 3 * 5, "four forms, and once without a system message"


@pytest.mark.slow
@pytest.mark.parametrize("alike", [True, False])
def test_a_few_tasks_refused_alike_stop_nothing_where_others_are_answered(simulator, alike):
    async def work():
        rules = [
            {
                "match": f"odd {n}.",
                "fault": "said",
                "status": 400,
                "body": {
                    "error": {"message": "Cosmic rays" if alike else f"Task {'x' * n} is odd"}
                },
            }
            for n in range(40)
        ]
        async with opened(connection(simulator.url)) as model:
            await model.complete(question("fine"))
            simulator.control(*rules)
            met = []
            for n in range(40):
                try:
                    await model.complete(question(f"odd {n}."))
                except ModelError as error:
                    met.append(isinstance(error, RunStopper))
            return met

    stops = run(work())
    assert stops == ([False] * 29 + [True] * 11 if alike else [False] * 40)


@pytest.mark.parametrize(
    ("status", "location", "said"),
    [
        (302, "/login?next=%2Fv1&ticket=s3cret", "it redirects to /login"),
        (307, "https://me:s3cret@sso.test/a#s3cret", "it redirects to https://sso.test/a"),
        (301, "http://[broken", "it redirects to another address"),
        (303, "", "it redirects to another address"),
        (204, "", "it answers HTTP 204 and nothing else"),
    ],
)
def test_where_an_address_redirects_to_is_told_without_what_it_hides(status, location, said):
    trouble = judge_redirect(status, location)
    assert (trouble.said, trouble.no_route, trouble.once_answered) == (said, True, Cure.RETRY)
    told = str(explain(trouble, connection("http://m.example.org"), "m"))
    assert told.endswith("Check the endpoint: for most servers it ends in /v1.")


def test_a_completion_that_moved_says_where_to():
    trouble = judge_redirect(308, "https://m.example.org/v1/chat/completions")
    told = str(explain(trouble, connection("http://m.example.org/v1"), "m"))
    assert told.endswith("Give the connection the address it redirects to.")
