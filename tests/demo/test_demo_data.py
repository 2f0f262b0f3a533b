"""What the demo project promises: enough truth, spread widely, and every name in it marked."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from typing import Any
from xml.etree import ElementTree

import pytest

from ml_backend import demo
from support.tables import each_row

TASKS = demo.tasks()
TRUTHS = [task for task in TASKS if "ground_truth" in task]
CONFIG = ElementTree.fromstring(demo.config())


def values(control: str) -> list[str]:
    found = CONFIG.find(f".//*[@name='{control}']")
    assert found is not None
    return [child.attrib["value"] for child in found]


def entities(task: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = task["ground_truth"]["entities"]
    return found


def spans(task: dict[str, Any]) -> list[tuple[int, int, str]]:
    """Start, end and label of each marked name; fails where the quote does not occur so often."""
    found = []
    for entity in entities(task):
        matches = list(re.finditer(re.escape(entity["quote"]), task["data"]["text"]))
        assert 1 <= entity["occurrence"] <= len(matches), entity
        match = matches[entity["occurrence"] - 1]
        found.append((match.start(), match.end(), entity["label"]))
    return found


def unmarked(name: str, task: dict[str, Any]) -> list[str]:
    """Mentions of the name, as a whole word in any spelling of case, that no marked span covers."""
    marked = spans(task)
    mentions = re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", task["data"]["text"], re.IGNORECASE)
    return [
        mention.group()
        for mention in mentions
        if not any(start <= mention.start() and mention.end() <= end for start, end, _ in marked)
    ]


def truth_id(task: dict[str, Any]) -> str:
    return str(task["data"]["id"])


def test_two_hundred_tasks_sixty_with_truth():
    assert (len(TASKS), len(TRUTHS)) == (200, 60)


def test_tasks_carry_the_same_fields_as_text_and_number_themselves():
    for number, task in enumerate(TASKS, start=1):
        assert set(task) <= {"data", "ground_truth"}
        assert list(task["data"]) == ["id", "subject", "channel", "text"]
        assert task["data"]["id"] == f"msg-{number:03d}"
        assert task["data"]["channel"] in {"email", "chat", "form"}
        assert all(isinstance(value, str) for value in task["data"].values())
        assert task["data"]["text"] == task["data"]["text"].strip() != ""


@pytest.mark.slow
def test_no_two_messages_are_alike():
    words = [frozenset(re.findall(r"\w+", task["data"]["text"].lower())) for task in TASKS]
    alike = [
        (TASKS[a]["data"]["id"], TASKS[b]["data"]["id"])
        for a, b in itertools.combinations(range(len(TASKS)), 2)
        if len(words[a] & words[b]) > 0.5 * len(words[a] | words[b])
    ]
    assert alike == []


def test_messages_vary_in_shape():
    texts = [task["data"]["text"] for task in TASKS]
    lines = Counter(text.count("\n") + 1 for text in texts)
    assert lines[1] >= 50
    assert max(lines) == 8
    assert any(ord(character) > 0xFFFF for text in texts for character in text)
    for mark in "&<>{}\"'":
        assert any(mark in text for text in texts), mark


def test_truth_is_spread_over_the_tasks():
    for start in range(0, len(TASKS), 40):
        assert 6 <= sum("ground_truth" in task for task in TASKS[start : start + 40]) <= 18


def test_every_class_is_in_the_truth_and_in_the_config():
    topics = Counter(task["ground_truth"]["topic"] for task in TRUTHS)
    urgencies = Counter(task["ground_truth"]["urgency"] for task in TRUTHS)
    labels = Counter(entity["label"] for task in TRUTHS for entity in entities(task))
    assert set(topics) == set(values("topic"))
    assert set(urgencies) == set(values("urgency"))
    assert set(labels) == set(values("entities"))
    assert min(*topics.values(), *urgencies.values()) >= 5
    assert min(labels.values()) >= 30


@each_row("task", TRUTHS)
def test_truth_answers_each_control_once(task):
    controls = {tag.attrib["name"] for tag in CONFIG.iter() if "toName" in tag.attrib}
    assert set(task["ground_truth"]) == controls
    assert all(set(entity) == {"quote", "occurrence", "label"} for entity in entities(task))


@each_row("task", TRUTHS)
def test_quotes_are_found_in_reading_order_without_overlap(task):
    found = spans(task)
    assert found == sorted(found)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(found))


def test_no_known_name_is_left_unmarked():
    names = {entity["quote"] for task in TRUTHS for entity in entities(task)}
    left = [
        (task["data"]["id"], mention)
        for task in TRUTHS
        for name in sorted(names)
        for mention in unmarked(name, task)
    ]
    assert left == []


def test_a_name_has_one_label_throughout():
    labels: dict[str, set[str]] = {}
    for task in TRUTHS:
        for entity in entities(task):
            labels.setdefault(entity["quote"].lower(), set()).add(entity["label"])
    assert {name: found for name, found in labels.items() if len(found) > 1} == {}


def test_config_reads_only_fields_each_task_has():
    fields = {
        value[1:] for tag in CONFIG.iter() for value in tag.attrib.values() if value.startswith("$")
    }
    assert fields == {"subject", "channel", "text"}
    assert all(fields <= set(task["data"]) for task in TASKS)


def test_config_requires_nothing():
    assert not [tag for tag in CONFIG.iter() if "required" in tag.attrib]


def test_prompt_uses_fields_each_task_has():
    variables = set(re.findall(r"{(.*?)}", demo.prompt()))
    assert variables == {"subject", "text"}
    assert all(variables <= set(task["data"]) for task in TASKS)


@pytest.mark.parametrize("control", ["topic", "urgency", "entities"])
def test_instructions_define_every_class(control):
    for value in values(control):
        assert f"**{value}**" in demo.instructions()


def test_instructions_are_short_enough_to_be_read():
    assert 150 <= len(demo.instructions().split()) <= 250
