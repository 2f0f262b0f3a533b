"""What the account lacks, in the languages servers answer in beside English: rows of a wording.

A row joins a thing ("balance", "key", "region") and what is wrong with it, in one sentence and in
either order where the language has both; alone neither says anything.
"""

from __future__ import annotations

REST = r"[^.!?\n]"
"""What stands between them; a sentence of Chinese, Japanese or Hindi ends with other signs."""

MONEY_ELSEWHERE = (
    # Chinese
    r"(?:余额|餘額|账户|帳戶|帐户|积分|積分|点数|點數|额度|額度|配额|配額|套餐|流量包|次数|次數"
    r"|资源包"
    r"|算力|钱包|錢包|存款|金额|金額)[^。！？\n]{0,12}?(?:不足|不够|不夠|用尽|用盡|用完|耗尽|耗盡"
    r"|用光"
    r"|为0|為0|为零|為零|归零|超出限额|过期|過期|到期|为负|為負|透支)",
    r"欠款|逾期未(?:付|缴)|请(?:续费|付费|缴费|购买|订阅)|請(?:續費|付費|繳費|購買|訂閱)|加值",
    r"(?:未|需要|需)(?:订阅|购买|付费|訂閱|購買|付費)|(?:订阅|訂閱|会员|會員)已?(?:过期|到期|失效"
    r"|過期)",
    r"预算已?(?:超|用尽|用完|耗尽)|超出(?:您的)?(?:预算|消费限额)",
    # Japanese
    r"(?:残高|クレジット|ポイント|予算|利用枠|無料枠|資金)[^。\n]{0,12}?(?:不足|足り(?:ません|ない"
    r"|なく)"
    r"|使い切|使い果|ありません|なくな|がゼロ|[がは]0(?!\d)|尽き|残ってい?ま?せん|残っていない)",
    r"(?:予算|無料枠|利用枠)[^。\n]{0,8}?(?:超|上限)|チャージして|入金して|課金が必要|未払い"
    r"|(?:サブスクリプション|プラン|契約)[^。\n]{0,10}?(?:必要|期限切れ|無効|失効)",
    # Korean
    r"(?:잔액|잔고|크레딧|포인트|예산|충전금|자금)[^.\n]{0,12}?(?:부족|소진|없습|없음|모자|초과"
    r"|0원)",
    r"충전(?:해|하세|하여|이 필요)|결제(?:가|를)? ?(?:필요|실패|해 주|하세)"
    r"|무료[^.\n]{0,14}?(?:소진|만료|종료)"
    r"|구독[^.\n]{0,10}?(?:만료|필요|없|종료)",
    # Russian and Ukrainian
    rf"(?:баланс|средств|кредит|деньг|денег|кошел|бюджет|подписк|бесплатн|лицев)\w*{REST}{{0,30}}?"
    r"(?:недостаточн|не ?хватает|исчерпан|закончил|кончил|нулев|отрицательн|пуст\b|превышен"
    r"|ист[её]к"
    r"|не ?активн|просрочен|не оплач|отсутств|вичерпан|недостатн)",
    r"(?:недостаточно|не ?хватает|нет|закончил\w*|кончил\w*|исчерпан\w*|отсутств\w*|недостатньо)"
    rf"{REST}{{0,20}}?\b(?:средств|денег|деньг|кредит|баланс|бюджет|подписк|бесплатн|кошт)",
    r"(?:пополните|оплатите|поповніть)\b|(?:необходима|требуется) (?:оплата|подписка)"
    r"|задолженность",
    # Arabic
    r"رصيد\w*[^.!\n]{0,12}?(?:غير كاف|منخفض|صفر|منته|لا يكفي|غير متوفر|نفد)",
    r"(?:نفد|نفذ|انتهى|لا يوجد|لا يكفي|ليس لديك)\w*[^.!\n]{0,16}?(?:رصيد|أموال|اشتراك)",
    r"اشتراك\w*[^.!\n]{0,12}?(?:منته|انتهى|غير نشط|غير فعال)|(?:يرجى|الرجاء) (?:شحن|الدفع|تعبئة)"
    r"|الدفع مطلوب|أموال غير كافية|استنف[دذ]\w*[^.!\n]{0,16}?(?:رصيد|ميزانية|حصت)",
    # Vietnamese
    rf"(?:số dư|tín dụng|ngân sách|tiền|hạn mức|lượt miễn phí|gói){REST}{{0,24}}?(?:không đủ|đã hết"
    r"|hết hạn|cạn|không còn|bằng 0)",
    r"(?:không đủ|hết|không còn) (?:\w+ ){0,2}?(?:số dư|tín dụng|tiền|credit)|nạp (?:thêm )?tiền"
    r"|vui lòng (?:nạp|thanh toán|gia hạn)",
    # German and Dutch
    r"(?:kontostand|guthaben|budget|kredit|credits?|saldo|frei(?:e[srn]? )?kontingent|probezeit"
    rf"|abo(?:nnement)?|zahlung|rechnung|tegoed|krediet)\w*\b{REST}{{0,40}}?(?:zu (?:niedrig"
    r"|gering)"
    r"|reich\w* nicht|nicht (?:aus|gedeckt|genug)|unzureichend|aufgebraucht|erschöpft|leer\b"
    r"|überschritten"
    r"|überzogen|verbraucht|abgelaufen|fehlgeschlagen|überfällig|negativ|inaktiv|erforderlich"
    r"|ausgeschöpft|onvoldoende|ontoereikend|te laag)",
    r"(?:nicht (?:genügend|genug|ausreichend)|unzureichende\w*|kein\w*|zu wenig|onvoldoende)"
    r" (?:\w+ )?(?:guthaben|credits?|kredit|budget|geld|mittel|deckung|saldo|tegoed|krediet"
    r"|abo(?:nnement)?)\b",
    r"(?:guthaben|konto)\w* auf(?:zu)?(?:laden|füllen)|laden sie .{0,30}?\bauf\b|bitte bezahlen",
    # French
    rf"(?:solde|crédits?|budget|fonds|abonnement|paiement|facture|essai)\b{REST}{{0,30}}?"
    r"(?:insuffisant|épuisé|trop (?:bas|faible)|dépassé|expiré|\bnul\b|à zéro|négatif|inactif"
    r"|impayé"
    r"|requis|échoué|refusé|terminé)",
    r"(?:plus de|pas (?:assez|suffisamment) de|pas d'|aucun|manque de) ?(?:crédits?|solde|fonds"
    r"|budget|abonnement)|rechargez|approvisionnez",
    # Spanish
    r"(?:saldo|créditos?|fondos|presupuesto|suscripción|prueba gratuita|pago|factura)\b"
    rf"{REST}{{0,30}}?(?:insuficiente|agotad|bajo\b|no es suficiente|excedid|superad|vencid|caducad"
    r"|expirad|rechazad|pendiente|inactiv|\bcero\b|requerid|terminad)",
    r"(?:no (?:hay|tiene|tienes|queda|quedan)|sin|faltan?) (?:\w+ ){0,2}?(?:saldo|créditos?|fondos)"
    r"|recargue|(?:añada|agregue) (?:saldo|fondos)",
    # Portuguese
    r"(?:saldo|créditos?|fundos|orçamento|assinatura|pagamento|fatura|teste gratuito)\b"
    rf"{REST}{{0,30}}?(?:insuficiente|esgotad|baixo\b|acabaram|acabou|não é suficiente|excedid"
    r"|vencid"
    r"|expirad|recusad|pendente|inativ|zerado|necessári|atrasad)",
    r"(?:não (?:há|tem|possui)|sem|falta de) (?:\w+ ){0,2}?(?:saldo|créditos?|fundos)",
    # Italian
    r"(?:saldo|credit[oi]|fondi|budget|abbonamento|pagamento|fattura|prova gratuita)\b"
    rf"{REST}{{0,30}}?(?:insufficient|esaurit|basso\b|non (?:è )?sufficient|superat|scadut|rifiutat"
    r"|inattiv|negativ|richiest|terminat)",
    r"(?:non (?:hai|ci sono|c'è)|senza) (?:\w+ ){0,2}?(?:credit[oi]|fondi|saldo)|ricaric(?:a|are"
    r"|hi) il",
    # Turkish
    rf"(?:bakiye|kredi|bütçe|abonelik|kota|ödeme)\w*{REST}{{0,24}}?(?:yetersiz|yetmiyor"
    r"|yeterli değil"
    r"|tüken|bitti|kalmadı|sona erdi|süresi dol|gerekli|başarısız|\byok\b|sıfır)",
    r"yetersiz (?:bakiye|kredi)|bakiye yükle",
    # Polish
    rf"(?:saldo|środk|kredyt|budżet|subskrypcj|płatnoś|darmow)\w*{REST}{{0,30}}?(?:niewystarczając"
    r"|za nisk|zbyt nisk|wyczerpan|przekroczon|wygas|wymagan|nieudan|skończył|ujemn|nieaktywn)",
    r"(?:brak|niewystarczając\w*|za mało|niedostateczn\w*) (?:\w+ ){0,2}?(?:środk\w*|kredyt\w*"
    r"|sald[ao]"
    r"|fundusz\w*)|doładuj",
    # Hindi
    r"(?:शेष|बैलेंस|क्रेडिट|बजट|धनराशि)[^।\n]{0,20}?(?:अपर्याप्त|पर्याप्त नहीं|कम है|समाप्त|खत्म|ख़त्म"
    r"|नहीं है|शून्य)",
    r"अपर्याप्त (?:शेष|बैलेंस|क्रेडिट|धनराशि)|(?:भुगतान|सदस्यता)[^।\n]{0,12}?(?:आवश्यक|समाप्त|विफल)"
    r"|रिचार्ज",
    # Indonesian and Malay
    r"(?:saldo|kredit|kuota|anggaran|dana|langganan|pembayaran"
    rf"|baki)\w*{REST}{{0,24}}?(?:tidak (?:cukup"
    r"|mencukupi|aktif)|habis|kurang|kosong|berakhir|kedaluwarsa|diperlukan|gagal|\bnol\b)",
    r"tidak (?:cukup|ada|memiliki) (?:\w+ )?(?:saldo|kredit|dana)|isi ulang",
)

_KEY = (
    r"(?:api[ _-]?key|apikey|api[- ]?schlüssel|clé (?:d'|d’|de l'|de l’)?(?:api|accès)|(?:clave"
    r"|chave"
    r"|chiave) (?:de |da |di |del? |dell'|d')?(?:la |l')?(?:api|acceso|acesso|accesso)|(?:clave"
    r"|chave"
    r"|chiave) secreta|klucz\w* api|api anahtar\w*|kunci api|kho[áa] api|khóa api|mã api"
    r"|api[- ]?ключ\w*|ключ\w*(?: доступа)?(?: к)?[ -]api|مفتاح|api कुंजी|एपीआई कुंजी|アクセスキー"
    r"|認証情報"
    r"|apiキー|api ?키|인증 ?키|액세스 ?키|金鑰|密鑰|秘钥)"
)
_WRONG_KEY = (
    r"(?:ungültig|falsch|abgelaufen|fehlt|gesperrt|inv[aá]lid[oae]\b|incorrect[eao]?\b|incorreta"
    r"|expirad|expirée"
    r"|caducad|vencid|révoqué|manquante|scadut|errat[oa]\b|sbagliat|nieprawidłow|nieważn|wygas"
    r"|geçersiz"
    r"|hatalı|yanlış|tidak (?:valid|sah)|salah\b|ked[ae]luwarsa|không (?:hợp lệ|đúng)|\bsai\b"
    r"|hết hạn"
    r"|non valid[ae]|no (?:es )?válid|não (?:é )?válid|n['’]est pas valide|неверн|неправильн"
    r"|недействит|ист[её]к"
    r"|не найден|отозван|غير صالح|غير صحيح|خاطئ|منته|अमान्य|गलत|無効|正しく|不正|期限|間違|失効"
    r"|見つかりません"
    r"|유효하지|잘못|만료|올바르지|無效|錯誤|過期)"
)
KEY_ELSEWHERE = (
    rf"{_KEY}{REST}{{0,24}}?{_WRONG_KEY}",
    rf"{_WRONG_KEY}\w* (?:\w+ )?{_KEY}",
    r"authentifizierung (?:ist )?fehlgeschlagen|anmeldung (?:ist )?(?:fehlgeschlagen|erforderlich)"
    r"|nicht (?:autorisiert|authentifiziert)",
    r"(?:échec|erreur) (?:de l['’]|d['’])authentification|authentification (?:requise|échouée"
    r"|a échoué)",
    r"(?:error de|falló la|fallo de|se requiere) autenticación|autenticación (?:fallida|requerida)",
    r"(?:erro|falha) (?:de|na) autenticação|autenticação (?:falhou|necessária)",
    r"autenticazione (?:fallita|non riuscita|richiesta)|kimlik doğrulama (?:başarısız|hatası"
    r"|gerekli)",
    r"(?:uwierzytelni\w*|autoryzacj\w*) .{0,16}?(?:nie powiod|wymagan|błąd)|błąd uwierzytelni",
    r"autentikasi (?:gagal|diperlukan)|xác thực (?:thất bại|không thành công)|lỗi xác thực",
    r"ошибка (?:аутентификации|авторизации)|требуется (?:авторизация|аутентификация)"
    r"|не авторизован",
    r"(?:فشل|فشلت)\w* .{0,6}?(?:المصادقة|التوثيق)|غير مصرح|प्रमाणीकरण (?:विफल|आवश्यक)",
)

BARRED_ELSEWHERE = (
    r"\b(?:konto|compte|cuenta|conta|account|hesab\w*|akun|tài khoản|аккаунт\w*"
    r"|уч[её]тн\w+ запис\w+"
    rf"|organisation|organización|organização)\b{REST}{{0,24}}?(?:gesperrt|deaktiviert"
    r"|suspend[uioa]"
    r"|suspens|bloqu[ée]|bloquead|désactivé|desactivad|desativad|sospes|bloccat|disattivat"
    r"|askıya alın"
    r"|engellen|devre dışı|zablokowan|zawieszon|dezaktywowan|ditangguhkan|diblokir|dinonaktifkan"
    r"|bị (?:khóa|khoá|đình chỉ|vô hiệu)|заблокирован|отключ|приостановлен|деактивирован)",
    r"حساب\w*[^.!\n]{0,16}?(?:معلق|محظور|موقوف|معطل|تعليق|حظر)|खात[ाे][^।\n]{0,16}?(?:निलंबित"
    r"|अवरुद्ध|बंद)",
    r"\b(?:land|region|pays|région|país|región|região|paese|regione|ülke\w*|bölge\w*|kraju?"
    r"|regioni?e?"
    rf"|negara|wilayah|quốc gia|khu vực|стран\w|регион\w*)\b{REST}{{0,30}}?(?:nicht (?:verfügbar"
    r"|unterstützt|erlaubt)|(?:non|pas) (?:disponible|pris)|no (?:está )?(?:disponible|admitid"
    r"|permitid)"
    r"|não (?:está )?(?:disponível|suportad|permitid)|non (?:è )?(?:disponibile|supportat)"
    r"|kullanılamıyor|desteklenm|niedostępn|nieobsługiwan|tidak (?:tersedia|didukung)"
    r"|không (?:khả dụng|có sẵn|được hỗ trợ|hỗ trợ)|недоступ|не поддержива|не обслужива|запрещ)",
    r"(?:nicht verfügbar|(?:non|pas) disponible|no (?:está )?(?:disponible|permitido)"
    r"|não (?:está )?"
    r"disponível|non (?:è )?(?:disponibile|supportato)|niedostępn\w*|tidak tersedia"
    r"|không (?:khả dụng"
    r"|có sẵn|hỗ trợ)|недоступ\w*|не поддержива\w*|غير (?:متاح|متوفر|مدعوم)\w*)"
    rf"{REST}{{0,24}}?\b(?:land|region|pays|région|país|región|região|paese|regione|kraju|regionie"
    r"|negara|wilayah|quốc gia|khu vực|стран\w|регион\w*|بلد\w*|منطقت?\w*)\b",
    r"(?:بلد|منطقت?)\w*[^.!\n]{0,16}?غير (?:متاح|متوفر|مدعوم)|(?:देश|क्षेत्र)[^।\n]{0,20}?(?:उपलब्ध"
    r"|समर्थित) नहीं",
    r"(?:地域|お住まいの国|国家|國家|地區|地区|所在地)[^。！\n]{0,14}?(?:利用できません"
    r"|利用いただけません"
    r"|対応して(?:い|お)|提供して(?:い|お)|サポートされ|不支持|不支援|不可用|無法使用|无法使用"
    r"|未开放)",
    r"(?:국가|지역)[^.\n]{0,14}?(?:사용할 수 없|지원(?:되|하)지|이용할 수 없|제공(?:되|하)지|차단)",
)

MODEL_ELSEWHERE = (
    r"\b(?:modell|modèle|modelo|modello|модел[ьи]|mô hình|modelu?|النموذج"
    rf"|نموذج)\b{REST}{{0,60}}?(?:nicht "
    r"(?:gefunden|verfügbar|vorhanden)|existiert nicht|unbekannt|introuvable|n['’]existe pas"
    r"|n['’]est (?:pas|plus) disponible|no (?:existe|(?:está )?disponible|encontrado)"
    r"|não (?:existe|encontrado"
    r"|(?:está )?disponível)|non (?:esiste|trovato|(?:è )?disponibile)|bulunamadı|mevcut değil"
    r"|nie (?:istnieje"
    r"|znaleziono)|niedostępny|nie jest dostępny|tidak (?:ditemukan|ada|tersedia)|không (?:tồn tại"
    r"|tìm thấy"
    r"|khả dụng)|не ?найдена|не ?существует|недоступна|غير (?:موجود|متاح|متوفر)|لم يتم العثور)",
    rf"(?:nie znaleziono|не ?найдена|không tìm thấy|لم يتم العثور على) {REST}{{0,12}}?(?:modelu"
    r"|модель|mô hình"
    r"|النموذج|نموذج)",
    r"मॉडल[^।\n]{0,40}?(?:नहीं मिला|मौजूद नहीं|उपलब्ध नहीं)",
)
