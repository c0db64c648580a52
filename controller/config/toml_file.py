"""TOML file → frozen typed object, or every problem of the file at once.

msgspec decodes, but it stops at the first error, and whoever writes a recipe wants the
whole list. So the found tables are first walked beside the type, each leaf is offered to
msgspec on its own, and only a file without a problem is decoded as a whole.
"""

from __future__ import annotations

import itertools
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from controller.config.explain import explain, near_miss, one_of, shown
from controller.config.problem import ConfigError, Problem
from controller.config.source import SIZE_MAX_BYTES, Source, parse, read_source

T = TypeVar("T")
PROBLEM_COUNT_MAX = 100
_Found = Iterator[tuple[str, str]]


def read_toml(path: Path, type_: type[T], *, size_max_bytes: int = SIZE_MAX_BYTES) -> T:
    """Read, parse and decode one file.

    Raises ConfigError with every problem found (the first hundred), each with the path
    of the key, what was found, the bound and what to do.
    """
    return decode(read_source(path, size_max_bytes=size_max_bytes), type_)


def decode(source: Source, type_: type[T]) -> T:
    """Decode a source that was read before. Raises ConfigError as read_toml does."""
    tables = parse(source)
    file = str(source.path)
    walked = itertools.islice(_walk(type_, tables, ""), PROBLEM_COUNT_MAX)
    problems = [Problem(file, path, message) for path, message in walked]
    if problems:
        raise ConfigError(problems)
    try:
        return msgspec.convert(tables, type_)
    except msgspec.ValidationError as error:
        # A rule that only the whole object knows (a __post_init__).
        text, _, where = str(error).partition(" - at `$")
        raise ConfigError([Problem(file, where.strip("`."), text)]) from None


def type_by_unit(source: Source, section: str, types: Mapping[str, type[T]]) -> type[T]:
    """The type for the class of unit that `section` names, "press" when it names none.

    Raises ConfigError for a unit that is not among `types`.
    """
    table = parse(source).get(section)
    unit = table.get("unit", "press") if isinstance(table, Mapping) else "press"
    if not isinstance(unit, str) or unit not in types:
        message = one_of(tuple(types), unit)
        raise ConfigError([Problem(str(source.path), f"{section}.unit", message)])
    return types[unit]


def _walk(annotation: Any, found: Any, path: str) -> _Found:
    bare, options = _bare(annotation)
    structs = [option for option in options if _is_struct(option)]
    if len(structs) > 1:
        yield from _walk_tagged(structs, found, path)
    elif structs:
        yield from _walk_struct(structs[0], found, path)
    elif get_origin(bare) in (list, tuple):
        yield from _walk_list(annotation, bare, found, path)
    elif get_origin(bare) is dict:
        yield from _walk_dict(annotation, bare, found, path)
    else:
        message = explain(annotation, found)
        if message:
            yield path, message


def _bare(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The annotation without Annotated and None, and the options of its union."""
    bare = annotation
    while get_origin(bare) is Annotated:
        bare = get_args(bare)[0]
    if get_origin(bare) not in (Union, types.UnionType):
        return bare, (bare,)
    options = tuple(option for option in get_args(bare) if option is not type(None))
    return _bare(options[0]) if len(options) == 1 else (bare, options)


def _is_struct(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)


def _walk_tagged(structs: list[Any], found: Any, path: str) -> _Found:
    by_tag = {struct.__struct_config__.tag: struct for struct in structs}
    tag_field = structs[0].__struct_config__.tag_field
    if not isinstance(found, Mapping):
        yield path, f"is {shown(found)}, must be a table"
        return
    tag = found.get(tag_field)
    if not isinstance(tag, str) or tag not in by_tag:
        given = "is missing" if tag is None else f"is {shown(tag)}"
        hint = near_miss(tag, by_tag) if isinstance(tag, str) else ""
        yield _join(path, tag_field), f"{given}; must be one of {', '.join(by_tag)}{hint}"
        return
    yield from _walk_struct(by_tag[tag], found, path)


def _walk_struct(struct: Any, found: Any, path: str) -> _Found:
    if not isinstance(found, Mapping):
        yield path, f"is {shown(found)}, must be a table"
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    hints = get_type_hints(struct, include_extras=True)
    for key in found:
        if key not in fields and key != struct.__struct_config__.tag_field:
            yield _join(path, key), f"unknown key{near_miss(key, fields) or '; remove it'}"
    for key, field in fields.items():
        if key in found:
            yield from _walk(hints[field.name], found[key], _join(path, key))
        elif field.required:
            yield _join(path, key), f"is missing; add it{_wanted(hints[field.name])}"


def _walk_list(annotation: Any, bare: Any, found: Any, path: str) -> _Found:
    if not isinstance(found, list):
        yield path, f"is {shown(found)}, must be an array"
        return
    yield from _length(annotation, len(found), path)
    for index, item in enumerate(found):
        yield from _walk(get_args(bare)[0], item, f"{path}[{index}]")


def _walk_dict(annotation: Any, bare: Any, found: Any, path: str) -> _Found:
    if not isinstance(found, Mapping):
        yield path, f"is {shown(found)}, must be a table"
        return
    yield from _length(annotation, len(found), path)
    key_type, item_type = get_args(bare)
    for key, item in found.items():
        message = explain(key_type, key)
        if message:
            yield _join(path, key), f"the key {message}"
        yield from _walk(item_type, item, _join(path, key))


def _length(annotation: Any, count: int, path: str) -> _Found:
    for meta in getattr(annotation, "__metadata__", ()):
        low, high = meta.min_length or 0, meta.max_length
        if count < low or (high is not None and count > high):
            yield path, f"has {count} entries, must have {low} to {high}"


def _join(path: str, key: str) -> str:
    shown = key if len(key) <= 60 else key[:57] + "..."
    return f"{path}.{shown}" if path else shown


def _wanted(annotation: Any) -> str:
    bare, _ = _bare(annotation)
    texts = [meta.description for meta in getattr(annotation, "__metadata__", ())]
    if get_origin(bare) is Literal:
        return f" ({' or '.join(map(str, get_args(bare)))})"
    return f" ({texts[0]})" if texts and texts[0] else ""
