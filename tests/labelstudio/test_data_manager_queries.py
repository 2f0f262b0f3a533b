from __future__ import annotations

import json
from urllib.parse import unquote

import pytest

from ml_backend.errors import InvalidInput
from ml_backend.labelstudio import queries

ITEM = {"filter": "filter:tasks:id", "operator": "equal", "type": "Number", "value": 1}


@pytest.mark.parametrize(
    "query",
    [
        {"filters": {"conjunction": "and"}, "unknown": 1},
        {"filters": {"conjunction": "nor", "items": [ITEM]}},
        {"conjunction": "and", "items": [{**ITEM, "operator": "equals"}]},
        {"conjunction": "and", "items": [{"filter": "filter:tasks:id"}]},
        {"conjunction": "and", "items": ["id = 1"]},
        {"conjunction": "and", "items": [{**ITEM, "child_filter": {**ITEM, "operator": "?"}}]},
        {"selectedItems": {"all": False}},
        {"selectedItems": [1, 2]},
    ],
    ids=json.dumps,
)
def test_query_that_label_studio_would_misread_is_refused(query):
    with pytest.raises(InvalidInput):
        queries.checked(query)


def test_bare_filters_and_whole_queries_mean_the_same():
    filters = {"conjunction": "or", "items": [ITEM]}
    assert queries.checked(filters) == queries.checked({"filters": filters}) == {"filters": filters}


def test_query_of_the_caller_is_left_as_it_was():
    filters = {"items": [{**ITEM, "filter": "filter:tasks:predictions_model_versions"}]}
    filters["items"][0].update(operator="contains", value="m1")
    before = json.dumps(filters)
    query = queries.checked(filters)
    queries.after(query, 5)
    assert json.dumps(filters) == before
    assert query["filters"]["items"][0]["value"] == ["m1"]


def test_long_selections_are_cut_to_fit_a_request_line_and_miss_nothing():
    ids = list(range(10_000_000, 10_001_001))
    parts = queries.parts({**queries.selecting([*ids, ids[0]]), "filters": {"items": []}})
    assert [each for part in parts for each in part["selectedItems"]["included"]] == ids
    assert all(part["filters"] == {"items": []} for part in parts)
    assert max(len(queries.encode(queries.after(part, 0))) for part in parts) < 3000


def test_encoded_query_survives_being_unquoted_twice():
    query = {"filters": {"items": [{**ITEM, "value": "100%25 é %"}]}}
    assert json.loads(unquote(queries.encode(query))) == query
