"""An emulator without clients."""

from collections.abc import Iterator

import pytest

from calendars.emulator.server import Emulator
from tests.conformance.google import seed


@pytest.fixture
def google() -> Iterator[Emulator]:
    with Emulator(seed()) as emulator:
        yield emulator
