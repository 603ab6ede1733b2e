"""A process that refreshes all due accounts when the whole fleet is ready, and prints what it did."""

import asyncio
import json
import sys
from datetime import timedelta
from typing import Any

import aiohttp

from tiktok_async.models import AccountKey
from tiktok_async.session import TikTokSession


async def sweep(settings: dict[str, Any]) -> None:
    """Sweep until nothing is due any more."""
    totals = {"refreshed": 0, "failed": 0}
    async with TikTokSession(
        client_key=settings["client_key"],
        client_secret=settings["client_secret"],
        base_url=settings["url"],
        store=settings["store"],
        limiter="none://",
        # No process is killed: the timeout of a request only ends a hang.
        timeout=aiohttp.ClientTimeout(total=120),
    ) as session:
        # The pool is open, and all begin at once.
        await session.store.get(AccountKey(settings["client_key"], "nobody"))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        left = True
        while left:
            report = await session.refresh_due(within=timedelta(minutes=10), concurrency=settings["tasks"])
            totals["refreshed"] += report.refreshed
            totals["failed"] += report.failed
            left = bool(report.skipped)
    sys.stdout.write(json.dumps(totals))


if __name__ == "__main__":
    asyncio.run(sweep(json.loads(sys.argv[1])))
