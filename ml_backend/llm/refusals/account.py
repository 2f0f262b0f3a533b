"""What no task can mend: a key, an account without money, a model or a place that is not served.

Codes go before words, for nobody's text can be among them. The words are those of the providers
and of the gateways before them, in the languages they answer in.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ml_backend.llm.refusals.limits import passes_soon
from ml_backend.llm.refusals.trouble import Cure, Refusal, Trouble
from ml_backend.records import FailureKind

QUOTA_CODES = frozenset(
    {
        *("insufficient_quota", "insufficient_user_quota", "insufficient_balance"),
        *("insufficient_credits", "insufficient_funds", "insufficient_balance_error"),
        *("insufficient_token_quota", "pre_consume_token_quota_failed", "token_quota_exhausted"),
        *("billing_hard_limit_reached", "billing_not_active", "billing_disabled", "billing_error"),
        *("exceeded_current_quota_error", "budget_exceeded", "credit_limit", "payment_required"),
        *("credits_exhausted", "out_of_credits", "credit_balance_too_low", "no_credits"),
        *("arrearage", "prepaidbilloverdue", "postpaidbilloverdue", "commoditynotpurchased"),
        *("allocationquota.freetieronly", "accessdenied.unpurchased", "accountoverdueerror"),
        *("setlimitexceeded", "spending_limit_reached", "subscription_expired"),
        # Zhipu, SiliconFlow.
        *("1113", "1304", "1308", "1309", "1310", "30001"),
    }
)
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
KEY_CODES = frozenset(
    {
        *("invalid_api_key", "invalidapikey", "api_key_invalid", "api_key_expired", "expired_key"),
        *("expired_api_key", "missing_api_key", "authentication_error", "invalid_token"),
        *("invalid_authentication", "invalid_authentication_error", "unauthenticated"),
        *("authenticationerror", "token_expired", "incorrect_api_key", "no_api_key"),
        *("invalid_key", "key_expired", "expired_token", "unauthorized", "invalidaccesskeyid"),
        # Zhipu and MiniMax; Qianfan; MiniMax.
        *("1004", "invalid_iam_token", "2049"),
    }
)
BARRED_CODES = frozenset(
    {
        *("organization_restricted", "account_deactivated", "account_suspended", "user_suspended"),
        *("unsupported_country_region_territory", "consumer_suspended", "service_disabled"),
        *("api_key_service_blocked", "api_key_http_referrer_blocked", "user_project_denied"),
        *("api_key_ip_address_blocked", "ip_not_authorized", "accessdenied", "access_denied"),
        *("access_terminated_error", "mismatched_organization", "organization_disabled"),
        *("1110", "1111", "1112", "1120"),
    }
)
PROJECT = r"(?:accounts?|organi[sz]ation|project|team|workspace|subscription|tenant|consumer)"
QUOTA = re.compile(
    r"insufficient[ _-]{1,2}(?:\w+ )?(?:quota|balance|credits?|funds)|insufficient_quota"
    r"|(?:balance|credits?|funds|quota)\W{1,3}(?:\w+ ){0,4}?(?:is|are|was|has been|have been|been)?"
    r" ?(?:too low|insufficient|negative|not (?:enough|sufficient)|exhausted|depleted|used up"
    r"|run out|zero)"
    r"|not enough (?:\w+ )?(?:credits?|balance|funds|money|quota)|(?:out"
    r"|short) of (?:\w+ )?credits?"
    r"|used (?:up )?all (?:of )?(?:\w+ )?(?:available )?credits|no (?:more |remaining "
    r"|\w+ )?credits"
    r"|n[o']t have (?:any|enough|sufficient) (?:\w+ )?(?:credits?|balance|funds|quota)"
    r"|(?:exceeded|depleted|used up|exhausted|reached)"
    r" (?:your |the |its )?(?:\w+ ){0,3}(?:included |available |free )?(?:credits?|credit limit)"
    r"|requires more credits|can only afford|credit limit exceeded|credits? (?:balance|required)"
    r"|(?:payment|billing|invoices?|bills?) (?:is |are |was )?(?:required|past due|overdue|failed)"
    r"|past invoices|in arrears|arrearage|good standing|overdue (?:balance|payment|bill|invoice)"
    r"|billing[ _](?:hard[ _]limit|not[ _]active|is disabled|has been disabled|must be enabled)"
    r"|requires billing|enable billing|check your billing|billing to be enabled"
    r"|(?:spend(?:ing)?|usage|billing|budget|monthly|weekly|hard) (?:limit|cap|budget|quota)s?"
    r"(?: \w+){0,3} (?:reached|exceeded|hit|exhausted)"
    r"|(?:reached|exceeded|hit|over) (?:your |the |its |a )?(?:\w+ ){0,3}"
    r"(?:spend(?:ing)?|usage|monthly|weekly|hard|budget) (?:\w+ )?(?:limits?|caps?|quota|budget)"
    r"|budget (?:has been |was )?exceeded|exceeded (?:\w+ )?budget"
    r"|free (?:tier|trial|quota|credits?|plan)\b.{0,80}?(?:exhausted|expired|ended|used up|is over)"
    r"|trial (?:period )?(?:has |is )?(?:expired|ended|over)"
    r"|subscription (?:has |is )?(?:expired|inactive|not active)|requires a (?:paid |\w+ )?"
    r"(?:subscription|plan)|top[ -]up your|recharge|purchase more credits|out of call volume quota"
    r"|余额(?:已)?(?:不足|不够|为)|欠费|充值|(?:额度|配额|点数|积分|资源包|次数)(?:已|已经)?"
    r"(?:不足|用尽|用完|耗尽|超限|过期)|额度不够|无可用资源包|套餐.{0,8}(?:过期|到期|用完|用尽)"
    r"|餘額不足|額度(?:已)?(?:不足|用盡)|儲值"
    r"|残高(?:が)?不足|クレジット.{0,6}(?:不足|使い切|使い果|残って)|支払い"
    r"|잔액.{0,4}부족|크레딧.{0,6}(?:부족|소진|없)|недостаточно (?:средств|кредитов|баланса)"
    r"|баланс\w* .{0,20}(?:исчерпан|недостаточ)|пополните|guthaben.{0,30}"
    r"(?:aufgebraucht|reicht nicht|nicht aus|zu niedrig|erschöpft)"
    r"|(?:saldo|crédito?s?|créditos|credito|crediti|solde|crédits?)\W{1,2}(?:\w+ ){0,2}"
    r"(?:insuficientes?|insufficienti?|insufficiente|insuffisants?|agotad[oa]s?|esaurit[oi]"
    r"|esgotad[oa]s?|épuisés?)",
    re.IGNORECASE,
)
NAMED = r"(?:s?/[\w./:@-]+|s?:? ?[`'\"“‘\[(<]?[\w./:@+-]{1,120}[`'\"”’\])>]?)"
NO_MODEL = re.compile(
    r"\bmodels?\b.{0,120}?\b(?:does ?n[o']t exist|not exist|do not exist|no longer exists?)"
    r"|\bmodels?\b.{0,120}?(?:decommissioned|discontinued|no longer (?:supported|available|served)"
    r"|end[ -]of[ -](?:its )?life|been (?:removed|retired|deprecated|sunset|shut ?down|unloaded)"
    r"|(?:is|are) (?:deprecated|retired|gated|a gated)|reached the end of)"
    rf"|\bmodels?(?:{NAMED})? (?:currently )?(?:(?:is|was|are) ?n[o']t|not) "
    r"(?:supported by|available (?:to|for|in|on|at)|deployed|loaded|registered|served|hosted"
    r"|accessible|a valid|valid|recogni[sz]ed|known|installed|downloaded|found|active\b|open)"
    rf"|\bmodel{NAMED} (?:is |was )?not (?:supported|available|enabled)\W*$"
    r"|(?:unknown|invalid|no such|unrecogni[sz]ed|nonexistent|wrong|unsupported|bad) (?:chat )?"
    r"model\b(?! ?(?:parameter|input|response|output|answer))"
    r"|not a valid model|model (?:id|name|identifier|string|key)s? (?:\S+ )?(?:is |are )?"
    r"(?:invalid|not valid|unknown|incorrect|wrong|not found)|unexpected model name"
    r"|invalid model (?:id|name|identifier)|no endpoints found (?:for |matching)"
    r"|no allowed providers|no models? (?:is |are )?(?:currently )?loaded|no model specified"
    r"|must (?:specify|provide) a model|model (?:is required|not specified|must be specified)"
    r"|(?:failed|unable|could not|cannot|error) (?:to )?load(?:ing)? (?:the )?model"
    r"|requires more system memory|not a chat model|does(?: not|n't) support (?:chat\b|generate"
    r"|chat completions?)|only supported in v1/(?:responses|completions|embeddings)"
    r"|operation does not work with the specified model|on-demand throughput"
    r"|deployment for this resource does not exist|(?:publisher )?model `?projects/"
    r"|llm provider not provided|non-serverless model|requires? terms acceptance"
    r"|no (?:available )?(?:channel|provider)s? (?:is |are )?(?:available )?(?:for|under)"
    r"|(?:not|n't|no) (?:\w+ )?(?:have |had )?(?:access|permission)s?"
    r" (?:to (?:use |access )?)?(?:the |this )?(?:\w+ )?model"
    r"|not (?:allowed|authori[sz]ed|permitted|entitled) to (?:access|use|call|sample from|invoke)"
    r" (?:the |this )?model|access to (?:the |this )?model\b.{0,80}?(?:restricted|denied|gated)"
    r"|this key can only access models|failed to find model|no model (?:named|called|matching|with)"
    r"|^model: \S+$|try pulling it first"
    r"|模型.{0,40}?(?:不存在|未找到|找不到|已下线|已下架|未开通|不可用|未部署|没有权限|已停用|无权"
    r"|无可用渠道)|(?:没有|无)可用(?:的)?(?:模型|渠道)|(?:不存在|未知|无效)的?模型"
    r"|没有找到.{0,10}模型"
    r"|不支持(?:该|此|所选)模型|無此模型|模型.{0,20}不可用"
    r"|モデル.{0,40}?(?:存在しません|見つかりません|利用できません|サポートされていません)"
    r"|모델.{0,40}?(?:존재하지|찾을 수 없|사용할 수 없|지원되지)"
    r"|модель.{0,60}?(?:не найдена|не существует|недоступна|не поддерживается)"
    r"|mod[eè]le?l?o?\b.{0,60}?(?:nicht gefunden|existiert nicht|n'existe pas|introuvable|no existe"
    r"|no encontrado|não existe|não encontrado|non esiste|non trovato)",
    re.IGNORECASE | re.DOTALL,
)
MODEL_NOT_FOUND = re.compile(r"\bmodels?\b.{0,120}?\bnot[ _]found|not found the model", re.I | re.S)
KEY_WORD = r"(?:api[ _-]?(?:key|token)|subscription key|secret key|access (?:key|token)|x-api-key"
KEY_WORD += r"|(?:auth\w*|bearer|security|proxy server|oauth) ?(?:key|token)|credentials?)"
WRONG = r"(?:invalid|incorrect|wrong|bad|malformed|missing|expired|revoked|disabled|unknown|no)"
KEY = re.compile(
    rf"\b{WRONG} (?:or \w+ )?(?:\w+ ){{0,2}}?{KEY_WORD}"
    rf"|\b{KEY_WORD}s?\b.{{0,60}}?\b(?:invalid|not valid|incorrect|wrong|expired|revoked|not found"
    r"|disabled|missing|required|not (?:provided|set|supplied|recogni[sz]ed|authori[sz]ed)"
    r"|malformed"
    r"|leaked|blocked|suspended|deleted|unknown|not exist)"
    rf"|(?:provide|pass|need|supply|requires?|include) (?:an? |your |a valid )+{KEY_WORD}"
    r"|authentication (?:has )?(?:fail\w*|error|required|is required)|authorization failed"
    r"|unauthori[sz]ed|unauthenticated|not authenticated|invalid authentication|bad credentials"
    r"|invalid username or password|unregistered callers|missing authorization|invalid (?:jwt"
    r"|bearer)"
    r"|(?:无效|错误|失效|过期)的? ?(?:api[ -]?key|密钥|令牌|token)"
    r"|(?:api[ -]?key|密钥|令牌|访问令牌|token)\W{0,2}.{0,8}?(?:无效|错误|不正确|失效|过期|不存在"
    r"|禁用|未提供)"
    r"|(?:身份验证|身份认证|鉴权|认证|验证)(?:失败|错误|未通过)|未授权|未登录|令牌(?:状态)?不可用"
    r"|apiキー.{0,12}(?:無効|正しく|不正|期限)|認証(?:に)?(?:失敗|エラー)"
    r"|api ?키.{0,12}(?:유효하지|잘못|만료)|인증(?:에)? ?실패|ключ\w* .{0,20}(?:недействител"
    r"|неверн|истек)"
    r"|(?:ungültiger|falscher|abgelaufener) (?:api-?)?(?:schlüssel|key)|clé (?:d')?api .{0,12}"
    r"(?:invalide|expirée|incorrecte)|(?:clave|chave|chiave) (?:de |di )?(?:la )?api .{0,12}"
    r"(?:inválida|incorrecta|expirada|non valida|scaduta|vencida)",
    re.IGNORECASE,
)
SUSPENDED = re.compile(
    rf"\b{PROJECT}\b(?: \S+){{0,6}}? (?:suspended|deactivated|disabled|restricted|banned|blocked"
    r"|locked|terminated|closed|frozen|inactive|denied|not (?:active|activated|verified"
    r"|authori[sz]ed"
    r"|allowed|enabled|approved)|must be verified|does not exist|not found)"
    rf"|(?:suspended|deactivated|disabled|inactive|unverified|banned|blocked) (?:\w+ )?{PROJECT}\b",
    re.IGNORECASE,
)
CLOSED = re.compile(
    r"\b(?:account|organi[sz]ation|team|workspace|subscription|api key)(?: \S+){0,2}? (?:has been"
    r"|is|was)"
    r" (?:\w+ )?(?:suspended|deactivated|disabled|banned|terminated|restricted|locked|blocked)\b",
    re.IGNORECASE,
)
"""So plain that it goes before what the refusal says of contents, such as the reason."""
BARRED = re.compile(
    r"(?:country|region|location|territory|territories|jurisdiction|geo\w*|ip(?: address)?)\b"
    r"(?: \S+){0,5}? (?:not |un)(?:supported|allowed|available|authori[sz]ed|permitted|served)"
    r"|(?:country|region|location|territory|ip(?: address)?)\b(?: \S+){0,4}? "
    r"(?:blocked|restricted|forbidden|prohibited|banned)"
    r"|(?:not (?:available|supported|offered|allowed)|unavailable|unsupported) (?:in|from|for) "
    r"(?:your|this|the) (?:current )?(?:country|region|location|territory|area)"
    r"|unsupported (?:country|region|location)|access denied|access (?:is |was )?(?:forbidden"
    r"|denied)"
    r"|permission[ _]denied|(?:not|n't) have (?:the )?(?:\w+ )?(?:permissions?|access|rights?)"
    r"|insufficient permissions|not allowed to (?:access|use) this (?:api|service|resource"
    r"|endpoint)"
    r"|has not been used in project|virtual network|firewall rules|public access is disabled"
    r"|accept the (?:terms|license|agreement)|terms of (?:service|use) (?:must|need|have) "
    r"|(?:账号|账户|帐号|帐户|用户|组织|项目).{0,10}?(?:禁用|封禁|冻结|停用|锁定|异常|注销|受限)"
    r"|(?:地区|区域|国家|ip).{0,8}?(?:不支持|限制|不可用|受限|禁止)|实名认证|无权(?:限)?访问"
    r"|没有权限"
    r"|アカウント.{0,12}(?:停止|無効|凍結)|地域.{0,12}(?:利用できません|対応していません)"
    r"|계정.{0,12}(?:정지|비활성|차단)|аккаунт\w* .{0,20}(?:заблокирован|отключ|приостановлен)"
    r"|konto .{0,20}(?:gesperrt|deaktiviert)|cuenta .{0,20}(?:suspendida|desactivada|bloqueada)"
    r"|compte .{0,20}(?:suspendu|désactivé|bloqué)|conta .{0,20}(?:suspensa|desativada|bloqueada)",
    re.IGNORECASE,
)
HOPELESS_LIMIT = re.compile(r"(?<!remaining )\blimit:? 0(?![.,]?\d)", re.IGNORECASE)
NAMES_A_MODEL = re.compile(r"model: \S+$")
"""All that Anthropic says of one it does not have."""
LISTENED = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 412, 422, 423, 424, 429, 451, 500})
"""Statuses whose words are looked at; 502 and up are a gateway's, and pass."""


def _bare(code: str) -> str:
    return re.sub(r"[_.-]", "", code.lower())


CODES = tuple(
    (frozenset(map(_bare, codes)), kind, barred)
    for codes, kind, barred in (
        (QUOTA_CODES, FailureKind.QUOTA, False),
        (MODEL_CODES, FailureKind.MODEL_NOT_FOUND, False),
        (BARRED_CODES, FailureKind.AUTHENTICATION, True),
        (KEY_CODES, FailureKind.AUTHENTICATION, False),
    )
)


def judge_plain(refusal: Refusal) -> Trouble | None:
    """Return what the codes say, or words that leave no doubt."""
    status, said = refusal.status, refusal.said
    if status == 402:
        return Trouble(Cure.STOP, FailureKind.QUOTA, said, status)
    codes = {_bare(code) for code in re.split(r"[\s:]+", refusal.code)}
    for known, kind, barred in CODES:
        if codes & known and not (status == 429 and passes_soon(refusal)):
            return Trouble(Cure.STOP, kind, said, status, barred=barred)
    if status < 502 and CLOSED.search(refusal.words or refusal.said):
        kind = FailureKind.QUOTA if QUOTA.search(refusal.words) else FailureKind.AUTHENTICATION
        return Trouble(Cure.STOP, kind, said, status, barred=True)
    if refusal.param == "model" and status in (400, 404, 422):
        return Trouble(Cure.STOP, FailureKind.MODEL_NOT_FOUND, said, status)
    return None


def judge_words(refusal: Refusal) -> Trouble | None:
    """Return what the words say, else what the status alone does."""
    words, status = refusal.everything, refusal.status
    stop = Trouble(Cure.STOP, FailureKind.QUOTA, refusal.said, status)
    key = replace(stop, kind=FailureKind.AUTHENTICATION)
    barred = replace(key, barred=True)
    if status == 429:
        return stop if _is_spent(refusal) else None
    if status in LISTENED:
        if QUOTA.search(words):
            return stop
        if _lacks_model(refusal):
            return replace(stop, kind=FailureKind.MODEL_NOT_FOUND)
        if status != 401 and (SUSPENDED.search(words) or BARRED.search(words)):
            return barred
        if KEY.search(words):
            return key
    if status in (401, 407):
        return replace(key, barred=bool(SUSPENDED.search(words)))
    if status == 403:
        # A firewall, which speaks in web pages, may dislike what one task says.
        return replace(barred, once_answered=Cure.FAIL if refusal.page else None)
    return None


def _lacks_model(refusal: Refusal) -> bool:
    words, status = refusal.everything, refusal.status
    if NO_MODEL.search(words) or NAMES_A_MODEL.match(refusal.said):
        return True
    return status in (400, 404) and MODEL_NOT_FOUND.search(words) is not None


def _is_spent(refusal: Refusal) -> bool:
    """Return whether a 429 is about money or the account and not about a limit that passes."""
    words = refusal.everything
    if HOPELESS_LIMIT.search(words):
        return True
    if passes_soon(refusal):
        return False
    return bool(QUOTA.search(words) or SUSPENDED.search(words))
