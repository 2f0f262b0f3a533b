"""What people do in Label Studio itself, and scripts to it: behind our back, over its API."""

from __future__ import annotations

from typing import Any

import httpx

from support.fake_label_studio import Controls

SECONDS = 4.0


def update(fake: Controls, annotation_id: int, **fields: Any) -> None:
    """Change an annotation by whatever way; ``lead_time`` is what the editor alone sends."""
    _send(fake, "PATCH", f"annotations/{annotation_id}/", fields)


def press_update(fake: Controls, annotation_id: int, **fields: Any) -> None:
    """As the editor sends it: a person opened the annotation, changed something and submitted."""
    update(fake, annotation_id, lead_time=SECONDS, **fields)


def submit(fake: Controls, task_id: int, result: list[dict[str, Any]], **fields: Any) -> None:
    """As the editor sends a new annotation."""
    body = {"result": result, "lead_time": SECONDS, **fields}
    _send(fake, "POST", f"tasks/{task_id}/annotations/", body)


def draft(fake: Controls, task_id: int, result: list[dict[str, Any]]) -> None:
    """As the editor keeps what somebody has not submitted."""
    _send(fake, "POST", f"tasks/{task_id}/drafts", {"result": result, "lead_time": SECONDS})


def delete(fake: Controls, annotation_id: int) -> None:
    _send(fake, "DELETE", f"annotations/{annotation_id}/", None)


def _send(fake: Controls, method: str, path: str, body: Any) -> None:
    headers = {"Authorization": f"Token {fake.token}"}
    answer = httpx.request(method, f"{fake.url}/api/{path}", json=body, headers=headers)
    answer.raise_for_status()
