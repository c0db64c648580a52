"""Is the list of phases a WIP's cycle at all? Order, and what must not be missing.

Pump and hold may repeat: a thick cell settles at a lower pressure first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.recipe.finding import Finding, error
from controller.recipe.phases import Gate, PhaseBase
from controller.recipe.wip_phases import (
    BagTest,
    Decompress,
    Evacuate,
    Fill,
    Hold,
    LeakTest,
    Preheat,
    Pump,
    Purge,
    Unlock,
)
from controller.recipe.wip_walk import WipStage

_Kind = type[PhaseBase]
_NEEDS: dict[_Kind, tuple[tuple[_Kind, str], ...]] = {
    BagTest: ((Evacuate, "a bag with air in it hides every leak"),),
    Fill: (
        (Evacuate, "air in the bag is compressed and parts the layers on the way back"),
        (BagTest, "a bag that leaks drowns the cell and makes hydrogen sulfide of it"),
    ),
    LeakTest: ((Fill, "an empty vessel holds no pressure"),),
    Pump: ((LeakTest, "the kernel pumps no higher before the vessel is proven tight"),),
    Hold: ((Pump, "there is no pressure to hold"),),
    Decompress: ((LeakTest, "there is no pressure to let off"),),
    Purge: ((Decompress, "what 490 MPa holds back is let off through the needle, not a drain"),),
    Unlock: ((Purge, "nobody opens before the head space is proven clean"),),
}
_ONCE = (Gate, Fill, Purge, Unlock)
_BEFORE_WATER = (Evacuate, BagTest, Preheat)


def kind_name(kind: _Kind) -> str:
    return str(kind.__struct_config__.tag)


def wip_order(walk: Sequence[WipStage]) -> Iterator[Finding]:
    yield from _ends(walk)
    for index, stage in enumerate(walk):
        before = [type(earlier.phase) for earlier in walk[:index]]
        for kind, why in _NEEDS.get(type(stage.phase), ()):
            if kind not in before:
                message = f'needs a "{kind_name(kind)}" phase before it; add one'
                yield error(f"{stage.path}.kind", message, why)
        yield from _late(stage, before)
        yield from _pressure(stage)


def _ends(walk: Sequence[WipStage]) -> Iterator[Finding]:
    if not isinstance(walk[0].phase, Gate):
        yield error(
            "phase[0].kind",
            f'is "{kind_name(type(walk[0].phase))}", the first phase must be "gate"; add it',
            "nothing may move before every permissive is there",
        )
    if not isinstance(walk[-1].phase, Unlock):
        yield error(
            f"{walk[-1].path}.kind",
            f'is "{kind_name(type(walk[-1].phase))}", the last phase must be "unlock"; add it',
            "the vessel must end open and without pressure",
        )
    for stage in walk[1:]:
        if isinstance(stage.phase, Gate):
            yield error(f"{stage.path}.kind", '"gate" only comes first; remove it', "it disarms")


def _late(stage: WipStage, before: Sequence[_Kind]) -> Iterator[Finding]:
    """What comes too late, or twice."""
    kind, path = type(stage.phase), f"{stage.path}.kind"
    name = kind_name(kind)
    if kind in _BEFORE_WATER and Fill in before:
        why = "the vessel is full of water"
        yield error(path, f'"{name}" only comes before "fill"; move it', why)
    if kind in _ONCE and kind in before and kind is not Gate:
        yield error(path, f'"{name}" only comes once; remove it', "it was done before")
    if Purge in before and kind not in (Purge, Unlock, Gate):
        why = "the vessel is drained"
        yield error(path, f'"{name}" only comes before "purge"; move it', why)


def _pressure(stage: WipStage) -> Iterator[Finding]:
    phase, at_mpa = stage.phase, stage.start.pressure_mpa
    if isinstance(phase, Pump) and phase.pressure_mpa <= at_mpa:
        yield error(
            f"{stage.path}.pressure_mpa",
            f"{phase.pressure_mpa:g} MPa is not above the {at_mpa:g} MPa it starts at; raise "
            'pressure_mpa or use "decompress"',
            "a pump only raises",
        )
    if isinstance(phase, Fill | Purge | Unlock) and at_mpa > 0.0:
        yield error(
            f"{stage.path}.kind",
            f'opens the vessel on {at_mpa:g} MPa; add a "decompress" phase before it',
            "the lock's own piston would not obey, and the recipe would wait for ever",
        )
