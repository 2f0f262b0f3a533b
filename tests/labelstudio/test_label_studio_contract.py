"""What we rely on in Label Studio, held against the fake and, marked live, the real one."""

from __future__ import annotations

import json

import pytest

from ml_backend.errors import (
    InvalidInput,
    LabelStudioNotFound,
    LabelStudioRejected,
)
from ml_backend.labelstudio import ServerLabelStudio
from support.by_hand import delete_project, get_task, next_task
from support.live_label_studio import personal_token
from support.wire import region, row


def test_door_reads_the_project_as_it_was_made(site):
    project = site.door.get_project(site.project_id)
    assert (project.title, project.instruction) == ("Contract of the door", "<b>Read</b>")
    assert (project.tasks, project.predictions, project.model_version) == (6, 0, None)
    assert "Choices" in project.label_config
    assert site.door.data_columns(site.project_id) == ("text",)
    assert site.door.project_titles()[site.project_id] == project.title


def test_project_is_found_by_number_and_title_and_near_titles_are_named(site):
    title = f"Reviews {site.project_id}"
    site.raw.patch(f"/api/projects/{site.project_id}/", json={"title": title})
    assert site.door.find_project(str(site.project_id)).id == site.project_id
    assert site.door.find_project(title).id == site.project_id
    with pytest.raises(LabelStudioNotFound) as caught:
        site.door.find_project(f"reviews {site.project_id}")
    assert f"{title!r} ({site.project_id})" in caught.value.fix


def test_project_of_an_ambiguous_title_asks_for_the_number(site):
    twin = site.door.create_project("Contract of the door", "<View></View>")
    try:
        with pytest.raises(InvalidInput, match=r"\d+ projects are called") as caught:
            site.door.find_project("Contract of the door")
        assert str(twin.id) in caught.value.fix
    finally:
        delete_project(site.door, twin.id)


@pytest.mark.parametrize(
    "call",
    [
        lambda door: door.get_project(987654),
        lambda door: door.find_project(987654),
        lambda door: list(door.iter_tasks(987654)),
        lambda door: door.task_ids(987654),
        lambda door: list(door.iter_annotated(987654)),
        lambda door: door.predictions(987654),
        lambda door: door.model_versions(987654),
        lambda door: door.list_backends(987654),
        lambda door: door.data_columns(987654),
        lambda door: door.import_predictions(987654, []),
        lambda door: door.import_tasks(987654, [{"text": "x"}]),
        lambda door: door.delete_model_version(987654, "v"),
        lambda door: door.set_model_version(987654, "v"),
        lambda door: door.promote(987654, ["v"], [1]),
        lambda door: door.create_annotation(987654321, []),
    ],
)
def test_what_is_not_there_is_not_found(site, call):
    with pytest.raises(LabelStudioNotFound, match="98765") as caught:
        call(site.door)
    assert caught.value.maybe_done is False


def test_tasks_come_in_pages_by_id_with_their_data(site):
    pages = list(site.door.iter_tasks(site.project_id, page_size=4))
    assert [[task.id for task in page] for page in pages] == [site.task_ids[:4], site.task_ids[4:]]
    assert pages[1][1].data == {"text": "text 5"}
    assert site.door.task_ids(site.project_id) == site.task_ids
    assert site.door.task_ids(site.project_id, first=2) == site.task_ids[:2]


def test_project_without_tasks_has_no_pages(site):
    site.door.delete_tasks(site.project_id, site.task_ids)
    assert list(site.door.iter_tasks(site.project_id)) == []


def test_no_task_is_skipped_or_repeated_when_some_are_deleted_and_added_meanwhile(site):
    pages = site.door.iter_tasks(site.project_id, page_size=2)
    first = [task.id for task in next(pages)]
    site.door.delete_tasks(site.project_id, first)
    new = site.door.import_tasks(site.project_id, [{"text": "new"}])
    rest = [task.id for page in pages for task in page]
    assert first + rest == site.task_ids + new


def test_tasks_are_chosen_by_filter_and_selection(site):
    def ids(query):
        return site.door.task_ids(site.project_id, query=query)

    by_text = {"filter": "filter:tasks:data.text", "operator": "contains", "type": "String"}
    by_id = {"filter": "filter:tasks:id", "operator": "equal", "type": "Number"}
    five, two = {**by_text, "value": "text 5"}, {**by_id, "value": site.task_ids[2]}
    assert ids({"conjunction": "and", "items": [five]}) == [site.task_ids[5]]
    assert ids({"filters": {"conjunction": "and", "items": [five, two]}}) == []
    either = {"conjunction": "or", "items": [five, two, five]}
    assert ids(either) == [site.task_ids[2], site.task_ids[5]]
    pages = site.door.iter_tasks(site.project_id, query={"filters": either}, page_size=1)
    assert [task.data["text"] for page in pages for task in page] == ["text 2", "text 5"]
    chosen = {"selectedItems": {"all": False, "included": site.task_ids[4:]}}
    assert ids(chosen) == site.task_ids[4:]
    assert ids({**chosen, "filters": {"conjunction": "and", "items": [five]}}) == site.task_ids[5:]
    assert ids({"selectedItems": {"all": True, "excluded": site.task_ids[1:]}}) == site.task_ids[:1]


def test_percent_signs_in_a_filter_are_taken_literally(site):
    new = site.door.import_tasks(site.project_id, [{"text": "100%41 sure"}, {"text": "100A sure"}])
    item = {"filter": "filter:tasks:data.text", "operator": "contains", "type": "String"}
    query = {"conjunction": "and", "items": [{**item, "value": "%41"}]}
    assert site.door.task_ids(site.project_id, query=query) == new[:1]


def test_filter_by_model_version_takes_a_text_as_a_whole(site):
    first, second, *_ = site.task_ids
    site.door.import_predictions(site.project_id, [row(first, "m1"), row(second, "xm")])
    item = {"filter": "filter:tasks:predictions_model_versions", "operator": "contains"}
    query = {"conjunction": "and", "items": [{**item, "type": "List", "value": "m1"}]}
    assert site.door.task_ids(site.project_id, query=query) == [first]


def test_empty_selection_is_no_task_although_label_studio_takes_it_for_all(site):
    nothing = {"selectedItems": {"all": False, "included": []}}
    raw = site.raw.get(
        "/api/tasks", params={"project": site.project_id, "query": json.dumps(nothing)}
    )
    assert raw.json()["total"] == 6
    assert site.door.task_ids(site.project_id, query=nothing) == []


def test_unknown_filter_column_is_rejected(site):
    item = {"filter": "filter:tasks:nonsense", "operator": "equal", "type": "Number", "value": 1}
    with pytest.raises(LabelStudioRejected, match="nonsense"):
        site.door.task_ids(site.project_id, query={"conjunction": "and", "items": [item]})


def test_annotated_tasks_come_whole(site):
    first, second, *_ = site.task_ids
    annotation_id = site.door.create_annotation(second, [region("b")], ground_truth=True)
    site.door.create_annotation(first, [region("a")])
    site.door.import_predictions(site.project_id, [row(site.task_ids[4])])
    prediction = site.door.predictions(site.project_id)[0]
    site.door.promote(site.project_id, ["v"], site.task_ids)
    found = list(site.door.iter_annotated(site.project_id))
    assert [task.id for task in found] == [first, second, site.task_ids[4]]
    truth = found[1].annotations[0]
    assert found[1].data == {"text": "text 1"}
    assert (truth.id, truth.ground_truth, truth.was_cancelled) == (annotation_id, True, False)
    assert (truth.result, truth.parent_prediction) == ([region("b")], None)
    assert found[2].annotations[0].parent_prediction == prediction.id
    assert found[2].annotations[0].completed_by == site.door.whoami().id


def test_annotated_tasks_are_chosen_by_ground_truth_and_id(site):
    first, second, third, *_ = site.task_ids
    assert list(site.door.iter_annotated(site.project_id, ground_truth_only=True)) == []
    truth = site.door.create_annotation(second, [region("b")], ground_truth=True)
    site.door.create_annotation(second, [region("a")])
    site.door.create_annotation(third, [region("a")])
    only = list(site.door.iter_annotated(site.project_id, ground_truth_only=True))
    assert [(task.id, [each.id for each in task.annotations]) for task in only] == [
        (second, [truth])
    ]
    chosen = site.door.iter_annotated(site.project_id, task_ids=[first, third, 99999999])
    assert [task.id for task in chosen] == [third]
    assert list(site.door.iter_annotated(site.project_id, task_ids=[])) == []


def test_predictions_come_with_their_version_score_and_result(site):
    rows = [row(each, "v1", score=0.25) for each in site.task_ids]
    assert site.door.import_predictions(site.project_id, rows) == 6
    site.door.create_prediction({"task": site.task_ids[0], "result": [region("b")]})
    path = f"/api/projects/{site.project_id}/import/predictions"
    nameless = {"task": site.task_ids[1], "result": [region()]}
    site.raw.post(path, json=[nameless, {**nameless, "model_version": None}])
    found = site.door.predictions(site.project_id)
    assert [each.id for each in found] == sorted(each.id for each in found)
    assert found[0].result == [region("a")]
    assert (found[0].task_id, found[0].score) == (site.task_ids[0], 0.25)
    assert [each.model_version for each in found[5:]] == ["v1", "", "undefined", None]
    keys = site.door.prediction_keys(site.project_id)
    assert [(key.id, key.task_id) for key in keys] == [(each.id, each.task_id) for each in found]
    assert site.door.model_versions(site.project_id) == {"v1": 6, "": 1, "undefined": 1}


def test_import_answers_how_many_it_stored_and_keeps_silent_about_the_rest(site):
    first, second, *_ = site.task_ids
    rows = [row(first), row(second, choice="not in the config")]
    assert site.door.import_predictions(site.project_id, rows) == 1


def test_import_of_a_foreign_task_stores_nothing(site):
    with pytest.raises(LabelStudioRejected, match="task") as caught:
        site.door.import_predictions(site.project_id, [row(site.task_ids[0]), row(99999999)])
    assert caught.value.maybe_done is False
    assert site.door.predictions(site.project_id) == []


def test_same_import_twice_is_there_twice(site):
    for _ in range(2):
        site.door.import_predictions(site.project_id, [row(site.task_ids[0])])
    keys = site.door.prediction_keys(site.project_id)
    assert [key.task_id for key in keys] == [site.task_ids[0]] * 2


def test_texts_a_database_cannot_hold_are_cleaned_and_all_others_kept(site):
    note = {**region(), "meta": {"text": ["a\0b \ud800 \\u0000 é 😀"]}}
    prediction = {**row(site.task_ids[0]), "result": [note]}
    assert site.door.import_predictions(site.project_id, [prediction]) == 1
    stored = site.door.predictions(site.project_id)[0].result[0]
    assert stored["meta"]["text"] == ["ab ? \\u0000 é 😀"]


def test_deleting_a_version_leaves_the_others_and_counters_need_repair(site):
    rows = [row(site.task_ids[0], version) for version in ("keep", "drop", "drop", "drop2")]
    site.door.import_predictions(site.project_id, rows)
    assert site.counters()[0] == 4
    assert site.door.delete_model_version(site.project_id, "drop") == 2
    assert site.door.model_versions(site.project_id) == {"keep": 1, "drop2": 1}
    assert site.counters()[0] > 2
    site.door.repair_counters(site.project_id)
    assert site.counters()[0] == 2
    assert site.door.delete_model_version(site.project_id, "drop") == 0


@pytest.mark.parametrize("label", ["", None])
def test_deleting_without_a_version_is_refused_before_label_studio_sees_it(site, label):
    site.door.import_predictions(site.project_id, [row(site.task_ids[0])])
    with pytest.raises(InvalidInput, match="without a model version"):
        site.door.delete_model_version(site.project_id, label)
    raw = site.raw.request(
        "DELETE",
        f"/api/projects/{site.project_id}/model-versions/",
        json={"model_version": label},
    )
    assert raw.status_code == 400
    assert len(site.door.prediction_keys(site.project_id)) == 1


def test_prediction_is_deleted_once(site):
    site.door.import_predictions(site.project_id, [row(site.task_ids[0])] * 2)
    first, second = site.door.prediction_keys(site.project_id)
    assert site.door.delete_prediction(first.id) is True
    assert site.door.delete_prediction(first.id) is False
    assert site.door.prediction_keys(site.project_id) == [second]
    site.door.repair_counters(site.project_id)
    assert site.counters()[0] == 1


def test_prediction_ids_rise_even_after_the_highest_is_deleted(site):
    site.door.import_predictions(site.project_id, [row(site.task_ids[0])])
    first = site.door.prediction_keys(site.project_id)[0]
    site.door.delete_prediction(first.id)
    site.door.import_predictions(site.project_id, [row(site.task_ids[0])])
    assert site.door.prediction_keys(site.project_id)[0].id > first.id


def test_task_ids_come_again_after_the_highest_is_deleted_on_sqlite(site):
    site.door.delete_tasks(site.project_id, site.task_ids[-2:])
    new = site.door.import_tasks(site.project_id, [{"text": "another"}])
    assert new == [site.task_ids[-2]]


def test_selected_version_must_exist_and_goes_with_its_predictions(site):
    def selected():
        return site.door.get_project(site.project_id).model_version

    with pytest.raises(LabelStudioRejected, match="doesn't exist"):
        site.door.set_model_version(site.project_id, "nobody's")
    site.door.import_predictions(site.project_id, [row(site.task_ids[0], v) for v in ("v", "w")])
    assert selected() is None
    site.door.set_model_version(site.project_id, "v")
    assert selected() == "v"
    site.door.delete_model_version(site.project_id, "w")
    assert selected() == "v"
    site.door.delete_model_version(site.project_id, "v")
    assert selected() is None
    site.door.import_predictions(site.project_id, [row(site.task_ids[0])])
    site.door.set_model_version(site.project_id, "v")
    site.door.set_model_version(site.project_id, None)
    assert selected() is None


def test_label_stream_shows_the_selected_version_only(site):
    rows = [row(each, version) for each in site.task_ids for version in ("v", "w")]
    site.door.import_predictions(site.project_id, rows)
    task = next_task(site.door, site.project_id)
    assert (task["id"], task["predictions"]) == (site.task_ids[0], [])
    site.door.set_model_version(site.project_id, "w")
    shown = next_task(site.door, site.project_id)["predictions"]
    assert [each["model_version"] for each in shown] == ["w"]
    assert len(get_task(site.door, site.task_ids[0])["predictions"]) == 2


def test_label_stream_ends(site):
    for task_id in site.task_ids:
        site.door.create_annotation(task_id, [region()])
    assert next_task(site.door, site.project_id) is None


def test_promotion_makes_one_annotation_of_each_prediction_once(site):
    rows = [row(each, version) for each in site.task_ids for version in ("v", "w", "x")]
    site.door.import_predictions(site.project_id, rows)
    chosen = site.task_ids[:4]
    assert site.door.promote(site.project_id, ["v", "w"], chosen) == 8
    assert site.door.promote(site.project_id, ["v"], chosen) == 0
    assert site.door.promote(site.project_id, ["v"], site.task_ids) == 2
    assert site.door.promote(site.project_id, ["unknown"], site.task_ids) == 0
    assert site.door.get_project(site.project_id).annotations == 10


def test_imported_again_a_prediction_promotes_again(site):
    site.door.import_predictions(site.project_id, [row(site.task_ids[0])])
    assert site.door.promote(site.project_id, ["v"], site.task_ids) == 1
    site.door.delete_model_version(site.project_id, "v")
    kept = next(site.door.iter_annotated(site.project_id))
    assert kept.annotations[0].parent_prediction is None
    site.door.import_predictions(site.project_id, [row(site.task_ids[0])])
    assert site.door.promote(site.project_id, ["v"], site.task_ids) == 1


@pytest.mark.parametrize(("labels", "some"), [([], True), (["v"], False), ("v", True)])
def test_promotion_that_would_take_everything_is_refused(site, labels, some):
    site.door.import_predictions(site.project_id, [row(site.task_ids[0])])
    with pytest.raises(InvalidInput):
        site.door.promote(site.project_id, labels, site.task_ids if some else [])
    assert site.door.get_project(site.project_id).annotations == 0


def test_deleting_no_tasks_is_refused(site):
    with pytest.raises(InvalidInput, match="No tasks are selected"):
        site.door.delete_tasks(site.project_id, [])
    assert len(site.door.task_ids(site.project_id)) == 6


def test_deleted_tasks_are_gone_with_their_predictions(site):
    site.door.import_predictions(site.project_id, [row(each) for each in site.task_ids])
    assert site.door.delete_tasks(site.project_id, site.task_ids[:2]) == 2
    assert site.door.task_ids(site.project_id) == site.task_ids[2:]
    left = [key.task_id for key in site.door.prediction_keys(site.project_id)]
    assert left == site.task_ids[2:]


def test_listing_does_not_wake_the_ml_backend(site, ml_backend):
    site.door.add_backend(site.project_id, ml_backend.url, "Prompts")
    site.raw.patch(
        f"/api/projects/{site.project_id}/", json={"evaluate_predictions_automatically": True}
    )
    ml_backend.requests.clear()
    site.door.create_annotation(site.task_ids[0], [region()])
    assert site.door.task_ids(site.project_id) == site.task_ids
    assert sum(map(len, site.door.iter_tasks(site.project_id))) == 6
    annotated = list(site.door.iter_annotated(site.project_id))
    assert [task.annotations[0].result for task in annotated] == [[region()]]
    assert "/predict" not in ml_backend.requests


def test_ml_backend_is_added_asked_and_deleted(site, ml_backend):
    backend = site.door.add_backend(site.project_id, ml_backend.url, "Prompts")
    assert (backend.title, backend.state, backend.url) == ("Prompts", "CO", ml_backend.url)
    assert site.door.get_project(site.project_id).model_version == "Prompts"
    assert {"/health", "/setup"} <= set(ml_backend.requests)
    chosen = site.task_ids[:3]
    assert site.door.retrieve_predictions(site.project_id, chosen) == 3
    assert [key.task_id for key in site.door.prediction_keys(site.project_id)] == chosen
    assert [each.id for each in site.door.list_backends(site.project_id)] == [backend.id]
    assert site.door.delete_backend(backend.id) is True
    assert site.door.delete_backend(backend.id) is False


def test_ml_backend_that_does_not_answer_is_rejected_without_its_password(site):
    with pytest.raises(LabelStudioRejected, match="Can't connect") as caught:
        site.door.add_backend(site.project_id, "http://user:secretword@127.0.0.1:9", "Prompts")
    assert "secretword" not in str(caught.value)
    assert site.door.list_backends(site.project_id) == []


def test_personal_access_token_works(site):
    legacy = site.raw.headers["Authorization"].removeprefix("Token ")
    token = personal_token(site.door.url, legacy)
    door = ServerLabelStudio(f"{site.door.url}/", token)
    assert door.whoami() == site.door.whoami()
    assert door.import_predictions(site.project_id, [row(site.task_ids[0])]) == 1
    held = door._transport._connection._token
    first, held._access = held._access, token
    assert door.get_project(site.project_id).id == site.project_id
    assert held._access not in (first, token)
    door.close()


def test_version_is_read_with_any_token(site):
    assert site.door.version().startswith("1.")
