"""The settings, read from the environment here and nowhere else."""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ml_backend.errors import InvalidInput
from ml_backend.images.hosts import read_hosts
from ml_backend.records import BASELINE_MODEL, Connection, ProviderName

DEFAULT_MODEL = "gpt-5-mini"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the environment decides; README.md has the table."""

    label_studio_url: str
    label_studio_public_url: str
    """Where people's browsers find it, when that is another address."""
    label_studio_api_key: str = field(repr=False)
    openai_api_key: str = field(repr=False)
    openai_base_url: str
    openai_model: str
    data_dir: Path
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    basic_auth_user: str
    basic_auth_pass: str = field(repr=False)
    llm_max_concurrency: int
    llm_timeout: float
    predict_deadline: float
    image_hosts: tuple[str, ...]
    host: str
    port: int
    workers: int
    threads: int
    log_level: str
    log_format: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the environment; raises InvalidInput naming the variable, its value and the fix."""
        read = _Reader(os.environ if env is None else env)
        if read.text("REDIS_URL"):
            raise InvalidInput(
                "REDIS_URL is set, but running on several machines does not exist yet.",
                field="REDIS_URL",
                fix="Unset it: one process with SQLite, or PostgreSQL (DATABASE_URL), does it all.",
            )
        data_dir = Path(read.text("DATA_DIR", "./data")).absolute()
        return cls(
            label_studio_url=read.shown_url("LABEL_STUDIO_URL"),
            label_studio_public_url=read.shown_url("LABEL_STUDIO_PUBLIC_URL"),
            label_studio_api_key=read.text("LABEL_STUDIO_API_KEY"),
            openai_api_key=read.text("OPENAI_API_KEY"),
            openai_base_url=read.url("OPENAI_BASE_URL"),
            openai_model=read.text("OPENAI_MODEL"),
            data_dir=data_dir,
            database_url=read.text("DATABASE_URL", f"sqlite:///{data_dir}/prompts.db"),
            secret_key=read.text("SECRET_KEY"),
            basic_auth_user=read.text("BASIC_AUTH_USER"),
            basic_auth_pass=read.text("BASIC_AUTH_PASS"),
            llm_max_concurrency=read.whole("LLM_MAX_CONCURRENCY", 64, least=1, most=4096),
            llm_timeout=read.number("LLM_TIMEOUT", 60.0, least=0.1),
            predict_deadline=read.number("PREDICT_DEADLINE", 80.0, least=0.1),
            image_hosts=read_hosts(read.text("IMAGE_HOSTS")),
            host=read.text("HOST", "127.0.0.1"),
            port=read.whole("PORT", 9090, least=0, most=65535),
            workers=read.whole("WORKERS", 1, least=1, most=64),
            threads=read.whole("THREADS", 8, least=1, most=512),
            log_level=read.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
            log_format=read.choice("LOG_FORMAT", "text", ("text", "json")),
        )

    def default_connection(self) -> Connection:
        """Return the connection the environment makes: without a key, the offline baseline."""
        if self.openai_base_url:
            return Connection(
                None,
                "environment",
                ProviderName.CUSTOM,
                endpoint=self.openai_base_url,
                default_model=self.openai_model,
                api_key=self.openai_api_key,
            )
        if self.openai_api_key:
            return Connection(
                None,
                "environment",
                ProviderName.OPENAI,
                default_model=self.openai_model or DEFAULT_MODEL,
                api_key=self.openai_api_key,
            )
        return Connection(
            None, "offline baseline", ProviderName.BASELINE, default_model=BASELINE_MODEL
        )

    def own_address(self) -> str:
        """Return where the server answers, as seen from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1"}.get(self.host, self.host)  # noqa: S104
        host = host.strip("[]")
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def require_safe_host(self) -> None:
        """Refuse to listen beyond this machine without basic auth: /predict spends money."""
        if is_loopback(self.host) or (self.basic_auth_user and self.basic_auth_pass):
            return
        raise InvalidInput(
            f"HOST={self.host} would let anyone on the network spend your model budget.",
            field="HOST",
            fix="Set BASIC_AUTH_USER and BASIC_AUTH_PASS as well, or leave HOST at 127.0.0.1.",
        )

    def require_label_studio(self) -> None:
        """Raise InvalidInput when no Label Studio is named or its token is missing."""
        for name, value, fix in (
            (
                "LABEL_STUDIO_URL",
                self.label_studio_url,
                "Set it to your Label Studio's address, for example http://localhost:8080.",
            ),
            (
                "LABEL_STUDIO_API_KEY",
                self.label_studio_api_key,
                "Copy a personal access token from Label Studio: Account & Settings.",
            ),
        ):
            if not value:
                raise InvalidInput(f"{name} is not set.", field=name, fix=fix)

    def prepare_data_dir(self) -> None:
        """Make DATA_DIR, for its owner alone; raises InvalidInput when it cannot be written."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = self.data_dir / f".write-{secrets.token_hex(4)}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise InvalidInput(
                f"DATA_DIR {self.data_dir} cannot be written: {error.strerror}.",
                field="DATA_DIR",
                fix="Point DATA_DIR at a folder this user may write.",
            ) from error

    def load_secret_key(self) -> str:
        """Return SECRET_KEY, or the one kept in DATA_DIR, made on first use with mode 0600."""
        if self.secret_key:
            return self.secret_key
        path = self.data_dir / "secret_key"
        fresh = self.data_dir / f".secret_key-{secrets.token_hex(4)}"
        if not path.exists():
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
            try:
                os.link(fresh, path)  # whoever comes first wins, and never half a key
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return path.read_text().strip()


def is_loopback(host: str) -> bool:
    """Return whether a listening address is reachable from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class _Reader:
    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def text(self, name: str, default: str = "") -> str:
        return self._env.get(name, "").strip() or default

    def url(self, name: str) -> str:
        value = self.text(name).rstrip("/")
        if not value:
            return ""
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise InvalidInput(
                f"{name}={value!r} is not a web address.",
                field=name,
                fix="It should look like http://localhost:8080.",
            )
        return value

    def shown_url(self, name: str) -> str:
        """Return an address that pages and messages tell everybody, so that it holds no secret."""
        value = self.url(name)
        if "@" in urlsplit(value).netloc:
            raise InvalidInput(
                f"{name} holds a user name or password, which the pages would show to everybody.",
                field=name,
                fix="Leave it out: Label Studio is asked with LABEL_STUDIO_API_KEY alone.",
            )
        return value

    def number(self, name: str, default: float, *, least: float) -> float:
        value = self.text(name)
        if not value:
            return default
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not number >= least:
            raise InvalidInput(
                f"{name}={value!r} is not a number of at least {least:g}.",
                field=name,
                fix=f"Unset it for the default, {default:g}.",
            )
        return number

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not value.isdecimal() or not least <= int(value) <= most:
            raise InvalidInput(
                f"{name}={value!r} is not a whole number from {least} to {most}.",
                field=name,
                fix=f"Unset it for the default, {default}.",
            )
        return int(value)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        for choice in choices:
            if value.casefold() == choice.casefold():
                return choice
        raise InvalidInput(
            f"{name}={value!r} is not one of {', '.join(choices)}.",
            field=name,
            fix=f"Unset it for the default, {default}.",
        )
