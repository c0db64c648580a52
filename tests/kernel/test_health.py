"""Loop health: equal to its reference, finds what is broken in ramps too, accuses nobody else."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import OUTPUT, TICK_S, ZONE, ZONES, bits, good_config
from reference import health as reference

from controller.kernel import ffi, lib

CONTACTORS = bits(OUTPUT, "contactor_top", "contactor_bottom")
PRESSING = bits(OUTPUT, "pump", "load_holding_valve_open")
AMBIENT_C = 22.0


class Watched:
    """press_health alone, with outputs and measurements in the test's hand."""

    def __init__(self):
        self.config = good_config()
        self.state = ffi.new("press_state_t *")
        self.seen = ffi.new("press_observation_t *")
        lib.press_state_init(self.config, self.state)

    def tick(self, zone_c, output_bits, qualities=None):
        """What there is to see; `judge` looks at it."""
        fresh = ffi.new("press_observation_t *")
        ffi.memmove(self.seen, fresh, ffi.sizeof("press_observation_t"))
        for zone in ZONES:
            self.seen.measurement_channel_unit[zone] = zone_c[zone]
            self.seen.quality[zone] = 0 if qualities is None else qualities[zone]
        self.state.digital_output_bits = output_bits
        return self.seen

    def judge(self):
        lib.press_health(self.config, self.state, self.seen)
        if self.state.advise_countdown_ticks == 0:  # as press_interlock counts
            self.state.advise_countdown_ticks = self.config.thermal_ticks
        self.state.advise_countdown_ticks -= 1
        return self.seen

    @property
    def steps(self):
        """The next look is one of the thermal laws."""
        return self.state.advise_countdown_ticks == 0


@given(st.integers(0, 2**32))
@settings(max_examples=8, deadline=None)
def test_zones_equal_the_reference(seed):
    rng, watched = random.Random(seed), Watched()
    fields = ("power_w", "heat_capacity_j_per_k", "loss_w_per_k", "lag_s")
    step_s = TICK_S * watched.config.thermal_ticks
    model = [
        reference.Zone(step_s, *(ZONE[name] for name in fields), ambient_c=AMBIENT_C) for _ in ZONES
    ]
    zone_c = [rng.uniform(20.0, 90.0) for _ in ZONES]
    drift = [rng.uniform(-0.1, 0.3) for _ in ZONES]
    on, qualities, cooling, demand = 0, [0] * len(ZONES), 0, 0.0
    heat, cooled, residual = [list[bool]() for _ in ZONES], False, [0.0] * len(ZONES)
    for _ in range(3000):
        if rng.random() < 0.02:
            on = rng.getrandbits(len(ZONES)) | rng.choice([0, CONTACTORS, CONTACTORS])
            qualities = [rng.choice([0] * 12 + [1, 2]) for _ in ZONES]
            cooling = rng.choice([0] * 30 + [bits(OUTPUT, "cooling_water_top")])
            demand = rng.choice([0.0, 0.999, 1.0, 2.0])
        zone_c = [c + TICK_S * d + rng.gauss(0, 0.02) for c, d in zip(zone_c, drift, strict=True)]
        steps, cooled = watched.steps, cooled or bool(cooling)
        for zone in ZONES:
            watched.state.zone[zone].demand_fraction = demand
            powered = bits(OUTPUT, "contactor_top" if zone < 3 else "contactor_bottom") & on
            heat[zone].append(bool(on >> zone & 1 and powered))
        watched.tick(zone_c, on | cooling, qualities)
        seen = watched.judge()
        for zone in ZONES:
            if steps:
                duty = sum(heat[zone]) / len(heat[zone])
                trusted, wet = qualities[zone] != 2, cooled and zone < 3
                residual[zone] = model[zone].step(zone_c[zone], trusted, duty, wet, demand)
                heat[zone] = []
            assert seen.zone_model_residual_k[zone] == residual[zone]
            assert seen.heater_gain_ratio[zone] == model[zone].gain_ratio
            assert seen.heater_saturated_s[zone] == model[zone].saturated_s
        cooled = cooled and not steps
        for name in ("break", "reversed", "stuck_on"):
            worst = max(reference.evidence(m.stood_s[name], reference.STAND_S) for m in model)
            field = "heater_stuck_on_ratio" if name == "stuck_on" else f"loop_{name}_ratio"
            assert getattr(seen, field) == worst


def test_a_pulse_of_water_between_two_steps_is_seen():
    """A tick of it is enough: what was cooled is no evidence for two minutes."""
    watched, water = Watched(), bits(OUTPUT, "cooling_water_top")
    for tick in range(12):
        watched.tick([80.0] * len(ZONES), water if tick == 5 else 0)
        watched.judge()
    assert watched.state.health.zone[0].cooled_s > 119.0
    assert watched.state.health.zone[3].cooled_s == 0.0


def test_oil_equals_the_reference():
    rng, watched = random.Random(5), Watched()
    h = watched.config.hydraulic
    h.lag_s = 0.08
    model = reference.Oil(
        TICK_S,
        h.valve_full_scale_bar,
        h.valve_hysteresis_fraction,
        h.valve_deadband_fraction,
        h.pressure_min_bar,
        h.lag_s,
    )
    flags, command, oil_bar = PRESSING, 0.0, 20.0
    for tick in range(4000):
        if tick % 200 == 0:
            flags = rng.choice([PRESSING, PRESSING, PRESSING | bits(OUTPUT, "dump_valve"), 0])
            command = rng.uniform(0.0, 1.0)
            far = rng.choice([0.0, 40.0])
        oil_bar += 0.05 * (250.0 * command + far - oil_bar)
        seen = watched.tick([AMBIENT_C] * len(ZONES), flags)
        seen.cylinder_pressure_bar, seen.contact = oil_bar, 1
        watched.state.valve_open_fraction = command
        watched.judge()
        assert seen.pressure_model_residual_bar == model.step(command, oil_bar, flags == PRESSING)
        assert seen.pressure_loop_break_ratio == reference.evidence(
            model.broken_s, reference.STAND_PRESSURE_S
        )


class Platen:
    """One zone under a simple regulator, not quite what it is taken for."""

    def __init__(self, rng, error=0.2):
        def off(name):
            return ZONE[name] * (1.0 + error * rng.uniform(-1.0, 1.0))

        self.capacity, self.loss, self.lag_s = (
            off("heat_capacity_j_per_k"),
            off("loss_w_per_k"),
            off("lag_s"),
        )
        self.power_w = off("power_w")
        self.core_c = self.heat = 0.0
        self.rng = rng

    def step(self, on, gain=1.0, stuck=False):
        """Measured temperature a tick later; `gain` of the heater, -1 is a reversed one."""
        duty = 1.0 if stuck else float(on)
        self.heat += TICK_S / self.lag_s * (gain * duty - self.heat)
        self.core_c += TICK_S / self.capacity * (self.power_w * self.heat - self.loss * self.core_c)
        return AMBIENT_C + self.core_c + self.rng.gauss(0.0, 0.01)


def drive(seconds, rate_c_per_s, *, fault_s=None, gain=1.0, stuck=False, seed=1, start_k=40.0):
    """Zone 1 follows a ramp, its heater fails at `fault_s`. Returns seconds to each verdict."""
    rng, watched = random.Random(seed), Watched()
    platen = Platen(rng)
    platen.core_c, found, window = start_k, {}, 0.0
    for tick in range(round(seconds / TICK_S)):
        time_s = tick * TICK_S
        setpoint_k = start_k + rate_c_per_s * time_s
        if tick % 200 == 0:
            ahead = (3830.0 * rate_c_per_s + 1.19 * setpoint_k) / 1000.0
            duty = min(max(ahead + 0.1 * (setpoint_k - platen.core_c), 0.0), 1.0)
            window = round(duty * 200)
        on = tick % 200 < window
        failed = fault_s is not None and time_s >= fault_s
        zone_c = platen.step(on, gain if failed else 1.0, stuck and failed)
        zones = [zone_c] + [AMBIENT_C] * (len(ZONES) - 1)
        watched.tick(zones, CONTACTORS | int(on))
        seen = watched.judge()
        for name in ("loop_break_ratio", "loop_reversed_ratio", "heater_stuck_on_ratio"):
            if getattr(seen, name) >= 1.0:
                found.setdefault(name, time_s - (fault_s or 0.0))
    return found, seen


@pytest.mark.parametrize("rate_k_per_min", [3.0, 5.0, 10.0])
def test_a_dead_heater_is_found_during_the_ramp(rate_k_per_min):
    found, _ = drive(150.0, rate_k_per_min / 60.0, fault_s=50.0, gain=0.0)
    assert set(found) == {"loop_break_ratio"}
    assert found["loop_break_ratio"] < 90.0


def test_a_reversed_loop_is_found_during_the_ramp():
    found, _ = drive(150.0, 5.0 / 60.0, fault_s=50.0, gain=-1.0)
    assert set(found) == {"loop_break_ratio", "loop_reversed_ratio"}
    assert found["loop_reversed_ratio"] < 90.0


@pytest.mark.parametrize("rate_k_per_min", [0.0, 3.0])
def test_a_stuck_heater_is_found_at_rest_and_below_a_rising_setpoint(rate_k_per_min):
    found, _ = drive(130.0, rate_k_per_min / 60.0, fault_s=50.0, stuck=True)
    assert set(found) == {"heater_stuck_on_ratio"}
    assert found["heater_stuck_on_ratio"] < 70.0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rate_k_per_min", [-1.0, 0.0, 10.0])
def test_nobody_is_accused_whose_model_is_a_fifth_off(seed, rate_k_per_min):
    found, _ = drive(100.0, rate_k_per_min / 60.0, seed=seed)
    assert found == {}


def test_the_gain_trend_follows_a_heater_that_weakens():
    watched, rng = Watched(), random.Random(2)
    platen, seen = Platen(rng, error=0.0), None
    for tick in range(20000):
        zone_c = platen.step(tick % 4 == 0, gain=0.7)
        watched.tick([zone_c] + [AMBIENT_C] * (len(ZONES) - 1), CONTACTORS | int(tick % 4 == 0))
        seen = watched.judge()
    assert seen.heater_gain_ratio[0] == pytest.approx(0.8, abs=0.06)  # on its way to 0.7
    assert seen.heater_gain_ratio[1] == 1.0


def test_friction_shows_with_its_sign():
    watched = Watched()
    h = watched.config.hydraulic
    for friction_kn in (4.0, -4.0):
        for _ in range(5000):
            seen = watched.tick([AMBIENT_C] * len(ZONES), PRESSING)
            seen.force_kn, seen.contact = 100.0, 1
            seen.cylinder_pressure_bar = (
                (100.0 + h.ram_weight_kn + friction_kn) / h.cylinder_area_mm2 * 1e4
            )
            watched.judge()
        assert seen.seal_friction_kn == pytest.approx(friction_kn, abs=0.01)


SIGNALS = (
    "loop_break_ratio",
    "loop_reversed_ratio",
    "heater_stuck_on_ratio",
    "pressure_loop_break_ratio",
)


@given(
    st.lists(
        st.tuples(
            st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1), st.integers(0, 2**16 - 1)
        ),
        min_size=1,
        max_size=60,
    )
)
@settings(max_examples=100, deadline=None)
def test_signals_are_finite_and_bounded_whatever_is_seen(scenes):
    watched = Watched()
    for zone_c, bar, command, flags in scenes:
        watched.tick([zone_c] * len(ZONES), flags)
        watched.seen.cylinder_pressure_bar, watched.seen.contact = bar, flags & 1
        watched.seen.force_kn = bar
        watched.state.valve_open_fraction = command
        watched.state.zone[0].demand_fraction = zone_c
        seen = watched.judge()
        assert all(0.0 <= getattr(seen, name) <= 1.0 for name in SIGNALS)
        assert all(map(math.isfinite, seen.zone_model_residual_k))
        assert all(map(math.isfinite, seen.heater_gain_ratio))
        assert math.isfinite(seen.pressure_model_residual_bar)
        assert math.isfinite(seen.seal_friction_kn)
