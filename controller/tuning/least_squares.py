"""Small least squares: Levenberg-Marquardt on a few parameters with box bounds, and the
normal equations it needs. Plain Python: a dozen unknowns, some hundred residuals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Vector = list[float]
Matrix = list[Vector]


class SingularError(ArithmeticError):
    """The data do not tell the parameters apart."""


def inverse(matrix: Sequence[Sequence[float]]) -> Matrix:
    """By Gauss-Jordan with row pivots. Raises SingularError."""
    size = len(matrix)
    rows = [[*row, *(1.0 if i == j else 0.0 for j in range(size))] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(rows[row][column]))
        if not abs(rows[pivot][column]) > 1e-300:
            raise SingularError("the data do not tell the parameters apart")
        rows[column], rows[pivot] = rows[pivot], rows[column]
        head = rows[column][column]
        rows[column] = [number / head for number in rows[column]]
        for row in range(size):
            if row != column and rows[row][column] != 0.0:
                factor = rows[row][column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column], strict=True)]
    return [row[size:] for row in rows]


def normal(columns: Sequence[Sequence[float]]) -> Matrix:
    """Jacobian's transpose times itself; `columns[j]` is the derivative by parameter j."""
    return [[_dot(a, b) for b in columns] for a in columns]


def line(xs: Sequence[float], ys: Sequence[float]) -> tuple[float, float]:
    """Offset and slope of ys over xs. Raises SingularError when xs does not vary."""
    count = len(xs)
    mean_x, mean_y = sum(xs) / count, sum(ys) / count
    spread = sum((x - mean_x) ** 2 for x in xs)
    if not spread > 1e-300:
        raise SingularError("nothing varied")
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
    return mean_y - slope * mean_x, slope


def minimise(
    residuals: Callable[[Vector], Vector],
    start: Vector,
    bounds: Sequence[tuple[float, float]],
    *,
    steps: Sequence[float],
    iterations_max: int = 40,
) -> tuple[Vector, Vector]:
    """Parameters inside `bounds` with the least sum of squares, and their residuals.

    Derivatives are differences over `steps`. Damping after Marquardt; ends when a step
    gains less than a millionth.
    """
    at, found = _inside(start, bounds), residuals(_inside(start, bounds))
    cost, damping = _dot(found, found), 1e-3
    for _ in range(iterations_max):
        columns = derivatives(residuals, at, found, bounds, steps)
        squares, slope = normal(columns), [_dot(column, found) for column in columns]
        gained = False
        while damping < 1e8 and not gained:
            trial = _damped(at, squares, slope, damping, bounds)
            tried = residuals(trial)
            tried_cost = _dot(tried, tried)
            gained = tried_cost < cost
            damping = damping * 0.2 if gained else damping * 5.0
        if not gained:
            break
        small = cost - tried_cost < 1e-6 * cost
        at, found, cost = trial, tried, tried_cost
        if small:
            break
    return at, found


def derivatives(
    residuals: Callable[[Vector], Vector],
    at: Vector,
    found: Vector,
    bounds: Sequence[tuple[float, float]],
    steps: Sequence[float],
) -> Matrix:
    """Columns of differences, taken towards the inside of the bounds."""
    columns: Matrix = []
    for index, step in enumerate(steps):
        signed = step if at[index] + step <= bounds[index][1] else -step
        moved = [*at]
        moved[index] += signed
        columns.append([(a - b) / signed for a, b in zip(residuals(moved), found, strict=True)])
    return columns


def _damped(
    at: Vector,
    squares: Matrix,
    slope: Vector,
    damping: float,
    bounds: Sequence[tuple[float, float]],
) -> Vector:
    size = len(at)
    held = [[*row] for row in squares]
    for i in range(size):
        held[i][i] += damping * squares[i][i] + 1e-12
    move = [_dot(row, slope) for row in inverse(held)]
    return _inside([a - b for a, b in zip(at, move, strict=True)], bounds)


def _inside(at: Sequence[float], bounds: Sequence[tuple[float, float]]) -> Vector:
    return [min(high, max(low, x)) for x, (low, high) in zip(at, bounds, strict=True)]


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))
