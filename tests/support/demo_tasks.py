"""The demo's messages as tasks for a Label Studio."""

from __future__ import annotations

from typing import Any

from ml_backend import demo
from ml_backend.labeling import LabelingConfig


def demo_tasks() -> list[dict[str, Any]]:
    """Return the demo's 200 messages, 60 with ground truth, in the form Label Studio imports."""
    config = LabelingConfig.parse(demo.config())
    rows = []
    for task in demo.tasks():
        row: dict[str, Any] = {"data": task["data"]}
        if "ground_truth" in task:
            result = config.to_conversion(task["ground_truth"], task["data"]).result
            row["annotations"] = [{"result": result, "ground_truth": False, "lead_time": 8.0}]
        rows.append(row)
    return rows
