"""Every template a model of texts and pictures can answer, as a person submits it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from browser.round_trip import Case, RoundTrip

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

TEMPLATES: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "templates.yaml").read_text()
)


@pytest.mark.parametrize("title", TEMPLATES)
def test_a_template_is_answered_as_a_person_would(
    title: str, shipped: dict[str, str], round_trip: RoundTrip
) -> None:
    template = TEMPLATES[title]
    round_trip.assert_comes_back(Case(shipped[title], template["data"], template["answer"]))
