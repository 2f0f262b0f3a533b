"""The small questions a model is measured by, and how to read what comes beside its answers."""

from __future__ import annotations

import re
import zlib
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ml_backend.llm.models.listing import CONTEXT_NAMES, is_context
from ml_backend.records import Connection, JsonObject

if TYPE_CHECKING:
    from ml_backend.llm.wire.listening import Heard

DEEPEST = 4
LIMITS = (
    # Groq counts requests by the day under OpenAI's name.
    (r"x-ratelimit-limit-requests", "requests a minute"),
    (r"x-ratelimit-limit-tokens", "tokens a minute"),
    (r"anthropic-ratelimit-requests-limit|x-ratelimit-limit-req-minute", "requests a minute"),
    (r"anthropic-ratelimit-tokens-limit|x-ratelimit-limit-tokens-minute", "tokens a minute"),
    (r"anthropic-ratelimit-input-tokens-limit", "prompt tokens a minute"),
    (r"anthropic-ratelimit-output-tokens-limit", "answer tokens a minute"),
    (r"x-ratelimit-limit-tokens-prompt", "prompt tokens a minute"),
    (r"x-ratelimit-limit-tokens-generated", "answer tokens a minute"),
    (r"x-ratelimit-limit", "requests a second"),
    (r"x-tokenlimit-limit", "tokens a second"),
)
"""Headers -> what they count, as their vendors document them."""
GROQ = "groq"


@dataclass(frozen=True, slots=True)
class Probe:
    """One question with one right answer."""

    text: str
    key: str
    right: str
    choices: tuple[str, ...]
    file: JsonObject | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_file(self) -> bool:
        return self.file is not None

    @property
    def messages(self) -> list[JsonObject]:
        content: Any = self.text
        if self.file is not None:
            content = [{"type": "text", "text": self.text}, self.file]
        return [
            {"role": "system", "content": "Answer with a JSON object."},
            {"role": "user", "content": content},
        ]

    @property
    def schema(self) -> JsonObject:
        return {
            "type": "object",
            "properties": {self.key: {"type": "string", "enum": list(self.choices)}},
            "required": [self.key],
            "additionalProperties": False,
        }


def _picture() -> str:
    """A PNG of 64 × 64 red dots."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    side = 64
    head = side.to_bytes(4, "big") * 2 + bytes((8, 2, 0, 0, 0))
    rows = (b"\0" + b"\xff\x00\x00" * side) * side
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(parts)
    return f"data:image/png;base64,{b64encode(data).decode()}"


def _document() -> str:
    """A PDF of one page that says "violin"."""
    text = b"BT /F1 48 Tf 40 60 Td (violin) Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 240 140] /Contents 4 0 R /Resources "
        b"<< /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    data, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return f"data:application/pdf;base64,{b64encode(data).decode()}"


PLAIN = Probe(
    "Which of these is an animal?", "animal", "horse", ("table", "horse", "window", "cloud")
)
LOGPROBS = Probe(
    "Which of these is a number?",
    "number",
    "seven",
    ("seven", "house", "river", "green"),
    parameters={"logprobs": True},
)
COLOUR = Probe(
    "Which colour is the picture?",
    "colour",
    "red",
    ("blue", "green", "white", "black", "red", "yellow"),
    {"type": "image_url", "image_url": {"url": _picture()}},
)
PDF_WORD = Probe(
    "Which word does the document hold?",
    "word",
    "violin",
    ("garden", "bridge", "violin", "winter", "castle", "mirror"),
    {"type": "file", "file": {"filename": "word.pdf", "file_data": _document()}},
)


def reasoning_in(answers: Iterable[JsonObject]) -> tuple[bool | None, int | None]:
    """Return whether a model thought before it answered, and the most tokens it said it took."""
    counts: list[int] = []
    thought = False
    for answer in answers:
        usage = answer.get("usage")
        details = usage.get("completion_tokens_details") if isinstance(usage, Mapping) else None
        tokens = details.get("reasoning_tokens") if isinstance(details, Mapping) else None
        if isinstance(tokens, int) and not isinstance(tokens, bool) and 0 <= tokens <= 1_000_000:
            counts.append(tokens)
        choices = answer.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            message = choice.get("message") if isinstance(choice, Mapping) else None
            if isinstance(message, Mapping):
                names = ("reasoning_content", "reasoning")
                thought = thought or any(bool(message.get(name)) for name in names)
    most = max(counts, default=None)
    if thought or most:
        return True, most
    return (False, most) if most == 0 else (None, None)


def limits_in(connection: Connection, headers: Sequence[Mapping[str, str]]) -> dict[str, int]:
    """Return the limits that headers tell, in words."""
    from ml_backend.llm.presets import preset_of

    preset = preset_of(connection)
    is_groq = preset is not None and preset.name == GROQ
    found: dict[str, int] = {}
    for each in headers:
        for pattern, words in LIMITS:
            for name, value in each.items():
                if not re.fullmatch(pattern, name.lower()) or not value.strip().isdecimal():
                    continue
                is_daily = is_groq and name.lower().endswith("-requests")
                found["requests a day" if is_daily else words] = int(value.strip()[:12])
    return found


async def context_in(connection: Connection, model: str, heard: Heard) -> int | None:
    """Return the context of a model as its server tells it, None where that tells none."""
    from ml_backend.llm.presets import PRESETS, preset_of
    from ml_backend.llm.wire import CallFailed

    owners = {owner for each in heard.listings for owner in _values(each, "owned_by")}
    preset = preset_of(connection) or next(
        (each for each in PRESETS.values() if each.owned_by and each.owned_by in owners), None
    )
    told = list(heard.listings)
    if preset and preset.context_route and heard.listing and urlsplit(connection.endpoint).path:
        with suppress(CallFailed):  # an older one tells nothing there
            told.insert(0, await heard.listing(preset.context_route))
    for each in told:
        if (found := _context_of(each, model)) is not None:
            return found
    return None


def _context_of(told: object, model: str) -> int | None:
    rows = list(_rows(told))
    names = (model, f"models/{model}")  # as Gemini lists them
    own = [row for row in rows if any(row.get(each) in names for each in ("id", "name", "model"))]
    if not own and len(rows) == 1:
        own = rows  # it answers with the one it has
    for row in own:
        for name in CONTEXT_NAMES:
            for value in _values(row, name):
                if is_context(value):
                    return value
    return None


def _rows(told: object) -> Iterable[Mapping[str, Any]]:
    if isinstance(told, Mapping):
        rows = told.get("data", told.get("models"))
        return _rows(rows) if isinstance(rows, list) else [told]
    return [row for row in told if isinstance(row, Mapping)] if isinstance(told, list) else []


def _values(told: object, name: str, depth: int = 0) -> Iterable[Any]:
    """Yield what stands under a name, in objects within objects too."""
    if depth > DEEPEST:
        return
    if isinstance(told, Mapping):
        if isinstance(told.get(name), int | str):
            yield told[name]
        for each in told.values():
            yield from _values(each, name, depth + 1)
    elif isinstance(told, list):
        for each in told[:1000]:
            yield from _values(each, name, depth + 1)
