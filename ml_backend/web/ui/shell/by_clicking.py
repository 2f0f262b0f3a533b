"""What services advise people who type commands, said to those who click."""

from __future__ import annotations

import re

_CANCEL = r"`ls-prompts runs cancel \d+`"
SAYINGS = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"`ls-prompts runs resume \d+`", "press Resume"),
        (
            r"`ls-prompts runs failures \d+` lists the reasons",
            "Results, filtered by Has error, lists the reasons",
        ),
        (rf": {_CANCEL}(; {_CANCEL})*", " on its prompt's page"),
        (r" \(`ls-prompts runs cancel`\)", ""),
        (
            r"See `ls-prompts runs show \d+`, then repeat the command",
            "See it in History, then try again",
        ),
        (r" ?`ls-prompts \w+ list` shows them[^.]*\.", ""),
        (r"`ls-prompts (prompts|versions) create[^`]*`", "the button is under Prompts"),
        (r"with `ls-prompts connections budget`", "under Connections"),
        (r" \(connections add --price\)", " under Connections"),
        (r" \(connections budget --unlimited\)", " there"),
        (r"or leave --budget", "or leave Stop at empty"),
        (
            r"Start a run with --only-missing and another --budget for the rest",
            "Start another run, with more at Stop at, for the rest",
        ),
        (
            r"Start a new run, with --only-missing to ask just what is missing",
            "Start a new run: the same question is never paid for twice",
        ),
        (
            r"Run without --only-missing to",
            "Leave “Only tasks without a prediction” unticked to",
        ),
        (r"run with --activate to switch", "the project's settings in Label Studio switch it"),
        (
            r"Name them with --tasks 1,2,3 or with --filter JSON",
            "Write their ids, or choose a tab of the Data Manager",
        ),
        (r"Leave --samples out", "Ask for one answer a task"),
        (r"Name one with --model", "Name one"),
        (r"with --url; `ls-prompts doctor` says more", "here; Health says more"),
        (r"the address: --url ", "the address: "),
        (r"`ls-prompts connect --project P`", "connect one on this page"),
        (r"`ls-prompts predictions delete [^`]*`", "Delete Predictions, under Predictions"),
    )
)


def by_clicking(text: str) -> str:
    """Return an error's text or a run's message with buttons and fields in place of commands."""
    if "ls-prompts" in text or "--" in text:
        for pattern, said in SAYINGS:
            text = pattern.sub(said, text)
    return text
