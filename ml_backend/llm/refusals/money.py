"""How providers say that no money, credit or plan is left, in the languages they answer in."""

from __future__ import annotations

from ml_backend.llm.refusals.languages import MONEY_ELSEWHERE
from ml_backend.llm.refusals.matching import either

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
        *("token_quota_reached", "quota_reached", "exceededbudget", "over_budget"),
        *("subscription_required", "no_active_subscription", "key_limit_exceeded"),
        # Zhipu, SiliconFlow.
        *("1113", "1304", "1308", "1309", "1310", "30001"),
    }
)

IS_OVER = (
    r"(?:has been |was |is |have been )?"
    r"(?:reached|exceeded|hit|exhausted|used up|depleted|spent|over)\b"
)

QUOTA = either(
    r"insufficient[ _-]{1,2}(?:\w+ )?(?:quota|balance|credits?|funds)",
    r"insufficient_quota",
    r"(?:balance|credits?|funds|quota)\W{1,3}(?:\w+ ){0,4}?(?:is|are|was|has been|have been"
    r"|been)? ?(?:too low|insufficient|negative|not (?:enough|sufficient)|exhausted|depleted"
    r"|used up|run out|zero)",
    r"not enough (?:\w+ )?(?:credits?|balance|funds|money|quota)",
    r"(?:out|short) of (?:\w+ )?(?:credits?|funds|money|quota|balance)",
    r"used (?:up )?all (?:of )?(?:\w+ )?(?:available )?credits",
    r"no (?:\w+ )?(?:credits?|balance|funds|quota)(?: (?:left|remaining|available))?\b",
    r"(?:does not|doesn't|not) (?:include|cover)\w* .{0,40}\bplan\b",
    r"\bplan (?:does not|doesn't) (?:include|allow|support|cover)",
    r"upgrade your (?:\w+ )?(?:plan|subscription|tier)",
    r"add a (?:valid )?payment method",
    r"spend(?:ing)? (?:limit|cap)",
    r"left on your plan",
    r"n[o']t have (?:any|enough|sufficient) (?:\w+ )?(?:credits?|balance|funds|quota)",
    r"(?:exceeded|depleted|used up|exhausted|reached) (?:your |the |its )?(?:\w+ ){0,3}"
    r"(?:included |available |free )?(?:credits?|credit limit)",
    r"requires more credits",
    r"can only afford",
    r"credit limit exceeded",
    r"credits? (?:balance|required)",
    r"(?:payment|billing|invoices?|bills?) (?:is |are |was )?(?:required|past due|overdue"
    r"|failed)",
    r"past invoices",
    r"in arrears",
    r"arrearage",
    r"good standing",
    r"overdue (?:balance|payment|bill|invoice)",
    r"billing[ _](?:hard[ _]limit|not[ _]active|(?:account )?(?:is |has been )?disabled|must"
    r" be enabled)",
    r"requires billing",
    r"enable billing",
    r"check your billing",
    r"billing to be enabled",
    r"(?:spend(?:ing)?|usage|billing|budget|monthly|weekly|hard) (?:limit|cap|budget|quota)s?"
    r"(?: \w+){0,3} (?:reached|exceeded|hit|exhausted)",
    r"(?:reached|exceeded|hit|over) (?:your |the |its |a )?(?:\S+ ){0,3}(?:spend(?:ing)?|usage"
    r"|monthly|weekly|hard|budget) (?:\w+ )?(?:limits?|caps?|quota|budget)",
    r"exceeded (?:\w+ )?budget",
    r"free (?:tier|trial|quota|credits?|plan)\b.{0,80}?(?:exhausted|expired|ended|used up|is"
    r" over)",
    r"trial (?:period )?(?:has |is )?(?:expired|ended|over)",
    r"subscription (?:has |is )?(?:expired|inactive|not active)",
    r"requires a (?:paid |\w+ )?(?:subscription|plan)",
    r"top[ -]up your",
    r"recharge",
    r"purchase more credits",
    r"out of call volume quota",
    r"余额(?:已)?(?:不足|不够|为)",
    r"欠费",
    r"充值",
    r"(?:额度|配额|点数|积分|资源包|次数)(?:已|已经)?(?:不足|用尽|用完|耗尽|超限|过期)",
    r"额度不够",
    r"无可用资源包",
    r"套餐.{0,8}(?:过期|到期|用完|用尽)",
    r"餘額不足",
    r"額度(?:已)?(?:不足|用盡)",
    r"儲值",
    r"残高(?:が)?不足",
    r"クレジット.{0,6}(?:不足|使い切|使い果|残って)",
    r"支払い",
    r"잔액.{0,4}부족",
    r"크레딧.{0,6}(?:부족|소진|없)",
    r"недостаточно (?:средств|кредитов|баланса)",
    r"баланс\w* .{0,20}(?:исчерпан|недостаточ)",
    r"пополните",
    r"(?:за)?кончились .{0,20}(?:средств|кредит|деньги)",
    r"guthaben.{0,30}(?:aufgebraucht|reicht nicht|nicht aus|zu niedrig|erschöpft)",
    r"(?:saldo|crédito?s?|créditos|credito|crediti|solde|crédits?)\W{1,2}(?:\w+ ){0,2}"
    r"(?:insuficientes?|insufficienti?|insufficiente|insuffisants?|agotad[oa]s?|esaurit[oi]"
    r"|esgotad[oa]s?|épuisés?)",
    r"exceeded ?budget|over (?:the |your |its )?budget",
    rf"(?<!thinking )(?<!reasoning )(?<!token )(?<!tokens )budget (?:limit )?{IS_OVER}",
    r"out of (?:\w+ ){0,2}?(?:usage|allowance)\b",
    r"(?:usage|monthly|token|credit|plan) (?:cap|allowance) " + IS_OVER,
    r"balance\W{0,3}(?:is |of |at )?(?:now |currently )?[$€£¥₹]? ?(?:-"
    r"|0(?:[.,]0{1,4})?(?![.,]?\d))",
    r"(?:negative|zero|low|empty) (?:\w+ )?balance",
    r"(?:wallet|balance|credits?|funds) (?:is |are |has been |have been )?(?:currently "
    r"|now )?(?:empty"
    r"|drained|spent|gone|consumed|expired|too small|low\b|below)",
    r"(?:credits?|funds|money|balance|allowance) (?:has |have )?(?:run|ran) (?:out|dry|low)",
    r"(?:deposit|add|load|transfer) (?:some |more |additional )?(?:funds|money|credits?|balance)\b",
    r"(?:refill|reload|replenish|fund|recharge) (?:your|the) (?:account|wallet|balance|credits?)",
    r"\bno (?:(?:active|valid|current|paid|payment|billing) ){1,3}(?:subscription|plan|method"
    r"|licen[cs]e"
    r"|account|info\w*|details)\b",
    r"subscription (?:was |has been |is )?(?:not found|required|needed|lapsed|cancell?ed|missing"
    r"|suspended)",
    r"n[o']t (?:have|found|find) (?:an? |any )?(?:(?:active|valid|paid) ){1,2}(?:subscription"
    r"|plan)",
    r"(?:credit |debit )?card (?:was |has been |is |has )?(?:declined|expired|rejected)",
    r"payment (?:method )?(?:was |has been |has |is )?(?:declined|rejected|missing|due"
    r"|outstanding)",
    r"(?:unpaid|outstanding|delinquent|past[- ]due) (?:\w+ )?(?:invoices?|bills?|balance|account)",
    r"account (?:is |has been )?(?:past due|delinquent|overdue|in debt|unfunded|out of money"
    r"|over limit)",
    r"(?:trial|free|evaluation|demo) (?:api )?key (?:has been |is |was |has )?(?:exhausted|used up"
    r"|expired"
    r"|over|out of)",
    r"token[_ ]quota[_ ](?:reached|exceeded|exhausted)",
    r"total (?:(?:spend\w*|usage|credit|cost|request|call|api) ){0,2}limit\W{0,2} ?"
    r"(?:has been |is |was )?(?:reached|exceeded|exhausted"
    r"|used up)(?! (?:for|of|by) )",
    r"upgrade to (?:a |the )?(?:\w+ ){0,2}?(?:plan|pro|plus|premium|tier|paid)\b",
    r"(?:buy|get|purchase|obtain) (?:more |additional |some )?(?:credits?|quota|balance)\b",
    r"insufficient tokens (?:in|on) (?:your|this|the) (?:account|balance|plan|wallet)",
    *MONEY_ELSEWHERE,
)

REACHED = either(
    r"quota (?:limit )?" + IS_OVER,
    r"(?:exceed\w*|reached|hit|over) (?:\S+ ){0,4}?quota",
    r"\b(?:key|account|project|team|user|organi[sz]ation|workspace|usage|monthly|weekly|daily"
    r"|yearly"
    r"|lifetime|credit|plan) (?:(?:spend\w*|usage|request|call|api|credit|budget|cost)s? )?limits? "
    + IS_OVER,
    r"(?:quotas?|cuota|cota|kontingent)\b.{0,20}?(?:épuisé|dépassé|atteint|superad|excedid|agotad"
    r"|esgotad"
    r"|atingid|superat|esaurit|raggiunt|erschöpft|aufgebraucht|wyczerpan|przekroczon)",
    r"(?:dépassé|superado|exced\w*|superato|esaurito|überschritten|przekroczon\w*|wyczerpan\w*) "
    r"(?:\w+ ){0,2}?(?:quota|cuota|cota|kontingent)\b",
    r"\blimit\w* .{0,16}?wyczerpan|hết (?:\w+ )?hạn mức",
    r"(?:превышен|исчерпан)\w* .{0,12}?лимит.{0,40}?(?:месяц|день|сутки|бесплатн)"
    r"|(?:месячн|суточн|дневн)\w* лимит .{0,20}?(?:превышен|исчерпан)",
    r"(?:配额|配額|额度|額度|次数|次數)[^。\n]{0,6}?(?:超限|已超|超出|达到上限|達到上限)",
    r"(?:クォータ|割り当て|利用上限)[^。\n]{0,8}?(?:超|達し|到達)|할당량[^.\n]{0,8}?(?:초과|도달)",
    r"квот\w* .{0,20}?(?:превышен|исчерпан)|(?:превышен|исчерпан)\w* .{0,12}?квот",
    r"(?:تجاوز|استنف[دذ])\w* .{0,12}?(?:حصة|الحصة|حصت)|hạn mức .{0,16}?(?:vượt|đạt)"
    r"|vượt (?:quá )?hạn mức",
    r"kontingent\w* .{0,20}?(?:überschritten|erreicht)|quota .{0,12}?(?:dépassé|atteint|superad"
    r"|excedid"
    r"|atingid|superat|raggiunt)|(?:cuota|cota) .{0,16}?(?:excedid|superad|agotad|esgotad|atingid)",
    r"kota\w* .{0,12}?(?:aşıl|doldu)|przekroczon\w* .{0,12}?limit|kuota .{0,12}?(?:terlampaui"
    r"|tercapai)",
    r"कोटा .{0,16}?(?:समाप्त|पार|अधिक)",
)
"""With any status but 429, of which a quota may be one by the minute."""
