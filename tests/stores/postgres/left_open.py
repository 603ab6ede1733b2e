"""A program that ends with everything open while its server does not answer. Not a test itself."""

import asyncio
import sys
from datetime import timedelta

from tiktok_async.abc import LimitKey
from tiktok_async.models import AccountKey, Limit
from tiktok_async.stores import PostgresCheckpointStore, PostgresRateLimiter, PostgresTokenStore, PostgresVideoTable
from tiktok_async_stores.postgres import link as link_module

KEY = AccountKey("app", "one")
WINDOW, LIMIT = LimitKey("app", "/", ""), Limit(40, timedelta(minutes=1))


async def main(url: str) -> None:
    store, checkpoints = PostgresTokenStore(url), PostgresCheckpointStore(url)
    table, limiter = PostgresVideoTable(url), PostgresRateLimiter(url)
    calls = (
        lambda: store.get_note(KEY, "x"),
        lambda: checkpoints.get(KEY),
        table.counts,
        lambda: limiter.usage(WINDOW, LIMIT),
    )
    await asyncio.gather(*(call() for call in calls))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    vars(link_module)["TIMEOUT"] = 0.5
    # More calls than connections: each pool is making another connection when the program ends.
    tasks = [asyncio.ensure_future(call()) for call in calls for _ in range(3)]
    await asyncio.wait(tasks, timeout=0.2)
    sys.stdout.write("ended\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
