"""Hold, stop, abort, trips, timeouts and holdback: every way a batch goes another way."""

from __future__ import annotations

import msgspec
import pytest
from fake_press import STEP_S, Drive, FakePress, bit
from press_header import NAMES

from controller.recipe.abort import SAFE_TEMPERATURE_C
from controller.recipe.frames import Hydraulics
from controller.recipe.model import Recipe, load_recipe
from controller.recipe.press_unit import PressUnit
from controller.recipe.procedure import ABORT_S_MAX, BLIND_S_MAX, Procedure
from controller.recipe.states import FINAL, Request, State

RECIPE, _ = load_recipe("sulfide-hot-press-100")
PRESSED = ["prepress", "heat", "soak", "pressurise", "hold", "cool", "release"]
AFTER_GATE = ["touch", *PRESSED, "unload"]
HEATERS, CONTACTORS, PUMP, ALL = 1, 2, 4, 16


def drive(recipe: Recipe = RECIPE) -> Drive:
    return Drive(Procedure(PressUnit(recipe, NAMES)), FakePress())


def with_phase(index: int, **changes: object) -> Recipe:
    phases = list(RECIPE.phase)
    phases[index] = msgspec.structs.replace(phases[index], **changes)
    return msgspec.structs.replace(RECIPE, phase=phases)


# ---- the state table, exhaustively -------------------------------------------------------------

# ISA-88 without Pause: where each request leads from each state, - where it is refused.
EXPECTED = """
             hold      restart     stop      abort
running      holding   -           stopping  aborting
holding      -         -           stopping  aborting
held         -         restarting  stopping  aborting
restarting   holding   -           stopping  aborting
stopping     -         -           -         aborting
aborting     -         -           -         -
complete     -         -           -         -
stopped      -         -           -         -
aborted      -         -           -         -
idle         -         -           -         -
"""
ROWS = [line.split() for line in EXPECTED.strip().splitlines()]
PAIRS = [
    (row[0], request, row[1 + column]) for row in ROWS[1:] for column, request in enumerate(ROWS[0])
]


def brought_to(state: str) -> Drive:
    run = drive()
    procedure = run.procedure
    if state == "idle":
        return run
    run.until("hold").for_s(5.0)
    match state:
        case "holding" | "held":
            procedure.hold()
        case "restarting":
            procedure.hold()
            run.until("held")
            procedure.restart()
        case "stopping" | "stopped":
            procedure.stop()
        case "aborting" | "aborted":
            procedure.abort()
    return run.until(lambda: procedure.state == State(state))


@pytest.mark.parametrize(("state", "request_", "expected"), PAIRS)
def test_every_request_in_every_state(state: str, request_: str, expected: str) -> None:
    run = brought_to(state)
    accepted = getattr(run.procedure, request_)()
    assert accepted == (expected != "-")
    before = len(run.moves)
    run.step()
    if accepted:
        assert f"{request_} requested by operator" in run.moves[before].cause
        assert run.procedure.state == State(expected)
    else:
        assert not any(f"{request_} requested" in move.cause for move in run.moves[before:])


def test_all_states_and_requests_of_people_are_in_the_table_above() -> None:
    assert {row[0] for row in ROWS[1:]} == set(State)
    assert {*ROWS[0], "start", "done"} == set(Request)


def test_the_gravest_of_several_requests_is_obeyed() -> None:
    run = drive().until("heat")
    assert run.procedure.hold()
    assert run.procedure.abort("scada")
    assert run.procedure.stop()
    run.step()
    assert run.procedure.state is State.ABORTING
    assert run.moves[-1].cause == "abort requested by scada"


# ---- hold and restart --------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["gate", *AFTER_GATE])
def test_hold_freezes_and_restart_goes_on_in_every_phase(phase: str) -> None:
    run = drive()
    if phase == "gate":
        run.press.missing = bit(NAMES.permissives, "oil_ok")
    run.until(phase)
    run.step()
    run.step()
    run.procedure.hold()
    run.step()
    run.until("held", s_max=5.0)
    before = (run.press.zone_temperature_setpoint_c, run.press.stack_pressure_mpa)
    run.for_s(300.0)
    assert (run.press.zone_temperature_setpoint_c, run.press.stack_pressure_mpa) == before
    run.press.missing = 0
    assert run.procedure.restart()
    run.until("complete")
    again = run.path[run.path.index("restarting") + 1]
    assert again == phase


def test_a_hold_brakes_the_ramp_on_its_own_way_instead_of_calling_it_back() -> None:
    run = drive().until("heat").for_s(100.0)
    run.procedure.hold()
    run.step()
    assert run.procedure.state is State.HOLDING
    command = run.press.command
    assert command.temperature_target_c == 100.0
    assert 0.0 < command.temperature_rate_c_per_s < 1e-3
    run.until("held")
    run.step()
    assert command.temperature_target_c == pytest.approx(run.press.zone_temperature_setpoint_c)


def test_a_ramp_that_cannot_be_brought_to_rest_aborts() -> None:
    run = drive().until("heat").for_s(10.0)
    run.procedure.hold()
    run.step()
    while run.procedure.state is State.HOLDING:
        run.press.zone_temperature_setpoint_c += 0.1
        run.step()
        assert run.now_s < 500.0
    assert run.procedure.state is State.ABORTING
    assert any("setpoints not at rest after 30" in move.cause for move in run.moves)


def test_held_time_is_neither_hold_time_nor_timeout() -> None:
    run = drive().until("hold").for_s(100.0)
    run.procedure.hold()
    run.for_s(1000.0)
    run.procedure.restart()
    run.until("hold")
    back_s = run.now_s
    run.until("cool")
    assert run.now_s - back_s == pytest.approx(200.0, abs=5.0)


def test_motion_stops_when_a_closing_press_is_held() -> None:
    run = drive().until("touch")
    run.step()
    run.procedure.hold()
    run.step()
    assert run.press.command.hydraulics == Hydraulics.OFF


def test_a_batch_that_nobody_restarts_is_stopped_in_order() -> None:
    run = drive().until("hold")
    run.procedure.hold()
    run.until("stopped", s_max=3600.0 + 1200.0)
    assert run.path[-4:] == ["cool", "release", "unload", "stopped"]
    assert any("not restarted" in move.cause for move in run.moves)


# ---- stop --------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", AFTER_GATE)
def test_stop_is_an_orderly_end_from_every_phase(phase: str) -> None:
    run = drive().until(phase)
    run.step()
    run.procedure.stop()
    run.until("stopped")
    assert run.press.stack_pressure_mpa == 0.0
    assert run.press.contact == 0
    assert run.press.command.heat_enable == 0
    assert run.press.command.hydraulics == Hydraulics.OFF
    assert "stop requested by operator" in run.procedure.outcome.cause
    tail = run.path[run.path.index(phase) :]
    hot = phase in ("heat", "soak", "pressurise", "hold")
    assert ("cool" in tail) or not hot


def test_stop_in_the_gate_moves_nothing() -> None:
    run = drive()
    run.press.missing = bit(NAMES.permissives, "oil_ok")
    run.for_s(3.0)
    run.procedure.stop()
    run.step()
    assert run.procedure.state is State.STOPPED


# ---- trips and aborts --------------------------------------------------------------------------


@pytest.mark.parametrize("phase", AFTER_GATE)
def test_a_trip_in_any_phase_aborts_at_once_with_its_name_and_number(phase: str) -> None:
    run = drive().until(phase)
    run.step()
    held_mpa = run.press.stack_pressure_mpa
    run.press.trip("over_temperature", actions=HEATERS | CONTACTORS, value=117.25)
    run.step()
    assert run.procedure.state is State.ABORTING
    move = next(move for move in run.moves if move.phase_to == "aborting")
    assert move.phase_from == phase
    assert "over_temperature" in move.cause
    assert "117.2" in move.cause
    assert run.press.command.heat_enable == 0
    hot = run.press.stack_temperature_c_estimate > SAFE_TEMPERATURE_C
    if hot:
        assert run.press.command.hydraulics == Hydraulics.OFF
        assert run.press.stack_pressure_mpa == held_mpa


def cooled(run: Drive) -> None:
    run.press.zone_temperature_setpoint_c = 50.0
    run.press.stack_temperature_c_estimate = 50.0


def test_pressure_is_kept_until_the_stack_is_cool_and_then_released_at_the_recipes_rate() -> None:
    run = drive().until("hold")
    run.press.trip("loop_break", actions=HEATERS)
    begun_s = run.now_s
    while run.press.stack_temperature_c_estimate > SAFE_TEMPERATURE_C:
        assert run.press.stack_pressure_mpa == 100.0
        run.step()
    assert run.now_s - begun_s < 400.0, "cooled at the recipe's rate, 10 K/min"
    run.until(lambda: run.press.stack_pressure_mpa < 100.0, s_max=5.0)
    start_s, start_mpa = run.now_s, run.press.stack_pressure_mpa
    run.for_s(20.0)
    assert (start_mpa - run.press.stack_pressure_mpa) / (run.now_s - start_s) == pytest.approx(1.0)
    run.until("aborted")
    assert run.press.cylinder_pressure_bar <= 8.0


@pytest.mark.parametrize("actions", [PUMP, ALL, HEATERS | PUMP])
def test_a_trip_that_takes_the_pump_keeps_the_pressure_until_it_is_reset(actions: int) -> None:
    run = drive().until("hold")
    run.press.trip("estop", actions=actions)
    run.step()
    cooled(run)
    run.for_s(100.0)
    assert run.press.stack_pressure_mpa == 100.0
    assert "estop to be reset before 100.0 MPa" in run.procedure.progress.waits_for
    run.procedure.reset()
    run.for_s(5.0)
    assert run.press.stack_pressure_mpa == 100.0, "the cause still stands"
    run.press.causes = 0
    run.procedure.reset()
    run.until("aborted", s_max=120.0)
    assert run.press.cylinder_pressure_bar <= 8.0


def test_an_abort_that_cannot_end_says_that_the_pressure_is_kept() -> None:
    run = drive().until("hold")
    run.press.trip("pressure_sensor", actions=PUMP)
    cooled(run)
    begun_s = run.now_s
    run.until("aborted", s_max=ABORT_S_MAX + 10.0)
    assert run.now_s - begun_s == pytest.approx(ABORT_S_MAX, abs=5.0)
    assert "kept, vent by hand" in run.procedure.outcome.cause
    assert run.press.stack_pressure_mpa == 100.0


def test_without_inputs_an_abort_ends_after_a_minute() -> None:
    run = drive().until("hold")
    run.press.trip("io_lost", actions=ALL)
    run.press.missing = bit(NAMES.permissives, "io_fresh")
    begun_s = run.now_s
    run.until("aborted", s_max=BLIND_S_MAX + 5.0)
    assert run.now_s - begun_s == pytest.approx(BLIND_S_MAX, abs=2.0)
    assert "unknown" in run.procedure.outcome.cause


def test_a_phase_may_ask_to_retain_the_pressure() -> None:
    run = drive(with_phase(6, on_abort="retain")).until("hold")
    run.procedure.abort()
    run.step()
    cooled(run)
    run.until("aborted", s_max=5.0)
    assert run.press.stack_pressure_mpa == 100.0
    assert "100.0 MPa retained" in run.procedure.outcome.cause


def test_a_person_may_vent_a_hot_stack_but_only_while_aborting() -> None:
    run = drive().until("hold")
    assert not run.procedure.vent()
    run.procedure.abort()
    run.step()
    assert run.press.command.dump_request == 0
    assert run.procedure.vent()
    run.step()
    assert run.press.command.dump_request == 1
    assert run.press.stack_pressure_mpa == 0.0


def test_a_finished_procedure_asks_for_nothing_and_stays_finished() -> None:
    for state in FINAL:
        run = brought_to(str(state))
        run.press.trip("estop", actions=ALL)
        run.for_s(2.0)
        command = run.press.command
        assert run.procedure.state is state
        assert (command.heat_enable, command.hydraulics, command.cooling) == (0, 0, 0)
        assert not run.procedure.reset()


# ---- timeouts and holdback ---------------------------------------------------------------------

STALLS = {
    "touch": (1, lambda press: setattr(press, "closing_s", 1e9)),
    "prepress": (2, lambda press: setattr(press, "pressure_frozen", True)),
    "heat": (3, lambda press: setattr(press, "temperature_frozen", True)),
    "soak": (4, lambda press: setattr(press, "stack_offset_k", -10.0)),
    "pressurise": (5, lambda press: setattr(press, "pressure_frozen", True)),
    "hold": (6, lambda press: setattr(press, "pressure_quality", 2)),
    "cool": (7, lambda press: setattr(press, "temperature_frozen", True)),
    "release": (8, lambda press: setattr(press, "pressure_frozen", True)),
}


@pytest.mark.parametrize("phase", STALLS)
@pytest.mark.parametrize(
    ("answer", "state"), [("hold", "holding"), ("stop", "stopping"), ("abort", "aborting")]
)
def test_every_phase_times_out_into_what_it_says(phase: str, answer: str, state: str) -> None:
    index, stall = STALLS[phase]
    run = drive(with_phase(index, on_timeout=answer, timeout_s=900.0)).until(phase)
    stall(run.press)
    begun_s = run.now_s
    run.until(lambda: run.procedure.state is not State.RUNNING, s_max=905.0)
    assert run.now_s - begun_s == pytest.approx(900.0, abs=3 * STEP_S)
    assert run.procedure.state is State(state)
    move = next(move for move in run.moves if "timeout" in move.cause)
    assert f"{phase}: timeout after 900 s: waits for" in move.cause


def test_a_phase_without_a_timeout_gets_one_from_its_own_numbers() -> None:
    run = drive().until("heat")
    run.press.temperature_frozen = True
    begun_s = run.now_s
    run.until(lambda: run.procedure.state is not State.RUNNING)
    assert run.now_s - begun_s == pytest.approx(2 * 78 * 12 + 180, rel=0.01)


@pytest.mark.parametrize(
    ("phase", "interlock", "limit_s"),
    [
        ("prepress", "pressure_uncertain", 60.0),
        ("heat", "temperature_holdback", 300.0),
        ("pressurise", "pressure_holdback", 60.0),
        ("pressurise", "cold_stack", 60.0),
        ("release", "pressure_holdback", 120.0),
    ],
)
def test_a_ramp_held_back_for_too_long_ends_the_phase(
    phase: str, interlock: str, limit_s: float
) -> None:
    run = drive().until(phase)
    run.press.temperature_frozen = run.press.pressure_frozen = True
    run.press.interlock_bits = bit(NAMES.interlocks, interlock)
    begun_s = run.now_s
    run.for_s(5.0)
    assert f"ramp held by {interlock}" in run.procedure.progress.waits_for
    run.until(lambda: run.procedure.state is not State.RUNNING, s_max=limit_s)
    assert run.now_s - begun_s == pytest.approx(limit_s, abs=4 * STEP_S)
    assert any(f"held back for {limit_s:.0f} s: {interlock}" in move.cause for move in run.moves)


def test_holdback_that_passes_costs_only_time() -> None:
    run = drive().until("heat").for_s(10.0)
    for _ in range(3):
        run.press.temperature_frozen = True
        run.press.interlock_bits = bit(NAMES.interlocks, "temperature_holdback")
        run.for_s(200.0)
        run.press.temperature_frozen = False
        run.press.interlock_bits = 0
        run.for_s(20.0)
    run.until("complete")


def test_a_stop_whose_cooling_fails_aborts_instead_of_holding() -> None:
    run = drive().until("hold")
    run.procedure.stop()
    run.until("cool")
    run.press.temperature_frozen = True
    run.until(lambda: run.procedure.state is State.ABORTING, s_max=3000.0)
    assert run.press.stack_pressure_mpa == 100.0


def test_a_cold_stack_is_not_pressed() -> None:
    run = drive().until("pressurise")
    run.press.stack_temperature_c_estimate = 60.0
    run.press.stack_offset_k = -40.0
    run.for_s(30.0)
    assert run.press.stack_pressure_mpa == 5.0
    assert "stack within 5 K of 100 °C" in run.procedure.progress.waits_for
    run.until(lambda: run.procedure.state is State.STOPPING, s_max=60.0)


def test_a_restart_after_a_timeout_gets_the_phases_time_again() -> None:
    run = drive(with_phase(6, on_timeout="hold", timeout_s=400.0)).until("hold")
    run.press.pressure_quality = 2
    run.until("held", s_max=500.0)
    run.press.pressure_quality = 0
    run.procedure.restart()
    run.until("complete")


# ---- advisories ------------------------------------------------------------------------------


def advised(*names: str) -> int:
    return sum(1 << NAMES.advisories.index(name) for name in names)


def test_an_advisory_that_asks_for_it_holds_with_its_row_as_the_cause() -> None:
    run = drive().until("heat").for_s(10.0)
    run.press.advisory_bits = advised("zone_drift_far", "zone_drift")
    run.for_s(2.0)
    assert run.procedure.state in (State.HOLDING, State.HELD)
    assert any(move.cause == "advisory zone_drift_far" for move in run.moves)


def test_an_advisory_that_only_warns_changes_nothing() -> None:
    run = drive().until("heat").for_s(10.0)
    run.press.advisory_bits = advised("zone_drift", "valve_slow", "heater_weak", "foreign_output")
    run.for_s(5.0)
    assert run.procedure.phase == "heat"


def test_one_that_stands_through_a_restart_holds_again_only_after_it_has_cleared() -> None:
    run = drive().until("hold").for_s(2.0)
    run.press.advisory_bits = advised("sensor_bad")
    run.for_s(5.0)
    assert run.procedure.state is State.HELD
    assert run.procedure.restart()
    run.for_s(5.0)
    assert run.procedure.state is State.RUNNING
    run.press.advisory_bits = 0
    run.for_s(1.0)
    run.press.advisory_bits = advised("sensor_bad")
    run.for_s(2.0)
    assert run.procedure.state in (State.HOLDING, State.HELD)


def test_a_second_one_holds_while_the_first_still_stands() -> None:
    run = drive().until("hold").for_s(2.0)
    run.press.advisory_bits = advised("sensor_bad")
    run.for_s(5.0)
    run.procedure.restart()
    run.for_s(2.0)
    run.press.advisory_bits |= advised("oil_not_ok")
    run.for_s(2.0)
    assert run.procedure.state in (State.HOLDING, State.HELD)
    assert any(move.cause == "advisory oil_not_ok" for move in run.moves)


def test_a_hold_without_heat_or_pump_gives_both_back_with_the_restart() -> None:
    run = drive().until("hold").for_s(2.0)
    run.press.advisory_bits = advised("sensor_flat")
    run.for_s(3.0)
    command = run.press.command
    assert (command.heat_enable, command.hydraulics) == (0, Hydraulics.OFF)
    assert command.dump_request == 0
    run.press.advisory_bits = 0
    run.for_s(3.0)
    assert (command.heat_enable, command.hydraulics) == (0, Hydraulics.OFF)
    run.procedure.restart()
    run.for_s(3.0)
    assert (command.heat_enable, command.hydraulics) == (1, Hydraulics.PRESSURE)


def test_an_advisory_in_the_gate_or_on_the_way_out_holds_nothing() -> None:
    run = drive()
    run.press.advisory_bits = advised("sensor_bad")
    run.until("touch")
    run.press.advisory_bits = 0
    run.until("heat").for_s(5.0)
    run.procedure.stop()
    run.for_s(3.0)
    run.press.advisory_bits = advised("sensor_bad")
    run.for_s(3.0)
    assert run.procedure.state is State.STOPPING
