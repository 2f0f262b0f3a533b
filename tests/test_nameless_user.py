"""A user whom the system has no name and no home for, as containers run with any number."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest

from ml_backend.data_folder import close_to_others, open_to_others
from ml_backend.settings import Settings


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(RuntimeError):
        Path.home()


@pytest.mark.usefixtures("nameless")
def test_the_data_folder_is_closed_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    kept = tmp_path / "data" / "prompts.db"
    kept.touch(mode=0o644)
    assert set(open_to_others(tmp_path / "data")) == {tmp_path / "data", kept}
    close_to_others(tmp_path / "data")
    assert open_to_others(tmp_path / "data") == []


@pytest.mark.usefixtures("nameless")
def test_settings_are_read(tmp_path: Path) -> None:
    assert Settings.from_env({"DATA_DIR": str(tmp_path)}).data_dir == tmp_path
