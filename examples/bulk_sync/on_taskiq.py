"""The same on taskiq; `taskiq worker bulk_sync.on_taskiq:broker --ack-type when_executed` runs a worker, too."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from taskiq.acks import AcknowledgeType
from taskiq.receiver import Receiver

from tiktok_async.workers.taskiq import add_sync_tasks, sending, stream_broker

from .common import CONCURRENCY, REDIS, opened

broker = stream_broker(REDIS)
tasks = add_sync_tasks(broker, opened)

log = logging.getLogger("bulk_sync")


async def work() -> None:
    """Do jobs until cancelled; those under way have ten seconds to finish.

    taskiq's own `run_receiver_task` drops jobs when it is cancelled, and sometimes ignores the cancellation.
    """
    finish = asyncio.Event()
    listening = asyncio.create_task(_listen(finish))
    try:
        await asyncio.shield(listening)
    except asyncio.CancelledError:
        finish.set()
        await listening
    finally:
        await broker.shutdown()


async def _listen(finish: asyncio.Event) -> None:
    broker.is_worker_process = True
    while not finish.is_set():
        try:
            receiver = Receiver(
                broker,
                run_startup=True,
                max_async_tasks=CONCURRENCY,
                ack_type=AcknowledgeType.WHEN_EXECUTED,
                wait_tasks_timeout=10,
            )
            await receiver.listen(finish)
        except Exception as error:  # noqa: BLE001 - taskiq and Redis have errors of their own, and all of them mean: later
            log.warning("the queue cannot be listened to: %s", error)
            await asyncio.sleep(1)


@asynccontextmanager
async def sender() -> AsyncIterator[Callable[[str, str], Awaitable[object]]]:
    """Open the function with which the scheduler sends jobs."""
    await broker.startup()
    try:
        yield sending(tasks)
    finally:
        await broker.shutdown()
