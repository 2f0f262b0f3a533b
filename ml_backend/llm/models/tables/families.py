"""What families of models take and tell, as their vendors document it; each list with its pages.

A line is a family, then what it has (+) and has not (-); what it leaves out nobody knows. A model
belongs to the longest family that its name begins with, up to a hyphen, a colon or an @; "*" is
every model of a vendor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml_backend.llm.models.vendors import (
    ANTHROPIC,
    AZURE,
    DEEPSEEK,
    GOOGLE,
    GROQ,
    MISTRAL,
    OPENAI,
    VERTEX,
)


@dataclass(frozen=True, slots=True)
class Families:
    """What pages told as of an ISO date."""

    source: str
    dated: str
    lines: str


_GPT = """
gpt-3.5-turbo        -images -pdfs -reasoning +logprobs
gpt-4                -images -pdfs -reasoning +logprobs
gpt-4-turbo          +images -reasoning +logprobs
gpt-4o               +images +pdfs -reasoning +logprobs json_schema
gpt-4o-2024-05-13    +images -reasoning +logprobs
gpt-4o-audio         -images -reasoning
gpt-4o-mini-audio    -images -reasoning
gpt-4o-realtime
gpt-4o-mini-realtime
gpt-4o-transcribe
gpt-4o-mini-transcribe
gpt-4o-mini-tts
gpt-4.1              +images +pdfs -reasoning +logprobs json_schema
o1                   +images +pdfs +reasoning -logprobs json_schema
o1-mini              -images -pdfs +reasoning -logprobs
o1-preview           -images -pdfs +reasoning -logprobs
o3                   +images +pdfs +reasoning -logprobs json_schema
o3-mini              -images -pdfs +reasoning -logprobs json_schema
o4-mini              +images +pdfs +reasoning -logprobs json_schema
gpt-5                +images +pdfs +reasoning -logprobs json_schema
gpt-5-chat           +images +pdfs -reasoning
gpt-5-image
gpt-5.1              +images +pdfs +reasoning json_schema
gpt-5.1-chat         +images +pdfs
gpt-5.2              +images +pdfs +reasoning json_schema
gpt-5.2-chat         +images +pdfs
gpt-5.4              +images +pdfs +reasoning json_schema
gpt-5.5              +images +pdfs +reasoning json_schema
gpt-5.6              +images +pdfs +reasoning json_schema
gpt-6                +images +pdfs +reasoning json_schema
gpt-6.1              +images +pdfs +reasoning json_schema
gpt-oss              -images -pdfs +reasoning
"""

_CLAUDE = """
*                    -logprobs
claude-2             -images -pdfs -reasoning
claude-3             +images -reasoning
claude-3-5           +images +pdfs -reasoning
claude-3-7           +images +pdfs +reasoning
claude-opus-4        +images +pdfs +reasoning
claude-sonnet-4      +images +pdfs +reasoning
claude-haiku-4       +images +pdfs +reasoning
claude-opus-5        +images +pdfs +reasoning
claude-sonnet-5      +images +pdfs +reasoning
claude-haiku-5       +images +pdfs +reasoning
claude-fable-5       +images +pdfs +reasoning
claude-mythos-5      +images +pdfs +reasoning
"""

_GEMINI = """
gemini-1.5-flash     +images +pdfs -reasoning json_schema
gemini-1.5-pro       +images +pdfs -reasoning json_schema
gemini-2.0-flash     +images +pdfs -reasoning json_schema
gemini-2.5-pro       +images +pdfs +reasoning json_schema
gemini-2.5-pro-preview-tts
gemini-2.5-pro-tts
gemini-2.5-flash     +images +pdfs +reasoning json_schema
gemini-2.5-flash-image +images
gemini-2.5-flash-preview-tts
gemini-2.5-flash-tts
gemini-2.5-flash-lite-preview-tts
gemini-3-flash       +images +pdfs +reasoning json_schema
gemini-3-pro         +images +pdfs +reasoning json_schema
gemini-3-pro-image   +images
gemini-3.1-pro       +images +pdfs +reasoning json_schema
gemini-3.1-flash-lite +images +pdfs +reasoning json_schema
gemini-3.1-flash-lite-image +images
gemini-3.5-flash     +images +pdfs +reasoning json_schema
gemini-3.6-flash     +images +pdfs +reasoning json_schema
gemini-3.7-flash     +images +pdfs +reasoning json_schema
gemini-3.8-flash     +images +pdfs +reasoning json_schema
gemini-3.8-flash-tts
gemini-3.8-flash-lite-tts
"""

FAMILIES: Mapping[str, tuple[Families, ...]] = {
    OPENAI: (Families("https://developers.openai.com/api/docs/models", "2026-11-30", _GPT),),
    AZURE: (Families("https://developers.openai.com/api/docs/models", "2026-11-30", _GPT),),
    ANTHROPIC: (
        Families("https://platform.claude.com/docs/en/models/overview", "2026-11-30", _CLAUDE),
    ),
    GOOGLE: (Families("https://ai.google.dev/gemini-api/docs/models", "2026-11-30", _GEMINI),),
    VERTEX: (
        Families("https://ai.google.dev/gemini-api/docs/models", "2026-11-30", _GEMINI),
        Families("https://platform.claude.com/docs/en/models/overview", "2026-11-30", _CLAUDE),
    ),
    GROQ: (
        Families(
            "https://console.groq.com/docs/openai",
            "2026-11-30",
            """
            *                          -logprobs
            openai/gpt-oss             -images -pdfs +reasoning json_schema
            llama-3.1                  -images -pdfs -reasoning
            llama-3.3                  -images -pdfs -reasoning
            qwen/qwen3                 -images -pdfs +reasoning
            meta-llama/llama-4-scout    +images -reasoning
            meta-llama/llama-4-maverick +images -reasoning
            """,
        ),
    ),
    MISTRAL: (
        Families(
            "https://docs.mistral.ai/models/overview",
            "2026-08-28",
            """
            mistral-large-2411         -images -reasoning
            mistral-large-2512         +images -reasoning
            mistral-medium-2505        +images -reasoning
            mistral-medium-2508        +images -reasoning
            mistral-medium-2604        +images +reasoning
            mistral-medium-3-5         +images +reasoning
            mistral-small-2503         +images -reasoning
            mistral-small-2506         +images -reasoning
            mistral-small-2603         +images +reasoning
            magistral-small            +reasoning
            magistral-medium           +reasoning
            pixtral                    +images -reasoning
            """,
        ),
    ),
    DEEPSEEK: (
        Families(
            "https://api-docs.deepseek.com/quick_start/pricing",
            "2026-11-30",
            """
            deepseek-chat              -images -pdfs -reasoning +logprobs
            deepseek-reasoner          -images -pdfs +reasoning -logprobs
            deepseek-flash             +images -pdfs +reasoning
            deepseek-v4-flash          +images -pdfs +reasoning
            deepseek-v4-pro            -pdfs +reasoning
            """,
        ),
    ),
}
"""Vendor -> what its pages tell. Of a name at Azure it is that of the model it is called after."""
