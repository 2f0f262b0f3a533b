"""Models without a system role, and what is learnt by one call ahead of the others."""

from __future__ import annotations

import asyncio
import copy

import pytest

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm.first_call import FirstCall
from ml_backend.llm.system_role import without_system
from ml_backend.prompting import messages as prompting
from ml_backend.records import FailureKind
from support.models import ask, connection, opened, question, run

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
SHOTS = [
    {"role": "system", "content": "You label."},
    {"role": "user", "content": "an example"},
    {"role": "assistant", "content": "{}"},
    {"role": "user", "content": "the task"},
]
REFUSALS = [
    (400, {"object": "error", "message": "System role not supported", "code": 400}),
    (400, {"error": {"message": "Unsupported value: 'messages[0].role' does not support 'system' "
                     "with this model.", "code": "unsupported_value"}}),
    (400, {"error": {"message": "Unsupported value.", "param": "messages[0].role"}}),
    (400, [{"error": {"code": 400, "message": "Developer instruction is not enabled for "
                      "models/gemma-3-27b-it", "status": "INVALID_ARGUMENT"}}]),
    (400, {"message": "Conversation roles must alternate user/assistant/user/assistant/..."}),
    (500, {"error": {"code": 500, "message": "Jinja Exception: System role not supported"}}),
    (422, {"detail": [{"type": "literal_error", "loc": ["body", "messages", 0, "role"],
                       "msg": "Input should be 'user' or 'assistant'", "input": "system"}]}),
    # In words that nobody here knows.
    (400, {"error": {"message": "Sistemi rolü burada geçmez."}}),
    (400, {"error": {"message": "Bad Request"}}),
    (422, ""),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body"), REFUSALS)
@pytest.mark.slow
def test_a_model_without_a_system_role_answers_all_and_is_remembered(simulator, status, body):
    simulator.control(no_system=body, no_system_status=status)
    on, ladder = connection(simulator.url), {}
    texts = [f"task {n}" for n in range(40)]
    replies = ask(on, *map(question, texts), ladder=ladder)
    assert {reply.form for reply in replies[1:]} == {"json_schema"}
    assert simulator.stats()["calls"] <= 40 + 5
    assert any("no system" in learnt for learnt in ladder.values())
    before = simulator.stats()["calls"]
    again = ask(on, *map(question, texts), ladder=ladder)
    assert all(reply.calls == 1 for reply in again)
    assert simulator.stats()["calls"] == before + 40


@pytest.mark.parametrize("form", ["json_object", "text"])
def test_rules_and_schema_stand_before_the_first_user_message(simulator, form):
    simulator.control(form=form, no_system={"error": "System role not supported"})
    ask(connection(simulator.url), question(messages=SHOTS))
    sent = simulator.last_request()["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    rules, _, example = sent[0]["content"].partition("\n\n")
    assert rules == "You label."
    assert "JSON schema" in example
    assert example.endswith("an example")
    assert sent[-1]["content"] == "the task"


def test_what_a_model_takes_is_learnt_for_it_alone(simulator):
    simulator.control(no_system={"message": "System role not supported"})
    ladder = {}
    ask(connection(simulator.url), question(), ladder=ladder)
    simulator.control()
    ask(connection(simulator.url), question(model="other"), ladder=ladder)
    assert simulator.last_request()["messages"][0]["role"] == "system"


def test_a_refusal_that_no_form_cures_is_told_as_it_was_at_first(simulator):
    simulator.control({"fault": "said", "status": 400, "body": {"error": {"message": "n is odd"}}})
    with pytest.raises(ModelError, match="n is odd") as caught:
        ask(connection(simulator.url), question())
    assert caught.value.kind is FailureKind.BAD_REQUEST
    assert caught.value.calls == 5, "four forms, and once without a system message"


@pytest.mark.parametrize(
    ("given", "folded"),
    [
        (SHOTS, [("user", "You label.\n\nan example"), ("assistant", "{}"), ("user", "the task")]),
        ([{"role": "developer", "content": "a"}, {"role": "system", "content": "b"},
          {"role": "user", "content": "c"}], [("user", "a\n\nb\n\nc")]),
        ([{"role": "system", "content": "a"}, {"role": "assistant", "content": "b"}],
         [("user", "a"), ("assistant", "b")]),
        ([{"role": "system", "content": "a"}], [("user", "a")]),
        ([{"role": "system", "content": "a"}, {"role": "user", "content": "b"},
          {"role": "user", "content": "c"}], [("user", "a\n\nb\n\nc")]),
        ([{"role": "user", "content": "b"}], [("user", "b")]),
        ([], []),
    ],
)  # fmt: skip
def test_roles_alternate_without_the_system_message(given, folded):
    before = copy.deepcopy(given)
    assert [(one["role"], one["content"]) for one in without_system(given)] == folded
    assert given == before


def test_pictures_stay_where_they_are():
    text = {"type": "text", "text": "look"}
    (folded,) = without_system(
        [{"role": "system", "content": "a"}, {"role": "user", "content": [text, PICTURE]}]
    )
    assert folded["content"] == [{"type": "text", "text": "a"}, text, PICTURE]


def test_an_answer_sent_back_keeps_the_turns():
    turns = without_system(prompting.reask(SHOTS, "{", "no JSON"))
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user", "assistant", "user"]


def test_one_refusal_of_the_account_is_enough_for_all_who_wait(simulator):
    simulator.control({"fault": "auth", "latency": 0.05})
    outcomes = ask(connection(simulator.url), *(question(f"t{n}") for n in range(30)))
    assert all(isinstance(outcome, RunStopper) for outcome in outcomes)
    assert simulator.stats()["calls"] == 1


def test_a_slow_first_answer_holds_nobody_up_for_long():
    async def work() -> list[str]:
        first, order = FirstCall(seconds=0.01), []
        release = asyncio.Event()

        async def ahead() -> None:
            async with first.of("m", known=False):
                await release.wait()
                order.append("first")

        async def behind() -> None:
            async with first.of("m", known=False):
                order.append("second")
                release.set()

        await asyncio.gather(ahead(), behind())
        return order

    assert run(work()) == ["second", "first"]


def test_a_task_of_its_own_that_fails_first_stops_nobody(simulator):
    simulator.control({"match": "odd", "fault": "too_long"})
    replies = ask(connection(simulator.url), question("odd"), question("a"), question("b"))
    assert isinstance(replies[0], ModelError)
    assert [reply.form for reply in replies[1:]] == ["json_schema"] * 2


def test_the_first_call_called_off_lets_the_others_go(simulator):
    async def work() -> str:
        async with opened(connection(simulator.url)) as model:
            simulator.control(hold=True)
            first = asyncio.create_task(model.complete(question("a")))
            await asyncio.sleep(0)
            second = asyncio.create_task(model.complete(question("b")))
            await asyncio.sleep(0)
            first.cancel()
            simulator.control()
            return (await second).form

    assert run(work()) == "json_schema"
