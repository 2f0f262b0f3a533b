"""What the words before an object of a text call it: corrected, final, a draft, or another one.

Each table is searched in whatever case; the languages are those models have been seen to fall into.
"""

from __future__ import annotations

import re


def any_of(*words: str) -> re.Pattern[str]:
    """Return a pattern that finds any of these."""
    return re.compile("|".join(words), re.IGNORECASE | re.MULTILINE)


# Words that take back what was said before.
CORRECTION = any_of(
    r"\bcorrected\b|\bcorrections?\b|\bcorrecting\b|\brevis(?:ed|ion|ing)\b|\bupdated\b",
    r"\bamended\b",
    r"\bfixed\b|\bwait\b|\bactually\b|\bi meant?\b|\bscratch that\b|\bsorry\b|\boops\b",
    r"\bmy mistake\b",
    r"\bsecond thoughts?\b|\bon reflection\b|\breconsider|\bre-?read|\bread(?:ing)? it again\b",
    r"\bchanged? my mind\b|\bi (?:take|took) that back\b",
    r"\bkorrig|\bkorrektur\b|\bmoment\b|\bberichtig|\bentschuldig",
    r"\bcorrig|\bcorrección\b|\bcorreção\b|\bperdón\b|\bpardon\b|\bcorrett[oa]\b|\bcorrezione\b",
    r"\bисправлен|\bпоправк|\bвиправлен|\bpopraw(?:ion|k)",
    r"更正|修正|纠正|糾正|改正|抱歉|訂正|수정|정정|تصحيح|المصحح|सुधार|संशोधित",
)
# Words that call an object the last one.
FINAL = any_of(
    r"\bfinal|\bconclusion|\bendgültig|\bdéfiniti|\bdefinitiv|\bитог|\bокончательн"
    r"|\bостаточн",
    r"最终|最終|결론|최종|النهائي|अंतिम",
)
# Words that call it an answer, which may be so of others as well.
ANSWER = any_of(
    r"\bcorrect(?:ly)?\b|\b(?:my|the|actual|right|real|true) answer\b|^\W{0,40}answer\b|\bresult\b",
    r"\btherefore\b|\boverall\b|\brichtig\b|\bantwort\b|\bergebnis\b",
    r"\bcorrect[oa]\b|\brespuesta\b|\bresultado\b|\bresposta\b",
    r"\bréponse\b|\brésultat\b|\brisposta\b|\brisultato\b|\bodpowiedź\b|\bответ\b",
    r"答案|回答|結果|结果|정답|답변|الإجابة|उत्तर",
)
# Words that lead to it, which what was thought before may be followed by.
CONCLUSION = any_of(
    r"\bhence\b|\bthus\b|\bconsequently\b|\baccordingly\b|\bin (?:sum|short|the end)\b",
    r"(?:^|[.!?,;:—–-]\s{0,3})so\b(?! (?:far|that|much|many|called|long)\b)",
    r"\b(?:go|going|went) with\b|\bsettl(?:e|ed|ing) (?:on|for)\b|\bdecid(?:e|ed|ing)\b"
    r"|\bverdict\b",
    r"\bi conclude\b|\bdecision\b|\bdaher\b|\bsomit\b|\bfolglich\b|\bdeshalb\b|\bdonc\b|\bainsi\b",
    r"\bpor (?:lo )?tanto\b|\basí que\b|\bportanto\b|\bquindi\b|\bdunque\b|\bperciò\b|\bzatem\b",
    r"\bwięc\b|\bпоэтому\b|\bитак\b|\bзначит\b|\bследовательно\b|\bbu nedenle\b|\bdolayısıyla\b",
    r"\bdo đó\b|\bvì vậy\b|\bjadi\b|\boleh karena itu\b",
    r"因此|所以|综上|綜上|したがって|従って|よって|だから|따라서|그러므로|لذلك|إذن|इसलिए|अतः",
)
# Words that say of it that it is none, or none any more.
DENIED = any_of(
    r"\bnot\b|n['’]t\b|\bnever\b|\bno longer\b|\bneither\b|\bwrong|\bincorrect|\binvalid",
    r"\bmistaken|\bexclud|\brul(?:e|ed|ing) out\b|\bavoid|\beliminat|\bunlikely\b|\bcannot\b",
    r"\berroneous|\breject|\bdiscard|\bdismiss|\bprevious|\binitial|\boriginal|\bearlier\b",
    r"\bprior\b",
    r"\bformer|\bold\b|\bpast\b|\bbefore\b|\binstead of\b|\breplac(?:es|ed|ing)\b",
    r"\bin place of\b",
    r"\bfrom\b|\bwas\b|\bwere\b|\bhad\b|\bwould\b|\bexcept\b|\bunlike\b|\bfalse\b|\bbad\b",
    r"\bpoor\b",
    r"\bout ?dated\b|\bsuperseded\b|\bobsolete\b|\bwithdrawn\b|\bnon-?(?:final|answer)",
    r"\bunacceptable",
    r"\bnicht\b|\bkeine?\w?\b|\bfalsch|\bvorher|\bvorig|\bursprünglich|\bfrüher",
    r"\b(?:an)?statt\b|\bwäre\b",
    r"\bzuvor\b|\bbisherig|\balte[rns]?\b|\bvor der\b|\bungültig",
    r"\bmauvais|\bfauss?e?s?\b|\berroné|\bprécédent|\bancien|\bau lieu\b|\bpas\b|\bserait\b",
    r"\bavant\b",
    r"\berróne|\bequivocad|\banterior|\binválid|\ben lugar\b|\ben vez\b|\bem vez\b|\bantes\b",
    r"\bserían?\b",
    r"\bno (?:es|era|elegí|e)\b|\bnão\b|\berrad[oa]|\bsbagliat|\berrat[oa]|\bprecedent",
    r"\binvece\b|\bprima\b",
    r"\bnon\b|\bневерн|\bнеправильн|\bошибочн|\bне\b|\bпредыдущ|\bпрежн|\bвместо\b|\bисходн",
    r"\bпервоначальн|\bперед\b|\bbłędn|\bniepoprawn|\bpoprzedni|\bnie\b|\bniet\b|\bfout",
    r"错误|錯誤|错的|不是|不对|不對|不正确|不正確|不应|不要|之前|以前|原来|原先|原本|旧|舊|誤|間違"
    r"|違う",
    r"ではな|(?:修正|訂正|更正|改正|纠正|糾正)前|아닌|아니|틀린|잘못|오답|이전|기존"
    r"|전[:：]?\s{0,20}$",
    r"خاطئ|خطأ|غير|ليس|السابق|गलत|नहीं|पिछल",
)
# Words after which an object is one of several, or somebody else's.
OTHER = any_of(
    r"\balternativ|\boptions?\b|\bpossib|\bcandidates?\b|\bsecond (?:choice|opinion)\b",
    r"\brunner|\banother\b",
    r"\be\.?g\.|\bexamples?\b|\bfor instance\b|\bsample\b|\btemplate\b|\bfor an?\b|\bnext\b",
    r"\bothers?\b",
    r"\b(?:could|might|would|may) (?:also|have|be)\b|\botherwise\b|\brather than\b|\bif\b",
    r"\bwhereas\b",
    r"\bas opposed to\b|\bless likely\b|\bwrong (?:answer|would)\b|\b(?:not|either|or)\W{0,40}$",
    r"\bsuppos|\bimagin|\bhypothe|\bcounter|\bcontrast|\bdrafts?\b|\bcritique\b",
    r"^\W{0,40}(?:text|input|user|human|question|task|review|message|document|instruction"
    r"|q)s?\b.{0,40}:",
    r"\boder\W{0,40}$|\bbeispiel|\bfalls\b|\bwenn\b|\bsonst\b|\bmöglich|\bander[enrs]{1,2}\b",
    r"\bentwurf",
    r"\bou\W{0,40}$|\bo bien\W{0,40}$|\bejemplo|\bexemple|\bexemplo|\besempio|\bopci[óo]n|\baltern",
    r"\botr[oa]s?\b",
    r"\bautres?\b|\bbrouillon|\bborrador|\bили\W{0,40}$|\bпример|\bвариант|\bальтернатив|\bдругой",
    r"\bчерновик",
    r"例如|例子|示例|或者|选项|選項|方案|或い?は|または|もし|另一|草稿|別の|예시|또는|다른|مثال"
    r"|उदाहरण",
)
# Words that show what an answer looks like, whatever it says.
SHAPE = any_of(
    r"\bformat|format\b|\blooks?\b|\bschema\b|\bstructure\b|\bshape\b|\blike\b\W{0,40}$",
    r"\blike (?:this|so|that)\b",
    r"\bform\b|\bformato\b|\bestructura\b|\besquema\b|\bschéma\b|\baussehen\b|\bmuster\b",
    r"\bформат",
    r"格式|形式|模式|형식|صيغة|प्रारूप",
)
DOUBT = any_of(
    r"\b(?:perhaps|maybe|could|might|may|possibly|probably not|consider|suppose|what if|not)\b",
    r"\?",
    r"\bthink(?:ing)? (?:of|about)\b|\btempt|\bimagine\b|\bsay(?:ing)?\b\W{0,40}$",
    r"\blet['’]?s? (?:me )?try\b",
    r"\bvielleicht|\bkönnte|\bquizás?\b|\bpodría|\bpeut-être|\bpourrait|\btalvez|\bforse",
    r"\bможет|\bвозможно|也许|可能|或许|かもしれ|もしかし|아마|ربما|शायद",
)
# Words that call an object not yet the answer.
TENTATIVE = any_of(
    r"\bdraft|\bfirst\b|\binitial|\battempt|\btentative|\bprelim|\bthought\b|\breasoning\b",
    r"\brough\b",
    r"\bunclear\b|\bguess\b|\bprevious|\bearlier\b|\boriginal|\bzuerst\b|\bentwurf|\bborrador",
    r"\bbrouillon",
    r"\bчерновик|草稿|初步|初稿|最初|초안|मसौदा|مسودة",
)
# "Option B:", "Sentence 2:" and the like: one of a list.
LISTED = re.compile(
    r"\b\w{1,60}(?:\s{0,20}[#(]?\d{1,3}|\s{1,20}\(?[A-Z])\)?\s{0,20}[:.：]\W{0,40}\Z"
)
# A line that begins somebody's turn, or shows the next task.
TURN = any_of(
    r"^\W{0,40}(?:user|human|assistant|system|ai|bot|model|customer)\W{0,40}(?:$|:)",
    r"\[/?INST\]|<\|\w{1,30}\|>|<(?:start|end)_of_turn>|<\|(?:im_start|start_header_id)",
    r"^\W{0,40}#{1,6}\s{0,20}(?:instruction|input|response|user|human|assistant|system|question"
    r"|task|example"
    r"|label|text|next)",
    r"^\W{0,40}\w[\w ]{0,30}[:：][ \t]{0,20}[\"“«„「]",
    r"^\W{0,40}(?:label|classify|annotate|rate|now|next)\b.{0,40}(?::|…|\.\.\.)",
)
TAG = re.compile(r"[<\[](?P<close>/)?(?P<name>[^\W\d][\w:.-]{0,40})(?:\s[^<>\[\]\n]{0,100})?[>\]]")
# Tags an answer stands in.
OF_ANSWER = re.compile(
    r"(?:final|corrected|revised)?[_-]?(?:answer|output|result|response|solution|json|code|final"
    r"|tool_call|function_call|revised|corrected)",
    re.IGNORECASE,
)
