"""Runs a broker for as long as the process that asked for it lives.

`python -P broker_child.py KIND PORT PROTOCOL`, standard input a pipe whose
other end the parent holds. The pipe closes with the parent, however that dies, and this
process then ends the broker; should this process be killed, the kernel ends the broker
(PR_SET_PDEATHSIG). A process between the two, because the death signal alone follows the
parent's *thread*, and because mosquitto does not watch a pipe.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

UP = b"up\n"  # on standard output, when the broker listens

_PR_SET_PDEATHSIG = 1
_LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp
_IOTCORE = (
    "import logging, sys; logging.getLogger('rumqttd').setLevel(logging.CRITICAL); "
    "from iotcore.iotcore import IotCoreBroker; "
    "IotCoreBroker(config_path=sys.argv[1]).run_forever()"
)


def mosquitto_config(port: int) -> str:
    """Loopback only, nothing kept. As root it stays root: changing user would forget the
    death signal, and there is nothing on disk or network for it to reach."""
    user = "user root\n" if os.geteuid() == 0 else ""
    return (
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        f"log_dest stderr\nlog_type error\nlog_type warning\n{user}"
    )


def iotcore_config(port: int, protocol: str) -> str:
    """rumqttd speaks one version a port."""
    section = "v5.1" if protocol == "5" else "v4.1"
    return f"""id = 0
[router]
id = 0
max_connections = 100
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 10
[{section}]
name = "hotpress"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[{section}.connections]
connection_timeout_ms = 5000
max_payload_size = 262144
max_inflight_count = 100
dynamic_filters = true
"""


def command(kind: str, config: Path) -> list[str]:
    if kind == "mosquitto":
        return ["mosquitto", "-c", str(config)]
    return [sys.executable, "-P", "-c", _IOTCORE, str(config)]


def listens(pid: int, port: int) -> bool:
    """The process itself holds the listening socket of 127.0.0.1:`port`.

    Asking the kernel and not the port: another program may have taken it.
    """
    try:
        table = Path("/proc/net/tcp").read_text().splitlines()[1:]
        held = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
    except OSError:  # a descriptor or the process went away meanwhile
        return False
    rows = (row.split() for row in table)
    return any(
        row[1] == f"0100007F:{port:04X}" and row[3] == _LISTEN and f"socket:[{row[9]}]" in held
        for row in rows
    )


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _serve(kind: str, port: int, protocol: str, folder: Path) -> int:
    config = folder / "broker.toml"  # iotcore goes by the ending
    text = mosquitto_config(port) if kind == "mosquitto" else iotcore_config(port, protocol)
    config.write_text(text)
    # preexec_fn is safe here: this process has one thread.
    broker = subprocess.Popen(
        command(kind, config),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=_die_with_parent,
    )
    told = False
    try:
        while broker.poll() is None:
            if not told and listens(broker.pid, port):
                told = True
                os.write(sys.stdout.fileno(), UP)
            readable, _, _ = select.select([sys.stdin], [], [], 0.1 if told else 0.005)
            if readable:  # only ever the end of the pipe
                return 0
        return broker.returncode or 1
    finally:
        broker.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            broker.wait(1.0)
        broker.kill()
        broker.wait()


def _stop(signum: int, frame: object) -> None:
    raise SystemExit(0)


def main(arguments: list[str]) -> int:
    kind, port, protocol = arguments
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to act on
    with tempfile.TemporaryDirectory(prefix="hotpress-broker-") as folder:
        return _serve(kind, int(port), protocol, Path(folder))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
