"""Makes the second app of a process quickly: what is the same in both is compiled once.

Most tests of web/ make an app. Werkzeug compiles two functions for each of our 145 addresses: 25 ms
of the 60 an app takes, hundreds of times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


def remember() -> None:
    """Let all apps of this process share what is compiled; called once."""
    compiled: dict[tuple[object, ...], Callable[..., Any]] = {}
    compile_builder = Rule._compile_builder

    def shared(rule: Rule, append_unknown: bool = True) -> Callable[..., Any]:
        # Nothing else goes into the function, which takes the rule as its first argument.
        key = (
            rule.rule,
            rule.subdomain,
            rule.host,
            tuple(rule._trace),
            tuple((rule.defaults or {}).items()),
            append_unknown,
        )
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    Rule._compile_builder = shared  # type: ignore[method-assign]
