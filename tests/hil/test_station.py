"""The in-process station: frames as on the wire, virtual time, its own output lease."""

from dataclasses import dataclass, field

import pytest

from controller.ports import SignalNames, StationError, Tick
from hil.plant import ANALOGUE_OUTPUTS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, READINGS
from hil.station import CATCH_UP_S_MAX, open_simulation

NAMES = SignalNames(READINGS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, ANALOGUE_OUTPUTS)
CONTRACT = {
    *(f"zone_{i}_temperature_c" for i in range(1, 7)),
    "stack_temperature_c", "stack_pressure_mpa", "cylinder_pressure_bar", "density_g_per_cm3",
    "thickness_mm", "interface_resistance_ohm_cm2", "hard_protection_demands", "limiter_demands",
    "relief_demands", "time_s",
}  # fmt: skip


def _bits(*names: str) -> int:
    return sum(1 << DIGITAL_OUTPUTS.index(name) for name in names)


HEATING = _bits("contactor_top", "heater_1_ssr")


@dataclass
class Sensor:
    reading: memoryview = field(default_factory=lambda: memoryview(bytearray(24 * 8)).cast("d"))
    reading_age_s: memoryview = field(
        default_factory=lambda: memoryview(bytearray(b"\xff" * 24 * 8)).cast("d")
    )
    reading_ok: memoryview = field(default_factory=lambda: memoryview(bytearray(24)))
    digital_input_bits: int = 0
    digital_age_s: float = 9.0
    digital_ok: bool = False
    valve_open_fraction_readback: float = -1.0
    digital_output_bits_readback: int = -1
    readback_ok: bool = False
    lease_lapse_count: int = -1

    def __getitem__(self, name: str) -> float:
        return self.reading[READINGS.index(name)]


@dataclass
class Output:
    digital_output_bits: int = 0
    valve_open_fraction: float = 0.0


def _now(coroutine):
    """Run a coroutine that must not suspend."""
    with pytest.raises(StopIteration) as done:
        coroutine.send(None)
    return done.value.value


def _tick(index: int) -> Tick:
    return Tick(index, index * 0.01, index * 10_000_000)


def _open(seed: int = 1, **options):
    station = open_simulation("press-500kN", NAMES, seed=seed, tick_s=0.01, **options)
    _now(station.open())
    return station


def _beat(station, index: int, output: Output, frame: Sensor | None = None) -> Sensor:
    frame = frame or Sensor()
    _now(station.sense(_tick(index), frame))
    _now(station.actuate(_tick(index), output))
    return frame


def test_one_tick_of_time_an_actuate_and_none_a_sense():
    station, frame = _open(), Sensor()
    for index in range(5):
        _now(station.sense(_tick(index), frame))
        _now(station.sense(_tick(index), frame))
        assert station.truth()["time_s"] == pytest.approx(index * 0.01)
        _now(station.actuate(_tick(index), Output()))
    assert station.truth()["time_s"] == pytest.approx(0.05)


def test_first_tick_may_have_any_index():
    station = _open()
    _beat(station, 1_000_000, Output())
    assert station.truth()["time_s"] == pytest.approx(0.01)


def test_frame_is_complete_fresh_and_as_the_wire_carries_it():
    station, output = _open(), Output(HEATING, 0.25)
    for index in range(20):
        frame = _beat(station, index, output)
    assert frame["heater_1_current_a"] == pytest.approx(4.35, abs=0.1)
    assert frame["load_cell_force_kn"] == pytest.approx(4.0, abs=0.02)  # mA
    assert frame["cylinder_a_pressure_bar"] == pytest.approx(4.0, abs=0.06)
    assert frame["zone_1_temperature_c"] == pytest.approx(22.0, abs=0.5)
    assert set(frame.reading_age_s) == {0.0}
    assert set(frame.reading_ok) == {1}
    assert (frame.digital_ok, frame.readback_ok, frame.digital_age_s) == (True, True, 0.0)
    assert frame.digital_output_bits_readback == HEATING
    assert frame.valve_open_fraction_readback == 0.25
    assert frame.lease_lapse_count == 0
    assert frame.digital_input_bits >> DIGITAL_INPUTS.index("contactor_top_closed") & 1
    assert frame.digital_input_bits >> DIGITAL_INPUTS.index("mains_ok") & 1


def test_truth_keeps_the_contract():
    assert set(_open().truth()) >= CONTRACT


def test_silence_of_200_ms_lets_the_outputs_fall_and_is_counted():
    station, output = _open(), Output(HEATING, 0.0)
    for index in range(10):
        _beat(station, index, output)
    assert station.truth()["heater_1_power_w"] == 1000.0
    frame = Sensor()
    _now(station.sense(_tick(29), frame))  # 200 ms after the last actuate began to hold
    assert station.truth()["heater_1_power_w"] == 1000.0
    assert frame.lease_lapse_count == 0
    _now(station.sense(_tick(34), frame))
    assert station.truth()["heater_1_power_w"] == 0.0
    assert frame.lease_lapse_count == 1
    assert frame.digital_output_bits_readback == 0
    assert station.truth()["time_s"] == pytest.approx(0.34)
    _now(station.sense(_tick(200), frame))
    assert frame.lease_lapse_count == 1  # once a silence
    _now(station.actuate(_tick(200), output))
    for index in range(201, 210):
        frame = _beat(station, index, output)
    assert station.truth()["heater_1_power_w"] == 1000.0
    assert frame.lease_lapse_count == 1


def test_missed_ticks_pass_for_the_press_too():
    station = _open()
    _beat(station, 0, Output())
    _beat(station, 7, Output())
    assert station.truth()["time_s"] == pytest.approx(0.08)
    assert station.statistics()["lease_lapse_count"] == 0.0


def test_a_jump_of_the_clock_is_bounded_and_told():
    station, frame = _open(), Sensor()
    _beat(station, 0, Output())
    _now(station.sense(_tick(2**40), frame))
    assert station.truth()["time_s"] <= CATCH_UP_S_MAX + 1.0
    assert station.statistics()["skipped_s"] > 1e9
    _beat(station, 2**40 + 1, Output())


def test_closing_frame_of_the_loop_may_repeat_its_tick():
    station = _open()
    for index in range(10):
        _beat(station, index, Output(HEATING))
    _now(station.actuate(_tick(9), Output()))
    _now(station.close())
    assert station.statistics()["tick_count"] == 11.0


def test_same_seed_same_frames_other_seed_other_frames():
    def run(seed: int) -> list[bytes]:
        station, output = _open(seed), Output(HEATING, 0.3)
        return [_beat(station, i, output).reading.tobytes() for i in range(50)]

    assert run(3) == run(3)
    assert run(3) != run(4)


def test_workpiece_of_the_batch_replaces_the_machine_s():
    station = _open(stack={"density_ratio_initial": 0.65})
    assert station.truth()["density_g_per_cm3"] == pytest.approx(0.65 * 3.86)


@pytest.mark.parametrize(
    ("machine", "options", "word"),
    [
        ("no-such-press", {}, "no-such-press"),
        ("press-500kN", {"stack": {"area_mm2": 0.0}}, "area_mm2"),
        ("press-500kN", {"seed": -1}, "seed"),
        ("press-500kN", {"tick_s": 0.0001}, "tick_s"),
        ("wip-500MPa", {"stack": {"area_mm2": 100.0}}, "area_mm2"),
        ("wip-500MPa", {}, "no analogue output valve_open_fraction, only needle_open_fraction"),
    ],
)
def test_what_cannot_be_opened_says_why(machine, options, word):
    with pytest.raises(StationError, match=word):
        open_simulation(machine, NAMES, **{"seed": 1, "tick_s": 0.01, **options})


def test_names_agree_with_the_kernel_s():
    kernel = pytest.importorskip("controller.kernel")
    assert set(kernel.PRESS.names.channels) == set(READINGS)
    assert set(kernel.PRESS.names.digital_inputs) == set(DIGITAL_INPUTS)
    assert set(kernel.PRESS.names.digital_outputs) == set(DIGITAL_OUTPUTS)
    assert kernel.PRESS.names.analogue_outputs == ANALOGUE_OUTPUTS
