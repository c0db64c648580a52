"""What holds for every fault that the bench accepts."""

import math

from faults_bench import CHANNEL, REACH, SIGNALS, TICK_S, Bedside, taped
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.faults import Bench, Fault, FaultError
from hil.faults.chance import normal, uniform
from hil.faults.model import PARAMETERS, parameters_of
from hil.faults.reach import unit_of
from hil.plant import Plant

POINTS = REACH.points()
MEMORYLESS = {"off", "open", "short", "wrong", "scale", "drift", "noise", "spike", "garbage"}
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def faults(draw: st.DrawFn, points: tuple[str, ...] = POINTS) -> Fault:
    """Any fault this press can have, at any of its points."""
    point = draw(st.sampled_from(points))
    kind = REACH.kind_of(point)
    verb = draw(st.sampled_from(sorted(PARAMETERS[kind])))
    converter = REACH.converter.get(point)
    span = converter.span_channel_unit if converter else 1.0
    parameters: dict[str, float | str] = {}
    for name, row in parameters_of(kind, verb, unit_of(point), span).items():
        if name == "with":
            partners = [p for p in POINTS if REACH.kind_of(p) == kind and p != point]
            parameters[name] = draw(st.sampled_from(["polarity", *partners]))
        elif row.choices:
            parameters[name] = draw(st.sampled_from(row.choices))
        elif name == "to" or draw(st.booleans()):
            low, high = max(row.low, -1000.0), min(row.high, 1000.0)
            parameters[name] = draw(st.floats(low, high))
    return Fault(point=point, verb=verb, parameters=parameters)


def accepted(bench: Bench, fault: Fault, for_s: float | None = None) -> bool:
    try:
        bench.inject(fault, for_s=for_s)
    except FaultError:
        return False
    return True


@QUICK
@given(st.lists(st.tuples(faults(), st.integers(0, 8), st.floats(0.01, 0.1)), max_size=6))
async def test_no_accepted_fault_ever_stops_the_press(
    plan: list[tuple[Fault, int, float]],
) -> None:
    press = Bedside()
    press.frame.digital_output_bits, press.frame.valve_open_fraction = 0x03C1, 0.3
    for tick in range(12):
        for fault, begin, for_s in plan:
            if begin == tick:
                accepted(press.bench, fault, for_s)
        frame = await press.tick()
        assert len(frame.reading) == len(SIGNALS.channels)
        assert 0 <= frame.digital_input_bits < 1 << len(SIGNALS.digital_inputs)
    assert all(math.isfinite(number) for number in press.station.truth().values())
    press.bench.clear()
    await press.tick()
    assert all(press.frame.reading_ok)


def a_run(fault: Fault, seed: int, ticks: int = 12) -> list[tuple[bytes, int, list[object]]] | None:
    wire, faulty, bench = taped(seed)
    if not accepted(bench, fault):
        return None
    tape = []
    for tick in range(ticks):
        wire.readings[:] = [20.0 + 0.25 * tick + n for n in range(len(wire.readings))]
        faulty.command(0x0155 ^ tick, tick / 20)
        faulty.advance()
        readings, bits = faulty.sense()
        tape.append((memoryview_of(readings), bits, list(wire.felt[-1])))
    return tape


def memoryview_of(readings: object) -> bytes:
    from array import array

    return bytes(array("d", readings))  # type: ignore[arg-type]


@QUICK
@given(faults(), st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_run(fault: Fault, seed: int) -> None:
    first, second = a_run(fault, seed), a_run(fault, seed)
    assert first == second


@QUICK
@given(faults(points=tuple(SIGNALS.channels)))
def test_other_channels_are_the_same_bits(fault: Fault) -> None:
    wire, faulty, bench = taped()
    if not accepted(bench, fault):
        return
    touched = {CHANNEL[fault.point], CHANNEL.get(str(fault.parameters.get("with")), -1)}
    for tick in range(6):
        wire.readings[:] = [20.015625 * tick + n / 7 for n in range(len(wire.readings))]
        faulty.command(5, 0.123)
        faulty.advance()
        readings, bits = faulty.sense()
        assert bits == wire.input_bits
        assert wire.felt[-1] == (5, 0.123)
        for n, reading in enumerate(readings):
            if n not in touched:
                assert reading == wire.readings[n]
                assert faulty.readings_ok[n] == 1


@QUICK
@given(faults(points=(*SIGNALS.channels, *SIGNALS.digital_inputs, *SIGNALS.digital_outputs)))
def test_cleared_it_is_as_if_it_had_never_been(fault: Fault) -> None:
    wire, faulty, bench = taped()
    if not accepted(bench, fault):
        return
    for tick in range(5):
        faulty.command(tick, 0.25)
        faulty.advance()
    bench.clear()
    assert faulty.sense() == wire.sense()
    assert wire.held == (4, 0.25)
    assert faulty.readings_ok == bytes([1]) * len(wire.readings)


@QUICK
@given(faults(points=tuple(f"plant.{name}" for name in REACH.condition)))
def test_a_cleared_condition_is_what_it_was(fault: Fault) -> None:
    plant = Plant.from_machine("press-500kN")
    from faults_bench import TapeWire

    from hil.faults.wire import FaultyWire

    bench = Bench(REACH, tick_s=TICK_S)
    faulty = FaultyWire(TapeWire(), plant, bench)
    before = {name: plant.condition(name) for name in REACH.condition}
    if not accepted(bench, fault):
        return
    for _ in range(3):
        faulty.advance()
        low, high, _ = REACH.condition[fault.point.partition(".")[2]]
        assert low <= plant.condition(fault.point.partition(".")[2]) <= high
    bench.clear()
    assert {name: plant.condition(name) for name in REACH.condition} == before


@QUICK
@given(faults(points=tuple(SIGNALS.channels)), st.integers(1, 5))
def test_how_often_it_is_looked_at_changes_nothing(fault: Fault, looks: int) -> None:
    """Another injection makes the bench look again within the tick."""
    once, often = taped(), taped()
    if not (accepted(once[2], fault) and accepted(often[2], fault)):
        return
    for tick in range(6):
        for wire, faulty, _ in (once, often):
            wire.readings[:] = [20.0 + tick * n for n in range(len(wire.readings))]
            faulty.advance()
        for _ in range(looks):
            handle = often[2].inject(Fault(point="watchdog", verb="off"))
            often[2].clear(handle)
        assert memoryview_of(once[1].sense()[0]) == memoryview_of(often[1].sense()[0])


@given(st.integers(), st.integers(0, 2**64))
def test_chance_is_within_its_bounds(seed: int, tick: int) -> None:
    assert 0.0 <= uniform(seed, tick) < 1.0
    assert -6.0 < normal(seed, tick) < 6.0


def test_chance_is_pinned_on_every_cpu() -> None:
    assert (uniform(1, 2, 3), normal(1, 2, 3)) == (uniform(1, 2, 3), normal(1, 2, 3))
    found = [uniform(7, n) for n in range(10_000)]
    assert abs(sum(found) / len(found) - 0.5) < 0.01
    assert len(set(found)) == len(found)
    assert len({verb for kind in PARAMETERS.values() for verb in kind} & MEMORYLESS) == 9
