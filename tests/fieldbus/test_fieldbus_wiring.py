"""Wiring that cannot work is refused before a socket is opened."""

import msgspec
import pytest
from fieldbus_bench import SIGNALS, WALL_LINK, WIRING, devices

from controller.fieldbus.modbus_station import ModbusStation
from controller.fieldbus.settings import Device, Link
from controller.ports import StationError


def build(wiring: dict[str, str], wired: list[Device] | None = None, **rest: object) -> None:
    ModbusStation(wired or devices(1502), wiring, WALL_LINK, SIGNALS, float, **rest)  # type: ignore[arg-type]


def test_the_sound_wiring_is_taken() -> None:
    build(WIRING)


@pytest.mark.parametrize(
    ("signal", "address", "told"),
    [
        ("zone_1_temperature_c", "ai.rtd_12", r"no analogue input 'rtd_12'; .* rtd_1 \.\. ct_6"),
        ("zone_1_temperature_c", "ia.rtd_1", "no \\[\\[device\\]\\] is named 'ia'"),
        ("zone_1_temperature_c", "ai.rtd_2", "already wired to zone_2_temperature_c|a terminal"),
        ("zone_1_temperature_c", "dio.di_16", "no analogue input"),
        ("zone_1_temperature_c", "ai.sample_count", "no analogue input"),
        ("input_0", "dio.do_1", "already wired|no digital input"),
        ("output_0", "dio.di_15", "no digital output"),
        ("valve_open_fraction", "ao.ao_5", r"ao_1 \.\. ao_4"),
    ],
)
def test_a_bad_wire_is_named(signal: str, address: str, told: str) -> None:
    with pytest.raises(StationError, match=told) as refused:
        build({**WIRING, signal: address})
    assert "wiring." in str(refused.value)


def test_a_signal_on_a_terminal_of_another_unit_is_refused() -> None:
    swapped = {
        **WIRING,
        "zone_1_temperature_c": WIRING["heater_1_current_a"],
        "heater_1_current_a": WIRING["zone_1_temperature_c"],
    }
    with pytest.raises(StationError, match="reads 'a'"):
        build(swapped)


def test_an_unknown_signal_is_refused() -> None:
    with pytest.raises(StationError, match=r"wiring\.zone_9_temperature_c: .*no such signal"):
        build({**WIRING, "zone_9_temperature_c": "ai.rtd_1"})


def test_every_signal_must_be_wired_unless_it_is_not_fitted() -> None:
    without = {s: a for s, a in WIRING.items() if s != "zone_6_temperature_c"}
    with pytest.raises(StationError, match=r"wiring\.zone_6_temperature_c is missing"):
        build(without)
    build(without, not_fitted=["zone_6_temperature_c"])


def test_two_devices_cannot_be_one() -> None:
    ai, ao, dio = devices(1502)
    with pytest.raises(StationError, match="there twice"):
        build(WIRING, [ai, msgspec.structs.replace(ao, name="ai"), dio])
    with pytest.raises(StationError, match="is already 'ai'"):
        build(WIRING, [ai, msgspec.structs.replace(ao, unit_id=1), dio])


def test_an_unwired_device_is_refused() -> None:
    spare = Device("spare", "digital-io-16", "127.0.0.1", 1502, 9)
    with pytest.raises(StationError, match="device 'spare': no signal"):
        build(WIRING, [*devices(1502), spare])


def test_a_device_of_an_unknown_kind_is_refused() -> None:
    ai, ao, dio = devices(1502)
    with pytest.raises(StationError, match="no such profile"):
        build(WIRING, [msgspec.structs.replace(ai, profile="analogue-in-99"), ao, dio])


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("port", 0),
        ("port", 65_536),
        ("unit_id", 0),
        ("unit_id", 248),
        ("lease_ms", 19),
        ("lease_ms", 10_001),
        ("host", ""),
        ("host", "a b"),
        ("name", "Ai"),
        ("profile", "../x"),
        ("speed", 1),
    ],
)
def test_device_settings_have_both_bounds(field: str, bad: object) -> None:
    sound = {"name": "ai", "profile": "x", "host": "h", "port": 1, "unit_id": 1}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**sound, field: bad}, Device)
    assert msgspec.convert(sound, Device).lease_ms == 200


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.0, 0.0, 1e9])
@pytest.mark.parametrize(
    "field", ["sense_budget_ms", "actuate_budget_ms", "reconnect_s_max", "open_s_max"]
)
def test_link_settings_have_both_bounds(field: str, bad: float) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({field: bad}, Link)
