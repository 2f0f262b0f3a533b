"""What of a person's annotation cannot be read: it must not pass for "nothing there".

An annotation may be older than the labeling config, or have been imported with a wrong key, a text
in place of a list, or offsets beyond the text. What Label Studio itself shows of it counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ml_backend.labeling.bases.control import shown
from ml_backend.labeling.controls.relations import RELATION, Relations
from ml_backend.records import Problem, Region

if TYPE_CHECKING:
    from ml_backend.labeling.config import LabelingConfig

ALONE = "something is said of a region that is not there"


def unreadable(
    config: LabelingConfig, result: Sequence[object], data: Mapping[str, Any]
) -> tuple[Problem, ...]:
    """The regions of an annotation's result that cannot be read, each with its reason.

    What belongs to a tag that no model answers is nobody's matter here.
    """
    controls = {**config.controls, **config.companions}
    regions: dict[str, list[Region]] = {}
    related: list[Region] = []
    problems: list[Problem] = []
    for region in result:
        if not isinstance(region, Mapping):
            problems.append(Problem("", f"a region is {shown(region)}, not an object"))
        elif region.get("type") == RELATION:
            related.append(dict(region))
        else:
            regions.setdefault(str(region.get("from_name")), []).append(dict(region))
    marked = (own for name, own in regions.items() if name not in config.companions)
    drawn = {str(region.get("id")) for own in marked for region in own}
    for name, own in regions.items():
        control = controls.get(name)
        if name in config.companions:
            problems += [Problem(name, ALONE) for each in own if str(each.get("id")) not in drawn]
        if control is not None:
            problems += [Problem(name, why) for why in control.unreadable(own, data)]
        elif name not in config.unanswerable and name not in config.prompt_areas:
            kinds = {str(region.get("type")) for region in own}
            lacking = (each for each in controls.values() if each.name not in regions)
            if any(each.tag.lower() in kinds for each in lacking):
                problems.append(Problem(name, "the labeling config has no tag of this name"))
    relations = next((c for c in config.controls.values() if isinstance(c, Relations)), None)
    if relations is not None:
        ids = {str(region.get("id")) for own in regions.values() for region in own}
        wrong = relations.unreadable_between(related, ids, data)
        problems += [Problem(relations.name, why) for why in wrong]
    return tuple(problems)
