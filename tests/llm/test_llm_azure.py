"""Azure OpenAI and Azure AI Foundry at the simulator: addresses, keys, tokens, refusals."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm import Opening, open_model, provider_facts
from ml_backend.llm.prices import find_price
from ml_backend.llm.providers import azureaifoundry, azureopenai
from ml_backend.records import Connection, FailureKind, ProviderName
from support.models import KEY, UNPAID, ask, connection, opened, question, run
from support.simulator import Simulator

AZURE, FOUNDRY = ProviderName.AZURE_OPENAI, ProviderName.AZURE_AI_FOUNDRY


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


TOKEN = f"{part({'alg': 'RS256'})}.{part({'exp': 1})}.signature"
BY_TOKEN = {"api_key": TOKEN, "secrets": {"auth_token": TOKEN}}


@pytest.fixture(scope="module")
def locked():
    with Simulator(key=KEY) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def entra():
    with Simulator(key=TOKEN) as simulator:
        yield simulator


ROUTES = [
    # What people paste: a resource, a project, a route, one model's endpoint.
    ("", {}),
    ("/", {}),
    ("/models", {}),
    ("/models/chat/completions?api-version=2024-05-01-preview", {}),
    ("/api/projects/mine", {}),
    ("/openai/v1", {}),
    ("/azure/openai/v1/chat/completions", {}),
    ("/azure/openai/v1/", {"api_version": "preview"}),
    ("/one-model/chat/completions", {}),
    ("/azure/openai/deployments/prod/chat/completions?api-version=2025-01-01-preview", {}),
    ("/azure/openai/deployments/prod", {"api_version": "2024-10-21"}),
    ("/models", {"deployment": "prod", "api_version": "2024-05-01-preview"}),
]


def test_addresses_of_foundry_are_understood_as_people_paste_them(locked, entra):
    for simulator, given in ((locked, {"api_key": KEY}), (entra, BY_TOKEN)):
        for path, more in ROUTES:
            values = {"default_model": "gpt-4o", **given, **more}
            on = connection(simulator.root + path, provider=FOUNDRY, **values)
            try:
                reply = ask(on, question(model="gpt-4o", parameters={"top_k": 3}))
                models = run(checked(on))
            except ModelError as error:
                error.add_note(f"{path} {more}")
                raise
            assert (reply.calls, reply.model, reply.form) == (1, "gpt-4o", "json_schema"), path
            assert simulator.last_request()["model"] == more.get("deployment", "gpt-4o"), path
            assert models, path


async def checked(on: Connection) -> list[str]:
    async with opened(on) as model:
        return await model.check(UNPAID)


def test_hosts_of_azure_say_which_api_they_have():
    hosts = {
        "r.services.ai.azure.com": "/models/chat/completions",
        "R.openai.azure.com": "/openai/v1/chat/completions",
        "r.cognitiveservices.azure.com": "/openai/v1/chat/completions",
        "n.eastus2.models.ai.azure.com": "/chat/completions",
        "n.eastus.inference.ml.azure.com": "/chat/completions",
    }
    for host, route in hosts.items():
        on = connection(f"https://{host}", provider=FOUNDRY)
        wire = open_model(on, Opening(object(), 1, {}))._wire
        url = wire._url(wire._dialect.route("m"))
        assert url.partition("?")[0] == f"https://{host}{route}", host
        # Endpoints of one model take a key as a token only; a resource takes none so.
        assert ("Authorization" in wire._place.headers) is (route != "/models/chat/completions")


@pytest.mark.parametrize("path", ["", "/openai/v1"])
@pytest.mark.parametrize(
    "given", [BY_TOKEN, {"api_key": TOKEN}, {"api_key": f"Bearer {TOKEN}"}], ids=["sdk", "key", "b"]
)
def test_azure_openai_takes_a_token_by_its_field_or_its_shape(entra, path, given):
    on = connection(entra.root + path, provider=AZURE, deployment="prod", **given)
    assert ask(on, question()).calls == 1


def test_a_token_goes_before_a_key_that_was_given_with_it():
    on = connection(
        "https://r.services.ai.azure.com",
        provider=FOUNDRY,
        api_key=KEY,
        secrets={"auth_token": TOKEN},
    )
    for provider in (AZURE, FOUNDRY):
        wire = open_model(
            connection(on.endpoint, provider=provider, api_key=KEY, secrets=on.secrets),
            Opening(object(), 1, {}),
        )._wire
        assert wire._place.headers["Authorization"] == f"Bearer {TOKEN}"
        assert KEY not in str(dict(wire._place.headers))


def test_nothing_of_the_servers_environment_is_sent(locked, monkeypatch):
    names = ("AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_API_KEY")
    for name in names:
        monkeypatch.setenv(name, f"of the server: {name}")
    for provider in (AZURE, FOUNDRY):
        for path in ("", "/openai/v1"):
            on = connection(locked.root + path, provider=provider, deployment="prod")
            wire = open_model(on, Opening(object(), 1, {}))._wire
            assert "of the server" not in str(dict(wire._place.headers)), (provider, path)
        with pytest.raises(RunStopper, match="no API key"):
            ask(connection(locked.root, provider=provider, api_key=""), question())


@pytest.mark.parametrize("provider", [AZURE, FOUNDRY])
def test_a_token_that_ended_is_told_with_the_next_step(locked, provider):
    root = locked.root if provider is FOUNDRY else f"{locked.root}/azure"
    on = connection(root, provider=provider, deployment="prod", title="Mine", **BY_TOKEN)
    with pytest.raises(RunStopper, match="refused the token of connection “Mine”") as caught:
        ask(on, question())
    assert caught.value.kind is FailureKind.AUTHENTICATION
    assert "give_token_again" in caught.value.fix
    assert TOKEN not in f"{caught.value!r} {caught.value} {caught.value.raw}"
    keyed = connection(root, provider=provider, deployment="prod", api_key="sk-wrong-0123456789")
    with pytest.raises(RunStopper, match="refused the API key") as caught:
        ask(keyed, question())
    assert "sk-wrong" not in f"{caught.value} {caught.value.raw}"


REFUSALS = [
    ({"fault": "model_not_found"}, RunStopper, FailureKind.MODEL_NOT_FOUND, "does not exist"),
    ({"fault": "refuse", "status": 400}, ModelError, FailureKind.REFUSED, "filter"),
    ({"fault": "refuse"}, ModelError, FailureKind.REFUSED, "content filter"),
    ({"fault": "too_long"}, ModelError, FailureKind.TOO_LONG, "too long"),
    ({"fault": "server_error"}, ModelError, FailureKind.SERVER_ERROR, "failed"),
]
SAID = [
    # Words of Azure's documentation and its gateways, with the status they come with.
    (401, "401", "Access denied due to invalid subscription key.", FailureKind.AUTHENTICATION),
    (
        401,
        "PermissionDenied",
        "The principal `5f` lacks the required data action `Microsoft.CognitiveServices/accounts/"
        "OpenAI/deployments/chat/completions/action` to perform `POST /openai/deployments/"
        "{deployment-id}/chat/completions` operation.",
        FailureKind.AUTHENTICATION,
    ),
    (
        403,
        "AuthenticationTypeDisabled",
        "Key based authentication is disabled for this resource.",
        FailureKind.AUTHENTICATION,
    ),
    (
        403,
        "AccessDenied",
        "Access denied due to Virtual Network/Firewall rules.",
        FailureKind.AUTHENTICATION,
    ),
    (400, "unknown_model", "Unknown model: gpt-none", FailureKind.MODEL_NOT_FOUND),
    (
        400,
        "OperationNotSupported",
        "The chatCompletion operation does not work with the specified model, dall-e-3. Please "
        "choose different model and try again.",
        FailureKind.MODEL_NOT_FOUND,
    ),
    (
        403,
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
        FailureKind.QUOTA,
    ),
]


@pytest.mark.parametrize("provider", [AZURE, FOUNDRY])
def test_refusals_of_azure_are_told_by_their_kind(simulator, provider):
    root = simulator.root if provider is FOUNDRY else f"{simulator.root}/azure"
    on = connection(root, provider=provider, deployment="prod")
    for rule, error, kind, words in REFUSALS:
        simulator.control(rule)
        with pytest.raises(error) as caught:
            ask(on, question())
        assert (caught.value.kind, type(caught.value)) == (kind, error), rule
        assert words in str(caught.value), rule
    for status, code, message, kind in SAID:
        body = {"error": {"code": code, "message": message}}
        simulator.control({"fault": "said", "status": status, "body": body})
        with pytest.raises(RunStopper) as caught:
            ask(on, question())
        assert caught.value.kind is kind, code
    simulator.reset()


def test_limits_are_waited_out_by_the_milliseconds_that_azure_names(simulator):
    for provider, root in ((FOUNDRY, simulator.root), (AZURE, f"{simulator.root}/azure")):
        on = connection(root, provider=provider, deployment="prod")
        simulator.control({"fault": "rate_limit", "retry_after": 0.02, "times": 2})
        reply = ask(on, question())
        assert reply.calls == 3
    simulator.reset()


def test_parameters_reach_the_model_and_those_it_has_not_are_left_out(simulator):
    on = connection(simulator.root, provider=FOUNDRY)
    reply = ask(on, question(limit=50, parameters={"min_p": 0.1}))
    assert reply.calls == 1
    sent = simulator.last_request()
    # By the name that the Model Inference API has for it.
    assert (sent["max_tokens"], sent["min_p"]) == (50, 0.1)
    ladder: dict[str, str] = {}
    simulator.control(rejects={"max_tokens": "max_completion_tokens"})
    assert ask(on, question(limit=50), ladder=ladder).calls == 2
    assert simulator.last_request()["max_completion_tokens"] == 50
    assert ask(on, question(limit=50), ladder=ladder).calls == 1
    simulator.reset()


def test_forms_below_schemas_are_found(simulator):
    on = connection(simulator.root, provider=FOUNDRY)
    for form, calls in (("tool", 2), ("json_object", 3), ("text", 4)):
        simulator.control(form=form)
        reply = ask(on, question())
        assert (reply.form, reply.calls) == (form, calls)
    simulator.reset()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"endpoint": ""}, "no endpoint"),
        ({"endpoint": "r.services.ai.azure.com"}, "no web address"),
        ({"endpoint": "https://r.services.ai.azure.com/anthropic"}, "Anthropic's own"),
        ({"api_version": "../../x"}, "no name"),
        ({"endpoint": "https://r.services.ai.azure.com?api-version=a/b"}, "no name"),
    ],
)
def test_what_cannot_be_asked_is_told_before_any_call(changes, words):
    values = {"endpoint": "https://r.services.ai.azure.com", **changes}
    on = connection(values.pop("endpoint"), provider=FOUNDRY, **values)
    with pytest.raises(RunStopper, match=words):
        ask(on, question())


def test_pictures_go_along_and_files_where_they_are_read(simulator):
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "What?"}, picture]}]
    for provider, root in ((FOUNDRY, simulator.root), (AZURE, f"{simulator.root}/azure")):
        simulator.reset()
        on = connection(root, provider=provider, deployment="prod", **BY_TOKEN)
        assert ask(on, question(messages=messages)).calls == 1
        assert simulator.stats()["images"] == 1
        simulator.control(no_images="This model does not support image input.")
        with pytest.raises(ModelError, match="no pictures") as caught:
            ask(on, question(messages=messages))
        assert caught.value.kind is FailureKind.BAD_REQUEST
    simulator.reset()


def test_facts_and_prices():
    for module in (azureaifoundry, azureopenai):
        assert provider_facts.AUTH_TOKEN in module.PROVIDER.secrets
    price = find_price(connection("https://r.services.ai.azure.com", provider=FOUNDRY), "gpt-4o")
    assert price is not None
    assert price.prompt > 0
