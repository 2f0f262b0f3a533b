"""The SDK by HTTP: its async client, and a personal access token that it has us exchange."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest
from label_studio_sdk import AsyncLabelStudio, LabelStudio
from label_studio_sdk.core.api_error import ApiError

from support.api import Api
from support.documents import run_script, script_of
from support.serving import free_port, serving


@pytest.fixture
def url(api: Api) -> Iterator[str]:
    container = api.container
    container.settings = container.settings.model_copy(update={"port": free_port()})
    with serving(container) as address:
        yield address


def personal_token(api: Api) -> str:
    token: str = api.container.studio._transport.send("POST", "api/token/")["token"]
    return token


@pytest.mark.slow
def test_a_personal_access_token_works(
    api: Api, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = personal_token(api)
    client = LabelStudio(base_url=url, api_key=token)
    made = client.prompts.create(title="Topics", associated_projects=[api.project])
    assert client.prompts.get(made.id).title == "Topics"
    # By the access token it got, not by ours.
    api.studio.control(settings={"legacy": False})
    assert client.prompts.compatible_projects().results
    api.studio.control(settings={"personal": False, "legacy": True})
    api.container.access._listed.clear()
    with pytest.raises(ApiError) as caught:
        client.prompts.compatible_projects()
    assert caught.value.status_code == 401
    assert token not in caplog.text


@pytest.mark.slow
def test_a_token_that_is_none_is_not_exchanged(api: Api, url: str) -> None:
    import httpx

    for path in ("api/token/refresh/", "api/token/refresh"):
        refused = httpx.post(f"{url}/{path}", json={"refresh": "a.b.c"})
        assert refused.status_code == 401
        assert refused.json()["detail"]
    assert httpx.post(f"{url}/api/token/refresh/", json={}).status_code == 400
    api.studio.control(down=True)
    away = httpx.post(f"{url}/api/token/refresh/", json={"refresh": "a.b.c"})
    api.studio.control(down=False)
    assert away.status_code == 503


@pytest.mark.slow
@pytest.mark.parametrize("personal", [False, True], ids=["legacy token", "personal token"])
def test_the_async_client(api: Api, url: str, personal: bool) -> None:
    token = personal_token(api) if personal else api.studio.token

    async def work() -> None:
        client = AsyncLabelStudio(base_url=url, api_key=token)
        made = await client.prompts.create(title="Async", associated_projects=[api.project])
        version = await client.prompts.versions.create(
            made.id, title="V1", prompt="{text}", provider_model_id="simulated"
        )
        found = await asyncio.gather(
            client.prompts.list(),
            client.prompts.versions.list(made.id),
            client.prompts.subset_tasks(api.project),
            client.prompts.subsets(api.project),
            client.model_providers.list_model_provider_choices(),
        )
        assert found[0].results[0].title == "Async"
        assert found[1][0].id == version.id
        assert found[2].count == 10
        run = await client.prompts.runs.create(made.id, version.id, project=api.project)
        while (await client.prompts.runs.list(made.id, version.id))[0].status in (
            "Pending",
            "InProgress",
        ):
            await asyncio.sleep(0.1)
        assert (await client.prompts.indicators.list(run.id))[0].title
        await client.prompts.delete(made.id)
        with pytest.raises(ApiError) as caught:
            await client.prompts.get(made.id)
        assert caught.value.status_code == 404

    asyncio.run(asyncio.wait_for(work(), 60))


@pytest.mark.slow
@pytest.mark.parametrize("personal", [False, True], ids=["legacy token", "personal token"])
def test_the_script_of_the_documentation(api: Api, url: str, personal: bool) -> None:
    token = personal_token(api) if personal else api.studio.token
    printed = run_script(
        script_of("sdk.md"), PROMPTS_URL=url, LABEL_STUDIO_API_KEY=token, PROJECT=str(api.project)
    )
    assert "run Completed 10 of 10" in printed
    assert "of 6 right" in printed
    assert "annotations made 4" in printed
    assert printed.endswith("done\n")
    assert api.studio.state()["predictions"] == []
