"""The tasks of a subset with predictions, ground truth, scores, errors, and the drill-downs."""

from __future__ import annotations

from typing import Any

import pytest
from label_studio_sdk.core.api_error import ApiError

from support.api import Api
from support.tables import each_row

# Ground truth of the tasks 0..5 is a b a b a b; the others have none.
ANSWERS = {0: "a", 1: "a", 2: None, 3: "b", 4: "b", 5: "b"}


@pytest.fixture
def run(api: Api) -> Any:
    prompt, version = api.prompt()
    return api.answered(prompt, version, {api.tasks[n]: each for n, each in ANSWERS.items()})


def found(api: Api, **query: Any) -> dict[int, Any]:
    """Place of the task in the project -> its item, in the order of the answer."""
    page = api.client.prompts.subset_tasks(api.project, **query)
    return {api.tasks.index(each.id): each for each in page.results[0].task_result_list}


@pytest.mark.slow
def test_each_task_has_what_was_said_and_what_is_true(api: Api, run: Any) -> None:
    page = api.client.prompts.subset_tasks(api.project, project_subset="HasGT", model_run=run.id)
    assert (page.count, page.results[0].task_count) == (6, 6)
    items = found(api, project_subset="HasGT", model_run=run.id)
    assert [(n, each.score) for n, each in items.items()] == [
        (0, 1.0),
        (1, 0.0),
        (2, 0.0),
        (3, 1.0),
        (4, 0.0),
        (5, 1.0),
    ]
    assert items[1].data == {"text": "message 1"}
    assert items[1].prediction == {"topic": "a"}
    assert items[1].ground_truth == {"topic": "b"}
    assert items[1].error is None
    assert items[2].prediction is None
    assert items[2].error == {"kind": "timeout", "message": "too slow"}
    assert run.total_correct_predictions == 3


@pytest.mark.slow
@each_row(
    ("query", "tasks"),
    [
        ({"alignment_class": "a", "alignment_outcome": "true_positive"}, [0]),
        ({"alignment_class": "a", "alignment_outcome": "false_positive"}, [1]),
        ({"alignment_class": "a", "alignment_outcome": "false_negative"}, [2, 4]),
        ({"alignment_class": "a"}, [0, 1, 2, 4]),
        ({"alignment_class": "a", "alignment_outcome": "all"}, [0, 1, 2, 4]),
        ({"alignment_class": "b", "alignment_outcome": "true_positive"}, [3, 5]),
        ({"alignment_class": "b", "alignment_outcome": "false_positive"}, [4]),
        ({"alignment_class": "b", "alignment_from_name": "topic"}, [1, 3, 4, 5]),
        ({"alignment_class": "b", "alignment_from_name": "other"}, []),
        ({"output_class": "a"}, [0, 1]),
        ({"output_class": "b", "output_from_name": "topic"}, [3, 4, 5]),
        ({"output_class": "b", "output_from_name": "other"}, []),
        ({"output_class": "c"}, []),
        ({"ordering": "-id"}, [5, 4, 3, 2, 1, 0]),
        ({"ordering": "score"}, [1, 2, 4, 0, 3, 5]),
        ({"ordering": "-score"}, [0, 3, 5, 1, 2, 4]),
    ],
)
def test_drilling_down(api: Api, run: Any, query: dict[str, str], tasks: list[int]) -> None:
    for subset in ("HasGT", "All") if "alignment_class" in query else ("HasGT",):
        whole = {"project_subset": subset, "model_run": run.id, **query}
        assert list(found(api, **whole)) == tasks


@pytest.mark.slow
def test_pages(api: Api, run: Any) -> None:
    prompts = api.client.prompts
    for subset, sizes in (("All", [4, 4, 2]), ("HasGT", [4, 2])):
        seen: list[int] = []
        for number, size in enumerate(sizes, 1):
            page = prompts.subset_tasks(
                api.project, project_subset=subset, page=number, page_size=4, include_total=False
            )
            assert len(page.results[0].task_result_list) == size
            assert page.results[0].task_count is None
            assert (page.next is None) is (number == len(sizes))
            seen += [each.id for each in page.results[0].task_result_list]
        assert seen == api.tasks[: sum(sizes)]
        with pytest.raises(ApiError) as caught:
            prompts.subset_tasks(api.project, project_subset=subset, page=9, page_size=4)
        assert caught.value.status_code == 404


@pytest.mark.slow
def test_whose_predictions(api: Api, run: Any) -> None:
    plain = found(api)
    assert all(each.prediction is None for each in plain.values())
    assert plain[0].ground_truth == {"topic": "a"}
    assert plain[9].ground_truth is None
    by_prompt = found(api, parent_model=run.parent_model)
    assert by_prompt[0].prediction == {"topic": "a"}
    second = api.client.prompts.versions.create(
        run.parent_model, title="V2", prompt="{text}", provider_model_id="simulated"
    )
    by_version = found(api, parent_model=run.parent_model, model_version=second.id)
    assert all(each.prediction is None for each in by_version.values())
    answers = {api.tasks[n]: "b" for n in range(6)}
    prompt = api.client.prompts.get(run.parent_model)
    api.answered(prompt, second, answers)
    assert found(api, parent_model=run.parent_model)[0].prediction == {"topic": "b"}
    assert found(api, model_version=run.model_version)[0].prediction == {"topic": "a"}
    both = f"{run.model_version},{second.id}"
    assert list(found(api, prediction_version_ids=both)) == [0, 1, 3, 4, 5]


@pytest.mark.slow
def test_sample_and_custom(api: Api, run: Any) -> None:
    assert len(found(api, project_subset="Sample")) == 10
    chosen = api.client.prompts.runs.create(
        run.parent_model,
        run.model_version,
        project=api.project,
        project_subset="Sample",
        sample_subset_size=3,
        job_id="w",
    )
    assert list(found(api, project_subset="Sample", model_run=chosen.id)) == [0, 1, 2]
    with pytest.raises(ApiError) as caught:
        found(api, project_subset="Custom")
    assert list(caught.value.body) == ["project_subset"]


@pytest.mark.slow
def test_subsets_are_counted(api: Api) -> None:
    items = api.client.prompts.subsets(api.project)
    assert {each.subset: each.count for each in items} == {"All": 10, "HasGT": 6, "Sample": 10}
    assert items[0].columns_schema == [{"name": "text", "type": "any"}]
    ordered = api.client.prompts.subsets(api.project, ordering="count")
    assert ordered[0].subset == "HasGT"
