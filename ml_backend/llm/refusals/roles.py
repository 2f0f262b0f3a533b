"""Models without a system role: whether a refusal is about the system message, in whose words ever.

Chat templates know their roles and raise otherwise; the servers before them pass that on, each in
its own way and with a status of its own.
"""

from __future__ import annotations

from ml_backend.llm.refusals.matching import wording
from ml_backend.llm.refusals.trouble import Cure, Refusal, Trouble
from ml_backend.records import FailureKind

SYSTEM = r"(?:system|developer)"
NOT = (
    r"(?:not |n't |un)(?:an? |currently |yet )?(?:support\w*|enabled|allowed|permitted|available"
    r"|accept\w*"
    r"|expected|known|recogni[sz]ed|valid|implemented|compatible)|unsupported|unknown|unexpected"
    r"|unrecogni[sz]ed|invalid|illegal|disallowed|forbidden|prohibited|no support|cannot|can't|must"
    r"|without an?|only|does not exist|not exist|bad\b|wrong|reject\w*|refus\w*|disabled|lacks?\b"
    r"|no (?:\w+ )?(?:slot|place|room|space|notion|concept|equivalent)|(?:takes?|has|have|knows?"
    r"|accepts?|allows?|supports?) no\b|unable to|(?:not|n't) (?:\w+ )?(?:have|take|know|handle"
    r"|understand|use|process|offer|provide|contain|read)\b"
)
NOT_ELSEWHERE = (
    r"不支持|不支援|无效|無效|非法|不允许|不允許|不能|不可|仅支持|只支持|只能|错误|不正确|有误"
    r"|不合法|必须|未开放"
    r"|サポート(?:され|し)て(?:い)?ま?せん|対応して(?:い)?ま?せん|未対応|非対応|使用でき|使え"
    r"|無効|不正"
    r"|지원(?:되|하)지|지원 ?안|미지원|허용되지|잘못된|유효하지|사용할 수 없"
)
NOT_IN_EUROPE = (
    r"(?:nicht|keine?n?|no|non|pas|não|nao|nie|niet|geen|ikke|inte|не|ei|nu) (?:\w+ ){0,3}?"
    r"(?:unterst\w+|erlaubt|zulässig|verfügbar|es compatible|admit\w+|soport\w+|permit\w+"
    r"|support\w+"
    r"|pris\w* en charge|autoris\w+|compatible|suport\w+|aceit\w+|supportat\w+|consentit\w+"
    r"|ammess\w+|поддержив\w+|разреш\w+|допуска\w+|допустим\w+|obsługiw\w+|ondersteun\w+|toegestaan"
    r"|understøtt\w+|støtt\w+|stöd\w+|tillåt\w+|acept\w+|tuet\w+)|unterstützt .{0,40}(?:nicht|kein)"
    r"|n'(?:est|accepte|autorise|admet)|ungültige?|inv[aá]lid[oa]s?\b|invalides?\b|non valid\w+"
    r"|недопустим\w+"
    r"|неверн\w+|неизвестн\w+|nieprawidłow\w+|desteklen\w*m\w+|geçersiz|không (?:được )?hỗ trợ"
    r"|tidak didukung|не поддерж\w+"
)
SYSTEM_IN_EUROPE = (
    r"(?:syst[eè]me?s?|sistemas?|sistem\w*|systeem\w*|systemow\w+|систем\w+|hệ thống|system\w*)\b"
)
NOUN_IN_EUROPE = (
    r"\b(?:r[oô]l(?:es?|le|len|a|e|ü\w*)?|ruol[oi]|papel|papéis|fun[cç](?:ão|ões|ión|iones)"
    r"|рол[ьиейю]\w*"
    r"|mensa(?:jes?|gem|gens)|messagg?i?\w*|meldung\w*|nachricht\w*|сообщени\w*|wiadomoś\w*"
    r"|bericht\w*"
    r"|instru\w*|istruzion\w*|инструкц\w*|prompts?|промпт\w*|anweisung\w*|vai trò|tin nhắn|peran"
    r"|pesan|mesaj\w*)\b"
)
ROLE_IN_EUROPE = (
    r"(?:\bsystem(?:roll|nachricht|meldung|anweisung|prompt|meld|medd|bericht|besked|anvis)\w*"
    r"|\bsysteem(?:rol|bericht|prompt|instructie)\w*"
    rf"|{NOUN_IN_EUROPE}[^.!?\n]{{0,12}}?{SYSTEM_IN_EUROPE}"
    rf"|{SYSTEM_IN_EUROPE}[^.!?\n]{{0,12}}?{NOUN_IN_EUROPE})"
)
"""A system alone may be any: it is busy, it fails."""
NEAR = r"[^.!?\n]{0,90}?"
USERS = (
    r"(?:an? |the )?['\"`‘“]?(?:user|human)['\"`’”]?(?:(?: and|,|/| or|&) ?['\"`‘“]?(?:assistant"
    r"|model|ai"
    r"|bot)['\"`’”]?)?[ -](?:messages?|turns?|roles?|prompts?|inputs?)\b(?! (?:with|of|in|that"
    r"|contain|up))"
)
PARTS = (
    r"(?:roles?|messages?|prompts?|instructions?|turns?|fields?|param(?:eter)?s?|slots?|blocks?"
    r"|inputs?"
    r"|texts?|keys?|entr(?:y|ies))\b"
)
ROLES = wording(
    rf"\b{SYSTEM}\b['\"`’”]?[ _-]?(?:{PARTS}|content\b){NEAR}(?:{NOT})"
    rf"|(?:{NOT}){NEAR}\b{SYSTEM}\b['\"`’”]?[ _-]?{PARTS}"
    rf"|\b{SYSTEM}\b['\"`’”]?[ _-]?{PARTS}[^.!?\n]{{0,60}}?\b(?:should|must|ha(?:s|ve) to"
    r"|needs? to|into|in"
    r"|within|inside|instead)\b[^.!?\n]{0,40}?\b(?:user|first) (?:message|turn|prompt|role)s?\b"
    r"|\b(?:move|merge|put|place|prepend|fold|include|send|pass)\b[^.!?\n]{0,40}?"
    rf"\b(?:{SYSTEM}|instructions?)\b[^.!?\n]{{0,40}}?\b(?:user|first) (?:message|turn|prompt"
    r"|role)s?\b"
    rf"|\b(?:only|just|solely|exclusively) (?:\w+ )?{USERS}|{USERS} (?:messages? |turns? |roles? "
    r"|prompts? )?only\b"
    rf"|\broles?\b{NEAR}(?:{NOT}){NEAR}\b{SYSTEM}\b|\broles?\b{NEAR}\b{SYSTEM}\b{NEAR}(?:{NOT})"
    rf"|(?:{NOT}){NEAR}\broles?\b{NEAR}\b{SYSTEM}\b|\b{SYSTEM}\b{NEAR}(?:{NOT}){NEAR}\brole\b"
    r"|\b(?:invalid|unknown|unexpected|unsupported|unrecogni[sz]ed|illegal|bad|wrong) (?:message "
    r"|chat )?"
    rf"role\b|\bno {SYSTEM} (?:messages?|prompts?|roles?|instructions?)\b"
    rf"|\bmessages?\W{{0,3}}\d*\W{{0,3}}role\b{NEAR}(?:{NOT})"
    r"|roles?\b[^.!?\n]{0,60}?\bmust (?:strictly )?(?:alternate|be alternat)|must alternate\b"
    r"|alternat(?:e|es|ing|ion)\b[^.\n]{0,60}\b(?:user|assistant|model|roles?|turns?|messages?)"
    r"|\b(?:user|assistant|roles?|turns?|messages?)\b[^.\n]{0,60}\balternat(?:e|es|ing|ion)\b"
    r"|\b(?:first|initial)\b[^.\n]{0,30}\b(?:message|content|turn|role)\b[^.\n]{0,40}\b(?:user"
    r"|human)"
    r"|\b(?:message|content|turn|conversation|chat|dialog\w*)s?\b[^.\n]{0,20}\b(?:start|begin)\w*"
    r" with [^.\n]{0,20}\b(?:user|human)",
)
OTHER_ROLES = wording(
    r"(?:only|must|should|one of|valid role|expected|supported|allowed|input should be|among|in)\b"
    r"[^.!?\n]{0,40}?\b(?:user|human)\b['\"`’”]?(?:,| and| or|\W|/){1,6}['\"`‘“]?"
    r"\b(?:assistant|model|bot|ai)\b",
)
"""A list of the roles there are, which the system's is not among."""
LISTS_SYSTEM = wording(
    r"['\"`‘“]?\b(?:system|developer)\b['\"`’”]?(?:,| and| or|/)\W{0,3}(?:user|assistant|human"
    r"|tool)"
    r"|\b(?:user|assistant|tool)\b['\"`’”]?(?:,| and| or|/|\W){1,6}['\"`‘“]?(?:system|developer)\b"
    r"(?!\W{0,3}(?:role|message))",
)
ELSEWHERE = wording(
    r"(?:system|developer|系统|系統|システム|시스템)[^。！？\n]{0,16}?"
    r"(?:role|message|角色|消息|信息|訊息|提示|指令|设定|ロール|メッセージ|プロンプト|指示|役割"
    r"|역할|메시지"
    rf"|프롬프트|지시)[^。！？\n]{{0,20}}?(?:{NOT_ELSEWHERE})"
    rf"|(?:{NOT_ELSEWHERE})[^。！？\n]{{0,24}}?(?:system|developer|系统|系統|システム|시스템)"
    r"[^。！？\n]{0,8}?(?:role|message|prompt|角色|消息|信息|訊息|提示|指令|设定|設定|ロール"
    r"|メッセージ|プロンプト"
    r"|指示|役割|역할|메시지|프롬프트|지시)"
    rf"|(?:角色|role|ロール|역할)[^。！？\n]{{0,24}}?(?:{NOT_ELSEWHERE}|交替|user|assistant)"
    r"|交替|交互に|번갈아",
)
IN_EUROPE = wording(
    rf"{ROLE_IN_EUROPE}[^.!?\n]{{0,60}}?(?:{NOT_IN_EUROPE})|(?:{NOT_IN_EUROPE})[^.!?\n]{{0,60}}?"
    rf"{ROLE_IN_EUROPE}|(?:rolle|r[oô]le|ruolo|rol|papel|função|роль|rola|vai trò|peran)\b"
    rf"[^.!?\n]{{0,30}}\b(?:system|developer|sistema|système)\b",
)
ITSELF = wording(
    r"\b(?:operating|file|internal|upstream|our|this|your|cache|storage"
    r"|backend) systems?\b(?!['\"`’”]?[ _-]?"
    rf"{PARTS})"
    r"|\b(?:system|sistema|système|syst[eè]me)s? (?:error|failure|fault|exception|overload"
    r"|maintenance|busy"
    r"|resources?|memory|capacity|load|clock|time|administrator|unavailable|timeout|crash|call)\w*"
    r"|\bsystem(?:fehler|störung|ausfall|wartung|feil|fel)\w*|\b(?:erreur|panne|error|fallo|erro"
    r"|falha|errore"
    r"|guasto|ошибка|сбой|błąd|lỗi|kesalahan)\b[^.:!?\n]{0,12}?\b"
    r"(?:syst[eè]me|sistema|системы|system\w*|hệ thống|sistem\w*)\b"
    r"|(?:系统|系統|システム|시스템)(?:内部|內部)? ?(?:错误|錯誤|繁忙|正忙|异常|異常|维护|維護"
    r"|故障|超时|超時|出错|エラー"
    r"|障害|メンテナンス|오류|장애|점검|资源|資源|负载|負載)"
)
"""What is said of a system as such; it is left out before roles are looked for."""
PARAM = wording(r"messages?\W*\d*\W*role$")
MAYBE = wording(
    r"\broles?\b|\bsystem\b|developer|jinja|chat[ _]template|template error|apply_chat_template"
    r"|角色|系统|系統|システム|ロール|시스템|역할|роль|систем|sistema|syst[eè]me|rolle\b|r[oô]le\b"
    r"|ruolo",
)
AT = frozenset({400, 403, 404, 406, 415, 422, 424, 500, 501})


def judge_roles(refusal: Refusal) -> Trouble | None:
    """Return that the model takes no system message, where the refusal says so."""
    if refusal.status not in AT or not _is_about_roles(refusal):
        return None
    return Trouble(
        Cure.NO_SYSTEM,
        FailureKind.BAD_REQUEST,
        refusal.said,
        refusal.status,
        maybe_form=True,
    )


def may_be_about_roles(refusal: Refusal) -> bool:
    """Return whether the words leave it open."""
    return MAYBE.search(refusal.words or refusal.said) is not None


def _is_about_roles(refusal: Refusal) -> bool:
    words = ITSELF.sub("…", refusal.words or refusal.said)
    if PARAM.search(refusal.param) or ROLES.search(words):
        return True
    if OTHER_ROLES.search(words) and not LISTS_SYSTEM.search(words):
        return True
    return bool(ELSEWHERE.search(words) or IN_EUROPE.search(words))
