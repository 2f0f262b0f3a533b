"""What the address of the compare tab asks, and what versions are called there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request

from ml_backend.records import PromptVersion, TruthSource
from ml_backend.web.server.services import services


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks to be compared, and how."""

    versions: tuple[int, ...]
    common: bool
    control: str | None
    truth: TruthSource | None

    @classmethod
    def read(cls) -> Asked:
        """Read the query; what is no number is left out."""
        found = []
        for text in ",".join(request.args.getlist("versions")).split(","):
            text = text.strip()
            if text.isascii() and text.isdecimal() and len(text) < 10:
                found.append(int(text))
        truth = request.args.get("truth", "")
        known = {each.value: each for each in TruthSource}
        return cls(
            versions=tuple(dict.fromkeys(found)),
            common=request.args.get("common") == "1",
            control=request.args.get("control") or None,
            truth=known.get(truth),
        )

    @property
    def query(self) -> dict[str, object]:
        """Return it as a query again."""
        found: dict[str, object] = {"versions": list(self.versions)}
        if self.common:
            found["common"] = 1
        if self.control:
            found["control"] = self.control
        if self.truth:
            found["truth"] = self.truth.value
        return found


def names_of(versions: Sequence[PromptVersion]) -> dict[int, str]:
    """Return version -> what it is called, with its prompt where there are several."""
    if len({each.prompt_id for each in versions}) == 1:
        return {each.id: each.title for each in versions}
    prompts = {each.prompt_id for each in versions}
    titles = {each: services().store.prompts.get(each).title for each in prompts}
    return {each.id: f"{titles[each.prompt_id]} · {each.title}" for each in versions}
