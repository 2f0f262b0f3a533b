from __future__ import annotations

import json

import pytest

from ml_backend.errors import ModelError
from ml_backend.llm import Retry
from ml_backend.llm.reading.replies import read_text
from ml_backend.llm.structured_output import StructuredOutputFallback, build_body, keeps_form
from ml_backend.records import FailureKind
from ml_backend.records.abilities import FORMS
from support.models import SCHEMA, ask, connection, opened, question, run


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "refusal",
    [
        {"form_status": 400},
        {"form_status": 404},
        {"form_status": 422},
        {"form_status": 500},
        {"form_status": 500, "form_message": "Internal Server Error"},
        {"form_status": 400, "form_message": ""},
        {"form_status": 0},
    ],
    ids=["400", "404", "422", "500", "bare-500", "no-body", "ignored"],
)
def test_the_best_form_a_server_knows_is_found_and_remembered(simulator, form, refusal):
    simulator.control(form=form, **refusal)
    ladder = {}
    reply = ask(connection(simulator.url), question(), ladder=ladder)
    assert reply.form == form
    assert keeps_form(reply.text, SCHEMA)
    assert reply.calls == FORMS.index(form) + 1
    again = ask(connection(simulator.url), question("next"), ladder=ladder)
    assert (again.calls, again.form) == (1, form)


def test_what_was_learnt_is_plain_text_without_the_address(simulator):
    simulator.control(form="tool")
    ladder = {}
    ask(connection(simulator.url), question(), ladder=ladder)
    assert list(ladder.values()) == ["tool"]
    assert all("127.0.0.1" not in key and "simulated" in key for key in ladder)
    json.dumps(ladder)


def test_another_model_or_address_is_learnt_afresh(simulator):
    simulator.control(form="text")
    ladder = {}
    ask(connection(simulator.url), question(), ladder=ladder)
    simulator.control()
    moved = connection(f"{simulator.root}/openai/v1")
    assert ask(moved, question(), ladder=ladder).form == "json_schema"
    assert ask(connection(simulator.url), question(model="b"), ladder=ladder).form == "json_schema"


def test_refusals_of_the_account_are_no_refusals_of_a_form(simulator):
    for fault in ("model_not_found", "too_long", "auth", "quota"):
        simulator.reset()
        simulator.control({"fault": fault})
        with pytest.raises(ModelError) as caught:
            ask(connection(simulator.url), question())
        assert caught.value.calls == 1, fault


@pytest.mark.slow
def test_a_server_error_on_a_proven_form_stays_with_it(simulator):
    ladder = {}
    ask(connection(simulator.url), question(), ladder=ladder)
    simulator.control({"fault": "server_error", "times": 2})
    reply = ask(connection(simulator.url), question("again"), ladder=ladder)
    assert (reply.calls, reply.form) == (3, "json_schema")


def test_a_server_error_in_every_form_is_a_server_error(simulator):
    simulator.control({"fault": "server_error"})
    ladder = {}
    with pytest.raises(ModelError) as caught:
        ask(connection(simulator.url), question(), ladder=ladder, retry=Retry(base=0.001, tries=3))
    assert caught.value.kind is FailureKind.SERVER_ERROR
    assert simulator.stats()["forms"] == {"json_schema": 3, "tool": 1, "json_object": 1, "text": 1}
    assert ladder == {}
    simulator.control()
    assert ask(connection(simulator.url), question(), ladder=ladder).form == "json_schema"


def test_garbage_in_a_proven_form_is_handed_over_as_it_is(simulator):
    ladder = {}
    ask(connection(simulator.url), question(), ladder=ladder)
    simulator.control({"fault": "garbage"})
    reply = ask(connection(simulator.url), question("again"), ladder=ladder)
    assert (reply.calls, reply.form) == (1, "json_schema")
    assert "{" not in reply.text


def test_garbage_for_one_task_spoils_nothing_for_the_others(simulator):
    simulator.control({"match": "odd", "fault": "garbage"})
    ladder = {}
    requests = [question(f"t{i}{' odd' * (i == 3)}") for i in range(12)]
    ask(connection(simulator.url), *requests, ladder=ladder)
    assert list(ladder.values()) == ["json_schema"]


def test_a_form_that_worked_is_given_up_only_after_three_refusals(simulator):
    ladder = {}
    ask(connection(simulator.url), question(), ladder=ladder)
    simulator.control({"match": "odd", "fault": "form_refused", "form": "json_schema"})
    replies = ask(connection(simulator.url), question("odd"), question("fine"), ladder=ladder)
    assert [reply.form for reply in replies] == ["tool", "json_schema"]

    async def one_by_one(texts):
        async with opened(connection(simulator.url), ladder=ladder) as model:
            for text in texts:
                await model.complete(question(text))
            return list(ladder.values())

    assert run(one_by_one(["odd", "odd 2", "fine", "odd 3", "odd 4"])) == ["json_schema"]
    assert run(one_by_one(["odd", "odd 2", "odd 3"])) == ["tool"]


@pytest.mark.parametrize(
    ("rejects", "parameters", "sent"),
    [
        ({"temperature": None}, {"temperature": 0, "seed": 1}, {"seed"}),
        ({"max_tokens": "max_completion_tokens"}, {"max_tokens": 900}, {"max_completion_tokens"}),
        ({"max_completion_tokens": "max_tokens"}, {"max_completion_tokens": 900}, {"max_tokens"}),
        ({"max_tokens": "max_completion_tokens", "temperature": None},
         {"max_tokens": 900, "temperature": 0}, {"max_completion_tokens"}),
    ],
)  # fmt: skip
def test_parameters_a_model_does_not_take_are_mended_once(simulator, rejects, parameters, sent):
    simulator.control(rejects=rejects)
    on, ladder = connection(simulator.url), {}
    reply = ask(on, question(parameters=parameters), ladder=ladder)
    assert (reply.calls, reply.form) == (1 + len(rejects), "json_schema")
    assert ask(on, question("b", parameters=parameters), ladder=ladder).calls == 1
    mends = StructuredOutputFallback(ladder, on).mends("simulated")
    body = build_body("text", question(parameters=parameters), "simulated", mends)
    assert set(body) - {"model", "messages", "stream"} == sent


def test_an_unwelcome_parameter_that_cannot_be_mended_is_a_bad_request(simulator):
    simulator.control(rejects={"seed": "seed"})
    replies = ask(connection(simulator.url), question(parameters={"seed": 1}))
    assert replies.calls == 2


def test_parameters_cannot_overrule_the_request():
    parameters = {"model": "x", "messages": [], "stream": True, "n": 5, "top_p": None, "a": 1}
    body = build_body("json_schema", question(parameters=parameters), "m", {})
    assert (body["model"], body["a"]) == ("m", 1)
    assert body["messages"]
    assert body["stream"] is False
    assert not {"n", "top_p"} & set(body)


def test_each_form_asks_for_the_schema_in_its_own_way():
    bodies = {form: build_body(form, question(), "m", {}) for form in FORMS}
    strict = bodies["json_schema"]["response_format"]["json_schema"]
    assert (strict["strict"], strict["schema"]) == (True, SCHEMA)
    tool = bodies["tool"]["tools"][0]["function"]
    assert bodies["tool"]["tool_choice"]["function"]["name"] == tool["name"]
    assert (tool["strict"], tool["parameters"]) == (True, SCHEMA)
    assert bodies["json_object"]["response_format"] == {"type": "json_object"}
    assert "response_format" not in bodies["text"]
    for form in ("json_object", "text"):
        system = bodies[form]["messages"][0]["content"]
        assert system.startswith("You label.")
        assert json.dumps(SCHEMA) in system
    assert question().messages[0]["content"] == "You label."


@pytest.mark.parametrize(
    ("form", "message", "text"),
    [
        ("text", {"content": "a"}, "a"),
        ("text", {"content": None}, ""),
        ("text", {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab"),
        ("tool", {"tool_calls": [{"function": {"arguments": '{"a": 1}'}}]}, '{"a": 1}'),
        ("tool", {"tool_calls": [{"function": {"arguments": {"a": 1}}}]}, '{"a": 1}'),
        ("tool", {"content": "a", "tool_calls": None}, "a"),
    ],
)
def test_the_answer_is_found_where_engines_put_it(form, message, text):
    assert read_text(message, tool=form == "tool") == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"topic": "other", "spans": null}', True),
        ('{"topic": "other"}', False),
        ('{"topic": "other", "spans": [], "more": 1}', False),
        ("Sure!", False),
    ],
)
def test_keeping_to_a_form_means_having_its_keys(text, kept):
    assert keeps_form(text, SCHEMA) is kept


def test_a_damaged_memory_is_no_obstacle(simulator):
    on, ladder = connection(simulator.url), {}
    ask(on, question(), ladder=ladder)
    key = next(iter(ladder))
    damaged = {key: "nonsense", f"{key}:parameters": "{"}
    assert ask(on, question(), ladder=damaged).form == "json_schema"
