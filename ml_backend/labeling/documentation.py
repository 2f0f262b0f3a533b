"""The control tags as docs/labeling-configs.md shows them: each class explains itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ml_backend.labeling.bases.control import Control
from ml_backend.labeling.config import LabelingConfig
from ml_backend.records import JsonObject

OBJECTS = {
    "text": '<Text name="text" value="$text"/>',
    "other": '<Text name="other" value="$other"/>',
    "html": '<HyperText name="html" value="$html"/>',
    "talk": '<Paragraphs name="talk" value="$talk"/>',
    "items": '<List name="items" value="$items"/>',
    "image": '<Image name="image" value="$image"/>',
    "pdf": '<Pdf name="pdf" value="$pdf"/>',
}
"""What examples may be about, by name."""
TASK: dict[str, Any] = {
    "text": "Ada met Mary.",
    "other": "Mary met Ada.",
    "html": "<p>Here <b>Ada</b> met Mary.</p>",
    "talk": [{"author": "Ada", "text": "Hi!"}, {"author": "Mary", "text": "Mary here."}],
    "items": [{"id": "a", "title": "One"}, {"id": "b", "title": "Two"}],
    "image": "/data/upload/1/cat.png",
    "pdf": "/data/upload/1/bill.pdf",
    "chat": [{"role": "user", "content": "Hi"}],
}


def to_markdown(controls: Mapping[str, type[Control]]) -> str:
    """A table of the tags, and below it a section for each."""
    kinds = sorted(controls.values(), key=lambda kind: kind.tag)
    rows = [f"| [`<{kind.tag}>`](#{kind.tag.lower()}) | {_form(kind)} |" for kind in kinds]
    table = "\n".join(["| control tag | answer in normal form |", "| --- | --- |", *rows])
    return "\n\n".join([table, *map(_section, kinds)]) + "\n"


def _form(kind: type[Control]) -> str:
    """What the class says of its normal form."""
    head = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
    return head.removeprefix("Normal form: ").removesuffix(".").replace("|", "\\|")


def example_of(kind: type[Control]) -> tuple[LabelingConfig, JsonObject]:
    """The labeling config and the answer a class gives as its example."""
    tags, answer = kind.example
    objects = [tag for name, tag in OBJECTS.items() if _is_about(tags, name)]
    return LabelingConfig.parse(f"<View>{''.join(objects)}{tags}</View>"), answer


def _is_about(tags: str, name: str) -> bool:
    return any(f"{before}{name}{after}" in tags for before in '",' for after in '",')


def _section(kind: type[Control]) -> str:
    config, answer = example_of(kind)
    made = config.to_conversion(answer, TASK)
    regions = "\n".join(json.dumps(region, ensure_ascii=False) for region in made.result)
    return "\n\n".join(
        [
            f"### {kind.tag}",
            _fenced("xml", kind.example[0].replace("><", ">\n<")),
            "The model is told:",
            _fenced("text", config.describe(TASK)),
            "It answers, and Label Studio gets:",
            _fenced("json", json.dumps(made.answer, ensure_ascii=False) + "\n" + regions),
        ]
    )


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


_BEGIN, _END = "<!-- control tags: begin -->", "<!-- control tags: end -->"


def renewed(page: str, controls: Mapping[str, type[Control]]) -> str:
    """A page with what is between its two marks made anew."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n\n{to_markdown(controls)}\n{_END}{after}"
