from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm import Gate, Retry
from ml_backend.llm.confidence import tell_logprobs
from ml_backend.llm.structured_output import keeps_form
from ml_backend.records import FailureKind, Usage
from support.models import KEY, SCHEMA, UNPAID, ask, connection, opened, question, run
from support.processes import eventually
from support.simulator import Simulator


def test_reply_carries_answer_usage_latency_and_form(simulator):
    simulator.control(latency=0.05)
    reply = ask(connection(simulator.url), question())
    assert keeps_form(reply.text, SCHEMA)
    assert reply.usage.prompt_tokens > 0
    assert reply.usage.completion_tokens > 0
    assert 0.05 <= reply.latency < 2
    assert (reply.calls, reply.form, reply.model, reply.score) == (
        1,
        "json_schema",
        "simulated",
        None,
    )


def test_log_probabilities_come_only_when_asked_for(simulator):
    named = question(parameters={"logprobs": True})
    besides = replace(question(), logprobs=True)
    refused = question(parameters={"logprobs": False})
    replies = ask(connection(simulator.url), named, besides, refused)
    assert [tell_logprobs(reply.tokens) for reply in replies] == [True, True, False]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "`logprobs` is not supported with this model"),
        (403, "You are not allowed to request logprobs from this model"),
        (500, "this backend computes no log probabilities"),
    ],
)
def test_a_model_that_refuses_log_probabilities_is_asked_without_once_and_for_all(
    simulator, status, message
):
    told = {"fault": "server_error", "status": status, "message": message}
    simulator.control(rules=[{**told, "times": 1, "match": "first"}])
    memory = {}
    on = connection(simulator.url)
    asked = [replace(question(text), logprobs=True) for text in ("first", "second")]
    replies = ask(on, *asked, ladder=memory)
    assert [reply.calls for reply in replies] == [2, 1]
    assert [tell_logprobs(reply.tokens) for reply in replies] == [False, False]
    assert "logprobs" not in simulator.last_request()
    reply = ask(on, asked[1], ladder=memory)
    assert not tell_logprobs(reply.tokens)


def test_default_model_of_the_connection_answers_when_none_is_named(simulator):
    on = connection(simulator.url, default_model="house-model")
    assert ask(on, question(model="")).model == "house-model"
    with pytest.raises(RunStopper, match="no model is named"):
        ask(connection(simulator.url), question(model=""))


@pytest.mark.parametrize(
    ("rule", "kind", "stops"),
    [
        ({"fault": "auth"}, FailureKind.AUTHENTICATION, True),
        ({"fault": "auth", "status": 403}, FailureKind.AUTHENTICATION, True),
        ({"fault": "model_not_found"}, FailureKind.MODEL_NOT_FOUND, True),
        ({"fault": "quota"}, FailureKind.QUOTA, True),
        ({"fault": "quota", "status": 402}, FailureKind.QUOTA, True),
        ({"fault": "too_long"}, FailureKind.TOO_LONG, False),
        ({"fault": "refuse"}, FailureKind.REFUSED, False),
        ({"fault": "refuse", "status": 400}, FailureKind.REFUSED, False),
        ({"fault": "truncate"}, FailureKind.TRUNCATED, False),
    ],
)
def test_verdicts_are_final_after_one_call(simulator, rule, kind, stops):
    simulator.control(rule)
    with pytest.raises(ModelError) as caught:
        ask(connection(simulator.url), question())
    assert (caught.value.kind, isinstance(caught.value, RunStopper)) == (kind, stops)
    assert caught.value.calls == 1
    assert simulator.stats()["calls"] == 1


def test_a_cut_off_answer_is_counted_as_paid_for(simulator):
    simulator.control({"fault": "truncate"})
    with pytest.raises(ModelError) as caught:
        ask(connection(simulator.url), question())
    assert caught.value.usage.completion_tokens > 0
    assert caught.value.raw.startswith("{")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ({"fault": "server_error", "status": 503}, FailureKind.SERVER_ERROR),
        ({"fault": "server_error", "status": 409}, FailureKind.SERVER_ERROR),
        ({"fault": "server_error", "status": 408}, FailureKind.TIMEOUT),
        ({"fault": "reset"}, FailureKind.CONNECTION),
    ],
)
def test_passing_faults_are_tried_five_times_in_all(simulator, rule, kind):
    simulator.control({**rule, "times": 4})
    on = connection(simulator.url)
    reply = ask(on, question())
    assert (reply.calls, reply.usage.completion_tokens > 0) == (5, True)
    simulator.control(rule)
    with pytest.raises(ModelError) as caught:
        ask(on, question("another"))
    assert (caught.value.kind, caught.value.calls) == (kind, 5)
    assert not isinstance(caught.value, RunStopper)
    assert simulator.calls_with("another") == 5


def test_a_rate_limit_without_a_time_is_tried_ten_times(simulator):
    simulator.control({"fault": "rate_limit"})
    with pytest.raises(ModelError) as caught:
        ask(connection(simulator.url), question())
    assert (caught.value.kind, caught.value.calls) == (FailureKind.RATE_LIMIT, 10)


def test_a_rate_limit_with_a_time_is_waited_out(simulator):
    simulator.control({"fault": "rate_limit", "retry_after": 0.005, "times": 12})
    assert ask(connection(simulator.url), question()).calls == 13


def test_a_rate_limit_that_never_ends_is_given_up(simulator):
    simulator.control({"fault": "rate_limit", "retry_after": 0.05})
    with pytest.raises(ModelError) as caught:
        ask(connection(simulator.url), question(), retry=Retry(rate_limit_seconds=0.2))
    assert caught.value.kind is FailureKind.RATE_LIMIT
    assert caught.value.retry_after == 0.05


@pytest.mark.slow
def test_one_refusal_with_a_time_holds_all_callers_back(simulator):
    simulator.control({"match": "first", "fault": "rate_limit", "retry_after": 1.5, "times": 1})

    async def work() -> tuple[float, int]:
        async with opened(connection(simulator.url), gate=(gate := Gate(64))) as model:
            first = asyncio.create_task(model.complete(question("first")))
            while not gate.paused_for:
                await asyncio.sleep(0.005)
            started = time.monotonic()
            before = simulator.stats()["calls"]
            await asyncio.gather(*(model.complete(question(f"t{i}")) for i in range(10)), first)
            return time.monotonic() - started, before

    waited, before = run(work())
    assert before == 1
    assert waited > 0.3
    assert simulator.stats()["calls"] == 12


@contextmanager
def released_at(simulator, calls):
    """Hold all answers until that many calls are in flight."""

    def release():
        eventually(lambda: simulator.stats()["in_flight"] == calls)
        simulator.control()

    simulator.control(hold=True)
    with ThreadPoolExecutor(1) as pool:
        released = pool.submit(release)
        yield
        released.result()


@pytest.mark.slow
def test_the_gate_bounds_calls_in_flight(simulator):
    with released_at(simulator, 7):
        ask(connection(simulator.url), *(question(f"t{i}") for i in range(40)), gate=Gate(7))
    assert simulator.stats()["max_in_flight"] == 7


@pytest.mark.slow
def test_more_than_a_hundred_calls_fly_at_once(simulator):
    requests = [question(f"t{i}") for i in range(180)]
    with released_at(simulator, 180):
        replies = ask(connection(simulator.url), *requests, gate=Gate(180))
    assert all(keeps_form(reply.text, SCHEMA) for reply in replies)
    assert simulator.stats()["max_in_flight"] == 180


@pytest.mark.slow
def test_waiting_for_a_retry_takes_no_slot(simulator):
    simulator.control({"match": "bad", "fault": "server_error", "status": 503, "times": 1})

    async def work() -> None:
        slow = Retry(base=600.0, cap=600.0)
        async with opened(connection(simulator.url), gate=Gate(1), retry=slow) as model:
            bad = asyncio.create_task(model.complete(question("bad")))
            while not simulator.stats()["faults"]:
                await asyncio.sleep(0.005)
            await asyncio.wait_for(model.complete(question("good")), 60)
            bad.cancel()
            await asyncio.gather(bad, return_exceptions=True)

    run(work())


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["drip", "hang"])
def test_the_timeout_bounds_the_whole_call(simulator, fault):
    simulator.control({"fault": fault, "latency": 20})
    with pytest.raises(ModelError) as caught:
        ask(connection(simulator.url), question(timeout=0.15), retry=Retry(base=0.001, tries=2))
    assert caught.value.kind is FailureKind.TIMEOUT
    assert caught.value.calls == 2
    assert "LLM_TIMEOUT" in str(caught.value)


def test_a_slow_drip_within_the_timeout_is_an_answer(simulator):
    simulator.control({"fault": "drip", "latency": 0.15})
    assert keeps_form(ask(connection(simulator.url), question()).text, SCHEMA)


@pytest.mark.parametrize(
    "rule", [{"fault": "hang"}, {"fault": "rate_limit", "retry_after": 60}], ids=["call", "pause"]
)
def test_cancelling_takes_effect_at_once_and_frees_the_slot(simulator, rule):
    simulator.control({**rule, "match": "stuck"})

    async def work() -> None:
        async with opened(
            connection(simulator.url), gate=(gate := Gate(1)), retry=Retry()
        ) as model:
            stuck = asyncio.create_task(model.complete(question("stuck")))
            while not simulator.stats()["calls"]:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
            stuck.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(stuck, 30)
            assert gate.in_flight == 0
            if not gate.paused_for:
                await asyncio.wait_for(model.complete(question("next")), 60)

    run(work())


def test_an_absent_server_stops_the_run_and_is_named():
    on = connection("http://user:pass@127.0.0.1:9/v1")
    with pytest.raises(RunStopper) as caught:
        ask(on, question())
    assert (caught.value.kind, caught.value.calls) == (FailureKind.CONNECTION, 5)
    assert "No server answers at http://127.0.0.1:9/v1" in str(caught.value)
    assert "pass" not in str(caught.value)


def test_a_server_that_went_away_fails_tasks_but_stops_nothing():
    async def work() -> ModelError:
        with Simulator() as simulator:
            async with opened(connection(simulator.url)) as model:
                await model.complete(question())
                simulator.stop()
                with pytest.raises(ModelError) as caught:
                    await model.complete(question())
                return caught.value

    error = run(work())
    assert error.kind is FailureKind.CONNECTION
    assert not isinstance(error, RunStopper)


def test_a_wrong_path_stops_the_run_and_says_where_to_look(simulator):
    with pytest.raises(RunStopper, match=r"ends in /v1") as caught:
        ask(connection(f"{simulator.root}/wrong"), question())
    assert caught.value.kind is FailureKind.BAD_REQUEST


def test_a_bad_request_is_no_matter_for_retries(simulator):
    simulator.control({"fault": "server_error", "status": 400, "message": "n must be positive"})
    on, ladder = connection(simulator.url), {}
    simulator.control()
    ask(on, question(), ladder=ladder)
    simulator.control({"fault": "server_error", "status": 400, "message": "n must be positive"})
    with pytest.raises(ModelError, match="n must be positive") as caught:
        ask(on, question(), ladder=ladder)
    assert (caught.value.kind, caught.value.calls) == (FailureKind.BAD_REQUEST, 1)


@pytest.mark.parametrize("fault", ["auth", "server_error", "too_long"])
@pytest.mark.parametrize("key", [KEY, "plain secret"])
def test_no_error_shows_the_key(simulator, fault, key):
    status = {"server_error": 503}.get(fault)
    simulator.control({"fault": fault, "status": status, "message": f"bad {key} and sk-live-77"})
    with pytest.raises(ModelError) as caught:
        ask(connection(simulator.url, api_key=key), question())
    error = caught.value
    shown = f"{error!r} {error} {error.raw} {error.fix} {vars(error)}"
    assert key not in shown
    assert "sk-live" not in shown


def test_odd_characters_survive_the_way(simulator):
    texts = ["", "🙂 naïve 北京", "half \ud83d pair", "\x00\x1b", "x" * 1_000_000]
    replies = ask(connection(simulator.url), *(question(text) for text in texts))
    assert all(keeps_form(reply.text, SCHEMA) for reply in replies)


def test_usage_sums_every_call_it_took(simulator):
    plain = ask(connection(simulator.url), question()).usage
    simulator.control(form="tool", form_status=0)
    reply = ask(connection(simulator.url), question())
    assert reply.calls == 2
    assert reply.usage.prompt_tokens > plain.prompt_tokens
    assert plain != Usage()


def test_check_lists_the_models(simulator):
    async def work(on):
        async with opened(on) as model:
            return await model.check(UNPAID)

    assert run(work(connection(simulator.url))) == ["simulated", "gpt-4o-mini"]
    simulator.control(models=None)
    assert run(work(connection(simulator.url, default_model="mine"))) == ["mine"]
    simulator.control({"fault": "model_not_found"}, models=None)
    with pytest.raises(RunStopper, match="does not know the model “mine”"):
        run(work(connection(simulator.url, default_model="mine")))


def test_check_of_an_absent_server_does_not_wait_for_retries():
    async def work():
        async with opened(connection("http://127.0.0.1:9/v1"), retry=Retry(base=30)) as model:
            await model.check(UNPAID)

    with pytest.raises(ModelError, match="No server answers"):
        run(work())


def test_answers_are_the_same_each_time(simulator):
    texts = [ask(connection(simulator.url), question("same")).text for _ in range(2)]
    assert texts[0] == texts[1]
    assert json.loads(texts[0])
