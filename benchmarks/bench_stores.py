"""What the token stores cost beside the bare drivers, in one process and interleaved, so that noise hits all alike.

The drivers do the same work: bytes from the database, made a `Token`; "raw" leaves that out. Each put, of all alike, is
what a refresh stores: another pair, later than all before. (SQLite looks before it writes, and a row that is written
over with what it held already costs next to nothing.)

    python -m benchmarks.bench_stores [operations|million|redis ...] [--quick]

Goals (the figures are ratios, so that the machine does not matter):

5a  SQLite get   at least 2.3 times aiosqlite's execute + fetchone, with 1 and 8 tasks
5b  SQLite put   with 100 tasks at least 6.5 times aiosqlite at synchronous=FULL, each put on disk when it returns, and
                 0.75 times "grouped raw rows", which is the same idea with nothing around it, no `Token` and no
                 version to compare: what the machine allows. "unchanged" writes over each row what it holds: SQLite
                 then writes nothing, which is how fifteen times were once reached
5c  a million    at most 350 bytes a token with its index; the first 100 to expire in 1 ms at most
5d  Redis        get at least 0.95 times bare redis-py; in bulk, 500 a call, at least 12 times the driver's single gets
                 (13 times with hiredis) and 8 times its single puts
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from attrs import evolve
from redis.asyncio import Redis

from benchmarks import store_peers as peers
from benchmarks._rows import Row, alone, beside, main
from benchmarks.store_peers import ACCOUNTS, APP, NOW, Operation, account, token
from tests.conftest import RedisServer
from tiktok_async.abc import BulkTokenStore, TokenStore
from tiktok_async.models import AccountKey, Token
from tiktok_async.stores import (
    EncryptedTokenStore,
    MemoryTokenStore,
    RedisTokenStore,
    SQLiteTokenStore,
    decode_token,
    encode_token,
    generate_store_key,
)

T = TypeVar("T")
Rates = dict[int, dict[str, list[float]]]  # by tasks, by what was measured
BULK, PAGE = 0, 500  # no task for each, but a page in a call, as `copy_tokens` does


async def rate(operation: Operation[T], make: Callable[[int], T], tasks: int, count: int) -> float:
    """Return operations per second of *tasks* tasks that share *count* of them; what they work on is made before."""
    each = max(1, count // tasks)
    # All over the table, and never one account in two tasks at once.
    work = [[make((offset + number * tasks) * 7919 % ACCOUNTS) for number in range(each)] for offset in range(tasks)]

    async def do(items: list[T]) -> None:
        for item in items:
            await operation(item)

    began = time.perf_counter()
    await asyncio.gather(*(do(items) for items in work))
    return each * tasks / (time.perf_counter() - began)


async def compare(
    operations: dict[str, Operation[T]], make: Callable[[int], T], tasks: int, count: int, rounds: int
) -> dict[str, list[float]]:
    """Return the rates of each, taking turns."""
    rates: dict[str, list[float]] = {name: [] for name in operations}
    for number in range(rounds):
        for name in reversed(operations) if number % 2 else operations:
            rates[name].append(await rate(operations[name], make, tasks, count))
    return rates


async def fill(store: TokenStore, tokens: list[Token]) -> None:
    for start in range(0, len(tokens), 500):
        await asyncio.gather(*(store.put(one, expected_version=None) for one in tokens[start : start + 500]))


def decoded(raw: Operation[AccountKey]) -> Operation[AccountKey]:
    """Return *raw* with what makes a `Token` of its bytes."""

    async def get(key: AccountKey) -> None:
        decode_token(await raw(key), key=key, version=1)

    return get


class Versions(dict[AccountKey, int]):
    """What is stored of each account, which a put by compare-and-set has to know."""

    def __missing__(self, key: AccountKey) -> int:
        return 1


def put_into(store: TokenStore, versions: Versions) -> Operation[Token]:
    """Return the put of a rotation: by compare-and-set, over the version that is there."""

    async def put(token: Token) -> None:
        stored = await store.put(token, expected_version=versions[token.key])
        versions[token.key] = stored.version

    return put


def put_many_into(store: BulkTokenStore, versions: Versions) -> Operation[Sequence[Token]]:
    async def put_many(tokens: Sequence[Token]) -> None:
        for stored in await store.put_many([(one, versions[one.key]) for one in tokens]):
            if not isinstance(stored, Token):
                raise stored
            versions[stored.key] = stored.version

    return put_many


def page_of(make: Callable[[int], T]) -> Callable[[int], list[T]]:
    return lambda number: [make((number + place) % ACCOUNTS) for place in range(PAGE)]


async def measured(directory: Path, *, quick: bool) -> tuple[Rates, Rates]:
    tokens = [token(number) for number in range(ACCOUNTS)]
    rotate = peers.Rotations(tokens)
    server = RedisServer(directory / "redis")
    (directory / "redis").mkdir()
    server.start()
    async with AsyncExitStack() as stack:
        stack.callback(server.stop)
        connection = await stack.enter_async_context(peers.bare_sqlite(directory / "bare.db", tokens))
        unchanged = await stack.enter_async_context(peers.bare_sqlite(directory / "unchanged.db", tokens))
        redis = RedisTokenStore(server.url)
        stores: dict[str, TokenStore] = {
            "memory": MemoryTokenStore(),
            "sqlite": SQLiteTokenStore(directory / "tokens.db"),
            "redis": redis,
            "encrypted sqlite": EncryptedTokenStore(
                SQLiteTokenStore(directory / "encrypted.db"), keys=[generate_store_key()]
            ),
        }
        versions = {name: Versions() for name in stores}
        client = Redis.from_url(server.url)
        stack.push_async_callback(client.aclose)
        for store in stores.values():
            stack.push_async_callback(store.aclose)
            await fill(store, tokens)
        for one in tokens:
            await client.set(f"bare:{one.key.open_id}", encode_token(one))

        descriptor = os.open(directory / "floor", os.O_WRONLY | os.O_CREAT, 0o600)
        stack.callback(os.close, descriptor)

        async def disk(token: Token) -> None:
            os.write(descriptor, encode_token(token))
            os.fdatasync(descriptor)

        gets: dict[str, Operation[AccountKey]] = {
            "aiosqlite raw": peers.sqlite_get(connection),
            "aiosqlite execute+fetchone": decoded(peers.sqlite_get(connection)),
            "redis-py GET raw": peers.redis_get(client),
            "redis-py GET": decoded(peers.redis_get(client)),
            **{name: store.get for name, store in stores.items()},
        }
        puts: dict[str, Operation[Token]] = {
            "aiosqlite FULL": peers.sqlite_put(connection),
            "append + fdatasync": disk,
            "grouped raw rows": peers.sqlite_put_grouped(connection),
            "grouped raw rows, unchanged": peers.sqlite_put_unchanged(unchanged),
            "redis-py SET": peers.redis_put(client),
            **{name: put_into(store, versions[name]) for name, store in stores.items()},
        }
        rounds, count = (3, 800) if quick else (7, 4000)
        got = {tasks: await compare(gets, account, tasks, count, rounds) for tasks in (1, 8, 100)}
        put = {tasks: await compare(puts, rotate, tasks, count, rounds) for tasks in (1, 8, 100)}
        reads = {"redis": redis.get_many, "redis-py MGET": peers.redis_get_many(client)}
        writes = {
            "redis": put_many_into(redis, versions["redis"]),
            "redis-py SETs in a pipeline": peers.redis_put_many(client),
        }
        got[BULK] = await compare(reads, page_of(account), 1, count // PAGE, rounds)
        put[BULK] = await compare(writes, page_of(rotate), 1, count // PAGE, rounds)
        for taken in (*got[BULK].values(), *put[BULK].values()):
            taken[:] = [pages * PAGE for pages in taken]
        return got, put


def operations(*, quick: bool) -> list[Row]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:  # on a disk: /tmp may be in memory
        got, put = asyncio.run(measured(Path(name), quick=quick))

    def row(  # noqa: PLR0917 - the columns of the table, in their order
        goal: str, what: str, taken: Rates, tasks: int, ours: str, peer: str, least: float | None
    ) -> Row:
        words = f"{what}, {tasks} task{'s' if tasks > 1 else ''}"
        return beside(goal, words, "1/s", taken[tasks][ours], peer, taken[tasks][peer], at_least=least)

    def many(  # noqa: PLR0917 - as above
        goal: str, what: str, taken: Rates, tasks: int, ours: str, peer: str, least: float | None
    ) -> Row:
        words = f"{what}, {PAGE} a call" if tasks == BULK else f"{what}, {tasks} tasks"
        return beside(goal, words, "1/s", taken[tasks][ours], f"{peer}, 1 task", taken[1][peer], at_least=least)

    driver, floor = "aiosqlite execute+fetchone", "append + fdatasync"
    bound = [
        *(row("5a", "SQLite get", got, tasks, "sqlite", driver, 2.3) for tasks in (1, 8)),
        row("5b", "SQLite put", put, 100, "sqlite", "aiosqlite FULL", 6.5),
        row("5b", "SQLite put", put, 100, "sqlite", "grouped raw rows", 0.75),
        *(row("5d", "Redis get", got, tasks, "redis", "redis-py GET", 0.95) for tasks in (1, 8)),
        many("5d", "Redis get_many", got, BULK, "redis", "redis-py GET", 13 if find_spec("hiredis") else 12),
        many("5d", "Redis put_many", put, BULK, "redis", "redis-py SET", 8),
    ]
    free = [
        *(row("", "SQLite get", got, tasks, "sqlite", "aiosqlite raw", None) for tasks in (1, 8)),
        *(row("", "Redis get", got, tasks, "redis", "redis-py GET raw", None) for tasks in (1, 8)),
        row("", "SQLite put", put, 100, "sqlite", floor, None),
        *(row("", "grouped raw rows", put, 100, "grouped raw rows", peer, None) for peer in ("aiosqlite FULL", floor)),
        *(
            row("", "grouped raw rows, unchanged", put, 100, "grouped raw rows, unchanged", peer, None)
            for peer in ("aiosqlite FULL", floor)
        ),
        many("", "redis-py MGET raw", got, BULK, "redis-py MGET", "redis-py GET", None),
        many("", "redis-py SETs in a pipeline", put, BULK, "redis-py SETs in a pipeline", "redis-py SET", None),
        many("", "Redis get", got, 100, "redis", "redis-py GET", None),
        many("", "Redis put", put, 100, "redis", "redis-py SET", None),
        row("", "SQLite get", got, 100, "sqlite", driver, None),
        *(row("", "SQLite put", put, tasks, "sqlite", "aiosqlite FULL", None) for tasks in (1, 8)),
        row("", "Redis get", got, 100, "redis", "redis-py GET", None),
        *(row("", "Redis put", put, tasks, "redis", "redis-py SET", None) for tasks in (1, 8, 100)),
        *(
            row("", f"{what}, encrypted SQLite", taken, 8, "encrypted sqlite", "sqlite", None)
            for what, taken in (("get", got), ("put", put))
        ),
    ]
    return bound + free


async def first_hundred(store: TokenStore, rounds: int) -> list[float]:
    """Return the milliseconds to the first 100 accounts that expire."""
    times = list[float]()
    for _ in range(rounds):
        began = time.perf_counter()
        seen = 0
        async for _key in store.expiring(APP, NOW + timedelta(hours=1)):
            seen += 1
            if seen == 100:
                break
        times.append((time.perf_counter() - began) * 1000)
        if seen != 100:
            raise AssertionError(seen)
    return times


async def sqlite_million(directory: Path, count: int) -> list[Row]:
    store = SQLiteTokenStore(directory / "million.db")
    template = token(0)
    began = time.perf_counter()
    for start in range(0, count, 5000):
        batch = (evolve(token(number), scopes=template.scopes) for number in range(start, start + 5000))
        await asyncio.gather(*(store.put(one, expected_version=None) for one in batch))
    rate = count / (time.perf_counter() - began)
    soonest = await first_hundred(store, 50)
    await store.aclose()
    size = (directory / "million.db").stat().st_size / count
    what = f"of {count:,} in SQLite"
    return [
        alone("5c", f"the first 100 to expire {what}", "ms", soonest, at_most=1),
        alone("5c", f"a token on disk, {what}", "bytes", [size], at_most=350),
        alone("", f"durable puts, up to the end {what}", "1/s", [rate]),
    ]


async def redis_million(directory: Path, count: int) -> list[Row]:
    server = RedisServer(directory, "--appendonly", "no")
    server.start()
    store, client = RedisTokenStore(server.url), Redis.from_url(server.url)
    try:
        for start in range(0, count, 5000):
            await asyncio.gather(*(store.put(token(n), expected_version=None) for n in range(start, start + 5000)))
        soonest = await first_hundred(store, 50)
        memory: dict[str, Any] = await client.info("memory")
    finally:
        await client.aclose()
        await store.aclose()
        server.kill()
    what = f"of {count:,} in Redis"
    return [
        alone("", f"the first 100 to expire {what}", "ms", soonest),
        alone("", f"a token in memory, {what}", "bytes", [memory["used_memory"] / count]),
    ]


def million(*, quick: bool) -> list[Row]:
    count = 20_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        return asyncio.run(sqlite_million(Path(name), count))


def redis(*, quick: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(redis_million(Path(name), 20_000 if quick else 200_000))


if __name__ == "__main__":
    main(__doc__, {"operations": operations, "million": million, "redis": redis})
