"""A checklist as one YAML file that the loader reads back to the same content. Pure."""

from __future__ import annotations

from typing import Any, Final

import yaml

from checklist.schema import Content
from checklist.yaml_source import plain_value

_WIDTH: Final = 110


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, and quotes what another reader would not take for text."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write the same value out each time: our reader bounds aliases."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key, as our own files do."""
        del indentless
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    if style is None and not isinstance(plain_value(value), str):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(content: Content) -> str:
    """The content as YAML text, in the order of the schema and without what is the default."""
    return dump(content.canonical())


def dump(data: Any) -> str:
    """Plain data as YAML text."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text
