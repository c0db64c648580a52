"""hotpress-hil rig: files for the rig, and a run with it."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from controller.ports import SignalNames
from hil.bench import RigBench
from hil.description import MachineError
from hil.machine import read_machine
from hil.plant import ANALOGUE_OUTPUTS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, READINGS, Plant
from hil.rig_firmware import stage as stage_files
from hil.rig_link import RigError, RigLink
from hil.rig_ports import SerialPort
from hil.rig_twin import RigTwin

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
_SIGNALS = SignalNames(READINGS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, ANALOGUE_OUTPUTS)
_INVALID = 3


@app.callback()
def rig() -> None:
    """The rig that gives the simulated press electrical form (hil/rig/README.md)."""


@app.command()
def stage(
    folder: Annotated[Path, typer.Argument(help="Written here: main.py and hil/rig/.")],
    board: Annotated[str, typer.Option(help="rp2 or unix.")] = "rp2",
) -> None:
    """Write the firmware as it goes onto the device, stamped with the plant's header."""
    try:
        stage_files(folder, board)
    except (ValueError, OSError) as error:
        _refuse(str(error))
    typer.echo(f"now: mpremote cp -r {folder}/. :")


@app.command()
def run(
    machine: Annotated[str, typer.Argument(help="Name of a shipped machine, or a TOML file.")],
    port: Annotated[str, typer.Option(help="Serial port of the rig; twin: without hardware.")],
    seconds: Annotated[float, typer.Option(min=0.1, max=1e6)] = 60.0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the sensor noise.")] = 0,
) -> None:
    """Run the press in real time with the rig as its inputs and outputs; one line of JSON.

    Exit code 3 when the run may not be believed.
    """
    try:
        with ExitStack() as stack:
            description = read_machine(machine)
            plant = Plant(description, seed=seed)
            if port == "twin":
                link = RigLink(stack.enter_context(RigTwin(time.monotonic)).port, time.monotonic)
            else:
                serial_port = SerialPort(port)
                stack.callback(serial_port.close)
                link = RigLink(serial_port, time.monotonic)
            bench = RigBench.open(plant.wire(_SIGNALS), description.wiring, link, _SIGNALS)
            bench.run(seconds, time.monotonic, time.sleep)
            status = bench.status()
    except (RigError, MachineError, OSError) as error:
        _refuse(str(error))
    verdict = bench.verdict()
    typer.echo(
        json.dumps(
            {
                "verdict": str(verdict),
                "beats": bench.beat_count,
                "lost_beats": bench.lost_beat_count,
                "clock_ppm": round(bench.clock.ppm, 1),
                "rig": status,
            }
        )
    )
    if not verdict.is_valid:
        raise typer.Exit(_INVALID)


def _refuse(message: str) -> None:
    typer.echo(f"hotpress-hil: {message}", err=True)
    raise typer.Exit(2)
