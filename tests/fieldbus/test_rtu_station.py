"""Modbus RTU over a real pseudo-terminal, and the rules of a line in virtual time (F01 .. F16)."""

from __future__ import annotations

import asyncio
import os
import time

import msgspec
import pytest
from fieldbus_bench import SIGNALS, WIRING, Frame, now_tick
from rtu_bench import PTY_LINK, serial_devices, serial_machine, serial_station
from virtual_line import asking, cycling, in_virtual_time, now_s

from controller.fieldbus.modbus_station import ModbusStation
from controller.fieldbus.settings import Device, Link
from controller.ports import StationError


async def test_frames_go_both_ways_over_a_pty() -> None:
    async with serial_machine() as press:
        station, frame = serial_station(press.path), Frame()
        await station.open()
        for index in range(20):
            press.plant.readings[0] = 30.0 + index
            press.face.sample()
            frame.digital_output_bits, frame.valve_open_fraction = index, index / 100
            await station.actuate(now_tick(index), frame)
            await station.sense(now_tick(index), frame)
            assert all(frame.reading_ok)
            assert frame.reading[0] == 30.0 + index
            assert frame.digital_output_bits_readback == index
            assert frame.valve_open_fraction_readback == index / 100
        assert press.plant.commands[-1] == (19, 0.19)
        await station.close()


async def test_a_port_that_is_not_there_or_taken_is_refused() -> None:
    with pytest.raises(StationError, match="cannot open the serial port"):
        await serial_station("/dev/tty-none").open()
    async with serial_machine() as press:
        first = serial_station(press.path)
        await first.open()
        with pytest.raises(StationError, match="cannot open the serial port"):
            await serial_station(press.path).open()
        await first.close()


async def test_a_line_that_hangs_up_is_bad_frames_and_no_exception() -> None:
    async with serial_machine() as press:
        station, frame = serial_station(press.path), Frame()
        await station.open()
        await press.server.stop()
        for index in range(5):
            await station.sense(now_tick(index), frame)
            await station.actuate(now_tick(index), frame)
        assert not any(frame.reading_ok)
        assert not frame.digital_ok
        assert station.statistics()["connection_lost_count"] >= 1
        await station.close()


async def test_garbage_for_ever_neither_grows_nor_blocks() -> None:
    async with serial_machine() as press:
        link = msgspec.structs.replace(PTY_LINK, sense_budget_ms=50, serial_reply_ms=10)
        station, frame = serial_station(press.path, link), Frame()
        await station.open()
        stop = asyncio.Event()

        async def babble() -> None:
            while not stop.is_set():
                press.server.say(os.urandom(4000))
                await asyncio.sleep(0)

        noise = asyncio.create_task(babble())
        for index in range(30):
            begun_s = time.monotonic()
            await station.sense(now_tick(index), frame)
            assert time.monotonic() - begun_s < 1.0
            await asyncio.sleep(0.005)
        assert not any(frame.reading_ok)
        counters = station.statistics()
        assert counters["noise_byte_count"] > 60_000
        assert counters["babble_count"] >= 1
        stop.set()
        await noise
        for index in range(400):
            await station.sense(now_tick(index), frame)
            if all(frame.reading_ok):
                break
            await asyncio.sleep(0.01)
        assert all(frame.reading_ok), "good again in silence"
        await station.close()


@in_virtual_time
async def test_a_late_reply_is_never_taken_for_the_next_one() -> None:
    """F06, by hand: the reply comes after the timeout, during the next request of its shape."""
    async with asking() as (line, endpoint, modules):
        frame = Frame()
        for late_s in (0.031, 0.04, 0.05, 0.08, 0.15):
            line.fault("delayed", delay_s=late_s)
            await endpoint.sense(now_s() + 0.05)
            line.faults.clear()
            for _ in range(6):
                asked_s = now_s()
                await endpoint.sense(asked_s + 0.5)
                modules[0].put(frame, now_s())  # type: ignore[arg-type]
                if frame.reading_ok[0]:
                    assert frame.reading_age_s[0] <= now_s() - asked_s
                await asyncio.sleep(0.01)
            assert frame.reading_ok[0], "and the line has found back"
        counters = endpoint.statistics.counters
        assert counters.timeout_count >= 5
        assert counters.noise_byte_count + counters.protocol_fault_count > 0


@in_virtual_time
async def test_a_line_that_repeats_an_old_reply_shows_an_old_reading() -> None:
    async with asking() as (line, endpoint, modules):
        line.fault("stuck")
        frame, begun_s = Frame(), now_s()
        for _ in range(20):
            await endpoint.sense(now_s() + 0.5)
            modules[0].put(frame, now_s())  # type: ignore[arg-type]
            believed_s = now_s() - frame.reading_age_s[0]
            assert not frame.reading_ok[0] or believed_s <= begun_s + 0.05
            await asyncio.sleep(0.02)


@in_virtual_time
async def test_a_dead_module_leaves_the_others_alive_at_its_own_pace() -> None:
    async with cycling() as (line, _, modules):
        line.server._modules.pop(2)  # ao
        await asyncio.sleep(3.0)
        assert [m.fresh for m in modules] == [True, False, True]
        assert modules[0].age_s(now_s()) < 0.2, "a dead neighbour costs little"


@in_virtual_time
async def test_at_its_own_pace_ages_are_true_and_outputs_arrive() -> None:
    async with cycling() as (line, endpoint, modules):
        frame, oldest_s = Frame(), 0.0
        for index in range(200):
            begun_s = now_s()
            await endpoint.sense(begun_s)
            assert now_s() == begun_s, "a tick does not wait for the wire"
            for part in modules:
                part.put(frame, now_s())  # type: ignore[arg-type]
            oldest_s = max(oldest_s, frame.reading_age_s[0], modules[2].age_s(now_s()))
            frame.digital_output_bits = index // 2 & 0xFF
            await endpoint.actuate(index, frame, now_s())  # type: ignore[arg-type]
            await asyncio.sleep(0.01)
            if index > 10:
                assert modules[2].readback_bits() == frame.digital_output_bits
        assert 0.02 < oldest_s < 0.12
        frame.digital_output_bits = 0
        await endpoint.actuate(200, frame, now_s())  # type: ignore[arg-type]
        await endpoint.close()
        assert line.plant.commands[-1][1] == 0, "the last image goes out before the port closes"


@in_virtual_time
async def test_when_the_loop_stops_the_writes_stop_and_the_lease_lapses() -> None:
    async with cycling() as (line, endpoint, modules):
        frame = Frame()
        frame.digital_output_bits = 7
        await endpoint.actuate(0, frame, now_s())  # type: ignore[arg-type]
        await asyncio.sleep(0.2)
        assert line.plant.commands[-1][1] == 7
        await asyncio.sleep(1.2)  # the lease is 1 s
        assert line.plant.commands[-1][1] == 0
        assert modules[2].lapse_total == 1


@in_virtual_time
async def test_a_readback_that_differs_is_carried_forward() -> None:
    """F12: the terminal does not follow; the difference shows against the present image."""
    async with cycling() as (line, endpoint, modules):
        dio = line.modules[2]
        reflect = dio.reflect

        def welded() -> None:
            reflect()
            dio.sense.memory[13] |= 0x80  # do_8 stays on

        dio.reflect = welded  # type: ignore[method-assign]
        frame = Frame()
        for index in range(40):
            frame.digital_output_bits = index & 3
            await endpoint.actuate(index, frame, now_s())  # type: ignore[arg-type]
            await asyncio.sleep(0.01)
        assert modules[2].readback_bits() == frame.digital_output_bits | 0x80


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({}, "exactly one of"),
        ({"host": "a", "port": 1, "serial": "/dev/ttyS0"}, "exactly one of"),
        ({"host": "a"}, "go together"),
        ({"serial": "/dev/ttyS0", "port": 1}, "go together"),
        ({"serial": "/dev/ttyS0", "pin": {"di_1": 1}}, "belong to a device with chip"),
        ({"serial": "ttyS0"}, "serial"),
        ({"serial": "/dev/ttyS0", "baud": 300}, "1200"),
        ({"serial": "/dev/ttyS0", "parity": "mark"}, "parity"),
    ],
)
def test_a_device_hangs_on_exactly_one_thing(keys: dict[str, object], told: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=told):
        msgspec.convert({"name": "ai", "profile": "analogue-in-24", **keys}, Device)


def refused(devices: list[Device], link: Link) -> str:
    with pytest.raises(StationError) as error:
        ModbusStation(devices, WIRING, link, SIGNALS, time.monotonic)
    return str(error.value)


def test_what_a_line_cannot_carry_is_refused_with_numbers() -> None:
    slow = serial_devices("/dev/ttyS0", lease_ms=200, baud=115_200)
    assert "17.1 ms at 115200 baud" in refused(slow, Link())
    ModbusStation(slow, WIRING, Link(serial_cycle="free"), SIGNALS, time.monotonic)
    crawling = serial_devices("/dev/ttyS0", lease_ms=200, baud=9600)
    assert "a lease outlasts two rounds" in refused(crawling, Link(serial_cycle="free"))
    mixed = [slow[0], *(msgspec.structs.replace(d, baud=9600) for d in slow[1:])]
    assert "differ from those of 'ai'" in refused(mixed, PTY_LINK)


async def test_a_reboot_on_the_line_is_a_lapse() -> None:
    """F13."""
    async with serial_machine() as press:
        station, frame = serial_station(press.path), Frame()
        await station.open()
        await station.sense(now_tick(0), frame)
        press.modules["dio"].restart()
        for _ in range(200):
            await station.sense(now_tick(1), frame)
            if frame.lease_lapse_count == 1 and all(frame.reading_ok):
                break
            await asyncio.sleep(0.01)
        assert frame.lease_lapse_count == 1
        assert station.statistics()["restart_count"] == 1
        await station.close()
