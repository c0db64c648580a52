"""Random moves of one axis, for the ramp and for ruckig."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

from ruckig import InputParameter

from controller.kernel import ffi, lib


@dataclass(frozen=True, slots=True)
class Move:
    """From (position, velocity, acceleration) to rest at `target`, within the limits."""

    position: float
    velocity: float
    acceleration: float
    target: float
    velocity_max: float
    acceleration_max: float
    jerk_max: float

    def planned(self) -> Any:
        """A press_ramp_t on its way. Raises ValueError when the kernel refuses the move."""
        ramp = ffi.new("press_ramp_t *")
        ramp.position_unit = self.position
        ramp.velocity_unit_per_s = self.velocity
        ramp.acceleration_unit_per_s2 = self.acceleration
        if lib.press_ramp_plan(ramp, *self.request()) != lib.PRESS_RAMP_OK:
            raise ValueError(f"the kernel refuses {self}")
        return ramp

    def request(self) -> tuple[float, float, float, float]:
        """The arguments of press_ramp_plan after the ramp."""
        return (self.target, self.velocity_max, self.acceleration_max, self.jerk_max)

    def for_ruckig(self) -> InputParameter:
        asked = InputParameter(1)
        asked.current_position = [self.position]
        asked.current_velocity = [self.velocity]
        asked.current_acceleration = [self.acceleration]
        asked.target_position = [self.target]
        asked.max_velocity = [self.velocity_max]
        asked.max_acceleration = [self.acceleration_max]
        asked.max_jerk = [self.jerk_max]
        return asked


# Limits like a platen's in °C and seconds: about a minute, every kind of segment in it.
LONG = Move(0.0, 0.0, 0.0, 100.0, 2.0, 0.2, 0.02)


def random_moves(count: int, seed: int) -> list[Move]:
    """Limits over two decades each; every second move starts moving and accelerating."""
    dice = random.Random(seed)
    moves = []
    for i in range(count):
        velocity_max, acceleration_max, jerk_max = (10 ** dice.uniform(-1, 1) for _ in range(3))
        moving = i % 2
        moves.append(
            Move(
                dice.uniform(-10, 10),
                moving * dice.uniform(-velocity_max, velocity_max),
                moving * dice.uniform(-acceleration_max, acceleration_max),
                dice.uniform(-10, 10),
                velocity_max,
                acceleration_max,
                jerk_max,
            )
        )
    return moves


def packed(moves: Iterable[Move]) -> bytes:
    """As ramp_loop.c reads them."""
    return b"".join(struct.pack("=7d", *astuple(move)) for move in moves)
