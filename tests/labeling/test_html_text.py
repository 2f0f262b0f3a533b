from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from ml_backend.labeling.text.dom_text import read_dom
from ml_backend.labeling.text.html_text import LINES, PARAGRAPHS, SPACED, to_text
from ml_backend.labeling.text.spans import Quotable
from ml_backend.llm.gazetteer import Gazetteer
from support.tables import each_row


@each_row(
    ("html", "text"),
    [
        ("", ""),
        ("plain\ntext & more", "plain\ntext & more"),
        ("1 < 2 &amp; {text}", "1 < 2 & {text}"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>One<br>Two<br/>Three</p>", "One\nTwo\nThree"),
        ("<h1>Title</h1>\n  <div>a\n   b</div> <div>c</div>", "Title\n\na b\nc"),
        ("<ul>\n <li>a</li>\n <li>b</li>\n</ul>after", "- a\n- b\n\nafter"),
        ("<ol><li>a</li><li>b<ul><li>c</li></ul></li></ol>", "1. a\n2. b\n  - c"),
        ("<p>x</p><script>alert(1)</script><style>p{}</style>", "x"),
        ("<b>bold</b> and <i>it&eacute;m</i>", "bold and itém"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<p>a<![if !supportLists]>b<![endif]></p><![bogus[x]]>c", "ab\n\nc"),
        ("<p>a<!-- no --></p>", "a"),
        ("<p>not closed <b>here", "not closed here"),
    ],
)
def test_html_reads_as_a_person_would(html, text):
    assert to_text(html) == text


@pytest.mark.slow
@given(st.text(alphabet="<>![]/-a&; \n\"'pliolu#x", max_size=60))
@settings(max_examples=400, deadline=None)
def test_broken_html_is_read_somehow(html):
    assert isinstance(to_text(html), str)


VOID = {"hr", "img", "input", "embed"}
ONLY_WITHIN = {"tr": "<table>{}</table>", "caption": "<table>{}</table>"}
ONLY_WITHIN |= {"td": "<table><tr>{}</tr></table>", "th": "<table><tr>{}</tr></table>"}
ONLY_WITHIN |= {"option": "<select>{}</select>", "optgroup": "<select>{}</select>"}


@each_row("tag", sorted((PARAGRAPHS | LINES | SPACED) - {"caption", "tr", "body"}))
def test_what_stands_apart_on_a_page_stands_apart_in_its_text_and_is_found_by_it(tag: str) -> None:
    words = ["Anna", "Annabel", "Berlin", "Anna"]
    each = "{0}<{1}>" if tag in VOID else "<{1}>{0}</{1}>"
    html = ONLY_WITHIN.get(tag, "{}").format("".join(each.format(word, tag) for word in words))
    text = to_text(html)
    assert [word for word in text.split() if word not in ("-", "1.")] == words
    named = [(0, {"quote": "Anna", "label": "P"}), (1, {"quote": "Berlin", "label": "P"})]
    page = Quotable(*read_dom(html))
    found = [page.find(each["quote"], each["occurrence"]) for each in Gazetteer(named).find(text)]
    assert found == [(0, 4), (11, 17), (17, 21)]


def test_a_picture_or_a_button_within_a_line_takes_no_line_of_its_own() -> None:
    assert to_text("<p>Press <button>Save</button> or <img src=x> now</p>") == "Press Save or now"
