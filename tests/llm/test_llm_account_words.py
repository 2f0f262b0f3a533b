"""What an account lacks, in many languages, is known at once; nothing else is taken for it."""

from __future__ import annotations

import pytest

from ml_backend.llm.reading.errors_within import find_error
from ml_backend.llm.refusals.echoes import Echoes
from ml_backend.llm.refusals.judging import Cure, judge, read_refusal
from ml_backend.records import FailureKind

SENT = ("model", "messages", "temperature", "max_tokens", "response_format")
NO_MONEY = (Cure.STOP, FailureKind.QUOTA)
NO_KEY = (Cure.STOP, FailureKind.AUTHENTICATION)
NO_MODEL = (Cure.STOP, FailureKind.MODEL_NOT_FOUND)
WAIT = (Cure.WAIT, FailureKind.RATE_LIMIT)
FILTERED = (Cure.FAIL, FailureKind.REFUSED)

MONEY = """\
ExceededBudget: User=alice over budget
Team budget exceeded. Spend: 12.1, max budget: 10
You're out of extra usage
You are out of usage for this period
Account balance: $0.00. Please deposit funds.
Your balance is $-1.20
Current balance: 0
Your wallet is empty
No active subscription found
You don't have an active subscription
Your subscription was cancelled
Your credits have run out
Your credit card was declined
Payment method missing
Please add funds to your account
There is an unpaid invoice on this account
Your trial key has been exhausted
Your account is past due
Zero balance, please add credits
Monthly allowance exhausted
Kontostand zu niedrig
Das Guthaben reicht nicht aus
Ihr Budget ist aufgebraucht
Nicht genügend Guthaben
Kein aktives Abo
Votre solde est épuisé
Solde insuffisant
Vous n'avez plus de crédit
Votre abonnement a expiré
Upstream https://api.example.org returned: insufficient balance
No tiene saldo
Su saldo es demasiado bajo
Créditos agotados
Su suscripción ha caducado
Saldo esgotado
Seus créditos acabaram
Sem saldo na conta
A assinatura está vencida
Credito esaurito
Il saldo non è sufficiente
Abbonamento scaduto
Yetersiz bakiye
Bakiyeniz yetersiz
Krediniz tükendi
Abonelik süresi doldu
Niewystarczające środki na koncie
Brak środków
Saldo jest za niskie
Subskrypcja wygasła
Лимит бесплатных запросов исчерпан
На балансе закончились средства
Баланс отрицательный
Нет денег на счёте
Требуется оплата
Подписка истекла
الرصيد غير كاف
رصيدك غير كافٍ
لا يوجد رصيد كافٍ
نفد رصيدك
يرجى شحن حسابك
Số dư không đủ
Tài khoản của bạn đã hết tiền
Vui lòng nạp thêm tiền
残高が足りません
残高がありません
クレジットを使い切りました
無料枠を超過しました
サブスクリプションが必要です
잔액이 없습니다
크레딧이 모두 소진되었습니다
충전해 주세요
구독이 만료되었습니다
餘額不夠，請儲值
账户积分已用完
额度已耗尽
您的会员已过期，请续费
शेष राशि अपर्याप्त है
आपका बैलेंस समाप्त हो गया है
भुगतान आवश्यक है
Saldo tidak cukup
Saldo Anda habis
Kuota Anda sudah habis
Langganan Anda telah berakhir
Onvoldoende saldo
Please buy more credits
Upgrade to a paid plan to continue
Insufficient tokens in your account
Недостатньо коштів""".splitlines()

LIMITS = """\
Quota épuisé
Vous avez dépassé votre quota
Has superado tu cuota
Você excedeu sua cota
Hai superato la quota
Limit został wyczerpany
Превышен лимит запросов на месяц
Key limit exceeded (total limit). Manage it in the settings
Quota reached
The project quota has been exceeded
Monthly limit reached
Daily request limit reached
You have reached your plan's quota
您的调用次数已超限
Превышена квота
Das Kontingent ist überschritten
Cuota excedida
할당량을 초과했습니다""".splitlines()
"""Said with 429 they may be over in a minute."""

KEYS = """\
Key not found
The key is inactive.
Invalid virtual key
Der API-Key ist falsch
Ungültiger API-Schlüssel
Authentifizierung fehlgeschlagen
La clé API est expirée
Clé d'API non valide
Échec de l'authentification
La clave de API es incorrecta
Error de autenticación
Chave de API inválida
Falha na autenticação
Chiave API errata
Autenticazione fallita
Nieprawidłowy klucz API
Geçersiz API anahtarı
API anahtarı geçersiz
Kunci API tidak valid
Khóa API không hợp lệ
Xác thực thất bại
API-ключ недействителен
Неправильный ключ API
Ошибка авторизации
مفتاح API غير صالح
फ़ाइल: API कुंजी अमान्य है
APIキーが間違っています
API 키가 올바르지 않습니다
API 金鑰無效
密钥已过期""".splitlines()

BARRED = """\
Access to these models is not allowed from unsupported countries, regions, or territories
We do not serve your region
You are outside of the supported regions
Geo-blocked
Dieser Dienst ist in Ihrem Land nicht verfügbar
Service non disponible dans votre pays
El servicio no está disponible en su país
Serviço não disponível na sua região
Servizio non disponibile nel tuo paese
Bu hizmet ülkenizde kullanılamıyor
Usługa niedostępna w Twoim kraju
Layanan tidak tersedia di negara Anda
Dịch vụ không khả dụng tại quốc gia của bạn
Сервис недоступен в вашей стране
Ваш регион не поддерживается
الخدمة غير متاحة في بلدك
यह सेवा आपके देश में उपलब्ध नहीं है
お住まいの地域ではご利用いただけません
해당 지역에서는 사용할 수 없습니다
该服务在您所在的国家不可用
Ihr Konto wurde gesperrt
Votre compte est suspendu
Su cuenta ha sido bloqueada
Sua conta foi desativada
Hesabınız askıya alındı
Twoje konto zostało zablokowane
Akun Anda diblokir
Tài khoản của bạn đã bị khóa
Ваш аккаунт заблокирован
تم تعليق حسابك أو حسابك محظور""".splitlines()

MODELS = """\
Model foo is not supported for task text-generation
The model foo is not supported by the provider bar
Das Modell foo ist nicht vorhanden
Le modèle foo est introuvable
El modelo foo no está disponible
O modelo foo não está disponível
Il modello foo non è disponibile
foo modeli: model bulunamadı
Nie znaleziono modelu foo
Model foo tidak ditemukan
Mô hình foo không tồn tại
Модель foo не существует
النموذج foo غير موجود
मॉडल foo मौजूद नहीं है
モデル foo は存在しません
모델 foo을(를) 찾을 수 없습니다
模型 foo 不存在""".splitlines()

TEMPLATES = """\
default chat template is no longer allowed, so you must provide a chat template
Template error: template not found
This tokenizer does not have a chat template
chat template is not set""".splitlines()


def judged(status, message):
    return judge(read_refusal(status, {"error": {"message": message}}), {}, SENT)


def _otherwise(statuses, rows, expected):
    """The rows that mean something else."""
    found = [(status, row, judged(status, row)) for status in statuses for row in rows]
    return [
        (status, row, trouble.cure, trouble.kind)
        for status, row, trouble in found
        if (trouble.cure, trouble.kind) != expected
    ]


@pytest.mark.parametrize(
    ("statuses", "rows", "expected"),
    [
        ((400, 401, 403, 429, 500), MONEY, NO_MONEY),
        ((400, 403, 500), LIMITS, NO_MONEY),
        ((400, 401, 403, 500), KEYS, NO_KEY),
        ((400, 403), BARRED, NO_KEY),
        ((400, 404), MODELS, NO_MODEL),
        ((400, 422), TEMPLATES, (Cure.STOP, FailureKind.BAD_REQUEST)),
    ],
    ids=["money", "limits", "keys", "barred", "models", "templates"],
)
@pytest.mark.slow
def test_what_cannot_work_stops_at_once(statuses, rows, expected):
    assert not _otherwise(statuses, rows, expected)


def test_a_key_that_is_not_wrong_is_not_said_to_be():
    assert all(judged(403, row).barred for row in BARRED)
    assert not any(judged(400, row).barred for row in KEYS)


def test_words_of_the_account_in_a_200_mean_the_same():
    bodies = [{"error_code": 17, "error_msg": "Open api daily request limit reached"}]
    bodies += [{"error": {"message": row}} for row in MONEY]
    bodies += [{"code": 7, "msg": row} for row in MONEY]
    for body in bodies:
        within = find_error(body)
        assert within is not None, body
        trouble = judge(read_refusal(within.status, within.body), {}, SENT)
        assert (trouble.cure, trouble.kind) == NO_MONEY, body


def test_a_limit_by_the_minute_is_waited_for_whatever_status_it_has():
    rows = """\
Too many requests
API rate limit exceeded
You have exceeded your rate limit, please slow down
ThrottlingException: Too many requests
Requests are throttled
Open api qps request limit reached
Rate limit exceeded: quota of 60 requests per minute
Rate limit exceeded. Add credits to raise it
请求过于频繁
Слишком много запросов
Zu viele Anfragen""".splitlines()
    assert not _otherwise((400, 403, 429), rows, WAIT)
    assert not _otherwise((429,), LIMITS[:1], WAIT)
    far = "API rate limit exceeded: 1000 requests per day"
    assert not _otherwise((400, 403, 429), [far], NO_MONEY)


def test_a_filter_is_one_whatever_status_it_has():
    body = {
        "error": {"code": "1301", "message": "系统检测到输入或生成内容可能包含不安全或敏感内容"}
    }
    for status in (400, 403, 429, 500):
        trouble = judge(read_refusal(status, body), {}, SENT)
        assert (trouble.cure, trouble.kind) == FILTERED


def test_a_gateway_without_a_channel_stops_a_run_that_had_no_answer_yet():
    for row in ("当前分组 default 下对于模型 foo 无可用渠道", "No available channel for model foo"):
        trouble = judged(503, row)
        assert (trouble.cure, trouble.kind) == NO_MODEL
        assert trouble.once_answered is Cure.RETRY


OF_CONTENTS = """\
Invalid token: <|endoftext|> is not allowed in the input
Invalid token at position 17
invalid token in text
Request blocked: prompt injection detected
Requests rejected: jailbreak attempt
Your prompt contains a blocked word: account suspended
Your message contains "insufficient balance"
The input has a forbidden phrase: your api key is invalid
Banned keyword 'access denied' found
Could not tokenize input: expired token
Could not parse text near “you have no credits left”
The text "payment required" was flagged
Prompt contains invalid api key
Image at https://x.org/a?key=1 returned: invalid api key
image_url https://x.org/y.png responded with 'payment required'
Error fetching https://x.org/img.png: 401 Unauthorized
Das Wort „Guthaben aufgebraucht“ ist nicht erlaubt
Le texte « votre solde est insuffisant » est refusé
Запрещённое слово: «недостаточно средств»
包含敏感词：余额不足
禁止語「残高不足」が含まれています
금지어: 잔액 부족
image https://x.org/a.png could not be fetched: your account is suspended
Failed to download the image at https://x.org/a.png: 402 payment required
The image could not be loaded because the account has been suspended
Unable to read file a.pdf (invalid api key)""".splitlines()


def test_words_about_contents_never_stop_a_run():
    found = [
        (status, row, judged(status, row)) for status in (400, 422, 500) for row in OF_CONTENTS
    ]
    assert not [each for each in found if each[2].cure is Cure.STOP]
    # With 403 the status alone says something, and the words do not.
    assert not [row for row in OF_CONTENTS if judged(403, row).kind is FailureKind.QUOTA]


OF_ONE_REQUEST = """\
`max_tokens` must be greater than `thinking.budget_tokens`
thinking budget exceeded the maximum of 1024
Total tokens limit exceeded: 9000 > 8192
total token limit reached
request limit exceeded: too large
user message limit exceeded: 10 > 5
The total limit is reached by this prompt
Model foo is not supported with response_format
Invalid key 'foo' in logit_bias
unknown key: reasoning_effort
key not found in schema
Unexpected token } in JSON
messages[3].content is empty
Prompt template not found
CUDA out of memory
Le format demandé n'est pas disponible
El modelo no admite response_format
模型不支持 response_format
Параметр temperature не поддерживается
Feld 'key' fehlt
الحقل غير صالح""".splitlines()


def test_words_about_one_request_never_stop_a_run():
    found = [(status, row, judged(status, row)) for status in (400, 500) for row in OF_ONE_REQUEST]
    assert not [each for each in found if each[2].cure is Cure.STOP]


QUOTING = (
    'Cannot process the text "{}".',
    "Cannot process: {}",
    "Bad line\n{}\nof 3",
    "Upstream said nothing about “{}”",
    "Odd messages[0]: `{}`",
    "Unexpected <{}> here",
)


@pytest.mark.slow
def test_the_same_words_in_a_task_never_stop_a_run():
    """Words that are no echo stop; they do not where the task says them, be they few."""
    wrong = []
    rows = (*MONEY, *LIMITS, *KEYS, *BARRED, *MODELS, *TEMPLATES, "no credits", "欠费", "recharge")
    for number, row in enumerate(rows):
        sent = {"messages": [{"role": "user", "content": f"Label this:\n{row}\nAnswer in JSON."}]}
        for status in (400, 500):
            quoting = QUOTING[(number + status // 100) % len(QUOTING)]
            body = {"error": {"message": quoting.format(row)}}
            trouble = judge(read_refusal(status, body, echoes=Echoes.of(sent)), {}, SENT)
            if trouble.cure is Cure.STOP:
                wrong.append((status, quoting, row))
    assert not wrong
