"""When vendors switch models off, and what they name instead; each list with its page and date.

Only what a vendor announced stands here: "not sooner than" is no date. A model that is not listed
may be retired all the same, so nothing is told of it. Fine-tuned models follow their base.
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
class Retirements:
    """What one page announced as of an ISO date: lines of day, models, and what replaces them."""

    source: str
    dated: str
    lines: str


RETIREMENTS: Mapping[str, Retirements] = {
    OPENAI: Retirements(
        "https://developers.openai.com/api/docs/deprecations",
        "2026-11-22",
        """
        2025-10-27 o1-mini o1-mini-2024-09-12
        2026-02-17 chatgpt-4o-latest
        2026-07-23 gpt-5-chat-latest gpt-5.1-chat-latest
        2026-08-10 gpt-5.2-chat-latest gpt-5.3-chat-latest
        2026-09-28 gpt-3.5-turbo-instruct gpt-3.5-turbo-1106 > gpt-5.6-terra
        2026-10-23 gpt-3.5-turbo gpt-3.5-turbo-0125 > gpt-5.6-terra
        2026-10-23 gpt-4 gpt-4-0613 gpt-4-1106-preview > gpt-5.6-sol
        2026-10-23 gpt-4-turbo gpt-4-turbo-2024-04-09 gpt-4o-2024-05-13 > gpt-5.6-sol
        2026-10-23 o1 o1-2024-12-17 o1-pro o1-pro-2025-03-19 > gpt-5.6-sol
        2026-10-23 o3-mini o3-mini-2025-01-31 > gpt-5.6-sol
        2026-10-23 o4-mini o4-mini-2025-04-16 > gpt-5.6-terra
        2026-10-23 gpt-4.1-nano gpt-4.1-nano-2025-04-14 > gpt-5.6-luna
        2026-12-11 gpt-5 gpt-5-2025-08-07 gpt-5-pro gpt-5-pro-2025-10-06 > gpt-6.1-sol
        2026-12-11 o3 o3-2025-04-16 o3-pro o3-pro-2025-06-10 > gpt-6.1-sol
        2026-12-11 gpt-5-mini gpt-5-mini-2025-08-07 > gpt-6.1-terra
        2026-12-11 gpt-5-nano gpt-5-nano-2025-08-07 > gpt-6-luna
        2027-01-14 gpt-4o gpt-4o-2024-08-06 gpt-4o-2024-11-20 > gpt-6-luna
        2027-01-14 gpt-4o-mini gpt-4o-mini-2024-07-18 > gpt-6-luna
        2027-01-14 gpt-4.1 gpt-4.1-2025-04-14 gpt-4.1-mini gpt-4.1-mini-2025-04-14 > gpt-6-luna
        2027-04-01 gpt-5.1 gpt-5.1-2025-11-13 > gpt-6-sol
        2027-04-01 gpt-5.4-nano gpt-5.4-nano-2026-03-17 > gpt-6-luna
        """,
    ),
    AZURE: Retirements(
        "https://learn.microsoft.com/azure/foundry/openai/concepts/model-retirement-schedule",
        "2026-07-07",
        """
        2026-09-16 o1
        2026-09-18 o1-pro
        2026-10-01 gpt-4o > gpt-5.1
        2026-10-01 gpt-4o-mini > gpt-4.1-mini
        2026-10-01 o3-mini > o4-mini
        2026-10-14 gpt-4.1 gpt-4.1-mini gpt-4.1-nano
        2026-10-16 o3 o4-mini
        2026-06-29 gpt-5-chat gpt-5.1-chat gpt-5.2-chat gpt-5.3-chat > gpt-chat-latest
        2026-11-05 gpt-chat-latest
        2026-12-10 o3-pro
        2026-12-12 gpt-5.2
        2027-02-06 gpt-5 gpt-5-mini gpt-5-nano
        2027-03-05 gpt-5.4
        2027-03-06 gpt-5.4-pro
        2027-03-18 gpt-5.4-mini gpt-5.4-nano
        2027-04-07 gpt-5-pro
        2027-04-23 gpt-5.5
        2027-05-15 gpt-5.1
        2026-07-13 deepseek-v3-0324 deepseek-v3.1 > deepseek-v4-flash
        2026-07-13 deepseek-r1-0528 > deepseek-v4-pro
        2026-08-13 deepseek-r1 > deepseek-v4-pro
        2026-05-01 grok-3 > grok-4
        2027-01-26 kimi-k2.5
        2027-04-16 kimi-k2.6
        2026-08-05 claude-opus-4-1 > claude-opus-4-8
        """,
    ),
    ANTHROPIC: Retirements(
        "https://platform.claude.com/docs/en/about-claude/model-deprecations",
        "2026-11-26",
        """
        2025-07-21 claude-2.0 claude-2.1 claude-3-sonnet-20240229
        2025-10-28 claude-3-5-sonnet-20240620 claude-3-5-sonnet-20241022
        2026-01-05 claude-3-opus-20240229
        2026-02-19 claude-3-7-sonnet-20250219 claude-3-5-haiku-20241022
        2026-04-20 claude-3-haiku-20240307
        2026-06-15 claude-sonnet-4-20250514 claude-sonnet-4-0 > claude-sonnet-4-6
        2026-06-15 claude-opus-4-20250514 claude-opus-4-0 > claude-opus-4-8
        2026-08-05 claude-opus-4-1-20250805 claude-opus-4-1 > claude-opus-4-8
        2026-11-30 claude-sonnet-4-5-20250929 claude-sonnet-4-5
        2027-01-22 claude-opus-4-5-20251101 claude-opus-4-5 > claude-opus-5-5
        """,
    ),
    GOOGLE: Retirements(
        "https://ai.google.dev/gemini-api/docs/deprecations",
        "2026-11-22",
        """
        2026-03-09 gemini-3-pro-preview > gemini-3.1-pro-preview
        2026-03-31 gemini-2.5-flash-lite-preview-09-2025
        2026-05-25 gemini-3.1-flash-lite-preview > gemini-3.1-flash-lite
        2026-06-01 gemini-2.0-flash gemini-2.0-flash-001 > gemini-3.6-flash
        2026-06-01 gemini-2.0-flash-lite gemini-2.0-flash-lite-001 > gemini-3.1-flash-lite
        2026-12-01 gemini-2.5-pro > gemini-3.8-flash
        2026-12-01 gemini-2.5-flash > gemini-3.5-flash-lite
        2027-05-07 gemini-3.1-flash-lite > gemini-3.5-flash-lite
        """,
    ),
    VERTEX: Retirements(
        "https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/model-versions",
        "2026-11-26",
        """
        2026-06-01 gemini-2.0-flash gemini-2.0-flash-001 > gemini-3.1-flash-lite
        2026-06-01 gemini-2.0-flash-lite gemini-2.0-flash-lite-001 > gemini-3.1-flash-lite
        2026-10-20 gemini-2.5-pro > gemini-3.8-flash
        2026-10-20 gemini-2.5-flash gemini-2.5-flash-lite > gemini-3.8-flash
        2027-01-22 claude-opus-4-5 claude-opus-4-5@20251101
        2027-01-28 gemini-3.6-flash > gemini-4-hydrogen
        """,
    ),
    GROQ: Retirements(
        "https://console.groq.com/docs/deprecations",
        "2026-09-05",
        """
        2025-03-20 mixtral-8x7b-32768
        2026-03-09 meta-llama/llama-4-maverick-17b-128e-instruct
        2026-07-17 qwen/qwen3-32b meta-llama/llama-4-scout-17b-16e-instruct > openai/gpt-oss-120b
        2026-08-16 llama-3.3-70b-versatile > openai/gpt-oss-120b
        2026-08-16 llama-3.1-8b-instant
        """,
    ),
    MISTRAL: Retirements(
        "https://docs.mistral.ai/models/overview",
        "2026-06-28",
        """
        2025-11-30 magistral-small-2506 magistral-small-2507 magistral-medium-2506
        2025-11-30 magistral-medium-2507 devstral-small-2505 codestral-2501
        2025-12-31 pixtral-12b-2409
        2026-05-31 pixtral-large-2411 > mistral-medium-3-5
        2026-07-31 devstral-2512 magistral-medium-2509 > mistral-medium-3-5
        2026-07-31 open-mistral-nemo-2407 open-mistral-nemo > ministral-8b-2512
        2026-08-31 mistral-medium-2505 mistral-medium-2508 > mistral-medium-3-5
        """,
    ),
    DEEPSEEK: Retirements(
        "https://api-docs.deepseek.com/quick_start/pricing",
        "2026-11-30",
        """
        2026-07-24 deepseek-chat deepseek-reasoner > deepseek-flash
        """,
    ),
}
"""Vendor -> what its page announces. Azure's models are told by their name, whatever version a
deployment has: the day is that of the version that lives longest."""
