"""PgBouncer in transaction mode: each statement may use another connection to the server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

import psycopg
import pytest

from tests.postgres_server import PgBouncer, PostgresServer, new_schema
from tiktok_async.abc import LimitKey
from tiktok_async.errors import LeaseUnavailable, RateLimitWaitExceeded, TokenConflict
from tiktok_async.models import AccountKey, Checkpoint, Limit, Video
from tiktok_async.stores import PostgresCheckpointStore, PostgresRateLimiter, PostgresTokenStore, PostgresVideoTable
from tiktok_async.testing._store_records import make_token

pytestmark = pytest.mark.postgres

CONNECTIONS = 4  # to the server, for all clients of the bouncer
LONG, NONE = timedelta(seconds=90), timedelta(0)
MINUTE = Limit(40, timedelta(minutes=1))

Make = Callable[[], PostgresTokenStore]


@pytest.fixture
def url(pgbouncer: PgBouncer) -> str:
    return pgbouncer.url(schema=new_schema(), pool_size="2")


@pytest.fixture
async def make(url: str) -> AsyncIterator[Make]:
    """Makes stores, each with connections of its own to the bouncer."""
    made: list[PostgresTokenStore] = []

    def make() -> PostgresTokenStore:
        made.append(PostgresTokenStore(url))
        return made[-1]

    yield make
    for store in made:
        await store.aclose()


async def test_many_clients_share_few_connections_and_each_reads_what_it_stored(make: Make) -> None:
    """A prepared statement of one client would be missing on the next connection. All create the tables at once."""

    async def work(store: PostgresTokenStore, name: str) -> None:
        token = await store.put(make_token(AccountKey("app", name)), expected_version=0)
        for number in range(8):
            async with store.lease(token.key, ttl=LONG, wait=NONE):
                token = await store.put(token, expected_version=token.version)
            assert await store.get_many([token.key, AccountKey("app", "nobody")]) == [token, None]
            assert await store.put_note(token.key, str(number), b"x", ttl=LONG, only_if_absent=True)
            assert await store.get_note(token.key, str(number)) == b"x"
        assert token.key in [key async for key in store.keys("app")]

    await asyncio.gather(*(work(make(), f"user-{number}") for number in range(3 * CONNECTIONS)))


async def test_a_lease_has_one_holder_over_any_connections(make: Make) -> None:
    """With advisory locks all of them would get the lease."""
    stores, key, fences = [make() for _ in range(2 * CONNECTIONS)], AccountKey("app", "one"), list[int]()

    async def take(store: PostgresTokenStore) -> None:
        async with store.lease(key, ttl=LONG, wait=LONG) as lease:
            fences.append(lease.fence)
            with pytest.raises(LeaseUnavailable):
                async with stores[0].lease(key, ttl=LONG, wait=NONE):
                    pass
            assert await lease.renew(LONG)

    await asyncio.gather(*map(take, stores))
    assert len(fences) == len(stores)
    assert fences == sorted(set(fences))


async def test_no_operation_leaves_a_transaction_open(make: Make, url: str, postgres: PostgresServer) -> None:
    store, checkpoints, key = make(), PostgresCheckpointStore(url), AccountKey("app", "one")

    async def refused() -> None:
        with pytest.raises(TokenConflict):
            await store.put(make_token(key), expected_version=7)

    now = make_token(key).updated_at
    steps: list[Callable[[], Awaitable[object]]] = [
        lambda: store.put(make_token(key), expected_version=0),
        refused,
        lambda: store.put_many([(make_token(key), 1), (make_token(AccountKey("app", "two")), 7)]),
        lambda: store.put_note(key, "note", b"x", ttl=LONG, only_if_absent=True),
        lambda: checkpoints.put(Checkpoint(key=key, due_at=now, round=0), expected_version=0),
        lambda: checkpoints.take_due("app", before=now + LONG, until=now, limit=9),
        lambda: store.delete(key),
    ]
    for step in steps:
        await step()
        assert postgres.execute("SELECT query FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'") == []
    await checkpoints.aclose()


async def test_limiters_share_one_window(url: str) -> None:
    one, two, key = PostgresRateLimiter(url), PostgresRateLimiter(url), LimitKey("app", "/", "")
    for _ in range(30):
        (await one.acquire(key, MINUTE)).done()
    await one.aclose()
    for _ in range(10):
        (await two.acquire(key, MINUTE)).done()
    with pytest.raises(RateLimitWaitExceeded):
        await two.acquire(key, MINUTE, max_wait=1)
    await two.aclose()


async def test_settings_that_another_client_left_on_a_connection_have_no_effect(
    make: Make, url: str, pgbouncer: PgBouncer
) -> None:
    """PgBouncer resets few settings when another client gets a connection to the server."""
    settings = "SET search_path = pg_catalog; SET bytea_output = escape; SET TimeZone = 'Asia/Tokyo'; "
    settings += "SET DateStyle = 'SQL, DMY'; SET IntervalStyle = sql_standard; SET extra_float_digits = -15"
    others = [await psycopg.AsyncConnection.connect(pgbouncer.url()) for _ in range(CONNECTIONS)]
    # All at once, in open transactions: so each has its own connection to the server.
    await asyncio.gather(*(other.execute(settings.encode()) for other in others))
    await asyncio.gather(*(other.commit() for other in others))
    store, table, key = make(), PostgresVideoTable(url), AccountKey("app", "one")
    token = await store.put(make_token(key), expected_version=0)
    for _ in range(2 * CONNECTIONS):
        assert await asyncio.gather(*(store.get(key) for _ in range(2))) == [token, token]
        soon = token.expires_at + timedelta(microseconds=1)
        assert [one async for one in store.expiring("app", soon)] == [key]
        assert [one async for one in store.expiring("app", token.expires_at)] == []
    posted = datetime.fromisoformat("2026-02-03T04:05:06.000007+00:00")
    await table.upsert("one", [Video(id="7", create_time=posted, duration=timedelta(seconds=31))])
    assert await table.counts() == (1, 1)
    for other in others:
        await other.close()
    await table.aclose()
