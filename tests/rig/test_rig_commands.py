"""hotpress-hil rig, and a whole machine through the rig."""

import json
import time

from typer.testing import CliRunner

from controller.ports import SignalNames
from hil.cli import app
from hil.machine import read_machine
from hil.plant import ANALOGUE_OUTPUTS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, READINGS, Plant
from hil.rig_firmware import expected_hash
from hil.rig_wire import twin_wire

SIGNALS = SignalNames(READINGS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, ANALOGUE_OUTPUTS)


def invoke(*arguments):
    return CliRunner().invoke(app, ["rig", *map(str, arguments)])


def test_stage_writes_what_goes_onto_the_device(tmp_path):
    done = invoke("stage", tmp_path)
    assert done.exit_code == 0
    assert "mpremote" in done.output
    names = {path.name for path in (tmp_path / "hil" / "rig").iterdir()}
    assert {"rig.py", "board_rp2.py", "stamp.txt"} <= names
    assert "board_unix.py" not in names
    assert len(expected_hash("rp2")) == 32


def test_what_is_wrong_is_said_in_one_line(tmp_path):
    for arguments, text in [
        (("stage", tmp_path, "--board", "abacus"), "must be one of"),
        (("run", "no-such-press", "--port", "twin"), "no-such-press"),
        (("run", "press-500kN", "--port", tmp_path / "nothing"), "cannot open"),
    ]:
        done = invoke(*arguments)
        assert done.exit_code == 2
        assert text in done.output
        assert done.output.count("\n") == 1


def test_a_run_reports_what_the_rig_saw_and_whether_to_believe_it():
    done = invoke("run", "press-500kN", "--port", "twin", "--seconds", "0.4")
    told = json.loads(done.output)
    assert told["beats"] == 40
    assert (done.exit_code == 0) == (told["verdict"] == "VALID")
    assert told["rig"]["frame_count"] >= 40 - told["lost_beats"]


def test_a_press_heats_through_the_rig():
    machine = read_machine("press-500kN")
    plant = Plant(machine, seed=3, noise=False)
    before_c = plant.truth()["zone_1_temperature_c"]
    on = sum(
        1 << DIGITAL_OUTPUTS.index(name)
        for name in ("heater_1_ssr", "contactor_top", "contactor_bottom")
    )
    with twin_wire(
        plant.wire(SIGNALS), machine.wiring, SIGNALS, time.monotonic,
        stall_ms=2000, reply_timeout_s=0.5,
    ) as wire:  # fmt: skip
        for _ in range(600):  # six seconds of the plant, as quick as the rig answers
            wire.command(on, 0.0)
            wire.advance()
        readings, _ = wire.sense()
    assert plant.time_s == 6.0
    truth = plant.truth()
    assert truth["zone_1_temperature_c"] > before_c + 0.05
    assert truth["zone_2_temperature_c"] < truth["zone_1_temperature_c"]
    current_a = readings[READINGS.index("heater_1_current_a")]
    assert 4.0 < current_a < 4.7  # 1 kW at 230 V
