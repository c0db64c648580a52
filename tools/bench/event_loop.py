"""The event loop the product runs on: uvloop where it is installed."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec

EVENT_LOOP = "uvloop" if find_spec("uvloop") else "asyncio"


def new_event_loop() -> asyncio.AbstractEventLoop:
    if EVENT_LOOP == "asyncio":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()
