"""Every template a model of texts and pictures can answer, as a person submits it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from browser.round_trip import Case, RoundTrip

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

TEMPLATES: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "templates.yaml").read_text()
)
OUT_OF_REACH = {
    "sound": {
        *("Automatic Speech Recognition", "Automatic Speech Recognition using Segments"),
        *("Intent Classification", "Signal Quality Detection", "Sound Event Detection"),
        *("Speaker Segmentation", "Speech Transcription", "ASR Hypotheses Selection"),
    },
    "films": {
        *("Video Classification", "Video Frame Classification", "Video Object Tracking"),
        "Video Timeline Segmentation",
    },
    "time series": {
        *("Activity Recognition", "Change Point Detection", "Outliers & Anomaly Detection"),
        *("Signal Quality", "Time Series Forecasting"),
    },
    "outlines to the pixel": {
        *("Inventory Tracking", "Semantic Segmentation with Masks"),
        "Semantic Segmentation with Polygons",
    },
    "tags that only Enterprise's editor knows": {
        *("Fine-Tune an Agent without an LLM", "Fine-Tune an Agent with an LLM"),
        *("Red-Teaming in Chat", "Evaluate Production Conversations for RLHF"),
        *("Chatbot Evaluation", "OCR Labeling for PDFs"),
    },
}
"""Why -> titles of the templates without an answer here."""


@pytest.mark.parametrize("title", TEMPLATES)
def test_a_template_is_answered_as_a_person_would(
    title: str, shipped: dict[str, str], round_trip: RoundTrip
) -> None:
    template = TEMPLATES[title]
    round_trip.assert_comes_back(Case(shipped[title], template["data"], template["answer"]))


def test_every_shipped_template_is_answered_or_out_of_reach(shipped: dict[str, str]) -> None:
    assert {*TEMPLATES, *(title for titles in OUT_OF_REACH.values() for title in titles)} == {
        *shipped
    }
