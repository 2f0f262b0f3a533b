"""Real grammar engines: whether they take a schema, and which answers they let a model give."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import llguidance
from outlines_core import Guide, Index, Vocabulary
from outlines_core.json_schema import build_regex_from_schema

_END = 256
"""The token behind those of the 256 bytes."""


class _Bytes:
    """A tokenizer whose tokens are the bytes."""

    eos_token_id = _END
    bos_token_id = None
    tokens = (*(bytes([n]) for n in range(256)), b"<end>")
    special_token_ids = (_END,)

    def __call__(self, text: bytes | str) -> list[int]:
        return list(text.encode() if isinstance(text, str) else text)


@cache
def _llguidance_tokenizer() -> llguidance.LLTokenizer:
    return llguidance.LLTokenizer(llguidance.TokenizerWrapper(_Bytes()))


class Llguidance:
    """The engine of vLLM, SGLang, llama.cpp and others."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """Raise ValueError when it refuses the schema."""
        self._grammar = llguidance.LLMatcher.grammar_from_json_schema(schema)
        problem = llguidance.LLMatcher.validate_grammar(self._grammar, _llguidance_tokenizer())
        if problem:
            raise ValueError(problem)

    def takes(self, answer: Any) -> bool:
        matcher = llguidance.LLMatcher(_llguidance_tokenizer(), self._grammar)
        tokens = list(json.dumps(answer, ensure_ascii=False).encode())
        return bool(matcher.consume_tokens(tokens)) and bool(matcher.is_accepting())


class Outlines:
    """The engine of Outlines and Text Generation Inference: the schema becomes an automaton."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """Raise ValueError when it refuses the schema."""
        vocabulary = Vocabulary(_END, {bytes([n]): [n] for n in range(256)})
        self._index = Index(build_regex_from_schema(json.dumps(schema)), vocabulary)

    def takes(self, answer: Any) -> bool:
        guide = Guide(self._index)
        for token in json.dumps(answer, ensure_ascii=False).encode():
            if token not in guide.get_tokens():
                return False
            guide.advance(token)
        return bool(guide.is_finished() or _END in guide.get_tokens())
