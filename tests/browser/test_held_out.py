"""Labeling configs of no template, as a person submits them: the same tags, used otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from browser.round_trip import Case, RoundTrip

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CONFIGS: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "held_out.yaml").read_text()
)


@pytest.mark.parametrize("name", CONFIGS)
def test_any_config_is_answered_as_a_person_would(name: str, round_trip: RoundTrip) -> None:
    round_trip.assert_comes_back(Case(**CONFIGS[name]))
