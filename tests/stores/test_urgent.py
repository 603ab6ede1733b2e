"""A token that nothing else holds is stored before all other work of its store."""

import asyncio
import contextlib
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from redis.asyncio import Redis

from tests.postgres_server import PostgresServer, new_schema
from tests.tokens.fakes import TokenWorld
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.abc import UrgentTokenStore
from tiktok_async.models import AccountKey, Token
from tiktok_async.stores import (
    EncryptedTokenStore,
    MemoryTokenStore,
    PostgresTokenStore,
    RedisTokenStore,
    SQLiteCheckpointStore,
    SQLiteTokenStore,
    generate_store_key,
)
from tiktok_async.testing import UrgentTokenStoreContract
from tiktok_async.testing._store_records import make_token
from tiktok_async_stores.sqlite.urgent import UrgentWorker

KEY = AccountKey("app", "one")


class TestSQLiteTokenStore(UrgentTokenStoreContract):
    @pytest.fixture(params=["tokens.db", ":memory:"])
    async def store(self, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[UrgentTokenStore]:
        name = request.param
        store = SQLiteTokenStore(name if name == ":memory:" else tmp_path / name)
        yield store
        await store.aclose()


class TestRedisTokenStore(UrgentTokenStoreContract):
    @pytest.fixture
    async def store(self, redis_url: str) -> AsyncIterator[UrgentTokenStore]:
        store = RedisTokenStore(redis_url)
        yield store
        await store.aclose()


@pytest.mark.postgres
class TestPostgresTokenStore(UrgentTokenStoreContract):
    @pytest.fixture
    async def store(self, postgres_url: str) -> AsyncIterator[UrgentTokenStore]:
        store = PostgresTokenStore(postgres_url)
        yield store
        await store.aclose()


class TestEncryptedTokenStore(UrgentTokenStoreContract):
    @pytest.fixture(params=["urgent", "plain"])
    async def store(self, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[UrgentTokenStore]:
        inner = SQLiteTokenStore(tmp_path / "tokens.db") if request.param == "urgent" else MemoryTokenStore()
        store = EncryptedTokenStore(inner, keys=[generate_store_key()])
        yield store
        await store.aclose()


async def test_a_sqlite_store_stores_an_urgent_token_while_its_thread_is_busy(tmp_path: Path) -> None:
    store = SQLiteTokenStore(tmp_path / "tokens.db")
    await store.put(make_token(KEY), expected_version=0)
    release = threading.Event()
    others = [
        asyncio.create_task(store._worker.read(lambda _: release.wait(60))),
        *(
            asyncio.create_task(store.put(make_token(AccountKey("app", f"other-{number}")), expected_version=0))
            for number in range(1000)
        ),
    ]
    await asyncio.sleep(0)
    try:
        stored = await asyncio.wait_for(store.put_urgent(make_token(KEY), expected_version=1), 30)
        assert stored.version == 2
        assert not any(other.done() for other in others)
    finally:
        release.set()
        await asyncio.gather(*others)
        await store.aclose()


async def test_urgent_tokens_that_wait_for_another_process_go_in_one_commit(tmp_path: Path) -> None:
    store = SQLiteTokenStore(tmp_path / "tokens.db")
    await store.put_urgent(make_token(KEY), expected_version=0)
    connection: Any = store._urgent._raw
    reported: list[str] = []
    connection.set_trace_callback(reported.append)
    holder = SQLiteTokenStore(tmp_path / "tokens.db")
    held, release = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        held.set()
        release.wait(60)

    other = asyncio.create_task(holder._worker.write(hold))
    await asyncio.to_thread(held.wait, 60)
    keys = [AccountKey("app", f"user-{number}") for number in range(9)]
    puts = [asyncio.create_task(store.put_urgent(make_token(key), expected_version=0)) for key in keys]
    await asyncio.sleep(0)
    release.set()
    stored = await asyncio.gather(*puts)
    await other
    assert reported.count("COMMIT") == 1
    assert [await store.get(key) for key in keys] == stored
    await store.aclose()
    await holder.aclose()


class _Held:
    """A client whose first script waits until the test releases it, as a call to a busy server does."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self.began = asyncio.Event()
        self.release = asyncio.Event()

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] == "EVALSHA" and not self.began.is_set():
            self.began.set()
            await self.release.wait()
        return await cast("Any", self._client).execute_command(*args, **options)

    async def aclose(self) -> None:
        await self._client.aclose()


async def test_a_redis_store_stores_an_urgent_token_during_another_trip(redis_url: str) -> None:
    client = _Held(Redis.from_url(redis_url))
    store = RedisTokenStore(client=client)
    key = AccountKey("app-urgent", "one")
    other = asyncio.create_task(store.put(make_token(AccountKey("app-urgent", "other")), expected_version=None))
    await client.began.wait()
    try:
        stored = await asyncio.wait_for(store.put_urgent(make_token(key), expected_version=None), 30)
        assert await store.get(key) == stored
        assert not other.done()
    finally:
        client.release.set()
        await other
        await store.aclose()
        await client.aclose()


@pytest.mark.postgres
async def test_a_postgres_store_stores_an_urgent_token_during_another_trip(
    postgres: PostgresServer,
) -> None:
    schema = new_schema()
    store = PostgresTokenStore(postgres.url(schema=schema))
    for key in (KEY, AccountKey("app", "other")):
        await store.put(make_token(key), expected_version=0)
    async with await psycopg.AsyncConnection.connect(postgres.url()) as holder:
        await holder.execute(f"SELECT FROM {schema}.tokens WHERE open_id = 'other' FOR UPDATE".encode())
        other = asyncio.create_task(store.put(make_token(AccountKey("app", "other")), expected_version=1))
        while postgres.execute("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(0,)]:
            await asyncio.sleep(0.01)
        stored = await store.put_urgent(make_token(KEY), expected_version=1)
        assert await store.get(KEY) == stored
        assert not other.done()
    await other
    await store.aclose()


class _Urgent(MemoryTokenStore):
    """Records the urgent puts."""

    def __init__(self) -> None:
        super().__init__()
        self.urgent: list[Token] = []

    async def put_urgent(self, token: Token, *, expected_version: int | None) -> Token:
        self.urgent.append(token)
        return await self.put(token, expected_version=expected_version)


async def test_the_token_of_a_refresh_and_of_a_login_is_urgent_and_nothing_else_is() -> None:
    world = TokenWorld()
    store = _Urgent()
    manager = world.manager(store=store)
    await world.clock.run(manager.save_login(world.provider.login("user")))
    await world.clock.run(manager.refresh("user"))
    assert [token.access_token.reveal() for token in store.urgent] == ["act.user.1", "act.user.2"]
    await world.clock.run(manager.aclose())


async def test_a_second_store_on_the_same_file_leaves_the_locks_of_the_first_alone(tmp_path: Path) -> None:
    path = tmp_path / "tokens.db"
    first, second = SQLiteTokenStore(path), SQLiteCheckpointStore(path)
    stored = await first.put(make_token(KEY), expected_version=0)
    assert await second.get(KEY) is None
    # Another process opens and closes the file: the last one to close it deletes its log.
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM tokens').fetchall(); c.close()"
    )
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(path))
    assert await other.wait() == 0
    assert (tmp_path / "tokens.db-wal").exists()
    assert await first.get(KEY) == stored
    await first.aclose()
    await second.aclose()


async def test_an_interrupted_job_does_not_interrupt_other_jobs(tmp_path: Path) -> None:
    """Both are in one transaction: an error of one must not report the other one as saved although it is not."""
    path = str(tmp_path / "tokens.db")
    store = SQLiteTokenStore(path)
    await store.put(make_token(KEY), expected_version=0)
    worker = UrgentWorker(path, SystemClock())
    await worker.open()

    class Interruption(BaseException):
        pass

    def interrupted(_: sqlite3.Connection) -> None:
        raise Interruption

    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writes = [
            asyncio.create_task(worker.write(interrupted)),
            asyncio.create_task(worker.write(lambda connection: connection.execute("SELECT 7").fetchone()[0])),
        ]
        await asyncio.sleep(0)
        other.execute("ROLLBACK")
        first, second = await asyncio.gather(*writes, return_exceptions=True)
    assert isinstance(first, Interruption)
    assert second == 7
    await worker.aclose()
    await store.aclose()
