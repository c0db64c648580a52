"""The programme engine in virtual time: what each segment promises, for any programme."""

from __future__ import annotations

import math
from itertools import groupby

import msgspec
import pytest
from fake_press import STEP_S, Drive, FakePress
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from press_header import NAMES

from controller.config.material import Material
from controller.config.model import load_material, load_station
from controller.kernel import PRESS
from controller.recipe.frames import Ask, Seen, look
from controller.recipe.lint import lint
from controller.recipe.manual import DUTY_MAX, Manual
from controller.recipe.model import Recipe, load_recipe
from controller.recipe.output_limit import able_c_per_min, duty_fraction
from controller.recipe.phases import Programme
from controller.recipe.press_unit import PressUnit
from controller.recipe.procedure import Procedure
from controller.recipe.programme import ProgrammeRun, beyond
from controller.recipe.segments import PressureMove, Segment, TemperatureMove
from controller.recipe.states import State

RECIPE, _ = load_recipe("aba-stack-90")
PLACE = next(i for i, phase in enumerate(RECIPE.phase) if isinstance(phase, Programme))
MATERIAL: Material = load_material("nmc811-argyrodite-cathode")[0]
STATION = load_station("demo-press", {"press": PRESS.names})[0]


def recipe_of(*segments: Segment, **changes: object) -> Recipe:
    phases = list(RECIPE.phase)
    phases[PLACE] = msgspec.structs.replace(
        RECIPE.phase[PLACE], segment=list(segments) or RECIPE.phase[PLACE].segment, **changes
    )
    return msgspec.structs.replace(RECIPE, phase=phases)


def drive(*segments: Segment, press: FakePress | None = None, **changes: object) -> Drive:
    run = Drive(Procedure(PressUnit(recipe_of(*segments, **changes), NAMES)), press)
    return run.until("programme")


def spent_s(run: Drive, there: str = "cool") -> float:
    begun_s = run.now_s
    run.until(there, s_max=50_000.0)
    return run.now_s - begun_s


WARM = Segment(temperature=TemperatureMove(temperature_c=62.0, rate_c_per_min=6.0, holdback="off"))


def test_the_shipped_programme_runs_through_its_segments() -> None:
    run = drive().until("complete")
    begins = [move.cause for move in run.moves if move.kind == "batch"]
    assert begins == ["programme: first-pressing begins", "programme: second-pressing begins"]


def test_a_ramp_by_rate_and_one_by_time_take_what_they_say() -> None:
    assert spent_s(drive(WARM)) == pytest.approx(400.0, abs=5.0)
    timed = TemperatureMove(temperature_c=62.0, time_s=900.0)
    assert spent_s(drive(Segment(temperature=timed))) == pytest.approx(900.0, abs=5.0)
    pressed = PressureMove(pressure_mpa=50.0, time_s=90.0)
    assert spent_s(drive(Segment(pressure=pressed))) == pytest.approx(90.0, abs=5.0)


def test_a_step_goes_at_once_and_a_dwell_takes_its_time() -> None:
    step = TemperatureMove(kind="step", temperature_c=24.0)
    assert spent_s(drive(Segment(temperature=step, dwell_s=120.0))) == pytest.approx(123.0, abs=6.0)


def test_both_loops_of_a_segment_move_together_and_the_slower_one_decides() -> None:
    both = msgspec.structs.replace(WARM, pressure=PressureMove(pressure_mpa=20.0, time_s=50.0))
    assert spent_s(drive(both)) == pytest.approx(400.0, abs=5.0)


@pytest.mark.parametrize("mutual", [True, False])
def test_a_pressure_that_lags_makes_the_temperature_wait_when_it_is_mutual(mutual: bool) -> None:
    both = msgspec.structs.replace(
        WARM, pressure=PressureMove(pressure_mpa=20.0, time_s=300.0, holdback_s_max=600.0)
    )
    run = drive(both, mutual_holdback=mutual).for_s(60.0)
    press = run.press
    frozen = press.stack_pressure_mpa
    press._ramp = lambda target, step: _lagging(press, target, step)  # type: ignore[method-assign]
    run.for_s(60.0)
    before_c = press.zone_temperature_setpoint_c
    run.for_s(60.0)
    assert press.stack_pressure_mpa == frozen
    if mutual:
        assert press.zone_temperature_setpoint_c == pytest.approx(before_c, abs=0.01)
        assert "both loops wait" in run.procedure.progress.waits_for
    else:
        assert press.zone_temperature_setpoint_c > before_c + 4.0


def _lagging(press: FakePress, target_mpa: float, step_mpa: float) -> None:
    """The setpoint moves, the pressure does not."""
    left = target_mpa - press.stack_pressure_setpoint_mpa
    press.stack_pressure_setpoint_mpa += math.copysign(min(abs(left), step_mpa), left)


def test_a_holdback_that_lasts_too_long_ends_the_programme_with_the_reason() -> None:
    move = PressureMove(pressure_mpa=50.0, rate_mpa_per_s=0.5, holdback_s_max=30.0)
    run = drive(Segment(pressure=move))
    press = run.press
    press._ramp = lambda target, step: _lagging(press, target, step)  # type: ignore[method-assign]
    run.until(lambda: run.procedure.state is State.STOPPING)
    assert "held back for 30 s by pressure" in run.moves[-1].cause


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("off", False, False), ("low", True, False), ("high", False, True), ("band", True, True)],
)
def test_each_kind_of_holdback_heeds_its_side(kind: str, low: bool, high: bool) -> None:
    assert beyond(kind, 3.1, -3.1, 3.0) is low  # type: ignore[arg-type]
    assert beyond(kind, -3.1, 3.1, 3.0) is high  # type: ignore[arg-type]
    assert not beyond(kind, 2.9, -2.9, 3.0)  # type: ignore[arg-type]
    assert beyond(kind, math.nan, math.nan, 3.0) is (kind != "off")  # type: ignore[arg-type]


def test_a_guaranteed_dwell_counts_for_each_zone_alone() -> None:
    """The last zone to be near decides, and what the others had is not lost."""
    warm = msgspec.structs.replace(WARM, dwell_s=100.0, guaranteed=True, stack_tolerance_k=50.0)
    run = drive(warm)
    press = run.press
    run.until(lambda: press.zone_temperature_setpoint_c >= 61.99)
    heat = press._heat

    def cold_zone(command: object, step_s: float) -> None:
        heat(command, step_s)  # type: ignore[arg-type]
        press.measurement_channel_unit[3] = 55.0

    press._heat = cold_zone  # type: ignore[method-assign]
    run.for_s(300.0)
    assert run.procedure.phase == "programme"
    assert "zone 4 near for" in run.procedure.progress.waits_for
    press._heat = heat  # type: ignore[method-assign]
    assert spent_s(run) == pytest.approx(100.0, abs=5.0)


def test_servo_begins_at_the_measurement_and_setpoint_where_the_phase_before_left_it() -> None:
    press = FakePress()
    run = drive(WARM, press=press)
    seen = replace(look(press, NAMES, 6), temperature_setpoint_c=80.0, zones_c=(70.0,) * 6)
    heated = Ask(heat_enable=1, temperature_target_c=80.0, hydraulics=2)
    now = {"lacking": "", "counted_s": 0.0, "step_s": 0.1}
    servo = ProgrammeRun(Programme(segment=[WARM])).step(seen, heated, **now)
    assert servo.ask.temperature_target_c == pytest.approx(70.0)
    there = replace(seen, temperature_setpoint_c=70.0)
    programme = ProgrammeRun(Programme(segment=[WARM]))
    programme.step(seen, heated, **now)
    assert programme.step(there, heated, **now).ask.temperature_target_c == 62.0
    at_once = ProgrammeRun(Programme(segment=[WARM], start="setpoint")).step(seen, heated, **now)
    assert at_once.ask.temperature_target_c == 62.0
    assert run.procedure.state is State.RUNNING


# ---- any programme --------------------------------------------------------------------------

HEAT = st.builds(
    TemperatureMove,
    temperature_c=st.floats(22.0, 100.0),
    rate_c_per_min=st.floats(1.0, 60.0),
    holdback=st.sampled_from(["off", "low", "high", "band"]),
    holdback_s_max=st.just(1e4),
)
PRESS = st.builds(
    PressureMove,
    pressure_mpa=st.floats(1.0, 110.0),
    time_s=st.floats(1.0, 200.0),
    holdback=st.sampled_from(["off", "low", "high", "band"]),
    holdback_s_max=st.just(1e4),
)
SEGMENT = st.builds(
    Segment,
    temperature=st.none() | HEAT,
    pressure=st.none() | PRESS,
    dwell_s=st.floats(1.0, 100.0),
    guaranteed=st.booleans(),
)


@given(st.lists(SEGMENT, min_size=1, max_size=5), st.booleans())
@settings(max_examples=40, deadline=None)
def test_any_programme_ends_where_its_last_moves_say_and_asks_within_its_targets(
    segments: list[Segment], mutual: bool
) -> None:
    run = drive(*segments, mutual_holdback=mutual, timeout_s=86_400.0)
    press, begun_s, index = run.press, run.now_s, 0
    heats = [s.temperature for s in segments if s.temperature]
    presses = [s.pressure for s in segments if s.pressure]
    dwell_s = sum(s.dwell_s for s in segments)
    while run.procedure.phase == "programme":
        run.step()
        programme = run.procedure._run.engine
        if programme is not None:
            assert index <= programme.index <= index + 1, "one segment after the other"
            index = programme.index
        assert press.stack_pressure_mpa <= max([5.0, *(p.pressure_mpa for p in presses)]) + 1e-9
        assert run.now_s - begun_s < 40_000.0
    assert run.procedure.phase == "cool", run.moves[-1].cause
    assert run.now_s - begun_s >= dwell_s - 2.0 * len(segments) * STEP_S
    if presses:
        assert press.stack_pressure_mpa == pytest.approx(presses[-1].pressure_mpa, abs=0.02)
    if heats:
        measured_c = press.measurement_channel_unit[0]
        assert measured_c == pytest.approx(heats[-1].temperature_c, abs=0.6)


NUMBER = st.floats(-1e4, 1e4) | st.just(math.nan)


@given(st.lists(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER), min_size=1, max_size=30))
@settings(max_examples=300, deadline=None)
def test_whatever_is_measured_nothing_but_the_segments_targets_is_asked_for(
    course: list[tuple[float, float, float, float]],
) -> None:
    programme = ProgrammeRun(
        Programme(
            segment=[
                Segment(
                    temperature=TemperatureMove(temperature_c=90.0, rate_c_per_min=5.0),
                    pressure=PressureMove(pressure_mpa=60.0, rate_mpa_per_s=1.0),
                )
            ],
            start="setpoint",
        )
    )
    base, ask = look(FakePress(), NAMES, 6), Ask()
    for zone_c, setpoint_c, mpa, setpoint_mpa in course:
        seen: Seen = replace(
            base,
            zones_c=(zone_c,) * 6,
            temperature_setpoint_c=setpoint_c,
            pressure_mpa=mpa,
            pressure_setpoint_mpa=setpoint_mpa,
        )
        step = programme.step(seen, ask, lacking="", counted_s=0.0, step_s=0.1)
        ask = step.ask
        assert ask.temperature_target_c == 90.0
        assert ask.pressure_target_mpa == 60.0
        assert 0.0 < ask.temperature_rate_c_per_s <= 1.0
        assert 0.0 < ask.pressure_rate_mpa_per_s <= 20.0
        if math.isnan(zone_c) or math.isnan(mpa):
            assert ask.temperature_rate_c_per_s < 1e-3, "held: what is not known is not followed"
            assert not step.done


# ---- types and lint -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        {"temperature": {"temperature_c": 90.0}},
        {"temperature": {"temperature_c": 90.0, "rate_c_per_min": 5.0, "time_s": 10.0}},
        {"temperature": {"kind": "step", "temperature_c": 90.0, "rate_c_per_min": 5.0}},
        {"pressure": {"pressure_mpa": 900.0, "rate_mpa_per_s": 1.0}},
        {"pressure": {"pressure_mpa": 90.0, "rate_mpa_per_s": 1.0, "holdback": "sometimes"}},
        {},
    ],
)
def test_a_segment_that_means_nothing_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(bad, Segment)


@pytest.mark.parametrize(
    ("segment", "path", "words"),
    [
        (
            Segment(temperature=TemperatureMove(temperature_c=150.0, rate_c_per_min=5.0)),
            "segment[0].temperature.temperature_c", "150 °C is above",
        ),
        (
            Segment(temperature=TemperatureMove(temperature_c=90.0, time_s=60.0)),
            "segment[0].temperature.rate_c_per_min", "above 10 °C/min",
        ),
        (
            Segment(pressure=PressureMove(pressure_mpa=150.0, rate_mpa_per_s=1.0)),
            "segment[0].pressure.pressure_mpa", "150 MPa is above 132 MPa",
        ),
        (
            Segment(pressure=PressureMove(kind="step", pressure_mpa=100.0)),
            "segment[0].pressure.rate_mpa_per_s", "20 MPa/s is above 5 MPa/s",
        ),
        (
            Segment(pressure=PressureMove(pressure_mpa=1.0, rate_mpa_per_s=4.0)),
            "segment[0].pressure.rate_mpa_per_s", "4 MPa/s is above 1 MPa/s",
        ),
    ],
)  # fmt: skip
def test_the_lint_judges_a_segment_as_it_judges_a_phase(
    segment: Segment, path: str, words: str
) -> None:
    found = lint(recipe_of(segment), MATERIAL, STATION)
    assert any(f.path == f"phase[{PLACE}].{path}" and words in f.message for f in found), found


# ---- manual mode ----------------------------------------------------------------------------


def held() -> Drive:
    run = drive(WARM).for_s(60.0)
    assert run.procedure.manual(Manual(temperature_c=40.0)), "only a held batch"
    assert run.procedure.hold()
    return run.until("held")


def test_by_hand_the_setpoint_moves_from_where_it_is_and_goes_back_at_the_programmes_rate() -> None:
    run = held()
    press, before_c = run.press, run.press.zone_temperature_setpoint_c
    assert run.procedure.manual(Manual(temperature_c=50.0, rate_c_per_min=3.0), "anna") == ""
    run.step()
    assert abs(press.zone_temperature_setpoint_c - before_c) <= 3.0 / 60.0 + 1e-9
    assert run.moves[-1].kind == "operator"
    assert run.moves[-1].cause == "manual: 50 °C at 3 °C/min, by anna"
    run.until(lambda: press.zone_temperature_setpoint_c == 50.0)
    assert run.procedure.restart()
    previous_c = press.zone_temperature_setpoint_c
    while run.procedure.phase != "cool":
        run.step()
        assert abs(press.zone_temperature_setpoint_c - previous_c) <= 6.0 / 60.0 + 1e-9
        previous_c = press.zone_temperature_setpoint_c


def test_a_duty_by_hand_is_the_zones_and_ends_with_restart() -> None:
    run = held()
    assert run.procedure.manual(Manual(duty_fraction=0.2)) == ""
    run.step()
    assert run.press.command.manual_zone_bits == 0b111111
    assert run.press.command.manual_duty_fraction == (0.2,) * 6
    assert run.procedure.automatic()
    run.step()
    assert run.press.command.manual_zone_bits == 0
    assert run.procedure.manual(Manual(duty_fraction=0.1)) == ""
    run.step()
    run.procedure.restart()
    run.for_s(3.0)
    assert run.press.command.manual_zone_bits == 0


LIMIT = st.floats(0.0, 1.0)


@given(st.lists(LIMIT, min_size=1, max_size=4))
@settings(max_examples=8, deadline=None)
def test_each_segment_has_its_own_limit_and_the_programmes_end_lifts_it(limits) -> None:
    warm = (
        msgspec.structs.replace(WARM, name=f"s{i}", heater_duty_fraction_max=limit, dwell_s=5.0)
        for i, limit in enumerate(limits)
    )
    run = drive(*warm).for_s(2.0)
    seen = []
    while run.procedure.phase == "programme":
        seen.append(run.press.command.heater_duty_fraction_max)
        run.step()
    assert [limit for limit, _ in groupby(seen)] == [limit for limit, _ in groupby(limits)]
    assert run.press.command.heater_duty_fraction_max == 1.0


@pytest.mark.parametrize("left_by", ["stop", "abort"])
def test_who_leaves_a_limited_segment_leaves_its_limit(left_by) -> None:
    slow = msgspec.structs.replace(WARM, heater_duty_fraction_max=0.2, dwell_s=500.0)
    run = drive(slow).for_s(5.0)
    assert run.press.command.heater_duty_fraction_max == 0.2
    run.procedure.hold()
    run.until(lambda: run.procedure.state is State.HELD)
    assert run.procedure.manual(Manual(temperature_c=45.0)) == ""
    run.step()
    assert run.press.command.heater_duty_fraction_max == 0.2
    getattr(run.procedure, left_by)()
    run.for_s(5.0)
    assert run.press.command.heater_duty_fraction_max == 1.0


def test_a_limit_too_low_for_its_rate_is_told_with_the_number_that_would_do() -> None:
    def findings(limit: float, rate: float) -> list[str]:
        warm = TemperatureMove(temperature_c=90.0, rate_c_per_min=rate)
        recipe = recipe_of(Segment(temperature=warm, heater_duty_fraction_max=limit))
        found = lint(recipe, MATERIAL, STATION)
        return [str(f) for f in found if f.path.endswith("heater_duty_fraction_max")]

    needs = duty_fraction(STATION, 90.0, 4.0)
    assert findings(1.0, 4.0) == findings(needs + 1e-6, 4.0) == []
    (told,) = findings(needs - 0.05, 4.0)
    assert told.startswith("warning")
    assert f"below {needs:.3f}" in told
    able = able_c_per_min(STATION, 90.0, needs - 0.05)
    assert f"no more than {able:.2f} °C/min" in told
    assert duty_fraction(STATION, 90.0, able) == pytest.approx(needs - 0.05)
    (told,) = findings(0.5 * duty_fraction(STATION, 90.0, 0.0), 4.0)
    assert "keeps 90 °C" in told


def test_the_hand_does_not_let_a_batch_time_out_while_somebody_is_there() -> None:
    run = held().for_s(3500.0)
    assert run.procedure.manual(Manual(temperature_c=45.0)) == ""
    run.for_s(3000.0)
    assert run.procedure.state is State.HELD
    run.until(lambda: run.procedure.state is not State.HELD, s_max=700.0)


@given(
    st.builds(
        Manual,
        temperature_c=st.none() | NUMBER,
        rate_c_per_min=NUMBER,
        pressure_mpa=st.none() | NUMBER,
        rate_mpa_per_s=NUMBER,
        duty_fraction=st.none() | NUMBER,
    )
)
@settings(max_examples=200, deadline=None)
def test_no_hand_reaches_beyond_the_recipes_limits(manual: Manual) -> None:
    run = HELD
    refused = run.procedure.manual(manual)
    assert (not refused) or "must be within" in refused
    run.step()
    command = run.press.command
    assert command.temperature_target_c <= RECIPE.limits.temperature_c_max
    assert 0.0 <= command.pressure_target_mpa <= RECIPE.limits.pressure_mpa_max
    assert all(0.0 <= duty <= DUTY_MAX for duty in command.manual_duty_fraction)
    assert 0.0 < command.temperature_rate_c_per_s <= 1.0
    assert 0.0 < command.pressure_rate_mpa_per_s <= 20.0


HELD = held()
