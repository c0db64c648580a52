"""Is the list of phases a press cycle at all? Order, and what must not be missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.config.material import Material
from controller.recipe.finding import Finding, Stage, error
from controller.recipe.phases import (
    Cool,
    Gate,
    Heat,
    Hold,
    Prepress,
    Pressurise,
    Programme,
    Release,
    Soak,
    Touch,
    Unload,
    kind_of,
)

_NEEDS: dict[type, tuple[tuple[type, ...], str]] = {
    Prepress: ((Touch,), "platens that have not touched meet the stack with a blow"),
    Heat: ((Touch,), "an open press heats the room, and the stack estimate is worthless"),
    Soak: ((Heat,), "there is no temperature to soak at"),
    Pressurise: ((Touch,), "platens that have not touched meet the stack with a blow"),
    Programme: ((Touch,), "platens that have not touched meet the stack with a blow"),
    Hold: ((Prepress, Pressurise), "there is no pressure to hold"),
    Release: ((Prepress, Pressurise), "there is no pressure to release"),
}


def order(walk: Sequence[Stage], material: Material) -> Iterator[Finding]:
    yield from _ends(walk)
    for index, stage in enumerate(walk):
        before = walk[:index]
        kinds, why = _NEEDS.get(type(stage.phase), ((), ""))
        if kinds and not any(isinstance(earlier.phase, kinds) for earlier in before):
            wanted = " or ".join(kind.__name__.lower() for kind in kinds)
            yield error(f"{stage.path}.kind", f"needs a {wanted} phase before it; add one", why)
        yield from _closing(stage, before, material)


def _ends(walk: Sequence[Stage]) -> Iterator[Finding]:
    if not isinstance(walk[0].phase, Gate):
        yield error(
            "phase[0].kind",
            f'is "{kind_of(walk[0].phase)}", the first phase must be "gate"; add it',
            "nothing may move before every permissive is there",
        )
    if not isinstance(walk[-1].phase, Unload):
        yield error(
            f"{walk[-1].path}.kind",
            f'is "{kind_of(walk[-1].phase)}", the last phase must be "unload"; add it',
            "the press must end open and without pressure",
        )
    for stage in walk[1:]:
        if isinstance(stage.phase, Gate):
            yield error(f"{stage.path}.kind", '"gate" only comes first; remove it', "it disarms")
    for stage in walk[:-1]:
        if isinstance(stage.phase, Unload):
            yield error(
                f"{stage.path}.kind", '"unload" only comes last; remove it', "the press is open"
            )


def _closing(stage: Stage, before: Sequence[Stage], material: Material) -> Iterator[Finding]:
    """Hot stacks are cooled before they are released, pressed ones released before unloading."""
    pressed = stage.start.pressure_mpa > 0.0
    last_heat = max((i for i, s in enumerate(before) if isinstance(s.phase, Heat)), default=-1)
    cooled = any(isinstance(s.phase, Cool) for s in before[last_heat + 1 :])
    must_cool = material.limits.cool_under_pressure and last_heat >= 0 and not cooled
    if isinstance(stage.phase, Release) and must_cool:
        yield error(
            f"{stage.path}.kind",
            'needs a "cool" phase between the last "heat" and it; add one',
            f"{material.name}: {material.limits.release_temperature_c_max.why}",
        )
    touched_only = all(not isinstance(s.phase, Prepress | Pressurise) for s in before)
    if isinstance(stage.phase, Unload) and pressed and not touched_only:
        yield error(
            f"{stage.path}.kind",
            f'opens on {stage.start.pressure_mpa:g} MPa; add a "release" phase before it',
            "pressure that goes at once throws parts and delaminates the stack",
        )
