"""A few reviews of our own, and configs that ask a model about them."""

from __future__ import annotations

from typing import Any

POSITIVE = [
    "I love this phone case, it fits well and looks great.",
    "Excellent sound and the battery lasts for days. Best buy this year.",
    "Works perfectly. Very happy with it.",
    "Great price, fast shipping, and my wife loves it.",
    "The camera is wonderful and easy to use. Highly recommended!",
    "Comfortable, light and it looks beautiful.",
    "Good quality for the money, I bought a second one.",
    "Fantastic headset. Clear voice, no noise.",
]
NEGATIVE = [
    "Broke after two days. A complete waste of money.",
    "The worst charger I ever had, it does not work at all.",
    "Terrible sound, and it hurts my ears. I sent it back.",
    "Do not buy this. It stopped working in a week.",
    "Very disappointed: the screen arrived with a crack.",
    "Poor quality and the company refused to refund me.",
    "The battery dies within an hour. Useless.",
    "Bad fit, cheap plastic, awful smell.",
]
REVIEWS = [each for pair in zip(POSITIVE, NEGATIVE, strict=True) for each in pair]

TEXT = '<Text name="text" value="$text"/>'
CLASSES = f"""<View>{TEXT}<Choices name="feeling" toName="text" required="true">
<Choice value="Positive"/><Choice value="Negative"/></Choices></View>"""
SPANS = f"""<View>{TEXT}<Labels name="parts" toName="text">
<Label value="Product"/><Label value="Problem"/></Labels></View>"""
RATING = f'<View>{TEXT}<Rating name="stars" toName="text" maxRating="5" required="true"/></View>'
NUMBER = f"""<View>{TEXT}<Number name="days" toName="text" min="0" max="5" step="1"
required="true"/></View>"""
SUMMARY = f"""<View>{TEXT}<TextArea name="summary" toName="text" maxSubmissions="1"
required="true"/></View>"""


def tasks(texts: list[str]) -> list[dict[str, Any]]:
    return [{"data": {"text": text}} for text in texts]


def annotated(texts: list[str]) -> list[dict[str, Any]]:
    """Reviews with what people said of them."""
    made = []
    for text in texts:
        value = {"choices": ["Positive" if text in POSITIVE else "Negative"]}
        region = {"from_name": "feeling", "to_name": "text", "type": "choices", "value": value}
        annotation = {"result": [region], "ground_truth": True}
        made.append({"data": {"text": text}, "annotations": [annotation]})
    return made
