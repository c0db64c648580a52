"""A good file's tables with one leaf changed: every leaf, in every wrong way."""

from __future__ import annotations

import copy
from typing import Any

Path = tuple[Any, ...]
Tables = dict[str, Any]


def leaves(tables: Any, path: Path = ()) -> list[Path]:
    if isinstance(tables, dict | list):
        items = tables.items() if isinstance(tables, dict) else enumerate(tables)
        return [leaf for key, item in items for leaf in leaves(item, (*path, key))]
    return [path]


def at(tables: Any, path: Path) -> Any:
    for step in path:
        tables = tables[step]
    return tables


def written(path: Path) -> str:
    """As a problem names it: phase[3].rate_c_per_min."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


def edited(tables: Tables, path: Path, found: Any, *, key: str | None = None) -> Tables:
    """A copy with one leaf replaced, removed (`...`) or renamed."""
    tables = copy.deepcopy(tables)
    table = at(tables, path[:-1])
    old = table[path[-1]]
    if key is not None:
        del table[path[-1]]
        table[key] = old
    elif found is ...:
        del table[path[-1]]
    else:
        table[path[-1]] = found
    return tables


def mutants(tables: Tables) -> list[tuple[str, str, Tables]]:
    """(what was done, path that must be named, tables)."""
    found = []
    for path in leaves(tables):
        old, where = at(tables, path), written(path)
        wrong: list[Any] = [["x"], {"x": 1}]
        if isinstance(old, bool):
            wrong += [1, "true"]
        elif isinstance(old, float):
            wrong += [float("inf"), float("nan"), -1000.0, 1e9, "5", True]
        else:
            wrong += [7, "", "\n" * 500]
        found += [(f"{where}={bad!r:.20}", where, edited(tables, path, bad)) for bad in wrong]
        if isinstance(path[-1], str) and path[-1] != "kind":
            parent, typo = where.rpartition(".")[0], f"{path[-1]}x"
            renamed = edited(tables, path, None, key=typo)
            found.append((f"{where} misspelt", f"{parent}.{typo}", renamed))
    return found
