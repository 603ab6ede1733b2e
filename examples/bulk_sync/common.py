"""What each process of the example opens: the session, the checkpoints and the videos' table."""

import os
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta

from tiktok_async import TikTokSession
from tiktok_async.stores import SQLiteVideoTable, open_checkpoints
from tiktok_async.workers import SyncJobs

REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
CONCURRENCY = int(os.environ.get("SYNC_CONCURRENCY", "32"))
PERIOD = float(os.environ.get("SYNC_PERIOD", "60"))  # seconds between two looks for accounts that are due


@asynccontextmanager
async def opened() -> AsyncIterator[SyncJobs]:
    """Open it; the keys and where TikTok is come from the variables of `TikTokSession.from_env`."""
    table = SQLiteVideoTable(os.environ.get("VIDEOS_DB", "videos.db"))
    async with (
        TikTokSession.from_env(store=REDIS, limiter=REDIS) as session,
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


def _seconds(name: str, default: float) -> timedelta:
    return timedelta(seconds=float(os.environ.get(name, default)))
