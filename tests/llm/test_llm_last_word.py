"""An object that comes last is the answer only where the text says so: else none is."""

from __future__ import annotations

import pytest

from ml_backend.errors import AnswerError
from ml_backend.llm.reading.answer_object import read_object
from support.tables import each_row

NAMES = ("sentiment",)
P, N = '{"sentiment": "Positive"}', '{"sentiment": "Negative"}'

# The answer comes first, and what comes last is none.
NO_LAST_WORD = [
    f"{P}\n\nMy previous answer was:\n{N}",
    f"{P}\n\nMy initial result: {N}",
    f"{P}\n\nThe original answer:\n{N}",
    f"{P}\n\nMy old answer: {N}",
    f"Final: {P}\nBefore correction:\n{N}",
    f"Final: {P}\nBefore the correction, I had:\n{N}",
    f"Final answer: {P} (replaces the initial result {N})",
    f"Final answer: {P} (it replaces this result: {N})",
    f"{P} - corrected from {N}",
    f"Corrected:\n{P}\ninstead of\n{N}",
    f"Corrected: {P}, while the old answer is {N}",
    f"{P} is my label. The right answer isn't {N}",
    f"{P} is my label. The correct answer is not {N}",
    f"{P}\n\nThis is not the final answer:\n{N}",
    f"{P}\n\nNever the final answer: {N}",
    f"{P}\n\nDo not answer like this:\n{N}",
    f"{P}\n\nDon’t answer:\n{N}",
    *(
        f"{P}\n\n{words}\n{N}"
        for words in (
            *("A wrong output looks like this:", "Rejected answer:", "Discarded:", "Incorrect:"),
            *("For a rude letter:", "I did not choose:", "Second opinion:", "Result:", "Answer:"),
            *("Another possible result:", "An unacceptable answer:", "Withdrawn result:"),
            *(
                "错误的答案：",
                "不是最终答案：",
                "修正前：",
                "旧的答案：",
                "間違った回答：",
                "오답:",
            ),
            *(
                "Mauvaise réponse :",
                "Réponse précédente :",
                "Au lieu de :",
                "Ce n'est pas la réponse :",
            ),
            *("Respuesta incorrecta:", "La respuesta anterior:", "No es la respuesta final:"),
            *("Nicht richtig wäre:", "Falsche Antwort:", "Vorherige Antwort:", "Anstatt:"),
            *("Resposta errada:", "Risposta sbagliata:", "Неверный ответ:", "Не ответ:"),
            *("Błędna odpowiedź:", "إجابة خاطئة:", "The final answer for the next letter:"),
            *("The final answer for a rude letter would be:", "Superseded answer:"),
        )
    ),
    *(
        f"{P}\n<{tag}>{N}</{tag}>"
        for tag in (
            *("draft", "initial_answer", "notes", "wrong", "critique", "antThinking", "old"),
            *("example", "ponderings", "previous_answer", "rejected"),
        )
    ),
    f"{P}\n[draft]{N}[/draft]",
    f"{P}\n\nLabel this: awful letter\nAnswer: {N}",
    f"{P}\n\nClassify the letter: awful\nFinal answer: {N}",
    f"{P}\nuser\nLabel this letter\nassistant\n{N}",
    f'{P}\n\nLetter: "awful"\nOutput: {N}',
    f"{P}\n\nReview: “awful”\nFinal answer: {N}",
    f"{P}\n\n[INST] The next letter [/INST] {N}",
    f"{P}\n\nNow the next one…\nResult:\n{N}",
    f"{P}\nAssistant: {N}",
    f"{P}\n### Input\nawful\n### Response\nFinal: {N}",
    f"{P}<start_of_turn>user\nFinal answer?\n{N}",
    f"{P}\nCorrection: {N} is wrong, so I keep the first.",
    f"Answer: {P}\nResult: {N}",
    f"Final answer: {P}\nFinal answer: {N}",
    f"<answer>{P}</answer><answer>{N}</answer>",
    "".join(f'{{"sentiment": "{n}"}}\n' for n in range(200)) + f"Corrected: {P}",
]

LAST_WORD = [
    f"{N}\n\nWait, that's not right. It should be:\n{P}",
    f"{N}\nNo, that's wrong, corrected: {P}",
    f"{N}\nSorry, I meant:\n{P}",
    f"{N}\nScratch that.\n{P}",
    f"{N}\nActually: {P}",
    f"{N}\nRevised answer:\n{P}",
    f"{N}\n\nLet me check this. It is kind after all.\n\n**Final answer:**\n```json\n{P}\n```",
    f"Answer: {N}\nHm, I reconsider.\nFinal answer: {P}",
    f"<draft>{N}</draft>\n<answer>{P}</answer>",
    f"<draft>{N}</draft>\n<corrected_answer>{P}</corrected_answer>",
    f"First guess: {N}\nResult: {P}",
    f"Maybe {N}? Its end is kind.\nAnswer: {P}",
    f"{N}\n\nKorrektur:\n{P}",
    f"{N}\n\nPardon, je corrige :\n{P}",
    f"{N}\n\n抱歉，更正如下：\n{P}",
    f"{N}\n\n정정합니다:\n{P}",
    f"Entwurf: {N}\nErgebnis: {P}",
]

ONLY_THOUGHT = [
    f"The output must look like this:\n{N}",
    f"Output format: {N}",
    f"The JSON schema is:\n{N}",
    f"It would be wrong to say:\n{N}",
    f"It should have the structure:\n{N}",
    f"An example:\n{N}",
    f"This is a kind letter. Let me think of\n{N}",
    f"One could be tempted to say {N}",
    f"Perhaps:\n{N}",
    f"It is not:\n{N}",
    f"Ausgabeformat: {N}",
    f"输出格式：\n{N}",
    f"{P}\nMy previous idea was:\n{N}",
]


@each_row("text", NO_LAST_WORD)
def test_what_comes_last_is_not_taken_for_the_answer(text):
    with pytest.raises(AnswerError):
        read_object(text, NAMES)


@each_row("text", LAST_WORD)
def test_what_takes_the_others_back_is_the_answer(text):
    assert read_object(text, NAMES) == {"sentiment": "Positive"}


@each_row("text", ONLY_THOUGHT)
def test_an_example_among_thoughts_is_no_answer(text):
    for thought in (f"<think>{text}</think>", f"<think>{text}"):
        with pytest.raises(AnswerError):
            read_object(thought, NAMES)
    with pytest.raises(AnswerError):
        read_object(text, NAMES, is_reasoning=True)
