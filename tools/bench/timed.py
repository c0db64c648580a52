"""Timing of one round, inside Python and of a C loop that times itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns

from tools.bench import compiled
from tools.bench.harness import Run


def per_call_ns(calls: int, body: Callable[[], None]) -> Run:
    """A run of `body`, which makes `calls` calls in a loop of its own: ns a call."""

    def run() -> float:
        begun_ns = perf_counter_ns()
        body()
        return (perf_counter_ns() - begun_ns) / calls

    return run


def printed_ns(program: Path, *arguments: object, stdin: bytes | None = None) -> Run:
    """A run of a C program that prints its own ns a call."""
    return lambda: float(compiled.run(program, *arguments, stdin=stdin))
