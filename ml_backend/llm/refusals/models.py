"""How servers say that there is no such model, not any more, or not for this account."""

from __future__ import annotations

from ml_backend.llm.refusals.languages import MODEL_ELSEWHERE
from ml_backend.llm.refusals.matching import either

MODEL_CODES = frozenset(
    {
        *("model_not_found", "model_decommissioned", "model_not_available", "model_not_supported"),
        *("model_not_active", "model_terms_required", "model_deprecated", "model_disabled"),
        *("model_permission_blocked_org", "model_permission_blocked_project", "modelnotopen"),
        *("deploymentnotfound", "deployment_not_found", "invalid_model", "invalid_model_error"),
        *("unknown_model", "unavailable_model", "unsupported_model", "modelnotfound"),
        *("model.accessdenied", "invalidendpointormodel.notfound", "modeldeprecated"),
        *("model_not_found_error", "key_model_access_denied", "team_model_access_denied"),
        *("operationnotsupported", "invalidmodel", "model_access_denied", "modelnotsupported"),
        # Zhipu, SiliconFlow, Mistral.
        *("1211", "1220", "1221", "1311", "20012", "30003", "1500"),
    }
)

NAMED = r"(?:s?/[\w./:@-]{1,120}|s?:? ?[`'\"“‘\[(<]?[\w./:@+-]{1,120}[`'\"”’\])>]?)"
NO_MODEL = either(
    r"\bmodels?\b.{0,120}?\b(?:does ?n[o']t exist|not exist|do not exist|no longer exists?)",
    r"\bmodels?\b.{0,120}?(?:decommissioned|discontinued|no longer (?:supported|available"
    r"|served)|end[ -]of[ -](?:its )?life|been (?:removed|retired|deprecated|sunset|unloaded)"
    r"|shut ?down|(?:is|are|was) (?:deprecated|retired|removed|gone|gated|a gated|disabled"
    r"|blocked)|reached the end of)",
    r"\bmodels?\b.{0,120}?\bnot (?:allowed|enabled|permitted) (?:for|by|to|in|on)\b",
    r"\bmodels? (?:is )?not supported\W*$",
    r"(?:missing|required)\W+(?:\w+ ){0,2}model\b",
    r"model (?:parameter|field|name) (?:is )?(?:missing|required)",
    r"\bdeployment\b.{0,80}?(?:not found|does not exist)",
    rf"\bmodels?(?:{NAMED})? (?:currently )?(?:(?:is|was|are) ?n[o']t|not) (?:supported by"
    rf"|available (?:to|for|in|on|at)|deployed|loaded|registered|served|hosted|accessible|a"
    rf" valid|valid|recogni[sz]ed|known|installed|downloaded|found|active\b|open)",
    rf"\bmodel{NAMED} (?:is |was )?not (?:supported|available|enabled)\W*$",
    rf"\bmodel(?:{NAMED})? (?:is |was )?not supported (?:for|by|in|on|with|via) (?:the |this "
    r"|your |any )?"
    r"(?:\w+ )?(?:tasks?|providers?|chat|text-?generation|conversational|inference|account|key|plan"
    r"|region|endpoint|api|serverless|deployments?)\b",
    r"(?:unknown|invalid|no such|unrecogni[sz]ed|nonexistent|wrong|unsupported|bad) (?:chat"
    r" )?model\b(?! ?(?:parameter|input|response|output|answer))",
    r"not a valid model",
    r"model (?:id|name|identifier|string|key)s? (?:\S+ )?(?:is |are )?(?:invalid|not valid"
    r"|unknown|incorrect|wrong|not found)",
    r"unexpected model name",
    r"invalid model (?:id|name|identifier)",
    r"no endpoints found (?:for |matching)",
    r"no allowed providers",
    r"no models? (?:is |are )?(?:currently )?loaded",
    r"no model specified",
    r"must (?:specify|provide) a model",
    r"model (?:is required|not specified|must be specified)",
    r"(?:failed|unable|could not|cannot|error) (?:to )?load(?:ing)? (?:the )?model",
    r"requires more system memory",
    r"not a chat model",
    r"does(?: not|n't) support (?:chat\b|generate|chat completions?)",
    r"only supported in v1/(?:responses|completions|embeddings)",
    r"operation does not work with the specified model",
    r"on-demand throughput",
    r"deployment for this resource does not exist",
    r"(?:publisher )?model `?projects/",
    r"llm provider not provided",
    r"non-serverless model",
    r"requires? terms acceptance",
    r"no (?:available )?(?:channel|provider)s? (?:is |are )?(?:available )?(?:for|under)",
    r"(?:not|n't|no) (?:\w+ )?(?:have |had )?(?:access|permission)s? (?:to (?:use |access )?)?"
    r"(?:the |this )?(?:\w+ )?model",
    r"not (?:allowed|authori[sz]ed|permitted|entitled) to (?:access|use|call|sample from"
    r"|invoke) (?:the |this )?model",
    r"access to (?:the |this )?model\b.{0,80}?(?:restricted|denied|gated)",
    r"this key can only access models",
    r"failed to find model",
    r"no model (?:named|called|matching|with)",
    r"^model: \S+$",
    r"try pulling it first",
    r"模型.{0,40}?(?:不存在|未找到|找不到|已下线|已下架|未开通|不可用|未部署|没有权限|已停用"
    r"|无权|无可用渠道)",
    r"(?:没有|无)可用(?:的)?(?:模型|渠道)",
    r"(?:不存在|未知|无效)的?模型",
    r"没有找到.{0,10}模型",
    r"不支持(?:该|此|所选)模型",
    r"無此模型",
    r"模型.{0,20}不可用",
    r"モデル.{0,40}?(?:存在しません|見つかりません|利用できません|サポートされていません)",
    r"모델.{0,40}?(?:존재하지|찾을 수 없|사용할 수 없|지원되지)",
    r"модель.{0,60}?(?:не найдена|не существует|недоступна|не поддерживается)",
    r"mod[eè]le?l?o?\b.{0,60}?(?:nicht gefunden|existiert nicht|n'existe pas|introuvable|no"
    r" existe|no encontrado|não existe|não encontrado|non esiste|non trovato)",
    *MODEL_ELSEWHERE,
)
NO_CHANNEL = either(
    r"[无無]可用(?:的)?(?:渠道|通道|模型)|没有可用(?:的)?(?:渠道|通道|模型)",
    r"no (?:available|usable) (?:channels?|deployments?|providers?)",
)
"""What gateways say with 503 where nothing behind them serves a model."""
NO_TEMPLATE = either(
    r"chat[ _]template (?:is |was )?(?:no longer allowed|not (?:found|set|defined|available"
    r"|configured)|missing|required|undefined)",
    r"(?:must|need to|please) (?:provide|specify|set) a (?:valid )?chat[ _]template",
    r"(?:no|without an?|lacks? an?|missing|not have an?|n't have an?) (?:default "
    r"|valid )?chat[ _]template",
    r"template error\W{1,3}template not found|^\W*template not found",
)
GIVE_A_TEMPLATE = (
    "Start the model's server with a chat template (vLLM has an option chat-template), or "
    "choose a model made for chat."
)
NOT_FOUND = either(
    r"\bmodels?\b.{0,120}?\bnot[ _]found",
    r"not found the model",
)
NOT_HERE = either(
    r"(?<!/)\b(?:model|engine|deployment)\b.{0,120}?(?:\bnot?\b(?! support)|n't\b(?! support)"
    r"|\bgone\b|unavailable|unknown|invalid)",
    r"(?:could ?n[o']t|cannot|unable to) find .{0,40}\bmodel\b",
)
"""With 404, which says no more than that something is not there."""
