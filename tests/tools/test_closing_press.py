"""The closing press in the bench: against whom, and by how much."""

from __future__ import annotations

from tools.bench.control import closing_press
from tools.bench.control.report import metrics as control_metrics


def figures(dip):
    return {"dip": dip, "over": 0.0, "recovery": 0.0, "trips": 0.0}


def test_the_target_is_half_of_the_best_pid_from_elsewhere():
    dips = {
        "hotpress": 0.06,
        "hotpress PID": 0.08,
        "simple-pid SIMC": 0.13,
        "simple-pid AMIGO": 0.11,
    }
    shown = closing_press.metrics({law: figures(dip) for law, dip in dips.items()})
    assert shown["closing.dip"].reference_name == "simple-pid AMIGO"
    assert shown["closing.dip"].ratio == 0.06 / 0.11
    assert shown["closing.dip"].as_json()["met"] is False
    assert shown["closing.recovery"].as_json()["met"] is True
    assert "closing.dip.beside_hotpress_pid" in shown


def test_a_peer_that_never_came_into_the_band_has_no_dip():
    found = {
        "hotpress": {"dip_k": 0.2, "recovery_s": 0.0},
        "klipper": {"dip_k": 0.0, "recovery_s": 900.0},
        "kiln": {"dip_k": 0.5, "recovery_s": 30.0},
    }
    dip = control_metrics({"closing": found})["closing.dip_k"]
    assert dip.reference == 0.5
    assert dip.as_json()["met"] is True
