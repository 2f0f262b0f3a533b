"""What every server says when it refuses, a row a wording: what it means, and what is shown."""

from __future__ import annotations

import json
import time

import pytest

from ml_backend.llm.explanations import SAID_LIMIT, explain
from ml_backend.llm.refusals.judging import Cure, judge, judge_answer, read_refusal
from ml_backend.records import FailureKind
from support.models import connection
from support.tables import each_row

NO_MONEY = (Cure.STOP, FailureKind.QUOTA)
NO_MODEL = (Cure.STOP, FailureKind.MODEL_NOT_FOUND)
NO_KEY = (Cure.STOP, FailureKind.AUTHENTICATION)
NO_ROUTE = (Cure.STOP, FailureKind.BAD_REQUEST)
TOO_LONG = (Cure.FAIL, FailureKind.TOO_LONG)
FILTERED = (Cure.FAIL, FailureKind.REFUSED)
BAD = (Cure.FAIL, FailureKind.BAD_REQUEST)
WAIT = (Cure.WAIT, FailureKind.RATE_LIMIT)
BUSY = (Cure.RETRY, FailureKind.SERVER_ERROR)
FORM = (Cure.LOWER_FORM, FailureKind.BAD_REQUEST)
NO_SYSTEM = (Cure.NO_SYSTEM, FailureKind.BAD_REQUEST)
SENT = ("model", "messages", "temperature", "max_tokens", "response_format")


def openai(message, code=None, kind="invalid_request_error", param=None):
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def google(code, message, status, *details):
    error = {"code": code, "message": message, "status": status}
    return [{"error": {**error, "details": list(details)} if details else error}]


def packed(status, body):
    """As LiteLLM and other gateways pass an upstream's refusal on."""
    return openai(f"litellm.BadRequestError: OpenAIException - Error code: {status} - {body!r}")


ACCOUNTS = [
    # OpenAI
    (401, openai("Incorrect API key provided: sk-abc***def.", "invalid_api_key"), NO_KEY),
    (401, openai("You didn't provide an API key."), NO_KEY),
    (401, openai("The OpenAI account has been deactivated.", "account_deactivated"), NO_KEY),
    (403, openai("Country, region, or territory not supported",
                 "unsupported_country_region_territory"), NO_KEY),
    (400, openai("Billing hard limit has been reached", "billing_hard_limit_reached"), NO_MONEY),
    (429, openai("Your account is not active, please check your billing details on our website.",
                 "billing_not_active", "billing_not_active"), NO_MONEY),
    (429, openai("You exceeded your current quota, please check your plan and billing details.",
                 "insufficient_quota", "insufficient_quota"), NO_MONEY),
    (400, openai("Your organization must be verified to use the model `o9`."), NO_KEY),
    (403, openai("You are not allowed to sample from this model"), NO_MODEL),
    (404, openai("This is not a chat model and thus not supported in the v1/chat/completions "
                 "endpoint. Did you mean to use v1/completions?", param="model"), NO_MODEL),
    (404, openai("This model is only supported in v1/responses and not in v1/chat/completions."),
     NO_MODEL),
    (400, openai("invalid model ID"), NO_MODEL),
    # Azure
    (401, {"error": {"code": "401", "message": "Access denied due to invalid subscription key or "
                     "wrong API endpoint."}}, NO_KEY),
    (403, {"error": {"code": "403", "message": "Access denied due to Virtual Network/Firewall "
                     "rules."}}, NO_KEY),
    (403, {"error": {"code": "403", "message": "Out of call volume quota. Quota will be "
                     "replenished in 22.06:26:52."}}, NO_MONEY),
    (400, {"error": {"code": "OperationNotSupported", "message": "The chatCompletion operation "
                     "does not work with the specified model, text-embedding-3-small."}}, NO_MODEL),
    (410, {"error": {"code": "ModelDeprecated", "message": "The model associated with the "
                     "deployment is deprecated and no longer available for use."}}, NO_MODEL),
    # Anthropic
    (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit "
           "balance is too low to access the Anthropic API. Please go to Plans & Billing."}},
     NO_MONEY),
    (400, openai("You have reached your specified API usage limits. You will regain access on "
                 "2026-01-01 at 00:00 UTC."), NO_MONEY),
    (401, {"type": "error", "error": {"type": "authentication_error",
                                      "message": "invalid x-api-key"}}, NO_KEY),
    (400, {"type": "error", "error": {"type": "invalid_request_error",
                                      "message": "This organization has been disabled."}}, NO_KEY),
    (404, {"type": "error", "error": {"type": "not_found_error", "message": "model: claude-x"}},
     NO_MODEL),
    # Gemini, Vertex
    (400, google(400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT"),
     NO_KEY),
    (400, google(400, "API key expired. Please renew the API key.", "INVALID_ARGUMENT"), NO_KEY),
    (400, google(400, "Bad.", "INVALID_ARGUMENT", {"reason": "API_KEY_INVALID"}), NO_KEY),
    (400, google(400, "User location is not supported for the API use.", "FAILED_PRECONDITION"),
     NO_KEY),
    (403, google(403, "Your API key was reported as leaked. Please use another API key.",
                 "PERMISSION_DENIED"), NO_KEY),
    (403, google(403, "Generative Language API has not been used in project 1 before or it is "
                 "disabled.", "PERMISSION_DENIED", {"reason": "SERVICE_DISABLED"}), NO_KEY),
    (403, google(403, "This API method requires billing to be enabled.", "PERMISSION_DENIED"),
     NO_MONEY),
    (404, google(404, "models/x is not found for API version v1main, or is not supported for "
                 "generateContent.", "NOT_FOUND"), NO_MODEL),
    (404, google(404, "Publisher Model `projects/p/locations/us/publishers/google/models/x` was "
                 "not found or your project does not have access to it.", "NOT_FOUND"), NO_MODEL),
    (429, google(429, "You exceeded your current quota. Please retry in 38.5s.",
                 "RESOURCE_EXHAUSTED", {"violations": [
                     {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}), NO_MONEY),
    (429, google(429, "You exceeded your current quota. * Quota exceeded for metric: "
                 "free_tier_requests, limit: 0, model: x Please retry in 3s.",
                 "RESOURCE_EXHAUSTED"), NO_MONEY),
    # Groq
    (400, openai("The model `m` has been decommissioned and is no longer supported.",
                 "model_decommissioned"), NO_MODEL),
    (400, openai("The model `m` has been decommissioned and is no longer supported."), NO_MODEL),
    (400, openai("Organization has been restricted.", "organization_restricted"), NO_KEY),
    (400, openai("The model `m` requires terms acceptance.", "model_terms_required"), NO_MODEL),
    (429, openai("Rate limit reached for model `m` in organization `o` on tokens per day (TPD): "
                 "Limit 100000, Used 99336, Requested 1200. Please try again in 7m43.1s.",
                 "rate_limit_exceeded", "tokens"), NO_MONEY),
    # DashScope
    (400, openai("Access denied, please make sure your account is in good standing.",
                 "Arrearage", "Arrearage"), NO_MONEY),
    (400, {"code": "Arrearage", "message": "Access denied, please make sure your account is in "
           "good standing.", "request_id": "1"}, NO_MONEY),
    (403, openai("The free tier of the model has been exhausted.", "AllocationQuota.FreeTierOnly"),
     NO_MONEY),
    (401, openai("Incorrect API key provided.", "InvalidApiKey"), NO_KEY),
    (404, openai("The model `x` does not exist or you do not have access to it.",
                 "model_not_found"), NO_MODEL),
    (403, openai("Model access denied.", "Model.AccessDenied"), NO_MODEL),
    # Zhipu, Moonshot, SiliconFlow, DeepSeek, MiniMax, Volcengine, Qianfan
    (429, {"error": {"code": "1113", "message": "余额不足或无可用资源包,请充值。"}}, NO_MONEY),
    (401, {"error": {"code": "1002", "message": "Authorization Token非法"}}, NO_KEY),
    (400, {"error": {"code": "1211", "message": "模型不存在，请检查模型代码。"}}, NO_MODEL),
    (429, {"error": {"type": "exceeded_current_quota_error", "message": "Your account org-x is "
           "suspended, please check your plan and billing details"}}, NO_MONEY),
    (404, {"error": {"type": "resource_not_found_error",
                     "message": "Not found the model x or Permission denied"}}, NO_MODEL),
    (403, {"code": 30001, "message": "Sorry, your account balance is insufficient", "data": None},
     NO_MONEY),
    (400, {"code": 20012, "message": "Model does not exist. Please check it carefully."}, NO_MODEL),
    (401, "Invalid token", NO_KEY),
    (402, openai("Insufficient Balance", kind="unknown_error"), NO_MONEY),
    (400, openai("Model Not Exist"), NO_MODEL),
    (401, openai("Authentication Fails (no such user)", kind="authentication_error"), NO_KEY),
    (403, openai("The request failed because your account has an overdue balance.",
                 "AccountOverdueError", "Forbidden"), NO_MONEY),
    (404, openai("Your account has not activated the model x.", "ModelNotOpen"), NO_MODEL),
    (400, {"error_code": 336501, "error_msg": "invalid model"}, NO_MODEL),
    # gateways
    (403, openai("用户额度不足, 剩余额度: ＄0.00", "insufficient_user_quota", "new_api_error"),
     NO_MONEY),
    (401, openai("无效的令牌", kind="new_api_error"), NO_KEY),
    (503, openai("当前分组 default 下对于模型 x 无可用渠道", "model_not_found"), NO_MODEL),
    (400, openai("/chat/completions: Invalid model name passed in model=x. Call `/v1/models` to "
                 "view available models for your key."), NO_MODEL),
    (400, openai("Budget has been exceeded! Current cost: 1.2, Max budget: 1.0", "400",
                 "budget_exceeded"), NO_MONEY),
    (401, openai("Authentication Error, Invalid proxy server token passed.", "401", "auth_error"),
     NO_KEY),
    (400, packed(400, {"error": {"message": "Your credit balance is too low.", "code": None}}),
     NO_MONEY),
    (500, packed(401, {"error": {"message": "Incorrect API key provided: sk-1****2."}}), NO_KEY),
    # Mistral, Cohere
    (401, {"detail": "Unauthorized"}, NO_KEY),
    (400, {"object": "error", "message": "Invalid model: x", "type": "invalid_model",
           "param": None, "code": "1500"}, NO_MODEL),
    (404, {"message": "model 'x' not found, make sure the correct model ID was used"}, NO_MODEL),
    (401, {"message": "invalid api token"}, NO_KEY),
    (429, {"message": "You are using a Trial key, which is limited to 1000 API calls / month."},
     NO_MONEY),
    # Together, DeepInfra, Fireworks, OpenRouter
    (400, openai("Unable to access non-serverless model x.", "model_not_available"), NO_MODEL),
    (402, openai("Credit limit exceeded, please add credit.", kind="credit_limit"), NO_MONEY),
    (404, {"detail": {"error": "The model `x` does not exist."}}, NO_MODEL),
    (412, {"error": {"message": "Account x is suspended, possibly due to reaching the monthly "
                     "spending limit or failure to pay past invoices.",
                     "code": "PRECONDITION_FAILED"}}, NO_MONEY),
    (404, openai("Model not found, inaccessible, and/or not deployed", "NOT_FOUND"), NO_MODEL),
    (404, openai("No endpoints found for acme/x.", 404), NO_MODEL),
    (404, openai("No endpoints found matching your data policy.", 404), NO_MODEL),
    (429, openai("Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free "
                 "model requests per day", 429), NO_MONEY),
    (400, {"error": {"code": 400, "message": "Provider returned error", "metadata": {
        "provider_name": "X", "raw": json.dumps(openai("Your credit balance is too low."))}}},
     NO_MONEY),
    # xAI
    (400, {"code": "Client specified an invalid argument",
           "error": "Incorrect API key provided: xa***ab."}, NO_KEY),
    (403, {"code": "The caller does not have permission to execute the specified operation",
           "error": "Your newly created teams doesn't have any credits yet."}, NO_MONEY),
    (429, {"code": "Some resource has been exhausted", "error": "Your team x has either used all "
           "available credits or reached its monthly spending limit."}, NO_MONEY),
    (404, {"code": "Some requested entity was not found", "error": "The model x does not exist or "
           "your team y does not have access to it."}, NO_MODEL),
    # Hugging Face, GitHub
    (400, {"error": "The requested model 'x' is not supported by any provider you have enabled."},
     NO_MODEL),
    (402, {"error": "You have exceeded your monthly included credits for Inference Providers."},
     NO_MONEY),
    (401, {"error": "Invalid username or password."}, NO_KEY),
    (403, {"error": "This authentication method does not have sufficient permissions to call "
           "Inference Providers on behalf of user x"}, NO_KEY),
    (400, {"error": {"code": "unknown_model", "message": "Unknown model: x"}}, NO_MODEL),
    (429, {"error": {"code": "RateLimitReached", "message": "Rate limit of 150 per 86400s exceeded "
                     "for UserByModelByDay. Please wait 54321 seconds before retrying."}},
     NO_MONEY),
    # Bedrock and proxies before it
    (403, {"message": "The security token included in the request is invalid."}, NO_KEY),
    (403, {"message": "You don't have access to the model with the specified model ID."}, NO_MODEL),
    (400, {"message": "The provided model identifier is invalid."}, NO_MODEL),
    (400, {"message": "Invocation of model ID x with on-demand throughput isn't supported."},
     NO_MODEL),
    (404, {"message": "This model version has reached the end of its life."}, NO_MODEL),
    (429, {"message": "Too many tokens per day, please wait before trying again."}, NO_MONEY),
    (403, {"fault": {"faultstring": "Invalid ApiKey",
                     "detail": {"errorcode": "oauth.v2.InvalidApiKey"}}}, NO_KEY),
    # servers of one's own
    (404, {"object": "error", "message": "The model `x` does not exist.", "type": "NotFoundError",
           "code": 404}, NO_MODEL),
    (401, {"error": "Unauthorized"}, NO_KEY),
    (404, {"error": {"message": "model 'x' not found, try pulling it first"}}, NO_MODEL),
    (400, {"error": {"message": '"x" does not support chat'}}, NO_MODEL),
    (403, {"error": "this model requires a subscription, upgrade for access"}, NO_MONEY),
    (500, {"error": {"message": "model requires more system memory (5.6 GiB) than is available"}},
     NO_MODEL),
    (404, {"error": {"message": "No models loaded. Please load a model in the developer page."}},
     NO_MODEL),
    (400, {"error": {"message": 'Invalid model identifier "x".', "param": "model",
                     "code": "model_not_found"}}, NO_MODEL),
    (400, {"error": 'Failed to load model "x". Error: insufficient system resources.'}, NO_MODEL),
    (401, {"error": {"code": 401, "message": "Invalid API Key", "type": "authentication_error"}},
     NO_KEY),
    (401, "<html><head><title>401 Authorization Required</title></head></html>", NO_KEY),
    (403, "<html><head><title>403 Forbidden</title></head></html>", NO_KEY),
    # other languages
    (400, openai("残高が不足しています。"), NO_MONEY),
    (400, openai("잔액이 부족합니다."), NO_MONEY),
    (400, openai("Недостаточно средств на балансе."), NO_MONEY),
    (400, openai("Ihr Guthaben ist aufgebraucht."), NO_MONEY),
    (400, openai("Saldo insuficiente."), NO_MONEY),
    (400, openai("API密钥无效"), NO_KEY),
    (400, openai("您的账户已被冻结"), NO_KEY),
]  # fmt: skip

ONE_TASK = [
    (400, openai("This model's maximum context length is 8192 tokens. However, your messages "
                 "resulted in 9000 tokens.", "context_length_exceeded"), TOO_LONG),
    (400, {"type": "error", "error": {"type": "invalid_request_error",
           "message": "prompt is too long: 200001 tokens > 199999 maximum"}}, TOO_LONG),
    (400, google(400, "The input token count (9) exceeds the maximum number of tokens allowed (4).",
                 "INVALID_ARGUMENT"), TOO_LONG),
    (422, {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096.",
           "error_type": "validation"}, TOO_LONG),
    (400, openai("Range of input length should be [1, 30720]"), TOO_LONG),
    (400, {"error": {"code": "1210", "message": "输入长度超过模型最大上下文"}}, TOO_LONG),
    (413, "<html><head><title>413 Request Entity Too Large</title></head></html>", TOO_LONG),
    (413, openai("Request too large for model `m` on tokens per minute (TPM): Limit 6000."),
     TOO_LONG),
    (400, openai("Content Exists Risk"), FILTERED),
    (400, {"error": {"code": "1301", "message": "系统检测到输入可能包含不安全或敏感内容"}},
     FILTERED),
    (400, openai("Input data may contain inappropriate content.", "data_inspection_failed"),
     FILTERED),
    (400, openai("Invalid prompt: your prompt was flagged as potentially violating our usage "
                 "policy.", "invalid_prompt"), FILTERED),
    (400, {"error": {"type": "content_filter",
                     "message": "The request was rejected because it was considered high risk"}},
     FILTERED),
    (403, {"code": "The caller does not have permission to execute the specified operation",
           "error": "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"},
     FILTERED),
    (403, {"error": {"code": 403, "message": "x requires moderation on y. Your input was flagged",
                     "metadata": {"reasons": ["violence"], "flagged_input": "invalid api key"}}},
     FILTERED),
    (400, openai("Repeated violations of our content policy may lead to account suspension."),
     FILTERED),
    (400, openai("Error while downloading https://x.org/a.png: 403 Access denied",
                 "invalid_image_url"), BAD),
    (400, openai("Failed to fetch image: credentials required"), BAD),
    (422, {"detail": [{"type": "string_type", "loc": ["body", "n"], "msg": "Input should be valid",
                       "input": "invalid api key, insufficient balance"}]}, BAD),
    (400, openai("temperature must be at most 2", param="temperature"), BAD),
    (400, openai("max_tokens is too large: 50000. This model supports at most 16384 completion "
                 "tokens"), BAD),
]  # fmt: skip

PASSING = [
    (429, openai("Rate limit reached for gpt-4 in organization org-x on tokens per min (TPM): "
                 "Limit 10000, Used 9000. Please try again in 6ms. You can increase your "
                 "rate limit by adding a payment method to your account.", "rate_limit_exceeded"),
     WAIT),
    (429, openai("You exceeded your current quota, see error-code#token-limit",
                 "insufficient_quota", "insufficient_quota"), WAIT),
    (429, {"error": {"code": "429", "message": "Requests have exceeded token rate limit of your "
                     "current S0 pricing tier. Please retry after 20 seconds."}}, WAIT),
    (429, {"message": "You are using a Trial key, which is limited to 10 API calls / minute."},
     WAIT),
    (429, {"message": "Service tier capacity exceeded for this model."}, WAIT),
    (429, {"error": {"code": "1302", "message": "您当前使用该API的并发数过高"}}, WAIT),
    (429, {"code": "Some resource has been exhausted", "error": "Too many requests for team x. "
           "Your team's rate limit is: Requests per Second (actual/limit): 33/32."}, WAIT),
    (429, google(429, "You exceeded your current quota. Please retry in 3.5s.",
                 "RESOURCE_EXHAUSTED", {"violations": [
                     {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel"}]}), WAIT),
    (429, openai("Rate limit reached on requests per day (RPD): Limit 10000. Please try again in "
                 "8.64s."), WAIT),
    (429, {"type": "error", "error": {"type": "rate_limit_error", "message": "This request would "
           "exceed your organization's rate limit of 40,000 input tokens per minute."}}, WAIT),
    (429, "<html><title>429 Too Many Requests</title></html>", WAIT),
    (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, BUSY),
    (502, "<html><title>502 Bad Gateway</title></html>", BUSY),
    (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, BUSY),
    (404, openai("No endpoints found that can handle the requested parameters.", 404), FORM),
]  # fmt: skip

ROUTES = [
    (404, {"detail": "Not Found"}, NO_ROUTE),
    (404, openai("Invalid URL (POST /chat/completions)"), NO_ROUTE),
    (404, {"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}},
     NO_ROUTE),
    (404, "<!doctype html><title>Not found</title>", NO_ROUTE),
    (405, {"detail": "Method Not Allowed"}, NO_ROUTE),
    (405, "", NO_ROUTE),
    (410, {"error": "https://api.example.org is no longer supported. Please use https://x."},
     NO_ROUTE),
    (501, "<!DOCTYPE HTML><title>Error response</title>Unsupported method ('POST')", NO_ROUTE),
    (400, "Client sent an HTTP request to an HTTPS server.", NO_ROUTE),
    (400, "<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>",
     NO_ROUTE),
]  # fmt: skip


MORE_WORDS = {
    NO_MONEY: [
        (400, "You have insufficient funds."),
        (429, "Your prepayment credits are depleted. Please go to AI Studio to manage your "
              "project and billing."),
        (403, "Billing account disabled"),
        (400, "Your plan does not include access to this feature, please upgrade your plan"),
        (429, "You've exceeded your spending limit"),
        (429, "Monthly usage limit exceeded"),
        (429, "Daily request limit exceeded"),
        (400, "账户已欠费，请充值"),
        (403, "您的余额不足，请先充值"),
        (429, "您的账户余额不足"),
        (400, "You've run out of credits"),
        (400, "Your account has run out of funds"),
        (403, "Payment required"),
        (429, "Your team has run out of credits"),
        (403, "Free quota exhausted"),
        (400, "Your free trial has expired"),
        (429, "insufficient credits"),
        (403, "Please add a payment method to your account"),
        (429, "The monthly quota has been exceeded"),
        (403, "your wallet balance is too low"),
        (400, "This request would exceed your account's spend limit"),
        (403, "no quota left"),
        (429, "Insufficient account balance. Please top up."),
        (403, "You have no remaining balance"),
        (403, "账户余额为0"),
        (400, "You do not have enough credits to complete this request"),
        (429, "You have exceeded the 5-hour usage quota. It will reset at 2026"),
        (403, "Your subscription has expired"),
        (429, "Not enough tokens left on your plan this month"),
        (403, "预付费额度已用完"),
        (400, "Кончились средства на счёте"),
        (400, "Créditos insuficientes"),
        (400, "Crédit insuffisant"),
        (400, "Credito insufficiente"),
    ],
    NO_MODEL: [
        (400, "This model has been retired"),
        (400, "The model 'x' was shut down on 2025-01-01"),
        (404, "The requested model was not found"),
        (404, "deployment x not found"),
        (400, "Unsupported model: x"),
        (400, "该模型已下线"),
        (400, "模型 xxx 不存在或无权限"),
        (404, "Model x is not currently available"),
        (400, "The model x is not available in your region"),
        (404, "No such model: x"),
        (400, "model `x` is deprecated"),
        (400, "Requested model is disabled"),
        (404, "Could not find model x"),
        (403, "Model x is not enabled for this project"),
        (400, "The specified model does not exist"),
        (400, "model x is not allowed for this key"),
        (400, "invalid model: x"),
        (404, "engine not found"),
        (400, "Model ID x is invalid"),
        (400, "x model not supported"),
        (400, "Unrecognized model: x"),
        (404, "Model x/y not found in registry"),
        (400, "The model x has been deprecated, learn more"),
        (400, "Model x has reached its end-of-life"),
        (404, "The model does not exist or you lack access"),
        (400, "Missing model parameter"),
        (400, "you must provide a model parameter"),
        (404, "model x is gone"),
        (400, "This model is not supported"),
        (400, "Modell x wurde nicht gefunden"),
        (400, "Le modèle x n'existe pas"),
        (400, "El modelo x no existe"),
    ],
    NO_KEY: [
        (400, "Your API key has been disabled."),
        (403, "Your account is not authorized to use this resource"),
        (400, "This service is not available in your country"),
        (403, "Sorry, Country not supported"),
        (400, "The API is not available in your region yet"),
        (401, "Token expired"),
        (403, "IP not in whitelist"),
        (401, "No auth credentials found"),
        (401, "User not found."),
        (400, "API Key 已失效"),
        (400, "apikey无效"),
        (400, "当前地区不支持"),
        (403, "账号被封禁"),
        (400, "The API Key appears to be invalid or may have expired."),
        (400, "Please provide a valid API key"),
        (400, "api_key is required"),
        (400, "Unauthorized: invalid key"),
        (400, "Your account has been flagged and suspended"),
        (400, "Project is suspended"),
        (400, "Consumer 'api_key:x' has been suspended."),
        (403, "Permission denied: Consumer suspended"),
        (400, "Organization is disabled"),
        (400, "Invalid token"),
        (400, "API key revoked"),
        (400, "The API key you provided is wrong"),
        (451, "Unavailable for legal reasons"),
        (400, "Requests from your region are blocked"),
        (400, "Access from this location is not permitted"),
        (400, "Login required"),
        (400, "Der API-Schlüssel ist ungültig"),
        (400, "Clé API invalide"),
        (400, "La clave de API no es válida"),
        (400, "Неверный API-ключ"),
        (400, "APIキーが無効です"),
        (400, "Authentication token has expired"),
    ],
    TOO_LONG: [
        (400, "input is too long for requested model"),
        (400, "Total message size 45807 exceeds limit 8192"),
        (400, "This endpoint's maximum context length is 163840 tokens."),
        (400, "max_tokens must be at least 1, got -2541"),
        (400, "Trying to keep the first 4500 tokens when context the overflows. However, "
              "the model is loaded with context length of only 4096 tokens"),
        (400, "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"),
        (400, "Request payload size exceeds the limit: 20971520 bytes."),
        (400, "Token limit exceeded"),
        (400, "Input tokens exceed the configured limit of 272000 tokens."),
        (400, "Your input exceeds the context window of this model."),
    ],
    FILTERED: [
        (400, "Output blocked by content filtering policy"),
        (400, "Your request was rejected as a result of our safety system"),
        (400, "blockReason: PROHIBITED_CONTENT"),
        (400, "输入内容包含敏感词"),
        (400, "Guardrail intervened"),
        (400, "This request has been blocked by our content filters."),
        (400, "Prompt blocked due to safety"),
        (400, "The content you provided may violate our policies"),
    ],
    BAD: [
        (400, "Could not process image"),
        (400, "Unable to process input image"),
        (400, "The image is too large"),
        (400, "messages.0.content.1.image.source: invalid base64 data"),
        (400, "Invalid image URL"),
        (400, "failed to download image from url: access denied"),
        (400, "image dimensions exceed max allowed size: 8000 pixels"),
    ],
    WAIT: [
        (429, "Quota exceeded for "
              "aiplatform.googleapis.com/online_prediction_requests_per_base_model"),
        (429, "Requests rate limit exceeded"),
        (429, "Too Many Requests"),
        (429, "The engine is currently overloaded, please try again later"),
        (429, "Your account org-x request reached max organization concurrency: 3, please "
              "try again after 1 seconds"),
        (429, "Your account reached organization max RPM: 3, please try again after 1 seconds"),
        (429, "Rate limit exceeded: limit_rpm/x. High demand for x on OpenRouter"),
        (429, "x is temporarily rate-limited upstream. Please retry shortly, or add your own key"),
        (429, "Resource has been exhausted (e.g. check quota)."),
        (429, "Too many tokens, please wait before trying again."),
        (429, "当前请求过多，请稍后再试"),
        (429, "TPM limit reached"),
        (429, "Request limit reached, you have 0 left this minute"),
        (429, "Concurrency limit exceeded for account"),
        (429, "Free tier limited to 3 requests per minute"),
        (429, "You exceeded your current quota, please check your plan and billing "
              "details. For more information on this error, head to: "
              "https://ai.google.dev/gemini-api/docs/rate-limits. * Quota exceeded for "
              "metric: "
              "generativelanguage.googleapis.com/generate_content_free_tier_requests, "
              "limit: 15, model: gemini-2.0-flash Please retry in 20.1s."),
    ],
}  # fmt: skip


def judged(status, body):
    return judge(read_refusal(status, body, f"HTTP {status}"), {}, SENT)


@each_row(("status", "body", "expected"), [*ACCOUNTS, *ONE_TASK, *PASSING, *ROUTES])
def test_each_wording_of_each_provider_has_its_meaning(status, body, expected):
    trouble = judged(status, body)
    assert (trouble.cure, trouble.kind) == expected


@each_row(
    ("status", "words", "expected"),
    [(*row, expected) for expected, rows in MORE_WORDS.items() for row in rows],
)
def test_more_wordings_have_their_meaning(status, words, expected):
    trouble = judged(status, openai(words))
    assert (trouble.cure, trouble.kind) == expected


@each_row(("status", "body", "expected"), [*ACCOUNTS, *ONE_TASK, *PASSING, *ROUTES])
def test_what_is_shown_is_a_sentence_and_not_a_structure(status, body, expected):
    error = explain(judged(status, body), connection("http://m.example.org/v1"), "x")
    assert "{'" not in error.message
    assert '{"' not in error.message
    assert "[{" not in error.message
    assert len(error.message) < SAID_LIMIT + 200


@each_row(
    ("body", "shown"),
    [
        ({"error": {"message": "No."}}, "No."),
        ([{"error": {"message": "No."}}], "No."),
        ({"error": "No."}, "No."),
        ({"error": {"error": {"message": "No."}}}, "No."),
        ({"error": {"message": json.dumps({"error": {"message": "No."}})}}, "No."),
        ({"detail": {"message": "No."}}, "No."),
        ({"detail": [{"loc": ["body", "n"], "msg": "No.", "type": "x"}]}, "body.n: No."),
        ({"errors": [{"message": "No."}, {"message": "Never."}]}, "No.; Never."),
        ({"errors": ["No.", "No."]}, "No."),
        (packed(400, {"error": {"message": "It's no.", "code": None}}), "It's no."),
        ({"error": True, "msg": "No."}, "No."),
        ({"title": "Bad", "detail": "No.", "status": 400}, "No.; Bad"),
        ({"base_resp": {"status_code": 1004, "status_msg": "No."}}, "No."),
        ("No.\n\n", "No."),
        ("<html><head><title>Sign&nbsp;in</title>", "it answers with a web page (“Sign in”)"),
        ({"foo": {"bar": 1}}, "HTTP 400"),
        ([], "HTTP 400"),
        (None, "HTTP 400"),
        (7, "HTTP 400"),
        ("", "HTTP 400"),
    ],
)
def test_the_sentence_is_found_in_any_shape(body, shown):
    assert read_refusal(400, body, "HTTP 400").said == shown


@pytest.mark.parametrize(
    "body",
    [
        {"detail": [{"loc": ["body", "n"], "msg": "No.", "type": "x", "input": "invalid api key"}]},
        openai("[{'type': 'string_type', 'msg': 'No.', 'input': 'invalid api key'}]"),
        openai("1 validation error: No. [type=string_type, input_value='invalid api key']"),
        {"error": {"message": "No.", "metadata": {"flagged_input": "insufficient credits"}}},
        {"error": {"message": "No."}, "request": {"messages": [{"content": "invalid api key"}]}},
    ],
)
def test_what_echoes_a_task_says_nothing_of_the_account(body):
    trouble = judged(400, body)
    assert (trouble.cure, trouble.kind) == BAD
    assert "key" not in trouble.said


@pytest.mark.slow
def test_deep_and_long_bodies_are_read_within_bounds():
    body: object = "end"
    for _ in range(2000):
        body = {"error": body}
    assert read_refusal(400, body, "HTTP 400").said == "HTTP 400"
    started = time.perf_counter()
    for piece in ("system role ", "model ", "[" * 50, "{'error': ", "try again in 5", "<title>"):
        judged(400, {"error": {"message": piece * 50_000}})
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize("key", ["AIzaSyA-123456789", "gsk_abc123def456", "xai-abc123def",
                                 "hf_AbC123dEf", "Bearer abcdefgh123"])  # fmt: skip
def test_no_key_is_shown_whoever_made_it(key):
    trouble = judged(401, openai(f"Incorrect API key provided: {key}."))
    error = explain(trouble, connection("http://m.example.org/v1"), "x")
    assert key not in f"{error} {error.raw}"
    assert "Incorrect API key provided: [secret]" in str(error)


NO_SYSTEM_WORDS = """\
System role not supported
Unsupported value: 'messages[0].role' does not support 'system' with this model.
Developer instruction is not enabled for models/gemma-3-27b-it
Conversation roles must alternate user/assistant/user/assistant/...
After the optional system message, conversation roles must alternate user/assistant
Only user and assistant roles are supported!
This model doesn't support system messages. Try again without a system message.
Input should be 'user' or 'assistant'
messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter.
Role must be in [user, assistant]
Please use a valid role: user, model.
Please ensure that multiturn requests alternate between user and model.
Invalid role: system
Unknown role 'system'
unsupported role system
unrecognized role: developer
invalid params, invalid message role: system
Jinja Exception: System role not supported
Error rendering prompt with jinja template: "Only user and assistant roles are supported!".
System instruction is not supported for this model
The first message must be from the user
conversation must start with a user prompt
the model does not accept the developer role
'developer' is not a valid role
No system messages allowed
Unexpected message role.
Invalid value: 'system'. Supported values are: 'user' and 'assistant'.
不支持system角色
该模型不支持系统消息
messages 中 role 只能是 user 或 assistant
角色信息不正确
システムロールはサポートされていません
このモデルはシステムメッセージに対応していません
시스템 역할은 지원되지 않습니다
이 모델은 시스템 메시지를 지원하지 않습니다
Systemrolle wird nicht unterstützt
Das Modell unterstützt keine Systemnachrichten.
Le rôle système n'est pas pris en charge par ce modèle.
El rol de sistema no es compatible con este modelo
El modelo no admite mensajes de sistema
A função de sistema não é suportada por este modelo
Il ruolo di sistema non è supportato
Роль system не поддерживается этой моделью
Модель не поддерживает системные сообщения
Rola systemowa nie jest obsługiwana
Systeemrol wordt niet ondersteund""".splitlines()


@each_row("words", NO_SYSTEM_WORDS)
@each_row("status", [400, 422, 500])
def test_a_model_without_a_system_role_is_known_by_its_words(words, status):
    for body in (openai(words), {"object": "error", "message": words}, {"error": words}, words):
        trouble = judged(status, body)
        assert (trouble.cure, trouble.kind) == NO_SYSTEM


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("The system is not available, try later", BUSY),
        ("Internal system error: unknown", BUSY),
        ("系统繁忙", BUSY),
        ("Ошибка системы", BUSY),
        ("Invalid value: 'x'. Supported values are: 'system', 'assistant', and 'user'.", BUSY),
        ("tool_choice is not supported", FORM),
    ],
)  # fmt: skip
def test_what_merely_names_a_system_is_no_refusal_of_its_role(words, expected):
    trouble = judged(500, openai(words))
    assert (trouble.cure, trouble.kind) == expected


@each_row(
    ("answer", "expected"),
    [
        ({"error": "Unexpected endpoint or method. (POST /chat/completions)"}, NO_ROUTE),
        ({"code": 500, "msg": "404 NOT_FOUND", "success": False}, NO_ROUTE),
        ({"detail": "Not Found"}, NO_ROUTE),
        ({"object": "list", "data": [{"id": "m"}]}, NO_ROUTE),
        ({"message": {"content": "hi"}, "done": True}, NO_ROUTE),
        ({"status": "ok"}, NO_ROUTE),
        ({}, NO_ROUTE),
        ([], NO_ROUTE),
        ("<!doctype html><title>Some web UI</title>", NO_ROUTE),
        ("Ollama is running", NO_ROUTE),
        ("", NO_ROUTE),
        ({"error": {"message": "Insufficient credits", "code": 402}}, NO_MONEY),
        ({"error": {"message": "slow down", "code": 429}}, WAIT),
        ({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, NO_MONEY),
        ({"error": {"message": "upstream failed"}}, BUSY),
        ({"errors": [{"message": "Authentication error"}], "success": False}, NO_KEY),
    ],
)  # fmt: skip
def test_a_200_without_a_chat_completion_has_its_meaning(answer, expected):
    trouble = judge_answer(answer, SENT)
    assert (trouble.cure, trouble.kind) == expected
