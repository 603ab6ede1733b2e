"""The connection to PostgreSQL: lost answers, stopped or silent servers, callers' pools, names of any kind."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from tests.forks import in_child, in_new_loop
from tests.postgres_server import PgBouncer, PostgresServer, new_schema
from tests.stores.postgres.proxy import LossyProxy
from tiktok_async.abc import LimitKey
from tiktok_async.errors import ConfigurationError, StoreError, TokenConflict
from tiktok_async.models import AccountKey, Checkpoint, Limit, Token
from tiktok_async.stores import (
    PostgresCheckpointStore,
    PostgresRateLimiter,
    PostgresTokenStore,
    PostgresVideoTable,
    open_store,
)
from tiktok_async.testing._store_records import make_token
from tiktok_async_stores.postgres import link as link_module

pytestmark = pytest.mark.postgres

KEY = AccountKey("app", "one")
LONG, NONE = timedelta(seconds=90), timedelta(0)


@pytest.fixture
async def proxy(postgres: PostgresServer) -> AsyncIterator[LossyProxy]:
    async with LossyProxy(postgres.port) as proxy:
        yield proxy


@pytest.fixture
async def lossy(proxy: LossyProxy) -> AsyncIterator[PostgresTokenStore]:
    """A store behind the proxy, used once, so that its pool is warm."""
    store = PostgresTokenStore(f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres?schema={new_schema()}")
    await store.put(make_token(AccountKey("app", "other")), expected_version=None)
    yield store
    await store.aclose()


@pytest.mark.parametrize("expected", [0, None])
async def test_a_new_token_whose_answer_was_lost_is_stored_once(
    lossy: PostgresTokenStore, proxy: LossyProxy, expected: int | None
) -> None:
    proxy.lose_answer(to=b"INSERT INTO")
    stored = await lossy.put(make_token(KEY), expected_version=expected)
    assert (proxy.lost, stored.version) == (1, 1)
    assert await lossy.get(KEY) == stored


async def test_a_rotated_token_whose_answer_was_lost_is_stored_once(
    lossy: PostgresTokenStore, proxy: LossyProxy
) -> None:
    await lossy.put(make_token(KEY), expected_version=0)
    proxy.lose_answer(to=b"UPDATE")
    stored = await lossy.put(make_token(KEY), expected_version=1)
    assert (proxy.lost, stored.version) == (1, 2)
    assert await lossy.get(KEY) == stored


async def test_of_many_tokens_whose_answer_was_lost_each_is_stored_once_or_refused(
    lossy: PostgresTokenStore, proxy: LossyProxy
) -> None:
    keys = [AccountKey("app", f"user-{number}") for number in range(4)]
    for key in keys[1:]:
        await lossy.put(make_token(key), expected_version=0)
    proxy.lose_answer(to=b"INSERT INTO")
    tokens = [make_token(key) for key in keys]
    new, late, anyhow, right = await lossy.put_many(list(zip(tokens, (0, 7, None, 1), strict=True)))
    assert proxy.lost == 1
    assert [new, anyhow, right] == [
        evolve(token, version=version) for token, version in zip((tokens[0], *tokens[2:]), (1, 2, 2), strict=True)
    ]
    assert isinstance(late, TokenConflict)


async def test_an_unconditional_put_overwrites_nothing_that_was_stored_after_a_lost_answer(
    lossy: PostgresTokenStore, proxy: LossyProxy, postgres: PostgresServer
) -> None:
    """A refresh of another process has used the stored pair: it must not be stored again."""
    await lossy.put(make_token(KEY), expected_version=0)
    other = PostgresTokenStore(postgres.url(schema=lossy._link.schema))
    login = make_token(KEY)
    newer = evolve(make_token(KEY), updated_at=login.updated_at + timedelta(seconds=1))
    link: Any = lossy._link
    once, rotated = link.once, list[Token]()

    async def once_and_then_another(*statement: Any) -> Any:
        try:
            return await once(*statement)
        finally:
            if proxy.lost and not rotated:
                rotated.append(await other.put(newer, expected_version=2))

    link.once = once_and_then_another  # between the lost answer and the read
    proxy.lose_answer(to=b"INSERT INTO")
    with pytest.raises(TokenConflict):
        await lossy.put(login, expected_version=None)
    assert [await lossy.get(KEY)] == rotated
    await other.aclose()


async def test_a_put_whose_request_was_lost_is_repeated(lossy: PostgresTokenStore, postgres: PostgresServer) -> None:
    await lossy.put(make_token(KEY), expected_version=0)
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tiktok-async'")
    assert (await lossy.put(make_token(KEY), expected_version=1)).version == 2


async def test_a_lease_and_a_claim_whose_answer_was_lost_are_ours(lossy: PostgresTokenStore, proxy: LossyProxy) -> None:
    proxy.lose_answer(to=b"INSERT INTO")
    async with lossy.lease(KEY, ttl=LONG, wait=NONE) as lease:
        assert proxy.lost == 1
        assert await lease.renew(LONG)
    proxy.lose_answer(to=b"INSERT INTO")
    assert await lossy.put_note(KEY, "claim", b"", ttl=LONG, only_if_absent=True)
    assert not await lossy.put_note(KEY, "claim", b"", ttl=LONG, only_if_absent=True)
    assert proxy.lost == 2


@pytest.mark.parametrize("expected", [0, 1])
async def test_a_checkpoint_whose_answer_was_lost_is_stored_once(proxy: LossyProxy, expected: int) -> None:
    url = f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres?schema={new_schema()}"
    store = PostgresCheckpointStore(url)
    checkpoint = Checkpoint(key=KEY, due_at=make_token(KEY).updated_at, round=expected)
    assert await store.get(KEY) is None
    if expected:
        await store.put(evolve(checkpoint, round=9), expected_version=0)
    proxy.lose_answer(to=b"INTO" if not expected else b"UPDATE")
    assert (await store.put(checkpoint, expected_version=expected)).version == expected + 1
    assert proxy.lost == 1
    await store.aclose()


async def test_permits_whose_answer_was_lost_are_granted_once(proxy: LossyProxy) -> None:
    url = f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres?schema={new_schema()}"
    limiter, key, limit = PostgresRateLimiter(url), LimitKey("app", "/", ""), Limit(40, timedelta(minutes=1))
    assert await limiter.remaining(key, limit) == 40
    proxy.lose_answer(to=b"take_permits")
    (await limiter.acquire(key, limit)).done()
    assert proxy.lost == 1
    assert (await limiter.usage(key, limit)).used == 1
    await limiter.aclose()


async def test_a_server_that_was_restarted_is_used_again_at_once(own_postgres: PostgresServer) -> None:
    store = PostgresTokenStore(own_postgres.url())
    stored = await store.put(make_token(KEY), expected_version=0)

    async def everything() -> None:
        await asyncio.gather(
            store.get(KEY), *(store.get_note(KEY, str(number)) for number in range(8)), anext(store.keys("app"))
        )

    await everything()
    own_postgres.stop()
    own_postgres.start()
    await everything()
    assert await store.get(KEY) == stored
    await store.aclose()


async def test_a_server_that_is_away_for_a_moment_makes_callers_wait(own_postgres: PostgresServer) -> None:
    store = PostgresTokenStore(own_postgres.url())
    stored = await store.put(make_token(KEY), expected_version=0)
    own_postgres.kill()
    waiting = [asyncio.ensure_future(store.get(KEY)) for _ in range(3)]
    await asyncio.sleep(0.2)
    await asyncio.to_thread(own_postgres.start)
    assert await asyncio.gather(*waiting) == [stored] * 3
    await store.aclose()


async def test_a_server_that_does_not_answer_is_an_error_and_used_again_when_it_does(
    own_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = PostgresTokenStore(own_postgres.url())
    stored = await store.put(make_token(KEY), expected_version=0)
    monkeypatch.setattr(link_module, "TIMEOUT", 0.3)
    store._link._patience = 0.3
    own_postgres.freeze(frozen=True)
    with pytest.raises(StoreError):
        await store.get(KEY)
    own_postgres.freeze(frozen=False)
    store._link._patience = 60.0
    monkeypatch.undo()
    assert await store.get(KEY) == stored
    await store.aclose()


async def test_a_row_that_another_transaction_locks_is_an_error_and_does_not_hang(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = new_schema()
    store = PostgresTokenStore(postgres.url(schema=schema))
    await store.put(make_token(KEY), expected_version=0)
    monkeypatch.setattr(link_module, "TIMEOUT", 0.3)
    async with AsyncConnectionPool(postgres.url(), min_size=1) as pool, pool.connection() as connection:
        await connection.execute(f"SELECT FROM {schema}.tokens FOR UPDATE".encode())
        with pytest.raises(StoreError):
            await store.put(make_token(KEY), expected_version=1)
    monkeypatch.undo()
    # The abandoned statement may be carried out now, at most once.
    while True:
        seen = await store.get(KEY)
        assert seen is not None
        with suppress(TokenConflict):
            assert (await store.put(make_token(KEY), expected_version=seen.version)).version in {2, 3}
            break
    await store.aclose()


async def test_the_error_for_a_wrong_password_or_host_does_not_show_the_password(own_postgres: PostgresServer) -> None:
    hba = own_postgres.data / "pg_hba.conf"
    hba.write_text("host all all 127.0.0.1/32 scram-sha-256\n")
    own_postgres.stop()
    own_postgres.start(ready=False)
    url = f"postgresql://postgres:hunter2@127.0.0.1:{own_postgres.port}/postgres"
    for place in (url, "postgresql://postgres:hunter2@127.0.0.1:1/postgres"):
        store = PostgresTokenStore(place)
        with pytest.raises(StoreError) as caught:
            await store.get(KEY)
        assert "failed" in str(caught.value)
        assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r} {store!r}"
        await store.aclose()
        with pytest.raises(StoreError, match="closed"):
            await store.get(KEY)


@pytest.mark.parametrize("tail", ["/%zz", "/app?pool_size=x", "/app?nonsense=1"])
def test_an_invalid_url_is_not_shown(tail: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_store(f"postgresql://user:hunter2@h{tail}")
    assert "hunter2" not in str(caught.value)


async def test_names_with_a_nul_or_a_backslash_stay_different_and_half_a_surrogate_pair_is_refused(
    postgres: PostgresServer,
) -> None:
    store = PostgresTokenStore(postgres.url(schema=new_schema()))
    odd = ["\0", "\\0", "\\\\0", "\\", "a\0b", "a\\0b"]
    stored = [await store.put(make_token(AccountKey("a\0pp", name)), expected_version=0) for name in odd]
    assert [await store.get(token.key) for token in stored] == stored
    assert sorted([key.open_id async for key in store.keys("a\0pp")]) == sorted(odd)
    outcomes = await asyncio.gather(
        store.put(make_token(AccountKey("app", "\ud800")), expected_version=0),
        store.put(make_token(KEY), expected_version=0),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], StoreError)
    assert isinstance(outcomes[1], Token)
    await store.aclose()


async def test_a_callers_pool_is_used_unchanged_and_left_open(pgbouncer: PgBouncer) -> None:
    """With transactions, rows as dicts and prepared statements, which neither PgBouncer nor this library supports."""
    async with AsyncConnectionPool(
        pgbouncer.url(), min_size=2, max_size=4, kwargs={"row_factory": dict_row, "prepare_threshold": 0}
    ) as pool:
        schema = new_schema()
        store, table = PostgresTokenStore(pool=pool, schema=schema), PostgresVideoTable(pool=pool, schema=schema)
        token = await store.put(make_token(KEY), expected_version=None)
        for _ in range(20):
            assert await asyncio.gather(*(store.get(KEY) for _ in range(3))) == [token] * 3
            async with store.lease(KEY, ttl=LONG, wait=NONE):
                token = await store.put(make_token(KEY), expected_version=token.version)
        assert await table.counts() == (0, 0)
        await store.aclose()
        await table.aclose()
        async with pool.connection() as connection:
            rows: list[Any] = await (await connection.execute("SELECT 1 AS one")).fetchall()
            assert rows == [{"one": 1}]


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
async def test_a_database_with_stricter_isolation_by_default_loses_no_update(
    postgres: PostgresServer, level: str
) -> None:
    name = new_schema()
    postgres.execute(f"CREATE DATABASE {name}", f"ALTER DATABASE {name} SET default_transaction_isolation = '{level}'")
    url = f"postgresql://postgres@127.0.0.1:{postgres.port}/{name}"
    stores = [PostgresTokenStore(url) for _ in range(3)]
    await asyncio.gather(*(store.get(KEY) for store in stores))

    async def count(store: PostgresTokenStore) -> None:
        for _ in range(5):
            while True:
                seen = await store.get(KEY)
                try:
                    await store.put(make_token(KEY), expected_version=seen.version if seen else 0)
                except TokenConflict:
                    continue
                break

    await asyncio.gather(*(count(store) for store in stores))
    last = await stores[0].get(KEY)
    assert last is not None
    assert last.version == 15
    for store in stores:
        await store.aclose()


async def test_pages_that_are_put_in_opposite_orders_do_not_deadlock(postgres: PostgresServer) -> None:
    schema = new_schema()
    stores = [PostgresTokenStore(postgres.url(schema=schema)) for _ in range(4)]
    tokens = [make_token(AccountKey("app", f"user-{number}")) for number in range(200)]

    async def put(store: PostgresTokenStore, order: list[Token]) -> None:
        for _ in range(3):
            await store.put_many([(token, None) for token in order])

    await asyncio.gather(*(put(store, tokens[:: 1 if number % 2 else -1]) for number, store in enumerate(stores)))
    versions = {token.version for token in await stores[0].get_many([token.key for token in tokens]) if token}
    assert versions == {12}
    assert postgres.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'") == [(0,)]
    for store in stores:
        await store.aclose()


Work = Callable[[PostgresTokenStore], Awaitable[object]]


@pytest.mark.parametrize(
    "work",
    [
        lambda store: store.get(KEY),
        lambda store: store.put_note(KEY, "note", b"x", ttl=LONG, only_if_absent=False),
        lambda store: store.delete(KEY),
    ],
    ids=["get", "note", "delete"],
)
async def test_a_caller_that_is_cancelled_at_any_await_returns_its_connection_to_the_pool(
    postgres: PostgresServer, work: Work
) -> None:
    store = PostgresTokenStore(postgres.url(schema="shared", pool_size="2"))
    await store.get(KEY)
    for turns in range(15):
        task = asyncio.ensure_future(work(store))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
    # Both connections are open.
    async with store.lease(KEY, ttl=LONG, wait=LONG):
        await asyncio.gather(*(store.get_note(KEY, "x") for _ in range(4)))
    await store.aclose()


async def test_a_program_ends_although_everything_is_open_and_its_server_does_not_answer(
    own_postgres: PostgresServer,
) -> None:
    """The pool of psycopg treats the cancellation at the end of the loop as a failed attempt, and would never end."""
    script = Path(__file__).with_name("left_open.py")
    process = await asyncio.create_subprocess_exec(sys.executable, script, own_postgres.url(), stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
    own_postgres.freeze(frozen=True)
    try:
        output, _ = await asyncio.wait_for(process.communicate(b"go\n"), 60)
    finally:
        own_postgres.freeze(frozen=False)
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert (output, process.returncode) == (b"ended\n", 0)


async def test_a_put_outlives_a_program_that_cancels_all_its_tasks(postgres: PostgresServer) -> None:
    schema = new_schema()
    store = PostgresTokenStore(postgres.url(schema=schema))
    await store.put(make_token(KEY), expected_version=0)
    spared = asyncio.all_tasks()
    for expected in (0, 1):
        token = make_token(AccountKey("app", f"user-{expected}"))
        if expected:
            await store.put(token, expected_version=0)
        async with await AsyncConnection.connect(postgres.url()) as connection:
            # The statement waits at the server when everything is cancelled.
            await connection.execute(f"LOCK {schema}.tokens".encode())
            put = asyncio.ensure_future(store.put(token, expected_version=expected))
            while postgres.execute("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(0,)]:
                await asyncio.sleep(0.01)
            for task in asyncio.all_tasks() - spared:
                task.cancel()
        with suppress(asyncio.CancelledError):
            await put
        await store.aclose()
        store = PostgresTokenStore(postgres.url(schema=schema))
        stored = await store.get(token.key)
        assert stored is not None
        assert stored.refresh_token == token.refresh_token
        assert stored.version == expected + 1
    await store.aclose()


async def test_a_store_that_was_used_before_a_fork_raises_an_error_in_the_child(postgres: PostgresServer) -> None:
    url = postgres.url(schema=new_schema())
    store, checkpoints, table = PostgresTokenStore(url), PostgresCheckpointStore(url), PostgresVideoTable(url)
    uses: list[tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[None]]]] = [
        (lambda: store.get(KEY), store.aclose),
        (lambda: store.put(make_token(KEY), expected_version=None), store.aclose),
        (lambda: store.get_note(KEY, "x"), store.aclose),
        (lambda: checkpoints.get(KEY), checkpoints.aclose),
        (table.counts, table.aclose),
    ]
    for use, _ in uses:
        await use()
    for use, close in uses:

        async def work(use: Any = use, close: Any = close) -> None:
            try:
                await use()
            finally:
                await close()

        output = in_child(lambda work=work: in_new_loop(work))  # type: ignore[misc]  # a default of a lambda
        assert output.startswith("StoreError: The Postgres")
        assert "was used before this process was forked" in output
    # The connections of the parent still work.
    for use, _ in uses:
        await use()
    for close in (store.aclose, checkpoints.aclose, table.aclose):
        await close()
