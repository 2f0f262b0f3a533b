"""Addresses of Label Studio's pages that show what we wrote."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence

SHOWN = {
    "id",
    "total_annotations",
    "total_predictions",
    "predictions_model_versions",
    "predictions_score",
    "predictions_results",
}
COLUMNS = (
    "id",
    "inner_id",
    "completed_at",
    "total_annotations",
    "cancelled_annotations",
    "total_predictions",
    "annotators",
    "annotations_results",
    "annotations_ids",
    "predictions_score",
    "predictions_model_versions",
    "predictions_results",
    "file_upload",
    "storage_filename",
    "created_at",
    "updated_at",
    "updated_by",
    "avg_lead_time",
    "draft_exists",
)
"""The Data Manager's own; it shows those that a tab does not name as hidden."""


def predictions_tab(url: str, project_id: int, model_versions: Sequence[str] = ()) -> str:
    """Return where the Data Manager shows predictions: whose they are, what they say, their score.

    With model versions only the tasks that have one of these. The tab is in the address alone, as
    the Data Manager writes those of its own that nobody saved: opening it changes nothing.
    """
    hidden = [f"tasks:{name}" for name in COLUMNS if name not in SHOWN]
    tab = {
        "title": "Predictions",
        "type": "list",
        "target": "tasks",
        "conjunction": "and",
        "filters": [
            {
                "filter": "filter:tasks:predictions_model_versions",
                "operator": "contains",
                "type": "List",
                "value": list(model_versions),
            }
        ]
        if model_versions
        else [],
        "ordering": [],
        "hiddenColumns": {"explore": hidden, "labeling": hidden},
    }
    packed = zlib.compress(json.dumps(tab, separators=(",", ":")).encode())
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return f"{url}/projects/{project_id}/data?tab={text}"
