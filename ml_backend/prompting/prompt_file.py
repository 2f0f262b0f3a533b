"""A prompt as a YAML file: what is in one, and writing it the same way every time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from ml_backend.records import ConfidenceWay, JsonObject, ProviderName

SECRET = frozenset(
    {
        *("api_key", "apikey", "authorization", "password", "secret", "access_token"),
        *("auth_token", "credentials", "headers", "extra_headers"),
    }
)
"""Names of parameters that may hold a key: they are neither written nor read."""

TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A version as its file has it; two that ask the same are equal but for the title."""

    title: str
    text: str
    provider: ProviderName
    model: str
    connection: str | None = None
    """By title; None is the server's own."""
    few_shot: int = 0
    parameters: JsonObject = field(default_factory=dict)
    system_prompt: str = ""
    confidence: ConfidenceWay | None = None
    """None where the file does not say: as any version, or as the one that stands has it."""
    refined: bool = False
    """Whether a teacher model wrote it."""
    refined_from: str | None = None
    """Title of the version the teacher made it from."""
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)
    """Field -> its line; of a text in a block the line it begins in."""

    def line(self, name: str) -> int:
        """Return the line of a field, of the version where the file does not have it."""
        return self.lines.get(name, self.lines.get("", 1))

    def line_of(self, name: str, wanted: str) -> int:
        """Return the line of a text in which something stands, as near as can be told."""
        text = self.text if name == "prompt" else self.system_prompt
        before = text.partition(wanted)[0] if wanted in text else ""
        return self.line(name) + (before.count("\n") if f"{name} in a block" in self.lines else 0)


@dataclass(frozen=True, slots=True)
class PromptFile:
    """A prompt with its versions, oldest first; of no server and no project."""

    title: str
    versions: tuple[FileVersion, ...]
    description: str = ""
    active: str | None = None
    """The version chosen by hand, by its title."""
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)


def secrets_in(parameters: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of parameters, at any depth, that may hold a key."""
    for name, value in parameters.items():
        if name.casefold() in SECRET:
            yield name
        elif isinstance(value, Mapping):
            yield from (f"{name}.{each}" for each in secrets_in(value))


def without_secrets(parameters: Mapping[str, Any]) -> JsonObject:
    """Return parameters without those that may hold a key."""
    return {
        name: without_secrets(value) if isinstance(value, Mapping) else value
        for name, value in parameters.items()
        if name.casefold() not in SECRET
    }


def write(found: PromptFile) -> str:
    """Return a prompt as its file; the same prompt gives the same bytes."""
    document: dict[str, Any] = {"title": found.title}
    if found.description:
        document["description"] = _text(found.description)
    if found.active is not None:
        document["active"] = found.active
    document["versions"] = [_of_version(each) for each in found.versions]
    return yaml.dump(
        document,
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=1 << 30,
    )


def _of_version(version: FileVersion) -> dict[str, Any]:
    """Return the fields that are not as they would be anyway, in their one order."""
    document: dict[str, Any] = {
        "title": version.title,
        "provider": version.provider.value,
        "model": version.model,
    }
    if version.connection is not None:
        document["connection"] = version.connection
    if version.few_shot:
        document["few_shot"] = version.few_shot
    if version.parameters:
        document["parameters"] = _sorted(version.parameters)
    if version.confidence not in (None, ConfidenceWay.AUTO):
        document["confidence"] = str(version.confidence)
    if version.refined:
        document["refined"] = True
    if version.refined_from is not None:
        document["refined_from"] = version.refined_from
    if version.system_prompt:
        document["system_prompt"] = _Block(version.system_prompt)
    document["prompt"] = _Block(version.text)
    return document


class _Block(str):
    """A text of several lines, or one that may become that."""


class _Quoted(str):
    """A text that would be read as a number were it not quoted."""


def _text(text: str) -> str:
    return _Block(text) if "\n" in text else text


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(each) for each in value]
    return _Quoted(value) if isinstance(value, str) else value


class _Dumper(yaml.SafeDumper):
    """Writes texts as blocks wherever YAML can say them so; no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def analyze_scalar(self, scalar: str) -> Any:
        found = super().analyze_scalar(scalar)
        if found.multiline or not found.allow_block:
            # The library gives a block up for a tab or for spaces at a line's end: both can stand.
            found.allow_block = _fits_block(scalar)
        return found

    def block(self, data: str) -> yaml.ScalarNode:
        style = "|" if _fits_block(data) else '"'
        return self.represent_scalar(f"{TAG}str", str(data), style=style)

    def name(self, data: str) -> yaml.ScalarNode:
        style = None if data.isprintable() else '"'
        return self.represent_scalar(f"{TAG}str", data, style=style)

    def quoted(self, data: str) -> yaml.ScalarNode:
        return self.represent_scalar(f"{TAG}str", str(data), style='"')

    def number(self, data: float) -> yaml.ScalarNode:
        text = json.dumps(data)
        mantissa, e, exponent = text.partition("e")
        # 1e-07 would be a text to YAML, and 1.0e-07 is a number to both.
        text = f"{mantissa}.0e{exponent}" if e and "." not in mantissa else text
        return self.represent_scalar(f"{TAG}float", text)


_Dumper.add_representer(str, _Dumper.name)
_Dumper.add_representer(_Block, _Dumper.block)
_Dumper.add_representer(_Quoted, _Dumper.quoted)
_Dumper.add_representer(float, _Dumper.number)


def _fits_block(text: str) -> bool:
    """Return whether a block gives a text back as it is."""
    return bool(text.strip()) and all(
        each in "\n\t" or (each.isprintable() and each not in "\x85\u2028\u2029\ufeff")
        for each in text
    )
