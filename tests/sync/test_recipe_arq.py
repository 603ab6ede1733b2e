"""The recipe for arq, which needs redis-py below 6: collected only in an environment that has it.

Such a one is made by `pip install tiktok-async arq pytest pytest-asyncio pytest-timeout psutil`.
"""

from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from arq.connections import RedisSettings, create_pool  # type: ignore[import-not-found]  # not beside taskiq
from arq.worker import Worker  # type: ignore[import-not-found]  # not beside taskiq

from tests.sync.conftest import Sink, World
from tests.sync.ending import end_in_mid_rotation
from tiktok_async.workers import SyncJobs

# arq uses names that redis-py has changed.
pytestmark = [pytest.mark.redis, pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")]


async def test_arq_runs_a_job_and_reconciles(world: World, sink: Sink, recipe: Any, redis_url: str) -> None:
    user = await world.connect(videos=3)

    @asynccontextmanager
    async def opened() -> Any:
        yield SyncJobs(session=world.session, checkpoints=world.checkpoints, handler=sink)

    module = recipe("on_arq", opened)
    redis = await create_pool(RedisSettings.from_dsn(redis_url))
    await redis.flushdb()
    await redis.enqueue_job("sync_account", user.open_id)
    await redis.enqueue_job("reconcile")
    worker = Worker(
        functions=[module.sync_account, module.reconcile],
        on_startup=module.start,
        on_shutdown=module.stop,
        redis_pool=redis,
        burst=True,
        handle_signals=False,
    )
    await worker.main()
    assert (worker.jobs_complete, worker.jobs_failed) == (2, 0)
    await worker.close()
    assert set(sink.rows) == set(user.videos.ids())


async def test_a_worker_that_gets_sigterm_saves_the_running_rotation(redis_url: str, tmp_path: Path) -> None:
    await end_in_mid_rotation("on_arq", redis_url, tmp_path)
