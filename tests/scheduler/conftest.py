from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.database import Database
from tests.fakes.databases import fresh


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
    yield database
    database.close()
