"""Register maps: both readers see the same module, and a map that cannot be is refused."""

import pytest

from controller.fieldbus.profile import load_profile, parse_profile, shipped
from controller.ports import StationError
from hil.devices.profile import ProfileError, read_profile

SOUND = """
name = "sound-1"
description = ""
[identity]
address = 0
vendor_id = 1
product_id = 2
revision = 3
[sense]
address = 256
count = 6
[sense.word]
module_status = 0
boot_count = 1
sample_count = 2
[[sense.group]]
kind = "analogue_input"
point = "in"
count = 3
offset = 3
type = "int16"
unit = "c"
counts_per_unit = 100
"""


MODBUS = [name for name in shipped() if load_profile(name).face == "modbus"]


@pytest.mark.parametrize("name", MODBUS)
def test_controller_and_device_read_the_same_map(name: str) -> None:
    ours, theirs = load_profile(name), read_profile(name)
    assert ours.identity == theirs.identity
    assert ours.profile.identity is not None
    assert ours.profile.identity.address == theirs.identity_address
    blocks = ((ours.profile.sense, theirs.sense), (ours.profile.actuate, theirs.actuate))
    for block, other in blocks:
        assert (block is None) == (other is None)
        if block is None or other is None:
            continue
        assert (block.address, block.count) == (other.address, other.count)
        assert {n: 2 * o for n, o in block.word.items()} == other.words
    points = [*ours.sensed.values(), *ours.readbacks.values(), *ours.outputs.values()]
    for point in points:
        block = theirs.actuate if point.kind.endswith("output") else theirs.sense
        assert block is not None
        terminals = block.find(point.name, point.kind)
        assert terminals is not None
        assert terminals.place(point.name) == (2 * point.offset, point.number)
        assert terminals.counts_per_unit == point.group.counts_per_unit


def test_the_station_has_terminals_enough_for_the_press() -> None:
    assert len(load_profile("analogue-in-24").sensed) == 24
    assert len(load_profile("digital-io-16").sensed) == 16
    assert len(load_profile("digital-io-16").outputs) == 16


def test_every_output_has_a_readback_under_its_own_name() -> None:
    for name in shipped():
        profile = load_profile(name)
        assert set(profile.outputs) == set(profile.readbacks)


def test_profile_hash_is_part_of_the_identity() -> None:
    one = parse_profile(SOUND.encode(), "sound-1.toml")
    other = parse_profile(SOUND.replace("= 100", "= 101").encode(), "sound-1.toml")
    assert one.identity[:3] == other.identity[:3] == (1, 2, 3)
    assert one.identity != other.identity


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("revision = 3", "revision = 70000", "revision"),
        ("revision = 3", "revision = 3\nfirmware = 1", "firmware"),
        ("counts_per_unit = 100", "counts_per_unit = inf", "counts_per_unit"),
        ("counts_per_unit = 100", "counts_per_unit = nan", "counts_per_unit"),
        ("count = 3\noffset = 3", "count = 4\noffset = 3", "ends at offset 7"),
        ("count = 3\noffset = 3", "count = 3\noffset = 2", "share offset 2"),
        ("sample_count = 2", "sample_counter = 2", "sample_count is missing"),
        ("address = 256", 'address = "256"', "address"),
        ("[identity]", "[identity", "sound-1.toml"),
        ('unit = "c"', 'unit = "c"\nfault_bit = 30', "fault bits end at 31"),
    ],
)
def test_an_impossible_map_is_refused_by_name(old: str, new: str, told: str) -> None:
    assert old in SOUND
    with pytest.raises(StationError, match=told) as refused:
        parse_profile(SOUND.replace(old, new, 1).encode(), "sound-1.toml")
    assert str(refused.value).startswith("sound-1.toml")
    assert "\n" not in str(refused.value)


def test_outputs_without_lease_are_refused() -> None:
    outputs = "[actuate]\naddress = 0\ncount = 1\n"
    with pytest.raises(StationError, match="lease"):
        parse_profile((SOUND + outputs).encode(), "sound-1.toml")


def test_a_huge_file_is_refused_unread() -> None:
    with pytest.raises(StationError, match="65536"):
        parse_profile(b"#" * 10_000_000, "huge.toml")


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(StationError, match="analogue-in-24"):
        load_profile("analogue-in-23")
    with pytest.raises(ProfileError, match="analogue-in-23"):
        read_profile("analogue-in-23")
    with pytest.raises(ProfileError):
        read_profile("../settings")
