"""Decisions on disputed labels: one a task, gone with the task, the project and the prompt."""

from __future__ import annotations

from dataclasses import replace

from ml_backend.records import Person
from ml_backend.store import CheckedLabel, Decision, Store

KIM = Person(7, "kim", "kim@example.com", "Kim", "Kimsen")


def decided(store: Store, task_id: int = 1) -> CheckedLabel:
    prompt = store.prompts.find("P") or store.prompts.create("P", "", [3])
    found = CheckedLabel(
        project_id=3,
        prompt_id=prompt.id,
        task_id=task_id,
        version_id=1,
        run_id=1,
        decision=Decision.GUIDELINE,
        pairs=(("topic", "A", "B"),),
        label_digest="l",
        answer_digest="a",
        unmarked=(5,),
        created_by=KIM,
    )
    store.checked_labels.keep(found)
    return found


def test_a_decision_is_read_as_it_was_kept_and_replaced_by_the_next(store: Store) -> None:
    kept = decided(store)
    read = store.checked_labels.find(3, kept.prompt_id, 1)
    assert read is not None
    assert read.created_at is not None
    assert replace(read, created_at=None) == kept
    store.checked_labels.keep(replace(kept, decision=Decision.LABEL))
    [one] = store.checked_labels.of_prompt(3, kept.prompt_id)
    assert one.decision is Decision.LABEL
    assert store.checked_labels.undo(3, kept.prompt_id, 1)
    assert not store.checked_labels.undo(3, kept.prompt_id, 1)


def test_what_is_erased_takes_its_decisions_along(store: Store) -> None:
    kept = decided(store)
    decided(store, 2)
    assert store.erasing.people()[7] == {KIM.email}
    assert store.erasing.erase_person(7)["checked_labels made"] == 2
    assert store.erasing.erase_tasks(3, [1])["decisions on labels"] == 1
    assert store.erasing.erase_project(3)["decisions on labels"] == 1
    decided(store)
    store.prompts.delete(kept.prompt_id)
    assert store.checked_labels.of_prompt(3, kept.prompt_id) == []
