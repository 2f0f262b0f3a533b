from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ml_backend.errors import InvalidInput
from ml_backend.records import ProviderName
from ml_backend.settings import Settings


def test_defaults_are_those_of_the_readme(tmp_path: Path) -> None:
    settings = Settings.from_env({"DATA_DIR": str(tmp_path)})
    assert (settings.host, settings.port, settings.workers, settings.threads) == (
        "127.0.0.1",
        9090,
        1,
        8,
    )
    assert (settings.llm_max_concurrency, settings.llm_timeout, settings.predict_deadline) == (
        64,
        60.0,
        80.0,
    )
    assert settings.image_hosts == ()
    assert settings.database_url == f"sqlite:///{tmp_path}/prompts.db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "nine"),
        ("PORT", "70000"),
        ("WORKERS", "0"),
        ("LLM_MAX_CONCURRENCY", "-1"),
        ("LLM_TIMEOUT", "soon"),
        ("LLM_TIMEOUT", "nan"),
        ("IMAGE_HOSTS", "https://example.com"),
        ("IMAGE_HOSTS", "*"),
        ("ALLOWED_HOSTS", "https://example.com"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "LOUD"),
        ("LABEL_STUDIO_URL", "localhost:8080"),
        ("LABEL_STUDIO_URL", "http://user:secret@localhost:8080"),
        ("OPENAI_BASE_URL", "ftp://x"),
        ("REDIS_URL", "redis://localhost"),
    ],
)
def test_a_bad_value_is_named_with_its_variable_and_the_fix(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Settings.from_env({name: value})
    assert caught.value.field == name
    assert name in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.fix


def test_only_what_is_given_counts_by_its_exact_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1234")
    assert Settings.from_env().port == 1234
    assert Settings.from_env({"port": "1", "THREADS": "  "}).port == 9090


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "example.org"])
def test_listening_beyond_this_machine_needs_basic_auth(host: str) -> None:
    with pytest.raises(InvalidInput, match="HOST"):
        Settings.from_env({"HOST": host}).require_safe_host()
    with pytest.raises(InvalidInput):
        Settings.from_env({"HOST": host, "BASIC_AUTH_USER": "u"}).require_safe_host()
    Settings.from_env(
        {"HOST": host, "BASIC_AUTH_USER": "u", "BASIC_AUTH_PASS": "p"}
    ).require_safe_host()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.3.2.1"])
def test_loopback_needs_none(host: str) -> None:
    Settings.from_env({"HOST": host}).require_safe_host()


@pytest.mark.parametrize(
    ("env", "provider"),
    [
        ({}, ProviderName.BASELINE),
        ({"OPENAI_MODEL": "m"}, ProviderName.BASELINE),
        ({"OPENAI_API_KEY": "k"}, ProviderName.OPENAI),
        ({"OPENAI_BASE_URL": "http://localhost:11434/v1"}, ProviderName.CUSTOM),
        ({"OPENAI_BASE_URL": "http://x/v1", "OPENAI_API_KEY": "k"}, ProviderName.CUSTOM),
    ],
)
def test_the_environment_makes_the_default_connection(
    env: dict[str, str], provider: ProviderName
) -> None:
    assert Settings.from_env(env).default_connection().provider is provider


def test_the_secret_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings.from_env({"DATA_DIR": str(tmp_path / "data")})
    settings.prepare_data_dir()
    key = settings.load_secret_key()
    assert len(key) > 40
    assert settings.load_secret_key() == key
    mode = (tmp_path / "data" / "secret_key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret_key"]


def test_secrets_are_not_in_the_repr() -> None:
    env = dict.fromkeys(
        ("LABEL_STUDIO_API_KEY", "OPENAI_API_KEY", "SECRET_KEY", "BASIC_AUTH_PASS", "DATABASE_URL"),
        "hush-hush, for nobody is to know this one",
    )
    settings = Settings.from_env(env)
    assert "hush-hush" not in repr(settings)
    assert "hush-hush" not in repr(settings.default_connection())


def test_an_unwritable_data_dir_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InvalidInput) as caught:
        Settings.from_env({"DATA_DIR": str(tmp_path / "file")}).prepare_data_dir()
    assert caught.value.field == "DATA_DIR"
