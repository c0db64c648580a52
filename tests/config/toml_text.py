"""Tables as TOML text: enough of a writer for tests that mutate a file."""

from __future__ import annotations

import json


def toml_value(found: object) -> str:
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, dict):
        return "{" + ", ".join(f"{_key(key)} = {toml_value(found[key])}" for key in found) + "}"
    if isinstance(found, list):
        return "[" + "".join(f"\n{toml_value(item)}," for item in found) + "\n]"
    return json.dumps(found, ensure_ascii=False) if isinstance(found, str) else repr(found)


def toml_text(tables: dict[str, object]) -> str:
    """Tables of the file's own level get a head, so that no line grows too long to be read."""
    heads = {key: found for key, found in tables.items() if isinstance(found, dict)}
    rest = {key: found for key, found in tables.items() if key not in heads}
    sections = (f"[{_key(key)}]\n{_lines(found)}" for key, found in heads.items())
    return _lines(rest) + "".join(sections)


def _lines(tables: dict[str, object]) -> str:
    return "".join(f"{_key(key)} = {toml_value(found)}\n" for key, found in tables.items())


def _key(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)
