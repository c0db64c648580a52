"""`hotpress-hil fault`: what can go wrong, and making it so on a machine that runs."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from hil import MachineError
from hil.faults.catalogue import catalogue, faults_of, row_named
from hil.faults.control import ask
from hil.faults.machine_reach import reach_of
from hil.faults.model import FaultError
from hil.plant import Plant

app = typer.Typer(
    no_args_is_help=True, help="Faults: what can be injected, and on a running machine."
)
Port = Annotated[
    int, typer.Option("--control-port", min=1, max=65535, help="Of `hotpress-hil serve`.")
]


@app.command("list")
def list_faults(
    machine: Annotated[str | None, typer.Argument(help="Shipped machine or TOML file.")] = None,
    control_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Ask a running machine what acts now.")
    ] = None,
) -> None:
    """The catalogue; with MACHINE what of it that machine can have; with a port what acts now."""
    try:
        if control_port is not None:
            _print_active(_ask(control_port, {"op": "list"}))
            return
        _print_catalogue(machine)
    except (MachineError, FaultError) as error:
        _refuse(str(error))


@app.command()
def inject(
    control_port: Port,
    what: Annotated[str, typer.Argument(help="A row of the catalogue (S04), or a point.")],
    verb: Annotated[str | None, typer.Argument(help="With a point: what happens to it.")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("--set", "-s", help="name=number, as to_ma=3.2.")
    ] = None,
    point: Annotated[str | None, typer.Option(help="With a row: at this point instead.")] = None,
    for_s: Annotated[
        float | None, typer.Option(help="Machine time; not given: until cleared.")
    ] = None,
) -> None:
    """Inject a row of the catalogue, or any fault by point and verb."""
    try:
        given = dict(_assignment(text) for text in parameter or ())
        if verb is not None:
            wanted = [({"point": what, "verb": verb, "parameters": given}, for_s)]
        else:
            wanted = _row_for(control_port, what, point, given, for_s)
        for fault, duration_s in wanted:
            request = {"op": "inject", "fault": fault, "for_s": duration_s}
            reply = _ask(control_port, request)
            typer.echo(
                f"{reply['handle']}: {fault['point']} {fault['verb']} at {reply['time_s']} s"
            )
    except FaultError as error:
        _refuse(str(error))


@app.command()
def clear(
    control_port: Port,
    handle: Annotated[int | None, typer.Argument(help="Not given: all.")] = None,
) -> None:
    """End one fault, or all."""
    try:
        request: dict[str, Any] = {"op": "clear", "handle": handle}
        typer.echo(f"cleared at {_ask(control_port, request)['time_s']} s")
    except FaultError as error:
        _refuse(str(error))


def _ask(port: int, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return asyncio.run(ask(port, request))
    except TimeoutError:
        raise FaultError(f"no answer on control port {port}") from None
    except OSError:
        raise FaultError(
            f"nothing listens on control port {port}; start: hotpress-hil serve MACHINE "
            f"--control-port {port}"
        ) from None


def _assignment(text: str) -> tuple[str, float | str]:
    name, equals, number = text.partition("=")
    if not equals:
        raise FaultError(f"--set {text}: give name=number")
    try:
        return name, float(number)
    except ValueError:
        return name, number


def _row_for(
    port: int, name: str, point: str | None, given: dict[str, float | str], for_s: float | None
) -> list[tuple[dict[str, Any], float | None]]:
    """A row's faults, fitted to the points of the machine behind the port."""
    row = row_named(name)
    wanted = []
    for fault, usual_s in row.faults(list(_ask(port, {"op": "points"})["points"]), point):
        parameters = {**fault.parameters, **given}
        request = {"id": row.id, "point": fault.point, "verb": fault.verb, "parameters": parameters}
        wanted.append((request, for_s if for_s is not None else usual_s))
    return wanted


def _print_catalogue(machine: str | None) -> None:
    reach = None
    if machine is not None:
        plant = Plant.from_machine(machine)
        reach = reach_of(
            plant.machine, plant.signals, plant.fitted, plant.condition_bounds, in_process=False
        )
    for row in catalogue().values():
        where = ""
        if reach is not None:
            try:
                where = ", ".join(
                    f"{fault.point} {fault.verb}" for fault, _ in faults_of(row, reach)
                )
            except FaultError as error:
                where = f"not here: {error}"
        limit = "" if row.within_s is None else f" within {row.within_s:g} s"
        faces = " ".join(row.faces)
        typer.echo(f"{row.id}  {row.title}\n     -> {row.reaction}{limit}  [{faces}]")
        if where:
            typer.echo(f"     {where}")


def _print_active(reply: dict[str, Any]) -> None:
    typer.echo(f"machine time {reply['time_s']} s, {len(reply['active'])} acting")
    for one in reply["active"]:
        left = "until cleared" if one["left_s"] is None else f"{one['left_s']:g} s left"
        numbers = " ".join(f"{name}={number}" for name, number in one["parameters"].items())
        typer.echo(
            f"{one['handle']}: {one['id'] or '-'} {one['point']} {one['verb']} {numbers} {left}"
        )


def _refuse(message: str) -> None:
    typer.echo(f"hotpress-hil: {message}", err=True)
    raise typer.Exit(2)
