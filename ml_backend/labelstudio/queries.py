"""Data Manager queries: which tasks, in Label Studio's filter language.

{"filters": {"conjunction": "and", "items": [{"filter": "filter:tasks:id",
 "operator": "greater", "type": "Number", "value": 7}]},
 "selectedItems": {"all": false, "included": [8, 9]}}
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ml_backend.errors import InvalidInput

# Label Studio answers an operator it does not know with no tasks at all, not with an error.
OPERATORS = frozenset(
    {
        "equal",
        "not_equal",
        "less",
        "greater",
        "less_or_equal",
        "greater_or_equal",
        "in",
        "not_in",
        "in_list",
        "not_in_list",
        "empty",
        "contains",
        "not_contains",
        "regex",
    }
)
FIX = (
    'A filter looks like {"conjunction": "and", "items": [{"filter": "filter:tasks:data.text", '
    '"operator": "contains", "type": "String", "value": "refund"}]}.'
)
# Ids a request line takes: servers in front of Label Studio cut it off at 4 to 8 KB.
IDS_PER_QUERY = 200


def condition(column: str, operator: str, value: object) -> dict[str, Any]:
    """One filter line on a numeric column of the Data Manager."""
    return {
        "filter": f"filter:tasks:{column}",
        "operator": operator,
        "type": "Number",
        "value": value,
    }


def all_of(*conditions: Mapping[str, Any]) -> dict[str, Any]:
    """The filters for what meets all of these conditions."""
    return {"conjunction": "and", "items": [dict(each) for each in conditions]}


IS_ANNOTATED = condition("total_annotations", "greater", 0)
ANNOTATED = {"filters": all_of(IS_ANNOTATED)}
"""The query for all tasks that anybody annotated."""


DRAFTED = {
    "filters": all_of(
        {
            "filter": "filter:tasks:draft_exists",
            "operator": "equal",
            "type": "Boolean",
            "value": True,
        }
    )
}
"""The query for all tasks on which somebody has something unsubmitted."""


def made_after(moment: datetime, up_to: int) -> dict[str, Any]:
    """The query for tasks up to an id that were made after a moment of Label Studio's clock."""
    said = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    line = {
        "filter": "filter:tasks:created_at",
        "operator": "greater",
        "type": "Datetime",
        "value": said,
    }
    return {"filters": all_of(line, condition("id", "less_or_equal", up_to))}


def checked(query: Mapping[str, Any] | None) -> dict[str, Any]:
    """``query`` (or bare filters) as a fresh query; InvalidInput where it would mislead."""
    if not query:
        return {}
    whole = {"filters": query} if "items" in query else dict(query)
    unknown = sorted(set(whole) - {"filters", "selectedItems", "ordering"})
    if unknown:
        raise InvalidInput(f"A filter has no field {unknown[0]!r}.", field="filter", fix=FIX)
    result: dict[str, Any] = {}
    if whole.get("filters"):
        result["filters"] = _checked_filters(whole["filters"])
    if whole.get("selectedItems"):
        result["selectedItems"] = _checked_selection(whole["selectedItems"])
    return result


def _checked_filters(filters: object) -> dict[str, Any]:
    if not isinstance(filters, Mapping) or not isinstance(filters.get("items"), Sequence):
        raise InvalidInput("The filter is not an object with a list of items.", fix=FIX)
    conjunction = filters.get("conjunction", "and")
    if conjunction not in ("and", "or"):
        raise InvalidInput(
            f'The filter\'s conjunction is "and" or "or", not {str(conjunction)[:50]!r}.',
            field="conjunction",
            fix=FIX,
        )
    return {"conjunction": conjunction, "items": [_checked_item(each) for each in filters["items"]]}


def _checked_item(item: object) -> dict[str, Any]:
    if not isinstance(item, Mapping) or not {"filter", "operator", "value"} <= set(item):
        raise InvalidInput("A filter item needs filter, operator, type and value.", fix=FIX)
    checked_item = dict(item)
    if item["operator"] not in OPERATORS:
        raise InvalidInput(
            f"Label Studio has no filter operator {str(item['operator'])[:50]!r}.",
            field="operator",
            fix=f"It knows {', '.join(sorted(OPERATORS))}.",
        )
    if item.get("child_filter"):
        checked_item["child_filter"] = _checked_item(item["child_filter"])
    column = str(item["filter"]).rpartition(":")[2]
    by_version = column == "predictions_model_versions" and "contains" in item["operator"]
    if by_version and isinstance(item["value"], str):
        # Label Studio would look for each letter of a bare string.
        checked_item["value"] = [item["value"]]
    return checked_item


def _checked_selection(selection: object) -> dict[str, Any]:
    """An explicit selection; without ``included`` Label Studio would take all tasks."""
    if isinstance(selection, Mapping):
        if selection.get("all") is True:
            return {"all": True, "excluded": list(selection.get("excluded") or [])}
        if isinstance(selection.get("included"), Sequence):
            return {"all": False, "included": list(selection["included"])}
    raise InvalidInput(
        'selectedItems is {"all": true, "excluded": []} or {"all": false, "included": [ids]}.',
        field="selectedItems",
    )


def after(query: Mapping[str, Any], last_id: int) -> dict[str, Any]:
    """``query`` narrowed to tasks with a higher id, in order of id; its filters must be "and"."""
    filters = query.get("filters") or {"items": []}
    items = [*filters["items"], condition("id", "greater", last_id)]
    return {
        **query,
        "filters": all_of(*items),
        "ordering": ["tasks:id"],
    }


def needs_selection(query: Mapping[str, Any]) -> bool:
    """True when ``after`` would change what the query means."""
    filters = query.get("filters")
    return filters is not None and filters["conjunction"] == "or" and len(filters["items"]) > 1


def selecting(task_ids: Sequence[int]) -> dict[str, Any]:
    """The query for exactly these tasks."""
    return {"selectedItems": {"all": False, "included": list(task_ids)}}


IDS = re.compile(r"\^\((\d+(?:\|\d+)*)\)\$")
NO_TASK = "0"
"""An id that no task has."""


def only_these(task_ids: Iterable[int]) -> dict[str, Any]:
    """The filters of a tab of exactly these tasks, of none for no ids.

    One line of a kind that the Data Manager's own form of filters keeps when it is opened, which
    it does not with a list of ids. The tab must show ids as text: ``SHOWN_AS_TEXT``.
    """
    ids = sorted({int(each) for each in task_ids})
    line = {
        "filter": "filter:tasks:id",
        "operator": "regex",
        "type": "String",
        "value": f"^({'|'.join(map(str, ids)) or NO_TASK})$",
    }
    return all_of(line)


SHOWN_AS_TEXT = {"tasks:id": "String"}
"""Columns whose filters are those of texts, as a tab keeps it."""


def ids_named(filters: Mapping[str, Any] | None) -> frozenset[int] | None:
    """The tasks that the filters of ``only_these`` name, None for any others."""
    items = (filters or {}).get("items") or []
    if len(items) != 1 or items[0].get("child_filter"):
        return None
    line = items[0]
    if (line.get("filter"), line.get("operator")) != ("filter:tasks:id", "regex"):
        return None
    match = IDS.fullmatch(str(line.get("value")))
    if match is None:
        return None
    return frozenset(int(each) for each in match[1].split("|") if each != NO_TASK)


def encode(query: Mapping[str, Any]) -> str:
    """The ``query`` parameter; Label Studio takes percent escapes out once more than usual."""
    return json.dumps(query, ensure_ascii=False, separators=(",", ":")).replace("%", "%25")


def alternatives(query: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An "or" query as one query per filter line; their union is what it selects."""
    return [{**query, "filters": all_of(item)} for item in query["filters"]["items"]]


def parts(query: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``query`` cut so that each part's ids fit a request line; none for an empty selection."""
    selection = query.get("selectedItems") or {}
    if "included" not in selection:
        return [dict(query)]
    ids = sorted({int(each) for each in selection["included"]})
    chunks = (ids[i : i + IDS_PER_QUERY] for i in range(0, len(ids), IDS_PER_QUERY))
    return [{**query, **selecting(chunk)} for chunk in chunks]
