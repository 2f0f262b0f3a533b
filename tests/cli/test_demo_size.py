"""The demo with a small model: fewer messages, one question, and nobody else's model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ml_backend.cli.commands.demo_size import OF_PROVIDERS, size_of
from ml_backend.errors import InvalidInput
from ml_backend.labeling import LabelingConfig
from ml_backend.llm.local import model_file
from ml_backend.records import ProviderName
from ml_backend.settings import Settings


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (model_file.ENGINE, model_file.SMALL_MODULE):
        monkeypatch.delitem(sys.modules, name, raising=False)
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / model_file.SMALL_MODULE / "small.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(str(tmp_path))


def test_a_small_model_gets_a_small_demo(installed: None, monkeypatch) -> None:
    for name in OF_PROVIDERS:
        monkeypatch.setenv(name, "http://elsewhere/v1")
    size = size_of("local")
    assert (len(size.tasks), size.annotated) == (24, 10)
    config = LabelingConfig.parse(size.config)
    assert list(config.controls) == ["topic"]
    for task in size.tasks[: size.annotated]:
        assert config.to_conversion(task["ground_truth"], task["data"]).result
    settings = Settings.from_env({**size.environment, "DATA_DIR": "/nonexistent"})
    assert settings.default_connection().provider is ProviderName.LOCAL
    assert settings.openai_api_key == ""


def test_without_the_model_it_says_what_to_install(installed: None, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, model_file.SMALL_MODULE, None)
    with pytest.raises(InvalidInput, match="small model is not installed"):
        size_of("local")


def test_any_other_demo_is_the_whole_one() -> None:
    size = size_of(None)
    assert (len(size.tasks), size.annotated, size.sample) == (200, 60, 20)
