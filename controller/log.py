"""Logs: structlog to one stream, JSON for a machine and lines for a person.

Nothing here writes from the caller's thread. A write to stdout can block for as long as the
reader likes (a full pipe, a terminal stopped by Ctrl-S), so every entry goes to a bounded
queue and a thread formats and writes it. A thread and not a task, because it is the write
itself that blocks. When the queue is full the oldest entry is dropped and counted, and the
count is logged as soon as there is room. Samples are never logged.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol

import structlog

from controller.ports import Event, Sample, Severity

_QUEUE_MAX = 2000
_STDOUT = 1
_LEVEL = {
    Severity.INFO: logging.INFO,
    Severity.WARNING: logging.WARNING,
    Severity.ALARM: logging.ERROR,
    Severity.TRIP: logging.CRITICAL,
}


class Stream(Protocol):
    """Where lines go."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


class Descriptor:
    """A file descriptor as a stream, without a buffer and so without a buffer's lock: the
    interpreter can end while a write hangs."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, text: str, /) -> None:
        rest = memoryview(text.encode(errors="replace"))
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def flush(self) -> None:
        """Nothing is kept back."""


class Writer:
    """Formats and writes log entries in a thread of its own.

    `render` makes a line of an entry. The thread is a daemon: a stream that blocks for ever
    does not keep the process from ending.
    """

    def __init__(self, stream: Stream, render: Any, queue_max: int = _QUEUE_MAX) -> None:
        self._stream = stream
        self._render = render
        self._queue: deque[MutableMapping[str, Any]] = deque()
        self._queue_max = queue_max
        self._dropped_count = 0
        self._busy = False
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def put(self, entry: MutableMapping[str, Any]) -> None:
        """Take an entry; never blocks on the stream and never raises."""
        with self._changed:
            self._queue.append(entry)
            if len(self._queue) > self._queue_max:
                self._queue.popleft()
                self._dropped_count += 1
            self._changed.notify_all()

    def drain(self, drain_s_max: float) -> bool:
        """Wait until everything is written, for so long at most; false when it is not."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._busy, drain_s_max)

    def close(self, drain_s_max: float) -> None:
        """Write what waits if that is possible in time, and end the thread."""
        self.drain(drain_s_max)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(0.1)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: bool(self._queue) or self._closing)
                if not self._queue:
                    return
                entries = [*self._queue]
                self._queue.clear()
                dropped_count, self._dropped_count = self._dropped_count, 0
                self._busy = True
            if dropped_count:
                entries.insert(0, {"event": f"{dropped_count} log entries lost", "level": "error"})
            with contextlib.suppress(OSError, ValueError):  # a closed pipe is nobody's fault
                self._stream.write("".join(self._line(entry) for entry in entries))
                self._stream.flush()

    def _line(self, entry: MutableMapping[str, Any]) -> str:
        try:
            return f"{self._render(None, '', entry)}\n"
        except Exception as error:  # one odd entry must not silence the rest
            return f"unprintable log entry: {error!r}\n"


class _QueueLogger:
    """What structlog calls at the end of its chain."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def msg(self, **entry: Any) -> None:
        self._writer.put(entry)

    debug = info = warning = warn = error = critical = fatal = exception = log = msg


class _Bridge(logging.Handler):
    """Entries of the standard library's loggers take the same way."""

    def __init__(self, writer: Writer) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(Exception):
            self._writer.put(
                {
                    "event": record.getMessage(),
                    "logger": record.name,
                    "level": record.levelname.lower(),
                    "timestamp": _timestamp(None, "", {})["timestamp"],
                }
            )


_timestamp = structlog.processors.TimeStamper(fmt="iso", utc=True)


def configure(
    stream: Stream | None = None, *, console: bool | None = None, level: int = logging.INFO
) -> Writer:
    """Set up logging of the whole process, once, in the composition root.

    `stream` None is standard output; `console` None asks whether that is a terminal. Close
    the returned writer at the end.
    """
    writer = Writer(
        Descriptor(_STDOUT) if stream is None else stream,
        _console() if (os.isatty(_STDOUT) if console is None else console) else _json(),
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            _timestamp,
            _as_keywords,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _QueueLogger(writer),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Bridge(writer)]
    root.setLevel(max(level, logging.WARNING))
    return writer


def _as_keywords(
    logger: Any, name: str, entry: MutableMapping[str, Any]
) -> tuple[tuple[()], Mapping[str, Any]]:
    return (), entry


def _console() -> Any:
    return structlog.dev.ConsoleRenderer(
        pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )


def _json() -> Any:
    return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)


class LogSink:
    """ports.Sink that logs events and never samples."""

    def __init__(self, log: Any = None) -> None:
        self._log = log if log is not None else structlog.get_logger("event")

    def sample(self, sample: Sample) -> None:
        """Samples belong to the record and to telemetry."""

    def event(self, event: Event) -> None:
        with contextlib.suppress(Exception):
            self._log.log(
                _LEVEL[event.severity],
                event.message,
                kind=event.kind,
                source=event.source,
                tick=event.tick,
                process_s=round(event.monotonic_s, 3),
                **{f"detail_{key}": known for key, known in event.detail.items()},
            )
