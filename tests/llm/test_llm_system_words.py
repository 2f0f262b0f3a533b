"""Refusals of the system message in words of all kinds, and what merely names a system."""

from __future__ import annotations

from ml_backend.llm.refusals.judging import Cure, judge, read_refusal

SENT = ("model", "messages", "temperature", "max_tokens", "response_format")

REFUSED = """\
The model only supports user messages
Only user and assistant messages are allowed
This endpoint accepts just user turns
User messages only
This model doesn't support the system field
The system parameter is not supported by this model
There is no slot for a system message
The chat template has no place for a system prompt
The model takes no instructions in a system turn
This model cannot take instructions in a system turn
The model does not have a system role
System prompts are rejected by this model
This model lacks a system role
Unable to process system messages
System messages are disabled
The system prompt must be put into the first user message
Please move the system instructions into the user turn
Put the instructions in the first user message
Modell nimmt keine Systemnachricht: Systemprompt nicht erlaubt
Les messages système ne sont pas pris en charge
Los mensajes de sistema no son compatibles
Mensagens de sistema não são suportadas
I messaggi di sistema non sono supportati
Системные сообщения не поддерживаются
Wiadomości systemowe nie są obsługiwane
Sistem mesajları desteklenmiyor
Tin nhắn hệ thống không được hỗ trợ
Pesan sistem tidak didukung
不支持系统提示词
システムプロンプトは使用できません
시스템 프롬프트는 사용할 수 없습니다""".splitlines()

NOT_ABOUT_IT = """\
system error: invalid request
System error: unsupported request
Internal system error: invalid response from upstream
The operating system does not support this call
Upstream system cannot be reached
The file system is not available
Systemfehler: ungültige Anfrage
Das System ist zurzeit nicht verfügbar
Erreur système : requête non valide
Le système n'est pas disponible
Error del sistema: solicitud inválida
El sistema no admite más solicitudes
Errore di sistema: richiesta non valida
Системная ошибка: неверный запрос
Ошибка системы: неверный запрос
Sistem hatası: geçersiz istek
系统错误：无效请求
错误：系统繁忙
システムエラー：不正なリクエスト
시스템 오류: 잘못된 요청
Your role is not permitted to access this system
The upstream system cannot assume the role
the request has only user content
This model only supports user messages with text""".splitlines()


def _judged(status, message):
    return judge(read_refusal(status, {"error": {"message": message}}), {}, SENT)


def test_a_refused_system_message_is_known_in_all_these_words():
    found = [(status, row, _judged(status, row)) for row in REFUSED for status in (400, 422, 500)]
    assert not [each for each in found if each[2].cure is not Cure.NO_SYSTEM]


def test_what_is_said_of_a_system_as_such_is_no_refusal_of_its_message():
    found = [(status, row, _judged(status, row)) for row in NOT_ABOUT_IT for status in (400, 500)]
    assert not [each for each in found if each[2].cure is Cure.NO_SYSTEM]
