"""Labeling configs to hold promises against: Label Studio's own templates, and others.

``templates.json`` has the templates of Label Studio 1.23.2 (Apache-2.0) that a model which reads
and sees can answer, each with the sample task Label Studio offers for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_backend.labeling import LabelingConfig

EMOJI = "👨‍👩‍👧"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A labeling config and one task of it."""

    title: str
    xml: str
    data: dict[str, Any]

    @property
    def config(self) -> LabelingConfig:
        return LabelingConfig.parse(self.xml)


def _templates() -> list[Sample]:
    entries = json.loads(Path(__file__).with_name("templates.json").read_text(encoding="utf-8"))
    return [Sample(entry["title"], entry["config"], entry["data"]) for entry in entries]


TEXT = {"text": f"Ada met\r\nAda {EMOJI} in “İzmir”. قال عمر e\u0301té, Zu\u0308rich: 3 × 4"}
HTML = {
    "html": "<h1>Ada&nbsp;Byron</h1>\n<p>met <b>Mr.&amp;Mrs. <i>Smith</i></b><br>in"
    f" Z&uuml;rich {EMOJI}<script>Ada()</script><!-- Ada --></p>"
}
TALK = {
    "talk": [
        {"author": "Ada", "text": f"Hi {EMOJI} Bob", "start": 4, "end": 6},
        {"author": "Bob", "text": "Ada! How are you?", "start": 1.5, "duration": 2},
        {"author": "Bob"},
        {"text": ""},
        {"author": "Ada", "text": "Fine, Bob. Bye Bob"},
    ]
}
IMAGE = {"image": "/data/upload/1/a.png"}
OPTIONS = [
    {"value": "One", "alias": "1", "hint": "the first"},
    {"value": "Two", "children": [{"value": "Two a"}, {"value": "Two b", "alias": "2b"}]},
    {"value": "Two"},
    {"html": "<b>nameless</b>"},
    "Three",
]


def _view(*tags: str) -> str:
    return f"<View>{''.join(tags)}</View>"


def _choices(name: str, *values: str, to: str = "t", **attrs: str) -> str:
    written = "".join(f' {key}="{value}"' for key, value in attrs.items())
    inner = "".join(f'<Choice value="{value}"/>' for value in values)
    return f'<Choices name="{name}" toName="{to}"{written}>{inner}</Choices>'


_TEXT = '<Text name="t" value="$text"/>'
_IMAGE = '<Image name="i" value="$image"/>'
_LABELS = '<Label value="PER"/><Label value="Place" alias="LOC"/>'
_TREE = (
    '<Choice value="Animals" alias="an"><Choice value="Cats"/><Choice value="Dogs" alias="dg"/>'
    '</Choice><Choice value="Plants"/><Choice value="Cats"/>'
)

HELD_OUT = [
    Sample(
        "nested choices",
        _view(_TEXT, f'<Choices name="c" toName="t" allowNested="true">{_TREE}</Choices>'),
        TEXT,
    ),
    Sample(
        "nested choices, several, required",
        _view(
            _TEXT,
            '<Choices name="c" toName="t" allownested="true" choice="multiple" required="true">'
            f"{_TREE}</Choices>",
        ),
        TEXT,
    ),
    Sample(
        "taxonomies",
        _view(
            _TEXT,
            f'<Taxonomy name="x" toName="t" maxUsages="2">{_TREE}</Taxonomy>',
            f'<Taxonomy name="y" toName="t" leafsOnly="true" required="true">{_TREE}</Taxonomy>',
            '<Taxonomy name="z" toName="t" value="$options"/>',
        ),
        {**TEXT, "options": OPTIONS},
    ),
    Sample(
        "classes from the task",
        _view(
            _TEXT,
            '<Choices name="c" toName="t" value="$options"/>',
            '<Choices name="n" toName="t" value="$options" allowNested="true" choice="multiple">'
            '<Choice value="own"/></Choices>',
            '<Labels name="l" toName="t" value="$options"/>',
        ),
        {**TEXT, "options": OPTIONS},
    ),
    Sample(
        "two labels on one text, one on another",
        _view(
            _TEXT,
            '<Text name="u" value="$other" granularity="word"/>',
            f'<Labels name="a" toName="t">{_LABELS}</Labels>',
            f'<Labels name="b" toName="t" choice="multiple">{_LABELS}</Labels>',
            f'<Labels name="c" toName="u">{_LABELS}</Labels>',
        ),
        {**TEXT, "other": "Ada, met Ada"},
    ),
    Sample(
        "relations across controls, things asked of each region",
        _view(
            _TEXT,
            f'<Labels name="a" toName="t">{_LABELS}</Labels>',
            f'<Labels name="b" toName="t">{_LABELS}</Labels>',
            _choices("sure", "yes", "no", perRegion="true"),
            '<Number name="quote" toName="t" perRegion="true" min="0" max="1"/>',
            '<TextArea name="id" toName="t" perRegion="true" maxSubmissions="1"/>',
            '<Relations><Relation value="is"/><Relation value="has"/></Relations>',
        ),
        TEXT,
    ),
    Sample(
        "a web page",
        _view(
            '<HyperText name="h" value="$html"/>',
            f'<HyperTextLabels name="n" toName="h">{_LABELS}</HyperTextLabels>',
            f'<Labels name="l" toName="h">{_LABELS}</Labels>',
            _choices("kind", "news", "ad", to="h"),
        ),
        HTML,
    ),
    Sample(
        "a talk in the order of its times",
        _view(
            '<Paragraphs name="p" value="$talk" contextScroll="true"/>',
            f'<ParagraphLabels name="n" toName="p">{_LABELS}</ParagraphLabels>',
            '<TextArea name="why" toName="p" perRegion="true"/>',
        ),
        TALK,
    ),
    Sample(
        "shapes of all kinds with labels",
        _view(
            _IMAGE,
            f'<RectangleLabels name="r" toName="i">{_LABELS}</RectangleLabels>',
            f'<EllipseLabels name="e" toName="i" choice="multiple">{_LABELS}</EllipseLabels>',
            f'<KeyPointLabels name="k" toName="i">{_LABELS}</KeyPointLabels>',
            f'<PolygonLabels name="p" toName="i">{_LABELS}</PolygonLabels>',
            '<Rating name="stars" toName="i" perRegion="true"/>',
        ),
        IMAGE,
    ),
    Sample(
        "plain shapes with labels beside them, on pages",
        _view(
            '<Image name="i" valueList="$pages"/>',
            '<Rectangle name="r" toName="i"/><Ellipse name="e" toName="i"/>',
            '<KeyPoint name="k" toName="i"/><Polygon name="p" toName="i"/>',
            f'<Labels name="l" toName="i" choice="multiple">{_LABELS}</Labels>',
            '<TextArea name="words" toName="i" perRegion="true" required="true"/>',
            '<DateTime name="day" toName="i" perRegion="true" only="date"/>',
        ),
        {"pages": ["/data/1.png", "/data/2.png"]},
    ),
    Sample(
        "moments",
        _view(
            _TEXT,
            '<DateTime name="full" toName="t" min="2000-01-01" max="2030-12-31"/>',
            '<DateTime name="day" toName="t" only="date" format="%d.%m.%Y"/>',
            '<DateTime name="hour" toName="t" only="time"/>',
            '<DateTime name="month" toName="t" only="month,year"/>',
            '<DateTime name="year" toName="t" only="year" required="true"/>',
        ),
        TEXT,
    ),
    Sample(
        "rankings",
        _view(
            '<List name="li" value="$items"/>',
            '<Ranker name="rank" toName="li"/>',
            '<List name="lj" value="$items"/>',
            '<Ranker name="sort" toName="lj"><Bucket name="good" title="Good ones"/>'
            '<Bucket name="bad" default="true"/></Ranker>',
        ),
        {"items": [{"id": "a", "title": "A"}, {"id": 2, "body": "two"}, {"id": "c"}, {}]},
    ),
    Sample(
        "numbers",
        _view(
            _TEXT,
            '<Text name="u" value="$other"/>',
            '<Number name="n" toName="t" min="-5" max="5" step="0.5" required="true"/>',
            '<Rating name="stars" maxRating="7"/>',
            '<Pairwise name="side" toName="t,u"/>',
            '<TextArea name="few" toName="t" maxSubmissions="2"/>',
        ),
        {**TEXT, "other": "b"},
    ),
    Sample(
        "questions that depend on answers",
        _view(
            _TEXT,
            _choices("a", "yes", "no", "maybe, later", required="true"),
            '<View visibleWhen="choice-selected" whenTagName="a" whenChoiceValue="yes">',
            _choices("b", "x", "y", required="true", choice="multiple"),
            '<Rating name="r" toName="t" visibleWhen="choice-unselected" whenTagName="b"'
            ' whenChoiceValue="y" required="true"/></View>',
            '<TextArea name="w" toName="t" visibleWhen="choice-selected" whenTagName="a"'
            ' whenChoiceValue="no,maybe, later"/>',
        ),
        TEXT,
    ),
    Sample(
        "questions that depend on regions",
        _view(
            _TEXT,
            '<Labels name="a" toName="t"><Label value="PER" maxUsages="2"/>'
            '<Label value="Place" alias="LOC"/></Labels>',
            _choices(
                "who",
                "man",
                "woman",
                perRegion="true",
                required="true",
                visibleWhen="region-selected",
                whenLabelValue="PER",
            ),
            '<Rating name="any" toName="t" visibleWhen="region-selected" whenTagName="a"/>',
        ),
        TEXT,
    ),
    Sample(
        "a conversation to carry on",
        _view(
            '<Chat name="chat" value="$chat" toName="chat" messageRoles="user,assistant"/>',
            _choices(
                "good",
                "yes",
                "no",
                to="chat",
                perRegion="true",
                visibleWhen="region-selected",
                whenRole="assistant",
            ),
            '<Rating name="all" toName="chat"/>',
        ),
        {"chat": [{"role": "user", "content": "Hi"}]},
    ),
    Sample(
        "a document with words",
        _view(
            '<Pdf name="pdf" value="$pdf"/>',
            f'<OcrLabels name="o" toName="pdf">{_LABELS}</OcrLabels>',
        ),
        {"pdf": "/data/upload/1/a.pdf"},
    ),
    Sample(
        "odd cases of names",
        '<View><Text name="t" VALUE="$text"/><Labels name="ä b" toname="t" CHOICE="Multiple">'
        '<Label VALUE="a &quot;b&quot;"/><Label value="a &gt; b"/></Labels>'
        '<Choices name="c" toName="t" Required="True"><Choice value="é"/><Choice value="É"/>'
        "</Choices></View>",
        TEXT,
    ),
    Sample(
        "asked for each page",
        _view(
            '<Image name="i" valueList="$pages"/>',
            _choices("c", "x", "y", to="i", perItem="true", choice="multiple"),
            '<Rating name="r" toName="i" perItem="true" required="true"/>',
        ),
        {"pages": ["/data/1.png", "/data/2.png"]},
    ),
]

TEMPLATES = _templates()
EVERY = [*TEMPLATES, *HELD_OUT]
IDS = [sample.title for sample in EVERY]
