"""A variable of a prompt stands for the text that quotes of the answer are looked for in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.records import Example, FailureKind, ProviderName, Task
from ml_backend.records.prompts import PromptVersion
from ml_backend.services.inference.few_shot_examples import build_shots
from ml_backend.services.inference.model_requests import RequestTemplate, build_request

PAGE = "<p>Shares of AT&amp;T rose, <b>John</b>son &amp; Co fell.</p>"
SEEN = "Shares of AT&T rose, Johnson & Co fell."
HTML = """<View><HyperTextLabels name="l" toName="h"><Label value="ORG"/></HyperTextLabels>
<HyperText name="h" value="$html"/></View>"""
TALK = """<View><Paragraphs name="p" value="$talk"/><ParagraphLabels name="l" toName="p">
<Label value="ORG"/></ParagraphLabels></View>"""
SAID = [{"author": "Ann", "text": "AT&T rose."}, {"author": "Bob", "text": "Did it?"}]
BOTH = """<View><Text name="t" value="$html"/><HyperText name="h" value="$html"/>
<HyperTextLabels name="l" toName="h"><Label value="ORG"/></HyperTextLabels></View>"""


def asked(xml: str, text: str, data: dict[str, Any], **more: Any) -> Any:
    template = RequestTemplate(LabelingConfig.parse(xml), text, frozenset(data), False, **more)
    return build_request(template, Task(1, data))


@pytest.mark.parametrize(
    ("xml", "prompt", "data", "content"),
    [
        (HTML, "Find {html}", {"html": PAGE}, f"Find <html>{SEEN}</html>"),
        (HTML, "Find {html} for {who}", {"html": PAGE, "who": "<b>"},
         f"Find <html>{SEEN}</html> for <who><b></who>"),
        (HTML.replace("$html", "$doc.html"), "Find {doc.html}", {"doc": {"html": PAGE}},
         f"Find <doc.html>{SEEN}</doc.html>"),
        (TALK, "Find {talk}", {"talk": SAID},
         "Find <talk>\nAnn: AT&T rose.\nBob: Did it?\n</talk>"),
        (TALK, "Find {talk[0].text}", {"talk": SAID},
         "Find <talk[0].text>AT&T rose.</talk[0].text>"),
        (BOTH, "Find {html}", {"html": PAGE}, f"Find <html>{SEEN}</html>"),
        (HTML.replace("HyperText name", "Text name").replace("HyperTextLabels", "Labels"),
         "Find {html}", {"html": PAGE}, f"Find <html>{PAGE}</html>"),
        (HTML, "Find it", {"html": PAGE}, f"Find it\n\n<html>\n{SEEN}\n</html>"),
        # a field among other words stands for all that quotes are looked for in, once
        (HTML.replace('"$html"', '"&lt;b>Hi&lt;/b> $html"'), "Find {html}", {"html": "<i>x</i>"},
         "Find <html>Hi x</html>"),
        (HTML.replace('"$html"', '"Hi $html"').replace("HyperText", "Text").replace("TextLabels",
         "Labels"), "Find {html}", {"html": "x"}, "Find <html>Hi x</html>"),
        (HTML.replace('"$html"', '"Hi $doc.html"'), "No {doc.id}",
         {"doc": {"html": "x", "id": 7}}, "No 7\n\n<h>\nHi x\n</h>"),
        # of several fields each for its own part, and all follows as it is shown
        (HTML.replace('"$html"', '"&lt;h1>$title&lt;/h1>$html"'), "{title}: {html}",
         {"html": "<i>x</i>", "title": "A &amp; B"},
         "<title>A & B</title>: <html>x</html>\n\n<h>\nA & B\n\nx\n</h>"),
        # what another object shows alone is that object's
        (HTML.replace('"$html"', '"Hi $html"').replace("</View>",
         '<Header name="z" value="$html"/></View>'), "Find {html}", {"html": "<i>x</i>"},
         "Find <html><i>x</i></html>"),
    ],
)  # fmt: skip
def test_the_model_is_shown_what_quotes_are_looked_for_in(
    xml: str, prompt: str, data: dict[str, Any], content: str
) -> None:
    request = asked(xml, prompt, data)
    assert request.messages[-1]["content"] == content


@pytest.mark.parametrize("quote", ["AT&T", "AT&amp;T", "Johnson & Co"])
def test_what_it_quotes_then_is_there(quote: str) -> None:
    answer = {"l": [{"quote": quote, "occurrence": 1, "label": "ORG"}]}
    made = LabelingConfig.parse(HTML).to_conversion(answer, {"html": PAGE})
    assert made.problems == ()


@pytest.mark.parametrize("prompt", ["Find {pdf}", "Find it"])
def test_a_page_without_a_word_is_nothing_to_ask_about(prompt: str) -> None:
    xml = HTML.replace("$html", "$pdf")
    request = asked(xml, prompt, {"pdf": '<embed src="https://example.com/a.pdf">'})
    assert request.failure is not None
    assert request.failure.kind is FailureKind.NO_INPUT
    assert "nothing in pdf" in request.failure.message


def test_examples_show_the_text_as_well() -> None:
    config = LabelingConfig.parse(HTML)
    answer = {"l": [{"quote": "AT&T", "occurrence": 1, "label": "ORG"}]}
    now = datetime.now(UTC)
    version = PromptVersion(
        1, 1, "V", "Find {html}", ProviderName.CUSTOM, "m", None, 1, {}, now, now
    )
    shots = build_shots(
        config, version, {"html"}, [Example(2, {"html": PAGE}, answer, 1, True)], revision=1
    )
    request = asked(HTML, "Find {html}", {"html": "<i>x</i>"}, few_shot=shots.chooser)
    assert [each["content"] for each in request.messages[1::2]] == [
        f"<example>\nFind <html>{SEEN}</html>\n</example>",
        "Find <html>x</html>",
    ]


@pytest.mark.parametrize("is_bounded", [False, True])
def test_engines_that_take_bounds_are_told_them(is_bounded: bool) -> None:
    xml = """<View><Text name="t" value="$text"/><TextArea name="c" toName="t" maxSubmissions="2"/>
    </View>"""
    request = asked(xml, "Say {text}", {"text": "x"}, is_bounded=is_bounded)
    assert ("maxItems" in str(request.schema)) is is_bounded
