"""How servers say that a key is wrong, or that an account may not ask from here or at all."""

from __future__ import annotations

from ml_backend.llm.refusals.languages import BARRED_ELSEWHERE, KEY_ELSEWHERE
from ml_backend.llm.refusals.matching import either, wording

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
        *("iam_permission_denied", "consumer_invalid"),
        *("1110", "1111", "1112", "1120"),
    }
)

KEY_WORD = r"(?:api[ _-]?(?:key|token)|subscription key|secret key|access (?:key|token)|x-api-key"
KEY_WORD += r"|(?:auth\w*|bearer|security|proxy server|oauth) ?(?:key|token)|credentials?)"
WRONG = r"(?:invalid|incorrect|wrong|bad|malformed|missing|expired|revoked|disabled|unknown|no)"
KEY = either(
    rf"\b{WRONG} (?:or \w+ )?(?:\w+ ){{0,2}}?{KEY_WORD}",
    rf"\b{KEY_WORD}s?\b.{{0,60}}?\b(?:invalid|not valid|incorrect|wrong|expired|revoked|not"
    rf" found|disabled|missing|required|not (?:provided|set|supplied|recogni[sz]ed"
    rf"|authori[sz]ed)|malformed|leaked|blocked|suspended|deleted|unknown|not exist)",
    rf"(?:provide|pass|need|supply|requires?|include) (?:an? |your |a valid ){{1,4}}{KEY_WORD}",
    r"authentication (?:has )?(?:fail\w*|error|required|is required)",
    r"authorization failed",
    # Not of a text's own tokens.
    r"\b(?:invalid|expired|wrong|missing) token\b(?! ?(?:count|limit|length|ids?|types?|sequence"
    r"|text"
    r"|input|in|at|near|found|position|index|while|when|during|kind|class|value|number)\b"
    r"|\W{0,2}[:<\[\"'`“‘«「]| ?\d)",
    r"\btoken (?:has |is |was )?(?:already |been )?(?:expired|revoked)\b",
    r"(?:log|sign) ?in (?:is )?required",
    r"please (?:log|sign) ?in",
    r"(?:log|sign)-? ?in fail",
    r"api-?(?:schlüssel|key)\b.{0,20}(?:ungültig|falsch|abgelaufen|fehlt)",
    r"(?:clave|chave|chiave|clé)\b.{0,20}\bapi\b.{0,20}(?:no es|não é|non è|n'est pas|inv|exp"
    r"|incorr|scad|caduc|venc)",
    r"(?:неверн|недействительн|просрочен)\w* .{0,10}ключ",
    r"unauthori[sz]ed",
    r"unauthenticated",
    r"not authenticated",
    r"invalid authentication",
    r"bad credentials",
    r"invalid username or password",
    r"unregistered callers",
    r"missing authorization",
    r"invalid (?:jwt|bearer)",
    r"(?:无效|错误|失效|过期)的? ?(?:api[ -]?key|密钥|令牌|token)",
    r"(?:api[ -]?key|密钥|令牌|访问令牌|token)\W{0,2}.{0,8}?(?:无效|错误|不正确|失效|过期"
    r"|不存在|禁用|未提供)",
    r"(?:身份验证|身份认证|鉴权|认证|验证)(?:失败|错误|未通过)",
    r"未授权",
    r"未登录",
    r"令牌(?:状态)?不可用",
    r"apiキー.{0,12}(?:無効|正しく|不正|期限)",
    r"認証(?:に)?(?:失敗|エラー)",
    r"api ?키.{0,12}(?:유효하지|잘못|만료)",
    r"인증(?:에)? ?실패",
    r"ключ\w* .{0,20}(?:недействител|неверн|истек)",
    r"(?:ungültiger|falscher|abgelaufener) (?:api-?)?(?:schlüssel|key)",
    r"clé (?:d')?api .{0,12}(?:invalide|expirée|incorrecte)",
    r"(?:clave|chave|chiave) (?:de |di )?(?:la )?api .{0,12}(?:inválida|incorrecta|expirada"
    r"|non valida|scaduta|vencida)",
    *KEY_ELSEWHERE,
)
KEY_ALONE = wording(
    r"(?:^|[.;:] )\W{0,3}(?:the |this |your |provided ){0,2}(?:virtual |user |license )?key (?:is "
    r"|was |has been"
    r" |has )?(?:not (?:found|valid|active|recogni[sz]ed|known|enabled)|does not exist|unknown"
    r"|invalid"
    r"|inactive|expired|revoked|disabled|deleted|blocked|suspended|incorrect|wrong)\W*$"
    r"|(?:^|[.;:] )\W{0,3}(?:invalid|unknown|wrong|incorrect|expired|revoked|inactive|no such|bad)"
    r" (?:virtual |user |license )?key\W*$"
)
"""Of a key and nothing else: "key" alone is a word of data as well."""

PROJECT = r"(?:accounts?|organi[sz]ation|project|team|workspace|subscription|tenant|consumer)"
SUSPENDED = either(
    rf"\b{PROJECT}\b(?: \S+){{0,6}}? (?:suspended|deactivated|disabled|restricted|banned"
    rf"|blocked|locked|terminated|closed|frozen|inactive|denied|not (?:active|activated"
    rf"|verified|authori[sz]ed|allowed|enabled|approved)|must be verified|does not exist|not"
    rf" found)",
    rf"(?:suspended|deactivated|disabled|inactive|unverified|banned|blocked) (?:\w+"
    rf" )?{PROJECT}\b",
)
CLOSED = either(
    r"\b(?:account|organi[sz]ation|team|workspace|subscription|api key)(?: \S+){0,2}? (?:has"
    r" been|is|was) (?:\w+ ){0,3}?(?:suspended|deactivated|disabled|banned|terminated"
    r"|restricted|locked|blocked)\b",
)
"""So plain that it goes before what the refusal says of contents, such as the reason."""
BARRED = either(
    r"(?:country|countries|regions?|locations?|territory|territories|jurisdiction|geo\w*"
    r"|ip(?: address)?)\b"
    r"(?: \S+){0,5}? (?:not |un)(?:supported|allowed|available|authori[sz]ed|permitted|served)",
    r"(?:country|region|location|territory|ip(?: address)?)\b(?: \S+){0,4}? (?:blocked"
    r"|restricted|forbidden|prohibited|banned)",
    r"(?:not (?:available|supported|offered|allowed)|unavailable|unsupported) (?:in|from|for) "
    r"(?:your|this|the) (?:current )?(?:country|region|location|territory|area)",
    r"(?:unsupported|restricted|sanctioned|embargoed|prohibited) (?:countr(?:y|ies)|regions?"
    r"|locations?"
    r"|territor(?:y|ies))",
    r"(?:not|n't) (?:currently |yet )?(?:serve|support|operate in|offer\w* in|available in"
    r"|allow\w*) "
    r"(?:(?:users|customers|access|requests|connections) (?:from|in) )?(?:your|this"
    r"|the) (?:current )?"
    r"(?:country|region|location|territory|area)",
    r"outside (?:of )?(?:the |our )?(?:supported|allowed|permitted|available) (?:countries|regions?"
    r"|areas?|locations?|territor)",
    r"geo-?(?:blocked|restricted|restriction|fenced|fencing|blocking)|export (?:control"
    r"|restriction)",
    r"access denied",
    r"access (?:is |was )?(?:forbidden|denied)",
    r"permission[ _]denied",
    r"(?:not|n't) have (?:the )?(?:\w+ )?(?:permissions?|access|rights?)",
    r"insufficient permissions",
    r"not allowed to (?:access|use) this (?:api|service|resource|endpoint)",
    r"has not been used in project",
    r"virtual network",
    r"firewall rules",
    r"public access is disabled",
    r"accept the (?:terms|license|agreement)",
    r"terms of (?:service|use) (?:must|need|have) ",
    r"(?:账号|账户|帐号|帐户|用户|组织|项目).{0,10}?(?:禁用|封禁|冻结|停用|锁定|异常|注销"
    r"|受限)",
    r"(?:地区|区域|国家|ip).{0,8}?(?:不支持|限制|不可用|受限|禁止)",
    r"实名认证",
    r"无权(?:限)?访问",
    r"没有权限",
    r"アカウント.{0,12}(?:停止|無効|凍結)",
    r"地域.{0,12}(?:利用できません|対応していません)",
    r"계정.{0,12}(?:정지|비활성|차단)",
    r"аккаунт\w* .{0,20}(?:заблокирован|отключ|приостановлен)",
    r"konto .{0,20}(?:gesperrt|deaktiviert)",
    r"cuenta .{0,20}(?:suspendida|desactivada|bloqueada)",
    r"compte .{0,20}(?:suspendu|désactivé|bloqué)",
    r"conta .{0,20}(?:suspensa|desativada|bloqueada)",
    *BARRED_ELSEWHERE,
)
BLOCKED = wording(
    r"requests? (?:(?:was|were|has been|is|got) )?(?:\w+ )?(?:blocked|rejected|denied)"
)
"""What a firewall before the model says as well, of what one task says."""
