"""Bounds of what people, the building and broken parts may do to a press.

By field of the plant's plant_world_t; a field that is not here is a switch, 0 or 1. Units are
in the names, what each does is beside the field in plant.h.
"""

from __future__ import annotations

WORLD_BOUNDS: dict[str, tuple[float, float]] = {
    "mains_voltage_v": (0.0, 1000.0),
    "ambient_temperature_c": (-20.0, 60.0),
    "water_temperature_c": (0.0, 99.0),
    "heater_break_fraction": (0.0, 1.0),
    "valve_slowness_ratio": (1.0, 1000.0),
    "valve_hysteresis_fraction_added": (0.0, 0.5),
    "valve_deadband_fraction_added": (0.0, 0.5),
    "pump_loss_fraction": (0.0, 1.0),
    "oil_air_fraction_added": (0.0, 0.2),
    "cylinder_leak_ml_per_min": (0.0, 10_000.0),
    "load_holding_leak_ml_per_min": (0.0, 10_000.0),
    "frame_stiffness_ratio": (0.01, 1.0),
    "platen_mass_ratio": (0.1, 10.0),
    "exotherm_w": (0.0, 100_000.0),
    "hall_dew_point_c": (-100.0, 60.0),
    "purge_dew_point_c": (-100.0, 60.0),
    "purge_oxygen_ppm": (0.0, 1e6),
    "chamber_leak_l_per_h_added": (0.0, 1e6),
    "sulfide_exposed_fraction": (0.0, 1.0),
    "interfering_gas_ppm": (0.0, 10_000.0),
}

# Of the room round the press: not there where the machine has no [chamber].
OF_CHAMBER = frozenset(
    {
        "chamber_closed", "vacuum_pump_healthy", "purge_supply_ok", "hall_dew_point_c",
        "purge_dew_point_c", "purge_oxygen_ppm", "chamber_leak_l_per_h_added",
        "sulfide_exposed_fraction", "interfering_gas_ppm",
    }
)  # fmt: skip

# Not there where one contactor alone feeds a load.
OF_SECOND_CONTACTOR = frozenset(
    {
        "contactor_top_second_welded", "contactor_bottom_second_welded",
        "pump_contactor_second_welded",
    }
)  # fmt: skip
