"""The doctor: each part that fails is a finding with its mend, and the others are still checked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_backend.container import Container
from ml_backend.errors import RunStopper
from ml_backend.llm import Payer
from ml_backend.records import FailureKind
from ml_backend.services.health.doctor import Check, Doctor
from ml_backend.services.health.page_assets import FONTS
from ml_backend.settings import Settings
from support.backends import answering
from support.fake_label_studio import TOKEN, FakeLabelStudio
from support.house import House, ScriptedModel
from support.models import adopt


def settings(fake: FakeLabelStudio, folder: Path, **changes: Any) -> Settings:
    environment = {
        "LABEL_STUDIO_URL": fake.url,
        "LABEL_STUDIO_API_KEY": TOKEN,
        "DATA_DIR": str(folder / "data"),
        "PORT": "1",
    }
    return Settings.from_env(environment).model_copy(update=changes)


def examine(container: Container) -> dict[str, Check]:
    found = {check.name: check for check in container.doctor.checks()}
    if "store" in container.__dict__:
        container.store.close()
    return found


@pytest.fixture
def connected(house: House) -> Iterator[House]:
    """A project with a prompt, so that there is something to look at."""
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    return house


def doctor(house: House, **given: Any) -> Doctor:
    parts = house.container
    return Doctor(
        open_store=lambda: parts.store,
        open_studio=lambda: parts.studio,
        open_models=lambda: parts.models,
        open_ownership=lambda: parts.ownership,
        loop=parts.loop,
        **{"address": parts.settings.own_address(), **given},
    )


def at(house: House, address: str) -> dict[str, Check]:
    return {check.name: check for check in doctor(house, address=address).checks()}


@pytest.mark.parametrize(
    ("hosts", "status", "words"),
    [
        ((), "ok", "from Label Studio"),
        (("*.example.com",), "ok", "*.example.com"),
        (("*.example.com", "localhost"), "warn", "localhost of IMAGE_HOSTS is at a private"),
        (("nowhere.invalid",), "warn", "nowhere.invalid of IMAGE_HOSTS is not found"),
    ],
)
@pytest.mark.slow
def test_hosts_that_pictures_can_never_be_read_from_are_told(
    fake: FakeLabelStudio, tmp_path: Path, hosts: tuple[str, ...], status: str, words: str
) -> None:
    check = examine(Container(settings(fake, tmp_path, image_hosts=hosts)))["pictures"]
    assert check.status == status
    assert words in check.message


@pytest.mark.slow
def test_a_sound_house_has_no_failure(fake: FakeLabelStudio, tmp_path: Path) -> None:
    found = examine(Container(settings(fake, tmp_path)))
    status = {name: check.status for name, check in found.items()}
    assert status.pop("pages") in ("ok", "warn"), "as npm brought their script, or not"
    assert status == {
        "database": "ok",
        "files": "ok",
        "Label Studio": "ok",
        "token": "ok",
        "server": "warn",
        "model: offline baseline": "ok",
        "endpoints": "ok",
        "pictures": "ok",
        "projects": "ok",
        "backend": "skip",
        "second server": "ok",
        "jobs": "ok",
        "follows": "ok",
    }
    assert "baseline" in found["model: offline baseline"].message
    assert "serve" in found["server"].fix
    assert "USE_DEFAULT_BANNED_SUBNETS" in found["backend"].fix


@pytest.mark.slow
def test_a_missing_address_and_a_wrong_token_are_told_apart(
    fake: FakeLabelStudio, tmp_path: Path
) -> None:
    found = examine(Container(settings(fake, tmp_path, label_studio_url="")))
    assert found["Label Studio"].status == "fail"
    assert "LABEL_STUDIO_URL" in found["Label Studio"].message
    found = examine(Container(settings(fake, tmp_path, label_studio_api_key="0" * 40)))
    assert (found["Label Studio"].status, found["token"].status) == ("ok", "fail")
    assert "LABEL_STUDIO_API_KEY" in found["token"].fix
    found = examine(Container(settings(fake, tmp_path, label_studio_url="http://127.0.0.1:1")))
    assert "does not answer" in found["Label Studio"].message
    assert found["database"].status == "ok", "the other checks go on"


@pytest.mark.slow
def test_a_switched_off_kind_of_token_is_named(fake: FakeLabelStudio, tmp_path: Path) -> None:
    fake.control(settings={"legacy": False})
    found = examine(Container(settings(fake, tmp_path)))
    assert "legacy tokens switched off" in found["token"].message
    assert "personal access token" in found["token"].fix


def test_a_database_that_cannot_be_used_is_a_finding(fake: FakeLabelStudio, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = examine(Container(settings(fake, tmp_path, data_dir=tmp_path / "file" / "x")))
    assert (found["database"].status, found["model"].status) == ("fail", "skip")
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is not a database at all" * 50)
    found = examine(Container(settings(fake, tmp_path, database_url=f"sqlite:///{broken}")))
    assert found["database"].status == "fail"
    newer = tmp_path / "newer.db"
    with sqlite3.connect(newer) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    connection.close()
    found = examine(Container(settings(fake, tmp_path, database_url=f"sqlite:///{newer}")))
    assert "newer version" in found["database"].fix


def test_a_server_with_another_database_is_a_failure(house: House) -> None:
    mine = house.container.store.writing.instance()
    with answering({"status": "UP", "instance": mine}) as url:
        assert at(house, url)["server"].status == "ok"
    with answering({"status": "UP", "instance": "theirs"}) as url:
        assert "another database" in at(house, url)["server"].message
    with answering(["something else"]) as url:
        assert at(house, url)["server"].status == "warn"


def test_a_model_that_is_refused_says_why(house: House) -> None:
    class Refusing(ScriptedModel):
        async def check(self, payer: Payer) -> list[str]:
            raise RunStopper("The key is wrong.", kind=FailureKind.AUTHENTICATION, fix="Mend it.")

    models = house.container.models
    adopt(models, models.default, Refusing())
    check = at(house, "http://127.0.0.1:1")["model: environment"]
    assert (check.status, check.message, check.fix) == ("fail", "The key is wrong.", "Mend it.")


@pytest.mark.slow
def test_a_model_that_is_not_offered_is_a_warning(house: House) -> None:
    class Offering(ScriptedModel):
        async def check(self, payer: Payer) -> list[str]:
            return ["one", "two"]

    models = house.container.models
    adopt(models, models.default, Offering())
    check = at(house, "http://127.0.0.1:1")["model: environment"]
    assert check.status == "warn"
    assert "'scripted'" in check.message


@pytest.mark.slow
def test_a_backend_that_label_studio_reaches_is_found(connected: House) -> None:
    studio = connected.container.studio
    (prompt,) = connected.container.store.prompts.all()
    with answering({"status": "UP", "model_version": "v"}) as url:
        studio.add_backend(prompt.project_ids[0], url, "Prompts")
        found = at(connected, url)
    assert found["backend"].status == "ok"
    assert "Seeded" in found["backend"].message


@pytest.mark.slow
def test_another_server_shows_by_its_predictions(connected: House) -> None:
    (prompt,) = connected.container.store.prompts.all()
    (project,) = prompt.project_ids
    studio = connected.container.studio
    assert at(connected, "http://127.0.0.1:1")["second server"].status == "ok"
    (task, *_) = studio.task_ids(project)
    row = {"task": task, "result": [], "score": None, "model_version": "Theirs__Version 1"}
    studio.import_predictions(project, [row, {**row, "model_version": "a-model_v1"}])
    check = at(connected, "http://127.0.0.1:1")["second server"]
    assert check.status == "warn"
    assert "Theirs__Version 1" in check.message
    assert "a-model_v1" not in check.message
    assert "DATABASE_URL" in check.fix


@pytest.mark.slow
def test_another_server_shows_by_its_backend(connected: House) -> None:
    (prompt,) = connected.container.store.prompts.all()
    with answering({"status": "UP", "instance": "theirs", "model_version": "v"}) as url:
        connected.container.studio.add_backend(prompt.project_ids[0], url, "Prompts")
        check = at(connected, "http://127.0.0.1:1")["second server"]
    assert check.status == "warn"
    assert url in check.message


@pytest.mark.parametrize(
    ("brought", "status", "words"),
    [
        ((), "warn", "script and fonts are missing"),
        (("htmx.min.js",), "warn", "fonts are missing"),
        (("htmx.min.js", *FONTS), "ok", "are there"),
    ],
    ids=["none", "no fonts", "all"],
)
def test_missing_script_and_fonts_of_the_pages_are_told(
    house: House, tmp_path: Path, brought: tuple[str, ...], status: str, words: str
) -> None:
    for name in brought:
        (tmp_path / name).touch()
    [check] = (each for each in doctor(house, vendor=tmp_path).checks() if each.name == "pages")
    assert (check.status, bool(check.fix)) == (status, status != "ok")
    assert words in check.message


@pytest.mark.parametrize(
    ("given", "said", "unsaid"),
    [
        ({}, ["localhost", "host.docker.internal", "further ones go into ALLOWED_HOSTS"], ["Any"]),
        ({"host": "::1", "allowed_hosts": ("a.example",)}, ["a.example", "localhost"], ["further"]),
        ({"host": "0.0.0.0"}, ["Any host name"], ["localhost"]),
        ({"host": "0.0.0.0", "allowed_hosts": ("*.lan",)}, ["*.lan", "localhost"], ["Any"]),
    ],
)
def test_it_says_by_which_names_the_server_is_called(
    fake: FakeLabelStudio, tmp_path: Path, given: dict[str, Any], said: list[str], unsaid: list[str]
) -> None:
    container = Container(settings(fake, tmp_path, **given))
    told = container.doctor._called
    assert all(each in told for each in said), told
    assert not any(each in told for each in unsaid), told
