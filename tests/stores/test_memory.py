"""What the memory store guarantees beyond the contract: virtual time, and leases in the order of the waiters."""

import asyncio
from datetime import timedelta

from tiktok_async.models import AccountKey
from tiktok_async.stores import MemoryTokenStore
from tiktok_async.testing import VirtualClock

KEY = AccountKey("app", "one")
NONE, MINUTE = timedelta(0), timedelta(minutes=1)


async def test_waiters_get_the_lease_in_the_order_they_asked() -> None:
    store, order = MemoryTokenStore(clock=VirtualClock()), list[int]()

    async def work(number: int) -> None:
        async with store.lease(KEY, ttl=MINUTE, wait=MINUTE):
            order.append(number)

    async with store.lease(KEY, ttl=MINUTE, wait=NONE):
        tasks = []
        for number in range(10):
            tasks.append(asyncio.ensure_future(work(number)))
            for _ in range(10):
                await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == list(range(10))


async def test_a_lease_given_to_a_cancelled_waiter_goes_to_the_next_waiter() -> None:
    store, got = MemoryTokenStore(clock=VirtualClock()), list[int]()

    async def work(number: int) -> None:
        async with store.lease(KEY, ttl=MINUTE, wait=MINUTE):
            got.append(number)

    async with store.lease(KEY, ttl=MINUTE, wait=NONE) as lease:
        tasks = [asyncio.ensure_future(work(number)) for number in range(2)]
        for _ in range(10):
            await asyncio.sleep(0)
        await store.release_lease(KEY, lease.owner)  # wakes the first, which is cancelled before it runs
        tasks[0].cancel()
        await asyncio.wait(tasks)
    assert got == [1]


async def test_a_dead_holders_lease_ends_by_the_given_clock() -> None:
    clock = VirtualClock()
    store = MemoryTokenStore(clock=clock)
    async with store.lease(KEY, ttl=MINUTE, wait=NONE):
        successor = store.lease(KEY, ttl=MINUTE, wait=MINUTE * 2)
        waiting = asyncio.ensure_future(successor.__aenter__())
        await clock.advance(59)
        assert not waiting.done()
        await clock.advance(1)
        assert waiting.done()
        await successor.__aexit__(None, None, None)
