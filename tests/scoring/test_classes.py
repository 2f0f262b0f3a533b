"""The classification report: worked by hand, and against scikit-learn on the same data."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from ml_backend.labeling.bases.evidence import of_classes
from ml_backend.scoring.classes import MOST_CLASSES, matrix, report

CLASSES = ["a", "b", "c", "d"]
RATES = ("precision", "recall", "f1")


def counted(tasks):
    """Pairs of (classes given, true classes)."""
    pairs = Counter()
    for given, true in tasks:
        pairs.update(of_classes(given, true).pairs)
    return pairs


def test_a_worked_case_by_hand():
    # True a a a b b; given a b - b b, the third failed.
    pairs = counted([(["a"], ["a"]), (["b"], ["a"]), ([], ["a"]), (["b"], ["b"]), (["b"], ["b"])])
    found = report(pairs)
    a, b = found.classes
    assert (a.name, a.support, a.given, a.correct) == ("a", 3, 1, 1)
    assert (a.precision, a.recall, a.f1) == (1.0, pytest.approx(1 / 3), pytest.approx(0.5))
    assert (b.precision, b.recall, b.f1) == (pytest.approx(2 / 3), 1.0, pytest.approx(0.8))
    assert found.macro.f1 == pytest.approx(0.65)
    assert found.micro.precision == pytest.approx(3 / 4)
    assert found.micro.recall == pytest.approx(3 / 5)
    assert found.micro.f1 == pytest.approx(2 / 3)
    assert matrix(found.confusion, ["a", "b"]) == [[1, 1, 1], [0, 2, 0], [0, 0, 0]]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_one_class_a_task_is_as_scikit_learn_has_it_with_failures(seed):
    # A second to load: not for every process that collects.
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    draw = random.Random(seed)
    # "d" is never true, and some tasks failed.
    tasks = [(draw.choice([*CLASSES, None]), draw.choice(CLASSES[:3])) for _ in range(200)]
    found = report(counted([([given] if given else [], [true]) for given, true in tasks]))
    y_true, y_pred = [true for _, true in tasks], [given or "" for given, _ in tasks]
    names = sorted(row.name for row in found.classes)
    assert names == CLASSES
    expected = precision_recall_fscore_support(y_true, y_pred, labels=CLASSES, zero_division=0)
    rows = {row.name: row for row in found.classes}
    for place, name in enumerate(CLASSES):
        row = rows[name]
        values = (row.precision or 0, row.recall or 0, row.f1, row.support)
        assert values == pytest.approx([each[place] for each in expected])
    for mean in ("macro", "micro"):
        expected = precision_recall_fscore_support(
            y_true, y_pred, labels=CLASSES, average=mean, zero_division=0
        )
        values = [getattr(getattr(found, mean), rate) for rate in RATES]
        assert values == pytest.approx(expected[:3])
    labels = [*CLASSES, ""]
    theirs = confusion_matrix(y_true, y_pred, labels=labels).tolist()
    assert matrix(found.confusion, CLASSES) == theirs


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_sets_of_classes_are_as_scikit_learn_has_them(seed):
    from sklearn.metrics import precision_recall_fscore_support
    from sklearn.preprocessing import MultiLabelBinarizer

    draw = random.Random(seed)

    def some():
        return [name for name in CLASSES if draw.random() < 0.4]

    tasks = [(some(), some()) for _ in range(150)]
    found = report(counted(tasks))
    binary = MultiLabelBinarizer(classes=CLASSES)
    y_pred, y_true = (binary.fit_transform([task[side] for task in tasks]) for side in (0, 1))
    for mean in ("macro", "micro"):
        expected = precision_recall_fscore_support(y_true, y_pred, average=mean, zero_division=0)
        values = [getattr(getattr(found, mean), rate) for rate in RATES]
        assert values == pytest.approx(expected[:3])


@pytest.mark.parametrize(
    ("given", "true", "row"),
    [
        # The only class, always right; never given; never true.
        (["a"], ["a"], (1, 1, 1.0, 1.0, 1.0)),
        ([], ["a"], (1, 0, None, 0.0, 0.0)),
        (["a"], [], (0, 1, 0.0, None, 0.0)),
    ],
    ids=["single class", "never given", "never true"],
)
def test_a_rate_over_nothing_is_unknown(given, true, row):
    found = report(counted([(given, true)]))
    only = found.classes[0]
    assert (only.support, only.given, only.precision, only.recall, only.f1) == row
    assert found.macro.f1 == row[-1]


def test_nothing_named_is_an_empty_report():
    found = report(counted([([], [])]))
    assert found.classes == ()
    assert found.macro.f1 is None
    assert found.micro.f1 is None


def test_numbers_stand_in_order_and_too_many_classes_are_cut_and_counted():
    stars = report(counted([([], [str(n)]) for n in (10, 2, 1)]))
    assert [row.name for row in stars.classes] == ["1", "2", "10"]
    many = report(counted([([], [f"c{n}"]) for n in range(MOST_CLASSES + 7)]))
    assert (len(many.classes), many.classes_left_out) == (MOST_CLASSES, 7)
    assert many.macro.classes == MOST_CLASSES + 7
