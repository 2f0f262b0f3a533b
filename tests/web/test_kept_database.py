"""A database of before typed records is migrated, read and served as it always was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from web.conftest import close, settings

from ml_backend.container import Container
from ml_backend.records import Stage
from ml_backend.store.database import HEAD, _revision
from ml_backend.web import create_app
from support import kept_database as kept
from support.fake_label_studio import FakeLabelStudio


@pytest.fixture(scope="module")
def container(
    studio_process: FakeLabelStudio, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    studio_process.reset()
    kept.seed(studio_process)
    folder = tmp_path_factory.mktemp("kept")
    kept.load(folder)
    opened = Container(settings(folder, studio_process, "http://model.invalid/v1"))
    yield opened
    close(opened)


@pytest.fixture(scope="module")
def client(container: Container, studio_process: FakeLabelStudio) -> FlaskClient:
    opened = create_app(container).test_client()
    opened.environ_base["HTTP_AUTHORIZATION"] = f"Token {studio_process.token}"
    return opened


def test_it_is_brought_to_the_newest_revision(container: Container) -> None:
    assert _revision(container.store.database.engine) == HEAD


@pytest.mark.parametrize("address", kept.addresses())
def test_the_api_answers_to_the_byte_what_it_answered_then(
    client: FlaskClient, address: str
) -> None:
    response = client.get(address)
    assert response.status_code == 200
    assert kept.timeless(response.get_data(as_text=True)) == kept.answers()[address]


def test_every_run_is_read(container: Container) -> None:
    runs = {run.id: run for run in container.store.runs.search(limit=1000)}
    assert sorted(runs) == sorted(kept.RUNS.values())
    assert {run.id for run in runs.values() if run.metrics} == set(kept.MEASURED)
    assert {run.stage for run in runs.values()} == set(Stage)
