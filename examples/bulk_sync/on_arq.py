"""The same on arq, in its own environment, since arq needs redis-py below 6.

`arq bulk_sync.on_arq.Settings` runs a worker.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from arq import create_pool, cron  # type: ignore[import-not-found]  # not beside taskiq
from arq.connections import RedisSettings  # type: ignore[import-not-found]  # not beside taskiq
from arq.worker import Worker  # type: ignore[import-not-found]  # not beside taskiq

from .common import CONCURRENCY, REDIS, opened


async def sync_account(context: dict[str, Any], open_id: str, checkpoint_id: str | None = None) -> str:
    """Do one job."""
    state: str = await context["jobs"].sync(open_id, checkpoint_id)
    return state


async def reconcile(context: dict[str, Any]) -> int:
    """Send jobs for the accounts that are due; arq's cron calls it each minute."""

    async def send(open_id: str, checkpoint_id: str) -> object:
        return await context["redis"].enqueue_job("sync_account", open_id, checkpoint_id)

    sent: int = await context["jobs"].reconcile(send)
    return sent


async def start(context: dict[str, Any]) -> None:
    """Open what the jobs need."""
    context["stack"] = AsyncExitStack()
    context["jobs"] = await context["stack"].enter_async_context(opened())


async def stop(context: dict[str, Any]) -> None:
    """Close what the jobs used."""
    await context["stack"].aclose()


class Settings:
    """The settings for arq's command line; `max_tries` is low because the reconciler repeats jobs."""

    functions = (sync_account,)
    cron_jobs = (cron(reconcile, second=0, run_at_startup=True),)
    on_startup = start
    on_shutdown = stop
    redis_settings = RedisSettings.from_dsn(REDIS)
    max_jobs = CONCURRENCY
    max_tries = 2
    keep_result = 0


async def work() -> None:
    """Do jobs until cancelled."""
    worker = Worker(
        functions=Settings.functions,
        on_startup=start,
        on_shutdown=stop,
        redis_settings=Settings.redis_settings,
        max_jobs=CONCURRENCY,
        max_tries=2,
        keep_result=0,
        handle_signals=False,
    )
    try:
        await worker.async_run()
    finally:
        await worker.close()


@asynccontextmanager
async def sender() -> AsyncIterator[Callable[[str, str], Awaitable[object]]]:
    """Open the function with which the scheduler sends jobs."""
    redis = await create_pool(Settings.redis_settings)

    async def send(open_id: str, checkpoint_id: str) -> object:
        return await redis.enqueue_job("sync_account", open_id, checkpoint_id)

    try:
        yield send
    finally:
        await redis.aclose()
