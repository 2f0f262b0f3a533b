"""What can be told of Dockerfile and docker-compose.yml without an engine.

`make image-steps` carries the Dockerfile's steps out.
"""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from ml_backend.cli import cli
from ml_backend.errors import InvalidInput, LabelStudioError
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.records import ProviderName
from ml_backend.settings import Settings
from scripts.assets import FILES, PACKAGES, VENDOR
from scripts.image_steps import (
    VENDOR as CARRIED,
    Ignored,
    Image,
    StepFailed,
    check_files,
    instructions,
)
from support.backends import answering
from support.live_label_studio import LiveLabelStudio, free_port
from support.server import ROOT, Installation
from support.wire import CONFIG

STEPS = list(instructions((ROOT / "Dockerfile").read_text()))
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
STUDIO, PROMPTS = COMPOSE["services"]["label-studio"], COMPOSE["services"]["prompts"]
KNOWN_SETTINGS = set(map(str.upper, Settings.model_fields))
STUDIO_SETTINGS = {
    "LABEL_STUDIO_USERNAME",
    "LABEL_STUDIO_PASSWORD",
    "LABEL_STUDIO_USER_TOKEN",
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN",
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK",
    "USE_DEFAULT_BANNED_SUBNETS",
    "USER_ADDITIONAL_BANNED_SUBNETS",
}
"""What Label Studio 1.23 reads of what is set for it."""

NEEDS_AN_ENGINE = {name for name in KNOWN_SETTINGS if name.startswith("LOCAL_")}
"""Of models on the server's own machine: the image has nothing that runs them."""

DOT_ENV = {
    "LABEL_STUDIO_PASSWORD": "a password",
    "LABEL_STUDIO_API_KEY": "0123456789abcdef0123456789abcdef01234567",
    "BASIC_AUTH_PASS": "another password",
}
SECRET = re.compile(r"KEY|PASS|SECRET|TOKEN")


def of(name: str) -> list[str]:
    return [arguments for step, arguments in STEPS if step == name]


def environment() -> dict[str, str]:
    """What the image's last ENV sets."""
    return dict(re.findall(r"(\w+)=(\S+)", of("ENV")[-1]))


def interpolate(text: str, given: dict[str, str]) -> str:
    """Do what compose does with ``${NAME:-default}`` and ``${NAME:?message}``."""

    def value(match: re.Match[str]) -> str:
        name, kind, more = match.groups()
        if kind == "?" and not given.get(name):
            raise LookupError(name)
        return given.get(name) or (more if kind == "-" else "")

    return re.sub(r"\$\{(\w+):([-?])([^}]*)\}", value, text)


def settings(**more: str) -> Settings:
    """The server's settings in its container, with a .env of three lines and ``more``."""
    given = {**DOT_ENV, **more}
    set_here = {name: interpolate(value, given) for name, value in PROMPTS["environment"].items()}
    return Settings.from_env({**environment(), **set_here})


# The image


def test_it_is_built_on_the_oldest_python_that_is_promised_and_holds_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest = re.escape(project["requires-python"].removeprefix(">="))
    node, *rest = (each.partition(" AS ")[0] for each in of("FROM"))
    assert re.fullmatch(r"node:\d+\.\d+\.\d+-[a-z]+-slim", node)
    assert len(set(rest)) == 1, "what is built is what runs"
    assert all(re.fullmatch(rf"python:{oldest}\.\d+-slim-[a-z]+", each) for each in rest)


def test_script_and_fonts_come_from_the_lock_and_are_there_before_the_package_is_installed() -> (
    None
):
    text = [f"{name} {arguments}" for name, arguments in STEPS]
    steps = (
        f"FROM {of('FROM')[0]}",
        "COPY package.json package-lock.json .npmrc ./",
        "RUN npm ci --ignore-scripts --omit=dev",
        f"FROM {of('FROM')[1]}",
        "COPY ml_backend ml_backend",
        f"COPY --from=packages /source/{PACKAGES} {PACKAGES}",
        "RUN python scripts/assets.py",
        "RUN /opt/prompts/bin/pip install --no-deps .",
        "COPY --from=build /opt/prompts /opt/prompts",
    )
    assert [text.index(step) for step in steps] == sorted(text.index(step) for step in steps)
    ignored = Ignored((ROOT / ".dockerignore").read_text())
    assert all(ignored(VENDOR / name) for name in FILES), "a machine's own copies stay out"
    assert not ignored(VENDOR.parent / "page.css")


@pytest.mark.parametrize("lacks", ["cli/commands/demo.py", f"{CARRIED}/htmx.min.js", CARRIED])
def test_the_steps_without_an_engine_refuse_an_image_that_lacks_files(
    lacks: str, tmp_path: Path
) -> None:
    image = Image(tmp_path, sys.executable)
    source = image.stage("build") / "source/ml_backend"
    installed = image.root / "opt/prompts/lib/python3.11/site-packages/ml_backend"
    for name in ("cli/commands/demo.py", f"{CARRIED}/htmx.min.js"):
        for folder in (source, installed):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
    check_files(image)
    if lacks == CARRIED:
        shutil.rmtree(source / lacks)
        shutil.rmtree(installed / lacks)
    else:
        (installed / lacks).unlink()
    with pytest.raises(StepFailed, match=lacks):
        check_files(image)


def test_it_runs_as_a_user_that_is_not_root_and_owns_the_data() -> None:
    [user] = of("USER")
    number, _, group = user.partition(":")
    assert int(number) > 0
    assert int(group) > 0
    names = [name for name, _ in STEPS]
    assert "RUN" not in names[names.index("USER") :]
    assert of("VOLUME") == [environment()["DATA_DIR"]]
    assert any(f"chown {user} {environment()['DATA_DIR']}" in run for run in of("RUN"))


def test_it_copies_what_is_there_and_what_dockerignore_lets_through() -> None:
    ignored = Ignored((ROOT / ".dockerignore").read_text())
    stages = {each.partition(" AS ")[2] for each in of("FROM")}
    for arguments in of("COPY"):
        words = arguments.split()
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in stages
            continue
        for source in words[:-1]:
            assert (ROOT / source).exists()
            assert not ignored(Path(source))


@pytest.mark.parametrize(
    "path",
    [
        *(".env", ".git/config", "data/secret_key", "tests/conftest.py", ".venvs/app/bin/pip"),
        *("node_modules/.package-lock.json", "scripts/screenshot.py"),
    ],
)
def test_nothing_private_gets_into_an_image(path: str) -> None:
    ignored = Ignored((ROOT / ".dockerignore").read_text())
    assert ignored(Path(path))
    assert ignored(Path("ml_backend/web/__pycache__"))
    assert not ignored(Path("ml_backend/web/server/auth.py"))


def test_it_holds_no_secrets_and_only_settings_that_exist() -> None:
    assert set(environment()) - {"PATH", "PYTHONUNBUFFERED"} <= KNOWN_SETTINGS
    assert not any(SECRET.search(name) for step in of("ENV") for name in re.findall(r"\w+=", step))
    assert not of("ARG")


def test_it_listens_where_it_says_and_not_without_credentials() -> None:
    image = Settings.from_env(environment())
    assert of("EXPOSE") == [str(image.port)]
    with pytest.raises(InvalidInput, match="BASIC_AUTH_USER"):
        image.require_safe_host()


def test_its_command_is_one_of_ours() -> None:
    program, command = json.loads(of("CMD")[-1])
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, name = scripts[program].partition(":")
    assert getattr(importlib.import_module(module), name) is not None
    assert command in cli.list_commands(click.Context(cli))


@pytest.mark.parametrize("is_up", [True, False])
@pytest.mark.slow
def test_its_health_check_tells_whether_health_answers(is_up: bool) -> None:
    program, *arguments = json.loads(of("HEALTHCHECK")[-1].partition("CMD ")[2])
    assert program == "python"
    assert "/health" in arguments[-1]
    with answering({"status": "UP"}) as url:
        port = url.rpartition(":")[2] if is_up else str(free_port())
        done = subprocess.run(
            [sys.executable, *arguments], env={"PORT": port}, capture_output=True, timeout=30
        )
    assert (done.returncode == 0) is is_up


# The composition


def test_every_variable_is_one_that_its_program_reads() -> None:
    assert set(PROMPTS["environment"]) <= KNOWN_SETTINGS
    assert set(STUDIO["environment"]) <= STUDIO_SETTINGS


def test_every_setting_can_be_given_where_the_image_does_not_give_it() -> None:
    """One that is added to the settings, and left out here, cannot be set in a container at all."""
    of_image = set(environment()) & KNOWN_SETTINGS
    assert KNOWN_SETTINGS - of_image - NEEDS_AN_ENGINE == set(PROMPTS["environment"])
    of_studio = {"LABEL_STUDIO_URL", "LABEL_STUDIO_PUBLIC_URL"}
    for name, value in PROMPTS["environment"].items():
        assert name in of_studio or value.startswith(f"${{{name}:"), f"{name} cannot be changed"


@pytest.mark.parametrize("page", ["README.md", "docs/docker.md"])
def test_every_setting_is_in_the_tables(page: str) -> None:
    text = (ROOT / page).read_text()
    assert [name for name in sorted(KNOWN_SETTINGS) if f"`{name}`" not in text] == []


def test_settings_that_are_left_empty_count_as_not_given() -> None:
    plain = {
        **environment(),
        **{
            name: interpolate(PROMPTS["environment"][name], DOT_ENV)
            for name in ("LABEL_STUDIO_API_KEY", "BASIC_AUTH_USER", "BASIC_AUTH_PASS")
        },
    }
    assert settings().model_dump(exclude={"label_studio_url", "label_studio_public_url"}) == (
        Settings.from_env(plain).model_dump(exclude={"label_studio_url", "label_studio_public_url"})
    )


def test_a_file_of_three_lines_is_enough_and_each_line_is_asked_for() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{(\w+):\?", text)) == set(DOT_ENV)
    found = settings()
    found.require_safe_host()
    found.require_label_studio()
    assert found.default_connection().provider is ProviderName.BASELINE
    assert settings(OPENAI_API_KEY="sk-x").default_connection().provider is ProviderName.OPENAI


@pytest.mark.parametrize("missing", DOT_ENV)
def test_a_missing_line_is_named(missing: str) -> None:
    given = {name: value for name, value in DOT_ENV.items() if name != missing}
    with pytest.raises(LookupError, match=missing):
        interpolate((ROOT / "docker-compose.yml").read_text(), given)


def test_secrets_come_from_the_env_file_alone() -> None:
    for service in (STUDIO, PROMPTS):
        for name, value in service["environment"].items():
            if SECRET.search(name) and name != "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN":
                assert re.fullmatch(r"\$\{\w+:(\?[^}]*|-)\}", value), f"{name} has a value"


def test_both_know_the_same_token_and_find_each_other() -> None:
    given = STUDIO["environment"]["LABEL_STUDIO_USER_TOKEN"]
    assert given == PROMPTS["environment"]["LABEL_STUDIO_API_KEY"]
    assert settings().label_studio_url == "http://label-studio:8080"
    assert "label-studio" in PROMPTS["depends_on"]


def test_nothing_is_open_beyond_this_machine_and_data_outlives_containers() -> None:
    for service in (STUDIO, PROMPTS):
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        [volume] = service["volumes"]
        assert volume.partition(":")[0] in COMPOSE["volumes"]
    assert PROMPTS["volumes"][0].endswith(f":{environment()['DATA_DIR']}")
    assert PROMPTS["ports"][0].endswith(f":{environment()['PORT']}")


def test_whoever_gets_in_finds_no_rights_and_cannot_take_the_machine_along() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert re.fullmatch(r"\$\{\w+_MEMORY:-\dg\}", service["mem_limit"]), name
        assert 0 < service["pids_limit"] <= 1024, name
        assert not {"privileged", "network_mode", "pid", "devices", "cap_add"} & service.keys()
        assert not any("docker.sock" in each for each in service["volumes"])
    assert PROMPTS["read_only"] is True
    [tmp] = PROMPTS["tmpfs"]
    place, _, options = tmp.partition(":")
    assert place == "/tmp"
    assert {"noexec", "nosuid", "nodev"} <= set(options.split(","))
    assert re.search(r"\bsize=\d+m\b", options), "a temporary file is memory of the container"


def test_images_are_of_one_version_each() -> None:
    images = [each.partition(" AS ")[0] for each in of("FROM")]
    images += [each["image"] for each in COMPOSE["services"].values() if "build" not in each]
    for image in images:
        tag = image.partition(":")[2]
        assert re.match(r"\d+\.\d+\.\d+\b", tag), f"{image} is whatever it is today"


def test_label_studio_is_the_release_the_tests_run_on() -> None:
    wanted = re.search(
        r"label-studio>=([\d.]+),", (ROOT / "requirements-label-studio.txt").read_text()
    )
    assert wanted
    assert STUDIO["image"] == f"heartexlabs/label-studio:{wanted[1]}"


def test_the_guide_names_what_must_be_set() -> None:
    text = (ROOT / "docs" / "docker.md").read_text()
    assert all(name in text for name in DOT_ENV)


# The settings, on a real Label Studio


@pytest.fixture
def composed(tmp_path: Path) -> Iterator[tuple[LiveLabelStudio, Installation]]:
    """Label Studio and our server with the composition's settings, on loopback."""
    given = {name: interpolate(value, DOT_ENV) for name, value in STUDIO["environment"].items()}
    # Here they meet on loopback, there on a private network; both are refused by default. A part of
    # loopback stays refused, as all of it does there.
    banned = given["USER_ADDITIONAL_BANNED_SUBNETS"]
    assert "127.0.0.0/8" in banned
    given["USER_ADDITIONAL_BANNED_SUBNETS"] = banned.replace("127.0.0.0/8", "127.9.0.0/16")
    rest = {"ML_BLOCK_LOCAL_IP": "true", "SSRF_PROTECTION_ENABLED": "true"}
    with LiveLabelStudio(environment={**rest, **given}) as studio:
        ours = {
            **{name: interpolate(value, DOT_ENV) for name, value in PROMPTS["environment"].items()},
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_API_KEY": studio.token,
            "HOST": environment()["HOST"],
        }
        with Installation(tmp_path / "data", **ours).start() as installation:
            yield studio, installation


@pytest.mark.live
def test_label_studio_reaches_the_server_with_its_credentials_and_nothing_that_stays_banned(
    composed: tuple[LiveLabelStudio, Installation],
) -> None:
    studio, installation = composed
    door = ServerLabelStudio(studio.url, studio.token)
    project = door.create_project("Composed", CONFIG)
    text = ("--text", "Which topic? {text}")
    installation.cli("prompts", "create", "Topics", "--project", project.id, *text)
    said: Any = installation.json("connect", "--project", project.id, "--url", installation.url)
    assert said["state"] == "CO"
    with pytest.raises(LabelStudioError, match="private addresses"):
        door.add_backend(project.id, "http://127.9.0.1:9", "Banned")
    door.close()
