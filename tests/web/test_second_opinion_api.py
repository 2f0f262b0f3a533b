"""`vote` and `cascade` of a run's request, and what a run then tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from support.api import Api
from support.sdk import ended_run

SURE = {"logprobs": True}


@dataclass
class Three:
    """A prompt of three versions, the second of which tells how sure it is."""

    api: Api
    prompt: int
    versions: list[int]

    def post(self, at: int, **body: Any) -> Any:
        path = f"prompts/{self.prompt}/versions/{self.versions[at]}/inference-runs"
        return self.api.request("POST", path, json={"project": self.api.project, **body})

    def ended(self, at: int, **body: Any) -> Any:
        made = self.post(at, **body)
        assert made.status_code == 201, made.text
        run = made.json()["id"]
        self.api.container.store.runs.get(run)
        found = self.api.client.prompts.runs.list(self.prompt, self.versions[at])
        ended_run(self.api.client, next(each for each in found if each.id == run))
        return self.api.request("GET", f"inference-runs/{run}/").json()


@pytest.fixture
def three(api: Api) -> Three:
    prompt, first = api.prompt()
    rest = [
        api.client.prompts.versions.create(
            prompt.id, title=f"Version {n}", prompt=f"{n} {{text}}", provider_model_id="simulated"
        )
        for n in (2, 3)
    ]
    store = api.container.store
    store.prompts.update_version(rest[0].id, parameters=SURE)
    return Three(api, prompt.id, [first.id, *(each.id for each in rest)])


@pytest.mark.slow
def test_a_vote_is_a_run_of_the_version_named_first(three: Three) -> None:
    run = three.ended(0, vote=three.versions)
    assert run["label"] == "Topics__vote Version 1 + Version 2 + Version 3"
    assert [each["version"] for each in run["vote"]] == three.versions
    assert (run["status"], run["cascade"], run["total_predictions"]) == ("Completed", None, 10)
    assert "Version 2: asked 10" in run["message"]
    listed = three.api.client.prompts.runs.list(three.prompt, three.versions[2])
    assert [each.id for each in listed] == [run["id"]], "it is a run of each of them"


@pytest.mark.slow
def test_a_cascade_says_its_threshold_and_that_it_promises_nothing(three: Three) -> None:
    three.ended(1, project_subset="HasGT")
    pair = three.versions[1:]
    run = three.ended(1, cascade=pair, min_score=1)
    cascade = run["cascade"]
    assert (cascade["cheap"]["version"], cascade["dear"]["version"]) == tuple(pair)
    assert (cascade["min_score"], cascade["promise"], cascade["max_error"]) == (1, False, None)
    assert cascade["expected_to_go_on"] == 1
    path = f"prompts/{three.prompt}/versions/{pair[0]}/cost-estimate"
    query = f"project_id={three.api.project}&cascade={pair[0]},{pair[1]}&min_score=1"
    cost = three.api.request("GET", f"{path}?{query}").json()
    assert "100% of them are expected to go on" in cost["together"]
    assert len(cost["version_costs_usd"]) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"vote": [0]}, "vote", id="one version"),
        pytest.param({"vote": [1, 0]}, "vote", id="another leads"),
        pytest.param({"vote": [0, 1], "cascade": [0, 1]}, "vote", id="both"),
        pytest.param({"min_score": 0.5}, "cascade", id="a threshold of nothing"),
        pytest.param({"cascade": [0, 1]}, "max_error", id="no threshold"),
        pytest.param({"cascade": [0, 1], "max_error": 0.1}, "max_error", id="never measured"),
        pytest.param({"vote": [0, 1], "samples": 2}, "samples", id="several answers of each"),
        pytest.param({"cascade": [0, 1], "min_score": 2}, "min_score", id="no score"),
    ],
)
def test_what_makes_no_sense_names_its_field(
    three: Three, body: dict[str, Any], field: str
) -> None:
    wire = {
        name: [three.versions[each] for each in value] if isinstance(value, list) else value
        for name, value in body.items()
    }
    answer = three.post(0, **wire)
    assert (answer.status_code, list(answer.json())) == (400, [field])


@pytest.mark.slow
def test_a_version_of_another_prompt_is_not_found(three: Three) -> None:
    _, strange = three.api.prompt("Other")
    answer = three.post(0, vote=[three.versions[0], strange.id])
    assert answer.status_code == 404
    nowhere = three.post(0, vote=[three.versions[0], 9999])
    assert nowhere.status_code == 404
    said, of_none = answer.json()["detail"], nowhere.json()["detail"]
    assert said.replace(str(strange.id), "9999") == of_none, "nobody learns which there are"
