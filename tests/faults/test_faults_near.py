"""Devices that fail behind the in-process station: what a controller is left with."""

from typing import Any

import pytest
from faults_bench import INPUT, PRESSURE, ZONE, Bedside, bits

from controller.ports import Tick
from hil.plant import READINGS
from hil.vessel import SIGNALS as WIP_SIGNALS

LEASE_TICKS = 20
WIP_OUTPUTS = (0.25, 0.75)  # needle and pump, the same module


async def running() -> Bedside:
    """Warm contactors and a pump that runs."""
    press = Bedside()
    press.frame.digital_output_bits = bits("contactor_top", "pump", "heater_1_ssr")
    press.frame.valve_open_fraction = 0.3
    await press.tick(10)
    assert press.frame.sees("pump_running")
    return press


@pytest.mark.parametrize(("verb", "parameters"), [
    ("off", {}), ("open", {}), ("stuck", {}), ("wrong", {"answer": "exception"}),
    ("delayed", {"delay_s": 0.5}), ("intermittent", {"fraction": 1.0}),
])  # fmt: skip
async def test_a_lost_input_module_leaves_old_readings_that_grow_old(
    verb: str, parameters: dict[str, float | str]
) -> None:
    press = await running()
    before = list(press.frame.reading)
    press.inject("io.ai", verb, **parameters)
    for n in range(1, 6):
        frame = await press.look()
        assert list(frame.reading) == before
        assert bytes(frame.reading_ok) == bytes(len(READINGS))
        assert list(frame.reading_age_s) == pytest.approx([0.01 * n] * len(READINGS))
        assert frame.digital_ok
        assert frame.readback_ok
        await press.station.actuate(Tick(press.index, 0.0, 0), frame)
        press.index += 1
    press.bench.clear()
    frame = await press.look()
    assert all(frame.reading_ok)
    assert list(frame.reading_age_s) == [0.0] * len(READINGS)
    assert frame.reading[0] != before[0] or frame.at(PRESSURE) != before[READINGS.index(PRESSURE)]


async def test_outputs_of_an_unplugged_module_stay_for_their_lease_and_fall() -> None:
    press = await running()
    press.inject("io.dio", "open")
    await press.tick(LEASE_TICKS - 1)
    assert press.station.truth()["heater_1_power_w"] > 0.0
    frame = await press.tick(12)
    assert press.station.truth()["heater_1_power_w"] == 0.0
    assert not frame.digital_ok
    assert not frame.readback_ok
    assert frame.sees("pump_running"), "the last answer stays, marked bad"
    press.bench.clear()
    frame = await press.tick()
    assert frame.digital_ok
    assert frame.lease_lapse_count == 1
    assert not frame.sees("pump_running")


async def test_a_module_without_power_drops_its_outputs_at_once_and_restarts() -> None:
    press = await running()
    press.inject("io.dio", "off", for_s=0.1)
    await press.tick(5)
    assert press.station.truth()["heater_1_power_w"] == 0.0
    frame = await press.tick(6)
    assert frame.digital_ok
    assert frame.lease_lapse_count == 1
    await press.tick(10)
    assert press.station.truth()["heater_1_power_w"] > 0.0
    assert press.frame.lease_lapse_count == 1


async def test_writes_that_are_taken_but_not_applied_show_in_the_read_back() -> None:
    press = await running()
    press.inject("io.ao", "stuck")
    press.frame.valve_open_fraction = 0.1
    frame = await press.tick(50)
    assert press.station.truth()["valve_pressure_bar"] > 50.0
    assert frame.valve_open_fraction_readback == 0.3
    assert frame.digital_ok
    assert frame.digital_output_bits_readback == frame.digital_output_bits


async def test_a_restart_costs_one_lapse_and_one_tick_of_safe_outputs() -> None:
    press = await running()
    press.inject("io.dio", "wrong", for_s=0.5, answer="restart")
    frame = await press.tick()
    assert frame.lease_lapse_count == 1
    assert frame.digital_output_bits_readback == 0
    frame = await press.tick()
    assert frame.digital_output_bits_readback == frame.digital_output_bits
    frame = await press.tick(100)
    assert frame.lease_lapse_count == 1


async def test_a_second_master_drives_the_machine_and_shows_in_the_read_back() -> None:
    press = await running()
    press.inject("io.dio", "wrong", answer="foreign_write")
    frame = await press.tick()
    assert frame.digital_output_bits_readback == frame.digital_output_bits ^ bits("heater_1_ssr")
    assert frame.readback_ok
    frame.digital_output_bits = 0
    assert (await press.tick()).digital_output_bits_readback == bits("heater_1_ssr")
    press.bench.clear()
    assert (await press.tick()).digital_output_bits_readback == 0


async def test_a_babbling_module_says_anything_and_calls_it_good() -> None:
    press = await running()
    press.inject("io.ai", "garbage")
    seen = set()
    for _ in range(20):
        frame = await press.tick()
        seen.add(frame.at(ZONE))
    assert len(seen) > 10
    assert any(frame.reading_ok)
    assert frame.sees("pump_running")


async def test_lost_answers_come_by_chance_and_requests_are_heard() -> None:
    press = await running()
    press.inject("io.dio", "intermittent", fraction=0.3)
    lost = 0
    for _ in range(300):
        frame = await press.tick()
        lost += not frame.digital_ok
    assert 60 <= lost <= 120
    assert frame.lease_lapse_count == 0
    assert press.station.truth()["heater_1_power_w"] > 0.0


async def test_a_silent_host_and_a_fault_together() -> None:
    press = await running()
    press.inject("pump", "stuck", to_state=1.0)
    press.index += 100
    frame = await press.tick()
    assert frame.lease_lapse_count == 1
    assert frame.digital_input_bits >> INPUT["pump_running"] & 1
    assert press.station.truth()["heater_1_power_w"] == 0.0


async def pumping() -> Bedside:
    """A WIP with its needle a quarter open and its pump at three quarters of its speed."""
    wip = Bedside(machine="wip-500MPa", signals=WIP_SIGNALS)
    wip.frame.digital_output_bits = 1 << WIP_SIGNALS.digital_outputs.index("pump")
    wip.frame.needle_open_fraction, wip.frame.pump_speed_fraction = WIP_OUTPUTS
    assert read_back(await wip.tick(10)) == WIP_OUTPUTS
    return wip


def read_back(frame: Any) -> tuple[float, float]:
    return frame.needle_open_fraction_readback, frame.pump_speed_fraction_readback


async def test_the_lease_of_one_module_ends_all_its_openings() -> None:
    wip = await pumping()
    wip.inject("io.ao", "open")
    frame = await wip.tick(LEASE_TICKS - 1)
    assert (read_back(frame), frame.readback_ok) == (WIP_OUTPUTS, False)
    frame = await wip.tick()
    assert (read_back(frame), frame.lease_lapse_count) == ((0.0, 0.0), 1)
    pump = frame.digital_output_bits
    assert frame.digital_output_bits_readback == pump, "the other module still hears us"
    wip.bench.clear()
    frame = await wip.tick()
    assert (read_back(frame), frame.readback_ok) == (WIP_OUTPUTS, True)


async def test_a_hung_module_keeps_all_its_openings() -> None:
    wip = await pumping()
    wip.inject("io.ao", "stuck")
    wip.frame.needle_open_fraction, wip.frame.pump_speed_fraction = 0.5, 0.1
    assert read_back(await wip.tick(50)) == WIP_OUTPUTS


async def test_each_opening_of_a_babbling_module_says_something_of_its_own() -> None:
    wip = await pumping()
    wip.inject("io.ao", "garbage")
    seen = [read_back(await wip.tick()) for _ in range(20)]
    assert all(0.0 <= fraction <= 1.0 for both in seen for fraction in both)
    assert min(len({both[at] for both in seen}) for at in (0, 1)) > 10
    assert all(needle != speed for needle, speed in seen)
    await wip.tick(100)
    needle = wip.station.truth()["needle_open_fraction"]
    assert needle == pytest.approx(WIP_OUTPUTS[0], abs=0.01), "only the answer is damaged"


async def test_a_silent_host_lets_all_openings_fall() -> None:
    wip = await pumping()
    wip.index += LEASE_TICKS + 1
    frame = await wip.look()
    assert (read_back(frame), frame.digital_output_bits_readback) == ((0.0, 0.0), 0)
    assert frame.lease_lapse_count == 1


async def test_a_fault_of_one_opening_leaves_the_other() -> None:
    wip = await pumping()
    wip.inject("needle_open_fraction", "stuck", to_fraction=1.0)
    frame = await wip.tick(400)
    assert wip.station.truth()["needle_open_fraction"] == 1.0
    assert read_back(frame) == WIP_OUTPUTS, "the terminals know nothing of the wire behind them"
