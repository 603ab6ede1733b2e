"""What the stores in PostgreSQL cost beside psycopg's bare statements and beside Redis, interleaved in one process.

The bare statements go over one open connection, without a pool, a version to compare or a `Token` to make; "decoded"
makes one. Each put is what a refresh stores. Both servers have each write on disk before they answer.

    python -m benchmarks.bench_postgres [operations|limits|million ...] [--quick]

No goals but those of the limiter over four processes, which are in bench_fleet.py.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection

from benchmarks._rows import Row, alone, beside, main
from benchmarks.bench_stores import PAGE, Rates, Versions, compare, decoded, fill, page_of, put_into, put_many_into
from benchmarks.store_peers import ACCOUNTS, APP, NOW, Operation, Rotations, account, token
from tests.conftest import RedisServer
from tests.postgres_server import PostgresServer
from tiktok_async.abc import LimitKey, RateLimiter, TokenStore
from tiktok_async.models import AccountKey, Limit, Token
from tiktok_async.stores import (
    PostgresRateLimiter,
    PostgresTokenStore,
    RedisRateLimiter,
    RedisTokenStore,
    encode_token,
)

_GET = b"SELECT body FROM bare WHERE open_id = %s"
_PUT = b"UPDATE bare SET expires_at = %s, body = %s WHERE open_id = %s"
BULK = 0


async def bare(server: PostgresServer, tokens: list[Token]) -> AsyncConnection[Any]:
    """Return a connection to a table with nothing but what a store must keep."""
    connection = await AsyncConnection.connect(server.url(), autocommit=True, prepare_threshold=None)
    await connection.execute("CREATE TABLE bare (open_id text PRIMARY KEY, expires_at timestamptz, body bytea)")
    await connection.execute("CREATE INDEX ON bare (expires_at)")
    async with connection.cursor() as cursor:
        rows = [(one.key.open_id, one.expires_at, encode_token(one)) for one in tokens]
        await cursor.executemany("INSERT INTO bare VALUES (%s, %s, %s)", rows)
    return connection


def bare_get(connection: AsyncConnection[Any]) -> Operation[AccountKey]:
    async def get(key: AccountKey) -> bytes:
        cursor = await connection.execute(_GET, [key.open_id], binary=True)
        rows = await cursor.fetchall()
        return bytes(rows[0][0])

    return get


def bare_put(connection: AsyncConnection[Any]) -> Operation[Token]:
    async def put(token: Token) -> None:
        await connection.execute(_PUT, [token.expires_at, encode_token(token), token.key.open_id])

    return put


def lease_of(store: TokenStore) -> Operation[AccountKey]:
    async def lease(key: AccountKey) -> None:
        async with store.lease(key, ttl=timedelta(minutes=1), wait=timedelta(0)):
            pass

    return lease


async def started(stack: AsyncExitStack, directory: Path) -> tuple[PostgresServer, RedisServer]:
    """Start both servers; they are ended with *stack*."""
    postgres, redis = PostgresServer(), RedisServer(directory, "--appendfsync", "always")
    stack.callback(postgres.remove)
    postgres.make()
    postgres.start()
    redis.start()
    stack.callback(redis.stop)
    return postgres, redis


async def measured(directory: Path, *, quick: bool) -> tuple[Rates, Rates, Rates]:
    tokens = [token(number) for number in range(ACCOUNTS)]
    async with AsyncExitStack() as stack:
        postgres, redis = await started(stack, directory)
        connection = await bare(postgres, tokens)
        stack.push_async_callback(connection.close)
        ours, other = PostgresTokenStore(postgres.url()), RedisTokenStore(redis.url)
        for store in (ours, other):
            stack.push_async_callback(store.aclose)
            await fill(store, tokens)
        rounds, count = (3, 400) if quick else (7, 2000)
        gets: dict[str, Operation[AccountKey]] = {
            "psycopg": bare_get(connection),
            "psycopg, decoded": decoded(bare_get(connection)),
            "postgres": ours.get,
            "redis": other.get,
        }
        puts: dict[str, Operation[Token]] = {
            "psycopg": bare_put(connection),
            "postgres": put_into(ours, one := Versions()),
            "redis": put_into(other, two := Versions()),
        }
        leases = {"postgres": lease_of(ours), "redis": lease_of(other)}
        rotate = Rotations(tokens)
        got = {tasks: await compare(gets, account, tasks, count, rounds) for tasks in (1, 8, 100)}
        put = {tasks: await compare(puts, rotate, tasks, count, rounds) for tasks in (1, 8, 100)}
        held = {tasks: await compare(leases, account, tasks, count // 2, rounds) for tasks in (1, 8)}
        reads: dict[str, Operation[Sequence[AccountKey]]] = {"postgres": ours.get_many, "redis": other.get_many}
        writes = {"postgres": put_many_into(ours, one), "redis": put_many_into(other, two)}
        got[BULK] = await compare(reads, page_of(account), 1, max(2, count // PAGE), rounds)
        put[BULK] = await compare(writes, page_of(rotate), 1, max(2, count // PAGE), rounds)
        for taken in (*got[BULK].values(), *put[BULK].values()):
            taken[:] = [pages * PAGE for pages in taken]
        return got, put, held


def operations(*, quick: bool) -> list[Row]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:  # on a disk: /tmp may be in memory
        got, put, held = asyncio.run(measured(Path(name), quick=quick))

    def rows(what: str, rates: Rates, *peers: str) -> list[Row]:
        return [
            beside("", f"PostgreSQL {what}, {words(tasks)}", "1/s", taken["postgres"], peer, taken[peer])
            for tasks, taken in rates.items()
            for peer in peers
            if peer in taken
        ]

    def words(tasks: int) -> str:
        return f"{PAGE} a call" if tasks == BULK else f"{tasks} task{'s' if tasks > 1 else ''}"

    return [
        *rows("get", got, "psycopg", "psycopg, decoded", "redis"),
        *rows("put", put, "psycopg", "redis"),
        *rows("lease and release", held, "redis"),
    ]


async def limited(make: Callable[[], RateLimiter], tasks: int, each: int) -> float:
    """Return calls a second: acquire and release over 150 windows, nothing refused."""
    limiter, limit = make(), Limit(600, timedelta(minutes=1))
    keys = [LimitKey("app", "/v2/video/list/", f"account-{number}") for number in range(150)]
    await limiter.remaining(keys[0], limit)

    async def work(task: int) -> None:
        for number in range(each):
            permit = await limiter.acquire(keys[(number * tasks + task) % len(keys)], limit)
            permit.done()

    began = time.monotonic()
    await asyncio.gather(*(work(task) for task in range(tasks)))
    rate = tasks * each / (time.monotonic() - began)
    await limiter.aclose()
    return rate


async def limits_measured(directory: Path, *, quick: bool) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {"postgres": [], "redis": []}
    async with AsyncExitStack() as stack:
        postgres, redis = await started(stack, directory)
        for number in range(2 if quick else 5):
            makers: dict[str, Callable[[], RateLimiter]] = {
                "postgres": lambda number=number: PostgresRateLimiter(postgres.url(schema=f"limits_{number}")),  # type: ignore[misc]  # a default of a lambda
                "redis": lambda number=number: RedisRateLimiter(redis.url, prefix=f"limits-{number}"),  # type: ignore[misc]  # as above
            }
            for name in reversed(makers) if number % 2 else makers:
                rates[name].append(await limited(makers[name], 8, 200 if quick else 2000))
    return rates


def limits(*, quick: bool) -> list[Row]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        rates = asyncio.run(limits_measured(Path(name), quick=quick))
    what = "a limited call over PostgreSQL, 8 tasks, 150 windows"
    return [beside("", what, "calls/s", rates["postgres"], "redis", rates["redis"])]


async def put_range(store: PostgresTokenStore, first: int, end: int) -> None:
    for start in range(first, end, 1000):
        await store.put_many([(token(number), 0) for number in range(start, min(end, start + 1000))])


async def millions(count: int) -> list[Row]:
    server = PostgresServer("max_wal_size=4GB")
    server.make()
    server.start()
    store = PostgresTokenStore(server.url())
    try:
        await put_range(store, 0, count // 200)
        # Most of them by the server itself, which takes a minute in place of ten.
        server.execute(
            """INSERT INTO tiktok.tokens SELECT client_key, open_id || '-' || n, version, active,
            expires_at + n * interval '1 microsecond', body FROM tiktok.tokens, generate_series(1, 189) AS n"""
        )
        server.execute("VACUUM ANALYZE tiktok.tokens")
        began, last = time.perf_counter(), count // 20
        await put_range(store, count // 200, count // 200 + last)
        rate = last / (time.perf_counter() - began)
        server.execute("VACUUM ANALYZE tiktok.tokens")
        first = list[float]()
        for _ in range(20):
            listing, began = store.expiring(APP, NOW + timedelta(hours=1)), time.perf_counter()
            for _number in range(100):
                await anext(listing)
            first.append((time.perf_counter() - began) * 1000)
        at_server = [await explained(server) for _ in range(20)]
        ((table, whole),) = server.execute(
            "SELECT pg_table_size('tiktok.tokens'), pg_total_relation_size('tiktok.tokens')"
        )
    finally:
        await store.aclose()
        server.remove()
    what = f"of {count:,} in PostgreSQL"
    return [
        alone("", f"the first 100 to expire {what}, at the server", "ms", at_server, at_most=1),
        alone("", f"the first 100 to expire {what}, with the way there", "ms", first),
        alone("", f"a token on disk with its indexes, {what}", "bytes", [int(str(whole)) / count]),
        alone("", f"a token on disk, {what}", "bytes", [int(str(table)) / count]),
        alone("", f"durable puts, up to the end {what}", "1/s", [rate]),
    ]


async def explained(server: PostgresServer) -> float:
    """Return the milliseconds that the server says it took for the first hundred."""
    rows = server.execute(
        f"""EXPLAIN (ANALYZE, TIMING OFF) SELECT expires_at, open_id FROM tiktok.tokens
        WHERE client_key = '{APP}' AND active AND expires_at < '{(NOW + timedelta(hours=1)).isoformat()}'
        AND (expires_at, open_id) > ('0001-01-02+00'::timestamptz, '') ORDER BY expires_at, open_id LIMIT 100"""
    )
    (line,) = [str(row[0]) for row in rows if str(row[0]).startswith("Execution Time")]
    return float(line.split()[2])


def million(*, quick: bool) -> list[Row]:
    return asyncio.run(millions(20_000 if quick else 1_000_000))


if __name__ == "__main__":
    main(__doc__, {"operations": operations, "limits": limits, "million": million})
