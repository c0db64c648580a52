"""What a person may do wrong ends in one clear message and exit code 2, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape

from controller.cli.machine import MachineError
from controller.command.request import RequestError
from controller.config.problem import ConfigError
from controller.kernel import KernelConfigError
from controller.ports import StationError
from controller.record.model import RecordError
from controller.springback import SpringbackError
from controller.telemetry.broker import BrokerError
from controller.telemetry.caller import CallError
from controller.telemetry.credentials import CredentialsError
from controller.tuning import TuningError

EXIT_REFUSED = 2
EXIT_NOT_COMPLETE = 1
EXIT_INTERRUPTED = 130

_REFUSALS = (
    BrokerError,
    CallError,
    ConfigError,
    CredentialsError,
    KernelConfigError,
    MachineError,
    RecordError,
    RequestError,
    SpringbackError,
    StationError,
    TuningError,
)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn every refusal inside into its message on stderr and exit code 2."""
    try:
        yield
    except* _REFUSALS as group:
        for error in _flat(group):
            _say(error)
        raise typer.Exit(EXIT_REFUSED) from None


def _flat(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _flat(error)
        else:
            yield error


def _say(error: BaseException) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]refused[/]: {escape(str(error))}")
