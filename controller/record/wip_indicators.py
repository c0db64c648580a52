"""The indicators of a WIP batch. Of the header's parameters they need

hold_s                            the time in band that is asked for
hold_pressure_band_fraction, hold_temperature_band_k      the recipe's bands
release_slow_below_mpa            from where on the release is slow
activation_energy_kj_per_mol      equivalent time (Arrhenius)
jacket_power_w                    energy
stiffness_mpa_per_ml, expansion_mpa_per_k     of the vessel at its highest pressure: what a
                                  millilitre and a kelvin are worth in the leak's plot
temperature_c_max, pressure_mpa_max           the envelope drawn in the p-T plot
isentrope_<n>_mpa, isentrope_<n>_target_c, isentrope_<n>_limit_c      drawn there too: the
                                  isentropes that end on the target and on the limit
"""

from __future__ import annotations

from controller.record import wip_measures
from controller.record.indicator import Indicator, Limit
from controller.record.measures import duration_s

INDICATORS = (
    Indicator(
        "time_in_band_s",
        "Time in band",
        "s",
        "time in the hold with pressure and fluid both within the recipe's bands around their"
        " setpoints",
        wip_measures.time_in_band_s,
    ),
    Indicator(
        "fluid_peak_error_k",
        "Peak of the fluid, from target",
        "K",
        "hottest fluid (estimate) while pumping and holding, less the highest target pumped for",
        wip_measures.fluid_peak_error_k,
        Limit(low=-1.5, high=1.5),
    ),
    Indicator(
        "hold_fluid_deviation_k",
        "Fluid deviation in the hold",
        "K",
        "largest distance of the fluid (estimate) from its target during the hold",
        wip_measures.hold_fluid_deviation_k,
    ),
    Indicator(
        "hold_pressure_deviation_fraction",
        "Pressure deviation in the hold",
        "",
        "largest distance of vessel pressure from setpoint during the hold, as a fraction of it",
        wip_measures.hold_pressure_deviation_fraction,
        Limit(high=0.01),
    ),
    Indicator(
        "pressure_overshoot_fraction",
        "Pressure overshoot",
        "",
        "highest vessel pressure above the highest setpoint, as a fraction of it",
        wip_measures.pressure_overshoot_fraction,
        Limit(high=0.01),
    ),
    Indicator(
        "pressure_ramp_error_fraction",
        "Ramp fidelity, pressure",
        "",
        "RMS of vessel pressure minus setpoint over the longest rise, by its span",
        wip_measures.pressure_ramp_error_fraction,
        Limit(high=0.02),
    ),
    Indicator(
        "release_mpa_per_s",
        "Fastest release",
        "MPa/s",
        "fastest mean fall of the vessel pressure over 3 s that began above the slow range",
        wip_measures.release_mpa_per_s,
    ),
    Indicator(
        "release_slow_mpa_per_s",
        "Fastest release, slow range",
        "MPa/s",
        "the same, of spans that began in the slow range, where trapped gas expands",
        wip_measures.release_slow_mpa_per_s,
    ),
    Indicator(
        "leak_mpa_per_min",
        "Leak, compensated",
        "MPa/min",
        "least-squares fall of the vessel pressure in the hold, without what the fluid's"
        " temperature and the pump explain",
        wip_measures.leak_mpa_per_min,
    ),
    Indicator(
        "pressure_integral_mpa_s",
        "Pressure integral",
        "MPa·s",
        "∫ p dt over the batch",
        wip_measures.pressure_integral_mpa_s,
    ),
    Indicator(
        "equivalent_time_s",
        "Equivalent time at 100 °C",
        "s",
        "∫ exp(Ea/R · (1/373.15 K − 1/T)) dt with the fluid estimate as T,"
        " while p is above 95 % of its highest setpoint",
        wip_measures.equivalent_time_s,
    ),
    Indicator(
        "bag_vacuum_mbar",
        "Bag vacuum",
        "mbar",
        "pressure of the bag when it was shut off to be tested",
        wip_measures.bag_vacuum_mbar,
    ),
    Indicator(
        "bag_rise_mbar_per_min",
        "Bag leak",
        "mbar/min",
        "least-squares rise of the bag's pressure while it was shut off",
        wip_measures.bag_rise_mbar_per_min,
    ),
    Indicator(
        "h2s_ppm",
        "Hydrogen sulfide, peak",
        "ppm",
        "highest reading of either sensor over the batch",
        wip_measures.h2s_ppm,
    ),
    Indicator(
        "needle_gain_ratio",
        "Needle, learned gain",
        "",
        "flow of the needle over its flow as commissioned, as learned last; a drift is wear",
        wip_measures.needle_gain_ratio,
    ),
    Indicator(
        "stroke_efficiency_ratio",
        "Strokes, efficiency",
        "",
        "least pressure that strokes gave over what they should have given; a drift is wear",
        wip_measures.stroke_efficiency_ratio,
    ),
    Indicator(
        "delivered_ml",
        "Pumped",
        "ml",
        "delivered by the intensifier in all",
        wip_measures.delivered_ml,
    ),
    Indicator(
        "energy_kwh",
        "Jacket energy",
        "kWh",
        "∫ duty · nominal jacket power dt",
        wip_measures.energy_kwh,
    ),
    Indicator(
        "duration_s",
        "Duration",
        "s",
        "from the start of the batch to its last sample",
        duration_s,
    ),
)
