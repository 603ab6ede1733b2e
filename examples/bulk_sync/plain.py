"""The smallest possible queue: a list in Redis. It loses a killed worker's jobs; the reconciler sends them again."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tiktok_async import StoreError
from tiktok_async.workers import SyncJobs

from .common import CONCURRENCY, REDIS, opened, told_to_end

QUEUE = "tiktok-sync-jobs"

log = logging.getLogger("bulk_sync")


async def work() -> None:
    """Do jobs until cancelled."""
    async with opened() as jobs, Redis.from_url(REDIS, decode_responses=True) as redis, asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(_take_jobs(jobs, redis))


async def _take_jobs(jobs: SyncJobs, redis: Redis) -> None:
    while not told_to_end():
        try:
            found: Any = await redis.brpop([QUEUE], timeout=2)
            if found is not None:
                open_id, checkpoint_id = found[1].split(" ")
                await jobs.sync(open_id, checkpoint_id)
        except (RedisError, OSError, StoreError) as error:
            # Redis cannot be reached, and the job may be lost: the reconciler sends it again.
            log.warning("a job was not done: %s", error)
            await asyncio.sleep(1)


@asynccontextmanager
async def sender() -> AsyncIterator[Callable[[str, str], Awaitable[object]]]:
    """Open the function with which the scheduler sends jobs."""
    async with Redis.from_url(REDIS, decode_responses=True) as redis:

        async def send(open_id: str, checkpoint_id: str) -> object:
            return await redis.lpush(QUEUE, f"{open_id} {checkpoint_id}")

        yield send
