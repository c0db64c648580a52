"""`hotpress command`: ask something of a running station, through its broker."""

from __future__ import annotations

import asyncio
import getpass
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec import structs

from controller.cli.errors import EXIT_NOT_COMPLETE, refusals
from controller.command.request import VERBS, RequestError, parse
from controller.composition import NAMES
from controller.config.model import load_station
from controller.telemetry.caller import call
from controller.telemetry.credentials import read_password
from controller.telemetry.settings import Mqtt, UnsPath

ANSWER_MARGIN_S = 2.0  # an answer may come when the request just was valid


def command(
    verb: Annotated[str, typer.Argument(help=f"One of: {', '.join(VERBS)}")],
    config: Annotated[str, typer.Option(help="Station: name of a shipped one, or a file")],
    by: Annotated[str | None, typer.Option(help="Who asks; default: the user's name")] = None,
    valid_for: Annotated[float, typer.Option(help="Refused when it comes later, s")] = 10.0,
    temperature_c: Annotated[float | None, typer.Option(help="Manual: °C")] = None,
    rate_c_per_min: Annotated[float | None, typer.Option(help="Manual: of the setpoint")] = None,
    pressure_mpa: Annotated[float | None, typer.Option(help="Manual: on the stack, MPa")] = None,
    rate_mpa_per_s: Annotated[float | None, typer.Option(help="Manual: of the setpoint")] = None,
    duty_fraction: Annotated[float | None, typer.Option(help="Manual: of the heaters")] = None,
    username: Annotated[
        str | None, typer.Option(help="Log in as this instead of the station's own name")
    ] = None,
    password_file: Annotated[Path | None, typer.Option(help="Password of that name")] = None,
) -> None:
    """Ask a running station: hold, restart, stop, abort, reset, vent, manual, automatic, tune.

    Exit code 0 when it was accepted, 1 when the station refused it, with the reason, 2 when it
    could not be asked or did not answer.
    """
    numbers = {
        "temperature_c": temperature_c,
        "rate_c_per_min": rate_c_per_min,
        "pressure_mpa": pressure_mpa,
        "rate_mpa_per_s": rate_mpa_per_s,
        "duty_fraction": duty_fraction,
    }
    given = {name: number for name, number in numbers.items() if number is not None}
    with refusals():
        refused = ask(config, verb, by, given, valid_for, username, password_file)
    if refused:
        raise typer.Exit(EXIT_NOT_COMPLETE)


def ask(
    config: str,
    verb: str,
    by: str | None,
    numbers: Mapping[str, float],
    valid_for_s: float = 10.0,
    username: str | None = None,
    password_file: Path | None = None,
) -> str:
    """Ask the station, print its answer and return why it refused, or nothing.

    Raises RequestError, ConfigError, CredentialsError or CallError when it cannot be asked.
    """
    id_ = secrets.token_hex(8)
    request = _request(id_, verb, by or getpass.getuser(), valid_for_s, numbers)
    station, _ = load_station(config, NAMES)
    mqtt, site = _login(station.mqtt, username, password_file), station.station
    password = read_password(Path(mqtt.password_file)) if mqtt.password_file else None
    path = UnsPath(site.enterprise, site.site, site.area, site.line, site.cell)
    wait_s = valid_for_s + ANSWER_MARGIN_S
    answer = asyncio.run(call(mqtt, path, request, id_, password=password, wait_s=wait_s))
    accepted = answer.get("result") == "accepted"
    refused = "" if accepted else str(answer.get("reason"))
    typer.echo(f"{site.id}: {verb} {'accepted' if accepted else f'refused: {refused}'}")
    return refused


def _request(
    id_: str, verb: str, by: str, valid_for_s: float, numbers: Mapping[str, float]
) -> bytes:
    """As it goes on the wire; judged by the station's own parser first. Raises RequestError."""
    asked: dict[str, object] = {
        "id": id_,
        "verb": verb,
        "by": by,
        "ts": time.time_ns() // 1_000_000,
        "valid_for_s": valid_for_s,
    }
    if numbers or verb in ("manual", "tune"):
        asked["tune" if verb == "tune" else "manual"] = numbers
    payload = msgspec.json.encode(asked)
    try:
        parse(payload)
    except RequestError as error:
        raise RequestError(f"{verb}: {error}") from None
    return payload


def _login(mqtt: Mqtt, username: str | None, password_file: Path | None) -> Mqtt:
    if username is None:
        return mqtt
    return structs.replace(mqtt, username=username, password_file=str(password_file or ""))
