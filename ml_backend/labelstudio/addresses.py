"""The address of a Label Studio, what a connection to it trusts, and where its pages are."""

from __future__ import annotations

import base64
import json
import ssl
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ml_backend.certificates import tls_context
from ml_backend.errors import InvalidInput
from ml_backend.labelstudio import queries


def checked_url(url: str) -> str:
    """``url`` without a closing slash; InvalidInput when it cannot be Label Studio's address."""
    cleaned = url.strip().rstrip("/")
    parts = urlsplit(cleaned)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(
            "The address of Label Studio must start with http:// or https:// and name a host.",
            field="LABEL_STUDIO_URL",
            fix="For example LABEL_STUDIO_URL=http://localhost:8080",
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidInput(
            "The address of Label Studio must not hold a user name, a password, ? or #.",
            field="LABEL_STUDIO_URL",
            fix="Give the token as LABEL_STUDIO_API_KEY and the plain address here.",
        )
    return cleaned


def trust(url: str) -> ssl.SSLContext | bool:
    """What httpx calls ``verify``: building a TLS context takes 50 ms, and http:// needs none."""
    return tls_context() if url.startswith("https://") else False


# Pages that people open

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

    With model versions only the tasks that have one of these.
    """
    chosen = {
        "filter": "filter:tasks:predictions_model_versions",
        "operator": "contains",
        "type": "List",
        "value": list(model_versions),
    }
    return _tab(url, project_id, "Predictions", [chosen] if model_versions else [])


def tasks_tab(url: str, project_id: int, task_ids: Sequence[int]) -> str:
    """Return where the Data Manager shows these tasks alone, with their predictions."""
    chosen = [
        {"filter": "filter:tasks:id", "operator": "equal", "type": "Number", "value": each}
        for each in task_ids
    ]
    return _tab(url, project_id, "Tasks", chosen)


def tab_data(task_ids: Iterable[int], shown: Collection[str]) -> dict[str, Any]:
    """Return what Label Studio keeps of a tab of these tasks with these columns of its own."""
    hidden = _hidden(shown)
    return {
        "type": "list",
        "target": "tasks",
        "filters": queries.only_these(task_ids),
        "ordering": [],
        "hiddenColumns": {"explore": hidden, "labeling": hidden},
        "columnsDisplayType": queries.SHOWN_AS_TEXT,
    }


def tab_address(url: str, project_id: int, tab_id: int) -> str:
    """Return where people open a tab."""
    return f"{url}/projects/{project_id}/data?tab={tab_id}"


def _hidden(shown: Collection[str]) -> list[str]:
    return [f"tasks:{name}" for name in COLUMNS if name not in shown]


def _tab(url: str, project_id: int, title: str, filters: Sequence[Mapping[str, object]]) -> str:
    """Return a tab that is in the address alone, packed as the Data Manager packs its own.

    Opening it stores nothing in Label Studio.
    """
    hidden = _hidden(SHOWN)
    tab = {
        "title": title,
        "type": "list",
        "target": "tasks",
        "conjunction": "or",
        "filters": filters,
        "ordering": [],
        "hiddenColumns": {"explore": hidden, "labeling": hidden},
    }
    packed = zlib.compress(json.dumps(tab, separators=(",", ":")).encode())
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return f"{url}/projects/{project_id}/data?tab={text}"
