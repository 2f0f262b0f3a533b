"""One word of a model: where nothing lists models it shows that one answers, and is paid for."""

from __future__ import annotations

from ml_backend.llm.model import NO_MODEL, Payer
from ml_backend.llm.reading.usage import UNKNOWN, read_usage
from ml_backend.llm.refusals.judging import Cure
from ml_backend.llm.token_limit import refuses_limit
from ml_backend.llm.wire import AnswerRefused, CallFailed, Calls
from ml_backend.records import FailureKind, JsonObject, Usage

MOST_TOKENS = 2048
"""Of the answer: a model that thinks needs some to come to an end."""
MESSAGES: list[JsonObject] = [{"role": "user", "content": "Answer with the word: ok"}]


async def ask_for_a_word(
    wire: Calls, own: str, limit_name: str, timeout: float, payer: Payer
) -> None:
    """Prove that there is a chat completion, be it by a refusal of the model's name.

    ``own`` is the model that is asked, "" for none; raises ``CallFailed``, and ``BudgetReached``
    where it may not be paid for.
    """
    body: JsonObject = {"model": own or NO_MODEL, "messages": MESSAGES}

    async def ask() -> Usage:
        try:
            answer, _ = await wire.chat({**body, limit_name: MOST_TOKENS}, timeout)
        except AnswerRefused:
            return UNKNOWN  # it was made, and the refusal does not say what it took
        except CallFailed as failed:
            trouble = failed.trouble
            if trouble.cure is not Cure.MEND and not refuses_limit(trouble):
                raise
            answer, _ = await wire.chat(body, timeout)
        return read_usage(answer, MESSAGES, None)

    try:
        await payer.pay(body["model"], MESSAGES, MOST_TOKENS, ask)
    except CallFailed as failed:
        if own or failed.trouble.kind is not FailureKind.MODEL_NOT_FOUND:
            raise
