"""How sure an answer is: from its tokens, from what it says of itself, or as its model told.

A task is right when all of its controls are, so its confidence is the product of theirs. Of
log-probabilities that is exact, since each is given all that was said before: it is the probability
of the answer as a whole. Their minimum would overlook the others, a mean per token those that
decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml_backend.labeling import Conversion, LabelingConfig
from ml_backend.labeling.bases.key_names import plain
from ml_backend.llm.confidence import Part, said_answer
from ml_backend.records import Confidence, ConfidenceSource, JsonObject
from ml_backend.records.confidence import of_all


def by_tokens(
    tokens: Sequence[Mapping[str, Any]],
    text: str,
    answer: JsonObject,
    made: Conversion,
    config: LabelingConfig,
) -> Confidence | None:
    """Return how probable an answer was; None where its tokens do not tell of all that stands.

    ``answer`` is what was read in the ``text``, ``made`` the regions of it.
    """
    if made.mended or not tokens:
        return None
    said = said_answer(tokens, text, answer)
    parts = _of_controls(said.whole, list(config.controls)) if said is not None else {}
    controls: dict[str, float] = {}
    regions: dict[str, float] = {}
    for name, control in config.controls.items():
        part = parts.get(name)
        if name in made.hidden:
            continue
        if said is None or part is None:
            return None
        # The longer a text, the less probable each of its wordings; that does not make it wrong.
        sure = said.per_token(part) if control.takes_any_text else said.probability(part)
        if sure is None:
            return None
        controls[name] = sure
        for place, region_id in made.items.get(name, {}).items():
            own = said.probability(part.items[place]) if place < len(part.items) else None
            if own is not None:
                regions[region_id] = own * regions.get(region_id, 1.0)
    if not controls:
        return None
    return Confidence(ConfidenceSource.LOGPROBS, of_all(controls.values()), controls, regions)


def _of_controls(whole: Part, names: Sequence[str]) -> dict[str, Part]:
    """The values of the controls: under their names but for case and spacing, or in one wrapper."""
    inner = [each for each in whole.members.values() if each.members]
    for level in (whole, *inner):
        found = {name: part for name in names if (part := _called(level, name)) is not None}
        if found:
            return found
    return {}


def _called(level: Part, name: str) -> Part | None:
    if name in level.members:
        return level.members[name]
    wanted = plain(name)
    found = [part for key, part in level.members.items() if plain(key) == wanted]
    return found[0] if found else None


def by_rating(rating: float | None, made: Conversion, config: LabelingConfig) -> Confidence | None:
    """Return what a model said of its answer as a whole; None of one that was mended since."""
    if rating is None or made.mended:
        return None
    return _of_whole(ConfidenceSource.RATED, rating, config)


def as_told(
    source: ConfidenceSource,
    score: float | None,
    config: LabelingConfig,
    controls: Mapping[str, float] | None = None,
) -> Confidence | None:
    """Return what a model tells of an answer by itself, None for nothing."""
    if score is None or not 0.0 <= score <= 1.0:
        return None
    if controls:
        return Confidence(source, score, dict(controls))
    return _of_whole(source, score, config)


def _of_whole(source: ConfidenceSource, task: float, config: LabelingConfig) -> Confidence:
    """One number for all; where there is one control it is that control's as well."""
    controls = dict.fromkeys(config.controls, task) if len(config.controls) == 1 else {}
    return Confidence(source, task, controls)
