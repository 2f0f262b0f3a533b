"""A labeling config as a whole: a JSON answer in, Label Studio's regions out, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from ml_backend.errors import ConfigError
from ml_backend.labeling import values
from ml_backend.labeling.control import Agreement, Control, content_id
from ml_backend.labeling.object_tag import ObjectTag
from ml_backend.labeling.reader import ParsedConfig, read
from ml_backend.records import Attachment, JsonObject, Problem, Region


@dataclass(frozen=True, slots=True)
class Conversion:
    """An answer made into regions; unusable as a whole when ``errors`` is not empty.

    ``answer`` is normalised: what the regions say, by control name. ``problems`` are the parts that
    were dropped while the rest stands.
    """

    result: list[Region]
    answer: JsonObject
    problems: tuple[Problem, ...] = ()
    errors: tuple[str, ...] = ()


class LabelingConfig:
    """A parsed labeling config; never changes, so one may serve all threads.

    Callers must not change the schemas it gives: they are shared.
    """

    def __init__(self, xml: str, parsed: ParsedConfig) -> None:
        self.xml = xml
        self.controls: Mapping[str, Control] = MappingProxyType(parsed.controls)
        self.unanswerable: Mapping[str, str] = MappingProxyType(parsed.unanswerable)
        self.objects: Mapping[str, ObjectTag] = MappingProxyType(parsed.objects)
        self.prompt_areas: Mapping[str, str] = MappingProxyType(parsed.prompt_areas)
        self._outline = tuple(parsed.outline)
        self._inputs = tuple(parsed.inputs)
        self._varies = any(control.depends_on_data for control in parsed.controls.values())

    @classmethod
    def parse(cls, xml: str) -> LabelingConfig:
        """The config of a project; raises ConfigError when it does not parse.

        One without anything to answer is fine here: see ``require_answerable``.
        """
        return _parse(xml)

    @property
    def input_fields(self) -> tuple[str, ...]:
        """The task data keys the objects read, in document order."""
        paths = (path for thing in self._inputs for path in thing.paths)
        return tuple(dict.fromkeys(map(values.top_key, paths)))

    @property
    def output_classes(self) -> tuple[str, ...]:
        """All class values as Label Studio stores them, of all controls."""
        names = (name for control in self.controls.values() for name in control.classes)
        return tuple(dict.fromkeys(names))

    def require_answerable(self) -> None:
        """Raise ConfigError, naming each control and its reason, when none can be answered."""
        if self.controls:
            return
        reasons = "; ".join(f"{name}: {why}" for name, why in self.unanswerable.items())
        raise ConfigError(
            "Nothing in the labeling config can be answered"
            + (f" ({reasons})." if reasons else ": it has no control tag."),
            field="label_config",
            fix="Add <Choices>, <Labels> or <TextArea>, with the name of a <Text> as its toName.",
        )

    def schema(self, data: Mapping[str, Any]) -> JsonObject:
        """JSON schema of one task's answer: strict-mode safe, every property required."""
        return self._build_schema(data) if self._varies else self._schema

    @cached_property
    def _schema(self) -> JsonObject:
        return self._build_schema({})

    def _build_schema(self, data: Mapping[str, Any]) -> JsonObject:
        return {
            "type": "object",
            "properties": {name: item.schema(data) for name, item in self.controls.items()},
            "required": list(self.controls),
            "additionalProperties": False,
        }

    def describe(self, data: Mapping[str, Any]) -> str:
        """What is asked of the model: each control, with the headings labelers see around it."""
        return self._build_description(data) if self._varies else self._description

    @cached_property
    def _description(self) -> str:
        return self._build_description({})

    def _build_description(self, data: Mapping[str, Any]) -> str:
        several = len(self._inputs) > 1
        lines = []
        for part in self._outline:
            if isinstance(part, ObjectTag):
                text = part.text(data).strip()
                if text:
                    lines.append(f"Shown to labelers: {text}")
                continue
            fields = ", ".join(f'"{thing.field}"' for thing in part.objects)
            about = f" (about {fields})" if several and not part.names_objects else ""
            name = json.dumps(part.name, ensure_ascii=False)
            lines.append(f"{name}{about}: {part.describe(data)}")
        return "\n".join(lines)

    def inputs(self, data: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Field name and text of each object that reads task data; "" where the task has none."""
        found: dict[str, str] = {}
        for thing in self._inputs:
            found.setdefault(thing.field, thing.text(data))
        return list(found.items())

    def attachments(self, data: Mapping[str, Any]) -> list[Attachment]:
        """The files of a task the model must see, in document order, each once."""
        found: dict[tuple[str, str], Attachment] = {}
        for thing in self._inputs:
            for item in thing.attachments(data):
                found.setdefault((item.kind, item.url), item)
        return list(found.values())

    def to_conversion(self, answer: object, data: Mapping[str, Any]) -> Conversion:
        """Regions for an answer, which may be any JSON; never raises."""
        if not isinstance(answer, Mapping):
            names = ", ".join(f'"{name}"' for name in self.controls)
            return Conversion([], {}, errors=(f"The answer must be one JSON object with {names}.",))
        result: list[Region] = []
        normal: JsonObject = {}
        problems: list[Problem] = []
        errors: list[str] = []
        answered = False
        for name, control in self.controls.items():
            reading = control.to_regions(answer.get(name), data)
            result += reading.regions
            normal[name] = reading.answer
            problems += [Problem(name, message) for message in reading.problems]
            answered = answered or reading.answered
            if control.required and not reading.regions:
                errors.append(_unanswered(name, reading.problems))
        if not answered and not errors:
            errors.append(_nothing(problems))
        _tell_apart(result)
        return Conversion(result, normal, tuple(problems), tuple(errors))

    def to_answer(self, result: Sequence[Region], data: Mapping[str, Any]) -> JsonObject:
        """The answer a result says, a person's annotation included; undoes ``to_conversion``.

        A control without regions is None; one that answers with a list of classes or spans is [].
        """
        regions: dict[object, list[Region]] = {}
        for region in result:
            if isinstance(region, Mapping) and isinstance(region.get("from_name"), str):
                regions.setdefault(region["from_name"], []).append(region)
        return {
            name: control.to_answer(regions.get(name, ()), data)
            for name, control in self.controls.items()
        }

    def check(self, result: Sequence[Region], score: float | None = None) -> list[str]:
        """What Label Studio's import would object to; any of it drops the whole prediction."""
        prediction = {"result": list(result), "score": score}
        errors: list[str] = self._interface.validate_prediction(prediction, return_errors=True)
        return errors

    @cached_property
    def _interface(self) -> Any:
        # Takes a second to import: nothing but the check needs it.
        from label_studio_sdk.label_interface.interface import LabelInterface

        return LabelInterface(self.xml)

    def compare(
        self,
        answer: Mapping[str, Any],
        truth: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
    ) -> dict[str, Agreement]:
        """Agreement of each control the truth answers; a missing answer does not agree.

        With the task's data spans are also scored by how far they overlap.
        """
        agreements = {}
        for name, control in self.controls.items():
            given, right = answer.get(name), truth.get(name)
            if right is None:
                continue
            agreements[name] = (
                Agreement.exact(False) if given is None else control.compare(given, right, data)
            )
        return agreements


@lru_cache(maxsize=128)
def _parse(xml: str) -> LabelingConfig:
    return LabelingConfig(xml, read(xml))


def _tell_apart(result: Sequence[Region]) -> None:
    """Give regions that say the same ids of their own: a task must not have one twice."""
    seen: set[str] = set()
    for region in result:
        while region["id"] in seen:
            region["id"] = content_id(region["id"])
        seen.add(region["id"])


def _unanswered(name: str, problems: Sequence[str]) -> str:
    return f'"{name}" must be answered: it is required. ' + " ".join(problems[:5])


def _nothing(problems: Sequence[Problem]) -> str:
    if not problems:
        return "The answer leaves every control empty."
    reasons = " ".join(f'"{item.control}": {item.message}' for item in problems[:10])
    return f"Nothing in the answer can be used. {reasons}"
