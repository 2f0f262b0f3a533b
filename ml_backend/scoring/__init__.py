"""Metrics of an evaluation; pure, and knows nothing of labeling configs."""

from ml_backend.scoring.agreement import summarize, wilson

__all__ = ["summarize", "wilson"]
