"""A real broker for every test that asks: mosquitto where installed, else iotcore."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from paho.mqtt import publish
from paho.mqtt.client import MQTTv5
from telemetry_bench import ROOT, STATE_AND_META

from controller.telemetry.broker import Broker, start_broker


@pytest.fixture(scope="session")
def shared_broker() -> Iterator[Broker]:
    with start_broker() as started:
        yield started


@pytest.fixture
def broker(shared_broker: Broker) -> Broker:
    """A broker that remembers nothing of earlier tests. Not for tests that stop it."""
    forget = [(f"{ROOT}/{name}", b"", 1, True) for name in STATE_AND_META]
    publish.multiple(forget, shared_broker.host, shared_broker.port, protocol=MQTTv5)
    return shared_broker
