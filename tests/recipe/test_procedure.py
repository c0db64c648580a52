"""R1 from gate to unload over a press that obeys; what each phase asks, waits for and says."""

from __future__ import annotations

import msgspec
import pytest
from fake_press import STEP_S, Drive, FakePress, bit
from press_header import HEADER, NAMES, enumerators
from press_header import fields as header_fields

from controller.recipe.frames import Action, Ask, Cooling, Hydraulics
from controller.recipe.model import load_recipe
from controller.recipe.press_unit import PressUnit
from controller.recipe.procedure import Procedure
from controller.recipe.states import State

RECIPE, _ = load_recipe("sulfide-hot-press-100")
PHASES = ["gate", "touch", "prepress", "heat", "soak", "pressurise", "hold", "cool", "release",
          "unload"]  # fmt: skip


def drive(press: FakePress | None = None) -> Drive:
    return Drive(Procedure(PressUnit(RECIPE, NAMES)), press)


def slow_touch() -> Drive:
    """R1 whose contact must stand for ten seconds."""
    touch = msgspec.structs.replace(RECIPE.phase[1], settle_s=10.0)
    phases = [RECIPE.phase[0], touch, *RECIPE.phase[2:]]
    return Drive(Procedure(PressUnit(msgspec.structs.replace(RECIPE, phase=phases), NAMES))).until(
        "touch"
    )


def test_the_words_of_the_recipe_are_the_headers() -> None:
    for own, enum, prefix in (
        (Hydraulics, "press_hydraulics", "PRESS_HYDRAULICS_"),
        (Cooling, "press_cooling", "PRESS_COOLING_"),
        (Action, "press_action", "PRESS_ACTION_"),
    ):
        assert {f"{prefix}{name}": int(item) for name, item in own.__members__.items()} == (
            enumerators(enum)
        )
    asked = set(Ask.__struct_fields__)
    assert asked | {"valid_until_tick", "reset"} == header_fields("press_command_t")
    assert "PRESS_CHANNEL_ZONE_1_TEMPERATURE_C = 0" in HEADER, "zones are the first channels"


def test_r1_runs_through_every_phase_and_completes() -> None:
    run = drive().until("complete")
    assert run.path == [*PHASES, "complete"]
    assert run.procedure.outcome is not None
    assert run.procedure.outcome.state is State.COMPLETE
    assert run.procedure.finished
    assert all(move.cause and "stack_pressure_mpa" in move.detail for move in run.moves)
    assert run.now_s == pytest.approx(2013, rel=0.10), "as long as the recipe's own numbers say"
    assert run.press.stack_pressure_mpa == 0.0
    assert run.press.resets == 1


def test_what_is_asked_at_the_start_of_each_phase() -> None:
    run = drive()
    asked = {}
    while not run.procedure.finished:
        phase = run.procedure.phase
        run.step()
        asked[phase] = (
            run.press.command.heat_enable,
            Hydraulics(run.press.command.hydraulics).name,
            Cooling(run.press.command.cooling).name,
            run.press.command.pressure_target_mpa,
        )
    del asked["idle"]
    assert asked == {
        "gate": (0, "OFF", "OFF", 0.0),
        "touch": (0, "PRESSURE", "OFF", 0.5),
        "prepress": (0, "PRESSURE", "OFF", 5.0),
        "heat": (1, "PRESSURE", "OFF", 5.0),
        "soak": (1, "PRESSURE", "OFF", 5.0),
        "pressurise": (1, "PRESSURE", "OFF", 100.0),
        "hold": (1, "PRESSURE", "OFF", 100.0),
        "cool": (0, "PRESSURE", "WATER", 100.0),
        "release": (0, "PRESSURE", "OFF", 0.0),
        "unload": (0, "OFF", "OFF", 0.0),  # the last step of unload is already the end
    }


def test_the_daylight_closes_gently_and_the_pressure_takes_over_at_contact() -> None:
    run = slow_touch()
    run.step()
    assert run.press.command.hydraulics == Hydraulics.CLOSE
    run.until(lambda: bool(run.press.contact))
    contact_s = run.now_s
    run.step()
    assert run.press.command.hydraulics == Hydraulics.PRESSURE
    run.until("prepress")
    assert run.now_s - contact_s == pytest.approx(10.0, abs=2 * STEP_S)


def test_a_press_that_bounces_has_not_touched() -> None:
    run = slow_touch()
    run.until(lambda: bool(run.press.contact)).for_s(5.0)
    run.press.contact = 0
    run.for_s(30.0)
    assert run.procedure.phase == "touch"
    assert "contact" in run.procedure.progress.waits_for


def test_the_gate_names_the_permissive_that_is_missing() -> None:
    press = FakePress()
    press.missing = bit(NAMES.permissives, "guard_closed")
    run = drive(press).for_s(20.0)
    assert run.procedure.phase == "gate"
    assert run.procedure.progress.waits_for == "permissive guard_closed"
    press.missing = 0
    run.until("touch", s_max=2.0)


def test_a_trip_that_comes_in_the_gate_needs_a_persons_reset() -> None:
    press = FakePress()
    press.missing = bit(NAMES.permissives, "guard_closed")
    run = drive(press).for_s(10.0)
    press.trip("estop", actions=16)
    press.missing = 0
    run.for_s(5.0)
    press.causes = 0  # the button is released
    run.for_s(60.0)
    assert run.procedure.phase == "gate", "releasing an E-stop must not start a press"
    assert "estop" in run.procedure.progress.waits_for
    assert run.procedure.reset()
    run.until("touch", s_max=3.0)


def test_the_gate_gives_up_and_says_for_what() -> None:
    press = FakePress()
    press.missing = bit(NAMES.permissives, "oil_ok")
    run = drive(press).until("aborted", s_max=605.0)
    assert run.now_s == pytest.approx(600.0, abs=3 * STEP_S)
    assert run.procedure.outcome is not None
    assert "oil_ok" in run.procedure.outcome.cause


def test_soak_counts_only_while_the_estimated_stack_is_warm() -> None:
    press = FakePress()
    run = drive(press).until("soak")
    press.stack_offset_k = -5.0  # the platens are at 100 °C, the stack is not
    run.for_s(100.0)
    assert run.procedure.phase == "soak"
    assert "stack within 2 K of 100 °C; it is 9" in run.procedure.progress.waits_for
    press.stack_offset_k = 0.0
    warm_c = 98.0
    run.until(lambda: press.stack_temperature_c_estimate > warm_c)
    warm_s = run.now_s
    run.for_s(60.0)
    press.stack_offset_k = -50.0
    run.until(lambda: press.stack_temperature_c_estimate < warm_c)
    counted_s = run.now_s - warm_s
    press.stack_offset_k = 0.0
    run.until(lambda: press.stack_temperature_c_estimate >= warm_c)
    again_s = run.now_s
    run.until("pressurise")
    assert run.now_s - again_s == pytest.approx(120.0 - counted_s, abs=3.0)


def test_an_estimate_that_is_not_certain_enough_soaks_nothing() -> None:
    press = FakePress()
    run = drive(press).until("soak")
    press.stack_temperature_c_sigma = 2.1
    run.for_s(200.0)
    assert run.procedure.phase == "soak"
    assert "± 2.1 °C" in run.procedure.progress.waits_for
    press.stack_temperature_c_sigma = 0.4
    run.until("pressurise", s_max=125.0)


def test_a_release_waits_until_the_stack_is_cool_for_certain() -> None:
    press = FakePress()
    run = drive(press).until("cool")
    press.stack_temperature_c_sigma = 12.0  # at 40 °C in the end, released at 50 °C at most
    run.until("release").for_s(30.0)
    assert press.stack_pressure_mpa == pytest.approx(100.0)
    assert "± 12.0 °C" in run.procedure.progress.waits_for
    press.stack_temperature_c_sigma = 0.4
    run.until("complete")


def test_one_zone_out_of_tolerance_or_distrusted_stops_the_soak_clock() -> None:
    press = FakePress()
    run = drive(press).until("soak").for_s(60.0)
    press.quality[3] = 2
    run.for_s(150.0)
    assert run.procedure.phase == "soak"
    assert "all zones within 2 K" in run.procedure.progress.waits_for
    press.quality[3] = 0
    run.until("pressurise", s_max=125.0)


def test_hold_counts_only_in_the_pressure_band() -> None:
    press = FakePress()
    run = drive(press).until("hold").for_s(100.0)
    press.pressure_frozen = True
    press.stack_pressure_mpa = 97.9  # the band is 98 to 102
    run.for_s(150.0)
    assert "100 MPa within 2.0 MPa; the stack has 97.9 MPa" in run.procedure.progress.waits_for
    press.stack_pressure_mpa = 98.1
    press.pressure_quality = 2
    run.for_s(20.0)
    press.pressure_quality = 1
    back_s = run.now_s
    run.until("cool")
    assert run.now_s - back_s == pytest.approx(200.0, abs=3.0)


def test_a_gap_in_observation_is_not_soak() -> None:
    press = FakePress()
    run = drive(press).until("hold")
    run.steps += 2000  # 1000 s nobody looked
    run.step()
    assert run.procedure.phase == "hold", "the wall clock went on, the hold did not"
    assert run.procedure.progress.remaining_s > 700.0


def test_nothing_is_released_while_the_stack_is_warm() -> None:
    press = FakePress()
    press.stack_offset_k = 0.0
    run = drive(press).until("cool")
    press.stack_offset_k = 30.0
    run.for_s(500.0)
    assert run.procedure.phase == "cool"
    assert press.stack_pressure_mpa == 100.0
    press.stack_offset_k = 0.0
    run.until("release")
    assert press.stack_temperature_c_estimate <= 45.0


def test_progress_counts_down_to_the_end() -> None:
    run = drive()
    left = []
    while not run.procedure.finished:
        progress = run.step()
        left.append(progress.remaining_s + run.now_s)
        assert progress.state is run.procedure.state
        assert 0 <= progress.index < progress.count == len(PHASES)
    assert max(left) - min(left) < 0.15 * run.now_s, "the estimate of the end hardly moves"
    assert run.procedure.progress.remaining_s == 0.0


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_none_never_let_a_phase_proceed(number: float) -> None:
    press = FakePress()
    run = drive(press).until("soak")
    run.for_s(30.0)
    press.stack_temperature_c_estimate = number
    run.for_s(200.0)
    assert run.procedure.phase == "soak"


def test_a_second_hold_has_a_name_of_its_own() -> None:
    hold = msgspec.structs.replace(RECIPE.phase[6], hold_s=10.0)
    phases = [*RECIPE.phase[:7], hold, *RECIPE.phase[7:]]
    recipe = msgspec.structs.replace(RECIPE, phase=phases)
    run = Drive(Procedure(PressUnit(recipe, NAMES))).until("complete")
    assert run.path[6:8] == ["hold", "hold-2"]
