"""An indicator that talks by itself, under the bench: what each face can do to it, and no more."""

import time

import pytest
from faults_bench import TICK_S, Frame

from controller.ports import Tick
from hil import read_machine
from hil.devices.machine_server import MachineServer
from hil.faults import Fault, FaultError
from hil.faults.model import PARAMETERS
from hil.plant import Plant
from hil.station import SimulatedStation

MACHINE = read_machine("lab-press-indicator")
SIGNALS = Plant(MACHINE).signals
FORCE = SIGNALS.channels.index("load_cell_force_kn")


def fault(verb, **parameters):
    return Fault(point="io.scale", verb=verb, parameters=parameters)


@pytest.fixture
def server():
    return MachineServer(MACHINE, time.monotonic)


@pytest.mark.parametrize("verb", PARAMETERS["indicator"])
def test_the_wire_can_have_every_fault_of_an_indicator(server, verb):
    handle = server.bench.inject(fault(verb))
    (acting,) = server.indicators["scale"]._faults()
    assert (acting.handle, acting.verb) == (handle, verb)
    server.bench.clear(handle)
    assert not server.indicators["scale"]._faults()


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (fault("swap"), "an indicator cannot be 'swap'|a indicator cannot be 'swap'"),
        (fault("wrong", answer="exception"), "no parameter 'answer'"),
        (fault("wrong", says="hello"), "it can be: unit, net, overload, checksum"),
        (fault("slow", byte_s=30.0), "must be within"),
    ],
)
def test_what_it_cannot_have_is_refused(server, broken, why):
    with pytest.raises(FaultError, match=why):
        server.bench.inject(broken)


def test_a_module_of_the_same_machine_is_a_module(server):
    server.bench.inject(Fault(point="io.ai", verb="wrong", parameters={"answer": "exception"}))
    assert not server.indicators["scale"]._faults()


@pytest.mark.parametrize("verb", ["garbage", "wrong", "slow", "delayed", "stuck", "noise"])
def test_in_process_there_is_no_line_to_be_damaged(verb):
    station = SimulatedStation(Plant(MACHINE), SIGNALS, tick_s=TICK_S)
    with pytest.raises(FaultError, match="no line of an indicator; it can: intermittent off open"):
        station.bench.inject(fault(verb))


@pytest.mark.parametrize("verb", ["off", "open"])
async def test_in_process_its_silence_is_a_reading_that_is_bad_and_grows_old(verb):
    station = SimulatedStation(Plant(MACHINE), SIGNALS, tick_s=TICK_S)
    frame = Frame(SIGNALS)

    async def lived(begin, ticks):
        for index in range(begin, begin + ticks):
            tick = Tick(index, index * TICK_S, 0)
            await station.sense(tick, frame)
            await station.actuate(tick, frame)

    await lived(0, 5)
    assert frame.reading_ok[FORCE]
    handle = station.bench.inject(fault(verb))
    await lived(5, 10)
    assert not frame.reading_ok[FORCE]
    assert frame.reading_age_s[FORCE] >= 9 * TICK_S
    assert sum(frame.reading_ok) == len(Plant(MACHINE).fitted) - 1
    station.bench.clear(handle)
    await lived(15, 2)
    assert frame.reading_ok[FORCE]
