"""The `[mqtt]` section: every field bounded, contradictions refused, the path clean."""

from __future__ import annotations

import json
import math
import string
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.telemetry.credentials import CredentialsError, read_password
from controller.telemetry.settings import Mqtt, UnsPath

NUMBERS = [
    field.name for field in msgspec.structs.fields(Mqtt) if type(field.default) in (int, float)
]


def test_an_empty_section_is_complete() -> None:
    assert msgspec.convert({}, Mqtt).port == 1883


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, -1, 0, 10**9])
def test_every_number_is_bounded_on_both_sides(name: str, number: float) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.{name}"):
        msgspec.convert({name: number}, Mqtt)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("host", ""),
        ("host", "a b"),
        ("host", "broker\n"),
        ("client_id", ""),
        ("client_id", "a/b"),
        ("client_id", "x" * 65),
        ("client_id", "press\n"),
        ("username", "a:b"),
        ("password_file", "a\x00b"),
        ("tls_ca_file", "x" * 1025),
        ("protocol", "3.1"),
    ],
)
def test_texts_are_refused_where_they_are_found(name: str, text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.{name}"):
        msgspec.convert({name: text}, Mqtt)


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError, match="keepalive"):
        msgspec.convert({"keepalive": 5}, Mqtt)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"password_file": "x"}, "without username"),
        ({"tls_ca_file": "c", "tls_key_file": "x"}, "belong together"),
        ({"tls_certificate_file": "x", "tls_key_file": "y"}, "tls_ca_file"),
        ({"reconnect_s_min": 5.0, "reconnect_s_max": 1.0}, "below"),
    ],
)
def test_contradictions_are_refused(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=complaint):
        msgspec.convert(fields, Mqtt)


def test_the_schema_for_editors_can_be_made() -> None:
    assert "keepalive_s" in json.dumps(msgspec.json.schema(Mqtt))
    assert "protocol" in get_type_hints(Mqtt, include_extras=True)


CLEAN = st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=64)


@given(st.lists(CLEAN, min_size=5, max_size=5))
def test_clean_pieces_make_a_path(pieces: list[str]) -> None:
    assert UnsPath(*pieces).pieces == tuple(pieces)


@given(CLEAN, CLEAN, st.sampled_from(["+", "#", "/", "\n", " ", "\x00", "$"]))
def test_no_piece_carries_a_wildcard_or_a_level(front: str, back: str, bad: str) -> None:
    with pytest.raises(ValueError, match="area"):
        UnsPath("e", "s", front[:30] + bad + back[:30], "l", "c")


@pytest.mark.parametrize("piece", ["", "x" * 65, "line\n"])
def test_a_piece_has_one_to_64_characters(piece: str) -> None:
    with pytest.raises(ValueError, match="cell"):
        UnsPath("e", "s", "a", "l", piece)


def password_file(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    file = folder / "password"
    file.write_bytes(content)
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    "content", [b"s3cret \xc3\xa9", b"s3cret \xc3\xa9\n", b"s3cret \xc3\xa9\r\n"]
)
def test_the_password_is_the_one_line(tmp_path: Path, content: bytes) -> None:
    assert read_password(password_file(tmp_path, content)) == "s3cret é"


@pytest.mark.parametrize(
    ("content", "mode", "complaint"),
    [
        (b"secret", 0o604, "chmod"),
        (b"", 0o600, "one line"),
        (b"\n", 0o600, "one line"),
        (b"a\nb\n", 0o600, "one line"),
        (b"x" * 1025, 0o600, "1024"),
        (b"\xff", 0o600, "UTF-8"),
    ],
)
def test_an_unfit_password_file_is_named(
    tmp_path: Path, content: bytes, mode: int, complaint: str
) -> None:
    file = password_file(tmp_path, content, mode)
    with pytest.raises(CredentialsError, match=complaint) as refused:
        read_password(file)
    assert str(file) in str(refused.value)


def test_a_missing_password_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="No such file"):
        read_password(tmp_path / "none")


def test_a_station_takes_no_commands_by_itself() -> None:
    assert Mqtt().command_verbs == ()
    with pytest.raises(msgspec.ValidationError, match="command_verbs"):
        msgspec.convert({"command_verbs": ["explode"]}, Mqtt)


@pytest.mark.parametrize(
    ("fields", "accepted"),
    [
        ({"host": "127.0.0.1"}, True),
        ({"host": "localhost"}, True),
        ({"host": "broker.plant"}, False),
        ({"host": "10.0.0.7", "tls_ca_file": "ca"}, False),
        ({"host": "10.0.0.7", "username": "press"}, False),
        ({"host": "10.0.0.7", "username": "press", "password_file": "p"}, True),
        (
            {
                "host": "10.0.0.7",
                "tls_ca_file": "ca",
                "tls_certificate_file": "c",
                "tls_key_file": "k",
            },
            True,
        ),
    ],
)
def test_commands_over_a_network_need_a_broker_that_knows_who_asks(
    fields: dict[str, Any], accepted: bool
) -> None:
    wanted = fields | {"command_verbs": ["hold"]}
    if accepted:
        assert msgspec.convert(wanted, Mqtt).command_verbs == ("hold",)
    else:
        with pytest.raises(msgspec.ValidationError, match="could command the station"):
            msgspec.convert(wanted, Mqtt)
