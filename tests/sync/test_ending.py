"""A worker of the example that is told to end, as by a deployment: it finishes what must not be cut off."""

from pathlib import Path

import pytest

from tests.sync.ending import end_in_mid_rotation


@pytest.mark.redis
@pytest.mark.parametrize("engine", ["plain", "on_taskiq", "on_streaq"])
async def test_a_worker_that_is_told_to_end_saves_the_rotation_under_way(
    engine: str, redis_url: str, tmp_path: Path
) -> None:
    await end_in_mid_rotation(engine, redis_url, tmp_path)
