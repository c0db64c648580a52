"""Login, access lists and certificates, against a mosquitto set up by hand."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from telemetry_bench import ROOT, listening, make_event, make_plane, make_sample, ticking, until

from controller.telemetry.broker import free_port

pytestmark = pytest.mark.skipif(
    not shutil.which("mosquitto"), reason="needs mosquitto on PATH (iotcore has no access lists)"
)


@contextmanager
def mosquitto(folder: Path, port: int, *lines: str) -> Iterator[int]:
    """A broker with a plain listener on the yielded port, besides what `lines` set up."""
    plain = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(
        "\n".join(
            [
                "per_listener_settings true",
                "user root",
                f"listener {plain} 127.0.0.1",
                "allow_anonymous true",
                f"listener {port} 127.0.0.1",
                *lines,
                "",
            ]
        )
    )
    process = subprocess.Popen(
        ["mosquitto", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield plain
    finally:
        process.terminate()
        process.wait(5.0)


def user_file(folder: Path) -> Path:
    users = folder / "users"
    users.touch(0o600)
    subprocess.run(["mosquitto_passwd", "-b", str(users), "press", "right"], check=True)
    return users


async def listens(port: int) -> None:
    async with asyncio.timeout(8.0):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            except OSError:
                await asyncio.sleep(0.02)


async def test_a_topic_the_broker_refuses_is_counted_and_the_others_go_on(tmp_path: Path) -> None:
    access = tmp_path / "access"
    access.write_text(
        f"topic write {ROOT}/state/#\ntopic write {ROOT}/meta/#\ntopic write {ROOT}/measurement/#\n"
    )
    access.chmod(0o600)
    port = free_port()
    with mosquitto(tmp_path, port, "allow_anonymous true", f"acl_file {access}") as plain:
        await listens(plain)
        plane = make_plane(port)
        async with listening(plain) as heard, ticking(plane) as ticks:
            await heard.until(lambda h: len(h.of("measurement/signals")) >= 3 and ticks.count > 50)
            assert heard.state["online"]
        assert plane.counters()["lost_count"] == 0
        refused_count = plane.counters()["refused_count"]
        assert isinstance(refused_count, int)
        assert refused_count >= 2
        assert heard.of("event/phase") == []


@pytest.mark.parametrize(("password", "online"), [("right", True), ("wrong", False)])
async def test_a_login_is_needed_where_the_broker_asks(
    tmp_path: Path, password: str, online: bool
) -> None:
    users = user_file(tmp_path)
    port = free_port()
    with mosquitto(tmp_path, port, "allow_anonymous false", f"password_file {users}") as plain:
        await listens(plain)
        plane = make_plane(port, username="press", password=password)
        async with ticking(plane) as ticks:
            await until(lambda: plane.online or (not online and ticks.count > 50))
            assert plane.online is online


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def certify(folder: Path, authority: str, days: str = "1") -> None:
    """An authority and, signed by it, `server` for 127.0.0.1."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    names = ("-keyout", f"{authority}.key", "-out", f"{authority}.pem", "-subj", f"/CN={authority}")
    openssl(folder, "req", "-x509", *key, *names, "-days", "1")
    if authority == "maker":
        names = ("-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1")
        openssl(folder, "req", *key, *names)
        (folder / "san").write_text("subjectAltName=IP:127.0.0.1")
        signed = ("-in", "server.csr", "-CA", "maker.pem", "-CAkey", "maker.key", "-CAcreateserial")
        openssl(folder, "x509", "-req", *signed, "-extfile", "san", "-out", "server.pem")


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make certificates")
async def test_only_a_broker_with_the_right_certificate_is_spoken_to(tmp_path: Path) -> None:
    certify(tmp_path, "maker")
    certify(tmp_path, "stranger")
    port = free_port()
    files = (f"certfile {tmp_path}/server.pem", f"keyfile {tmp_path}/server.key")
    with mosquitto(tmp_path, port, "allow_anonymous true", *files) as plain:
        await listens(plain)
        plane = make_plane(port, tls_ca_file=str(tmp_path / "maker.pem"))
        async with listening(plain) as heard, ticking(plane):
            await heard.until(lambda h: len(h.of("measurement/signals")) >= 2)
        for wrong in ("stranger.pem", "missing.pem", "san"):
            refused = make_plane(port, tls_ca_file=str(tmp_path / wrong))
            async with ticking(refused) as ticks:
                await until(lambda ticks=ticks: ticks.count > 30)  # type: ignore[misc]
                assert not refused.online


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make certificates")
async def test_a_client_certificate_that_is_refused_is_seen_at_once(tmp_path: Path) -> None:
    certify(tmp_path, "maker")
    port = free_port()
    files = (f"certfile {tmp_path}/server.pem", f"keyfile {tmp_path}/server.key")
    client = (f"cafile {tmp_path}/maker.pem", "require_certificate true", "allow_anonymous true")
    with mosquitto(tmp_path, port, *files, *client) as plain:
        await listens(plain)
        plane = make_plane(port, tls_ca_file=str(tmp_path / "maker.pem"), answer_s_max=60.0)
        plane.sample(make_sample(0))
        plane.event(make_event(0))
        with capture_logs() as told:
            async with ticking(plane):
                await until(lambda: plane.attempt_count >= 3)  # and not one attempt a minute
                assert not plane.online
        assert all("tls_certificate_file" in line["reason"] for line in told)
        certified = {
            "tls_ca_file": str(tmp_path / "maker.pem"),
            "tls_certificate_file": str(tmp_path / "server.pem"),
            "tls_key_file": str(tmp_path / "server.key"),
        }
        async with ticking(make_plane(port, **certified)), listening(plain) as heard:
            await heard.until(lambda h: h.state.get("online") is True)
