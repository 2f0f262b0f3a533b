"""Makes the second app of a process quickly: what is the same in both is worked out once.

Most tests of web/ make an app. Werkzeug reads each of our 170 addresses and compiles two functions
for it: most of the 60 ms an app takes, hundreds of times.
"""

from __future__ import annotations

from typing import Any

from werkzeug.routing import Rule

WORKED_OUT = ("_parts", "_trace", "_converters", "arguments")
"""What compiling a rule leaves in it, beside the functions; nothing changes it afterwards."""


def remember() -> None:
    """Let all apps of this process share what is compiled; called once."""
    known: dict[tuple[object, ...], tuple[dict[str, Any], tuple[Any, Any]]] = {}
    compile_rule = Rule.compile

    def shared(rule: Rule) -> None:
        assert rule.map is not None
        # Nothing else goes into what is compiled.
        key = (
            rule.rule,
            rule.subdomain,
            rule.host,
            rule.merge_slashes,
            rule.map.host_matching,
            tuple(rule.map.converters.items()),
            tuple((rule.defaults or {}).items()),
        )
        if key not in known:
            compile_rule(rule)
            functions = (rule._build.__func__, rule._build_unknown.__func__)  # type: ignore[attr-defined]
            known[key] = {name: getattr(rule, name) for name in WORKED_OUT}, functions
            return
        state, (build, build_unknown) = known[key]
        for name, value in state.items():
            setattr(rule, name, value)
        rule._build = build.__get__(rule, None)
        rule._build_unknown = build_unknown.__get__(rule, None)

    Rule.compile = shared  # type: ignore[method-assign]
