"""What the token stores cost beside the bare drivers, in one process and interleaved, so that noise hits all alike.

The drivers do the same work: bytes from the database, made a `Token`.

    python benchmarks/bench_stores.py [--quick]

Goals (the figures are ratios, so that the machine does not matter):

5a  SQLite get   at least 2.3 times aiosqlite's execute + fetchone, with 1 and 8 tasks
5b  SQLite put   with 100 tasks at least 10 times aiosqlite at synchronous=FULL, each put on disk when it returns
5c  a million    at most 350 bytes a token with its index; the first 100 to expire in 1 ms at most
5d  Redis get    at least 0.95 times bare redis-py
"""

import argparse
import asyncio
import os
import random
import statistics
import string
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite
from attrs import evolve
from redis.asyncio import Redis

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.conftest import RedisServer
from tiktok_async.abc import TokenStore
from tiktok_async.models import AccountKey, Secret, Token
from tiktok_async.stores import (
    EncryptedTokenStore,
    MemoryTokenStore,
    RedisTokenStore,
    SQLiteTokenStore,
    decode_token,
    encode_token,
    generate_store_key,
)

APP = "aw1234567890abcdef"
ACCOUNTS = 5000
NOW = datetime.now(UTC)
LUCK = random.Random(1)
Operation = Callable[[int], Awaitable[Any]]


def account(number: int) -> AccountKey:
    return AccountKey(APP, f"723f24d7-e717-40f8-a2b6-{number:012x}")


def token(number: int) -> Token:
    """Return a token as long as TikTok's: two of 72 letters, two scopes."""
    letters = string.ascii_letters + string.digits
    return Token(
        key=account(number),
        access_token=Secret("act." + "".join(LUCK.choices(letters, k=68))),
        refresh_token=Secret("rft." + "".join(LUCK.choices(letters, k=68))),
        scopes={"user.info.basic", "video.list"},
        expires_at=NOW + timedelta(seconds=number * 86400 / 1_000_000),
        refresh_expires_at=NOW + timedelta(days=365),
        updated_at=NOW,
    )


async def rate(operation: Operation, tasks: int, count: int) -> float:
    """Return operations per second of *tasks* tasks that share *count* of them."""
    each = max(1, count // tasks)

    async def work(offset: int) -> None:
        for number in range(each):
            await operation((offset * each + number * 7919) % ACCOUNTS)

    began = time.perf_counter()
    await asyncio.gather(*(work(offset) for offset in range(tasks)))
    return each * tasks / (time.perf_counter() - began)


async def compare(operations: dict[str, Operation], tasks: int, count: int, rounds: int) -> dict[str, float]:
    """Return the median rate of each, taking turns."""
    rates: dict[str, list[float]] = {name: [] for name in operations}
    for _ in range(rounds):
        for name, operation in operations.items():
            rates[name].append(await rate(operation, tasks, count))
    return {name: statistics.median(values) for name, values in rates.items()}


def verdict(goal: str, what: str, value: float, wanted: float, *, least: bool = True) -> None:
    good = value >= wanted if least else value <= wanted
    print(f"  {'ok  ' if good else 'MISS'} {goal} {what}: {value:.2f} (goal {'>=' if least else '<='} {wanted})")


async def fill(store: TokenStore, tokens: list[Token]) -> None:
    for start in range(0, len(tokens), 500):
        await asyncio.gather(*(store.put(one, expected_version=None) for one in tokens[start : start + 500]))


@asynccontextmanager
async def bare_sqlite(path: Path, tokens: list[Token]) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            await connection.execute_fetchall(f"PRAGMA {pragma}")
        await connection.execute("CREATE TABLE t (id TEXT PRIMARY KEY, expires INTEGER, body BLOB) WITHOUT ROWID")
        await connection.execute("CREATE INDEX i ON t (expires)")
        await connection.execute("BEGIN")
        for one in tokens:
            row = (one.key.open_id, int(one.expires_at.timestamp()), encode_token(one))
            await connection.execute("INSERT INTO t VALUES (?, ?, ?)", row)
        await connection.execute("COMMIT")
        yield connection


async def operations(directory: Path, *, quick: bool) -> None:  # noqa: C901 - one table, made in one place
    tokens = [token(number) for number in range(ACCOUNTS)]
    server = RedisServer(directory / "redis")
    (directory / "redis").mkdir()
    server.start()
    async with AsyncExitStack() as stack:
        stack.callback(server.stop)
        connection = await stack.enter_async_context(bare_sqlite(directory / "bare.db", tokens))
        stores: dict[str, TokenStore] = {
            "memory": MemoryTokenStore(),
            "sqlite": SQLiteTokenStore(directory / "tokens.db"),
            "redis": RedisTokenStore(server.url),
            "encrypted sqlite": EncryptedTokenStore(
                SQLiteTokenStore(directory / "encrypted.db"), keys=[generate_store_key()]
            ),
        }
        client = Redis.from_url(server.url)
        stack.push_async_callback(client.aclose)
        for store in stores.values():
            stack.push_async_callback(store.aclose)
            await fill(store, tokens)
        for one in tokens:
            await client.set(f"bare:{one.key.open_id}", encode_token(one))

        async def bare_get(number: int) -> None:
            async with connection.execute("SELECT body FROM t WHERE id = ?", (account(number).open_id,)) as cursor:
                row: Any = await cursor.fetchone()
            # The same work: what a caller needs is a Token.
            decode_token(row[0], key=account(number), version=1)

        async def bare_redis_get(number: int) -> None:
            body: Any = await client.get(f"bare:{account(number).open_id}")
            decode_token(body, key=account(number), version=1)

        async def bare_put(number: int) -> None:
            row = (int(tokens[number].expires_at.timestamp()), encode_token(tokens[number]), account(number).open_id)
            await connection.execute("UPDATE t SET expires = ?, body = ? WHERE id = ?", row)

        async def get(store: TokenStore, number: int) -> None:
            await store.get(account(number))

        async def put_one(store: TokenStore, number: int) -> None:
            await store.put(tokens[number], expected_version=None)

        descriptor = os.open(directory / "floor", os.O_WRONLY | os.O_CREAT, 0o600)
        stack.callback(os.close, descriptor)

        async def disk(number: int) -> None:
            os.write(descriptor, encode_token(tokens[number]))
            os.fdatasync(descriptor)

        gets: dict[str, Operation] = {
            "aiosqlite execute+fetchone": bare_get,
            "redis-py GET": bare_redis_get,
            **{name: partial(get, store) for name, store in stores.items()},
        }
        puts: dict[str, Operation] = {
            "aiosqlite FULL": bare_put,
            "append + fdatasync": disk,
            "redis-py SET": lambda number: client.set(f"bare:{account(number).open_id}", encode_token(tokens[number])),
            **{name: partial(put_one, store) for name, store in stores.items()},
        }
        rounds, count = (3, 800) if quick else (7, 4000)
        got = {tasks: await compare(gets, tasks, count, rounds) for tasks in (1, 8, 100)}
        put = {tasks: await compare(puts, tasks, count, rounds) for tasks in (1, 8, 100)}
        for title, table in (("get/s", got), ("put/s", put)):
            print(f"\n{title:28}" + "".join(f"{f'{tasks} tasks':>14}" for tasks in table))
            for name in table[1]:
                print(f"{name:28}" + "".join(f"{table[tasks][name]:14,.0f}" for tasks in table))
        print()
        for tasks in (1, 8):
            ratio = got[tasks]["sqlite"] / got[tasks]["aiosqlite execute+fetchone"]
            verdict("5a", f"sqlite get, {tasks} tasks, x aiosqlite", ratio, 2.3)
        verdict("5b", "sqlite put, 100 tasks, x aiosqlite FULL", put[100]["sqlite"] / put[100]["aiosqlite FULL"], 10)
        verdict("5b", "sqlite put, 100 tasks, x fdatasync", put[100]["sqlite"] / put[100]["append + fdatasync"], 10)
        verdict("5d", "redis get, 1 task, x redis-py", got[1]["redis"] / got[1]["redis-py GET"], 0.95)
        verdict("5d", "redis get, 8 tasks, x redis-py", got[8]["redis"] / got[8]["redis-py GET"], 0.95)
        # The protocol has no bulk call; what waits shares a round trip all the same.
        print(f"       5d redis get, 100 tasks, x redis-py: {got[100]['redis'] / got[100]['redis-py GET']:.2f}")
        print(f"       5d redis put, 100 tasks, x redis-py: {put[100]['redis'] / put[100]['redis-py SET']:.2f}")


async def first_hundred(store: TokenStore, rounds: int) -> float:
    """Return the median milliseconds to the first 100 accounts that expire."""
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
    return statistics.median(times)


async def million(directory: Path, count: int) -> None:
    print(f"\n{count:,} accounts")
    store = SQLiteTokenStore(directory / "million.db")
    template = token(0)
    began = time.perf_counter()
    for start in range(0, count, 5000):
        batch = (evolve(token(number), scopes=template.scopes) for number in range(start, start + 5000))
        await asyncio.gather(*(store.put(one, expected_version=None) for one in batch))
    print(f"  sqlite: filled at {count / (time.perf_counter() - began):,.0f} durable puts/s")
    verdict("5c", "sqlite, first 100 to expire, ms", await first_hundred(store, 50), 1, least=False)
    await store.aclose()
    size = (directory / "million.db").stat().st_size / count
    verdict("5c", "sqlite, bytes a token on disk", size, 350, least=False)
    server = RedisServer(directory / "redis2", "--appendonly", "no")
    (directory / "redis2").mkdir()
    server.start()
    redis = RedisTokenStore(server.url)
    for start in range(0, count, 5000):
        await asyncio.gather(*(redis.put(token(n), expected_version=None) for n in range(start, start + 5000)))
    print(f"  redis: first 100 to expire {await first_hundred(redis, 50):.2f} ms")
    client = Redis.from_url(server.url)
    memory: dict[str, Any] = await client.info("memory")
    print(f"  redis: {memory['used_memory'] / count:.0f} bytes a token in memory")
    await client.aclose()
    await redis.aclose()
    server.kill()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and 20,000 accounts instead of a million")
    quick: bool = parser.parse_args().quick
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        await operations(Path(name), quick=quick)
        await million(Path(name), 20_000 if quick else 1_000_000)


if __name__ == "__main__":
    asyncio.run(main())
