"""``<HyperTextLabels>``: spans of a ``<HyperText>`` or ``<Text>``."""

from __future__ import annotations

from ml_backend.labeling.span_control import SpanControl


class HyperTextLabels(SpanControl):
    """Normal form: a list of {quote, occurrence, label} in text order, [] when nothing is there."""

    tag = "HyperTextLabels"
