"""Heat given against rise seen: the zones' evidence on platens whose physics a test decides."""

from __future__ import annotations

import pytest
from kernel_case import ZONE, ZONES, Bench

from controller.kernel import lib

STEP_S = 0.1
ON = 0.5  # duty of each zone, unless a test says otherwise
RISE_K_PER_S = ON * ZONE["power_w"] / ZONE["heat_capacity_j_per_k"]


class Platens(Bench):
    """Zones at room temperature, heaters enabled; each shows `gain[i]` of zone `shown[i]`'s heat.

    One step is one press_family through the whole safety part. Validation believes any step.
    """

    def __init__(self, duty=(ON,) * 6, gain=(1.0,) * 6, shown=tuple(ZONES), **limits):
        super().__init__(**{f"limit__{name}": number for name, number in limits.items()})
        self.duty, self.gain, self.shown = duty, gain, shown
        self.lagged_w = [0.0] * 6
        self.rise_k = [0.0] * 6
        self.arm()
        for channel in self.config.channel:
            channel.noise_channel_unit_max = 1e5
            channel.filter_s = 0.0
        self.config.ambient_temperature_c = 22.0
        self.config.limit.uncommanded_rise_k_per_s = 1e9  # no relay is written here
        self.heat()
        self.tick(20)
        for zone in self.state.zone:
            zone.lagged_power_w = 0.0

    def step(self) -> None:
        """A tenth of a second of heating. The zones' temperatures come from `rise_k`."""
        for i in ZONES:
            zone = self.state.zone[i]
            zone.achieved_fraction = self.duty[i]
            power_w = self.duty[i] * ZONE["power_w"]
            self.lagged_w[i] += STEP_S / (ZONE["lag_s"] + STEP_S) * (power_w - self.lagged_w[i])
            loss_w = ZONE["loss_w_per_k"] * self.rise_k[i]
            flow_w = self.lagged_w[i] - loss_w
            self.rise_k[i] += self.gain[i] * STEP_S * flow_w / ZONE["heat_capacity_j_per_k"]
        for i in ZONES:
            self.put(f"zone_{i + 1}_temperature_c", 22.0 + self.rise_k[self.shown[i]])
        self.estimate["zone_temperature_c_median"] = 22.0 + sorted(self.rise_k)[3]
        self.tick(10)

    def until(self, found, most_s: float = 130.0) -> float | None:
        for step in range(1, round(most_s / STEP_S)):
            self.step()
            if found():
                return step * STEP_S
        return None


def test_platens_that_rise_as_they_should_are_not_accused():
    bench = Platens()
    bench.estimate["zone_temperature_setpoint_c"] = 100.0
    assert bench.until(lambda: bench.advisories or bench.trips, 60.0) is None
    assert bench.rise_k[0] > 4.0


@pytest.mark.parametrize(("gain", "told"), [(0.3, False), (0.2, True), (0.0, True)])
def test_heat_that_does_not_show_holds_and_takes_that_zones_heat(gain, told):
    bench = Platens(gain=(gain, 1, 1, 1, 1, 1))
    bench.wanted_bits |= 3
    took_s = bench.until(lambda: "zone_no_gain" in bench.advisories, 60.0)
    assert (took_s is not None) == told
    if told:
        assert {"heater_1_ssr", "heater_2_ssr"} & bench.outputs == {"heater_2_ssr"}
        bench.command.heat_enable = 0
        bench.tick(150)
        assert "zone_no_gain" not in bench.advisories


def test_a_zone_at_rest_is_never_accused_of_no_gain():
    """Duty that just carries the loss: nothing should rise and nothing does."""
    bench = Platens(duty=(0.0,) * 6)
    bench.config.advice.gain_s_max = 20.0
    assert bench.until(lambda: bench.advisories, 50.0) is None


@pytest.mark.parametrize(("gain", "trips"), [(-0.1, False), (-1.0, True)])
def test_a_zone_that_falls_while_heated_trips_and_loses_its_heat(gain, trips):
    bench = Platens(gain=(1, 1, gain, 1, 1, 1), zone_falls_k=1.0)
    took_s = bench.until(lambda: "zone_falls" in bench.trips, 30.0)
    assert (took_s is not None) == trips
    if trips:
        assert took_s <= 20.0
        assert bench.seen.first_out_channel == 2


def test_two_zones_that_show_each_others_heat_hold():
    bench = Platens(duty=(1.0, 0.0, ON, ON, ON, ON), shown=(1, 0, 2, 3, 4, 5))
    assert bench.until(lambda: "zones_swapped" in bench.advisories, 60.0) is not None


def test_zones_of_unequal_heat_that_show_their_own_are_not_swapped():
    bench = Platens(duty=(1.0, 0.0, ON, ON, ON, ON))
    bench.config.advice.family_power_fraction_warn = 1.0
    bench.config.advice.family_power_fraction_hold = 1.0
    assert bench.until(lambda: bench.advisories, 60.0) is None


@pytest.mark.parametrize(("gain", "told"), [(0.5, True), (0.7, False), (1.4, False), (1.7, True)])
def test_platens_of_another_mass_hold_within_a_minute_of_heat(gain, told):
    bench = Platens(gain=(gain,) * 6)
    took_s = bench.until(lambda: "platen_mass" in bench.advisories, 60.0)
    assert (took_s is not None) == told
    assert bench.trips == set()


def test_cooling_or_no_heat_forgets_everything():
    bench = Platens(gain=(0.0, 1, 1, 1, 1, 1))
    bench.until(lambda: bench.state.zone[0].expected_rise_k > 1.0)
    bench.command.cooling = lib.PRESS_COOLING_AIR
    bench.tick(20)
    assert all(zone.expected_rise_k == 0.0 for zone in bench.state.zone)


@pytest.mark.parametrize(
    ("off_w", "rows"),
    [
        (25.0, set()),
        (40.0, {"zone_drift"}),
        (-40.0, {"zone_drift"}),
        (60.0, {"zone_drift", "zone_drift_far"}),
    ],
)
def test_a_zone_that_needs_other_heat_than_its_family_is_told(off_w, rows):
    """All at one temperature, one heater gives more or less: its sensor has drifted."""
    bench = Platens()
    bench.duty = (0.2 + off_w / 1000.0, *[0.2] * 5)
    bench.gain = (0.0,) * 6
    bench.config.advice.gain_s_max = bench.config.advice.gain_rise_k = 1e9
    bench.config.advice.family_s = 5.0
    for _ in range(800):
        bench.step()
    assert bench.advisories == rows


DRIFT = {"zone_drift", "zone_drift_far"}


def test_current_transformers_that_differ_for_good_accuse_no_zone():
    """Of a range much wider than the heaters' current: its class is some per cent here."""
    bench = Platens()
    shown = (0.93, 1.0, 1.07, 0.95, 1.05, 1.0)
    for zone, ratio in zip(bench.state.zone, shown, strict=False):
        zone.on_current_a = ratio * ZONE["rated_current_a"]
    assert bench.until(lambda: bench.advisories & DRIFT, 130.0) is None
    assert all(
        abs(zone.ordinary_ratio - ratio) < 0.01
        for zone, ratio in zip(bench.state.zone, shown, strict=False)
    )


def test_a_heater_that_changes_its_share_of_the_current_is_believed():
    """Its zone rises as before on less power: the heat must come from somewhere else."""
    bench = Platens()
    assert bench.until(lambda: bench.advisories & DRIFT, 70.0) is None
    bench.state.zone[0].on_current_a = 0.85 * ZONE["rated_current_a"]
    assert bench.until(lambda: "zone_drift_far" in bench.advisories, 130.0) is not None
    assert bench.state.zone[0].family_w < 0.0


def test_a_weak_heater_is_not_learned_as_ordinary():
    bench = Platens()
    bench.state.zone[0].on_current_a = 0.5 * ZONE["rated_current_a"]
    assert bench.until(lambda: "zone_drift_far" in bench.advisories, 130.0) is not None


def test_zones_whose_sensors_disagree_at_the_start_are_brought_together_without_advice():
    """By 0.9 K, as their class allows; who gets the heat for it also shows the rise."""
    bench = Platens()
    bench.rise_k = [0.45, -0.45, 0.3, -0.2, 0.0, 0.1]
    for zone, rise_k in zip(bench.state.zone, bench.rise_k, strict=False):
        zone.lagged_c = 22.0 + rise_k
    for _ in range(900):
        mean_k = sum(bench.rise_k) / 6
        bench.duty = tuple(ON + 0.1 * (mean_k - rise_k) for rise_k in bench.rise_k)
        bench.step()
        assert not bench.advisories & DRIFT
    assert max(bench.rise_k) - min(bench.rise_k) < 0.2


def test_a_soft_window_says_nothing_of_the_mass():
    """Half of a window's heat in all of its time, and a few watts that the model does not know."""
    bench = Platens(duty=(0.07,) * 6, gain=(0.6,) * 6)
    assert bench.until(lambda: "platen_mass" in bench.advisories, 250.0) is None
    assert bench.rise_k[0] > 1.0


@pytest.mark.parametrize(
    ("gap_k", "rows"),
    [(2.9, set()), (3.1, {"zone_drift"}), (5.1, {"zone_drift", "zone_drift_far"})],
)
def test_a_zone_away_from_the_limiters_own_sensor_is_told(armed, gap_k, rows):
    armed.config.advice.limiter_zone_top = 2
    armed.config.channel[6].noise_channel_unit_max = 1e5
    armed.put("limiter_top_temperature_c", 22.0 + gap_k)
    armed.tick(8000)
    assert armed.advisories == rows


@pytest.mark.parametrize(("slope_k_per_s", "trips"), [(0.45, False), (0.6, True)])
def test_a_slope_no_heater_makes_above_the_warning_trips_within_a_second(slope_k_per_s, trips):
    bench = Platens(runaway_k_per_s=0.5, over_temperature_trip_k=100.0)
    bench.config.channel[8].noise_channel_unit_max = 1e5
    found_s = None
    bench.put("stack_temperature_c", 55.0)
    bench.tick(200)
    for tick in range(1, 8000):
        stack_c = 55.0 + slope_k_per_s * tick * 0.01
        bench.put("stack_temperature_c", min(stack_c, 100.0))
        bench.tick()
        if "thermal_runaway" in bench.trips:
            found_s = tick * 0.01 - (65.0 - 55.0) / slope_k_per_s
            break
    assert (found_s is not None) == trips
    if trips:
        assert found_s <= 2.0
        assert bench.seen.first_out_channel == 8


def test_a_press_that_starts_hot_has_no_slope():
    bench = Bench(limit__runaway_k_per_s=0.5)
    bench.put_zones(100.0)
    bench.put("limiter_top_temperature_c", 100.0)
    bench.estimate["zone_temperature_c_median"] = 100.0
    bench.tick(500)
    assert bench.trips == {"boot"}
