"""A simulated I/O module: identity, terminals, diagnostics, read-back and output lease."""

from __future__ import annotations

import struct
from collections.abc import Callable

from hil.devices.lease import OutputLease
from hil.devices.profile import ModuleMap
from hil.devices.registers import ILLEGAL_VALUE, Bank, RefusedError, Registers

RUNNING, OUTPUTS_SAFE = 1, 4  # bits of module_status


class Module:
    """What hangs behind one unit id. `clock` is the module's own monotonic time in seconds.

    `outputs_written` is called after every write of the output block; the machine decides
    there what its terminals and its time do. `boot_count` is that of the last power cycle.
    With `lease_is_fixed` the lease register remembers what a host writes, but the wall time
    of the lease stays `lease_ms`: in lockstep the machine's own time stands still in
    silence, so how long the wall may take is a property of the bench, not of the host.
    """

    def __init__(
        self,
        name: str,
        unit_id: int,
        profile: ModuleMap,
        lease_ms: int,
        clock: Callable[[], float],
        *,
        boot_count: int = 0,
        lease_is_fixed: bool = False,
    ) -> None:
        self.name = name
        self.unit_id = unit_id
        self.profile = profile
        self._clock = clock
        self._lease_ms = lease_ms
        self._lease_is_fixed = lease_is_fixed
        self.lease = OutputLease(lease_ms * 1e-3)
        self.outputs_written: Callable[[Module], None] = lambda module: None
        identity = Registers(profile.identity_address, len(profile.identity))
        struct.pack_into(f">{len(profile.identity)}H", identity.memory, 0, *profile.identity)
        self.sense = Registers(profile.sense.address, profile.sense.count)
        actuate = profile.actuate
        self.actuate = (
            Registers(actuate.address, actuate.count, self._check_outputs, self._take_outputs)
            if actuate is not None
            else Registers(0, 0)
        )
        self.lease_register = (
            Registers(profile.lease_address, 1, self._check_lease, self._take_lease)
            if actuate is not None
            else Registers(0, 0)
        )
        self.inputs = Bank(identity, self.sense)
        self.holding = Bank(self.actuate, self.lease_register)
        self._bounds = self._analogue_bounds()
        self._boot_count = boot_count
        self.restart()

    @property
    def has_outputs(self) -> bool:
        return self.profile.actuate is not None

    @property
    def has_digital_outputs(self) -> bool:
        actuate = self.profile.actuate
        return actuate is not None and any(t.is_bits for t in actuate.terminals)

    def restart(self) -> None:
        """Power came back: outputs safe, lease as configured here, one more boot counted."""
        self._boot_count += 1
        self._put("boot_count", self._boot_count)
        if self.has_outputs:
            self.lease.timeout_s = self._lease_ms * 1e-3
            self.lease_register.put_word(0, self._lease_ms)
            self.lease.release()
        self.make_safe()

    def make_safe(self) -> None:
        """Zero every output terminal, as the lease does."""
        self.actuate.memory[:] = bytes(len(self.actuate.memory))
        self.reflect()

    def lapse_if_due(self) -> bool:
        """True when silence has just made the outputs safe."""
        if not self.lease.lapse_if_due(self._clock()):
            return False
        self.make_safe()
        return True

    def renew_lease(self) -> None:
        """As if the outputs had been written, when they were acknowledged but not applied."""
        self.lease.renew(self._clock())

    def expire_lease(self) -> None:
        """The lease has run out on the machine's own time."""
        if self.lease.held:
            self.lease.held = False
            self.lease.lapse_count += 1
            self.make_safe()

    def reflect(self) -> None:
        """Status, lapses, echo and read-back as they stand now."""
        safe = OUTPUTS_SAFE if self.has_outputs and not self.lease.held else 0
        self._put("module_status", RUNNING | safe)
        if self.profile.actuate is None:
            return
        self._put("lease_lapse_count", self.lease.lapse_count)
        if "tick_echo" in self.profile.actuate.words:
            self._put("tick_echo", self.actuate.word(self.profile.actuate.words["tick_echo"]))
        for terminals in self.profile.actuate.terminals:
            back = self.profile.sense.find(
                f"{terminals.stem}_1", terminals.kind.replace("output", "readback")
            )
            if back is not None:
                size = 2 if terminals.is_bits else 2 * terminals.registers * terminals.count
                content = self.actuate.memory[2 * terminals.offset : 2 * terminals.offset + size]
                self.sense.memory[2 * back.offset : 2 * back.offset + size] = content

    def converted(self) -> None:
        """All terminals have been sampled once more."""
        at = self.profile.sense.words["sample_count"]
        self.sense.put_word(at, self.sense.word(at) + 1)

    def _put(self, name: str, number: int) -> None:
        at = self.profile.sense.words.get(name)
        if at is not None:
            self.sense.put_word(at, number)

    def _analogue_bounds(self) -> list[tuple[int, int]]:
        """(byte offset, highest count) of every analogue output."""
        terminals = self.profile.actuate.terminals if self.profile.actuate is not None else ()
        return [
            (t.place(name)[0], int(t.counts_per_unit))
            for t in terminals
            if not t.is_bits
            for name in t.names()
        ]

    def _check_outputs(self, after: bytes) -> None:
        for at, highest in self._bounds:
            if int.from_bytes(after[at : at + 2], "big") > highest:
                raise RefusedError(ILLEGAL_VALUE)

    def _take_outputs(self) -> None:
        self.lease.renew(self._clock())
        self.reflect()
        self.outputs_written(self)

    def _check_lease(self, after: bytes) -> None:
        ms = int.from_bytes(after, "big")
        if not self.profile.lease_ms_low <= ms <= self.profile.lease_ms_high:
            raise RefusedError(ILLEGAL_VALUE)

    def _take_lease(self) -> None:
        if not self._lease_is_fixed:
            self.lease.timeout_s = self.lease_register.word(0) * 1e-3
