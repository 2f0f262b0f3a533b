from __future__ import annotations

import math

from ml_backend.llm.confidence import value_confidence


def tokens(*pairs):
    return [{"token": token, "logprob": logprob} for token, logprob in pairs]


def test_only_the_tokens_of_values_count():
    sure = tokens(('{"', -9), ("topic", -9), ('":"', -9), ("bill", -0.1), ("ing", -0.3), ('"}', -9))
    assert math.isclose(value_confidence(sure), math.exp(-0.2))


def test_numbers_and_null_are_values():
    assert math.isclose(
        value_confidence(tokens(('{"n":', -9), ("12", -0.5), ("}", -9))), math.exp(-0.5)
    )
    assert math.isclose(
        value_confidence(tokens(('{"n":', -9), ("null", -1), ("}", -9))), math.exp(-1)
    )


def test_without_values_or_numbers_there_is_no_score():
    assert value_confidence(tokens(("{}", -1))) is None
    assert value_confidence([{"token": '{"a":1}', "logprob": None}]) is None
