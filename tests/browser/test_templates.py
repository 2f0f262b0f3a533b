"""Every template a model of texts and pictures can answer, as a person submits it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

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

WHOLE = {
    *("Named Entity Recognition", "Object Detection with Bounding Boxes"),
    *("HTML Entity Recognition", "Multi-page document annotation", "PDF Classification"),
    *("Conversational Analysis", "Chatbot Model Assessment"),
    *("LLM Ranker", "Tabular Data", "Pairwise classification"),
}
"""Templates shown by Label Studio's data manager: each kind of object is in one of them. The others
are shown by its editor alone, which is the same: a page of Label Studio is megabytes."""


@pytest.mark.parametrize("title", TEMPLATES)
def test_a_template_is_answered_as_a_person_would(
    title: str, shipped: dict[str, str], round_trip: RoundTrip
) -> None:
    template = TEMPLATES[title]
    round_trip.assert_comes_back(
        Case(shipped[title], template["data"], template["answer"], whole=title in WHOLE)
    )


def test_each_kind_of_object_is_shown_by_the_data_manager_too(shipped: dict[str, str]) -> None:
    def kinds(titles: Iterable[str]) -> set[tuple[str, bool]]:
        tags = [tag for title in titles for tag in ElementTree.fromstring(shipped[title]).iter()]
        objects = [tag for tag in tags if tag.get("name") and not tag.get("toName")]
        objects = [tag for tag in objects if tag.tag != "Header"]
        return {(tag.tag, tag.get("valueList") is not None) for tag in objects}

    assert kinds(WHOLE) == kinds(TEMPLATES)


def test_every_shipped_template_is_answered_or_out_of_reach(shipped: dict[str, str]) -> None:
    assert {*TEMPLATES, *(title for titles in OUT_OF_REACH.values() for title in titles)} == {
        *shipped
    }
