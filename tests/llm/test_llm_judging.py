from __future__ import annotations

import pytest

from ml_backend.llm.refusals.judging import Cure, judge, read_refusal
from ml_backend.records import FailureKind
from support.tables import each_row

TOO_LONG = (Cure.FAIL, FailureKind.TOO_LONG)
NO_MODEL = (Cure.STOP, FailureKind.MODEL_NOT_FOUND)
NO_KEY = (Cure.STOP, FailureKind.AUTHENTICATION)
NO_MONEY = (Cure.STOP, FailureKind.QUOTA)
REFUSED = (Cure.FAIL, FailureKind.REFUSED)
FORM = (Cure.LOWER_FORM, FailureKind.BAD_REQUEST)
BUSY = (Cure.RETRY, FailureKind.SERVER_ERROR)
LIMIT = (Cure.WAIT, FailureKind.RATE_LIMIT)
BAD = (Cure.FAIL, FailureKind.BAD_REQUEST)
BLIND = (Cure.STOP, FailureKind.BAD_REQUEST)
SENT = ("model", "messages", "temperature", "max_tokens", "presence_penalty", "response_format")


def judged(status, body, headers=None):
    return judge(read_refusal(status, body), headers or {}, SENT)


@each_row(
    ("status", "body", "expected"),
    [
        (400, {"error": {"message": "This model's maximum context length is 8192 tokens.",
                         "code": "context_length_exceeded"}}, TOO_LONG),
        (400, {"object": "error", "message": "The decoder prompt (length 9) is longer than the "
               "maximum model length of 4.", "code": 400}, TOO_LONG),
        (400, {"error": {"message": "You passed 1015 input tokens and requested 10 output tokens. "
                         "However, the model's context length is only 1024 tokens",
                         "param": "input_tokens", "code": 400}}, TOO_LONG),
        (500, {"error": {"code": 500, "message": "the request exceeds the available context size. "
                         "try increasing the context size or enable context shift",
                         "type": "exceed_context_size_error"}}, TOO_LONG),
        (400, {"message": "The input (9 tokens) is longer than the model's context length (4)."},
         TOO_LONG),
        (400, {"error": "prompt too long; exceeded max context length by 7 tokens"}, TOO_LONG),
        (429, {"error": {"message": "Request too large for gpt-4o on tokens per min (TPM): Limit "
                         "30000, Requested 50000.", "code": "rate_limit_exceeded"}}, TOO_LONG),
        (413, "Payload Too Large", TOO_LONG),
        (400, {"error": {"message": "Invalid content type. image_url is only supported by certain "
                         "models.", "param": "messages.[1].content.[1].type"}}, BLIND),
        (400, {"error": {"message": "x is not a multimodal model"}}, BLIND),
        (400, {"error": {"message": "At most 0 image(s) may be provided in one prompt."}}, BLIND),
        (400, {"error": {"message": "This model does not support file content types."}}, BLIND),
        (400, {"error": {"message": "messages[0].content must be a string"}}, BLIND),
        (422, {"error": {"message": "Failed to deserialize the JSON body: messages[1]: unknown "
                         "variant `image_url`, expected `text`"}}, BLIND),
        (500, {"error": {"code": 500, "message": "image input is not supported - hint: you may "
                         "need to provide the mmproj"}}, BLIND),
        (500, {"error": "this model is missing data required for image input"}, BLIND),
        (404, {"error": {"message": "No endpoints found that support image input"}}, BLIND),
        (400, {"error": {"message": "At most 4 image(s) may be provided in one request."}},
         TOO_LONG),
        (400, {"error": {"message": "You uploaded an unsupported image. Please make sure your "
                         "image is valid.", "code": "invalid_image_format"}}, BAD),
        (404, {"error": {"message": "The model `x` does not exist.", "code": 404}}, NO_MODEL),
        (404, {"error": {"message": 'model "x" not found, try pulling it first'}}, NO_MODEL),
        (404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment for this "
                         "resource does not exist."}}, NO_MODEL),
        (403, {"error": {"message": "Project does not have access to model `x`",
                         "code": "model_not_found"}}, NO_MODEL),
        (400, {"error": {"message": "x is not a valid model ID", "code": 400}}, NO_MODEL),
        (404, {"error": {"message": "No endpoints found for acme/x.", "code": 404}}, NO_MODEL),
        (401, {"error": {"message": "Incorrect API key"}}, NO_KEY),
        (401, "", NO_KEY),
        (403, {"detail": "Forbidden"}, NO_KEY),
        (429, {"error": {"message": "You exceeded your current quota", "type":
                         "insufficient_quota", "code": "insufficient_quota"}}, NO_MONEY),
        (402, {"error": {"message": "Insufficient Balance"}}, NO_MONEY),
        (429, {"error": {"message": "You exceeded your current quota. Please retry in 3.5s.",
                         "status": "RESOURCE_EXHAUSTED"}}, LIMIT),
        (400, {"error": {"message": "filtered", "code": "content_filter", "innererror":
                         {"code": "ResponsibleAIPolicyViolation"}}}, REFUSED),
        (403, {"error": {"message": "Input requires moderation", "code": 403}}, REFUSED),
        (400, {"error": {"message": "Invalid schema for response_format 'answer'",
                         "param": "response_format"}}, FORM),
        (400, {"error": {"message": "tool_choice is not supported"}}, FORM),
        (422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "response_format"]}]}, FORM),
        (404, {"error": {"message": "No endpoints found that support tool use."}}, FORM),
        (500, {"error": {"message": "failed to compile grammar"}}, FORM),
        (500, {"error": {"message": "boom"}}, BUSY),
        (503, {"error": {"message": "overloaded"}}, BUSY),
        (529, "", BUSY),
        (504, "", (Cure.RETRY, FailureKind.TIMEOUT)),
        (429, "slow down", LIMIT),
        (400, {"error": {"message": "temperature must be at most 2", "param": "temperature"}}, BAD),
        (404, "404 page not found", (Cure.STOP, FailureKind.BAD_REQUEST)),
    ],
)  # fmt: skip
def test_each_wording_has_its_meaning(status, body, expected):
    trouble = judged(status, body)
    assert (trouble.cure, trouble.kind) == expected


@pytest.mark.parametrize(
    ("message", "parameter", "replacement"),
    [
        ("Unsupported parameter: 'max_tokens' is not supported with this model. "
         "Use 'max_completion_tokens' instead.", "max_tokens", "max_completion_tokens"),
        ("Unsupported value: 'temperature' does not support 0 with this model.",
         "temperature", None),
        ("[{'type': 'extra_forbidden', 'loc': ('body', 'temperature')}]", "temperature", None),
        ("Model grok-4.3 does not support parameter presencePenalty.", "presence_penalty", None),
    ],
)  # fmt: skip
def test_parameters_that_can_be_mended_are_named(message, parameter, replacement):
    trouble = judged(400, {"error": {"message": message}})
    assert (trouble.cure, trouble.parameter, trouble.replacement) == (
        Cure.MEND,
        parameter,
        replacement,
    )


@each_row(
    ("headers", "said", "seconds"),
    [
        ({"retry-after": "7"}, "", 7.0),
        ({"retry-after": "1.5"}, "", 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, "", 0.25),
        ({}, "Please try again in 640ms.", 0.64),
        ({}, "Please retry in 38.5s.", 38.5),
        ({}, "", None),
        ({"retry-after": "soon"}, "", None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, "", 0.0),
    ],
)
def test_the_time_to_wait_is_read_where_it_is_named(headers, said, seconds):
    assert judged(429, {"error": {"message": said}}, headers).retry_after == seconds


def test_tools_that_a_thinking_model_refuses_cost_it_no_effort():
    """OpenAI's words since gpt-5.4; they come whether an effort is named or not."""
    said = (
        "Function tools with reasoning_effort are not supported for gpt-6-luna in "
        "/v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to "
        "'none'."
    )
    error = {"message": said, "type": "invalid_request_error", "param": "reasoning_effort"}
    for sent in (("model", "messages", "tools"), ("model", "tools", "reasoning_effort")):
        trouble = judge(read_refusal(400, {"error": error}), {}, sent)
        assert (trouble.cure, trouble.kind) == FORM, sent
