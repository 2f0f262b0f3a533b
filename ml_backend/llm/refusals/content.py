"""Refusals that concern one task alone: too long, filtered, pictures. They never stop a run.

All but one: a model that takes no pictures takes none of any task.
"""

from __future__ import annotations

from ml_backend.llm.refusals.matching import wording
from ml_backend.llm.refusals.trouble import Cure, Refusal, Trouble
from ml_backend.records import FailureKind

TOO_LONG = wording(
    r"context[ _](length|size|window)|maximum (model|input|prompt|token) (length|limit)"
    r"|max_model_len|longer than the (maximum )?model|(prompt|input|request|message|messages"
    r"|text)s?"
    r" (\w+ )?(is|are|was) too (long|large|big)|prompt too long|too many (input |prompt )?tokens"
    r"(?! per)|input token count|reduce the length|string too long|string_above_max_length"
    r"|request[ _]too[ _]large|request entity too large|payload too large|content too large"
    r"|body (is )?too large|range of input length|exceed\w* (the )?(max\w*|model'?s?|context"
    r"|allowed)"
    r" (\w+ ){0,3}(tokens|length|context|limit)|\binputs?\W{1,3}tokens? \+|n_ctx"
    r"|token limit exceeded|max_tokens must be at least 1, got -|size( \S+){0,3} exceeds?|kv cache"
    r"|tokens? (\w+ )?exceeds? the|max(imum)? (number of )?tokens.{0,40}exceed|too long for (the"
    r"|this)"
    r"|输入.{0,12}(过长|超长|超过|超出)|(超过|超出).{0,16}(长度|上下文|最大)|上下文.{0,8}(超"
    r"|过长)|长度超"
    r"|トークン.{0,12}(超え|上限)|入力.{0,8}長す|너무 (깁|길|긴)|слишком длинн",
)
TOO_LARGE_FOR_A_MINUTE = wording(
    r"request too large|context[ _](length|window)|reduce the length|maximum (model|input) length",
)
"""What of it counts with 429, whose limits are exceeded by many tasks together."""
FILTERED = wording(
    r"content[_ ]?filter|content management policy|responsible ?ai|content[_ ]polic(y|ies)"
    r"|moderat(ion|ed)|data[_ ]?inspection[_ ]?failed|inappropriate content|content exists risk"
    r"|high risk|flagged|usage (guidelines|polic(y|ies))|safety[_ ](check|filter|system|setting"
    r"|reason"
    r"|polic|guideline|violation)|prohibited[_ ]content|sensitive ?(content|information|words?)"
    r"|sensitivecontentdetected|guardrails?\b|harmful|violat\w+ (\w+ ){0,3}(polic|guidelines|terms)"
    r"|invalid_prompt|blocked (by|due to|for|because of) (\w+ ){0,3}(safety|policy|filter|guard)"
    r"|unsafe content|blocklist"
    r"|敏感(内容|信息|词)|不安全|违规内容|内容安全|内容违规|安全审核|审核(未|不)通过|风控|不当内容"
    r"|不適切|コンテンツポリシー|부적절|유해"
    r"|prompt[ _-]?injection|jail ?-?break|injection (attack|attempt)|(injection|attack) detected"
    r"|(blocked|banned|forbidden|prohibited|disallowed|offending|restricted) (word|phrase|term"
    r"|keyword"
    r"|topic|content|text)s?\b"
    r"|(malicious|disallowed|abusive|offensive|toxic|illicit|illegal|explicit|adult|nsfw|sexual"
    r"|hateful"
    r"|violent|objectionable) (content|prompt|input|text|language|instruction|material)"
    r"|\b(self[- ]harm|hate speech|profanity)\b|content (is |was |has been )?(blocked|rejected"
    r"|restricted)"
    r"|违禁|違禁|违规(词|信息|输入)|涉黄|涉政|注入攻击|提示词注入|敏感詞|有害|禁止語"
    r"|コンテンツフィルタ|금지어"
    r"|콘텐츠 ?(정책|필터)|(недопустим|запрещ[её]нн|неприемлем)\w* (контент|содержани|содержим"
    r"|слов)"
    r"|политик\w+ (контента|содержан)|фильтр\w* (контента|содержим)|модераци"
    r"|inhalts(filter|richtlinie)|(unangemessene?r?|verbotene?r?|anstößige?r?) (inhalte?|wörter"
    r"|begriffe)"
    r"|(politique|filtre) de contenu|contenu (inapproprié|sensible|interdit)"
    r"|(pol[ií]tica|filtro) de conte(nido|údo)|conte(nido|údo) (inapropiado|inadecuado|inadequado"
    r"|impróprio|sensible|sensível|prohibido|proibido)|contenut[oi] (inappropriat|vietat"
    r"|non consentit)"
    r"|(nieodpowiedni|zabronion|niedozwolon)\w* treś|uygunsuz içerik|içerik (politikası|filtresi)"
    r"|nội dung (không phù hợp|nhạy cảm|bị cấm)|konten (tidak pantas|terlarang)|محتوى (غير لائق"
    r"|محظور|ضار)"
    r"|(अनुचित|आपत्तिजनक) सामग्री",
)
FILTER_CODES = frozenset(
    {
        *("1301", "invalid_prompt", "datainspectionfailed", "content_filter", "moderation_blocked"),
        *("content_policy_violation", "data_inspection_failed", "responsibleaipolicyviolation"),
        # MiniMax.
        *("1026", "1027"),
    }
)
NO_IMAGES = wording(
    r"\b(image|vision|multi-?modal|file)\w*( content| input)?( modality)?( types?)?s? (is|are) "
    r"(not|only) (supported|enabled)"
    r"|not (currently )?support(ed)? (image|vision|multi-?modal|file)|not a multi-?modal"
    r"|n't support (image|vision|multi-?modal|picture)|does not accept images"
    r"|at most 0 image|unknown variant `(image_url|file)`|missing data required for image"
    r"|support image input|content must be a string|不支持(图片|图像|视觉|多模态)",
)
TOO_MANY_IMAGES = wording(
    r"at most \d+ (image|file)|too many (image|file)|maximum (number )?of images"
    r"|maximum of \d+ (pdf )?pages",
)
BAD_IMAGE = wording(
    r"invalid_image|image_parse_error|unsupported image|image is not valid|valid image"
    r"|document has (no|more than|too many)\b.{0,20}pages|unsupported mime type"
    r"|invalid (base64 )?image"
    r"|(decode|load|process|parse|identify|download|fetch|open|read|retrieve|access)(ing)? (the )?"
    r"(base64 |given |provided |remote |input )?(image|media|file|url|picture)"
    r"|image\w*( \w+){0,4} too (large|big|small)|image exceeds"
    r"|image (dimension|size)\w*( \w+){0,6} (exceed|limit)"
    r"|(image|picture|media)_?url\b.{0,80}(403|404|download|fetch|reach|timed? ?out|denied)"
    r"|(error|failed|unable|timeout) (while |to )?(download|fetch|retriev(e|ing))\w*"
    r"|(image|picture|photo|media|attachment)s?( \S+){0,4}? (could ?n.t|could not|cannot|can't"
    r"|failed to)"
    r" (be )?(fetch|download|load|retriev|open|read|access|decod|process|pars|reach|identif)\w*"
    r"|\bpdf specified (is|was) (not valid|invalid|password|encrypted|corrupt)"
    r"|could not process pdf|image does not match the provided media type",
)
AT = frozenset({400, 403, 413, 415, 422, 429, 451, 500, 501})
"""Statuses at which words about the content count; 404 is about pictures alone."""


def judge_images(refusal: Refusal) -> Trouble | None:
    """Pictures or files the model cannot see: no other form of the answer would help."""
    words, status, said = refusal.everything, refusal.status, refusal.said
    kind = FailureKind.BAD_REQUEST
    # llama.cpp and Ollama say so with 500, OpenRouter with 404.
    if status not in (400, 404, 415, 422, 500, 501):
        return None
    if NO_IMAGES.search(words):
        return Trouble(Cure.STOP, kind, said, status, no_images=True)
    if TOO_MANY_IMAGES.search(words):
        return Trouble(Cure.FAIL, FailureKind.TOO_LONG, said, status)
    if BAD_IMAGE.search(words):
        return Trouble(Cure.FAIL, kind, said, status)
    return None


def judge_content(refusal: Refusal) -> Trouble | None:
    """Return what is said of one task: that it is too long, or not to the provider's taste."""
    words, status = refusal.everything, refusal.status
    # llama.cpp says so with 500; OpenAI refuses what exceeds a minute's tokens with 429.
    too_long = TOO_LARGE_FOR_A_MINUTE if status == 429 else TOO_LONG
    if status == 413 or (status in AT and status != 403 and too_long.search(words)):
        return Trouble(Cure.FAIL, FailureKind.TOO_LONG, refusal.said, status)
    coded = bool(FILTER_CODES.intersection(refusal.code.lower().split()))
    # Words of it with 429 may be about a limit of the filter's.
    filtered = coded or (status != 429 and FILTERED.search(words) is not None)
    if filtered and status in AT:
        return Trouble(Cure.FAIL, FailureKind.REFUSED, refusal.said, status)
    return None
