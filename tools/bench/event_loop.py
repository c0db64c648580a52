"""The event loop the product runs on: uvloop where it is installed."""

from __future__ import annotations

import asyncio

try:
    from uvloop import new_event_loop

    EVENT_LOOP = "uvloop"
except ImportError:
    new_event_loop = asyncio.new_event_loop
    EVENT_LOOP = "asyncio"

__all__ = ["EVENT_LOOP", "new_event_loop"]
