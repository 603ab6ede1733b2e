"""Typed video pages beside raw aiohttp with orjson, against the same canned server: CPU a call, and calls a second.

    python benchmarks/bench_end_to_end.py [--quick]

Everything is on: token lookup, exact limiter, retry rules, error tables, typed decoding. The goal is at most 1.20
times the CPU of raw aiohttp with orjson at 1, 32 and 256 calls in flight.
"""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import orjson

from tiktok_async import AccountKey, Endpoint, Limit, Secret, TikTokSession, Token, VideoField
from tiktok_async.stores import MemoryTokenStore

FIELDS = ",".join(VideoField)
Call = Callable[[], Awaitable[object]]


async def raw_call(stack: AsyncExitStack, url: str) -> Call:
    """What a user without a library writes: dicts, no checks."""
    http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=512)))
    headers = {"Authorization": "Bearer act.bench", "Content-Type": "application/json"}
    address = f"{url}/v2/video/list/?fields={FIELDS}"

    async def call() -> object:
        async with http.post(address, data=orjson.dumps({"max_count": 20}), headers=headers) as response:
            return orjson.loads(await response.read())["data"]["videos"]

    return call


async def sdk_call(stack: AsyncExitStack, url: str) -> Call:
    """The library as its users have it, with a limit high enough never to wait."""
    store = MemoryTokenStore()
    now = datetime.now(UTC)
    await store.put(
        Token(
            key=AccountKey("bench", "user"),
            access_token=Secret("act.bench"),
            refresh_token=Secret("rft.bench"),
            scopes=frozenset({"video.list"}),
            expires_at=now + timedelta(hours=2),
            refresh_expires_at=now + timedelta(days=180),
            updated_at=now,
        ),
        expected_version=None,
    )
    session = await stack.enter_async_context(
        TikTokSession(
            client_key="bench",
            client_secret="bench-secret",
            store=store,
            base_url=url,
            limits={Endpoint.VIDEO_LIST: Limit(1_000_000, timedelta(minutes=1))},
        )
    )
    account = session.account("user")

    async def call() -> object:
        return [video async for video in account.videos()]

    return call


async def measure(call: Call, in_flight: int, calls: int) -> tuple[float, float]:
    """Return CPU microseconds a call and calls a second."""
    left = calls

    async def worker() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await call()

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu / calls * 1e6, calls / wall


async def main(*, quick: bool) -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("canned_server.py")), stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    url = f"http://127.0.0.1:{int(await server.stdout.readline())}"
    repetitions, calls = (3, 500) if quick else (9, 4_000)
    print("| in flight | raw CPU us | SDK CPU us | ratio (median of pairs) | raw calls/s | SDK calls/s |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    try:
        async with AsyncExitStack() as stack:
            raw, sdk = await raw_call(stack, url), await sdk_call(stack, url)
            for in_flight in (1, 32, 256):
                await measure(raw, in_flight, 300)
                await measure(sdk, in_flight, 300)
                pairs = [
                    (await measure(raw, in_flight, calls), await measure(sdk, in_flight, calls))
                    for _ in range(repetitions)
                ]
                ratio = statistics.median(ours[0] / theirs[0] for theirs, ours in pairs)
                medians = [statistics.median(pair[who][what] for pair in pairs) for what in (0, 1) for who in (0, 1)]
                print(
                    f"| {in_flight} | {medians[0]:.0f} | {medians[1]:.0f} | {ratio:.2f} "
                    f"| {medians[2]:,.0f} | {medians[3]:,.0f} |"
                )
    finally:
        server.terminate()
        await server.wait()


if __name__ == "__main__":
    asyncio.run(main(quick="--quick" in sys.argv[1:]))
