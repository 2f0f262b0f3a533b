"""A small labeling config, and regions and prediction rows that fit it."""

from __future__ import annotations

from typing import Any

from ml_backend.records import Region

CONFIG = """<View>
  <Text name="text" value="$text"/>
  <Choices name="topic" toName="text"><Choice value="a"/><Choice value="b"/></Choices>
</View>"""


def region(choice: str = "a") -> Region:
    return {
        "from_name": "topic",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [choice]},
    }


def row(task_id: int, version: str = "v", choice: str = "a", **more: Any) -> dict[str, Any]:
    return {"task": task_id, "result": [region(choice)], "model_version": version, **more}
