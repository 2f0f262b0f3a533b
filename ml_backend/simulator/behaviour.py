"""What the simulated server is told to do: faults by rule, latency, which forms it knows."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ml_backend.simulator.certainty import Certainty, read_certainty
from ml_backend.simulator.odd_replies import SHAPES
from ml_backend.simulator.preset_refusals import SAID
from ml_backend.simulator.presets import WAYS

FORMS = ("json_schema", "tool", "json_object", "text")
FAULTS = frozenset(
    {
        *SHAPES,
        *SAID,
        *("garbage", "unknown_label", "wrong_schema", "empty", "truncate", "refuse"),
        *("rate_limit", "server_error", "too_long", "auth", "quota", "model_not_found"),
        *("form_refused", "form_ignored", "reset", "drip", "hang", "html"),
        "said",
    }
)


class BadBehaviour(ValueError):
    """What was asked of the simulator makes no sense."""


@dataclass(slots=True)
class Rule:
    """A fault or an answer for the requests that have ``match`` in a user message, or for all.

    ``answer`` is the completion's text: any JSON, or a text as it is. ``reply`` is the whole body
    instead, with ``status``; a text that begins as a stream of events is sent as one.

    ``times`` counts per matching message, so that a task re-asked with more messages is still the
    same one. ``form`` limits the rule to requests in that form, ``model`` to those of that model;
    with ``share`` it holds for that part of what each model is asked, the same whenever it is asked
    again. ``status`` and ``message`` replace those of the fault's own error. The fault ``said``
    sends ``body``, any JSON or a text, as it is.
    """

    match: str | None = None
    times: int | None = None
    fault: str | None = None
    retry_after: float | str | None = None
    status: int | None = None
    message: str | None = None
    latency: float | None = None
    form: str | None = None
    model: str | None = None
    share: float | None = None
    answer: Any = None
    body: Any = None
    reply: Any = None
    used: Counter[bytes] = field(default_factory=Counter)

    def applies(
        self, users: list[str], form: str, model: str = "", chance: Callable[[], float] = float
    ) -> bool:
        """True when the rule holds for a request; using it up counts.

        ``chance`` lies between 0 and 1, the same for the same question to the same model.
        """
        if self.form is not None and form != self.form:
            return False
        if self.model is not None and model != self.model:
            return False
        if self.share is not None and chance() >= self.share:
            return False
        text = users[-1] if users else ""
        if self.match is not None:
            found = [user for user in users if self.match in user]
            if not found:
                return False
            text = found[-1]
        if self.times is None:
            return True
        key = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        self.used[key] += 1
        return self.used[key] <= self.times


@dataclass(slots=True)
class Behaviour:
    """Everything that can be set by ``POST /control``.

    ``form`` is the best form known; better ones are refused with ``form_status``, or passed over
    in silence with ``form_status`` 0, and ``form_message`` "" refuses without a reason.
    ``rejects`` maps a request parameter to the name wanted instead, or to None. ``markers`` are
    texts whose requests are counted in the statistics, as those of every rule's ``match`` are.
    ``no_images`` makes it a model without vision, which refuses with these words; ``no_system`` one
    without a system role, whose roles must alternate: it refuses with this body. While ``hold`` is
    true no answer leaves; the next behaviour without it lets go what waits. ``preset`` has it
    behave like a server by that name, see ``presets``. ``confidence`` makes it right as often, and
    as sure of it, as told: see ``Certainty``.
    """

    rules: list[Rule] = field(default_factory=list)
    latency: float = 0.0
    jitter: float = 0.0
    hold: bool = False
    rate_limit_for: float = 0.0
    retry_after: float | str | None = None
    form: str = FORMS[0]
    form_status: int = 400
    form_message: str | None = None
    rejects: dict[str, str | None] = field(default_factory=dict)
    markers: list[str] = field(default_factory=list)
    no_images: str = ""
    no_images_status: int = 400
    no_system: Any = None
    no_system_status: int = 400
    models: list[str] | None = field(default_factory=lambda: ["simulated", "gpt-4o-mini"])
    preset: str = ""
    confidence: Certainty | None = None
    since: float = field(default_factory=time.monotonic)

    @property
    def limited_for(self) -> float:
        """Seconds for which every call is still refused with 429."""
        return max(0.0, self.since + self.rate_limit_for - time.monotonic())

    def watched(self) -> list[str]:
        """Texts to count the requests of."""
        return [*self.markers, *(rule.match for rule in self.rules if rule.match)]

    def knows(self, form: str) -> bool:
        return FORMS.index(form) >= FORMS.index(self.form)


def read_behaviour(data: Mapping[str, Any], default: Behaviour) -> Behaviour:
    """Return the behaviour a JSON object describes; what it does not name is as at the start."""
    known = {item.name for item in fields(Behaviour)} - {"since"}
    _require_known(data, known)
    values = {name: getattr(default, name) for name in known} | dict(data)
    values["rules"] = [_read_rule(rule) for rule in values["rules"]]
    if values["form"] not in FORMS:
        raise BadBehaviour(f"form must be one of {', '.join(FORMS)}")
    if values["preset"] and values["preset"] not in WAYS:
        raise BadBehaviour(f"preset must be one of {', '.join(WAYS)}")
    try:
        values["confidence"] = read_certainty(values["confidence"])
    except (TypeError, ValueError) as error:
        raise BadBehaviour(str(error)) from None
    return Behaviour(**values)


def _read_rule(data: Mapping[str, Any] | Rule) -> Rule:
    if isinstance(data, Rule):
        return data
    _require_known(data, {item.name for item in fields(Rule)} - {"used"})
    rule = Rule(**data)
    if rule.fault is not None and rule.fault not in FAULTS:
        raise BadBehaviour(f"fault must be one of {', '.join(sorted(FAULTS))}")
    if rule.form is not None and rule.form not in FORMS:
        raise BadBehaviour(f"form must be one of {', '.join(FORMS)}")
    return rule


def _require_known(data: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(data) - known)
    if unknown:
        raise BadBehaviour(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
