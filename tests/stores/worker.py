"""A process of the process tests: it opens a store and works until it is done or killed. Not a test itself."""

import asyncio
import sys
import time
from datetime import timedelta

from attrs import evolve

from tiktok_async.errors import TokenConflict
from tiktok_async.models import AccountKey, Secret
from tiktok_async.stores import open_store
from tiktok_async.testing._store_records import make_token

KEY = AccountKey("app", "one")


def print_line(text: str) -> None:
    """Print a line at once, so that its reader knows that the step is done."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def put_for_ever(url: str) -> None:
    """Store tokens from eight tasks and print each one that was acknowledged."""
    store = open_store(url)

    async def work(name: str) -> None:
        token = make_token(AccountKey("app", name))
        for number in range(1, 10**9):
            token = evolve(token, refresh_token=Secret(f"rft.{number}"))
            stored = await store.put(token, expected_version=None)
            print_line(f"{name} {stored.version} {number}")

    await asyncio.gather(*(work(f"user-{n}") for n in range(8)))


async def hold_for_ever(url: str, ttl: str) -> None:
    """Take the lease and never release it; print when it was requested, by the clock that all processes share."""
    store = open_store(url)
    asked = time.monotonic()
    async with store.lease(KEY, ttl=timedelta(seconds=float(ttl)), wait=timedelta(0)):
        print_line(str(asked))
        await asyncio.Event().wait()


async def count(url: str, path: str, times: str) -> None:
    """Add to a number in a file; only the lease excludes the other processes."""
    store = open_store(url)

    async def step() -> None:
        async with store.lease(KEY, ttl=timedelta(seconds=60), wait=timedelta(seconds=600)):
            with open(path) as file:  # noqa: ASYNC230, PTH123 - the test needs the race
                number = int(file.read())
            await asyncio.sleep(0)
            with open(path, "w") as file:  # noqa: ASYNC230, PTH123 - the test needs the race
                file.write(str(number + 1))

    await asyncio.gather(*(step() for _ in range(int(times))))
    await store.aclose()


async def compare_and_set(url: str, times: str) -> None:
    """Raise the version of one record, and lose no update; all processes open the store at the same instant."""
    store = open_store(url)
    print_line("ready")
    await asyncio.to_thread(sys.stdin.readline)
    for _ in range(int(times)):
        while True:
            seen = await store.get(KEY)
            try:
                await store.put(make_token(KEY), expected_version=seen.version if seen else 0)
            except TokenConflict:
                continue
            break
    await store.aclose()


if __name__ == "__main__":
    work = {f.__name__: f for f in (put_for_ever, hold_for_ever, count, compare_and_set)}[sys.argv[1]]
    asyncio.run(work(*sys.argv[2:]))
