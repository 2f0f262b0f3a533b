"""What of an answer's regions Label Studio would show and let somebody submit.

The editor hides controls by conditions, lets a label be used a number of times, and refuses to
submit what lacks a required answer. Here the hidden goes, and what is too much, each reported,
a region that lacks something goes and is reported, and a lack that remains makes the answer
unusable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml_backend.labeling.bases.control import Control, content_id, shown
from ml_backend.labeling.bases.region_control import RegionControl
from ml_backend.labeling.markup.conditions import Condition, When
from ml_backend.records import Problem, Region

Data = Mapping[str, Any]


@dataclass(slots=True)
class Settled:
    """The regions that stay, what was left out of the answer, and the controls that lack one."""

    result: list[Region]
    problems: list[Problem] = field(default_factory=list)
    hidden: list[Problem] = field(default_factory=list)
    """Answers to what the editor does not show: too much, where the rest may be whole."""
    missing: list[str] = field(default_factory=list)
    same: dict[str, str] = field(default_factory=dict)
    """The id of a region as it came -> the one it has now, or that of the region it was joined to,
    or "" where it was left out; one that kept its id need not be there."""


def settle(result: Sequence[Region], controls: Mapping[str, Control], data: Data) -> Settled:
    """Settle a result; ``controls`` are all that can be answered, companions included."""
    settled = Settled(list(result))
    _limit_usages(settled, controls, data)
    _hide(settled, controls, data)
    if _drop_incomplete(settled, controls, data):
        _hide(settled, controls, data)
    _join_doubles(settled, controls)
    _close_up(settled, result, controls)
    scene = _Scene(settled.result, controls, data)
    for name, control in controls.items():
        answered = any(region.get("from_name") == name for region in settled.result)
        wanted = control.must_answer and not control.per_region and not answered
        if wanted and scene.shows(control, None):
            settled.missing.append(name)
    return settled


def _hide(settled: Settled, controls: Mapping[str, Control], data: Data) -> None:
    """Leave out what the editor would hide, and say so."""
    kept = without_hidden(settled.result, controls, data)
    if len(kept) == len(settled.result):
        return
    standing = set(map(id, kept))
    gone = (str(each.get("from_name")) for each in settled.result if id(each) not in standing)
    for name in dict.fromkeys(gone):
        when = " and ".join(each.describe() for each in controls[name].conditions)
        if when:
            message = f"It is asked only {when}: what was answered is left out."
            settled.hidden.append(Problem(name, message))
    settled.result = kept


def without_hidden(
    result: Sequence[Region], controls: Mapping[str, Control], data: Data
) -> list[Region]:
    """The regions of controls that show, given each other: one may hide the next."""
    conditional = sum(bool(control.conditions) for control in controls.values())
    kept = list(result)
    for _ in range(conditional):
        scene = _Scene(kept, controls, data)
        still = [region for region in result if scene.shows_region(region)]
        if len(still) == len(kept) and all(a is b for a, b in zip(still, kept, strict=True)):
            break
        kept = still
    return kept


class _Scene:
    """An annotation's regions, as the editor's conditions look at them."""

    def __init__(
        self, result: Sequence[Region], controls: Mapping[str, Control], data: Data
    ) -> None:
        self._controls = controls
        self._data = data
        self._by_name: dict[str, list[Region]] = {}
        self._main: dict[str, tuple[RegionControl, Region]] = {}
        for region in result:
            name = region.get("from_name")
            self._by_name.setdefault(str(name), []).append(region)
            control = controls.get(str(name))
            if isinstance(control, RegionControl):
                self._main.setdefault(region["id"], (control, region))

    def shows_region(self, region: Region) -> bool:
        control = self._controls.get(str(region.get("from_name")))
        if control is None:
            return True
        if control.per_region and region["id"] not in self._main:
            return False
        return self.shows(control, region["id"] if control.per_region else None)

    def shows(self, control: Control, region_id: str | None) -> bool:
        """Whether a control shows: for one region, or for the task as a whole."""
        return all(self._holds(each, region_id) for each in control.conditions)

    def _holds(self, condition: Condition, region_id: str | None) -> bool:
        if condition.when is When.REGION:
            ids = self._main if region_id is None else [region_id]
            return any(self._region_fits(condition, each) for each in ids)
        return condition.holds_for_choices(self._selected(condition.tag_name, region_id))

    def _region_fits(self, condition: Condition, region_id: str) -> bool:
        control, region = self._main[region_id]
        labels = set(control.labels_of(region, self._data))
        names = {control.name, control.to_name}
        for companion in control.companions.values():
            if companion.tag == "Labels":
                own = self._regions_of(companion.name, region_id)
                labels |= companion.selected(own, self._data)
                names.add(companion.name)
        return condition.holds_for_region(names=names, labels=labels, role=control.role_of(region))

    def _selected(self, tag_name: str, region_id: str | None) -> set[str]:
        """The choices selected in one control, in all where no name is given."""
        selected: set[str] = set()
        for name in [tag_name] if tag_name else self._controls:
            control = self._controls.get(name)
            if control is None or isinstance(control, RegionControl) or control.tag == "Labels":
                continue
            same_region = region_id if control.per_region else None
            selected |= control.selected(self._regions_of(name, same_region), self._data)
        return selected

    def _regions_of(self, name: str, region_id: str | None) -> list[Region]:
        regions = self._by_name.get(name, [])
        return [each for each in regions if region_id is None or each["id"] == region_id]

    def lacking(self, region_id: str) -> list[str]:
        """What is required of a region and was not said of it."""
        control, _ = self._main[region_id]
        return [
            name
            for name, companion in control.companions.items()
            if companion.must_answer
            and not self._regions_of(companion.name, region_id)
            and self.shows(companion, region_id)
        ]

    @property
    def region_ids(self) -> list[str]:
        return list(self._main)


def _limit_usages(settled: Settled, controls: Mapping[str, Control], data: Data) -> None:
    """Leave out the regions beyond a label's maxUsages: the editor lets nobody add them."""
    used: dict[tuple[str, str], int] = {}
    dropped: set[str] = set()
    limits = {name: control.usage_limits(data) for name, control in controls.items()}
    for region in settled.result:
        control = controls.get(str(region.get("from_name")))
        if control is None:
            continue
        for label in control.stored_labels(region):
            most = limits[control.name].get(label)
            if most is None:
                continue
            key = (control.name, label)
            used[key] = used.get(key, 0) + 1
            if used[key] > most:
                dropped.add(region["id"])
                message = (
                    f"The label {shown(label)} may be used {most} times: the rest is left out."
                )
                settled.problems.append(Problem(control.name, message))
    _drop(settled, dropped)


def _drop_incomplete(settled: Settled, controls: Mapping[str, Control], data: Data) -> bool:
    """Leave out regions that lack a required answer about them; return whether there were any."""
    scene = _Scene(settled.result, controls, data)
    dropped: set[str] = set()
    for region_id in scene.region_ids:
        lacking = scene.lacking(region_id)
        if lacking:
            dropped.add(region_id)
            names = ", ".join(f'"{name}"' for name in lacking)
            maker = next(
                str(each["from_name"]) for each in settled.result if each.get("id") == region_id
            )
            message = f"A region without {names} cannot be submitted: it is left out."
            settled.problems.append(Problem(maker, message))
    _drop(settled, dropped)
    return bool(dropped)


def _join_doubles(settled: Settled, controls: Mapping[str, Control]) -> None:
    """Leave out regions that say the same as another, now that the hidden is gone."""
    said: dict[str, list[Any]] = {}
    for region in settled.result:
        what = [region.get("from_name"), region.get("value"), region.get("item_index")]
        if isinstance(controls.get(str(what[0])), RegionControl) or region["id"] in said:
            said.setdefault(region["id"], []).append(what)
    first: dict[str, str] = {}
    for region_id, parts in said.items():
        other = first.setdefault(repr(parts), region_id)
        if other != region_id:
            settled.same[region_id] = other
    _drop(settled, set(settled.same))


def _close_up(settled: Settled, before: Sequence[Region], controls: Mapping[str, Control]) -> None:
    """Give regions told apart from what was left out the ids they would have without it."""
    stay = {str(each["id"]) for each in settled.result if "id" in each}
    gone = {str(each["id"]) for each in before if "id" in each} - stay - set(settled.same)
    renamed: dict[str, str] = {}
    taken: set[str] = set()
    for region in settled.result if gone or settled.same else ():
        control = controls.get(str(region.get("from_name")))
        if not isinstance(control, RegionControl) or region["id"] in renamed:
            continue
        chain = [control.region(region["value"])["id"]]
        while chain[-1] != region["id"] and len(chain) <= len(before):
            chain.append(content_id(chain[-1]))
        if chain[-1] == region["id"]:
            renamed[region["id"]] = next(each for each in chain if each not in taken)
            taken.add(renamed[region["id"]])
    for region in settled.result:
        if region.get("id") in renamed:
            region["id"] = renamed[region["id"]]
    joined = {old: renamed.get(new, new) for old, new in settled.same.items()}
    settled.same = {**dict.fromkeys(gone, ""), **joined, **renamed}


def _drop(settled: Settled, ids: set[str]) -> None:
    if ids:
        settled.result = [each for each in settled.result if each.get("id") not in ids]
        settled.problems = list(dict.fromkeys(settled.problems))
