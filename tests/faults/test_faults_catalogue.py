"""The catalogue as data: every field row is there, and what it says can be injected is."""

import math
from array import array

import pytest
from faults_bench import TICK_S, Bedside, Frame, bits

from controller.ports import Tick
from hil import read_machine
from hil.faults import FaultError
from hil.faults.catalogue import catalogue, faults_of, row_named
from hil.faults.machine_reach import reach_of
from hil.plant import Plant
from hil.station import open_simulation

FIELD_IDS = [
    *(f"S{n:02}" for n in range(1, 21)), *(f"A{n:02}" for n in range(1, 14)),
    *(f"F{n:02}" for n in range(1, 17)), *(f"P{n:02}" for n in range(1, 13)),
    *(f"R{n:02}" for n in range(1, 5)),
]  # fmt: skip
ROWS = catalogue()
# Rows this machine cannot have, and the face that can: a serial line; a vessel with a jacket.
NOT_ON_THE_PRESS = {"P04"}


def test_every_field_row_is_there_once_and_in_order() -> None:
    assert list(ROWS) == FIELD_IDS


def test_a_row_that_is_not_there_is_refused() -> None:
    with pytest.raises(FaultError, match="no row 'S99' in the catalogue; there are: S01"):
        row_named("S99")


@pytest.mark.parametrize("row_id", [i for i in FIELD_IDS if "sim" in ROWS[i].faces])
async def test_a_row_of_the_sim_face_acts_on_the_press(row_id: str) -> None:
    press = Bedside()
    reach = press.bench.reach
    if row_id in NOT_ON_THE_PRESS:
        with pytest.raises(FaultError, match="no point like"):
            faults_of(ROWS[row_id], reach)
        return
    for fault, for_s in faults_of(ROWS[row_id], reach):
        assert fault.id == row_id
        press.bench.inject(fault, for_s=for_s)
    press.frame.digital_output_bits = bits("contactor_top", "heater_1_ssr", "pump")
    frame = await press.tick(30)
    assert all(math.isfinite(x) for x in press.station.truth().values())
    assert isinstance(array("d", frame.reading), array)


@pytest.mark.parametrize("row_id", FIELD_IDS)
def test_a_row_is_for_the_faces_it_names(row_id: str) -> None:
    plant = Plant.from_machine("press-500kN")
    row = ROWS[row_id]
    for face, in_process in (("sim", True), ("tcp", False)):
        reach = reach_of(
            plant.machine, plant.signals, plant.fitted, plant.condition_bounds,
            in_process=in_process,
        )  # fmt: skip
        if face in row.faces and row_id not in NOT_ON_THE_PRESS:
            assert faults_of(row, reach)
        elif face not in row.faces:
            with pytest.raises(FaultError):
                faults_of(row, reach)


def test_another_point_is_in_the_other_points_unit() -> None:
    press = Bedside()
    ((fault, _),) = faults_of(ROWS["S07"], press.bench.reach, "oil_temperature_c")
    assert (fault.point, fault.parameters) == ("oil_temperature_c", {"rate_c": 0.5})
    ((fault, _),) = faults_of(ROWS["S06"], press.bench.reach, "load_cell_force_kn")
    assert fault.point == "load_cell_force_kn"
    assert read_machine("press-500kN").name == "press-500kN"


@pytest.mark.parametrize("machine", ["wip-500MPa", "vacuum-hot-press", "lab-press"])
async def test_what_another_machine_can_have_acts_and_the_rest_is_refused(machine: str) -> None:
    signals = Plant.from_machine(machine).signals
    able = set()
    for row in ROWS.values():
        station = open_simulation(machine, signals, seed=1, tick_s=TICK_S)
        try:
            injections = faults_of(row, station.bench.reach)
        except FaultError:
            continue
        able.add(row.id)
        for fault, for_s in injections:
            station.bench.inject(fault, for_s=for_s)
        frame = Frame(signals)
        for index in range(10):
            tick = Tick(index, index * TICK_S, 0)
            await station.sense(tick, frame)  # type: ignore[arg-type]
            frame.digital_output_bits = 0x7F
            for name in signals.analogue_outputs:
                setattr(frame, name, 0.2)
            await station.actuate(tick, frame)
        assert all(math.isfinite(x) for x in station.truth().values())
    assert len(able) >= 45
