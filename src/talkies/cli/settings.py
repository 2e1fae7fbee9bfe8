"""`talkies settings`: everything that an operator can set, with what holds now or as a page of the docs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from pydantic.fields import FieldInfo

from talkies import settings as talkies_settings
from talkies.settings import FILE_VARIABLE, PREFIX, Settings

AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print the page docs/settings.md.")]

SECRET = frozenset({"api_key", "database_url", "storage_url"})  # the URLs may hold a password

_INTRODUCTION = f"""\
# Settings

Set them in the environment, or in one TOML file whose path is in `{FILE_VARIABLE}`: there without the
prefix and in small letters. Options of a command win over the environment, which wins over the file. An
unknown or bad setting stops the start with its name. Lists are written in JSON: `["10.0.0.0/8"]`.
Times are in seconds and sizes in bytes, as the names say. `talkies settings` shows what is set now.

This page is made by `talkies settings --markdown`.

| variable | type | default | what it sets |
| --- | --- | --- | --- |
"""


def settings(as_markdown: AsMarkdown = False) -> None:
    """Show what is set, from the environment and the file."""
    if as_markdown:
        print(to_markdown(), end="")
        return
    now = talkies_settings.load()
    for name in Settings.model_fields:
        value = getattr(now, name)
        print(
            f"{PREFIX}{name.upper()}={'***' if value and name in SECRET else '' if value is None else value}"
        )


def to_markdown() -> str:
    """Write the page of all settings."""
    return _INTRODUCTION + "".join(_rows())


def _rows() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        default = "–" if field.default is None else f"`{_as_text(field.default)}`"
        yield f"| `{PREFIX}{name.upper()}` | {_type_of(field)} | {default} | {field.description} |\n"


def _type_of(field: FieldInfo) -> str:
    """Name a type and its range for people.

    >>> _type_of(Settings.model_fields["port"])
    'whole number, 0 to 65535'
    """
    kind = str(field.annotation)
    word = next((word for sign, word in _WORDS.items() if sign in kind), "text")
    limits = {
        attribute: getattr(rule, attribute)
        for rule in field.metadata
        for attribute in ("ge", "gt", "le", "lt")
        if hasattr(rule, attribute)
    }
    match limits:
        case {"ge": least, "le": most}:
            return f"{word}, {least} to {most}"
        case {"ge": least}:
            return f"{word}, {least} or more"
        case {"gt": least}:
            return f"{word} above {least}"
        case _:
            return word


_WORDS = {"bool": "true or false", "tuple": "list", "int": "whole number", "float": "number", "Path": "path"}


def _as_text(default: object) -> str:
    match default:
        case bool():
            return str(default).lower()
        case tuple():
            return "[]"
        case float():
            return f"{default:g}"
        case _:
            return str(default)
