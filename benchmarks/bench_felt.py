"""What a user feels: a program's start, its first call, a call over the Internet, many refreshes and many accounts.

    python -m benchmarks.bench_felt [CASE ...] [--quick]

`start` runs whole programs that make one call, and asks for help. `call` is the time of a call over TLS whose answer
takes 50 ms. `refreshes` is the CPU of a refresh over TLS beside one kept-alive call. `growth` has 1,000 to 1,000,000
accounts in memory, `cache` more of them than are kept at hand, and `memory` says what a session and an account take.
Goals: a refresh costs at most 3.5 kept-alive calls; `--help` takes at most 0.25 s; an account takes at most 2 us in
`accounts()` and `expiring`, however many there are; a save takes at most twice the time at a million accounts;
`token()` of an account that is not at hand takes at most 1.1 times the time when the cache is full.
"""

import asyncio
import gc
import resource
import ssl
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks._load import timed
from benchmarks._rows import Row, alone, beside, in_turns, main
from benchmarks.bench_uploads import certificate
from benchmarks.canned_server import serving
from tiktok_async import AccountKey, Secret, TikTokSession, Token
from tiktok_async.stores import MemoryTokenStore

_OURS = """
import asyncio
from tiktok_async import TikTokSession
async def main():
    async with TikTokSession(client_key="k", client_secret="s", base_url={url!r}) as session:
        await session.oauth.client_token()
        await session.request("POST", "/v2/video/list/", client=True, json={{"max_count": 20}})
asyncio.run(main())
"""
_RAW = """
import asyncio, aiohttp, orjson
async def main():
    async with aiohttp.ClientSession() as http:
        async with http.post({url!r} + "/v2/oauth/token/", data=dict(client_key="k")) as response:
            orjson.loads(await response.read())
        async with http.post({url!r} + "/v2/video/list/", data=orjson.dumps(dict(max_count=20))) as response:
            orjson.loads(await response.read())
asyncio.run(main())
"""


def _token(number: int, life: timedelta = timedelta(hours=2)) -> Token:
    now = datetime.now(UTC)
    return Token(
        key=AccountKey("bench", f"user-{number}"),
        access_token=Secret(f"act.{number}"),
        refresh_token=Secret(f"rft.{number}"),
        scopes=frozenset({"video.list"}),
        expires_at=now + life,
        refresh_expires_at=now + timedelta(days=180),
        updated_at=now,
    )


def _whole_process(arguments: list[str]) -> float:
    """Return the CPU milliseconds of a program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-I", *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def start(*, quick: bool) -> list[Row]:
    with serving() as url:
        programs = {
            "ours": ["-c", _OURS.format(url=url)],
            "raw": ["-c", _RAW.format(url=url)],
            "help": ["-m", "tiktok_async", "--help"],
            "nothing": ["-c", "pass"],
        }
        taken = in_turns({name: partial(_whole_process, code) for name, code in programs.items()}, 3 if quick else 15)
    peer = "aiohttp + orjson, dicts"
    help_seconds = [one / 1e3 for one in taken["help"]]
    return [
        beside("", "a program with a login and one call, cold start", "ms CPU", taken["ours"], peer, taken["raw"]),
        alone("felt", "tiktok-async --help", "s CPU", help_seconds, at_most=0.25),
        beside("", "tiktok-async --help", "ms CPU", taken["help"], "Python alone", taken["nothing"]),
    ]


class _Server:
    """A canned server with TLS, and a context that trusts it."""

    def __init__(self, stack: ExitStack, *, latency: float = 0) -> None:
        pair = certificate(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        self.trust = ssl.create_default_context(cafile=pair[0])
        self.url = stack.enter_context(serving(tls=pair, latency=latency))


async def _session(stack: AsyncExitStack, server: _Server) -> TikTokSession:
    made = TikTokSession(client_key="bench", client_secret="s", base_url=server.url, ssl=server.trust)
    return await stack.enter_async_context(made)


def call(*, quick: bool) -> list[Row]:
    with ExitStack() as stack, asyncio.Runner() as runner:
        server, opened = _Server(stack, latency=0.05), AsyncExitStack()

        async def variants() -> dict[str, Callable[[], Coroutine[Any, Any, object]]]:
            session = await _session(opened, server)
            await session.store.put(_token(1), expected_version=None)
            account = session.account("user-1")
            http = await opened.enter_async_context(
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=server.trust))
            )

            async def raw() -> object:
                async with http.post(server.url, data=b"{}") as response:
                    return await response.read()

            return {"ours": lambda: account.videos().collect(), "raw": raw}

        found = runner.run(variants())
        first = {name: runner.run(timed(one, 1, 1))[1] / 1e3 for name, one in found.items()}
        turns = {name: partial(lambda one: runner.run(timed(one, 1, 8))[1] / 1e3, one) for name, one in found.items()}
        taken = in_turns(turns, 3 if quick else 9)
        runner.run(opened.aclose())
    peer = "raw aiohttp"
    return [
        beside("", "the first call over TLS, answered after 50 ms", "ms", [first["ours"]], peer, [first["raw"]]),
        beside("", "a call over TLS, answered after 50 ms", "ms", taken["ours"], peer, taken["raw"]),
    ]


def refreshes(*, quick: bool) -> list[Row]:
    accounts = 300 if quick else 1_000
    with ExitStack() as stack, asyncio.Runner() as runner:
        server, opened = _Server(stack), AsyncExitStack()

        session = runner.run(_session(opened, server))

        async def sweep() -> float:
            for number in range(accounts):
                await session.store.put(_token(number, timedelta(minutes=5)), expected_version=None)
            began = time.process_time()
            report = await session.refresh_due(within=timedelta(hours=1))
            assert (report.refreshed, report.failed) == (accounts, 0)
            return (time.process_time() - began) / accounts * 1e6

        async def connected() -> Callable[[], Coroutine[Any, Any, object]]:
            http = await opened.enter_async_context(
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=server.trust))
            )

            async def raw() -> object:
                async with http.post(server.url + "/v2/oauth/token/", data=b"{}") as response:
                    return await response.read()

            return raw

        raw = runner.run(connected())
        runner.run(timed(raw, 8, 50))
        taken = in_turns(
            {"ours": lambda: runner.run(sweep()), "raw": lambda: runner.run(timed(raw, 8, accounts))[0]},
            3 if quick else 9,
        )
        runner.run(opened.aclose())
    what = "a refresh over TLS, by refresh_due"
    return [
        beside("felt", what, "us CPU", taken["ours"], "one kept-alive call", taken["raw"], at_most=3.5),
        alone("", "10,000 refreshes over TLS, by refresh_due", "s CPU", [one / 100 for one in taken["ours"]]),
    ]


def growth(*, quick: bool) -> list[Row]:
    sizes = (1_000, 10_000) if quick else (1_000, 10_000, 100_000, 1_000_000)
    rows: list[Row] = []
    puts: dict[int, list[float]] = {}
    with asyncio.Runner() as runner:
        store = MemoryTokenStore()
        session = TikTokSession(client_key="bench", client_secret="s", store=store)
        there = 0
        gc.collect()
        gc.disable()
        for size in sizes:

            async def fill(there: int = there, size: int = size) -> int:
                for number in range(there, size):
                    await store.put(_token(number, timedelta(seconds=number * 7919 % 86_400)), expected_version=None)
                return size

            there = runner.run(fill())
            work = {"put": _put, "accounts": _listed, "expiring": _expiring}
            rounds = 3 if quick else 9
            taken = {name: [runner.run(one(session, size)) for _ in range(rounds)] for name, one in work.items()}
            puts[size] = taken["put"]
            rows += [
                alone("felt", f"an account of {size:,} in accounts()", "us CPU", taken["accounts"], at_most=2),
                alone("felt", f"an account of {size:,} in expiring", "us CPU", taken["expiring"], at_most=2),
                alone("", f"a save in memory beside {size:,} accounts", "us CPU", taken["put"]),
            ]
        gc.enable()
    few, many = sizes[0], sizes[-1]
    what, peer = f"a save in memory beside {many:,} accounts", f"beside {few:,}"
    return [*rows, beside("felt", what, "us CPU", puts[many], peer, puts[few], at_most=2)]


async def _put(session: TikTokSession, size: int) -> float:
    tokens = [_token(number * 104_729 % size, timedelta(seconds=number)) for number in range(500)]
    began = time.process_time()
    for token in tokens:
        await session.store.put(token, expected_version=None)
    return (time.process_time() - began) / len(tokens) * 1e6


async def _listed(session: TikTokSession, size: int) -> float:
    began, found = time.process_time(), 0
    async for _ in session.accounts():
        found += 1
    assert found == size
    return (time.process_time() - began) / size * 1e6


async def _expiring(session: TikTokSession, size: int) -> float:
    began, found = time.process_time(), 0
    async for _ in session.store.expiring("bench", datetime.now(UTC) + timedelta(days=2)):
        found += 1
        if found == min(size, 100_000):
            break
    return (time.process_time() - began) / found * 1e6


def cache(*, quick: bool) -> list[Row]:
    room, some = (2_000, 500) if quick else (20_000, 2_000)
    with asyncio.Runner() as runner:
        store = MemoryTokenStore()

        async def fill() -> None:
            for number in range(2 * room):
                await store.put(_token(number), expected_version=None)

        runner.run(fill())
        taken: dict[str, list[float]] = {"before": [], "beyond": []}

        async def walk() -> None:
            async with TikTokSession(
                client_key="bench", client_secret="s", store=store, accounts_at_hand=room
            ) as session:

                async def cost(first: int, count: int) -> float:
                    began = time.process_time()
                    for number in range(first, first + count):
                        await session.account(f"user-{number}").token()
                    return (time.process_time() - began) / count * 1e6

                await cost(0, room - some)
                taken["before"].append(await cost(room - some, some))
                await cost(room, some)
                taken["beyond"].append(await cost(room + some, some))

        for _ in range(3 if quick else 9):
            gc.collect()
            runner.run(walk())
    what, peer = f"token() of an account beyond {room:,} at hand", "before that"
    return [beside("felt", what, "us CPU", taken["beyond"], peer, taken["before"], at_most=1.1)]


def memory(*, quick: bool) -> list[Row]:
    sessions, accounts = (20, 1_000) if quick else (200, 10_000)

    async def measured() -> tuple[float, float, float]:
        store = MemoryTokenStore()
        for number in range(accounts):
            await store.put(_token(number), expected_version=None)
        async with TikTokSession(client_key="bench", client_secret="s", store=store) as session:
            session.account("user-1").videos()
            tracemalloc.start()
            kept: list[object] = [
                TikTokSession(client_key="bench", client_secret="s", store=store) for _ in range(sessions)
            ]
            idle = tracemalloc.get_traced_memory()[0] / sessions
            kept.clear()
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            kept += [session.account(f"user-{number}") for number in range(accounts)]
            account = (tracemalloc.get_traced_memory()[0] - before) / accounts
            before = tracemalloc.get_traced_memory()[0]
            for number in range(accounts):
                await session.account(f"user-{number}").token()
            at_hand = (tracemalloc.get_traced_memory()[0] - before) / accounts
            tracemalloc.stop()
        return idle, account, at_hand

    idle, account, at_hand = asyncio.run(measured())
    return [
        alone("", "memory of an idle session", "bytes", [idle]),
        alone("", "memory of an Account", "bytes", [account]),
        alone("", "memory of an account at hand, beside its token in a store in memory", "bytes", [at_hand]),
    ]


if __name__ == "__main__":
    main(
        __doc__,
        {
            "start": start,
            "call": call,
            "refreshes": refreshes,
            "growth": growth,
            "cache": cache,
            "memory": memory,
        },
    )
