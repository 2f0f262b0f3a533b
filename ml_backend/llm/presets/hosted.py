"""Servers one has an account with: Groq, Mistral, DeepSeek, OpenRouter and others."""

from __future__ import annotations

from ml_backend.llm.presets.preset import Preset
from ml_backend.records.abilities import JSON_OBJECT, TEXT, TOOL

GROQ = Preset(
    "groq",
    "Groq",
    "https://api.groq.com/openai/v1",
    "openai/gpt-oss-20b",
    documentation="https://console.groq.com/docs/openai",
    documented="2026-11-30",
    looked_up=(
        "the address",
        "fields it refuses",
        "JSON schemas by model",
        "the refusal of pictures, in reports of users",
    ),
    keys="https://console.groq.com/keys",
    logprobs=False,
    quirks=(
        "Only some models take a JSON schema; the others are asked by a tool.",
        "It refuses an answer of its own model that is no valid JSON (json_validate_failed); "
        "what the model said is read all the same.",
        "It takes no logprobs.",
        "Its limits are requests a day and tokens a minute; what alone exceeds the tokens of a "
        "minute is refused for its size.",
    ),
    price_table="groq",
)
MISTRAL = Preset(
    "mistral",
    "Mistral",
    "https://api.mistral.ai/v1",
    "mistral-small-latest",
    documentation="https://docs.mistral.ai/api",
    documented="2026-11-30",
    looked_up=(
        "names of a request's fields, by its own Python client",
        "thinking",
        "refusals of fields and of a full tier, in reports of users",
    ),
    keys="https://console.mistral.ai/api-keys",
    logprobs=False,
    quirks=(
        "It refuses every parameter it does not know with HTTP 422, such as seed (its own is "
        "random_seed), logprobs and max_completion_tokens.",
        "A full service tier is refused with 429 and passes.",
    ),
    price_table="mistral",
)
DEEPSEEK = Preset(
    "deepseek",
    "DeepSeek",
    "https://api.deepseek.com/v1",
    "deepseek-flash",
    documentation="https://api-docs.deepseek.com",
    documented="2026-11-30",
    looked_up=(
        "the address",
        "models",
        "thinking",
        "JSON objects and tools",
        "status codes of errors",
        "refusals of JSON schemas and tools, in reports of users",
    ),
    keys="https://platform.deepseek.com/api_keys",
    forms=(TOOL, JSON_OBJECT, TEXT),
    quirks=(
        "It takes no JSON schema.",
        "A JSON object is answered where the prompt has the word JSON, which ours has.",
        "Its models think unless thinking is disabled, and may not be made to call a tool while "
        "they do: they are asked for a JSON object.",
        "Pictures are read by deepseek-flash alone.",
        "While it is busy it sends empty lines before its answer instead of refusing.",
    ),
    price_table="deepseek",
)
OPENROUTER = Preset(
    "openrouter",
    "OpenRouter",
    "https://openrouter.ai/api/v1",
    "openai/gpt-6-luna",
    documentation="https://openrouter.ai/docs/api-reference/overview",
    documented="2026-11-30",
    looked_up=(
        "JSON schemas",
        "errors and their shape",
    ),
    keys="https://openrouter.ai/keys",
    quirks=(
        "An upstream's error may come with HTTP 200, in the answer or in its choice.",
        "Models that end in :free have a limit a minute and one a day: the first is waited for, "
        "the second ends a run.",
        "What a model takes depends on the upstream that it is sent to.",
    ),
    price_table="openrouter",
)
TOGETHER = Preset(
    "together",
    "Together AI",
    "https://api.together.ai/v1",
    "openai/gpt-oss-20b",
    documentation="https://docs.together.ai/reference/chat-completions-1",
    documented="2026-11-30",
    looked_up=(
        "the address",
        "the example",
    ),
    keys="https://api.together.ai/settings/api-keys",
    logprobs=False,
    quirks=(
        "Its log-probabilities have a shape of their own and are not read.",
        "Its list of models is a bare list, of models for pictures and speech too.",
        "Its limits are told a second.",
    ),
    price_table="together",
    older_hosts=("api.together.xyz",),
)
XAI = Preset(
    "xai",
    "xAI",
    "https://api.x.ai/v1",
    "grok-4.3",
    documentation="https://docs.x.ai/docs/api-reference",
    documented="2026-11-30",
    looked_up=(
        "models that were retired",
        "JSON schemas",
        "status codes of errors",
        "refusals of parameters, in reports of users",
    ),
    keys="https://console.x.ai",
    quirks=(
        "A wrong key is refused with 400, an account without credits with 403.",
        "Its models take no penalties, and those that think no stop.",
    ),
    price_table="x-ai",
)
FIREWORKS = Preset(
    "fireworks",
    "Fireworks AI",
    "https://api.fireworks.ai/inference/v1",
    "accounts/fireworks/models/gpt-oss-20b",
    documentation="https://docs.fireworks.ai/api-reference/post-chatcompletions",
    documented="2026-11-30",
    looked_up=("status codes of errors",),
    keys="https://app.fireworks.ai/settings/users/api-keys",
    quirks=(
        "Models are named by their whole path.",
        "An account over its monthly limit is suspended: HTTP 412.",
    ),
    price_table="fireworks",
)
HOSTED = (GROQ, MISTRAL, DEEPSEEK, OPENROUTER, TOGETHER, XAI, FIREWORKS)
