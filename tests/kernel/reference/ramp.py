"""Slow, obvious jerk-limited moves: lists of segments, integrated, and bisection on the switch."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Segments = list[tuple[float, float]]  # (duration_s, jerk)


@dataclass(frozen=True)
class Point:
    position: float
    velocity: float
    acceleration: float


@dataclass(frozen=True)
class Limits:
    velocity: float
    acceleration: float
    jerk: float


def advance(point: Point, duration: float, jerk: float) -> Point:
    """Constant jerk for a time; the order of operations is the kernel's."""
    moved = duration * (
        point.velocity + duration * (0.5 * point.acceleration + duration * (jerk / 6.0))
    )
    return Point(
        point.position + moved,
        point.velocity + duration * (point.acceleration + duration * (0.5 * jerk)),
        point.acceleration + duration * jerk,
    )


def at(start: Point, segments: Segments, elapsed: float) -> Point:
    """Where the move is after `elapsed` seconds, from its start."""
    for duration, jerk in segments:
        if elapsed < duration:
            return advance(start, elapsed, jerk)
        start, elapsed = advance(start, duration, jerk), elapsed - duration
    return start


def to_velocity(point: Point, velocity: float, limits: Limits) -> Segments:
    """Fastest way to a velocity with no acceleration left, from inside the limits."""
    a, jerk = point.acceleration, limits.jerk
    reached = point.velocity + a * abs(a) / (2 * jerk)
    sense = 1.0 if velocity >= reached else -1.0
    a, gap = sense * a, sense * (velocity - point.velocity)
    peak = sqrt(max(a * a / 2 + jerk * gap, 0.0))
    hold = 0.0
    if peak > limits.acceleration:
        peak = limits.acceleration
        hold = (gap - (2 * peak * peak - a * a) / (2 * jerk)) / peak
    return [
        (max((peak - a) / jerk, 0.0), sense * jerk),
        (hold, 0.0),
        (peak / jerk, -sense * jerk),
    ]


def duration_of(segments: Segments) -> float:
    return sum(duration for duration, _ in segments)


def _push_then_stop(start: Point, limits: Limits, sense: float, switch: float) -> Segments:
    push = to_velocity(start, sense * limits.velocity, limits)
    done: Segments = []
    for duration, jerk in [*push, (float("inf"), 0.0)]:
        done.append((min(duration, switch), jerk))
        switch -= done[-1][0]
        if switch <= 0.0:
            break
    return done + to_velocity(at(start, done, float("inf")), 0.0, limits)


def plan(start: Point, target: float, limits: Limits) -> Segments:
    """Time-optimal move to rest at the target from a state inside the limits.

    Pushes toward the target and switches to the stop at a time found by bisection: the later the
    switch, the farther the end.
    """

    def end(segments: Segments) -> float:
        return at(start, segments, float("inf")).position

    rest = to_velocity(start, 0.0, limits)
    sense = 1.0 if target >= end(rest) else -1.0
    low, high = 0.0, 1.0
    while sense * (end(_push_then_stop(start, limits, sense, high)) - target) < 0.0:
        high *= 2.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if sense * (end(_push_then_stop(start, limits, sense, middle)) - target) < 0.0:
            low = middle
        else:
            high = middle
    return _push_then_stop(start, limits, sense, high)
