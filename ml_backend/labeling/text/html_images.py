"""Pictures in pieces of HTML that stand for a choice or an item of a list."""

from __future__ import annotations

from ml_backend.labeling.text.html_text import to_text
from ml_backend.labeling.text.html_tree import parse
from ml_backend.records import Attachment


def pictures(html: str, name: str) -> list[Attachment]:
    """The pictures of a piece of HTML that says nothing in words, so that they are all there is.

    Beside words pictures are taken for decoration: nobody could choose by an icon.
    """
    if "<img" not in html.lower() or to_text(html):
        return []
    found = [node.attributes.get("src") or "" for node in parse(html).css("img")]
    urls = [url.strip() for url in found if url.strip()]
    if len(urls) == 1:
        return [Attachment("image", urls[0], name)]
    return [Attachment("image", url, f"{name}[{index}]") for index, url in enumerate(urls)]
