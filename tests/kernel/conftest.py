"""What every test of the kernel may ask for."""

from __future__ import annotations

import pytest
from kernel_case import Bench


@pytest.fixture
def bench() -> Bench:
    """A fresh press, still tripped by TRIP_BOOT."""
    return Bench()


@pytest.fixture
def armed() -> Bench:
    """A press at rest that nothing trips."""
    return Bench().arm()
