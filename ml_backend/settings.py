"""The settings, read from the environment here and nowhere else."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AliasGenerator,
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ml_backend.data_folder import (
    DATABASE,
    SECRET_KEY,
    DataFolder,
    choose,
    current_folder,
    own_folder,
    prepare,
)
from ml_backend.errors import InvalidInput
from ml_backend.images.hosts import read_hosts
from ml_backend.llm.local.model_file import DEFAULT_CONTEXT, DEFAULT_SLOTS, local_model
from ml_backend.llm.prices import EVERY_MODEL, read_budget, read_price
from ml_backend.records import BASELINE_MODEL, Connection, ProviderName
from ml_backend.secret_keys import KeyRing, checked

DEFAULT_MODEL = "gpt-6-luna"
EVERYWHERE = "0.0.0.0"  # noqa: S104  # nosec B104  # to tell it from others


def _url(value: str, info: ValidationInfo) -> str:
    value = value.rstrip("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.netloc):
        name = str(info.field_name).upper()
        raise InvalidInput(
            f"{name}={value!r} is not a web address.",
            field=name,
            fix="It should look like http://localhost:8080.",
        )
    return value


def _without_password(value: str, info: ValidationInfo) -> str:
    """Refuse what would tell a secret: pages and messages show this address to everybody."""
    if "@" in urlsplit(value).netloc:
        name = str(info.field_name).upper()
        raise InvalidInput(
            f"{name} holds a user name or password, which the pages would show to everybody.",
            field=name,
            fix="Leave it out: what is sent there is a token or a key alone.",
        )
    return value


def _hosts(value: str | tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    return read_hosts(value, str(info.field_name).upper()) if isinstance(value, str) else value


def _several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    each = value.split(",") if isinstance(value, str) else value
    return tuple(filter(None, (one.strip() for one in each)))


def _in_any_case(choices: Any) -> BeforeValidator:
    by_name = {choice.casefold(): choice for choice in get_args(choices)}
    return BeforeValidator(lambda value: by_name.get(value.casefold(), value))


def _price(value: str | tuple[float, float] | None) -> tuple[float, float] | None:
    if not isinstance(value, str):
        return value
    try:
        return read_price(value)
    except ValueError as error:
        raise InvalidInput(
            f"OPENAI_PRICE={value!r} is not a price.",
            field="OPENAI_PRICE",
            fix="Give dollars per million tokens of the prompt and of the answer, as in "
            "OPENAI_PRICE=0.25,2, or 0 for a server of your own.",
        ) from error


def _budget(value: str | tuple[float, str] | None) -> tuple[float, str] | None:
    if not isinstance(value, str):
        return value
    try:
        return read_budget(value)
    except ValueError as error:
        raise InvalidInput(
            f"OPENAI_BUDGET={value!r} is not a budget.",
            field="OPENAI_BUDGET",
            fix="Give dollars, and how often they begin anew if they do: OPENAI_BUDGET=50, "
            'OPENAI_BUDGET="50 monthly" or OPENAI_BUDGET="500 yearly".',
        ) from error


Url = Annotated[str, AfterValidator(_url)]
ShownUrl = Annotated[Url, AfterValidator(_without_password)]
Secret = Annotated[str, Field(repr=False)]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LogFormat = Literal["text", "json"]


class Settings(BaseSettings):
    """Everything the environment decides; README.md has the table.

    The variable of a setting is its name in capital letters.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        validate_default=True,
        case_sensitive=True,
        alias_generator=AliasGenerator(validation_alias=str.upper),
    )

    label_studio_url: ShownUrl = ""
    label_studio_public_url: ShownUrl = ""
    """Where people's browsers find it, when that is another address."""
    label_studio_api_key: Secret = ""
    openai_api_key: Secret = ""
    openai_base_url: Url = ""
    openai_model: str = ""
    openai_price: Annotated[tuple[float, float] | None, NoDecode, BeforeValidator(_price)] = None
    """Dollars per million tokens of prompt and answer, of every model that has none by its name."""
    openai_budget: Annotated[tuple[float, str] | None, NoDecode, BeforeValidator(_budget)] = None
    """Dollars that connection may spend, and how often they begin anew: "", Monthly, Yearly."""
    anthropic_base_url: ShownUrl = ""
    gemini_base_url: ShownUrl = ""
    vertex_base_url: ShownUrl = ""
    """Asked in place of the vendor's own address, where a connection has no endpoint."""
    local_model: str = ""
    """A model file on this machine, or "smollm2"; it goes before the variables of OpenAI."""
    local_threads: Annotated[int, Field(ge=0, le=1024)] = 0
    """0 leaves one core to the server."""
    local_slots: Annotated[int, Field(ge=1, le=64)] = DEFAULT_SLOTS
    local_context: Annotated[int, Field(ge=256, le=1_000_000)] = DEFAULT_CONTEXT
    data_dir: Annotated[Path, AfterValidator(Path.absolute)] = Field(default_factory=own_folder)
    database_url: Secret = Field(
        default_factory=lambda known: f"sqlite:///{known['data_dir']}/{DATABASE}", repr=False
    )
    secret_key: Annotated[Secret, AfterValidator(checked)] = ""
    secret_key_old: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_several), Field(repr=False)
    ] = ()
    """Keys before it, which are tried for reading alone."""
    basic_auth_user: str = ""
    basic_auth_pass: Secret = ""
    llm_max_concurrency: Annotated[int, Field(ge=1, le=4096)] = 64
    llm_timeout: Annotated[float, Field(ge=0.1)] = 60.0
    paid_calls_per_user: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    """Calls of models a day that each person may have made; 0 is any number."""
    predict_deadline: Annotated[float, Field(ge=0.1)] = 80.0
    audit_days: Annotated[int, Field(ge=1, le=36_500)] = 365
    """How long the audit log is kept."""
    erase_after_days: Annotated[int, Field(ge=0, le=36_500)] = 30
    """Days after which what Label Studio deleted is erased here; 0 never does."""
    image_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)] = ()
    private_endpoints: bool = False
    """Whether everybody may make connections that lead to private addresses."""
    litellm_environment: bool = False
    """Whether owners' connections of LiteLLM may take keys from the environment."""
    ssl_cert_file: str = ""
    ssl_cert_dir: str = ""
    requests_ca_bundle: str = ""
    """Where further authorities are, whose certificates are trusted: the names others use too."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)] = ()
    """Names by which the server may be called, beside those of its machine; () where it listens to
    others is any."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 9090
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    threads: Annotated[int, Field(ge=1, le=512)] = 8
    log_level: Annotated[LogLevel, _in_any_case(LogLevel)] = "INFO"
    log_format: Annotated[LogFormat, _in_any_case(LogFormat)] = "text"
    _folder: DataFolder | None = PrivateAttr(default=None)
    """How the data folder was chosen, None when DATA_DIR names it."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the environment; raises InvalidInput naming the variable, its value and the fix."""
        given = _Environment(cls, os.environ if env is None else env)
        if "REDIS_URL" in given.env_vars:
            raise InvalidInput(
                "REDIS_URL is set, but running on several machines does not exist yet.",
                field="REDIS_URL",
                fix="Unset it: one process with SQLite, or PostgreSQL (DATABASE_URL), does it all.",
            )
        values = given()
        folder = None if "DATA_DIR" in values else _unnamed_folder(values)
        if folder is not None:
            values["DATA_DIR"] = folder.path
        try:
            made = cls(**values)
        except ValidationError as error:
            raise _said_plainly(cls, error) from None  # its own words show the value of a secret
        made._folder = folder
        return made

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_by_name: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what ``from_env`` gives and look nowhere else."""
        return (init_settings,)

    def default_connection(self) -> Connection:
        """Return the connection the environment makes: without a key, the offline baseline."""
        if self.local_model:
            return Connection(
                None,
                "environment",
                ProviderName.LOCAL,
                **local_model(
                    self.local_model,
                    threads=self.local_threads,
                    slots=self.local_slots,
                    context=self.local_context,
                ),
            )
        prices = {} if self.openai_price is None else {EVERY_MODEL: self.openai_price}
        limit, period = self.openai_budget or (None, "")
        if self.openai_base_url or self.openai_api_key:
            is_openai = not self.openai_base_url
            return Connection(
                None,
                "environment",
                ProviderName.OPENAI if is_openai else ProviderName.CUSTOM,
                endpoint=self.openai_base_url,
                default_model=self.openai_model or (DEFAULT_MODEL if is_openai else ""),
                api_key=self.openai_api_key,
                prices=prices,
                budget_limit=limit,
                budget_period=period,
            )
        return Connection(
            None, "offline baseline", ProviderName.BASELINE, default_model=BASELINE_MODEL
        )

    @property
    def authorities(self) -> dict[str, str]:
        """The files and folders of further authorities, by the variable that names each."""
        return self._named("ssl_cert_file", "ssl_cert_dir", "requests_ca_bundle")

    @property
    def vendor_addresses(self) -> dict[str, str]:
        """What the operator put in place of vendors' own addresses, by the variable of each."""
        return self._named("anthropic_base_url", "gemini_base_url", "vertex_base_url")

    def _named(self, *names: str) -> dict[str, str]:
        return {name.upper(): getattr(self, name) for name in names}

    @property
    def is_data_found_here(self) -> bool:
        """Whether nobody named the data folder, and one of ours stands in the current folder."""
        return self._folder is not None and self._folder.found_here

    @property
    def is_data_new(self) -> bool:
        """Whether nobody named the data folder, and nothing is in it yet."""
        return self._folder is not None and not self.data_dir.exists()

    def data_said(self) -> str:
        """Return the data folder, and why it is that one where nobody named it."""
        if self._folder is None:
            return str(self.data_dir)
        if self._folder.found_here:
            wherever = f"moved to {own_folder()} it is found wherever you stand"
            return f"{self.data_dir} (it stands in the current folder; {wherever})"
        return f"{self.data_dir} (the same wherever you stand; DATA_DIR names another)"

    def own_address(self) -> str:
        """Return where the server answers, as seen from this machine."""
        host = {EVERYWHERE: "127.0.0.1", "::": "::1", "[::]": "::1"}.get(self.host, self.host)
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
        """Make DATA_DIR its owner's alone; raises InvalidInput when it cannot be written."""
        prepare(self.data_dir)

    @property
    def key_ring(self) -> KeyRing:
        """Where the keys of stored secrets come from."""
        return KeyRing(self.data_dir, self.secret_key, self.secret_key_old)

    def load_secret_key(self) -> str:
        """Return SECRET_KEY, or the one kept in DATA_DIR, made on first use with mode 0600."""
        return self.key_ring.read().current


def is_loopback(host: str) -> bool:
    """Return whether a listening address is reachable from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class _Environment(EnvSettingsSource):
    """Variables by their exact names; one of nothing but white space counts as not set."""

    def __init__(self, settings_cls: type[BaseSettings], env: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self.env_vars = {name: text for name in env if (text := env[name].strip())}


def _unnamed_folder(values: Mapping[str, Any]) -> DataFolder:
    """Return the data folder where DATA_DIR names none, by what of ours would be in it."""
    sign = SECRET_KEY if "DATABASE_URL" in values else DATABASE
    if sign == SECRET_KEY and "SECRET_KEY" in values:
        return DataFolder(own_folder())  # there is nothing to find
    return choose(current_folder(), own_folder(), sign=sign)


def _said_plainly(cls: type[BaseSettings], error: ValidationError) -> InvalidInput:
    """Return the first thing wrong: its variable, the value, what it should be, the default."""
    first = error.errors()[0]
    name = str(first["loc"][0])
    field = cls.model_fields[name.lower()]
    return InvalidInput(
        f"{name}={first['input']!r} is not {_wanted(field)}.",
        field=name,
        fix=f"Unset it for the default, {_shown(field.default)}.",
    )


def _wanted(field: FieldInfo) -> str:
    least = next((each.ge for each in field.metadata if hasattr(each, "ge")), None)
    most = next((each.le for each in field.metadata if hasattr(each, "le")), None)
    if field.annotation is bool:
        return "true or false"
    if field.annotation is float:
        return f"a number of at least {_shown(least)}"
    if field.annotation is int:
        return f"a whole number from {least} to {most}"
    return f"one of {', '.join(get_args(field.annotation))}"


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
