"""HTML made to cost its reader dearly, a piece of any size of each kind."""

from __future__ import annotations

REPEATED = {
    "nested blocks": "<div>",
    "quotes left open": "<a b='",
    "comments left open": "<!--",
    "declarations left open": "<!x",
    "entities without an end": "&amp",
    "unknown entities": "&notit;",
    "longest entity": "&CounterClockwiseContourIntegral",
    "scripts left open": "<script>",
    "scripts in comments of scripts": "<script><!--<script></script>",
    "styles left open": "<style>",
    "text areas left open": "<textarea>",
    "titles left open": "<title>",
    "plain text": "<plaintext>",
    "tables in cells": "<table><tr><td>",
    "lists in items": "<ul><li>",
    "items of other kinds": "<li><dd>",
    "links in links": "<a><p>",
    "ends in the wrong order": "<b><i><a></b></i></a>",
    "formatting across blocks": "<b><p>",
    "formatting left open": "<b><i><a>",
    "ends of what was never open": "<b></p>",
    "svg in svg": "<svg>",
    "formulas in formulas": "<math><mi>",
    "text before its table": "<table>x<p>",
    "selects in selects": "<select>",
    "templates in templates": "<template>",
    "CDATA": "<![CDATA[",
    "CDATA in svg": "<svg><![CDATA[x]]>",
    "zeros": "\0<",
    "paragraphs in buttons": "<button><p>",
    "line breaks": "x<br>",
    "well-formed": "<p>a <b>b</b> &amp; c</p>",
}


def hostile(size: int) -> dict[str, str]:
    """Return each kind of HTML, of so many characters at most."""
    found = {name: (unit * (size // len(unit) + 1))[:size] for name, unit in REPEATED.items()}
    count = size // 16
    ends = size // 30
    found |= {
        "attributes": "<a " + " ".join(f"a{number}" for number in range(count)),
        "attributes of many": ("<p " + " ".join(f"a{each}" for each in range(490)) + ">") * 400,
        "attributes of one html": "".join(f"<html a{number}>" for number in range(count)),
        "no two alike": "".join(f"<b a={number}><p>" for number in range(count)),
        "options": "<select>" + "<option>" * (size // 8),
        "deep, then flat": "<div>" * 800 + "<p>x</p>" * 24_000,
        "ends that search": "<div>" * (size // 10) + "</x>" * (size // 10),
        "svg left open": "<svg>" + "<g>" * ends + "</x>" * ends,
        "comments that end nothing": "<div><!--</div>-->" * (size // 18),
        "as many tags as may be": "<p>x</p>" * 24_900 + "x" * (size // 2),
    }
    return {name: html[:size] for name, html in found.items()}
