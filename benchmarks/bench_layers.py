"""Where the CPU of one call goes: a page of 20 videos, with one layer of the library more in each line.

    python -m benchmarks.bench_layers [--quick]

The first layer is what a user without a library writes: aiohttp, orjson, dicts. All of them ask the same server, hand
over the same 20 results and take turns within one process. Read a line as what it adds to the line above it. The last
two have the garbage collector off, which a library must not do: they show what it costs to look through the objects
of all calls in flight.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Generator
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from functools import partial

import aiohttp
import orjson
from yarl import URL

from benchmarks._load import timed
from benchmarks._login import logged_in
from benchmarks._rows import Row, beside, in_turns, main
from benchmarks.canned_server import serving
from tiktok_async import Endpoint, Limit, TikTokSession, VideoField
from tiktok_async._concurrency.lifecycle import Lifecycle
from tiktok_async._decoding.converter import structure
from tiktok_async._http.transport import AiohttpTransport
from tiktok_async.api.account import Account
from tiktok_async.api.display import _VideoList  # pyright: ignore[reportPrivateUsage]  # what a page is decoded as
from tiktok_async.models._http import Request

Call = Callable[[], Awaitable[object]]

HEADERS = {"Authorization": "Bearer act.bench", "Content-Type": "application/json"}
FIELDS = ",".join(VideoField)


async def opened_account(stack: AsyncExitStack, url: str) -> Account:
    """The library as its users have it, with a limit high enough never to wait."""
    store = await logged_in("video.list")
    session = TikTokSession(
        client_key="bench",
        client_secret="bench-secret",
        store=store,
        base_url=url,
        limits={Endpoint.VIDEO_LIST: Limit(1_000_000, timedelta(minutes=1))},
    )
    return (await stack.enter_async_context(session)).account("user")


async def layers(stack: AsyncExitStack, url: str) -> dict[str, Call]:
    http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=512)))
    transport = AiohttpTransport(Lifecycle())
    stack.push_async_callback(transport.aclose)
    account = await opened_account(stack, url)
    sender = account._runtime.sender  # noqa: SLF001 - a layer inside  # pyright: ignore[reportPrivateUsage]  # as above
    credential = account._credential  # noqa: SLF001 - a layer inside  # pyright: ignore[reportPrivateUsage]  # as above
    address = f"{url}/v2/video/list/?fields={FIELDS}"
    parsed = URL(address)

    async def raw() -> object:
        async with http.post(address, data=orjson.dumps({"max_count": 20}), headers=HEADERS) as response:
            return orjson.loads(await response.read())["data"]["videos"]

    async def decoded() -> object:
        async with http.post(address, data=orjson.dumps({"max_count": 20}), headers=HEADERS) as response:
            return structure(orjson.loads(await response.read())["data"], _VideoList).videos

    async def transported() -> object:
        body = orjson.dumps({"max_count": 20})
        answer = await transport.send(Request(method="POST", url=parsed, headers={**HEADERS}, body=body))
        return structure(orjson.loads(answer.body)["data"], _VideoList).videos

    async def sent() -> object:
        answer = await sender.call(Endpoint.VIDEO_LIST, credential=credential, fields=FIELDS, json={"max_count": 20})
        return structure(answer.data, _VideoList).videos

    async def pages() -> object:
        return [page.items async for page in account.videos().pages()]

    async def items() -> object:
        return [video async for video in account.videos()]

    return {
        "aiohttp + orjson, dicts": raw,
        "+ decoding into models": decoded,
        "+ our transport: errors translated": transported,
        "+ request path: token, limiter, retries, envelope": sent,
        "+ pages": pages,
        "+ item by item: all there is": items,
    }


@contextmanager
def collector_off() -> Generator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def by_layer(*, quick: bool) -> list[Row]:
    rows: list[Row] = []
    rounds, calls = (3, 500) if quick else (9, 1_500)
    with serving() as url, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        found = runner.run(layers(stack, url))
        first, *_, last = found
        for in_flight in (1, 32, 256):

            def measure(call: Call, in_flight: int = in_flight) -> float:
                return runner.run(timed(call, in_flight, calls))[0]

            def without_collector(call: Call) -> float:
                with collector_off():
                    return measure(call)

            for call in found.values():
                measure(call)
            turns = {name: partial(measure, call) for name, call in found.items()}
            off = {f"{name}; no collector": partial(without_collector, found[name]) for name in (first, last)}
            taken = in_turns(turns | off, rounds)
            rows += [
                beside("", f"{in_flight} in flight: {name}", "us CPU", taken[name], "the first", taken[first])
                for name in taken
            ]
        runner.run(stack.aclose())
    return rows


if __name__ == "__main__":
    main(__doc__, {"by_layer": by_layer})
