"""Calls made again and again, so many at a time, and what one of them costs."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def timed(call: Callable[[], Awaitable[object]], in_flight: int, calls: int) -> tuple[float, float]:
    """Return CPU and elapsed microseconds a call."""
    left = calls

    async def worker() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await call()

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return (time.process_time() - cpu) / calls * 1e6, (time.perf_counter() - wall) / calls * 1e6
