"""Work that is finished before its waiter is cancelled."""

import asyncio

import pytest

from tiktok_async._concurrency.lasting import finish


@pytest.mark.parametrize("times", [1, 2, 20])
async def test_a_waiter_that_is_cancelled_again_and_again_returns_after_the_work(times: int) -> None:
    released = asyncio.Event()
    done: list[str] = []

    async def work() -> None:
        await released.wait()
        done.append("released the lease")

    waiter = asyncio.ensure_future(finish(work()))
    await asyncio.sleep(0)
    for _ in range(times):
        waiter.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiter.done()
    released.set()
    await asyncio.wait([waiter])
    assert waiter.cancelled()
    assert done == ["released the lease"]


async def test_an_error_of_the_work_of_a_cancelled_waiter_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        raise ValueError("nobody waits for this")

    waiter = asyncio.ensure_future(finish(work()))
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.wait([waiter])
    assert waiter.cancelled()
    del waiter
    assert caplog.records == []
