"""The indicators of a press batch. Of the header's parameters they need

true_density_g_per_cm3            relative density and its slope
activation_energy_kj_per_mol      equivalent time (Arrhenius)
zone_<n>_power_w                  energy
hold_s                            the time in band that is asked for
temperature_c_max, stack_pressure_mpa_max     the envelope drawn in the p-T plot
"""

from __future__ import annotations

from controller.record import measures
from controller.record.indicator import Indicator, Limit

INDICATORS = (
    Indicator(
        "time_in_band_s",
        "Time in band",
        "s",
        "time in the hold with every zone within 2 K and the pressure within 2 % of its setpoint",
        measures.time_in_band_s,
    ),
    Indicator(
        "zone_deviation_k_max",
        "Zone deviation",
        "K",
        "largest distance of any zone from the setpoint during soak and hold",
        measures.zone_deviation_k_max,
        Limit(high=2.0),
    ),
    Indicator(
        "zone_spread_k_max",
        "Uniformity",
        "K",
        "largest difference between two zones during soak and hold",
        measures.zone_spread_k_max,
        Limit(high=2.0),
    ),
    Indicator(
        "temperature_overshoot_k",
        "Temperature overshoot",
        "K",
        "hottest zone above the highest setpoint of the batch",
        measures.temperature_overshoot_k,
        Limit(high=1.0),
    ),
    Indicator(
        "pressure_overshoot_fraction",
        "Pressure overshoot",
        "",
        "highest stack pressure above the highest setpoint, as a fraction of it",
        measures.pressure_overshoot_fraction,
        Limit(high=0.02),
    ),
    Indicator(
        "temperature_ramp_error_fraction",
        "Ramp fidelity, temperature",
        "",
        "RMS of mean zone temperature minus setpoint over the longest rise, by its span",
        measures.temperature_ramp_error_fraction,
        Limit(high=0.02),
    ),
    Indicator(
        "pressure_ramp_error_fraction",
        "Ramp fidelity, pressure",
        "",
        "RMS of stack pressure minus setpoint over the longest rise, by its span",
        measures.pressure_ramp_error_fraction,
        Limit(high=0.02),
    ),
    Indicator(
        "pressure_integral_mpa_s",
        "Pressure integral",
        "MPa·s",
        "∫ p dt over the batch",
        measures.pressure_integral_mpa_s,
    ),
    Indicator(
        "equivalent_time_s",
        "Equivalent time at 100 °C",
        "s",
        "∫ exp(Ea/R · (1/373.15 K − 1/T)) dt with the stack estimate as T,"
        " while p is above 95 % of its highest setpoint",
        measures.equivalent_time_s,
    ),
    Indicator(
        "density_g_per_cm3",
        "Density",
        "g/cm³",
        "mean of the measured density over the last 10 s of the hold",
        measures.density_g_per_cm3,
    ),
    Indicator(
        "relative_density_fraction",
        "Relative density D",
        "",
        "density by the true density of the mixture",
        measures.relative_density_fraction,
    ),
    Indicator(
        "densification_per_decade",
        "Densification slope dD/dlog t",
        "1/decade",
        "least-squares slope of D over log10 of the time in the hold, from 1 s on",
        measures.densification_per_decade,
    ),
    Indicator(
        "springback_fraction",
        "Springback Δh/h",
        "",
        "thickness when the pressure has fallen below 2 % of its highest setpoint, less the"
        " last thickness above 98 % of it, as a fraction of the latter",
        measures.springback_fraction,
    ),
    Indicator(
        "tilt_um_max",
        "Tilt",
        "µm",
        "largest tilt of the platens above half of the highest pressure setpoint",
        measures.tilt_um_max,
        Limit(high=30.0),
    ),
    Indicator(
        "heater_duty_hold_fraction",
        "Heater duty at hold",
        "",
        "mean duty of all zones during the hold; a drift between batches is a fault trend",
        measures.heater_duty_hold_fraction,
    ),
    Indicator(
        "energy_kwh",
        "Heater energy",
        "kWh",
        "∫ Σ duty · nominal zone power dt",
        measures.energy_kwh,
    ),
    Indicator(
        "duration_s",
        "Duration",
        "s",
        "from the start of the batch to its last sample",
        measures.duration_s,
    ),
)
