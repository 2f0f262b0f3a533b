"""What became of an answer: its regions, what was dropped, and which item became which region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ml_backend.labeling.submittable import Settled
from ml_backend.records import JsonObject, Problem, Region


@dataclass(frozen=True, slots=True)
class Conversion:
    """An answer made into regions; unusable as a whole when ``errors`` is not empty.

    No regions and no errors: the answer says that there is nothing to tell, by null or empty lists.
    ``answer`` is normalised: what the regions say, by control name. ``problems`` are the parts that
    were dropped while the rest stands.
    """

    result: list[Region]
    answer: JsonObject
    problems: tuple[Problem, ...] = ()
    errors: tuple[str, ...] = ()
    mended: frozenset[str] = frozenset()
    """Controls of which a part was dropped: what stands is not what was said of them."""
    hidden: frozenset[str] = frozenset()
    """Controls whose answer was left out as one the editor would not show."""
    items: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """Control that marks regions -> place in its list of items -> the id of the region."""


def converted(
    settled: Settled,
    answer: JsonObject,
    problems: Sequence[Problem],
    errors: Sequence[str],
    items: Mapping[str, Mapping[int, str]],
) -> Conversion:
    """Return the conversion of what was settled, and ``answer`` what that says.

    ``items`` are those of ``Conversion``, by the ids of regions before they were settled.
    """
    return Conversion(
        settled.result,
        answer,
        tuple(dict.fromkeys(problems)),
        tuple(errors),
        frozenset(each.control for each in problems if each not in settled.hidden),
        frozenset(each.control for each in settled.hidden),
        _standing(items, settled),
    )


def _standing(
    items: Mapping[str, Mapping[int, str]], settled: Settled
) -> dict[str, dict[int, str]]:
    """The regions of items as they are called now, of those that stand."""
    ids = {str(each.get("id")) for each in settled.result}
    found: dict[str, dict[int, str]] = {}
    for name, places in items.items():
        now = {place: settled.same.get(each, each) for place, each in places.items()}
        if here := {place: each for place, each in now.items() if each in ids}:
            found[name] = here
    return found
