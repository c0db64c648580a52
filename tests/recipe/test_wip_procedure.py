"""R3 from gate to open lid over a WIP that obeys; what each phase asks, and what goes wrong."""

from __future__ import annotations

import re

import msgspec
import pytest
from fake_press import Drive
from fake_wip import LOCKED, NAMES, FakeWip
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.kernel import WIP, ffi, lib
from controller.recipe.manual import Manual
from controller.recipe.model import load_recipe
from controller.recipe.procedure import Procedure
from controller.recipe.states import State
from controller.recipe.wip_abort import RETAINED_S
from controller.recipe.wip_frames import Action, Ask, Channel, Input, Mode, Output
from controller.recipe.wip_model import WipRecipe
from controller.recipe.wip_unit import WipUnit

FOUND, _ = load_recipe("wip-monocell-490")
assert isinstance(FOUND, WipRecipe)
RECIPE: WipRecipe = FOUND
PHASES = ["gate", "evacuate", "bag_test", "preheat", "fill", "leak_test", "pump", "hold",
          "decompress", "purge", "unlock"]  # fmt: skip
MOUTH = Output.FILL_VALVE | Output.DEAIR_VALVE | Output.VENT_VALVE | Output.DRAIN_VALVE


def drive(wip: FakeWip | None = None, recipe: WipRecipe = RECIPE) -> Drive:
    return Drive(Procedure(WipUnit(recipe, NAMES)), wip or FakeWip())


def with_phase(kind: str, **changes: object) -> WipRecipe:
    phases = list(RECIPE.phase)
    at = PHASES.index(kind)
    phases[at] = msgspec.structs.replace(phases[at], **changes)
    return msgspec.structs.replace(RECIPE, phase=phases)


def test_the_words_of_the_recipe_are_the_headers() -> None:
    for own, prefix in ((Mode, "WIP_MODE_"), (Action, "WIP_ACTION_")):
        for name, item in own.__members__.items():
            assert int(item) == getattr(lib, f"{prefix}{name}")
    for own, prefix in ((Output, "WIP_OUTPUT_"), (Input, "WIP_INPUT_")):
        for name, item in own.__members__.items():
            assert name == "NONE" or int(item) == 1 << getattr(lib, f"{prefix}{name}")
    for name, place in Channel.__members__.items():
        assert WIP.names.channels[place] == name.lower()
    asked = set(Ask.__struct_fields__)
    header = {name for name, _ in ffi.typeof("wip_command_t").fields}
    assert asked | {"valid_until_tick", "reset"} == header


def test_r3_runs_through_every_phase_and_completes_open_and_without_pressure() -> None:
    run = drive().until("complete")
    assert run.path == [*PHASES, "complete"]
    assert run.press.resets == 1
    assert run.press.vessel_pressure_mpa <= 0.025
    assert not run.press.digital_input_bits & LOCKED
    assert all(move.cause and "vessel_pressure_mpa" in move.detail for move in run.moves)


def test_what_is_asked_at_the_end_of_each_phase() -> None:
    run, asked = drive(), {}
    while not run.procedure.finished:
        run.step()
        command = run.press.command
        asked[run.procedure.phase] = (
            Mode(command.mode).name,
            command.heat_enable,
            Output(command.request_bits),
        )
    yoke = Output.YOKE_CLOSE
    assert asked["evacuate"] == ("OFF", 0, Output.VACUUM_PUMP | Output.VACUUM_VALVE)
    assert asked["bag_test"] == ("OFF", 0, Output.NONE)
    assert asked["preheat"] == ("OFF", 1, yoke)
    flush = Output.FILL_VALVE | Output.VENT_VALVE | Output.DEAIR_VALVE
    assert asked["fill"] == ("OFF", 1, yoke | flush)
    assert asked["leak_test"] == ("OFF", 1, yoke)
    assert asked["pump"] == ("PRESSURE", 1, yoke)
    assert asked["hold"] == ("PRESSURE", 1, yoke)
    assert asked["decompress"] == ("RELEASE", 0, yoke)
    assert asked["unlock"][2] & Output.LID_UNLOCK


def test_no_water_before_the_transducers_have_their_zero() -> None:
    run = drive().until("fill")
    run.step()
    assert run.press.command.tare_pressure
    assert not run.press.command.request_bits & Output.FILL_VALVE


def test_a_bag_that_leaks_is_never_filled_upon() -> None:
    wip = FakeWip()
    wip.bag_mbar_per_s = 0.013  # 0.78 mbar a minute, eight times what is allowed
    run = drive(wip).until("stopped")
    assert "fill" not in run.path
    cause = next(move.cause for move in run.moves if "leaks" in move.cause)
    risen, bound = (float(n) for n in re.findall(r"([\d.]+) of ([\d.]+) mbar", cause)[0])
    assert risen > bound == pytest.approx(0.1 * 120.0 / 60.0)


def test_a_bag_test_needs_a_good_reading_to_count() -> None:
    run = drive().until("bag_test")
    run.press.quality[Channel.BAG_PRESSURE_MBAR] = 2
    run.for_s(130.0)
    assert run.procedure.phase == "bag_test"
    run.press.quality[Channel.BAG_PRESSURE_MBAR] = 0
    run.until("preheat", s_max=125.0)


def test_a_leak_at_low_pressure_ends_in_order_and_pumps_no_higher() -> None:
    wip = FakeWip()
    wip.leaks = True
    run = drive(wip).until("stopped")
    assert "pump" not in run.path
    assert "leak_test: timeout" in " ".join(move.cause for move in run.moves)


def test_decompression_is_slow_at_the_end() -> None:
    run = drive().until("decompress")
    run.until(lambda: run.press.vessel_pressure_mpa < 20.0)
    run.step()
    assert run.press.command.pressure_rate_mpa_per_s == 1.0
    assert run.press.command.mode == Mode.RELEASE


def test_a_purge_waits_for_clean_air() -> None:
    run = drive().until("purge")
    run.press.measurement_channel_unit[Channel.H2S_EXHAUST_PPM] = 3.0
    run.for_s(120.0)
    assert run.procedure.phase == "purge"
    assert "3.00 ppm" in run.procedure.progress.waits_for
    run.press.measurement_channel_unit[Channel.H2S_EXHAUST_PPM] = 0.2
    run.until("unlock", s_max=60.0)


def test_a_stop_while_pumping_lets_off_purges_and_opens() -> None:
    run = drive().until("pump").for_s(30.0)
    assert run.press.vessel_pressure_mpa > 50.0
    assert run.procedure.stop()
    run.until("stopped")
    assert run.path[-4:] == ["decompress", "purge", "unlock", "stopped"]


def test_a_hold_while_pumping_keeps_the_pressure_and_restart_goes_on() -> None:
    run = drive().until("pump").for_s(30.0)
    assert run.procedure.hold()
    run.until("held", s_max=20.0)
    held_mpa = run.press.vessel_pressure_mpa
    run.for_s(60.0)
    assert run.press.vessel_pressure_mpa == pytest.approx(held_mpa, abs=0.1)
    assert run.press.command.mode == Mode.PRESSURE
    assert run.procedure.restart()
    run.until("complete")


def test_a_hold_while_letting_off_shuts_the_needle() -> None:
    run = drive().until("decompress").for_s(20.0)
    assert run.procedure.hold()
    run.until("held", s_max=20.0)
    assert run.press.command.mode == Mode.OFF


def test_a_hold_while_filling_shuts_the_mouth() -> None:
    run = drive().until("fill").for_s(40.0)
    assert run.press.command.request_bits & Output.FILL_VALVE
    assert run.procedure.hold()
    run.until("held", s_max=20.0)
    assert run.press.command.request_bits == Output.YOKE_CLOSE


def test_an_abort_keeps_the_pressure_ten_minutes_and_lets_it_off_gently() -> None:
    run = drive().until("hold").for_s(10.0)
    assert run.procedure.abort()
    run.for_s(RETAINED_S - 5.0)
    assert run.press.vessel_pressure_mpa == pytest.approx(490.0)
    assert run.press.command.mode == Mode.OFF
    run.until("aborted")
    assert run.press.vessel_pressure_mpa <= 0.03
    assert run.press.digital_input_bits & LOCKED == LOCKED, "opening is a person's work"


def test_an_aborted_phase_that_retains_leaves_the_pressure() -> None:
    run = drive(recipe=with_phase("hold", on_abort="retain")).until("hold").for_s(10.0)
    run.procedure.abort()
    run.until("aborted")
    assert run.press.vessel_pressure_mpa == pytest.approx(490.0)
    assert "490.0 MPa retained" in run.procedure.outcome.cause  # type: ignore[union-attr]


def test_a_burst_waits_for_a_persons_vent() -> None:
    run = drive().until("hold").for_s(10.0)
    run.press.trip("bag_burst", actions=Action.HEAT_OFF)
    run.for_s(2.0 * RETAINED_S)
    assert run.press.vessel_pressure_mpa == pytest.approx(490.0)
    assert "bag_burst" in run.procedure.progress.waits_for
    assert run.procedure.vent()
    run.until("aborted")
    assert run.press.vessel_pressure_mpa <= 0.03


def test_what_isolates_must_be_reset_before_anything_is_let_off() -> None:
    run = drive().until("hold").for_s(10.0)
    run.press.trip("over_pressure", actions=Action.ISOLATE)
    run.for_s(RETAINED_S + 60.0)
    assert "to be reset" in run.procedure.progress.waits_for
    assert run.press.command.mode == Mode.OFF
    run.press.causes = 0
    run.procedure.reset()
    run.until("aborted")
    assert run.press.vessel_pressure_mpa <= 0.03


def test_a_wip_is_not_led_by_hand() -> None:
    run = drive().until("pump").for_s(30.0)
    run.procedure.hold()
    run.until("held", s_max=20.0)
    assert "not led by hand" in run.procedure.manual(Manual(pressure_mpa=100.0))


DEEDS = st.sampled_from(["hold", "restart", "stop", "abort", "reset", "vent", "trip", "leak"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 900), DEEDS), max_size=6))
def test_whatever_people_and_faults_do_nothing_opens_under_pressure(
    deeds: list[tuple[int, str]],
) -> None:
    """Neither mouth nor lid is asked to open on pressure, nor the pump to run with a mouth open."""
    run = drive()
    for wait_s, deed in deeds:
        for _ in range(wait_s):
            if run.procedure.finished:
                break
            run.step()
            command = run.press.command
            asked = Output(command.request_bits)
            if run.press.vessel_pressure_mpa > 0.05:
                assert not asked & (MOUTH | Output.LID_UNLOCK)
            if command.mode != Mode.OFF:
                assert not asked & (MOUTH | Output.LID_UNLOCK)
        if deed == "trip":
            run.press.trip("limiter", actions=Action.HEAT_OFF | Action.PUMP_OFF)
        elif deed == "leak":
            run.press.trip("pressure_loss", actions=Action.HEAT_OFF | Action.PUMP_OFF)
        else:
            run.press.causes = 0 if deed == "reset" else run.press.causes
            getattr(run.procedure, deed)()
    assert run.procedure.state in State
