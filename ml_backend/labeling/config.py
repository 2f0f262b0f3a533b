"""A labeling config as a whole: a JSON answer in, Label Studio's regions out, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from ml_backend.data_paths import top_key
from ml_backend.errors import ConfigError, TaskRefused
from ml_backend.labeling.answer_keys import by_control
from ml_backend.labeling.answer_nulls import with_nulls
from ml_backend.labeling.bases.control import Agreement, Control, objects_in
from ml_backend.labeling.bases.evidence import Evidence
from ml_backend.labeling.bases.region_control import NUMBER, RegionControl
from ml_backend.labeling.bases.span_control import SpanControl
from ml_backend.labeling.controls.relations import RELATION
from ml_backend.labeling.conversion import Conversion, converted
from ml_backend.labeling.reader import ParsedConfig, read
from ml_backend.labeling.schema_limits import within_limits
from ml_backend.labeling.shapes.doubt import in_doubt
from ml_backend.labeling.shapes.shape_control import ShapeControl
from ml_backend.labeling.submittable import settle
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.labeling.task_inputs import TaskInputs
from ml_backend.labeling.without_answer import elsewhere, nothing_usable, unanswered
from ml_backend.records import Attachment, JsonObject, Problem, Region


@dataclass(frozen=True, slots=True)
class OfRegion:
    """What is said of one region; ``agreement`` None when its task failed."""

    counts: bool
    """False where the truth says nothing of it: what was answered is too much."""
    agreement: Agreement | None
    evidence: Evidence

    @classmethod
    def of(
        cls,
        control: Control,
        given: Any,
        right: Any,
        data: Mapping[str, Any] | None,
        *,
        failed: bool,
    ) -> OfRegion:
        if right in (None, []):
            return cls(False, None, control.evidence(given, None, data))
        agreement = None if failed else Agreement.exact(False)
        if given not in (None, []):
            agreement = control.compare(given, right, data)
        return cls(True, agreement, control.evidence(given, right, data))


class LabelingConfig:
    """A parsed labeling config; never changes, so one may serve all threads.

    Callers must not change the schemas it gives: they are shared.
    """

    def __init__(self, xml: str, parsed: ParsedConfig) -> None:
        self.xml = xml
        self._relations = parsed.relations
        controls = dict(parsed.controls)
        if parsed.relations is not None:
            controls[parsed.relations.name] = parsed.relations
        self.controls: Mapping[str, Control] = MappingProxyType(controls)
        self.companions: Mapping[str, Control] = MappingProxyType(parsed.companions)
        self.unanswerable: Mapping[str, str] = MappingProxyType(parsed.unanswerable)
        self.objects: Mapping[str, ObjectTag] = MappingProxyType(parsed.objects)
        self.prompt_areas: Mapping[str, str] = MappingProxyType(parsed.prompt_areas)
        self._all = {**parsed.controls, **parsed.companions}
        self._outline = tuple(parsed.outline)
        self._inputs = tuple(parsed.inputs)
        quoted = {c.to_name for c in self._all.values() if isinstance(c, SpanControl)}
        self._read = TaskInputs(self._inputs, quoted)
        self._varies = any(control.depends_on_data for control in self._all.values())

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
        return tuple(dict.fromkeys(map(top_key, paths)))

    @cached_property
    def output_classes(self) -> tuple[str, ...]:
        """All class values as Label Studio stores them, of all controls."""
        names = (name for control in self.controls.values() for name in control.classes)
        return tuple(dict.fromkeys(names))

    @property
    def draws(self) -> bool:
        """Whether it asks for places on pictures."""
        return any(isinstance(control, ShapeControl) for control in self.controls.values())

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
        schema: JsonObject = {
            "type": "object",
            "properties": {name: item.schema(data) for name, item in self.controls.items()},
            "required": list(self.controls),
            "additionalProperties": False,
        }
        return within_limits(schema)

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
            lines.append(f"{name}{about}{_only(part)}: {part.describe(data)}")
        return "\n".join(lines)

    def inputs(self, data: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Field name and text of each object that reads task data; "" where the task has none."""
        return self._read.read(data)

    def texts(self, inputs: Sequence[tuple[str, str]], data: Mapping[str, Any]) -> dict[str, str]:
        """Of a task's inputs those that stand for their data in a prompt, by its path."""
        return self._read.texts(inputs, data)

    def attachments(self, data: Mapping[str, Any]) -> list[Attachment]:
        """The files of a task the model must see, in document order, each once."""
        found: dict[tuple[str, str], Attachment] = {}
        things: list[ObjectTag | Control] = [*self._inputs, *self._all.values()]
        for thing in things:
            for item in thing.attachments(data):
                found.setdefault((item.name, item.url), item)
        return list(found.values())

    # Answer -> regions

    def to_conversion(self, answer: object, data: Mapping[str, Any]) -> Conversion:
        """Regions for an answer, which may be any JSON; never raises."""
        if not isinstance(answer, Mapping):
            names = ", ".join(f'"{name}"' for name in self.controls)
            return Conversion([], {}, errors=(f"The answer must be one JSON object with {names}.",))
        try:
            return self._convert(answer, data)
        except TaskRefused as error:
            return Conversion([], {}, errors=(str(error),))

    def _convert(self, answer: Mapping[str, Any], data: Mapping[str, Any]) -> Conversion:
        result: list[Region] = []
        problems: list[Problem] = []
        numbers: dict[int, str] = {}
        items: dict[str, Mapping[int, str]] = {}
        says_none = False
        keyed = by_control(answer, self.controls, self.output_classes)
        keyed = with_nulls(keyed, self.controls, data)
        problems += elsewhere(keyed, answer, self.output_classes)
        answer, doubted = keyed.answer, in_doubt(self.controls, keyed.answer, data)
        for name, control in self.controls.items():
            if name in keyed.missing:
                problems.append(Problem(name, keyed.without(name)))
            if control is self._relations:
                continue
            reading = doubted.get(name) or control.to_regions(answer.get(name), data)
            result += reading.regions
            problems += [Problem(name, message) for message in reading.problems]
            says_none = says_none or (reading.answered and not reading.regions)
            items[name] = reading.items
            for number, region_id in reading.numbers.items():
                numbers[number] = "" if number in numbers else region_id
        found = result
        settled = settle(found, self._all, data)
        problems += settled.problems + settled.hidden
        numbers = {number: settled.same.get(each, each) for number, each in numbers.items()}
        result = settled.result + self._relate(answer, numbers, settled.result, data, problems)
        errors = [unanswered(name, problems) for name in settled.missing]
        is_told_wrong = any(each not in settled.hidden for each in problems)
        if not errors and not result and (is_told_wrong or not says_none):
            errors = nothing_usable(problems, keyed, hidden=bool(found))
        settled.result = result
        return converted(settled, self.to_answer(result, data), problems, errors, items)

    def _relate(
        self,
        answer: Mapping[str, Any],
        numbers: Mapping[int, str],
        result: Sequence[Region],
        data: Mapping[str, Any],
        problems: list[Problem],
    ) -> list[Region]:
        if self._relations is None:
            return []
        name = self._relations.name
        standing = {region["id"] for region in result}
        ids = {number: each for number, each in numbers.items() if each in standing}
        reading = self._relations.relate(answer.get(name), ids, data)
        problems += [Problem(name, message) for message in reading.problems]
        return reading.regions

    # Regions -> answer

    def to_answer(self, result: Sequence[Region], data: Mapping[str, Any]) -> JsonObject:
        """The answer a result says, a person's annotation included; undoes ``to_conversion``.

        A control without regions is None; one that answers with a list of classes or spans is [].
        """
        regions: dict[str, list[Region]] = {}
        related = []
        for region in result:
            if isinstance(region, Mapping) and isinstance(region.get("from_name"), str):
                regions.setdefault(region["from_name"], []).append(region)
            elif isinstance(region, Mapping) and region.get("type") == RELATION:
                related.append(region)
        numbers: dict[str, int] = {}
        answer: JsonObject = {}
        count = 0
        for name, control in self.controls.items():
            if control is self._relations:
                continue
            own = regions.get(name, [])
            if not isinstance(control, RegionControl):
                answer[name] = control.to_answer(own, data)
                continue
            asked = [regions.get(each.name, []) for each in control.companions.values()]
            items = control.items([*own, *(region for each in asked for region in each)], data)
            answer[name] = []
            for region_id, item in items:
                count += 1
                numbers.setdefault(region_id, count)
                answer[name].append({NUMBER: count, **item} if control.is_numbered else item)
        if self._relations is not None:
            answer[self._relations.name] = self._relations.read(related, numbers, data)
        return answer

    # Label Studio's own check

    def check(self, result: Sequence[Region], score: float | None = None) -> list[str]:
        """What Label Studio's import would object to, and rightly: any of it drops the prediction.

        What it objects to although its editor takes it is left out: see ``may_be_imported``.
        """
        prediction = {"result": [r for r in result if self._is_importable(r)], "score": score}
        errors: list[str] = self._interface.validate_prediction(prediction, return_errors=True)
        return errors

    def may_be_imported(self, result: Sequence[Region]) -> bool:
        """False when the import would drop the prediction: it must be created by itself then."""
        return all(self._is_importable(region) for region in result)

    def _is_importable(self, region: Region) -> bool:
        control = self._all.get(str(region.get("from_name")))
        return control is None or control.may_be_imported(region)

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
            if control is self._relations:
                given, right = self._related(answer), self._related(truth)
            agreements[name] = (
                Agreement.exact(False) if given is None else control.compare(given, right, data)
            )
        return agreements

    def weigh(
        self,
        answer: Mapping[str, Any] | None,
        truth: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
    ) -> dict[str, Evidence]:
        """What scoring counts for each control the truth answers; None is a failed task."""
        found = {}
        for name, control in self.controls.items():
            given, right = (answer or {}).get(name), truth.get(name)
            if right is None:
                continue
            if control is self._relations:
                given, right = self._related(answer or {}), self._related(truth)
            found[name] = control.evidence(given, right, data)
        return found

    def weigh_regions(
        self,
        answer: Mapping[str, Any] | None,
        truth: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
    ) -> dict[str, list[OfRegion]]:
        """What scoring counts for each control that is asked about regions, region by region."""
        found: dict[str, list[OfRegion]] = {}
        for name, control in self.controls.items():
            if not isinstance(control, RegionControl) or truth.get(name) is None:
                continue
            said = control.said_of_each((answer or {}).get(name), truth[name])
            for companion, pairs in said.items():
                asked = self.companions[companion]
                found.setdefault(companion, []).extend(
                    OfRegion.of(asked, given, right, data, failed=answer is None)
                    for given, right in pairs
                    if given not in (None, []) or right not in (None, [])
                )
        return found

    def _related(self, answer: Mapping[str, Any]) -> list[JsonObject] | None:
        """The relations of an answer with the items themselves in place of their numbers."""
        relations = answer.get(self._relations.name) if self._relations is not None else None
        if not isinstance(relations, list):
            return None
        items: dict[str, str] = {}
        for name, control in self.controls.items():
            for item in objects_in(answer.get(name)) if isinstance(control, RegionControl) else ():
                rest = {key: value for key, value in item.items() if key != NUMBER}
                items[repr(item.get(NUMBER))] = repr((name, sorted(rest.items(), key=str)))
        return [
            {**each, **{end: items.get(repr(each.get(end))) for end in ("from", "to")}}
            for each in objects_in(relations)
        ]


@lru_cache(maxsize=128)
def _parse(xml: str) -> LabelingConfig:
    return LabelingConfig(xml, read(xml))


def _only(control: Control) -> str:
    reasons = [condition.describe() for condition in control.conditions]
    return f" (only {' and '.join(reasons)}; else null)" if reasons else ""
