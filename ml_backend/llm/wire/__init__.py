"""Calls to model providers over HTTP, each of them a chat completion or the trouble it ran into.

calls.py     one call at a time, bounded      place.py     address, key and headers
dialects.py  APIs that say it otherwise       troubles.py  what came back instead of an answer
entra.py     what opens Azure
"""

from ml_backend.llm.wire.calls import Calls, Wire
from ml_backend.llm.wire.dialects import CHAT, MODELS, ChatCompletions, Dialect
from ml_backend.llm.wire.place import Place, http_client
from ml_backend.llm.wire.troubles import AnswerRefused, CallFailed, Received

__all__ = [
    "CHAT",
    "MODELS",
    "AnswerRefused",
    "CallFailed",
    "Calls",
    "ChatCompletions",
    "Dialect",
    "Place",
    "Received",
    "Wire",
    "http_client",
]
