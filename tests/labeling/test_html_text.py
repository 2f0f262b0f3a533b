from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from ml_backend.labeling.text.html_text import to_text


@pytest.mark.parametrize(
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
