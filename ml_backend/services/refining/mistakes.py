"""What a version got wrong, for a teacher to learn from: different mistakes rather than many."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.text.html_bounds import HtmlRefused
from ml_backend.prompting.neighbours import normal_form
from ml_backend.records import Failure, JsonObject, Outcome, Prediction
from ml_backend.services.evaluation.ground_truth import GroundTruth
from ml_backend.services.evaluation.holdout import HoldoutSplit

SHOWN = 12
LONGEST_INPUT = 2_000
MOST_CHARACTERS = 30_000


@dataclass(frozen=True, slots=True)
class Mistakes:
    """What a teacher is shown: mistakes, or right answers where no mistake is known."""

    mistakes: tuple[JsonObject, ...] = ()
    right: tuple[JsonObject, ...] = ()
    task_ids: tuple[int, ...] = ()
    held_out: int = 0
    """Tasks with a truth that no teacher sees."""
    wrong: int = 0
    """Tasks that were got wrong, of those a teacher may see."""

    def __len__(self) -> int:
        return len(self.mistakes) + len(self.right)


def lessons_of(
    truths: Mapping[int, GroundTruth],
    outcomes: Mapping[int, Outcome],
    split: HoldoutSplit,
    config: LabelingConfig,
    chosen: Collection[int] = (),
) -> Mistakes:
    """Return what may be shown of these truths; nothing of a task that is held out.

    A task that reads the same as one held out is held out with it. ``chosen`` are tasks of which
    somebody said that the prompt is wrong: their mistakes come first.
    """
    truths = {task_id: truth for task_id, truth in truths.items() if _is_readable(truth, config)}
    held = {task_id for task_id in truths if split.holds_out(task_id)}
    hidden = {_text(truths[task_id], config) for task_id in held} - {""}
    shown: set[str] = set(hidden)
    groups: dict[str, list[tuple[int, JsonObject]]] = defaultdict(list)
    right: list[tuple[int, JsonObject]] = []
    named: list[tuple[int, JsonObject]] = []
    first = set(chosen)
    for task_id, truth in sorted(truths.items(), key=lambda each: (each[0] not in first, each[0])):
        text = _text(truth, config)
        if task_id in held or (text and text in shown):
            continue
        shown.add(text)
        outcome = outcomes.get(task_id)
        if outcome is None:
            right.append((task_id, {"task": _inputs(truth, config), "right": truth.answers[0]}))
            continue
        found = _mistake(outcome, truth, config)
        if found is not None:
            group = named if task_id in first else groups[found[0]]
            group.append((task_id, found[1]))
    mistakes = _bounded([*named, *_in_turns(list(groups.values()))])
    examples = [] if mistakes else _bounded(right[: SHOWN // 2])
    shown_tasks = [*mistakes, *examples]
    return Mistakes(
        tuple(each for _, each in mistakes),
        tuple(each for _, each in examples),
        tuple(task_id for task_id, _ in shown_tasks),
        len(held),
        len(named) + sum(len(group) for group in groups.values()),
    )


def _mistake(
    outcome: Outcome, truth: GroundTruth, config: LabelingConfig
) -> tuple[str, JsonObject] | None:
    """Return the kind of a mistake and the mistake; None for an answer that is right."""
    compared, best = truth.judge(outcome, config)
    wrong = [name for name, each in compared.items() if each is None or not each.correct]
    if not wrong:
        return None
    given: Any = outcome.answer if isinstance(outcome, Prediction) else None
    mistake: JsonObject = {
        "task": _inputs(truth, config),
        "answered": given,
        "right": best,
        "wrong": wrong,
    }
    if isinstance(outcome, Failure):
        mistake["failed"] = outcome.message[:500]
    kind = [[name, best.get(name), (given or {}).get(name)] for name in wrong]
    return json.dumps(kind, sort_keys=True)[:500], mistake


def _in_turns(groups: list[list[tuple[int, JsonObject]]]) -> list[tuple[int, JsonObject]]:
    """Return one of each kind of mistake, the most frequent kind first, then the next of each."""
    groups = sorted(groups, key=lambda group: -len(group))
    longest = max((len(group) for group in groups), default=0)
    return [group[turn] for turn in range(longest) for group in groups if turn < len(group)]


def _bounded(items: Sequence[tuple[int, JsonObject]]) -> list[tuple[int, JsonObject]]:
    chosen: list[tuple[int, JsonObject]] = []
    room = MOST_CHARACTERS
    for task_id, item in items:
        size = len(json.dumps(item, ensure_ascii=False))
        if size <= room and len(chosen) < SHOWN:
            room -= size
            chosen.append((task_id, item))
    return chosen


def _inputs(truth: GroundTruth, config: LabelingConfig) -> JsonObject:
    return {name: text[:LONGEST_INPUT] for name, text in config.inputs(truth.data)}


def _is_readable(truth: GroundTruth, config: LabelingConfig) -> bool:
    try:
        config.inputs(truth.data)
    except HtmlRefused:  # such a task is asked of no model: there is nothing to learn
        return False
    return True


def _text(truth: GroundTruth, config: LabelingConfig) -> str:
    return normal_form("\n".join(text for _, text in config.inputs(truth.data)))
