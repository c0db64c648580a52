"""A real broker for every test that asks: mosquitto where installed, else iotcore."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.telemetry.broker import Broker, start_broker


@pytest.fixture
def broker() -> Iterator[Broker]:
    with start_broker() as started:
        yield started
