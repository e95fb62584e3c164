"""Ends what the tests of this folder started."""

from collections.abc import Iterator

import pytest

from tests.e2e.process import stop_commands


@pytest.fixture(scope="package", autouse=True)
def commands() -> Iterator[None]:
    yield
    stop_commands()
