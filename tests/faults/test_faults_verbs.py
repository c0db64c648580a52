"""Each verb, in the units of the terminal it acts on."""

import math

import pytest
from faults_bench import CHANNEL, INPUT, OUTPUT, PRESSURE, TICK_S, ZONE, ZONE_2, bits, taped

from hil.faults import Fault, FaultError


def seen(point: str, verb: str, before: float, ticks: int = 1, **parameters: object) -> list[float]:
    """What stands on the wire of a channel that carries `before`, tick after tick."""
    wire, faulty, bench = taped()
    wire.readings[CHANNEL[point]] = before
    faulty.advance()
    bench.inject(Fault(point=point, verb=verb, parameters=parameters))
    found = []
    for _ in range(ticks):
        found.append(faulty.sense()[0][CHANNEL[point]])
        faulty.advance()
    return found


@pytest.mark.parametrize(
    ("verb", "parameters", "ma"),
    [
        ("off", {}, 0.0),
        ("open", {}, 0.0),
        ("short", {}, 25.0),
        ("stuck", {}, 12.0),
        ("stuck", {"to_ma": 3.2}, 3.2),
        ("stuck", {"to_bar": 250.0}, 20.0),
        ("scale", {"to_ma": 20.8}, 20.8),
        ("scale", {"factor_ratio": 1.05}, 12.4),
        ("scale", {"factor_ratio": 10.0}, 65.535),  # 84 mA: the converter is at its end
        ("wrong", {"bias_ma": 2.4}, 14.4),
        ("wrong", {"bias_bar": 25.0}, 13.6),
        ("spike", {"height_ma": -4.0}, 8.0),
        ("swap", {"with": "polarity"}, 0.0),
    ],
)
def test_a_loop_in_milliamperes(verb: str, parameters: dict[str, object], ma: float) -> None:
    assert seen(PRESSURE, verb, 12.0, **parameters) == [pytest.approx(ma, abs=1e-9)]


@pytest.mark.parametrize(
    ("verb", "parameters", "reading_c"),
    [
        ("open", {}, 327.67),  # the module's code for an open sensor
        ("off", {}, 327.67),
        ("open", {"burnout": "upscale"}, 320.0),
        ("open", {"burnout": "downscale"}, -40.0),
        ("short", {}, 22.0),
        ("swap", {"with": "polarity"}, -36.0),
        ("scale", {"factor_ratio": 1.8, "offset_c": 32.0}, 176.0),
        ("wrong", {"bias_c": -5.0}, 75.0),
        ("wrong", {"step_c": 3.0, "bias_c": 0.0}, 81.0),
        ("scale", {"factor_ratio": 10.0}, 327.67),
    ],
)
def test_a_thermometer_in_degrees(
    verb: str, parameters: dict[str, object], reading_c: float
) -> None:
    assert seen(ZONE, verb, 80.0, **parameters) == [pytest.approx(reading_c, abs=1e-9)]


def test_a_broken_thermometer_is_marked_and_a_broken_loop_shows_its_current() -> None:
    _, faulty, bench = taped()
    bench.inject(Fault(point=ZONE, verb="open"))
    bench.inject(Fault(point=PRESSURE, verb="open"))
    assert faulty.readings_ok[CHANNEL[ZONE]] == 0
    assert faulty.readings_ok[CHANNEL[PRESSURE]] == 1
    assert sum(faulty.readings_ok) == len(faulty.readings_ok) - 1
    assert faulty.sense()[0][CHANNEL[PRESSURE]] == 0.0


def test_drift_goes_by_the_machines_clock() -> None:
    found = seen(ZONE, "drift", 80.0, 6000, rate_c=0.5)
    assert found[5999] == pytest.approx(80.5)
    assert found[2999] == pytest.approx(80.25)
    assert found == sorted(found)


def test_delayed_is_what_was_there_then() -> None:
    wire, faulty, bench = taped()
    bench.inject(Fault(point=ZONE, verb="delayed", parameters={"delay_s": 0.05}))
    found = []
    for tick in range(1, 21):
        wire.readings[CHANNEL[ZONE]] = float(tick)
        faulty.advance()
        found.append(faulty.sense()[0][CHANNEL[ZONE]])
    assert found == [20.0] * 4 + [20.0] + [float(t) for t in range(1, 16)]


def test_slow_is_a_first_order_lag() -> None:
    wire, faulty, bench = taped()
    bench.inject(Fault(point=ZONE, verb="slow", parameters={"lag_s": 1.0}))
    wire.readings[CHANNEL[ZONE]] = 120.0
    for _ in range(100):
        faulty.advance()
    assert faulty.sense()[0][CHANNEL[ZONE]] == pytest.approx(20 + 100 * (1 - math.exp(-1)), abs=0.3)


def test_noise_has_the_sigma_that_was_asked_for() -> None:
    found = seen(ZONE, "noise", 80.0, 4000, sigma_c=2.0)
    mean = sum(found) / len(found)
    sigma = math.sqrt(sum((x - mean) ** 2 for x in found) / len(found))
    assert mean == pytest.approx(80.0, abs=0.15)
    assert sigma == pytest.approx(2.0, rel=0.05)


def test_spikes_come_one_tick_long_and_as_often_as_asked() -> None:
    found = seen(ZONE, "spike", 80.0, 12_000, height_c=100.0, rate_per_min=12.0)
    high = [tick for tick, x in enumerate(found) if x == 180.0]
    assert all(x in (80.0, 180.0) for x in found)
    assert 20 <= len(high) <= 28  # two minutes
    assert seen(ZONE, "spike", 80.0, 100, height_c=100.0).count(180.0) == 1


def test_intermittent_is_broken_its_share_of_the_time_in_whole_slots() -> None:
    found = seen(PRESSURE, "intermittent", 12.0, 20_000, fraction=0.25, slot_s=0.1)
    slots = [found[n : n + 10] for n in range(0, len(found), 10)]
    assert all(len(set(slot)) == 1 for slot in slots)
    assert found.count(0.0) / len(found) == pytest.approx(0.25, abs=0.04)


def test_garbage_stays_within_what_a_loop_can_carry_and_is_not_the_reading() -> None:
    found = seen(PRESSURE, "garbage", 12.0, 1000, slot_s=0.01)
    assert len(set(found)) > 900
    assert 0.0 <= min(found) < 1.0
    assert 24.0 < max(found) <= 25.0


def test_swapped_wires_carry_each_others_reading() -> None:
    wire, faulty, bench = taped()
    wire.readings[CHANNEL[ZONE]], wire.readings[CHANNEL[ZONE_2]] = 50.0, 60.0
    bench.inject(Fault(point=ZONE, verb="swap", parameters={"with": ZONE_2}))
    readings = faulty.sense()[0]
    assert (readings[CHANNEL[ZONE]], readings[CHANNEL[ZONE_2]]) == (60.0, 50.0)


@pytest.mark.parametrize(
    ("verb", "parameters", "off_then_on"),
    [
        ("off", {}, [0, 0]),
        ("open", {}, [0, 0]),
        ("short", {}, [1, 1]),
        ("wrong", {}, [1, 0]),
        ("stuck", {}, [0, 0]),
        ("stuck", {"to_state": 1.0}, [1, 1]),
        ("delayed", {"delay_s": 0.01}, [0, 0]),
    ],
)
def test_a_switch_that_closes_under_each_verb(
    verb: str, parameters: dict[str, object], off_then_on: list[int]
) -> None:
    wire, faulty, bench = taped()
    at = INPUT["guard_a_closed"]
    wire.input_bits &= ~(1 << at)
    faulty.advance()
    bench.inject(Fault(point="guard_a_closed", verb=verb, parameters=parameters))
    found = []
    for state in (0, 1):
        wire.input_bits = wire.input_bits & ~(1 << at) | state << at
        faulty.advance()
        found.append(faulty.sense()[1] >> at & 1)
        assert faulty.sense()[1] | 1 << at == (1 << 14) - 1, "other inputs are untouched"
    assert found == off_then_on


@pytest.mark.parametrize(
    ("point", "verb", "parameters", "felt"),
    [
        ("pump", "off", {}, bits("heater_1_ssr")),
        ("heater_1_ssr", "stuck", {"to_state": 0.0}, bits("pump")),
        ("dump_valve", "stuck", {"to_state": 1.0}, bits("pump", "heater_1_ssr", "dump_valve")),
        ("pump", "swap", {"with": "dump_valve"}, bits("heater_1_ssr", "dump_valve")),
        ("pump", "slow", {"delay_s": 1.0}, bits("pump", "heater_1_ssr")),
    ],
)
def test_what_the_machine_feels_of_its_outputs(
    point: str, verb: str, parameters: dict[str, object], felt: int
) -> None:
    wire, faulty, bench = taped()
    commanded = bits("pump", "heater_1_ssr")
    faulty.command(commanded, 0.5)
    faulty.advance()
    bench.inject(Fault(point=point, verb=verb, parameters=parameters))
    faulty.command(commanded, 0.5)
    faulty.advance()
    assert wire.felt[-1] == (felt, 0.5)
    assert (faulty.output_bits, faulty.open_fractions) == (commanded, (0.5,)), "the terminals"


@pytest.mark.parametrize(
    ("verb", "parameters", "fraction"),
    [
        ("off", {}, 0.0),
        ("short", {}, 1.0),
        ("stuck", {"to_fraction": 0.8}, 0.8),
        ("stuck", {}, 0.25),
        ("swap", {}, 0.6),
        ("scale", {"factor_ratio": 0.5}, 0.2),
        ("wrong", {"bias_fraction": 0.1}, 0.5),
        ("delayed", {"delay_s": 1.0}, 0.25),
    ],
)
def test_what_the_valve_feels(verb: str, parameters: dict[str, object], fraction: float) -> None:
    wire, faulty, bench = taped()
    faulty.command(0, 0.25)
    bench.inject(Fault(point="valve_open_fraction", verb=verb, parameters=parameters))
    faulty.advance()
    faulty.command(0, 0.4)
    faulty.advance()
    assert wire.felt[-1] == (0, pytest.approx(fraction))


def test_a_welded_output_outlives_the_lease_and_ends_with_the_fault() -> None:
    wire, faulty, bench = taped()
    faulty.command(bits("pump"), 0.5)
    handle = bench.inject(Fault(point="pump", verb="stuck", parameters={"to_state": 1.0}))
    faulty.command(0, 0.0)
    faulty.advance()
    assert wire.felt[-1] == (bits("pump"), 0.0)
    bench.clear(handle)
    faulty.advance()
    assert wire.felt[-1] == (0, 0.0)
    assert OUTPUT["pump"] == 8


def test_faults_compose_in_the_order_of_their_injection() -> None:
    wire, faulty, bench = taped()
    wire.readings[CHANNEL[ZONE]] = 50.0
    bias = Fault(point=ZONE, verb="wrong", parameters={"bias_c": 10.0})
    double = Fault(point=ZONE, verb="scale", parameters={"factor_ratio": 2.0})
    bench.inject(bias)
    bench.inject(double)
    assert faulty.sense()[0][CHANNEL[ZONE]] == 120.0
    bench.clear()
    bench.inject(double)
    bench.inject(bias)
    assert faulty.sense()[0][CHANNEL[ZONE]] == 110.0


def test_a_fault_acts_at_once_and_for_as_long_as_it_was_asked_to() -> None:
    wire, faulty, bench = taped()
    wire.readings[CHANNEL[ZONE]] = 50.0
    bench.inject(Fault(point=ZONE, verb="stuck", parameters={"to_c": 90.0}), for_s=0.05)
    found = [faulty.sense()[0][CHANNEL[ZONE]]]
    for _ in range(7):
        faulty.advance()
        found.append(faulty.sense()[0][CHANNEL[ZONE]])
    assert found == [90.0] * 5 + [50.0] * 3
    assert bench.active() == ()
    assert bench.time_s == pytest.approx(7 * TICK_S)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"point": "zone_7_temperature_c", "verb": "open"}, "no such point; signals are: zone_1"),
        ({"point": "plant.heater_9_ssr_welded", "verb": "stuck"}, "conditions are: plant.mains"),
        ({"point": "io.aio", "verb": "off"}, "devices are: io.ai, io.ao, io.dio"),
        ({"point": "line", "verb": "noise"}, "no serial line"),
        ({"point": ZONE, "verb": "swap", "parameters": {"with": PRESSURE}}, "it can be: zone_2"),
        ({"point": ZONE, "verb": "swap"}, "with is None"),
        ({"point": "pump", "verb": "swap", "parameters": {"with": "polarity"}}, "it can be: heat"),
        ({"point": "pump", "verb": "noise"}, "a digital output cannot be 'noise'; it can: off"),
        ({"point": ZONE, "verb": "drift", "parameters": {"rate_bar": 1.0}}, "no parameter 'rate_"),
        ({"point": PRESSURE, "verb": "stuck", "parameters": {"to_ma": 61.0}}, "within 0 .. 60"),
        ({"point": PRESSURE, "verb": "stuck", "parameters": {"to_ma": math.nan}}, "to_ma is nan"),
        ({"point": PRESSURE, "verb": "stuck", "parameters": {"to_ma": "much"}}, "to_ma is 'much'"),
        (
            {"point": PRESSURE, "verb": "wrong", "parameters": {"bias_ma": 1.0, "bias_bar": 2.0}},
            "say the same",
        ),
        ({"point": "plant.mains_voltage_v", "verb": "stuck"}, "to is None, must be given"),
        (
            {"point": "plant.mains_voltage_v", "verb": "stuck", "parameters": {"to": -1.0}},
            "within 0 .. 1000",
        ),
        ({"point": "plant.estop_a_ok", "verb": "drift"}, "a switch cannot be 'drift'"),
        ({"point": "io.ai", "verb": "slow"}, "the in-process face has no such wire"),
        (
            {"point": "io.ai", "verb": "wrong", "parameters": {"answer": "transaction_id"}},
            "has none such; it can be: exception",
        ),
        (
            {"point": "io.ai", "verb": "wrong", "parameters": {"answer": "foreign_write"}},
            "no digital outputs",
        ),
    ],
)
def test_what_the_bench_cannot_do_is_refused_with_what_it_can(
    fault: dict[str, object], told: str
) -> None:
    _, _, bench = taped()
    with pytest.raises(FaultError) as refused:
        bench.inject(Fault(**fault))  # type: ignore[arg-type]
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert bench.active() == ()


@pytest.mark.parametrize("for_s", [0.0, -1.0, math.nan, math.inf, 1e9])
def test_an_impossible_duration_is_refused(for_s: float) -> None:
    _, _, bench = taped()
    with pytest.raises(FaultError, match="for_s"):
        bench.inject(Fault(point=ZONE, verb="open"), for_s=for_s)


def test_clearing_what_does_not_act_is_refused_and_there_is_a_limit() -> None:
    _, _, bench = taped()
    with pytest.raises(FaultError, match="no fault 1 acts; acting: none"):
        bench.clear(1)
    for _ in range(64):
        bench.inject(Fault(point=ZONE, verb="open"))
    with pytest.raises(FaultError, match="64 faults act already"):
        bench.inject(Fault(point=ZONE, verb="open"))
    bench.clear()
    assert bench.active() == ()
