from collections.abc import Iterator

import pytest

from tests.security.scene import Scene, lasting


@pytest.fixture(scope="package")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """An office that no test changes."""
    with lasting(tmp_path_factory.mktemp("office")) as made:
        yield made
