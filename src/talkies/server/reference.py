"""The API reference: Markdown from the OpenAPI document, and the page at /docs."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from markdown_it import MarkdownIt

STYLE = """\
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}
body{background:#fff}
code,pre{font:14px/1.4 ui-monospace,monospace;background:#f3f3f3;border-radius:4px;padding:.1em .3em}
pre{padding:.8em;overflow-x:auto}pre code{padding:0}h2{margin-top:2.5rem;border-bottom:1px solid #ccc}
table{border-collapse:collapse;display:block;overflow-x:auto}
th,td{border:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top}
@media(prefers-color-scheme:dark){
body{color:#e6e6e6;background:#16181b}code,pre{background:#25282c}}
"""
PAGE_POLICY = (
    "default-src 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
"""Content-Security-Policy of the page: one style sheet, known by its hash, and nothing else."""


def to_page(document: Mapping[str, Any]) -> str:
    """Write the reference as one HTML page that loads nothing."""
    title = document["info"]["title"]
    body = MarkdownIt("js-default").render(to_markdown(document))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )


def to_markdown(document: Mapping[str, Any]) -> str:
    """Write the reference in Markdown: every operation, then every shape."""
    return "\n".join(_lines(document)).rstrip() + "\n"


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"# {document['info']['title']}", "", document["info"]["description"].strip(), "")
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield from _operation(method.upper(), path, operation)
    yield from ("## Shapes", "")
    for name, schema in document["components"]["schemas"].items():
        yield from _shape(name, schema)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"## `{method} {path}`", "", operation.get("description", ""), "")
    if not operation.get("security"):
        yield from ("No key is needed.", "")
    if parameters := operation.get("parameters"):
        yield from ("| parameter | in | type | meaning |", "| --- | --- | --- | --- |")
        for parameter in parameters:
            meaning = parameter.get("description", "")
            yield _row(f"`{parameter['name']}`", parameter["in"], _type(parameter["schema"]), meaning)
        yield ""
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield from (f"Body: `{kind}`", "")
        yield from _fields(content["schema"])
        for example in content.get("examples", {}).values():
            yield from (
                f"{example['summary']}:",
                "",
                "```json",
                json.dumps(example["value"], indent=2),
                "```",
                "",
            )
    yield from ("| status | meaning |", "| --- | --- |")
    for status, answer in operation["responses"].items():
        yield _row(status, answer["description"] + _shown_shape(status, answer))
    yield ""


def _shown_shape(status: str, answer: Mapping[str, Any]) -> str:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return f": {_type(schema)}" if schema and status == "200" else ""


def _shape(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"### {schema.get('title', name)}", "", schema.get("description", ""), "")
    if "enum" in schema:
        yield from (_type(schema), "")
    yield from _fields(schema)


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    if not schema.get("properties"):
        return
    yield from ("| field | type | default | meaning |", "| --- | --- | --- | --- |")
    for name, field in schema["properties"].items():
        required = name in schema.get("required", ())
        default = "required" if required else f"`{json.dumps(field.get('default'))}`"
        yield _row(f"`{name}`", _type(field), default, field.get("description", ""))
    yield ""


def _type(schema: Mapping[str, Any]) -> str:
    """Name a type in a few words, with its limits."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2].replace("_", " ").strip()
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"array of {_type(schema.get('items', {}))}"
    limits = [
        f"{word} {schema[name]}"
        for name, word in (
            ("minimum", "from"),
            ("maximum", "to"),
            ("minLength", "at least"),
            ("maxLength", "at most"),
        )
        if name in schema
    ]
    return " ".join([schema.get("type", "any"), *limits])


def _row(*cells: str) -> str:
    escaped = [cell.replace("|", "\\|").replace("\n", " ") for cell in cells]
    return f"| {' | '.join(escaped)} |"
