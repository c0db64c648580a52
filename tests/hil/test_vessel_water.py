"""The pressure medium against the published numbers: IAPWS-95 through fit and table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vessel_bench import WIP, quiet_wip, wip_with

from hil.physics import ffi, lib

CONFIG = quiet_wip()._config
WATER = ffi.addressof(CONFIG.fluid)
OIL_MACHINE = wip_with(fluid={"medium": "oil"})
OIL_CONFIG = quiet_wip(OIL_MACHINE)._config
OIL = ffi.addressof(OIL_CONFIG.fluid)

PRESSURES = (0.2, 100.0, 300.0, 500.0, 600.0)
# kappa in K per 100 MPa, alpha in 1e-4 per K.
TABLE = {
    20.0: ((1.45, 2.07), (2.32, 3.26), (2.96, 4.25), (2.98, 4.40), (2.92, 4.39)),
    40.0: ((2.91, 3.86), (3.16, 4.16), (3.32, 4.47), (3.22, 4.46), (3.13, 4.41)),
    60.0: ((4.24, 5.23), (4.00, 4.93), (3.75, 4.71), (3.51, 4.52), (3.39, 4.43)),
    80.0: ((5.55, 6.41), (4.89, 5.64), (4.25, 4.98), (3.85, 4.62), (3.69, 4.49)),
    100.0: ((6.93, 7.50), (5.83, 6.31), (4.80, 5.27), (4.24, 4.75), (4.03, 4.57)),
}
POINTS = [(t, p, *row[i]) for t, row in TABLE.items() for i, p in enumerate(PRESSURES)]


@pytest.mark.parametrize(("t_c", "p_mpa", "kappa", "alpha"), POINTS)
def test_heating_and_expansion_table(t_c, p_mpa, kappa, alpha):
    assert 100.0 * lib.vessel_heating_k_per_mpa(WATER, p_mpa, t_c) == pytest.approx(kappa)
    assert 1e4 * lib.vessel_expansion_per_k(WATER, p_mpa, t_c) == pytest.approx(alpha)


@given(st.floats(20.0, 100.0), st.floats(0.2, 600.0))
def test_between_the_knots_it_stays_between_the_knots(t_c, p_mpa):
    kappas = [row[0] for rows in TABLE.values() for row in rows]
    kappa = 100.0 * lib.vessel_heating_k_per_mpa(WATER, p_mpa, t_c)
    assert min(kappas) - 1e-9 <= kappa <= max(kappas) + 1e-9


def test_halfway_between_four_knots_is_their_mean():
    kappa = 100.0 * lib.vessel_heating_k_per_mpa(WATER, 200.0, 70.0)
    assert kappa == pytest.approx((4.00 + 3.75 + 4.89 + 4.25) / 4.0)


# IAPWS-95. The fit and a table read bilinearly are within 0.25 K of it over 600 MPa.
ISENTROPES = {
    25.0: (27.3, 33.2, 39.7, 42.9),
    60.0: (64.2, 72.5, 80.4, 84.2),
    80.0: (85.3, 95.1, 104.1, 108.3),
    90.0: (95.9, 106.5, 116.0, 120.5),
}


@pytest.mark.parametrize("from_c", ISENTROPES)
def test_isentropic_temperature(from_c):
    for to_mpa, expected_c in zip((100.0, 300.0, 500.0, 600.0), ISENTROPES[from_c], strict=True):
        found_c = lib.vessel_isentropic_c(WATER, 0.1, from_c, to_mpa)
        assert found_c == pytest.approx(expected_c, abs=0.25)


def test_adiabatic_from_80c_to_500mpa_heats_by_24k():
    rise_k = lib.vessel_isentropic_c(WATER, 0.1, 80.0, 500.0) - 80.0
    assert rise_k == pytest.approx(24.0, abs=0.5)
    assert rise_k == pytest.approx(24.28, abs=0.02)


@pytest.mark.parametrize(("p_mpa", "percent"), [(100, 4.0), (300, 9.5), (500, 13.3), (600, 14.9)])
def test_compression_at_80c(p_mpa, percent):
    """Isothermal dV/V; the printed 4.0 is 3.95 by the printed fit."""
    before = lib.vessel_density_kg_per_m3(WATER, 0.1, 80.0)
    after = lib.vessel_density_kg_per_m3(WATER, p_mpa, 80.0)
    assert 100.0 * (1.0 - before / after) == pytest.approx(percent, abs=0.06)


@pytest.mark.parametrize(
    ("p_mpa", "gpa"), [(0.1, 2.08), (100, 2.65), (300, 3.72), (500, 4.70), (600, 5.17)]
)
def test_stiffness_with_vessel_at_85c(p_mpa, gpa):
    assert lib.vessel_stiffness_mpa(CONFIG, p_mpa, 85.0) / 1e3 == pytest.approx(gpa, rel=0.01)


@pytest.mark.parametrize(
    ("p_mpa", "mpa_per_k", "within"),
    # The printed 1.33 takes the expansion of 80 C; at 85 C the printed table gives 1.378.
    [(0.1, 1.33, 0.04), (100, 1.54, 0.01), (300, 1.88, 0.01), (500, 2.19, 0.01), (600, 2.33, 0.01)],
)
def test_isochoric_rise_per_kelvin_at_85c(p_mpa, mpa_per_k, within):
    rise = lib.vessel_stiffness_mpa(CONFIG, p_mpa, 85.0) * lib.vessel_expansion_per_k(
        WATER, p_mpa, 85.0
    )
    assert rise == pytest.approx(mpa_per_k, rel=within)


def test_gain_more_than_doubles_from_0_to_500mpa():
    gain = [lib.vessel_stiffness_mpa(CONFIG, p, 85.0) for p in (0.1, 500.0)]
    assert gain[1] / gain[0] == pytest.approx(2.2, rel=0.05)


@given(st.floats(0.1, 600.0), st.floats(20.0, 120.0))
def test_modulus_is_the_slope_of_density(p_mpa, t_c):
    for fluid in (WATER, OIL):
        low, high = (
            lib.vessel_density_kg_per_m3(fluid, p, t_c) for p in (p_mpa - 0.05, p_mpa + 0.05)
        )
        slope = 0.1 * (low + high) / 2.0 / (high - low)
        assert lib.vessel_bulk_modulus_mpa(fluid, p_mpa, t_c) == pytest.approx(slope, rel=1e-5)


@given(st.floats(0.1, 600.0), st.floats(20.0, 100.0))
def test_heating_obeys_the_first_law(p_mpa, t_c):
    """kappa = T alpha / (rho c_p), and c_p of water stays between 3.4 and 4.4 kJ/kg/K."""
    for fluid in (WATER, OIL):
        heat = lib.vessel_heat_capacity_mj_per_m3_k(fluid, p_mpa, t_c)
        kappa = (t_c + 273.15) * lib.vessel_expansion_per_k(fluid, p_mpa, t_c) / heat
        assert lib.vessel_heating_k_per_mpa(fluid, p_mpa, t_c) == pytest.approx(kappa, rel=1e-9)
    specific = 1e3 * lib.vessel_heat_capacity_mj_per_m3_k(WATER, p_mpa, t_c)
    assert 3.4 < specific / lib.vessel_density_kg_per_m3(WATER, p_mpa, t_c) < 4.4


@pytest.mark.parametrize(
    ("p_mpa", "t_c", "kg_per_m3"),
    # IAPWS-95
    [(0.1, 20.0, 998.2), (0.1, 80.0, 971.8), (100.0, 20.0, 1039.7), (500.0, 20.0, 1152.0)],
)
def test_density_of_water(p_mpa, t_c, kg_per_m3):
    found = lib.vessel_density_kg_per_m3(WATER, p_mpa, t_c)
    assert found == pytest.approx(kg_per_m3, rel=2e-3)


def test_oil_is_murnaghan_and_heats_six_to_eight_kelvin_per_100mpa():
    assert lib.vessel_bulk_modulus_mpa(OIL, 100.0, 60.0) == pytest.approx(1500.0 + 10.0 * 100.0)
    rise_k = lib.vessel_isentropic_c(OIL, 0.1, 60.0, 500.0) - 60.0
    assert 6.0 <= rise_k / 5.0 <= 8.0
    assert WIP.fluid.medium == "water"


@pytest.mark.parametrize("p_mpa", [-1e308, -1.0, 0.0, 1e308])
@pytest.mark.parametrize("t_c", [-1e308, -273.0, 500.0, 1e308])
def test_the_laws_stay_finite_and_positive_far_outside(p_mpa, t_c):
    for fluid in (WATER, OIL):
        for law in (
            lib.vessel_density_kg_per_m3,
            lib.vessel_bulk_modulus_mpa,
            lib.vessel_expansion_per_k,
            lib.vessel_heat_capacity_mj_per_m3_k,
        ):
            assert 0.0 < law(fluid, p_mpa, t_c) < 1e12
