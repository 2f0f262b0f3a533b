"""What Gemini and Vertex AI say when they refuse, in the shapes of google.rpc.Status."""

from __future__ import annotations

from typing import Any

from ml_backend.llm.dialects.google import GenerateContent
from ml_backend.llm.refusals.judging import Cure, Trouble, judge, read_refusal
from ml_backend.llm.token_limit import refuses_limit
from ml_backend.records import FailureKind
from support.tables import each_row

SENT = (
    *("model", "messages", "temperature", "max_completion_tokens", "response_format", "seed"),
    *("reasoning_effort", "logprobs", "presence_penalty", "frequency_penalty", "top_k"),
)
TYPE = "type.googleapis.com/google.rpc"
NO_KEY = (Cure.STOP, FailureKind.AUTHENTICATION)
NO_MONEY = (Cure.STOP, FailureKind.QUOTA)
NO_MODEL = (Cure.STOP, FailureKind.MODEL_NOT_FOUND)
TOO_LONG = (Cure.FAIL, FailureKind.TOO_LONG)
BAD = (Cure.FAIL, FailureKind.BAD_REQUEST)
FILTERED = (Cure.FAIL, FailureKind.REFUSED)
WAIT = (Cure.WAIT, FailureKind.RATE_LIMIT)
BUSY = (Cure.RETRY, FailureKind.SERVER_ERROR)
SLOW = (Cure.RETRY, FailureKind.TIMEOUT)
FORM = (Cure.LOWER_FORM, FailureKind.BAD_REQUEST)
NO_IMAGES = (Cure.STOP, FailureKind.BAD_REQUEST)
NO_SYSTEM = (Cure.NO_SYSTEM, FailureKind.BAD_REQUEST)
OVER = (
    "You exceeded your current quota, please check your plan and billing details. For more "
    "information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."
)
MODEL = "projects/p/locations/us-central1/publishers/google/models/gemini-9"


def info(reason: str, **metadata: str) -> dict[str, Any]:
    return {"@type": f"{TYPE}.ErrorInfo", "reason": reason, "metadata": metadata}


def quota(name: str) -> dict[str, Any]:
    violation = {"quotaMetric": "x", "quotaId": name, "quotaDimensions": {"model": "m"}}
    return {"@type": f"{TYPE}.QuotaFailure", "violations": [violation]}


def delay(seconds: str) -> dict[str, Any]:
    return {"@type": f"{TYPE}.RetryInfo", "retryDelay": seconds}


def judged(code: int, status: str, words: str, *details: Any, listed: bool = False) -> Trouble:
    error = {"code": code, "message": words, "status": status, "details": list(details)}
    body: object = [{"error": error}] if listed else {"error": error}
    told = GenerateContent().refusal(code, body)
    return judge(read_refusal(code, told, "HTTP"), {}, SENT)


ROWS: list[tuple[Any, ...]] = [
    (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", NO_KEY,
     info("API_KEY_INVALID", service="generativelanguage.googleapis.com")),
    (400, "INVALID_ARGUMENT", "API Key not found. Please pass a valid API key.", NO_KEY),
    (400, "FAILED_PRECONDITION", "User location is not supported for the API use.", NO_KEY),
    (400, "FAILED_PRECONDITION", "Gemini API free tier is not available in your country. Please "
     "enable billing on your project in Google AI Studio.", NO_MONEY),
    (401, "UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 "
     "access token, login cookie or other valid authentication credential.", NO_KEY,
     info("ACCESS_TOKEN_EXPIRED")),
    (401, "UNAUTHENTICATED", "API keys are not supported by this API.", NO_KEY),
    (403, "PERMISSION_DENIED", "Vertex AI API has not been used in project p before or it is "
     "disabled.", NO_KEY, info("SERVICE_DISABLED")),
    (403, "PERMISSION_DENIED", "Requests to this API generativelanguage.googleapis.com method "
     "GenerateContent are blocked.", NO_KEY, info("API_KEY_SERVICE_BLOCKED")),
    (403, "PERMISSION_DENIED", "Permission 'aiplatform.endpoints.predict' denied on resource "
     f"'//aiplatform.googleapis.com/{MODEL}' (or it may not exist).", NO_KEY,
     info("IAM_PERMISSION_DENIED")),
    (403, "PERMISSION_DENIED", "Permission denied on resource project x.", NO_KEY,
     info("CONSUMER_INVALID")),
    (403, "PERMISSION_DENIED", "This API method requires billing to be enabled. Please enable "
     "billing on project #1.", NO_MONEY, info("BILLING_DISABLED")),
    (404, "NOT_FOUND", "models/gemini-9 is not found for API version v1beta, or is not supported "
     "for generateContent. Call ListModels to see the list of available models.", NO_MODEL),
    (404, "NOT_FOUND", f"Publisher Model `{MODEL}` was not found or your project does not have "
     "access to it. Please ensure you are using a valid model version.", NO_MODEL),
    (429, "RESOURCE_EXHAUSTED", OVER, WAIT,
     quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"), delay("34s")),
    (429, "RESOURCE_EXHAUSTED", f"{OVER} Please retry in 34.07s.", WAIT,
     quota("GenerateContentInputTokensPerModelPerMinute-FreeTier"), delay("34s")),
    (429, "RESOURCE_EXHAUSTED", OVER, NO_MONEY,
     quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), delay("34s")),
    (429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Generate Content API requests "
     "per minute'.", WAIT, info("RATE_LIMIT_EXCEEDED", quota_limit_value="60",
                                quota_limit="GenerateContentRequestsPerMinutePerProject")),
    (429, "RESOURCE_EXHAUSTED", "Quota exceeded.", NO_MONEY,
     info("RATE_LIMIT_EXCEEDED", quota_limit="GenerateContentRequestsPerDayPerProject")),
    (429, "RESOURCE_EXHAUSTED", "Quota exceeded.", NO_MONEY,
     info("RATE_LIMIT_EXCEEDED", quota_limit="RequestsPerMinute", quota_limit_value="0")),
    (429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later. Please refer to "
     "https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429.", WAIT),
    (429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted. Please go to AI Studio to "
     "manage your project and billing.", NO_MONEY),
    (429, "RESOURCE_EXHAUSTED", "Your project has exceeded its monthly spending cap.", NO_MONEY),
    (499, "CANCELLED", "The operation was cancelled.", BUSY),
    (500, "INTERNAL", "An internal error has occurred. Please retry or report.", BUSY),
    (503, "UNAVAILABLE", "The model is overloaded. Please try again later.", BUSY),
    (503, "UNAVAILABLE", "This model is currently experiencing high demand.", BUSY),
    (504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.", SLOW),
    (400, "INVALID_ARGUMENT", "The input token count (1200000) exceeds the maximum number of "
     "tokens allowed (1048576).", TOO_LONG),
    (400, "INVALID_ARGUMENT", "Unable to submit request because the input token count is 1200000 "
     "but model only supports up to 1048576. Reduce the input token count.", TOO_LONG),
    (400, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes.", TOO_LONG),
    (400, "INVALID_ARGUMENT", "The document has no pages.", BAD),
    (400, "INVALID_ARGUMENT", "Provided image is not valid.", BAD),
    (400, "INVALID_ARGUMENT", "Unable to process input image. Please retry.", BAD),
    (400, "INVALID_ARGUMENT", "Unsupported MIME type: image/tiff", BAD),
    (400, "INVALID_ARGUMENT", "The request was blocked by the safety settings.", FILTERED),
    (400, "INVALID_ARGUMENT", "Image input modality is not enabled for models/gemma-3-1b-it",
     NO_IMAGES),
    (400, "INVALID_ARGUMENT", "Developer instruction is not enabled for models/gemma-3-27b-it",
     NO_SYSTEM),
    (400, "INVALID_ARGUMENT", "JSON mode is not enabled for models/gemma-3-27b-it", FORM),
    (400, "INVALID_ARGUMENT", "Function calling is not enabled for models/gemma-3-27b-it", FORM),
    (400, "INVALID_ARGUMENT", 'Invalid JSON payload received. Unknown name "responseJsonSchema" '
     "at 'generation_config': Cannot find field.", FORM),
    (400, "INVALID_ARGUMENT", "The specified schema produces a constraint that has too many "
     "states for serving. Typical causes of this error are schemas with lots of text.", FORM),
    (400, "INVALID_ARGUMENT", "A schema in GenerationConfig in the request exceeds the maximum "
     "allowed nesting depth.", FORM),
    (400, "INVALID_ARGUMENT", "Unable to submit request because it has a topK value of 100 but "
     "the supported range is from 1 (inclusive) to 41 (exclusive).", BAD),
]  # fmt: skip


def test_each_refusal_has_its_meaning() -> None:
    wrong = []
    for code, status, words, expected, *details in ROWS:
        for listed in (False, True):
            found = judged(code, status, words, *details, listed=listed)
            if (found.cure, found.kind) != expected:
                wrong.append((words, found.cure, found.kind))
    assert wrong == []


def test_the_delay_that_is_named_is_waited_for() -> None:
    a_minute = quota("GenerateRequestsPerMinutePerProjectPerModel")
    assert judged(429, "RESOURCE_EXHAUSTED", OVER, a_minute, delay("34s")).retry_after == 34
    assert judged(429, "RESOURCE_EXHAUSTED", OVER, a_minute, delay("0.5s")).retry_after == 0.5
    assert judged(429, "RESOURCE_EXHAUSTED", OVER, a_minute).retry_after is None


@each_row(
    ("words", "name"),
    [
        ("Thinking level is not supported for this model.", "reasoning_effort"),
        ("Unable to submit request because thinking_level is not supported by this model.. Learn "
         "more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini",
         "reasoning_effort"),
        ("The thinking budget (52428) is invalid.", "reasoning_effort"),
        ("Budget 0 is invalid. This model only works in thinking mode.", "reasoning_effort"),
        ("Unable to submit request because thinking is not configurable in this model; please "
         "remove the thinking_config setting and try it again.", "reasoning_effort"),
        ("Unable to submit request because Thinking can't be disabled for this model.",
         "reasoning_effort"),
        ("Unable to submit request because The model does not support setting thinking_budget to "
         "0", "reasoning_effort"),
        ('Invalid JSON payload received. Unknown name "thinkingConfig" at \'generation_config\': '
         "Cannot find field.", "reasoning_effort"),
        ("Logprobs is not enabled for models/gemini-2.5-flash-lite", "logprobs"),
        ("Penalty is not enabled for models/gemini-2.5-flash", "presence_penalty"),
        ("Presence penalty is not supported for this model.", "presence_penalty"),
        ("Frequency penalty is not supported for this model.", "frequency_penalty"),
        ('Invalid JSON payload received. Unknown name "seed" at \'generation_config\': Cannot '
         "find field.", "seed"),
        ('Invalid JSON payload received. Unknown name "topK" at \'generation_config\': Cannot '
         "find field.", "top_k"),
    ],
)  # fmt: skip
def test_a_parameter_that_is_refused_is_known_by_our_name(words: str, name: str) -> None:
    found = judged(400, "INVALID_ARGUMENT", words)
    assert (found.cure, found.parameter) == (Cure.MEND, name)


def test_a_limit_of_tokens_that_is_too_large_is_taken_back() -> None:
    found = judged(
        400,
        "INVALID_ARGUMENT",
        "Unable to submit request because it has a maxOutputTokens value of 100000 but the "
        "supported range is from 1 (inclusive) to 65537 (exclusive). Update the value.",
    )
    assert refuses_limit(found)
