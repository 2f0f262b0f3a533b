from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from support.tables import each_row

XML = """<View><HyperText name="h" value="$html" {extra}/><{tag} name="n" toName="h">
<Label value="PER"/></{tag}></View>"""
FAMILY = "👨‍👩‍👧"


def config(extra: str = "", tag: str = "HyperTextLabels") -> str:
    return XML.replace("{extra}", extra).replace("{tag}", tag)


def region(start: int, end: int, text: str, tag: str = "HyperTextLabels") -> dict[str, Any]:
    value = {"start": "", "end": "", "startOffset": 0, "endOffset": 0, "text": text}
    value |= {"globalOffsets": {"start": start, "end": end}, tag.lower(): ["PER"]}
    return {"from_name": "n", "to_name": "h", "type": tag.lower(), "value": value}


def span(quote: str, occurrence: int = 1) -> dict[str, Any]:
    return {"quote": quote, "occurrence": occurrence, "label": "PER"}


@pytest.mark.slow
@each_row(
    ("html", "quote", "found"),
    [
        ("Ada <b>met <i>Bob</i></b>", "Bob", (8, 11, "Bob")),
        ("Ada <b>met <i>Bob</i></b>", "Ada met Bob", (0, 11, "Ada met Bob")),
        ("<p>one</p><p>Ada</p>", "Ada", (3, 6, "Ada")),
        ("<p>Ada</p><p>met Bob</p>", "Ada\n\nmet", (0, 6, "Adamet")),
        ("<p>one</p>\n<p>Ada</p>", "Ada", (4, 7, "Ada")),
        ("  \n <div>\n  <p>Ada", "Ada", (3, 6, "Ada")),
        ("a<br>b<br/>Ada", "Ada", (4, 7, "Ada")),
        ("Ada<br>Bob", "Ada Bob", (0, 7, "Ada Bob")),
        ("a &amp; b &lt;i&gt; Ada", "Ada", (10, 13, "Ada")),
        ("Z&uuml;rich &copy Ada", "Ada", (9, 12, "Ada")),
        ("&amp;lt; Ada", "Ada", (5, 8, "Ada")),
        ("a&nbsp;Ada", "a Ada", (0, 5, "a Ada")),
        (f"{FAMILY} <b>Ada</b>", "Ada", (6, 9, "Ada")),
        ("<script>Ada()</script>x Ada", "Ada", (2, 5, "Ada")),
        ("<iframe>Ada</iframe>x Ada", "Ada", (2, 5, "Ada")),
        ("a<!-- Ada -->b Ada", "Ada", (3, 6, "Ada")),
        ("<p>x</p><style>p {}</style>Ada", "Ada", (5, 8, "Ada")),
        ("<p>x</p><style>Ada</style> Ada", "Ada", (5, 8, "Ada")),
        ("<head><title>Ada</title></head><body>x Ada</body>", "Ada", (2, 5, "Ada")),
        ("one\r\ntwo\rAda", "Ada", (8, 11, "Ada")),
        ("<pre>\n x Ada</pre>", "Ada", (3, 6, "Ada")),
        ("<table>\n<tr><td>a</td><td>Ada</td></tr></table>", "Ada", (2, 5, "Ada")),
        ("<p>Ada\n   Byron</p>", "Ada Byron", (0, 12, "Ada Byron")),
        ("a < b and Ada", "Ada", (10, 13, "Ada")),
        ("Ada", "Ada", (0, 3, "Ada")),
    ],
)
@each_row("tag", ["HyperTextLabels", "Labels"])
def test_offsets_count_the_text_of_the_dom(convert, without_ids, html, quote, found, tag):
    made = convert(config(tag=tag), {"n": [span(quote)]}, {"html": html})
    assert without_ids(made) == [region(*found, tag)]
    assert made.problems == ()


def test_inline_html_has_no_head_and_keeps_its_first_white_space(convert, without_ids):
    html = "\n <title>T</title><b>Ada</b>"
    made = convert(config('inline="true"'), {"n": [span("Ada")]}, {"html": html})
    assert without_ids(made) == [region(3, 6, "Ada")]


def test_only_a_document_is_labelled():
    xml = config().replace("HyperText name", "Text name")
    assert "<HyperText>" in LabelingConfig.parse(xml).unanswerable["n"]


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ({"start": "/b[1]/text()[1]", "end": "/b[1]/text()[1]", "startOffset": 0, "endOffset": 3,
          "globalOffsets": {"start": 4, "end": 7}, "text": "met"}, [span("met")]),
        ({"start": 4, "end": 7}, [span("met")]),
        ({"start": "/b[1]/text()[1]", "end": "/b[1]/text()[1]"}, []),
        ({"globalOffsets": {"start": 4, "end": 99}}, [span("met Bob")]),
        ({"globalOffsets": {"start": 11, "end": 99}}, []),
        ({"globalOffsets": []}, []),
    ],
)  # fmt: skip
def test_annotations_are_read_by_their_global_offsets(value, answer):
    regions = [
        {"id": "a", "from_name": "n", "to_name": "h", "type": "hypertextlabels"}
        | {"value": {**value, "hypertextlabels": ["PER"]}}
    ]
    parsed = LabelingConfig.parse(config())
    assert parsed.to_answer(regions, {"html": "Ada <b>met</b> Bob"}) == {"n": answer}
