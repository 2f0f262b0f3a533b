from __future__ import annotations

import json
import random
import time

import pytest

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm.gazetteer import Gazetteer
from ml_backend.prompting.neighbours import Neighbours, normal_form
from ml_backend.records import Example, FailureKind, ProviderName, Usage
from support.models import ask, connection, opened, question, run

BASELINE = connection("", provider=ProviderName.BASELINE)
WORDS = {
    "billing": ["invoice", "refund", "charge", "payment", "card", "twice", "money", "bank"],
    "shipping": ["parcel", "courier", "delivery", "late", "address", "tracking", "box", "lost"],
    "other": ["opening", "hours", "job", "shop", "question", "feedback", "thanks", "visit"],
}
FILLER = ["hello", "please", "I", "the", "my", "was", "and", "you", "about", "team", "it"]
SPAN = {
    "type": "object",
    "properties": {
        "quote": {"type": "string"},
        "occurrence": {"type": "integer"},
        "label": {"type": "string", "enum": ["Product", "Person"]},
    },
    "required": ["quote", "occurrence", "label"],
}


def schema(**properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


TOPIC = {"type": "string", "enum": list(WORDS)}


def toy(number=90, seed=5):
    dice = random.Random(seed)
    for task_id in range(1, number + 1):
        topic = dice.choice(list(WORDS))
        words = dice.choices(WORDS[topic], k=3) + dice.choices(FILLER, k=9)
        dice.shuffle(words)
        yield Example(task_id, {"text": " ".join(words)}, {"topic": topic})


def asked(text, examples, task_id=0, **properties):
    return question(
        schema=schema(**(properties or {"topic": TOPIC})),
        inputs={"text": text},
        examples=examples,
        task_id=task_id,
    )


def answer(text, examples, task_id=0, **properties):
    return json.loads(ask(BASELINE, asked(text, examples, task_id, **properties)).text)


@pytest.mark.slow
def test_it_is_well_above_chance_and_its_score_is_no_constant():
    examples = tuple(toy())
    requests = [asked(e.data["text"], examples, e.task_id) for e in examples]
    replies = ask(BASELINE, *requests)
    right = sum(
        json.loads(reply.text)["topic"] == example.answer["topic"]
        for reply, example in zip(replies, examples, strict=True)
    )
    assert right / len(examples) > 0.7
    assert len({reply.score for reply in replies}) > 10
    assert all(0 < reply.score <= 1 for reply in replies)
    assert {(reply.usage, reply.calls, reply.form) for reply in replies} == {
        (Usage(), 0, "baseline")
    }


def test_it_never_sees_the_task_itself_nor_its_duplicates():
    odd = Example(1, {"text": "purple elephants sing"}, {"topic": "shipping"})
    copy = Example(2, {"text": "  Purple elephants\nSING "}, {"topic": "shipping"})
    others = tuple(
        Example(number, {"text": f"invoice {number}"}, {"topic": "billing"}) for number in (3, 4, 5)
    )
    text = odd.data["text"]
    assert answer(text, (odd, *others), task_id=99) == {"topic": "billing"}
    assert answer(text, (odd, copy, *others), task_id=1) == {"topic": "billing"}
    assert answer(text + " loudly", (odd, *others), task_id=1) == {"topic": "billing"}
    assert answer(text + " loudly", (odd, *others), task_id=99) == {"topic": "shipping"}


def test_the_same_question_has_the_same_answer():
    examples = tuple(toy())
    texts = {ask(BASELINE, asked("parcel and refund", examples)).text for _ in range(3)}
    assert len(texts) == 1


def test_without_examples_it_says_how_to_make_some():
    with pytest.raises(RunStopper, match="Annotate a few tasks") as caught:
        ask(BASELINE, asked("x", ()))
    assert caught.value.kind is FailureKind.BAD_REQUEST


def test_with_no_other_example_only_this_task_fails():
    with pytest.raises(ModelError, match="but this one") as caught:
        ask(BASELINE, asked("x", (Example(1, {"text": "y"}, {"topic": "other"}),), task_id=1))
    assert not isinstance(caught.value, RunStopper)


def test_each_kind_of_property_gets_a_fitting_value():
    examples = tuple(
        Example(
            number,
            {"text": f"refund invoice {number}"},
            {"topic": "billing", "tags": ["a", "b"] if number < 4 else ["b"], "stars": number,
             "summary": f"about {number}", "maybe": None, "notes": [f"n{number}"]},
        )
        for number in range(1, 6)
    )  # fmt: skip
    value = answer(
        "refund invoice 3 again",
        examples,
        topic=TOPIC,
        tags={"type": "array", "items": {"type": "string", "enum": ["a", "b", "c"]}},
        stars={"type": "number"},
        summary={"type": ["string", "null"]},
        maybe={"type": ["string", "null"], "enum": ["x", None]},
        notes={"type": ["array", "null"], "items": {"type": "string"}},
        unheard={"type": ["integer", "null"], "enum": [1, 2, None]},
    )
    assert value["topic"] == "billing"
    assert value["tags"][-1] == "b"
    assert 1 <= value["stars"] <= 5
    assert (value["summary"], value["notes"]) == ("about 3", ["n3"])
    assert (value["maybe"], value["unheard"]) == (None, None)


def test_classes_no_longer_offered_are_not_given():
    examples = (Example(1, {"text": "a b"}, {"topic": "gone"}),)
    assert answer("a c", examples) == {"topic": "billing"}


def test_several_classes_are_as_sure_together_as_each_of_them():
    examples = tuple(toy(9))
    reply = ask(BASELINE, asked("refund", examples, topic=TOPIC, urgency=TOPIC))
    assert set(reply.shares) == {"topic", "urgency"}
    assert reply.score == reply.shares["topic"] * reply.shares["urgency"]


def span(quote, label, occurrence=1):
    return {"quote": quote, "occurrence": occurrence, "label": label}


def test_spans_are_annotated_quotes_found_again():
    marked = [
        ("Ann has a Foto", [span("Ann", "Person"), span("Foto", "Product")]),
        ("my Foto Max 🙂", [span("Foto Max", "Product"), span("🙂", "Person")]),
        ("Ann fell", [span("Ann", "Product")]),
        ("Ann ran", [span("Ann", "Product")]),
    ]
    examples = tuple(Example(i, {"text": text}, {"s": s}) for i, (text, s) in enumerate(marked, 1))
    spans = {"type": "array", "items": SPAN}
    text = "Anna and Ann: a Foto Max, 😀🙂🙂, Ann's Fotos, Foto Maxi and a Foto."
    found = answer(text, examples, s=spans)["s"]
    assert found == [
        span("Ann", "Product", 1),
        span("Foto Max", "Product"),
        span("🙂", "Person", 1),
        span("🙂", "Person", 2),
        span("Ann", "Product", 2),
        span("Foto", "Product", 2),
        span("Foto", "Product", 3),
    ]


def test_spans_of_the_task_itself_are_not_used():
    examples = (
        Example(1, {"text": "Zed is here"}, {"s": [span("Zed", "Person")]}),
        Example(2, {"text": "Ann is here"}, {"s": [span("Ann", "Person")]}),
    )
    spans = {"type": ["array", "null"], "items": SPAN}
    assert answer("Zed is here", examples, task_id=1, s=spans)["s"] == []
    assert answer("Zed and Ann are here", examples, task_id=9, s=spans)["s"] == [
        span("Zed", "Person"),
        span("Ann", "Person"),
    ]


def test_spans_are_looked_for_in_the_field_they_were_marked_in():
    examples = (Example(1, {"title": "Ann", "text": "of Bo"}, {"s": [span("Bo", "Person")]}),)
    request = question(
        schema=schema(s={"type": "array", "items": SPAN}),
        inputs={"title": "Bo", "text": "with Bo"},
        examples=examples,
    )
    assert json.loads(ask(BASELINE, request).text)["s"] == [span("Bo", "Person")]


def test_longest_quote_wins_and_labels_go_by_majority():
    marked = [
        (0, span("New York", "Person")),
        (1, span("York", "Person")),
        *((number, span("York", "Product")) for number in (2, 3)),
    ]
    found = Gazetteer(marked).find("New York, York")
    assert [(item["quote"], item["occurrence"], item["label"]) for item in found] == [
        ("New York", 1, "Person"),
        ("York", 2, "Product"),
    ]


def test_examples_are_fitted_once_and_again_when_they_change():
    examples = list(toy(400))

    async def work():
        async with opened(BASELINE) as model:
            await model.complete(asked("parcel", examples))
            first = list(model._indexes)
            for number in range(20):
                await model.complete(asked(f"parcel {number}", examples, task_id=number))
            assert list(model._indexes) == first
            examples[0] = Example(1, {"text": "zebra"}, {"topic": "other"})
            await model.complete(asked("parcel", examples))
            assert len(model._indexes) == 2

    run(work())


@pytest.mark.slow
def test_it_answers_in_a_few_milliseconds():
    examples = tuple(toy(500))

    async def work():
        async with opened(BASELINE) as model:
            await model.complete(asked("parcel", examples))
            started = time.process_time()
            for example in examples[:200]:
                await model.complete(asked(example.data["text"], examples, example.task_id))
            return (time.process_time() - started) / 200

    assert run(work()) < 0.01


@pytest.mark.slow
def test_a_huge_text_and_odd_data_do_no_harm():
    examples = (
        Example(1, {"text": None}, {"topic": "other"}),
        Example(2, {}, {"topic": None}),
        Example(3, {"text": {"nested": ["parcel"]}}, {"topic": "shipping", "s": "no list"}),
        Example(4, {"text": "late parcel"}, {"topic": "shipping", "s": [1, {"quote": 3}]}),
    )
    spans = {"type": "array", "items": SPAN}
    value = answer("parcel " * 150_000, examples, topic=TOPIC, s=spans)
    assert value == {"topic": "shipping", "s": []}
    assert answer("", examples)["topic"] in WORDS


def test_similarity_finds_words_of_any_script():
    texts = ["退款 还没 到账", "parcel is late", "посылка потерялась"]
    index = Neighbours(texts)
    for position, text in enumerate(["我的退款呢", "my parcel", "где посылка"]):
        best, similarity = index.nearest(text, 1)[0]
        assert (best, similarity > 0.1) == (position, True)


def test_normal_form_ignores_markup_case_and_spacing():
    assert normal_form("<p>Hello,\n <b>World</b></p>") == normal_form("hello , world")
    assert normal_form("a < b") != normal_form("a > b")
