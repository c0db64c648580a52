"""The station over real sockets: what it reads, writes, ages and reports."""

import asyncio
import socket
import time

import msgspec
import pytest
from fieldbus_bench import (
    SIGNALS,
    WALL_LINK,
    WIRING,
    Frame,
    Machine,
    devices,
    machine,
    now_tick,
    station,
    until,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.fieldbus.modbus_station import ModbusStation
from controller.fieldbus.settings import Link
from controller.ports import StationError, Tick


async def test_readings_arrive_exactly_as_the_plant_quantised_them() -> None:
    async with machine() as press:
        link = station(press.port)
        await link.open()
        frame = Frame()
        for i in range(11):
            press.plant.readings[i] = (2195 + 7 * i) / 100
        press.plant.readings[11] = 4003 / 1000
        press.plant.readings[14] = -123_457 / 10_000
        press.plant.readings[18] = 6521 / 1000
        press.face.sample()
        await link.sense(now_tick(0), frame)
        assert list(frame.reading) == list(press.plant.readings)
        assert bytes(frame.reading_ok) == bytes([1]) * 24
        assert frame.digital_ok
        assert frame.digital_input_bits == 0x3FFF
        await link.close()


async def test_outputs_reach_the_plant_and_are_read_back() -> None:
    async with machine() as press:
        link = station(press.port)
        await link.open()
        frame = Frame()
        frame.digital_output_bits, frame.valve_open_fraction = 0xA5C3, 0.4321
        await link.actuate(now_tick(1), frame)
        assert press.plant.commands[-1] == (0xA5C3, 0.4321)
        assert press.plant.advance_count == 1
        await link.sense(now_tick(2), frame)
        assert frame.digital_output_bits_readback == 0xA5C3
        assert frame.valve_open_fraction_readback == 0.4321
        assert frame.readback_ok
        assert link.statistics()["echo_mismatch_count"] == 0
        await link.close()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    readings=st.lists(st.floats(-300, 300), min_size=24, max_size=24),
    input_bits=st.integers(0, 0x3FFF),
    output_bits=st.integers(0, 0xFFFF),
    fraction=st.floats(0, 1),
)
def test_any_frame_survives_the_wire_within_half_a_count(
    readings: list[float], input_bits: int, output_bits: int, fraction: float
) -> None:
    async def there_and_back() -> None:
        async with machine() as press:
            link = station(press.port)
            await link.open()
            frame = Frame()
            press.plant.readings[:] = press.plant.readings.__class__("d", readings)
            press.plant.input_bits = input_bits
            press.face.sample()
            await link.sense(now_tick(0), frame)
            scales = [100] * 11 + [1000] * 3 + [10_000] * 4 + [1000] * 6
            lows = [-32_768] * 11 + [0] * 3 + [-(2**31)] * 4 + [0] * 6
            highs = [32_767] * 11 + [65_535] * 3 + [2**31 - 1] * 4 + [65_535] * 6
            for i, true in enumerate(readings):
                scaled = true * scales[i]
                if frame.reading_ok[i]:
                    assert abs(frame.reading[i] - true) <= 0.5000001 / scales[i]
                else:  # only what the converter cannot show
                    assert not lows[i] <= scaled <= highs[i] or round(scaled) in (lows[i], highs[i])
            assert frame.digital_input_bits == input_bits
            frame.digital_output_bits, frame.valve_open_fraction = output_bits, fraction
            await link.actuate(now_tick(1), frame)
            bits, opened = press.plant.commands[-1]
            assert bits == output_bits
            assert abs(opened - fraction) <= 0.00005000001
            await link.close()

    asyncio.run(there_and_back())


async def test_an_open_sensor_is_bad_and_its_neighbours_are_not() -> None:
    async with machine() as press:
        link = station(press.port)
        await link.open()
        frame = Frame()
        press.plant.readings[3] = float("nan")
        press.face.sample()
        await link.sense(now_tick(0), frame)
        assert [i for i in range(24) if not frame.reading_ok[i]] == [3]
        await link.close()


async def test_age_grows_while_the_sample_counter_stands_still() -> None:
    async with machine() as press:
        clock = [100.0]
        link = station(press.port, monotonic=lambda: clock[0])
        await link.open()
        frame = Frame()
        ages_s = []
        for index in range(4):
            if index == 3:
                press.face.sample()
            await link.sense(Tick(index, clock[0], 0), frame)
            ages_s.append((round(frame.reading_age_s[0], 9), round(frame.digital_age_s, 9)))
            clock[0] += 0.01
        assert ages_s == [(0.0, 0.0), (0.01, 0.01), (0.02, 0.02), (0.0, 0.0)]
        assert all(frame.reading_ok)
        await link.close()


async def test_a_sample_count_that_goes_back_is_no_reading() -> None:
    """S18: what it shows may be of any time, so it is lost and what was known grows old."""
    async with machine() as press:
        clock = [100.0]
        link = station(press.port, monotonic=lambda: clock[0])
        await link.open()
        frame = Frame()
        sense = press.modules["ai"].sense
        at = press.modules["ai"].profile.sense.words["sample_count"]
        sense.put_word(at, 7)
        await link.sense(Tick(0, clock[0], 0), frame)
        assert all(frame.reading_ok)
        for index, count in ((1, 6), (2, 0xFFFF)):
            clock[0] += 0.01
            sense.put_word(at, count)
            await link.sense(Tick(index, clock[0], 0), frame)
            assert not any(frame.reading_ok)
            assert frame.reading_age_s[0] == pytest.approx(0.01 * index)
        sense.put_word(at, 8)
        await link.sense(Tick(3, clock[0], 0), frame)
        assert all(frame.reading_ok)
        assert frame.reading_age_s[0] == 0.0
        await link.close()


async def test_age_holds_the_transfer_time() -> None:
    async with machine() as press:
        now_s = [5.0]

        def slow_clock() -> float:
            now_s[0] += 0.002
            return now_s[0]

        link = station(press.port, monotonic=slow_clock)
        await link.open()
        frame = Frame()
        await link.sense(Tick(0, now_s[0], 0), frame)
        assert 0.002 <= frame.reading_age_s[0] <= 0.05
        assert frame.reading_ok[0]
        await link.close()


async def test_one_read_a_module_and_one_write_a_module_with_outputs() -> None:
    async with machine() as press:
        link = station(press.port)
        await link.open()
        before = link.statistics()["request_count"]
        frame = Frame()
        for index in range(10):
            await link.sense(now_tick(index), frame)
            await link.actuate(now_tick(index), frame)
        assert link.statistics()["request_count"] - before == 50
        assert len(press.server.connections) == 1
        assert link.statistics()["round_trip_us_p99"] >= link.statistics()["round_trip_us_p50"] > 0
        await link.close()


async def test_modules_on_two_endpoints_are_one_frame() -> None:
    async with machine() as one, machine() as other:
        ai, ao, dio = devices(one.port)
        link = ModbusStation(
            [msgspec.structs.replace(ai, port=other.port), ao, dio],
            WIRING,
            WALL_LINK,
            SIGNALS,
            time.monotonic,
        )
        await link.open()
        other.plant.readings[0] = 99.5
        other.face.sample()
        frame = Frame()
        frame.digital_output_bits = 7
        await link.sense(now_tick(0), frame)
        await link.actuate(now_tick(0), frame)
        assert frame.reading[0] == 99.5
        assert one.plant.commands[-1] == (7, 0.0)
        assert other.plant.advance_count == 0
        await other.stop()
        await link.sense(now_tick(1), frame)
        assert not any(frame.reading_ok)
        assert frame.digital_ok, "the other endpoint is not drawn in"
        await link.close()


async def test_a_second_master_shows_in_the_readback() -> None:
    async with machine() as press:
        ours, theirs = station(press.port), station(press.port)
        await ours.open()
        await theirs.open()
        mine, foreign = Frame(), Frame()
        mine.digital_output_bits, foreign.digital_output_bits = 0x0001, 0x0101
        foreign.valve_open_fraction = 0.9
        await ours.actuate(now_tick(10), mine)
        await theirs.actuate(now_tick(77), foreign)
        await ours.sense(now_tick(11), mine)
        assert mine.readback_ok
        assert mine.digital_output_bits_readback == 0x0101
        assert mine.valve_open_fraction_readback == 0.9
        assert ours.statistics()["echo_mismatch_count"] == 2
        await ours.close()
        await theirs.close()


async def test_a_lapsed_lease_is_counted_and_the_outputs_read_safe() -> None:
    async with machine() as press:
        link = station(press.port, lease_ms=60)
        await link.open()
        frame = Frame()
        frame.digital_output_bits, frame.valve_open_fraction = 0xFFFF, 1.0
        await link.actuate(now_tick(0), frame)
        await link.sense(now_tick(1), frame)
        assert frame.lease_lapse_count == 0
        await asyncio.sleep(0.12)
        await link.sense(now_tick(2), frame)
        assert frame.digital_output_bits_readback == 0
        assert frame.valve_open_fraction_readback == 0.0
        assert frame.lease_lapse_count == 2, "the modules' lapses, summed"
        await link.close()


async def test_lapses_before_opening_are_not_ours() -> None:
    async with machine() as press:
        for module in press.modules.values():
            module.lease.lapse_count = 65_530
            module.reflect()
        link = station(press.port)
        await link.open()
        frame = Frame()
        await link.sense(now_tick(0), frame)
        assert frame.lease_lapse_count == 0
        for module in press.modules.values():
            module.lease.lapse_count = 65_530 + 9  # over the edge of the register
            module.reflect()
        await link.sense(now_tick(1), frame)
        assert frame.lease_lapse_count == 18
        await link.close()


async def test_a_restarted_module_is_reported_and_greeted_again() -> None:
    async with machine() as press:
        link = station(press.port, lease_ms=1500)
        await link.open()
        frame = Frame()
        await link.sense(now_tick(0), frame)
        press.modules["dio"].restart()
        assert press.modules["dio"].lease.timeout_s == 2.0
        await link.sense(now_tick(1), frame)
        assert not frame.digital_ok, "a module that was off is not believed in the same tick"

        async def fresh() -> bool:
            await link.sense(now_tick(2), frame)
            return frame.digital_ok

        for _ in range(100):
            if await fresh():
                break
            await asyncio.sleep(0.01)
        assert frame.digital_ok
        assert frame.lease_lapse_count == 1
        assert press.modules["dio"].lease.timeout_s == 1.5
        assert link.statistics()["restart_count"] == 1
        await link.close()


async def test_a_machine_that_was_replaced_while_away_is_not_believed() -> None:
    press = Machine()
    await press.start()
    link = station(press.port)
    await link.open()
    await press.stop()
    imposter = Machine()
    imposter.modules["ai"].inputs.read(0, 5)
    imposter.modules["ai"].inputs.runs[0].put_word(2, 0x0B24)  # another product
    await imposter.start(press.port)
    frame = Frame()
    for index in range(20):
        await link.sense(now_tick(index), frame)
        assert not any(frame.reading_ok)
    await until(lambda: link.statistics()["identity_mismatch_count"] >= 1)
    await link.sense(now_tick(99), frame)
    assert not any(frame.reading_ok)
    assert not frame.digital_ok
    assert link.statistics()["identity_mismatch_count"] >= 1
    await link.close()
    await imposter.stop()


async def test_a_frame_past_its_deadline_is_not_written_but_all_off_always_is() -> None:
    async with machine() as press:
        link = station(press.port, Link(sense_budget_ms=50, actuate_budget_ms=50))
        await link.open()
        frame = Frame()
        frame.digital_output_bits = 1
        stale = Tick(0, time.monotonic() - 5.0, 0)
        await link.actuate(stale, frame)
        assert press.plant.advance_count == 0
        assert link.statistics()["late_write_count"] == 1
        frame.digital_output_bits = 0
        await link.actuate(stale, frame)
        assert press.plant.commands[-1] == (0, 0.0)
        assert press.plant.advance_count == 1
        await link.close()


async def test_a_late_tick_is_a_frame_of_lost_readings() -> None:
    async with machine() as press:
        link = station(press.port)
        await link.open()
        frame = Frame()
        await link.sense(now_tick(0), frame)
        await link.sense(Tick(1, time.monotonic() - 60.0, 0), frame)
        assert not any(frame.reading_ok)
        assert not frame.digital_ok
        assert not frame.readback_ok
        assert link.statistics()["timeout_count"] == 0, "the wire was not at fault"
        await link.sense(now_tick(2), frame)
        assert all(frame.reading_ok)
        await link.close()


async def test_nothing_listening_is_said_plainly() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        with pytest.raises(StationError, match=rf"127\.0\.0\.1:{port}: nothing listens there"):
            await station(port).open()


async def test_a_device_of_another_revision_is_refused_with_both_identities() -> None:
    async with machine() as press:
        press.modules["ao"].inputs.runs[0].put_word(4, 2)
        with pytest.raises(StationError) as refused:
            await station(press.port).open()
        text = str(refused.value)
        assert f"127.0.0.1:{press.port} unit 2 ('ao', analogue-out-4)" in text
        assert "revision 1 profile" in text
        assert "revision 2 profile" in text
        await until(lambda: not press.server.connections)
        assert not press.server.connections, "a refused device is let go"


async def test_a_missing_unit_is_named() -> None:
    async with machine() as press:
        ai, ao, dio = devices(press.port)
        link = ModbusStation(
            [ai, ao, msgspec.structs.replace(dio, unit_id=33)],
            WIRING,
            WALL_LINK,
            SIGNALS,
            time.monotonic,
        )
        with pytest.raises(StationError, match=r"unit 33 .*no such unit"):
            await link.open()


async def test_statistics_before_opening_are_zeros() -> None:
    assert set(station(1502).statistics().values()) == {0.0}
