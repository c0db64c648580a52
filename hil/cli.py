"""hotpress-hil: the simulated machine as a program."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Annotated

import typer

from hil import MachineError, read_machine
from hil.devices.machine_server import MachineServer
from hil.devices.wires import WiringError
from hil.faults.cli import app as fault_app
from hil.rig_cli import app as rig_app
from hil.scenarios.cli import add_commands as add_scenario_commands

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(fault_app, name="fault")
app.add_typer(rig_app, name="rig")
add_scenario_commands(app)


@app.callback()
def hotpress_hil() -> None:
    """The other side of the wire: a simulated press as I/O modules on Modbus TCP."""


@app.command()
def serve(
    machine: Annotated[str, typer.Argument(help="Name of a shipped machine, or a TOML file.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free port.")] = 0,
    lockstep: Annotated[
        bool,
        typer.Option(
            "--lockstep/--real-time",
            help="Advance one tick with each write of digital outputs, or by the wall clock.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the sensor noise.")] = 0,
    lease_ms: Annotated[
        int | None,
        typer.Option(
            min=20,
            max=10_000,
            help="Output lease on the wall clock. Default: 2000 in lockstep, else the machine "
            "file's until a host writes its own.",
        ),
    ] = None,
    control_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Take `hotpress-hil fault` commands on this port of loopback; 0: any free port.",
        ),
    ] = None,
    serial: Annotated[
        str | None,
        typer.Option(
            help="Modbus RTU on this serial port instead of TCP; `pty`: on a pseudo-terminal made "
            "here and named in the line of JSON."
        ),
    ] = None,
    baud: Annotated[int, typer.Option(min=1200, max=4_000_000, help="Of --serial.")] = 115_200,
    exit_with_parent: Annotated[
        bool, typer.Option("--exit-with-parent", help="Stop when standard input ends.")
    ] = False,
) -> None:
    """Serve a machine until SIGTERM or Ctrl-C. Prints one line of JSON when it listens."""
    try:
        server = MachineServer(
            read_machine(machine),
            time.monotonic,
            seed=seed,
            lockstep=lockstep,
            lease_ms=lease_ms,
            # Stands in for a counter in non-volatile memory: another start, another count.
            boot_count=int.from_bytes(os.urandom(2), "big"),
            control_port=control_port,
            serial=serial is not None,
        )

        async def start() -> None:
            if serial is None:
                await server.start(host, port)
            else:
                await server.start_serial(serial, baud)

        _run(server, start, exit_with_parent)
    except (MachineError, WiringError) as error:
        _refuse(str(error))
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error
        if serial is not None:
            _refuse(f"cannot open {serial}: {why}; choose another --serial")
        _refuse(f"cannot listen on {host}:{port}: {why}; choose another --host or --port")


def _refuse(message: str) -> None:
    typer.echo(f"hotpress-hil: {message}", err=True)
    raise typer.Exit(2)


Start = Callable[[], Coroutine[None, None, None]]


def _run(server: MachineServer, start: Start, exit_with_parent: bool) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(server, start, exit_with_parent))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed: it halves a round trip."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(server: MachineServer, start: Start, exit_with_parent: bool) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await start()
    if exit_with_parent:
        _watch_stdin(loop, stopping)
    try:
        print(server.announcement(), flush=True)  # the one line a parent waits for
        gc.freeze()
        await stopping.wait()
    except BrokenPipeError:  # nobody is there to be told
        sys.stdout = None
    finally:
        await server.stop()


def _watch_stdin(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    """A parent holds the other end of our standard input; when it dies, the input ends."""

    def readable() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            stopping.set()

    try:
        loop.add_reader(0, readable)
    except (OSError, ValueError):  # a plain file or closed: it has ended already
        stopping.set()
