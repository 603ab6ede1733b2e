"""Typed video pages beside raw aiohttp with orjson, against the same canned server: CPU a call, and calls a second.

    python -m benchmarks.bench_end_to_end [--quick]

Everything is on: token lookup, exact limiter, retry rules, error tables, typed decoding. Goals, of CPU a call: at most
1.20, 1.38 and 1.40 times raw aiohttp with orjson, which gives dicts, at 1, 32 and 256 calls in flight; at most 0.45
times an SDK of the usual parts at 32 and 256.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

import aiohttp
import orjson

from benchmarks._load import timed
from benchmarks._login import logged_in
from benchmarks._rows import Row, beside, in_turns, main
from benchmarks.canned_server import serving
from benchmarks.usual_parts import UsualParts
from tiktok_async import Endpoint, Limit, TikTokSession, VideoField

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
    store = await logged_in("video.list")
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


async def usual_call(stack: AsyncExitStack, url: str) -> Call:
    """What a user who wants more than dicts assembles without a library."""
    http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=512)))
    return UsualParts(http, url).videos


async def opened(stack: AsyncExitStack, url: str) -> dict[str, Call]:
    return {
        "ours": await sdk_call(stack, url),
        "aiohttp + orjson, dicts": await raw_call(stack, url),
        "the usual parts": await usual_call(stack, url),
    }


def rows_at(in_flight: int, taken: dict[str, list[tuple[float, float]]]) -> list[Row]:
    cpu, rate = ({name: [run[number] for run in runs] for name, runs in taken.items()} for number in range(2))
    what = f"a page of videos, {in_flight} in flight"
    raw, usual = "aiohttp + orjson, dicts", "the usual parts"
    bar = 0.45 if in_flight > 1 else None
    most = {1: 1.2, 32: 1.38, 256: 1.4}[in_flight]
    return [
        beside("1", what, "us CPU", cpu["ours"], raw, cpu[raw], at_most=most),
        beside("1" if bar else "", what, "us CPU", cpu["ours"], usual, cpu[usual], at_most=bar),
        *(beside("", f"pages a second, {in_flight} in flight", "1/s", rate["ours"], x, rate[x]) for x in (raw, usual)),
    ]


def calls(*, quick: bool) -> list[Row]:
    repetitions, times = (3, 300) if quick else (9, 500)
    rows: list[Row] = []
    with asyncio.Runner() as runner, serving() as url:
        stack = AsyncExitStack()
        variants = runner.run(opened(stack, url))

        def once(call: Call, in_flight: int, count: int) -> tuple[float, float]:
            cpu, wall = runner.run(timed(call, in_flight, count))
            return cpu, 1e6 / wall

        for in_flight in (1, 32, 256):
            in_turns({name: partial(once, call, in_flight, 300) for name, call in variants.items()}, 1)
            taken = in_turns(
                {name: partial(once, call, in_flight, times) for name, call in variants.items()}, repetitions
            )
            rows += rows_at(in_flight, taken)
        runner.run(stack.aclose())
    return rows


if __name__ == "__main__":
    main(__doc__, {"calls": calls})
