"""One data folder wherever one stands; where ``./data`` of an earlier version stands, that one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ml_backend.cli import cli
from ml_backend.data_folder import DATABASE, SECRET_KEY, choose
from ml_backend.errors import InvalidInput
from ml_backend.settings import Settings
from ml_backend.web.serve import greeting
from support.server import SETTINGS


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, away from the user's own one."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "home" / "prompts-for-label-studio"


def holding(folder: Path, name: str = DATABASE) -> Path:
    folder.mkdir(parents=True)
    (folder / name).touch()
    return folder


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.mark.slow
def test_it_is_the_users_own_wherever_one_stands(
    here: Path, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = call("prompts", "list")
    assert first.exit_code == 0, first.output
    assert str(own) in first.stderr
    assert "A new data folder" in first.stderr
    assert (own / DATABASE).is_file()
    monkeypatch.chdir(tmp_path)
    again = call("prompts", "list")
    assert (again.exit_code, again.stderr) == (0, ""), "said once, where it begins"
    assert Settings.from_env().data_dir == own
    assert [each.name for each in here.iterdir()] == []


@pytest.mark.slow
def test_one_in_the_current_folder_is_used_and_said(here: Path, own: Path) -> None:
    CliRunner().invoke(cli, ["prompts", "list"], env={"DATA_DIR": str(here / "data")})
    found = call("prompts", "list", "--json")
    assert json.loads(found.stdout) == []
    assert str(here / "data") in found.stderr
    assert not own.exists()
    settings = Settings.from_env()
    assert settings.data_dir == here / "data"
    assert settings.database_url == f"sqlite:///{here}/data/{DATABASE}"
    for said in (greeting(settings, ["http://x"]), call("doctor").stdout):
        assert f"{here / 'data'} (it stands in the current folder" in re.sub(r"\s+", " ", said)


@pytest.mark.parametrize("command", [("prompts", "list"), ("serve",), ("doctor",)], ids=" ".join)
def test_two_are_refused_and_both_named(command: tuple[str], here: Path, own: Path) -> None:
    before = [holding(here / "data") / DATABASE, holding(own) / DATABASE]
    refused = call(*command)
    assert refused.exit_code == 1
    said = re.sub(r"\s+", " ", refused.output)
    assert str(here / "data") in said
    assert str(own) in said
    assert f"DATA_DIR={own}" in said
    assert [each.stat().st_size for each in before] == [0, 0]
    assert sorted(each.name for each in own.iterdir()) == [DATABASE], "nothing is made in either"


def test_data_dir_decides_whatever_stands_where(here: Path, own: Path) -> None:
    holding(here / "data")
    holding(own)
    settings = Settings.from_env({"DATA_DIR": "elsewhere"})
    assert settings.data_dir == here / "elsewhere"
    assert settings.data_said() == str(here / "elsewhere")
    assert not settings.is_data_found_here
    assert not settings.is_data_new


def test_a_data_folder_of_something_else_is_none_of_ours(here: Path, own: Path) -> None:
    holding(here / "data", "measurements.csv")
    assert choose(here, own).path == own


def test_with_a_database_elsewhere_the_key_tells_which_folder(here: Path, own: Path) -> None:
    url = {"DATABASE_URL": "postgresql+psycopg://db/prompts"}
    holding(here / "data", SECRET_KEY)
    assert Settings.from_env(url).data_dir == here / "data"
    given = url | {"SECRET_KEY": "a-Key-of-40-characters-0123456789-xyzXYZ"}
    assert Settings.from_env(given).data_dir == own, "nothing is in either"
    holding(own, SECRET_KEY)
    with pytest.raises(InvalidInput, match="two data folders"):
        Settings.from_env(url)


def test_the_same_folder_by_two_ways_is_one(tmp_path: Path) -> None:
    own = holding(tmp_path / "own")
    here = tmp_path / "here"
    here.mkdir()
    (here / "data").symlink_to(own)
    assert choose(here, own).path == here / "data"


def test_without_a_current_folder_it_is_the_users_own(own: Path) -> None:
    assert choose(None, own).path == own
