"""Which annotated tasks are shown beside a task: similar ones, of classes that differ.

Never the task itself, nor one that reads the same: its answer would be the task's own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_backend.prompting.neighbours import Neighbours, normal_form

EXAMPLE_CHARACTERS = 8_000
"""The longest example; a longer one says little for its price."""
ALL_CHARACTERS = 40_000
"""Of all examples of one task together."""
CANDIDATES = 200
"""Nearest examples from which those shown are chosen."""
_ALIKE_AT_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Shot:
    """An annotated task as a model is shown it."""

    task_id: int
    text: str
    """What tells whether it is like another task."""
    question: str
    answer: str
    classes: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        return len(self.question) + len(self.answer)


class FewShot:
    """Chooses up to ``number`` of some examples for each task; the same ones every time.

    Examples that come first are preferred where a task has several.
    """

    def __init__(self, shots: Sequence[Shot], number: int) -> None:
        self.number = number
        self._shots = [shot for shot in shots if shot.size <= EXAMPLE_CHARACTERS]
        self._forms = [normal_form(shot.text) for shot in self._shots]
        self._of_task: dict[int, list[int]] = defaultdict(list)
        self._of_form: dict[str, list[int]] = defaultdict(list)
        for position, shot in enumerate(self._shots):
            self._of_task[shot.task_id].append(position)
            for form in {self._forms[position], normal_form(shot.question)} - {""}:
                self._of_form[form].append(position)
        self._neighbours = Neighbours([shot.text for shot in self._shots])

    def __len__(self) -> int:
        return len(self._shots)

    def choose(self, task_id: int, text: str, question: str = "") -> list[Shot]:
        """Return the examples for a task, the most similar one last: nearest to the task.

        ``text`` is compared, ``question`` is what the model will read of the task.
        """
        if not self.number or not self._shots:
            return []
        leave_out = set(self._of_task.get(task_id, ()))
        for form in {normal_form(text), normal_form(question)} - {""}:
            leave_out.update(self._of_form.get(form, ()))
        wanted = max(CANDIDATES, 4 * self.number)
        near = self._neighbours.nearest(text, wanted, leave_out)
        chosen: list[tuple[int, float]] = []
        seen: Counter[str] = Counter()
        room = ALL_CHARACTERS
        left = dict(near[:wanted])
        while left and len(chosen) < self.number:
            # A class already shown counts for less, so that the answer is not given away.
            best = max(left, key=lambda each: (self._worth(each, left[each], seen), -each))
            similarity = left.pop(best)
            shot = self._shots[best]
            if shot.size > room:
                continue
            room -= shot.size
            chosen.append((best, similarity))
            seen.update(shot.classes or {""})
            same = {*self._of_task[shot.task_id], *self._of_form[self._forms[best]]}
            left = {each: value for each, value in left.items() if each not in same}
        chosen.sort(key=lambda pair: (pair[1], -pair[0]))
        return [self._shots[position] for position, _ in chosen]

    def _worth(self, position: int, similarity: float, seen: Mapping[str, int]) -> float:
        classes = self._shots[position].classes or {""}
        shown = sum(seen.get(name, 0) for name in classes) / len(classes)
        return (similarity + _ALIKE_AT_LEAST) / (1 + shown)


def classes_in(answer: Mapping[str, Any], schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the classes an answer chooses, each as its control and name."""
    properties = schema.get("properties", {})
    return frozenset(
        f"{name}={value}"
        for name, part in properties.items()
        for value in _chosen(answer.get(name), part)
    )


def _chosen(value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield what stands where the schema lists what may."""
    if value is None:
        return
    for variant in schema.get("anyOf", ()):
        yield from _chosen(value, variant)
    if isinstance(value, list):
        for item in value:
            yield from _chosen(item, schema.get("items", {}))
    elif isinstance(value, Mapping):
        for name, part in schema.get("properties", {}).items():
            yield from _chosen(value.get(name), part)
    elif "enum" in schema:
        yield str(value)
