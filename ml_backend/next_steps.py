"""What to do next, as a value: every face has words of its own for it.

A step is written into a text as ``⟦resume_run {"run": 12}⟧``, so it survives wherever a message
goes: into an error's ``fix``, a run's stored message, a job's report. Faces say it by ``in_words``.

Messages quote tasks, answers, titles and what servers said, and any of these may look like a step.
So in memory a step bears the mark of its process, which nothing from outside can know; and what is
kept for other processes tells steps from brackets of others (``to_kept``, ``from_kept``).
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

Fact = int | str

_MARK = secrets.token_hex(8)
_STEP = r"([a-z_]+) (\{[^⟦⟧]*\})⟧"
_WRITTEN = re.compile(f"⟦{_MARK} {_STEP}")
_ANY_BRACKET = re.compile(f"⟦(?:({_MARK} )(?={_STEP}))?")
_OF_OTHERS = "\u2060"
"""Follows a bracket that begins no step, in a text that is kept; itself it is invisible."""
_KEPT_BRACKET = re.compile(f"⟦(?:({_OF_OTHERS})|(?={_STEP}))?")
_FACT = re.compile(r"\{(\w+)\}")


class Step(StrEnum):
    """A next step; calling one with its facts writes it into a text."""

    ADD_ENGINE = "add_engine"
    ADD_LOCAL_BY_COMMAND = "add_local_by_command"
    ADD_PRICE = "add_price"
    ADD_PRICE_OR_DROP_BUDGET = "add_price_or_drop_budget"
    ADD_PRICE_OR_LIFT_LIMIT = "add_price_or_lift_limit"
    ADD_SMALL_MODEL = "add_small_model"
    ALLOW_MORE_OR_MARK_MORE = "allow_more_or_mark_more"
    ANNOTATE_MORE_OR_ALL_TRUTH = "annotate_more_or_all_truth"
    ASK_ALL_AGAIN = "ask_all_again"
    ASK_ONCE = "ask_once"
    ASK_THE_REST = "ask_the_rest"
    ASSOCIATE_PROMPT = "associate_prompt"
    BUILD_PAGES = "build_pages"
    CANCEL_RACE = "cancel_race"
    CANCEL_RUNS = "cancel_runs"
    COMPARE_COMMON = "compare_common"
    CONFIRM_PROJECT = "confirm_project"
    CONNECT_AGAIN = "connect_again"
    CONNECT_PROJECT = "connect_project"
    CREATE_PROMPT = "create_prompt"
    CREATE_PROMPT_FOR = "create_prompt_for"
    CREATE_VERSION = "create_version"
    DELETE_LEFTOVERS = "delete_leftovers"
    DELETE_VERSION = "delete_version"
    DRAW_AGAIN = "draw_again"
    DRAW_PROMISE = "draw_promise"
    END_PROMISE = "end_promise"
    EVALUATE_VERSION = "evaluate_version"
    GIVE_ADDRESS = "give_address"
    GET_CONFIDENCE = "get_confidence"
    GIVE_ERROR_OR_SCORE = "give_error_or_score"
    GIVE_FIELD = "give_field"
    GIVE_PROXY_PASSWORD = "give_proxy_password"  # noqa: S105  # nosec B105  # the name of a step
    GIVE_KEY_AGAIN = "give_key_again"
    GIVE_TOKEN_AGAIN = "give_token_again"  # noqa: S105  # nosec B105  # the name of a step
    LEAVE_FILTER = "leave_filter"
    LIST_CONNECTIONS = "list_connections"
    LIST_FAILURES = "list_failures"
    LIST_PROMPTS = "list_prompts"
    LIST_RUNS = "list_runs"
    MEASURE_ON_ANNOTATIONS = "measure_on_annotations"
    NAME_MODEL = "name_model"
    NAME_MODEL_FILE = "name_model_file"
    NAME_ONE_KIND_OF_TASKS = "name_one_kind_of_tasks"
    NAME_ONE_VERSION = "name_one_version"
    NAME_PREDICTIONS_TO_DELETE = "name_predictions_to_delete"
    NAME_PREDICTIONS_TO_PROMOTE = "name_predictions_to_promote"
    NAME_TASKS = "name_tasks"
    NAME_TASKS_TO_MARK = "name_tasks_to_mark"
    NAME_TASKS_TO_PROMOTE = "name_tasks_to_promote"
    NEW_RUN = "new_run"
    PREDICT_FIRST = "predict_first"
    RAISE_CONNECTION_BUDGET = "raise_connection_budget"
    RESUME_RUN = "resume_run"
    ROTATE_KEYS = "rotate_keys"
    SAY_ALL_TASKS = "say_all_tasks"
    SELECT_UNVERSIONED = "select_unversioned"
    SHOW_RUN = "show_run"
    START_REVIEW = "start_review"
    START_SERVER = "start_server"
    STOP_REVIEW = "stop_review"
    SWITCH_LABEL_STREAM = "switch_label_stream"
    TAKE_BACK_FOLLOWED = "take_back_followed"
    TRUST_CERTIFICATE = "trust_certificate"
    USE_CUSTOM_SUBSET = "use_custom_subset"
    WAIT_OR_RAISE_CALLS = "wait_or_raise_calls"

    def __call__(self, **facts: Fact) -> str:
        """Return the step as it stands in a text; raises TypeError for facts it does not have."""
        if set(facts) != set(FACTS.get(self, ())):
            raise TypeError(f"{self.value} has the facts {FACTS.get(self, ())}, not {facts}")
        return f"⟦{_MARK} {self.value} {json.dumps(facts)}⟧"


FACTS: Mapping[Step, tuple[str, ...]] = {
    Step.ADD_PRICE: ("model",),
    Step.ASSOCIATE_PROMPT: ("project",),
    Step.CANCEL_RACE: ("prompt",),
    Step.CANCEL_RUNS: ("runs",),
    Step.CONNECT_AGAIN: ("project",),
    Step.CONFIRM_PROJECT: ("prompt", "project"),
    Step.CREATE_PROMPT_FOR: ("project",),
    Step.CREATE_VERSION: ("prompt",),
    Step.DRAW_PROMISE: ("project",),
    Step.END_PROMISE: ("promise",),
    Step.GIVE_FIELD: ("field", "label", "option"),
    Step.GIVE_KEY_AGAIN: ("connection",),
    Step.GIVE_TOKEN_AGAIN: ("connection",),
    Step.LIST_FAILURES: ("run",),
    Step.PREDICT_FIRST: ("prompt",),
    Step.RESUME_RUN: ("run",),
    Step.SHOW_RUN: ("run",),
    Step.START_REVIEW: ("prompt",),
    Step.STOP_REVIEW: ("prompt",),
    Step.TAKE_BACK_FOLLOWED: ("prompt", "project"),
}
"""What a step must be told, where that is anything; ``runs`` are numbers with commas."""

Words = Mapping[Step, str]
"""A face's words: step -> a sentence or more, with ``{fact}`` where a fact goes."""


def in_words(text: str, words: Words) -> str:
    """Return a text with each step in it said in a face's words.

    What only looks like a step, in an answer of a model for instance, stays as it is. The text
    must come from this process or by ``from_kept``.
    """
    return _WRITTEN.sub(lambda found: _say(found, words), text) if "⟦" in text else text


def in_words_throughout(document: Any, words: Words) -> Any:
    """Return a JSON document with the steps in all of its texts said in a face's words."""
    return throughout(document, lambda text: in_words(text, words))


def to_kept(text: str) -> str:
    """Return a text as other processes may read it: steps without the mark of this one."""
    if "⟦" not in text:
        return text
    return _ANY_BRACKET.sub(lambda found: "⟦" if found.group(1) else f"⟦{_OF_OTHERS}", text)


def from_kept(text: str) -> str:
    """Return what ``to_kept`` was given, its steps with the mark of this process."""
    return _KEPT_BRACKET.sub(_read_bracket, text) if "⟦" in text else text


def _read_bracket(found: re.Match[str]) -> str:
    if found.group(1) is not None:
        return "⟦"
    return f"⟦{_MARK} " if found.group(2) is not None else "⟦"


def throughout(document: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON document with each of its texts changed, those of its keys left alone."""
    if isinstance(document, str):
        return change(document)
    if isinstance(document, Mapping):
        return {key: throughout(value, change) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [throughout(value, change) for value in document]
    return document


def _say(found: re.Match[str], words: Words) -> str:
    try:
        step = Step(found.group(1))
        facts = json.loads(found.group(2))
    except ValueError:
        return found.group()
    if set(facts) != set(FACTS.get(step, ())):
        return found.group()
    return _FACT.sub(lambda name: str(facts[name.group(1)]), words[step])
