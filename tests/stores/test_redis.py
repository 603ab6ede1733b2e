"""What the Redis store guarantees beyond the contract: time to live, clusters, lost replies, a server that stops."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from redis.asyncio import Redis, RedisCluster
from redis.crc import key_slot

from tests.conftest import RedisServer, free_port
from tiktok_async.errors import ConfigurationError, LeaseUnavailable, StoreError
from tiktok_async.models import AccountKey, Secret, Token
from tiktok_async.stores import RedisTokenStore
from tiktok_async.testing import BulkTokenStoreContract
from tiktok_async.testing._store_records import make_token, open_ids
from tiktok_async_stores.redis import scripts
from tiktok_async_stores.redis.records import written

NONE, MINUTE = timedelta(0), timedelta(minutes=1)


@pytest.fixture
def app() -> str:
    return f"app-{uuid4().hex}"


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[RedisTokenStore]:
    store = RedisTokenStore(redis_url)
    yield store
    await store.aclose()


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    # Without a timeout: with one, redis-py may swallow a cancellation before Python 3.12.
    client = Redis.from_url(redis_url, socket_timeout=None)
    yield client
    await client.aclose()


async def test_a_record_expires_with_its_refresh_token_and_is_no_longer_listed(
    store: RedisTokenStore, client: Redis, app: str
) -> None:
    now = datetime.now(UTC)
    await store.put(make_token(AccountKey(app, "stays")), expected_version=0)
    ends = now + timedelta(hours=2)
    dead = await store.put(make_token(AccountKey(app, "dies"), refresh_expires_at=ends), expected_version=0)
    life = (dead.refresh_expires_at - dead.updated_at) / timedelta(milliseconds=1)
    assert life - 10_000 < await client.pttl(store._record(dead.key).decode()) <= life
    await client.pexpire(store._record(dead.key).decode(), 1)
    while await store.get(dead.key) is not None:
        await asyncio.sleep(0.02)
    index, accounts = store._lists(app)
    assert await client.zcard(index) == await client.zcard(accounts) == 2
    assert await open_ids(store.expiring(app, now + timedelta(days=1))) == ["stays"]
    assert await open_ids(store.keys(app)) == ["stays"]
    assert await client.zcard(index) == await client.zcard(accounts) == 1


async def test_an_account_that_is_stored_again_after_it_expired_is_listed_once_at_its_new_time(
    store: RedisTokenStore, client: Redis, app: str
) -> None:
    token = make_token(AccountKey(app, "one"))
    await store.put(token, expected_version=0)
    await client.delete(store._record(token.key))  # as its time to live would
    later = await store.put(make_token(token.key, expires_at=token.expires_at + timedelta(hours=1)), expected_version=0)
    assert later.version == 1
    assert await open_ids(store.expiring(app, token.expires_at + timedelta(minutes=1))) == []
    assert await open_ids(store.expiring(app, later.expires_at + timedelta(minutes=1))) == ["one"]


async def test_a_put_that_arrives_twice_counts_once(store: RedisTokenStore, app: str) -> None:
    token = make_token(AccountKey(app, "one"))
    record = store._record(token.key)
    keys = [*store._lists(app), record]
    for _ in range(2):
        before = len(record) - len("one")
        assert await store._link.run(scripts.PUT, keys, before, 0, *written(token, "request1")) == b"1"
    stored = await store.get(token.key)
    assert stored is not None
    assert stored.version == 1


async def test_a_lease_request_that_arrives_twice_takes_one_lease(store: RedisTokenStore, app: str) -> None:
    key = AccountKey(app, "one")
    fence = await store.acquire_lease(key, "owner", MINUTE)
    assert await store.acquire_lease(key, "owner", MINUTE) == fence
    assert await store.acquire_lease(key, "other", MINUTE) is None


async def test_every_lease_has_an_end_wherever_its_holder_is_cancelled(
    store: RedisTokenStore, client: Redis, app: str
) -> None:
    key = AccountKey(app, "one")

    async def take() -> None:
        async with store.lease(key, ttl=MINUTE, wait=NONE):
            assert 0 < await client.pttl(store._lease(key)) <= 60_000
            await asyncio.Event().wait()

    for turns in range(40):
        task = asyncio.ensure_future(take())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        assert await client.exists(store._lease(key)) == 0


async def test_a_call_that_is_cancelled_at_any_await_ends_as_cancelled(store: RedisTokenStore, app: str) -> None:
    key = AccountKey(app, "one")
    for make in (
        lambda: store.get(key),
        lambda: store.put(make_token(key), expected_version=None),
        lambda: store.delete(key),
        lambda: open_ids(store.keys(app)),
    ):
        for turns in range(60):
            task = asyncio.ensure_future(make())
            for _ in range(turns):
                await asyncio.sleep(0)
            asked = task.cancel()
            await asyncio.wait({task})
            assert task.cancelled() is asked


@pytest.mark.parametrize("client_key", ["aw123", "a}b", "}", "{}", "{a}", "ключ", "a:b", "%7D"])
def test_all_keys_of_an_app_share_a_slot(client_key: str) -> None:
    store = RedisTokenStore("redis://localhost")
    keys = [
        *store._lists(client_key),
        store._key(client_key, b"fence"),
        *(
            make(AccountKey(client_key, open_id))
            for make in (store._record, store._lease)
            for open_id in ("one", "{two}", "}three{", "four")
        ),
    ]
    assert len({key_slot(key) for key in keys}) == 1
    assert len(set(keys)) == len(keys)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    # The bus's port is 10,000 above the first by default, which may be higher than any port.
    server = RedisServer(
        tmp_path_factory.mktemp("cluster"), "--cluster-enabled", "yes", "--cluster-port", str(free_port())
    )
    server.start()
    with contextlib.closing(redis.Redis.from_url(server.url)) as client:
        send: Any = client.execute_command
        send("CLUSTER ADDSLOTSRANGE", 0, 16383)
        while send("CLUSTER INFO")["cluster_state"] != "ok":
            pass
    yield server
    server.stop()


class TestCluster(BulkTokenStoreContract):
    """A cluster of one node still refuses a command with keys of two slots."""

    @pytest.fixture
    async def store(self, cluster: RedisServer) -> AsyncIterator[RedisTokenStore]:
        client = RedisCluster.from_url(cluster.url)
        store = RedisTokenStore(client=client)
        yield store
        await store.aclose()
        await client.aclose()


class TestDecodingClient(BulkTokenStoreContract):
    """A caller's client may decode every reply into text."""

    @pytest.fixture
    async def store(self, redis_url: str) -> AsyncIterator[RedisTokenStore]:
        client = Redis.from_url(redis_url, decode_responses=True, protocol=3)
        store = RedisTokenStore(client=client, prefix="decoded")
        yield store
        await store.aclose()
        await client.aclose()


async def test_a_callers_client_stays_open(client: Redis, app: str) -> None:
    store = RedisTokenStore(client=client)
    token = await store.put(make_token(AccountKey(app, "one")), expected_version=0)
    await store.aclose()
    assert await client.exists(store._record(token.key)) == 1
    with pytest.raises(StoreError, match="closed"):
        await store.get(token.key)


async def test_concurrent_readers_share_round_trips(redis_url: str, app: str) -> None:
    class Counting:
        """A client that counts what it sends."""

        def __init__(self) -> None:
            self.client = Redis.from_url(redis_url)
            self.names = list[str]()

        async def execute_command(self, *args: Any, **options: Any) -> Any:
            self.names.append(args[0])
            send: Any = self.client.execute_command
            return await send(*args, **options)

        async def aclose(self) -> None:
            await self.client.aclose()

    client = Counting()
    store = RedisTokenStore(client=client)
    keys = [AccountKey(f"{app}{n % 2}", f"user-{n}") for n in range(20)]
    tokens = await asyncio.gather(*(store.put(make_token(key), expected_version=0) for key in keys))
    client.names.clear()
    assert await asyncio.gather(*(store.get(key) for key in keys)) == tokens
    # One call alone, with eager tasks another one, and for each app one for all of its accounts.
    assert set(client.names) <= {"GET", "MGET"}
    assert len(client.names) <= 6
    await client.aclose()


async def test_a_stopped_server_raises_store_error_at_once_and_is_used_again_after_its_start(
    own_redis: RedisServer, app: str
) -> None:
    store = RedisTokenStore(own_redis.url)
    tokens = await asyncio.gather(
        *(store.put(make_token(AccountKey(app, f"user-{n}")), expected_version=0) for n in range(10))
    )
    own_redis.stop()
    began = time.perf_counter()
    for work in (
        store.get(tokens[0].key),
        store.put(tokens[0], expected_version=1),
        store.delete(tokens[0].key),
        open_ids(store.keys(app)),
        store.lease(tokens[0].key, ttl=MINUTE, wait=NONE).__aenter__(),
    ):
        with pytest.raises(StoreError) as caught:
            await work
        assert not isinstance(caught.value, LeaseUnavailable)
        assert caught.value.__cause__ is None
    assert time.perf_counter() - began < 20
    own_redis.start()
    assert await asyncio.gather(*(store.get(token.key) for token in tokens)) == tokens
    await store.aclose()


async def test_a_server_that_was_never_started_raises_store_error_and_is_used_after_its_start(
    tmp_path: Path, app: str
) -> None:
    server = RedisServer(tmp_path)
    store = RedisTokenStore(server.url)
    with pytest.raises(StoreError):
        await store.get(AccountKey(app, "one"))
    server.start()
    assert await store.get(AccountKey(app, "one")) is None
    await store.aclose()
    server.stop()


async def test_a_cluster_that_was_never_started_raises_store_error(app: str) -> None:
    client = RedisCluster(host="127.0.0.1", port=free_port())
    store = RedisTokenStore(client=client)
    with pytest.raises(StoreError) as caught:
        await store.get(AccountKey(app, "one"))
    assert caught.value.__cause__ is None
    await store.aclose()
    await client.aclose()


async def test_a_user_and_password_are_used_and_never_shown(tmp_path: Path, app: str) -> None:
    server = RedisServer(tmp_path, "--user", "sdk", "on", ">canary", "~*", "+@all", "--user", "default", "off")
    server.start()
    try:
        good = RedisTokenStore(server.url.replace("://", "://sdk:canary@"))
        stored = await good.put(make_token(AccountKey(app, "one"), access_token=Secret("act.x")), expected_version=0)
        assert await good.get(stored.key) == stored
        bad = RedisTokenStore(server.url.replace("://", "://sdk:canary2@"))
        with pytest.raises(StoreError) as caught:
            await bad.get(stored.key)
        assert "canary" not in f"{caught.value!r} {bad!r} {good!r}"
        await good.aclose()
        await bad.aclose()
    finally:
        server.stop()


async def test_an_error_of_redis_shows_no_argument(store: RedisTokenStore) -> None:
    with pytest.raises(StoreError) as caught:
        await store._link.command("NOSUCH", "act.canary", "canary")
    assert "canary" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    "arguments",
    [{}, {"url": "redis://localhost", "client": object()}, {"url": "redis://localhost", "prefix": "a{b}"}],
)
def test_invalid_arguments_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        RedisTokenStore(**arguments)


async def test_two_prefixes_are_two_stores(redis_url: str, app: str) -> None:
    one, two = RedisTokenStore(redis_url, prefix="one"), RedisTokenStore(redis_url, prefix="two")
    token = await one.put(make_token(AccountKey(app, "one")), expected_version=0)
    assert isinstance(token, Token)
    assert await two.get(token.key) is None
    await one.aclose()
    await two.aclose()
