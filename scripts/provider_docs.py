"""Writes docs/providers/index.md and the tables of docs/providers/presets.md from the facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ml_backend.llm import ProviderFacts, facts_of, provider_modules
from ml_backend.llm.presets import PRESETS, Preset
from ml_backend.records import ProviderName
from ml_backend.services.callers.connection_fields import FIELDS

DOCS = Path(__file__).resolve().parents[1] / "docs" / "providers"
INDEX, PAGE = DOCS / "index.md", DOCS / "presets.md"
BEGIN, END = "<!-- generated: make docs -->", "<!-- end of what is generated -->"
KNOWN = {True: "yes", False: "no", None: "by model"}


def providers() -> list[ProviderFacts]:
    """Return the facts of all providers, in the order of their names in the SDK."""
    modules = provider_modules()
    return [facts_of(name) for name in ProviderName if name.lower() in modules]


def renewed(page: str, lines: Iterator[str]) -> str:
    """Return a page with what stands between its marks written anew."""
    made = "\n".join([BEGIN, *lines, END])
    return re.sub(f"{BEGIN}.*{END}", lambda _: made, page, flags=re.DOTALL)


def provider_lines() -> Iterator[str]:
    """Yield the table of all providers."""
    heads = (
        "provider",
        "what it is",
        "what opens it",
        "needs besides",
        "may have",
        "looked up",
    )
    yield f"| {' | '.join(heads)} |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for facts in providers():
        name = f"`{facts.name.value}`"
        if facts.documentation:
            name = f"[{name}]({facts.name.lower()}.md)"
        secrets = " or ".join(FIELDS[each].phrase for each in facts.secrets) or "nothing"
        if facts.secrets and not facts.needs_secret:
            secrets = f"{secrets}, if it wants one"
        if facts.keys:
            secrets = f"{secrets} ([keys]({facts.keys}))"
        looked_up = _looked_up(facts) if facts.documentation else "–"
        yield (
            f"| {name} | {facts.title} | {secrets} | {_fields(facts.needs)} | "
            f"{_fields(facts.takes)} | {looked_up} |"
        )


def _fields(names: tuple[str, ...]) -> str:
    return ", ".join(FIELDS[each].label for each in names) or "–"


def _looked_up(about: ProviderFacts | Preset) -> str:
    return f"[{about.documented}]({about.documentation}): {', '.join(about.looked_up)}"


def preset_lines() -> Iterator[str]:
    """Yield the table of presets, and what is particular to each."""
    heads = ("preset", "address", "key", "example", "forms", "log-probabilities", "looked up")
    yield f"| {' | '.join(heads)} |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for each in PRESETS.values():
        key = f"[needed]({each.keys})" if each.keys else "none"
        yield (
            f"| `{each.name}` ({each.title}) | `{each.address}` | {key} | `{each.model}` | "
            f"{', '.join(each.forms)} | {KNOWN[each.logprobs]} | "
            f"{_looked_up(each)} |"
        )
    for each in PRESETS.values():
        yield from _section(each)


def _section(preset: Preset) -> Iterator[str]:
    yield ""
    yield f"**{preset.title}.** {' '.join(preset.quirks)}"


def main() -> None:
    """Write both pages anew."""
    INDEX.write_text(renewed(INDEX.read_text(), provider_lines()))
    PAGE.write_text(renewed(PAGE.read_text(), preset_lines()))


if __name__ == "__main__":
    main()
