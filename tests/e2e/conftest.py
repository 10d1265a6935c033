"""One running system for all end-to-end tests that do not break it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plugin.local.kafka import Kafka
from plugin.local.triton import Triton
from tests.fixtures.system import System, running_system


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    fresh_kafka: Callable[[], Kafka],
    create_database: Callable[..., str],
    triton: Triton,
) -> Iterator[System]:
    """All five stages, closing by explicit end or after 4 s of silence."""
    folder: Path = tmp_path_factory.mktemp("system")
    with running_system(
        folder,
        fresh_kafka(),
        create_database(),
        triton,
        COUNTERPOINT_SESSIONS__IDLE_S="4",
        COUNTERPOINT_SESSIONS__REOPEN_WITHIN_S="1",
    ) as running:
        yield running
