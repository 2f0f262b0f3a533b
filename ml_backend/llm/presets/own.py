"""Servers on machines of one's own: Ollama, vLLM, LM Studio, llama.cpp."""

from __future__ import annotations

from ml_backend.llm.presets.preset import Preset
from ml_backend.records.abilities import JSON_SCHEMA, TEXT

OLLAMA = Preset(
    "ollama",
    "Ollama",
    "http://localhost:11434/v1",
    "llama3.2",
    documentation="https://docs.ollama.com/openai",
    documented="2026-11-30",
    looked_up=(
        "the address",
        "names of a request's fields",
        "sizes of the context",
    ),
    needs_key=False,
    quirks=(
        "What is longer than its context is cut without a word, from the beginning: the context "
        "is 4,096 tokens with less than 24 GiB of VRAM, unless OLLAMA_CONTEXT_LENGTH, or num_ctx "
        "in a Modelfile, says otherwise.",
        "A model has to be pulled before it is asked.",
        "Tools and pictures are refused by models that know none.",
    ),
    owned_by="library",
    context_route="../api/ps",
)
VLLM = Preset(
    "vllm",
    "vLLM",
    "http://localhost:8000/v1",
    "Qwen/Qwen3-8B",
    documentation="https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
    documented="2026-11-30",
    looked_up=(
        "the address",
        "the key it is started with",
    ),
    needs_key=False,
    logprobs=True,
    quirks=(
        "Its list of models tells the context (max_model_len); what is longer is refused.",
        "A model whose template has no system role is asked without one.",
        "It wants a key only where it was started with one.",
    ),
    owned_by="vllm",
)
LM_STUDIO = Preset(
    "lmstudio",
    "LM Studio",
    "http://localhost:1234/v1",
    "qwen/qwen3-8b",
    documentation="https://lmstudio.ai/docs/developer/openai-compat",
    documented="2026-11-30",
    looked_up=(
        "the address",
        "JSON schemas",
        "refusals of JSON objects and tools, in reports of users",
    ),
    needs_key=False,
    forms=(JSON_SCHEMA, TEXT),
    logprobs=False,
    quirks=(
        "It takes a JSON schema or text: neither a JSON object nor a tool one insists on.",
        "A model has to be loaded, unless it is set to load models when they are asked for.",
        "It may answer HTTP 200 to an address that it does not have.",
    ),
    owned_by="organization_owner",
    context_route="../api/v0/models",
)
LLAMA_CPP = Preset(
    "llamacpp",
    "llama.cpp",
    "http://localhost:8080/v1",
    "default",
    documentation="https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
    documented="2026-11-30",
    looked_up=("its options: port, jinja, mmproj, key",),
    needs_key=False,
    logprobs=True,
    quirks=(
        "It answers 503 while it loads its model, which is waited for.",
        "The context may be divided among its slots (ctx-size by parallel); what is longer than "
        "one of them is refused.",
        "Newer ones listen at port 9931 unless they are told another.",
        "Older ones call tools with the option jinja alone; pictures need its option mmproj.",
        "It answers with the model it has, whatever name is asked for.",
    ),
    owned_by="llamacpp",
    context_route="../props",
)
OWN = (OLLAMA, VLLM, LM_STUDIO, LLAMA_CPP)
