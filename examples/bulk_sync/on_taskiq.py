"""The same on taskiq; `taskiq worker bulk_sync.on_taskiq:broker --ack-type when_executed` runs a worker, too."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from taskiq.acks import AcknowledgeType
from taskiq.api import run_receiver_task

from tiktok_async.workers.taskiq import add_sync_tasks, sending, stream_broker

from .common import CONCURRENCY, REDIS, opened

broker = stream_broker(REDIS)
tasks = add_sync_tasks(broker, opened)


async def work() -> None:
    """Do jobs until cancelled."""
    try:
        await run_receiver_task(
            broker, run_startup=True, max_async_tasks=CONCURRENCY, ack_time=AcknowledgeType.WHEN_EXECUTED
        )
    finally:
        await broker.shutdown()


@asynccontextmanager
async def sender() -> AsyncIterator[Callable[[str, str], Awaitable[object]]]:
    """Open what the scheduler sends jobs with."""
    await broker.startup()
    try:
        yield sending(tasks)
    finally:
        await broker.shutdown()
