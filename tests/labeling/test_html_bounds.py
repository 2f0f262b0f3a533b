"""HTML of any kind is read in little time or refused, and what people write is read."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.text import html_bounds
from ml_backend.labeling.text.dom_text import dom_text
from ml_backend.labeling.text.html_bounds import HtmlRefused
from ml_backend.labeling.text.html_images import pictures
from ml_backend.labeling.text.html_text import to_text
from ml_backend.labeling.text.html_tree import parse, walk
from support.hostile_html import hostile
from support.tables import each_row

TESTS = Path(__file__).parents[1]
MOST_SECONDS = 2.0
"""Of CPU, four times what each kind may take: a machine may be slow, the process just ends."""

READ_ALL = """
import contextlib, signal, sys
from ml_backend.errors import InvalidInput
from ml_backend.labeling.text.dom_text import dom_text
from ml_backend.labeling.text.html_text import to_text
from support.hostile_html import hostile

for name, html in hostile(1_000_000).items():
    for read in (to_text, dom_text):
        print(name, read.__name__, flush=True)
        signal.setitimer(signal.ITIMER_PROF, float(sys.argv[1]))
        with contextlib.suppress(InvalidInput):
            read(html)
signal.setitimer(signal.ITIMER_PROF, 0)
"""


@pytest.mark.slow
def test_a_megabyte_of_hostile_html_costs_little_of_each_kind():
    # By the CPU of a process of its own, which the system ends when it has used it up.
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL, str(MOST_SECONDS)],
        env={"PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
        capture_output=True,
        text=True,
    )
    last = done.stdout.splitlines()[-1:]
    assert done.returncode != -signal.SIGPROF, f"took more than {MOST_SECONDS} s: {last}"
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2 * len(hostile(1))


def words(text: str) -> list[str]:
    return text.split()


NAMES = words(
    """a b i font nobr p div span li dd dt ul ol table td th tr tbody caption colgroup col option
    optgroup select svg math g foreignObject desc title mi annotation-xml script style textarea
    iframe noscript template button object marquee h1 form html body frameset frame br hr input ruby
    rt xmp noembed section center image pre selectedcontent x-y"""
)
PIECES = words(
    """x <!-- --> <!--</div>--> <![CDATA[ ]]> <a_b=' '> <a_b=" "> <b_a=%d> <font_color=%d> </ < <!x>
    <?x> &amp; <g/> <g_a=b/> <svg/> <svg_a=b/> <x-y/> </p> </br> <script><!--<script> <svg><title>
    <math><mi> <svg><g></svg> </svg></g>"""
)


def some_html(draw: random.Random) -> str:
    """Some pieces, repeated: what is dear is so by being repeated."""

    def piece() -> str:
        kind = draw.random()
        if kind < 0.75:
            return f"<{'/' if kind < 0.25 else ''}{draw.choice(NAMES)}>"
        return draw.choice(PIECES).replace("_", " ")

    parts = ["".join(piece() for _ in range(draw.randint(0, most))) for most in (3, 7, 5)]
    first, *repeated = parts
    return first + "".join(
        part.replace("%d", str(number)) for part in repeated for number in range(100)
    )


@pytest.mark.slow
@each_row("seed", range(8))
def test_the_parser_never_has_more_open_than_was_counted(seed):
    draw = random.Random(seed)
    for _ in range(25):
        html = some_html(draw)
        try:
            steps = html_bounds.check(html)
        except HtmlRefused:
            continue
        depth = nodes = levels = 0
        for _, begins in walk(parse(html)):
            depth += 1 if begins else -1
            nodes += begins
            levels += depth if begins else 0
        # Paragraphs and parts of tables are not counted: up to four to an element that is.
        assert levels <= 5 * steps + 10 * nodes, html[:200]
        assert nodes <= steps + 3 * html.count("<") + 10, html[:200]


@pytest.mark.slow
@each_row(
    ("html", "why"),
    [
        ("<div>" * 10_000, "nested too deeply"),
        ("<p>x" * 60_000, "more than 50,000 tags"),
        ("x" * 5_000_001 + "<p>", "more than 5,000,000 characters"),
        ("<p " + "a b c d e " * 200, "more than 500 attributes"),
        ("<svg><desc><script><i></script>" + "<p>x" * 9_000, "no clear end"),
        ("<div><!--</div>-->" * 10_000, "nested too deeply"),
        ("<b><div></b>" * 10_000, "nested too deeply"),
        ("".join(f"<b a={number}><p>" for number in range(1_200)), "nested too deeply"),
        ("<svg><g></svg>" + "<x-y/>" * 10_000, "nested too deeply"),
        ("<svg><desc></svg></desc>" + "<x-y/>" * 10_000, "nested too deeply"),
        ("<svg a=b/>" + "<frame>" * 10_000, "nested too deeply"),
        ("<svg><title></title><g a=b/>" * 3_000, "nested too deeply"),
    ],
)
@each_row("read", [to_text, dom_text, lambda html: pictures(html + "<img>", "x")])
def test_html_that_would_take_long_is_refused_with_the_reason(html, why, read):
    with pytest.raises(HtmlRefused, match=why) as caught:
        read(html)
    assert caught.value.fix


ROW = "<tr><td><font size=2><b>x</b><td>y"
ICON = '<svg viewBox="0 0 9 9"><title>x</title><path d="M0 0"/><path d="M1 1"/></svg>'
WORD = "<!--[if gte mso 9]><xml><w:LatentStyles>" + "<w:Lsd x='1'>" * 400 + "</xml><![endif]-->"


@pytest.mark.slow
@pytest.mark.parametrize(
    "html",
    [
        f"<table>{ROW * 900}</table>",
        "<div>" * 60 + "<p>one<p>two<ul><li>a<li>b</ul>" * 6_000 + "</div>" * 60,
        f"<div><p>{ICON} text</p></div>" * 4_000,
        WORD * 20 + "<p class=MsoNormal><span><o:p>x</o:p></span></p>" * 6_000,
        "<p><a name=x>text<br>" * 12_000,
        "<script>if (a < b && c > '<div>') {}</script><div><p>x</p></div>" * 6_000,
        "<dl>" + "<dt>a<dd>b" * 9_000 + "</dl>",
        "<div>" * 3_000,
        "<style><!-- p {} --></style><script><!-- x() //--></script><p>x" * 5_000,
    ],
    ids=["table", "lists", "icons", "Word", "anchors", "scripts", "terms", "deep", "old scripts"],
)
def test_what_people_write_is_read_however_long(html):
    assert isinstance(dom_text(html), str)
    assert isinstance(to_text(html), str)


def test_the_tree_is_walked_in_the_order_of_the_text():
    tree = LexborHTMLParser("<p>a<b>c</b></p>d")
    seen = [f"{'' if begins else '/'}{node.tag}" for node, begins in walk(tree)]
    assert seen == words(
        "html head /head body p -text /-text b -text /-text /b /p -text /-text /body /html"
    )


def test_an_answer_for_html_that_is_refused_is_an_error_of_that_answer():
    config = LabelingConfig.parse(
        '<View><HyperText name="h" value="$html"/><HyperTextLabels name="n" toName="h">'
        '<Label value="PER"/></HyperTextLabels></View>'
    )
    answer = {"n": [{"quote": "Ada", "occurrence": 1, "label": "PER"}]}
    made = config.to_conversion(answer, {"html": "<div>" * 10_000 + "Ada"})
    assert made.result == []
    assert "nested too deeply" in made.errors[0]
