"""What the test benches of the two kernels share: rows by name, frames, and the way they tick."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple, Self

from controller.kernel import ffi, lib

REST_C = 22.0


def names_of(enum: str, prefix: str) -> dict[str, int]:
    """Lower-case names of a C enum's rows, without its `_COUNT`, by number."""
    rows = ffi.typeof(f"enum {enum}").relements
    return {
        name.removeprefix(prefix).lower(): number
        for name, number in sorted(rows.items(), key=lambda row: row[1])
        if not name.endswith("_COUNT")
    }


class Rows(NamedTuple):
    """The rows of a kernel's enums, by name."""

    channel: dict[str, int]
    input: dict[str, int]
    output: dict[str, int]
    permissive: dict[str, int]
    interlock: dict[str, int]
    trip: dict[str, int]
    advisory: dict[str, int]


def rows_of(unit: str) -> Rows:
    """Of the kernel whose names begin with `unit`: press or wip."""
    enums = {field: field for field in Rows._fields} | {"output": "digital_output"}
    return Rows(
        **{
            field: names_of(f"{unit}_{enum}", f"{unit}_{field}_".upper())
            for field, enum in enums.items()
        }
    )


REASON = names_of("press_quality_reason", "PRESS_REASON_")  # both kernels' channels have them


def bits(table: dict[str, int], *names: str) -> int:
    return sum(1 << table[name] for name in names)


def names(table: dict[str, int], number: int) -> set[str]:
    """The rows whose bit is set."""
    return {name for name, bit in table.items() if number >> bit & 1}


def plain(struct: Any) -> Any:
    """A C struct as nested Python namespaces and lists: what the references read."""
    if not isinstance(struct, ffi.CData):
        return struct
    kind = ffi.typeof(struct)
    if kind.kind == "pointer":
        return plain(struct[0])
    if kind.kind == "array":
        return [plain(item) for item in struct]
    return SimpleNamespace(**{name: plain(getattr(struct, name)) for name, _ in kind.fields})


def milliampere(config: Any, channel: int, unit: float) -> float:
    """The loop current that stands for a measurement."""
    c = config.channel[channel]
    return 4.0 + 16.0 * (unit - c.range_low_channel_unit) / (
        c.range_high_channel_unit - c.range_low_channel_unit
    )


class UnitBench:
    """One unit under test. Readings rest at 22 °C and zero until a test moves them.

    `follow` True makes mirrors, feedback, currents and read-back do what the outputs say; switch
    it off to contradict them. `config_fields` are `group__field` and a number.
    """

    unit: ClassVar[str]
    rows: ClassVar[Rows]
    rest_inputs: ClassVar[tuple[str, ...]]
    settle_ticks: ClassVar[int] = 100

    def __init__(self, config: Any, config_fields: dict[str, float]) -> None:
        self.config = config
        for path, number in config_fields.items():
            group, field = path.split("__")
            setattr(getattr(self.config, group), field, number)
        self.state = ffi.new(f"{self.unit}_state_t *")
        self.sensor = ffi.new(f"{self.unit}_sensor_t *")
        self.seen = ffi.new(f"{self.unit}_observation_t *")
        self.command = ffi.new(f"{self.unit}_command_t *")
        self.output = ffi.new(f"{self.unit}_output_t *")
        self.follow = True
        self.inputs = bits(self.rows.input, *self.rest_inputs)
        self.lease_ticks = 20
        getattr(lib, f"{self.unit}_state_init")(self.config, self.state)
        self.sensor.digital_ok = self.sensor.readback_ok = 1
        for name, number in self.rows.channel.items():
            self.sensor.reading_ok[number] = 1
            self.put(name, REST_C if name.endswith("temperature_c") else 0.0)

    def put(self, name: str, unit: float) -> None:
        """What the channel's device reads, given in the channel's unit."""
        channel = self.rows.channel[name]
        loop = self.config.channel[channel].kind == lib.PRESS_KIND_CURRENT_LOOP_4_20_MA
        self.sensor.reading_channel_unit[channel] = (
            milliampere(self.config, channel, unit) if loop else unit
        )

    def mirror(self) -> None:
        """The machine does what it was last told."""
        raise NotImplementedError

    def observe(self) -> None:
        raise NotImplementedError

    def act(self) -> None:
        raise NotImplementedError

    def next_frame(self) -> None:
        self.sensor.tick += 1
        if self.follow:
            self.mirror()

    def renew_lease(self) -> None:
        self.command.valid_until_tick = max(0, self.sensor.tick + self.lease_ticks)

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.observe()
            self.act()

    def settle(self, count: int | None = None) -> None:
        """Ticks without judging readings by their rate: for moving to another working point."""
        was = [channel.noise_channel_unit_max for channel in self.config.channel]
        for channel in self.config.channel:
            channel.noise_channel_unit_max = 1e5
        self.tick(self.settle_ticks if count is None else count)
        for channel, noise_unit in zip(self.config.channel, was, strict=True):
            channel.noise_channel_unit_max = noise_unit

    def press_reset(self) -> None:
        """The operator lets go of Reset and presses it: an edge."""
        for reset in (0, 1, 0):
            self.command.reset = reset
            self.tick()

    def arm(self) -> Self:
        """Started, settled, and reset out of its first trip."""
        self.tick(3)
        self.press_reset()
        assert self.trips == set()
        return self

    @property
    def trips(self) -> set[str]:
        return names(self.rows.trip, self.state.trip_bits)

    @property
    def advisories(self) -> set[str]:
        return names(self.rows.advisory, self.seen.advisory_bits)

    @property
    def interlocks(self) -> set[str]:
        return names(self.rows.interlock, self.seen.interlock_bits)

    @property
    def missing(self) -> set[str]:
        return names(self.rows.permissive, self.seen.permissive_missing_bits)

    @property
    def outputs(self) -> set[str]:
        return names(self.rows.output, self.output.digital_output_bits) - {"watchdog"}

    def reasons(self, name: str) -> set[str]:
        number = self.seen.quality_reason_bits[self.rows.channel[name]]
        return {reason for reason, bit in REASON.items() if number & bit}

    def quality(self, name: str) -> int:
        return int(self.seen.quality[self.rows.channel[name]])

    def measurement(self, name: str) -> float:
        return float(self.seen.measurement_channel_unit[self.rows.channel[name]])
