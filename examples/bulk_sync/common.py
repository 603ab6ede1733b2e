"""What each process of the example opens: the session, the checkpoints and the videos' table."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import timedelta

from aiohttp import ClientTimeout

from tiktok_async import TikTokSession
from tiktok_async.stores import SQLiteVideoTable, open_checkpoints
from tiktok_async.workers import SyncJobs

REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
CONCURRENCY = int(os.environ.get("SYNC_CONCURRENCY", "32"))
PERIOD = float(os.environ.get("SYNC_PERIOD", "60"))  # seconds between two searches for accounts that are due


@asynccontextmanager
async def opened() -> AsyncIterator[SyncJobs]:
    """Open it; the app's keys and TikTok's URLs come from the variables of `TikTokSession.from_env`."""
    table = SQLiteVideoTable(os.environ.get("VIDEOS_DB", "videos.db"))
    # If a worker is killed during a token refresh, the token's lease ends after three times this timeout.
    timeout = ClientTimeout(total=_seconds("SYNC_TIMEOUT", 30).total_seconds())
    async with (
        TikTokSession.from_env(store=REDIS, limiter=REDIS, timeout=timeout) as session,
        aclosing(open_checkpoints(REDIS)) as checkpoints,
        table,
    ):
        yield SyncJobs(
            session=session,
            checkpoints=checkpoints,
            handler=table.write,
            every=_seconds("SYNC_EVERY", 12 * 3600),
            again_after=_seconds("SYNC_AGAIN_AFTER", 600),
            lease=_seconds("SYNC_LEASE", 60),
        )


def run(work: Coroutine[None, None, None]) -> None:
    """Run *work* until SIGTERM or Ctrl-C, and let it close what it opened.

    A deployment ends processes with SIGTERM. Without a handler, Python would end at once, during a token refresh too.
    """

    async def until_told() -> None:
        task = asyncio.ensure_future(work)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(until_told())


def told_to_end() -> bool:
    """Return whether this task was cancelled; redis-py may swallow `CancelledError`, so ask `cancelling`."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _seconds(name: str, default: float) -> timedelta:
    return timedelta(seconds=float(os.environ.get(name, default)))
