"""The valve's experiment behind the kernel: closed at low force, slowly up and down, open again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from controller.ports import Tick
from controller.tuning.start_gate import (
    HYDRAULICS_CLOSE,
    HYDRAULICS_OPEN,
    HYDRAULICS_PRESSURE,
    QUALITY_BAD,
    Gate,
    Tables,
    ask_nothing,
)
from controller.tuning.valve import ValvePoint


class ValveStage(StrEnum):
    WAIT = "waits for permission"
    CLOSE = "closes"
    SETTLE = "settles"
    UP = "pressure up"
    DOWN = "pressure down"
    OPEN = "opens"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ValveLimits:
    """Of the valve experiment: low pressure on empty platens or a dummy, and its pace."""

    pressure_mpa_low: float
    pressure_mpa_high: float
    rate_mpa_per_s: float
    stage_s_max: float = 240.0
    settle_s: float = 10.0
    pressure_bar_max: float = 60.0
    turn_bar: float = 2.0
    """So far behind a turn nothing is recorded: the play is being crossed."""


class ValveTuning:
    """Slowly up and down; `opening` tells what the last gate gave the valve."""

    def __init__(
        self, limits: ValveLimits, tables: Tables, *, opening: Callable[[], float]
    ) -> None:
        self.stage = ValveStage.WAIT
        self.refusal = ""
        self.points: list[ValvePoint] = []
        self._limits = limits
        self._opening = opening
        self._gate = Gate(tables)
        self._stage_s = 0.0
        self._turn_bar = 0.0

    @property
    def phase(self) -> str:
        return f"valve, {self.stage}"

    @property
    def finished(self) -> bool:
        return self.stage in (ValveStage.DONE, ValveStage.REFUSED)

    def step(self, tick: Tick, observation: Any, command: Any) -> tuple[Any, ...]:
        """Advance to `tick` and fill `command`."""
        ask_nothing(command, tick)
        self._stage_s += self._gate.step(tick, observation, command)
        if self.finished:
            return ()
        self._watch(observation)
        if not self.refusal:
            self._advance(observation)
        self._ask(command)
        return ()

    def _watch(self, seen: Any) -> None:
        limits, slow = self._limits, self.stage not in (ValveStage.WAIT, ValveStage.OPEN)
        if self._gate.refusal:
            self._refuse(self._gate.refusal)
        elif seen.pressure_quality == QUALITY_BAD:
            self._refuse("the pressure measurement is bad")
        elif seen.cylinder_pressure_bar > limits.pressure_bar_max:
            self._refuse(
                f"{seen.cylinder_pressure_bar:.1f} bar is above the limit of "
                f"{limits.pressure_bar_max:g} bar"
            )
        elif slow and self._stage_s > limits.stage_s_max:
            self._refuse(f"not done after {limits.stage_s_max:g} s in: {self.stage}")

    def _refuse(self, why: str) -> None:
        self.refusal = why
        self._enter(ValveStage.REFUSED)

    def _enter(self, stage: ValveStage) -> None:
        self.stage, self._stage_s = stage, 0.0

    def _advance(self, seen: Any) -> None:
        pressure_mpa, bar = seen.stack_pressure_setpoint_mpa, seen.cylinder_pressure_bar
        limits, near_mpa = self._limits, 0.02 * self._limits.pressure_mpa_high
        if self.stage is ValveStage.WAIT and self._gate.open:
            self._enter(ValveStage.CLOSE)
        elif self.stage is ValveStage.CLOSE and seen.contact:
            self._enter(ValveStage.SETTLE)
        elif self.stage is ValveStage.SETTLE and self._stage_s > limits.settle_s:
            if abs(pressure_mpa - limits.pressure_mpa_low) < near_mpa:
                self._turn_bar = bar
                self._enter(ValveStage.UP)
        elif self.stage is ValveStage.UP:
            self._take(bar, rising=True)
            if pressure_mpa > limits.pressure_mpa_high - near_mpa:
                self._turn_bar = bar
                self._enter(ValveStage.DOWN)
        elif self.stage is ValveStage.DOWN:
            self._take(bar, rising=False)
            if pressure_mpa < limits.pressure_mpa_low + near_mpa:
                self._enter(ValveStage.OPEN)
        elif self.stage is ValveStage.OPEN and self._stage_s > limits.settle_s:
            self._enter(ValveStage.DONE)

    def _take(self, bar: float, *, rising: bool) -> None:
        if abs(bar - self._turn_bar) > self._limits.turn_bar:
            self.points.append(
                ValvePoint(opening_fraction=self._opening(), pressure_bar=bar, rising=rising)
            )

    def _ask(self, command: Any) -> None:
        limits = self._limits
        command.pressure_rate_mpa_per_s = limits.rate_mpa_per_s
        if self.stage is ValveStage.CLOSE:
            command.hydraulics = HYDRAULICS_CLOSE
        elif self.stage in (ValveStage.SETTLE, ValveStage.UP, ValveStage.DOWN):
            up = self.stage is ValveStage.UP
            command.hydraulics = HYDRAULICS_PRESSURE
            command.pressure_target_mpa = (
                limits.pressure_mpa_high if up else limits.pressure_mpa_low
            )
        elif self.stage is ValveStage.OPEN:
            command.hydraulics = HYDRAULICS_OPEN
