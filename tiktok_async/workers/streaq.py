"""Bulk sync on streaQ (extra `streaq`).

In measurements, streaQ lost no job of a killed worker and ran a few jobs twice. Here the second run finds that the
account is leased, or that its round is done.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import orjson
from attrs import frozen
from streaq import Worker

from tiktok_async.workers._jobs import OpenJobs, SyncJobs

_EVERY_MINUTE = "* * * * *"
_IDLE = timedelta(seconds=60)
_TIMEOUT = timedelta(hours=1)


@frozen
class SyncWorker:
    """A streaQ worker and its tasks.

    Attributes:
        worker: Run it with `streaq run` or `await worker.run_async()`. Inside `async with worker`, you can send jobs.
        sync: `await sync.enqueue(open_id, None)` sends an account's job, for instance when its user logs in.
        reconcile: Sends the jobs that are due; the workers run it each minute by themselves.
    """

    worker: Worker[SyncJobs]
    sync: Any
    reconcile: Any


def sync_worker(
    url: str,
    opened: OpenJobs,
    *,
    queue_name: str = "tiktok-sync",
    cron: str = _EVERY_MINUTE,
    idle_timeout: timedelta = _IDLE,
    **options: Any,  # noqa: ANN401 - as streaQ's Worker declares them
) -> SyncWorker:
    """Make a streaQ worker with the tasks of bulk sync.

    Jobs are JSON instead of streaQ's pickle. Results are not kept, and the reconciler sends failed jobs again.

    Args:
        url: Redis.
        opened: Opens what a worker process needs; called when the worker runs.
        queue_name: The queue.
        cron: When the reconciler runs.
        idle_timeout: After how long another worker gets the jobs of a dead worker.
        **options: Keywords of streaQ's `Worker`, such as `concurrency`.

    Example:
        >>> syncing = sync_worker("redis://localhost:6379/0", opened, concurrency=32)
        >>> worker = syncing.worker  # `streaq run module:worker`
    """
    worker: Worker[SyncJobs] = Worker(
        redis_url=url,
        queue_name=queue_name,
        lifespan=opened,
        serializer=orjson.dumps,
        deserializer=orjson.loads,
        idle_timeout=idle_timeout,
        **options,
    )

    @worker.task(name="tiktok_async:sync_account", max_tries=3, ttl=0, timeout=_TIMEOUT, silent=True)
    async def sync(open_id: str, checkpoint_id: str | None = None) -> str:
        return await worker.context.sync(open_id, checkpoint_id)

    @worker.cron(cron, name="tiktok_async:reconcile", max_tries=1, ttl=0, silent=True)
    async def reconcile() -> int:
        return await worker.context.reconcile(sending(syncing))

    syncing = SyncWorker(worker, sync, reconcile)
    return syncing


def sending(syncing: SyncWorker) -> Callable[[str, str], Awaitable[object]]:
    """Return the `send` argument for `SyncJobs.reconcile`, for a reconciler outside of the workers."""

    async def send(open_id: str, checkpoint_id: str) -> object:
        return await syncing.sync.enqueue(open_id, checkpoint_id)

    return send
