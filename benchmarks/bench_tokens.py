"""What a fresh token adds to a call: the lookup in the token manager, beside one raw aiohttp call and beside a dict.

    python -m benchmarks.bench_tokens [--quick]

CPU time. Also shown: the cost of a token that the store has to be asked for, and of a whole rotation in memory.
Goals: a fresh token costs less than 2 % of the raw call, and comes at no less than 0.3 of the rate of a dict.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial

import aiohttp

from benchmarks._rows import Row, beside, in_turns, main
from benchmarks.canned_server import serving
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async._tokens.manager import TokenManager
from tiktok_async.models import AccountKey, ClientToken, Secret, Token
from tiktok_async.stores import MemoryTokenStore

_ACCOUNTS = 10_000


def _token(number: int) -> Token:
    now = datetime.now(UTC)
    return Token(
        key=AccountKey("app", f"user-{number % _ACCOUNTS}"),
        access_token=Secret(f"act.{number}"),
        refresh_token=Secret(f"rft.{number}"),
        scopes=frozenset({"user.info.basic"}),
        expires_at=now + timedelta(hours=2),
        refresh_expires_at=now + timedelta(days=180),
        updated_at=now,
    )


async def _refresh(token: Token) -> Token:
    return _token(int(token.refresh_token.reveal().removeprefix("rft.")) + _ACCOUNTS)


async def _client() -> ClientToken:
    return ClientToken(access_token=Secret("clt.1"), expires_at=datetime.now(UTC) + timedelta(hours=2))


def _manager(store: MemoryTokenStore) -> TokenManager:
    return TokenManager(
        client_key="app",
        store=store,
        clock=SystemClock(),
        refresh_grant=_refresh,
        client_grant=_client,
        emit=None,
        refresh_margin=None,
        http_timeout=timedelta(seconds=30),
    )


async def _each(work: Callable[[int], Awaitable[object]], calls: int) -> float:
    began = time.process_time()
    for number in range(calls):
        await work(number)
    return (time.process_time() - began) / calls * 1e6


async def _usable(manager: TokenManager, calls: int = 200_000) -> float:
    names = [f"user-{number}" for number in range(_ACCOUNTS)]
    usable = manager.usable
    began = time.process_time()
    for number in range(calls):
        usable(names[number % _ACCOUNTS])
    looked = time.process_time() - began
    began = time.process_time()
    for number in range(calls):
        names[number % _ACCOUNTS]
    return (looked - (time.process_time() - began)) / calls * 1e6


async def _read(manager: TokenManager) -> float:
    return await _each(lambda number: manager.token(f"user-{number}"), 500)


async def _raw(url: str, calls: int = 400) -> float:
    async with aiohttp.ClientSession() as http:

        async def call(_: int) -> None:
            async with http.post(url, data=b"{}") as response:
                await response.read()

        await _each(call, 20)
        return await _each(call, calls)


async def _dict(calls: int = 200_000) -> float:
    tokens = {f"user-{number}": _token(number) for number in range(_ACCOUNTS)}
    names = list(tokens)

    async def get(number: int) -> Token:
        return tokens[names[number % _ACCOUNTS]]

    return await _each(get, calls)


def fresh(*, quick: bool) -> list[Row]:
    with asyncio.Runner() as runner, serving() as url:
        store = MemoryTokenStore()
        manager = _manager(store)
        for number in range(_ACCOUNTS):
            runner.run(manager.save_login(_token(number)))
        cases: dict[str, Callable[[], Coroutine[None, None, float]]] = {
            "fresh": lambda: _usable(manager),
            "a raw aiohttp call": lambda: _raw(url),
            "a dict": _dict,
            "read": lambda: _read(_manager(store)),
            "rotated": lambda: _each(lambda number: manager.refresh(f"user-{number}"), 200),
        }

        def once(case: Callable[[], Coroutine[None, None, float]]) -> float:
            return runner.run(case())

        taken = in_turns({name: partial(once, case) for name, case in cases.items()}, 3 if quick else 15)
    call = taken["a raw aiohttp call"]
    rate = {name: [1 / cost for cost in taken[name]] for name in ("fresh", "a dict")}
    return [
        beside("tokens", "a fresh token", "us CPU", taken["fresh"], "a raw aiohttp call", call, at_most=0.02),
        beside(
            "5a", "a fresh token, behind the cache", "tokens/us", rate["fresh"], "a dict", rate["a dict"], at_least=0.3
        ),
        beside("", "a token read from a store in memory", "us CPU", taken["read"], "a raw aiohttp call", call),
        beside("", "a whole rotation in memory", "us CPU", taken["rotated"], "a raw aiohttp call", call),
    ]


if __name__ == "__main__":
    main(__doc__, {"fresh": fresh})
