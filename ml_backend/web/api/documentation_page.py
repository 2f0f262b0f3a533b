"""The OpenAPI document as a page for people: one file, nothing fetched from elsewhere."""

from __future__ import annotations

import json
from html import escape
from typing import Any

Document = dict[str, Any]

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
h2 { border-bottom: 1px solid var(--line); margin-top: 2.5rem; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .4rem; }
summary { cursor: pointer; }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
pre { background: var(--soft); border-radius: 4px; overflow: auto; padding: .6rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border-top: 1px solid var(--line); padding: .25rem .5rem; text-align: left;
  vertical-align: top; }
.method { display: inline-block; font-weight: 700; width: 4.5rem; }
"""


def render(document: Document) -> str:
    """Return the page of a document."""
    info = document["info"]
    tags: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tags.setdefault(operation["tags"][0], []).append(_operation(path, method, operation))
    title = escape(f"{info['title']} {info['version']}")
    sections = "".join(
        f"<h2>{escape(tag)}</h2>{''.join(operations)}" for tag, operations in tags.items()
    )
    models = "".join(
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f"{_json(schema)}</details>"
        for name, schema in document["components"]["schemas"].items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width">'
        f"<style>{STYLE}</style><h1>{title}</h1><p>{escape(info['description'])}</p>"
        f'<p>The document itself: <a href="schema">OpenAPI {document["openapi"]}</a>.</p>'
        f"{sections}<h2>Requests and answers</h2>{models}</html>"
    )


def _operation(path: str, method: str, operation: Document) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}</td>"
        f"<td><code>{_kind(each['schema'])}</code></td>"
        f"<td>{escape(each.get('description', ''))}</td></tr>"
        for each in operation.get("parameters", ())
    )
    table = f"<table>{rows}</table>" if rows else ""
    body = operation.get("requestBody")
    sent = f"<p>Body: <code>{_kind(_content(body))}</code></p>" if body else ""
    answers = "".join(
        f"<tr><td>{status}</td><td><code>{_kind(_content(each))}</code></td>"
        f"<td>{escape(each['description'])}</td></tr>"
        for status, each in operation["responses"].items()
    )
    return (
        f'<details><summary><span class="method">{method.upper()}</span><code>{escape(path)}</code>'
        f" {escape(operation['summary'])}</summary>{table}{sent}<table>{answers}</table></details>"
    )


def _content(part: Document) -> Document:
    found: Document = part.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _kind(schema: Document) -> str:
    """Return a schema in a word or a few, names of models as links."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " | ".join(_kind(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{_kind(schema.get('items', {}))}]"
    if "enum" in schema:
        return escape(" | ".join(map(str, schema["enum"])))
    return escape(str(schema.get("type", "")))


def _json(schema: Document) -> str:
    return f"<pre>{escape(json.dumps(schema, indent=2, ensure_ascii=False))}</pre>"
