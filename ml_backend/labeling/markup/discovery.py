"""Finds the one class each module of a folder defines: a new tag is a new file, nothing else."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from typing import Any


def find_classes(package: str, path: Iterable[str], parent: type) -> dict[str, Any]:
    """Subclasses of ``parent`` defined in the package's modules, by their ``tag`` in lower case."""
    found: dict[str, Any] = {}
    for info in sorted(pkgutil.iter_modules(path), key=lambda info: info.name):
        module = importlib.import_module(f"{package}.{info.name}")
        for member in vars(module).values():
            if (
                inspect.isclass(member)
                and issubclass(member, parent)
                and member.__module__ == module.__name__
            ):
                found[member.__dict__["tag"].lower()] = member
    return found
