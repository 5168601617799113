"""A scripted Google for each test that asks for `stub`."""

from collections.abc import Iterator

import pytest

from tests.clockwise.google.stub import StubGoogle, serving


@pytest.fixture
def stub() -> Iterator[StubGoogle]:
    with serving() as google:
        yield google
