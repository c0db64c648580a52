"""One question to a station through its broker, and its answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from msgspec import structs

from controller.telemetry.link import Link, LinkError, Protocol, RefusedError
from controller.telemetry.settings import Mqtt, UnsPath
from controller.telemetry.topics import Topics

_GOODBYE_S_MAX = 0.5


class CallError(Exception):
    """Nobody could be asked, or nobody answered; the text says which and what to look at."""


async def call(
    settings: Mqtt,
    path: UnsPath,
    request: bytes,
    id_: str,
    *,
    password: str | None,
    wait_s: float,
) -> dict[str, str]:
    """Ask, and return the answer with this id. Raises CallError."""
    topics = Topics(path)
    answered: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()

    def hear(payload: bytes, retained: bool) -> None:
        answer = _answer(payload, id_)
        if answer is not None and not retained and not answered.done():
            answered.set_result(answer)

    try:
        link = await _open(structs.replace(settings, client_id=f"ask-{id_}"[:23]), password)
        try:
            await link.subscribe(topics.answer(b"").topic, hear)
            await link.publish(topics.request(request))
            either: set[asyncio.Future[Any]] = {answered, link.lost}
            await asyncio.wait(either, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await link.close(_GOODBYE_S_MAX)
    except (LinkError, RefusedError) as error:
        raise CallError(f"broker {settings.host}:{settings.port}: {error}") from None
    if not answered.done():
        raise CallError(
            f"no answer on {topics.root}/command/answer within {wait_s:g} s: does the station run, "
            "and has its [mqtt] command_verbs?"
        )
    return answered.result()


async def _open(settings: Mqtt, password: str | None) -> Link:
    """With MQTT 5, or 3.1.1 where the broker wants that. Raises LinkError."""
    wanted: tuple[Protocol, ...] = ("5", "3.1.1")
    versions = wanted if settings.protocol == "auto" else (settings.protocol,)
    for version in versions:
        link = Link(settings, version, None, password)
        try:
            await link.open()
        except LinkError as error:
            if version == versions[-1] or not error.protocol_refused:
                raise
        else:
            return link
    raise AssertionError("the last version returned or raised")


def _answer(payload: bytes, id_: str) -> dict[str, str] | None:
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("id") == id_ else None
