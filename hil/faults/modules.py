"""Faults of I/O modules that speak Modbus: what becomes of a request and of its answer.

Sans-IO: a request goes in, what to put on the wire comes out, with the delays and the damage that
the transport is to do. So one fault means the same over TCP and over a serial line. `off` and
`open` are deaf and silent (off: outputs zero at once, a restart at the end), `stuck` answers for
ever what it knew and applies nothing it is told, `wrong` damages answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hil.devices.module import Module
from hil.devices.pdu import respond
from hil.devices.registers import Bank as RegisterBank
from hil.devices.registers import Registers
from hil.faults.bench import Active, Bench
from hil.faults.chance import mixed, uniform

_EXCEPTION = 0x80
_READS = (3, 4)
_NOT_FRAMES = ("exception", "restart", "identity", "sample_count", "foreign_write")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One answer: `damage` is for the transport, one of `ANSWERS` that frames can suffer."""

    pdu: bytes
    delay_s: float = 0.0
    byte_s: float = 0.0
    damage: str = ""


class HungModule:
    """What a hung module still answers with: its registers as they were."""

    def __init__(self, module: Module) -> None:
        runs = [_frozen(run) for run in module.inputs.runs]
        self.inputs = RegisterBank(*runs)
        self.holding = RegisterBank(*(_frozen(run) for run in module.holding.runs))


def _frozen(run: Registers) -> Registers:
    copy = Registers(run.address, len(run.memory) // 2, check=lambda after: None)
    copy.memory[:] = run.memory
    return copy


class ModuleFaults:
    """Between the transport and the modules. Costs nothing while `acting` is False.

    `swallowed(module)` is called for every write that a faulty module did not take, `fallen`
    after a fault has made outputs safe.
    """

    def __init__(
        self,
        bench: Bench,
        modules: Iterable[Module],
        swallowed: Callable[[Module], None],
        fallen: Callable[[], None],
    ) -> None:
        self._bench = bench
        self._modules = {module.name: module for module in modules}
        self._swallowed = swallowed
        self._fallen = fallen
        self._faults: dict[str, tuple[Active, ...]] = {}
        self._hung: dict[str, HungModule] = {}
        self._unheard: dict[str, int] = {}  # writes in a row, by module
        self._restarted = 0
        self._exchange_count = 0
        self.acting = False
        bench.listeners.append(self._changed)
        self._changed()

    def _changed(self) -> None:
        before, self._faults = self._faults, {}
        for name, module in self._modules.items():
            faults = self._bench.of_device(name)
            if faults:
                self._faults[name] = faults
            self._begin(module, _verbs(before.get(name, ())), _verbs(faults))
            for active in faults:
                if active.parameters.get("answer") == "restart" and active.handle > self._restarted:
                    self._restarted = active.handle
                    self._restart(module)
        self.acting = bool(self._faults)

    def _begin(self, module: Module, before: set[str], now: set[str]) -> None:
        """Power goes and comes; a module hangs and wakes up."""
        if "off" in now and "off" not in before:
            module.lease.release()
            module.make_safe()
            self._fallen()
        if "off" in before and "off" not in now:
            self._restart(module)
        if "stuck" in now:
            self._hung.setdefault(module.name, HungModule(module))
        else:
            self._hung.pop(module.name, None)

    def _restart(self, module: Module) -> None:
        module.restart()
        self._fallen()

    def is_dead(self, module: Module) -> bool:
        """Deaf and silent: nothing that the host does reaches it."""
        return any(a.fault.verb in ("off", "open") for a in self._faults.get(module.name, ()))

    def answer(self, module: Module, pdu: bytes) -> Delivery | None:
        """None: no answer at all."""
        self._exchange_count += 1
        faults = self._faults.get(module.name, ())
        hung = self._hung.get(module.name)
        code = next((_code(active) for active in faults if _refuses(active)), None)
        if pdu[0] not in _READS:
            self._count_write(module, hung is not None, bool(code) or self.is_dead(module))
        if self.is_dead(module):
            return None
        if code:
            return self._damaged(Delivery(bytes((pdu[0] | _EXCEPTION, code))), module, faults)
        if hung is not None:
            return self._damaged(Delivery(respond(pdu, hung.inputs, hung.holding)), module, faults)
        delivery = Delivery(respond(pdu, module.inputs, module.holding))
        shared = any(a.parameters.get("answer") == "foreign_write" for a in faults)
        if shared and pdu[0] not in _READS:
            self._write_foreign(module)
        return self._damaged(delivery, module, faults)

    def _write_foreign(self, module: Module) -> None:
        """A second master flips the first output after every write of ours."""
        groups = module.profile.actuate.terminals if module.profile.actuate is not None else ()
        for terminals in groups:
            if terminals.is_bits:
                module.actuate.memory[2 * terminals.offset + 1] ^= 1
                module.reflect()
                self._fallen()

    def _count_write(self, module: Module, hangs: bool, unheard: bool) -> None:
        if hangs and not unheard:
            module.renew_lease()
            self._swallowed(module)
        elif unheard:
            self.miss_write(module)
            self._swallowed(module)
        else:
            self._unheard[module.name] = 0

    def miss_write(self, module: Module) -> None:
        """A tick passed whose outputs the module did not hear: its lease runs on machine time."""
        if not module.has_outputs:
            return
        missed = self._unheard.get(module.name, 0) + 1
        self._unheard[module.name] = missed
        lease_s = module.lease_register.word(0) * 1e-3
        if module.lease.held and missed * self._bench.tick_s >= lease_s - 1e-9:
            module.expire_lease()
            self._fallen()

    def dead_modules(self) -> list[Module]:
        """Those that neither hear nor answer now."""
        return [m for name, m in self._modules.items() if name in self._faults and self.is_dead(m)]

    def _damaged(
        self, delivery: Delivery, module: Module, faults: tuple[Active, ...]
    ) -> Delivery | None:
        pdu, delay_s, byte_s, damage = delivery.pdu, 0.0, 0.0, ""
        for active in faults:
            seed = (self._bench.seed, active.handle, self._exchange_count)
            match active.fault.verb:
                case "intermittent" if uniform(*seed) < _number(active, "fraction"):
                    return None
                case "delayed":
                    delay_s += _number(active, "delay_s")
                case "slow":
                    byte_s = max(byte_s, _number(active, "byte_s"))
                case "garbage":
                    pdu = _any_content(pdu, *seed)
                case "wrong":
                    answer = str(active.parameters["answer"])
                    pdu = _altered(pdu, answer, module)
                    if answer not in _NOT_FRAMES:
                        damage = answer
        return Delivery(pdu, delay_s, byte_s, damage)


def _verbs(faults: tuple[Active, ...]) -> set[str]:
    return {active.fault.verb for active in faults}


def _number(active: Active, name: str) -> float:
    return float(active.parameters[name] or 0.0)


def _refuses(active: Active) -> bool:
    return active.fault.verb == "wrong" and active.parameters["answer"] == "exception"


def _code(active: Active) -> int:
    return int(_number(active, "code"))


def _any_content(pdu: bytes, *seed: int) -> bytes:
    """A reading's registers at random; what is no reading stays."""
    if pdu[0] not in _READS:
        return pdu
    words = range(0, len(pdu) - 2, 8)
    content = b"".join(mixed(*seed, at).to_bytes(8, "big") for at in words)
    return pdu[:2] + content[: len(pdu) - 2]


def _altered(pdu: bytes, answer: str, module: Module) -> bytes:
    """Another module's identity, or a sample counter that runs backwards."""
    if pdu[0] not in _READS:
        return pdu
    if answer == "identity" and len(pdu) == 2 + 2 * len(module.profile.identity):
        return pdu[:4] + bytes((pdu[4] ^ 0xFF,)) + pdu[5:]
    at = 2 + module.profile.sense.words["sample_count"]
    if answer == "sample_count" and len(pdu) == 2 + 2 * module.profile.sense.count:
        counted = -int.from_bytes(pdu[at : at + 2], "big") & 0xFFFF
        return pdu[:at] + counted.to_bytes(2, "big") + pdu[at + 2 :]
    return pdu
