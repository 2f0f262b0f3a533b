"""Every provider of the SDK, through the SDK: connect, run, evaluate, see pictures, be refused."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ml_backend.services.callers.connection_rules import provider_choices
from support.api import Api
from support.files import image
from support.google_accounts import account
from support.sdk import ended_run

PRICES = {"*": [1.0, 2.0]}
KEY = "sk-a-key-of-this-provider"


def providers(root: str) -> dict[str, dict[str, Any]]:
    """What a script gives ``model_providers.create``, and the model, by provider."""
    return {
        "OpenAI": {"api_key": KEY, "endpoint": f"{root}/v1"},
        "AzureOpenAI": {"api_key": KEY, "endpoint": root, "deployment_name": "simulated"},
        "AzureAIFoundry": {"api_key": KEY, "endpoint": root},
        "Anthropic": {"api_key": KEY, "endpoint": f"{root}/anthropic"},
        "Custom": {"api_key": KEY, "endpoint": f"{root}/v1"},
        "Gemini": {"api_key": KEY, "endpoint": root},
        "VertexAI": {
            "google_application_credentials": account(f"{root}/token", KEY),
            "google_project_id": "my-project",
            "google_location": "europe-west4",
            "endpoint": root,
        },
    }


def configured(api: Api) -> int:
    """A project with a picture and a text, all of whose tasks have ground truth."""
    config = """<View><Image name="image" value="$image"/><Text name="text" value="$text"/>
    <Choices name="topic" toName="text"><Choice value="a"/><Choice value="b"/></Choices></View>"""
    address = "data:image/png;base64," + base64.b64encode(image(size=(20, 10))).decode()
    truth = {
        "from_name": "topic",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": ["a"]},
    }
    rows = [
        {
            "data": {"image": address, "text": f"message {n} 😀"},
            "annotations": [{"result": [truth], "ground_truth": True}],
        }
        for n in range(3)
    ]
    project, _ = api.studio.seed(config, rows)
    return project


def walk(api: Api, provider: str, given: dict[str, Any], project: int) -> None:
    """A script's whole way with one provider."""
    client = api.client
    model = given.get("model", "simulated")
    given = {name: value for name, value in given.items() if name != "model"}
    connection = client.model_providers.create(provider=provider, **given)
    assert connection.provider == provider
    assert KEY not in str(client.model_providers.get(connection.id))
    priced = api.request(
        "PATCH", f"model-provider-connections/{connection.id}/", json={"prices": PRICES}
    )
    assert priced.status_code == 200, priced.text
    api.simulator.reset()
    can = api.request(
        "POST", f"model-provider-connections/{connection.id}/test", json={"model": model}
    ).json()
    assert (can["form"], can["calls"]) == ("json_schema", api.simulator.stats()["calls"]), can
    assert can["cost_usd"] > 0
    prompt = client.prompts.create(title=f"With {provider}", associated_projects=[project])
    version = client.prompts.versions.create(
        prompt.id,
        title="V1",
        prompt="Which topic is it? {text} {image}",
        provider=provider,
        provider_model_id=model,
        model_provider_connection=connection.id,
    )
    api.simulator.reset()
    runs = client.prompts.runs
    evaluation = ended_run(
        client, runs.create(prompt.id, version.id, project=project, project_subset="HasGT")
    )
    assert evaluation.status == "Completed", evaluation
    assert evaluation.total_predictions == 3
    assert api.simulator.stats()["images"] == 3, "each with its picture"
    done = ended_run(client, runs.create(prompt.id, version.id, project=project))
    assert (done.status, done.total_predictions) == ("Completed", 3)
    held = [row["model_version"] for row in api.studio.state()["predictions"]]
    assert held.count(f"With {provider}__V1") == 3
    totals = api.container.store.outcomes.totals(evaluation.id)
    assert totals.usage.prompt_tokens > 0, "it says what it took"
    assert totals.usage.uncounted == 0
    assert totals.cost == pytest.approx(
        (totals.usage.prompt_tokens + 2 * totals.usage.completion_tokens) / 1e6
    )
    api.simulator.control({"fault": "auth"})
    refused = client.prompts.versions.create(
        prompt.id,
        title="V2",
        prompt="Which? {text} {image}",
        provider=provider,
        provider_model_id=model,
        model_provider_connection=connection.id,
    )
    stopped = ended_run(client, runs.create(prompt.id, refused.id, project=project))
    assert stopped.status == "Failed", "a wrong key stops the run"
    assert api.simulator.stats()["faults"]["auth"] <= 3 + 3, "and no task goes on asking for long"
    assert KEY not in str(stopped)


def test_all_choices_are_walked(api: Api) -> None:
    assert set(providers("http://x")) == set(provider_choices()) - {"LiteLLM"}


@pytest.mark.slow
def test_a_script_of_the_enterprise_edition_works_with_each(api: Api) -> None:
    api.let_inside()
    project = configured(api)
    for provider, given in providers(api.simulator.root).items():
        try:
            walk(api, provider, given, project)
        except Exception as error:
            error.add_note(provider)
            raise
