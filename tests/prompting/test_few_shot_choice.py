from __future__ import annotations

import pytest

from ml_backend.prompting.few_shot_choice import (
    ALL_CHARACTERS,
    EXAMPLE_CHARACTERS,
    FewShot,
    Shot,
    classes_in,
)


def shot(task_id: int, text: str, answer: str = "A") -> Shot:
    return Shot(task_id, text, f"Label {text}", answer, frozenset({f"topic={answer}"}))


SHOTS = [
    shot(1, "my invoice is wrong", "A"),
    shot(2, "the invoice never came", "A"),
    shot(3, "an invoice for a parcel", "B"),
    shot(4, "the parcel is late", "B"),
    shot(5, "where is my parcel", "B"),
    shot(6, "the app crashes", "C"),
]


def chosen(few_shot: FewShot, task_id: int, text: str) -> list[int]:
    return [each.task_id for each in few_shot.choose(task_id, text, f"Label {text}")]


def test_the_most_similar_examples_are_shown_and_the_nearest_comes_last() -> None:
    found = chosen(FewShot(SHOTS, 2), 99, "is my invoice wrong?")
    assert found[-1] == 1
    assert len(found) == 2


def test_classes_take_turns_where_their_examples_are_alike() -> None:
    found = FewShot(SHOTS, 4).choose(99, "invoice and parcel", "")
    answers = [each.answer for each in found]
    assert answers.count("A") == answers.count("B") == 2


@pytest.mark.parametrize(
    ("task_id", "text"),
    [
        pytest.param(1, "my invoice is wrong", id="the task itself"),
        pytest.param(1, "changed since", id="the task, edited"),
        pytest.param(99, "my invoice is wrong", id="a duplicate"),
        pytest.param(99, "My  INVOICE is <b>wrong</b>", id="a duplicate to a reader"),
    ],
)
def test_a_task_is_never_shown_itself_nor_what_reads_the_same(task_id: int, text: str) -> None:
    assert 1 not in chosen(FewShot(SHOTS, 6), task_id, text)


def test_what_asks_the_same_question_is_a_duplicate_whatever_else_differs() -> None:
    few_shot = FewShot([Shot(1, "one", "Is 3 even?", "A"), Shot(2, "two", "Is 4 even?", "B")], 2)
    assert [each.task_id for each in few_shot.choose(9, "other", "Is 3 even?")] == [2]


def test_the_same_examples_are_chosen_every_time() -> None:
    for text in ("invoice", "nothing alike", ""):
        assert chosen(FewShot(SHOTS, 3), 99, text) == chosen(FewShot(SHOTS, 3), 99, text)


def test_a_task_like_none_is_still_shown_different_classes() -> None:
    found = FewShot(SHOTS, 3).choose(99, "zzz", "")
    assert {each.answer for each in found} == {"A", "B", "C"}


def test_a_task_annotated_twice_is_shown_once_by_its_first_example() -> None:
    few_shot = FewShot([shot(1, "invoice", "A"), shot(1, "invoice", "B")], 2)
    assert [each.answer for each in few_shot.choose(9, "an invoice", "")] == ["A"]


def test_examples_are_bounded_in_characters() -> None:
    assert len(FewShot([shot(1, "x" * EXAMPLE_CHARACTERS)], 1)) == 0
    many = [shot(n, f"{n} " + "y " * 3000) for n in range(20)]
    found = FewShot(many, 20).choose(99, "y", "")
    assert 0 < sum(each.size for each in found) <= ALL_CHARACTERS
    assert len(found) < 20


def test_no_examples_and_none_wanted_are_both_fine() -> None:
    assert FewShot([], 3).choose(1, "text") == []
    assert FewShot(SHOTS, 0).choose(9, "invoice") == []


def test_classes_are_what_the_schema_lists() -> None:
    schema = {
        "properties": {
            "topic": {"type": "string", "enum": ["A", "B"]},
            "tags": {"type": "array", "items": {"enum": ["x", "y"]}},
            "spans": {
                "anyOf": [
                    {"type": "null"},
                    {"items": {"properties": {"quote": {}, "label": {"enum": ["P"]}}}},
                ]
            },
            "why": {"type": "string"},
        }
    }
    answer = {"topic": "A", "tags": ["x"], "spans": [{"quote": "q", "label": "P"}], "why": "z"}
    assert classes_in(answer, schema) == {"topic=A", "tags=x", "spans=P"}
    assert classes_in({}, schema) == frozenset()
