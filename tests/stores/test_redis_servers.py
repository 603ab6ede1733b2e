"""Redis as operators run it: replicas, Sentinel with a failover, a cluster, users with few rights."""

import asyncio
import contextlib
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from redis.asyncio import Redis

from tests.conftest import RedisServer, free_port
from tiktok_async.abc import LimitKey
from tiktok_async.errors import ConfigurationError, StoreError
from tiktok_async.models import AccountKey, Checkpoint, Limit, StoreUnsafe
from tiktok_async.stores import RedisCheckpointStore, RedisRateLimiter, RedisTokenStore
from tiktok_async.testing._store_records import make_token, open_ids

pytestmark = pytest.mark.redis

KEY = AccountKey("app", "one")
LIMIT = LimitKey("app", "/v2/video/list/", "account")
SIX = Limit(6, timedelta(minutes=1))
SHORT = Limit(6, timedelta(seconds=1))


def ask(server: RedisServer, *command: str | int) -> Any:
    """Send one command as an operator, and wait for its answer."""
    with contextlib.closing(redis.Redis.from_url(server.url, decode_responses=True)) as client:
        send: Any = client.execute_command
        return send(*command)


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Check *condition* again and again until it is true; a deadline ends a test that hangs."""
    deadline = time.monotonic() + seconds

    def holds() -> bool:
        with contextlib.suppress(redis.ConnectionError):  # a server that changes its role closes its connections
            return condition()
        return False

    while not holds():
        assert time.monotonic() < deadline, "the condition never became true"
        threading.Event().wait(0.02)  # checks without a pause would slow down the server


def synchronised(primary: RedisServer, replicas: int = 1) -> bool:
    info = ask(primary, "INFO", "replication")
    return bool(sum(info.get(f"slave{n}", {}).get("state") == "online" for n in range(replicas)) == replicas)


@pytest.fixture
def replica(own_redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    ask(own_redis, "CONFIG SET", "repl-diskless-sync-delay", 0)
    server = RedisServer(tmp_path_factory.mktemp("replica"), "--replicaof", "127.0.0.1", str(own_redis.port))
    server.start()
    wait_until(lambda: synchronised(own_redis))
    yield server
    # In an orderly shutdown each of the two would wait for the other.
    server.kill()
    own_redis.kill()


# The primary became a replica


def use(url: str) -> list[tuple[Any, Callable[[], Any]]]:
    """Return a store, a checkpoint store and a limiter, each with a call that writes."""
    tokens, checkpoints = RedisTokenStore(url), RedisCheckpointStore(url)
    limiter = RedisRateLimiter(url)

    async def permit() -> None:
        # Each window is new, so that each call asks the server; after a failover a window is closed for its length.
        for number in range(2):
            (await limiter.acquire(LimitKey("app", f"/{uuid4().hex}/{number}", ""), SHORT)).done()

    def checkpoint() -> Any:
        key = AccountKey("app", uuid4().hex)
        return checkpoints.put(Checkpoint(key=key, due_at=datetime.now(UTC)), expected_version=0)

    return [
        (tokens, lambda: tokens.put(make_token(KEY), expected_version=None)),
        (checkpoints, checkpoint),
        (limiter, permit),
    ]


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_call_leaves_pooled_connections_to_a_demoted_primary_and_succeeds(
    own_redis: RedisServer, replica: RedisServer, place: int
) -> None:
    """A host name or a load balancer leads to the new primary; older connections still lead to the old one."""
    leads_to = own_redis.port
    pipes: set[asyncio.StreamWriter] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", leads_to)
        pipes.update((writer, back))
        await asyncio.gather(carry(reader, back), carry(there, writer))

    balancer = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = balancer.sockets[0].getsockname()[1]
    uses = use(f"redis://127.0.0.1:{port}/0")
    _, write = uses[place]
    await asyncio.gather(*(write() for _ in range(5)))
    ask(replica, "REPLICAOF", "NO", "ONE")
    ask(own_redis, "REPLICAOF", "127.0.0.1", replica.port)
    leads_to = replica.port
    await write()
    for each, _ in uses:
        await each.aclose()
    for pipe in pipes:
        pipe.close()
    balancer.close()


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_the_error_of_a_write_to_a_replica_says_that_it_is_a_replica(
    own_redis: RedisServer, replica: RedisServer, place: int
) -> None:
    del own_redis
    uses = use(replica.url)
    with pytest.raises(StoreError, match="replica and accepts no writes: connect to the primary") as caught:
        await uses[place][1]()
    assert "when it is back" not in str(caught.value)
    for each, _ in uses:
        await each.aclose()


@pytest.mark.parametrize(
    ("setting", "address", "message"),
    [
        ([], "redis://127.0.0.1:{port}/99", "no database with that number"),
        (["--requirepass", "right"], "redis://127.0.0.1:{port}/0", "refuses the login"),
        (["--requirepass", "right"], "redis://:wrong@127.0.0.1:{port}/0", "refuses the login"),
        (["--user", "few", "on", ">few", "~*", "+ping"], "redis://few:few@127.0.0.1:{port}/0", "lacks a right"),
        (["--cluster-enabled", "yes"], "redis://127.0.0.1:{port}/0", r"redis\+cluster://"),
        (["--min-replicas-to-write", "1"], "redis://127.0.0.1:{port}/0", "Too few replicas"),
        (["--maxmemory", "1"], "redis://127.0.0.1:{port}/0", "out of memory"),
    ],
)
async def test_the_error_for_a_wrong_setting_differs_from_that_for_an_outage(
    tmp_path: Path, setting: list[str], address: str, message: str
) -> None:
    ports = ["--cluster-port", str(free_port())] if "--cluster-enabled" in setting else []
    server = RedisServer(tmp_path, *setting, *ports)
    server.start()
    uses = use(address.format(port=server.port))
    try:
        for _, write in uses:
            with pytest.raises(StoreError, match=message) as caught:
                await write()
            assert "when it is back" not in str(caught.value)
            assert "act." not in f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"
    finally:
        for each, _ in uses:
            await each.aclose()
        server.stop()


async def test_an_outage_raises_store_error() -> None:
    uses = use(f"redis://127.0.0.1:{free_port()}/0")
    for thing, write in uses:
        with pytest.raises(StoreError, match="failed"):
            await write()
        await thing.aclose()


# Rights


async def test_the_documented_rights_are_enough(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "tokens-in-a-fleet.md").read_text(encoding="utf-8")
    rules = [line.split()[2:] for line in page.splitlines() if line.startswith("ACL SETUSER ")]
    users = [word for rule in rules for word in ("--user", *rule)]
    server = RedisServer(tmp_path, *(word.replace(">a-long-password", ">pw") for word in users))
    server.start()
    try:
        names = [rule[0] for rule in rules]
        assert names == ["tiktok", "tiktok-limits"]
        store_url, limiter_url = (f"redis://{name}:pw@127.0.0.1:{server.port}/0" for name in names)
        findings: list[StoreUnsafe] = []
        store = RedisTokenStore(store_url, on_unsafe=findings.append)
        stored = await store.put(make_token(KEY), expected_version=0)
        assert await store.get_many([KEY, AccountKey("app", "two")]) == [stored, None]
        assert await open_ids(store.expiring("app", stored.expires_at + timedelta(days=1))) == ["one"]
        assert await open_ids(store.keys("app")) == ["one"]
        async with store.lease(KEY, ttl=timedelta(minutes=1), wait=timedelta(0)) as lease:
            assert await lease.renew(timedelta(minutes=1))
        assert await store.put_note(KEY, "note", b"x", ttl=timedelta(minutes=1), only_if_absent=True)
        assert await store.get_note(KEY, "note") == b"x"
        assert await store.delete_note(KEY, "note")
        assert await store.delete(KEY)
        checkpoints = RedisCheckpointStore(store_url)
        now = datetime.now(UTC)
        assert await checkpoints.add([Checkpoint(key=KEY, due_at=now)]) == 1
        assert await checkpoints.take_due("app", before=now + timedelta(1), until=now + timedelta(2), limit=9)
        assert await checkpoints.delete(KEY)
        limiter = RedisRateLimiter(limiter_url)
        (await limiter.acquire(LIMIT, SIX)).done()
        assert await limiter.remaining(LIMIT, SIX) == 5
        for each in (store, checkpoints, limiter):
            await each.aclose()
    finally:
        server.stop()


# Replicas


async def test_a_primary_that_accepts_writes_without_its_replicas_is_reported(
    own_redis: RedisServer, replica: RedisServer
) -> None:
    del replica
    for settings, expected in (
        ({"min-replicas-to-write": 0}, ["min-replicas-to-write 0"]),
        ({"min-replicas-to-write": 1, "min-replicas-max-lag": 0}, ["min-replicas-max-lag 0"]),
        ({"min-replicas-to-write": 1, "min-replicas-max-lag": 10}, []),
    ):
        for name, value in settings.items():
            ask(own_redis, "CONFIG SET", name, value)
        findings: list[StoreUnsafe] = []
        store = RedisTokenStore(own_redis.url, on_unsafe=findings.append)
        await store.get(KEY)
        await store.aclose()
        assert [finding.setting for finding in findings] == expected


async def test_a_token_counts_as_stored_when_a_replica_has_it(own_redis: RedisServer, replica: RedisServer) -> None:
    store = RedisTokenStore(f"{own_redis.url}?wait_replicas=1")
    first = await store.put(make_token(KEY), expected_version=0)
    reader = RedisTokenStore(replica.url)
    assert await reader.get(KEY) == first
    replica.kill()
    with pytest.raises(StoreError, match="only 0 of 1 replicas confirmed"):
        await store.put(make_token(KEY), expected_version=1)
    await store.aclose()
    await reader.aclose()


# Sentinel


@pytest.fixture
def sentinel(own_redis: RedisServer, replica: RedisServer, tmp_path: Path) -> Iterator[int]:
    """A Sentinel that watches a primary with one replica; yields its port."""
    del replica
    program = shutil.which("redis-sentinel") or shutil.which("redis-server")
    assert program is not None
    port, configuration = free_port(), tmp_path / "sentinel.conf"
    configuration.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\n"
        f"sentinel monitor main 127.0.0.1 {own_redis.port} 1\n"
        "sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 2000\n"
    )
    process = subprocess.Popen([program, str(configuration), "--sentinel"], stdout=subprocess.DEVNULL)

    def knows_the_replica() -> bool:
        try:
            with contextlib.closing(redis.Redis(port=port, decode_responses=True)) as client:
                send: Any = client.execute_command
                return len(send("SENTINEL REPLICAS", "main")) == 1
        except redis.ConnectionError:
            return False

    wait_until(knows_the_replica)
    yield port
    process.terminate()
    process.wait()


async def test_stores_and_limiters_follow_a_failover_of_sentinel(
    own_redis: RedisServer, replica: RedisServer, sentinel: int
) -> None:
    unknown = RedisTokenStore(f"redis+sentinel://127.0.0.1:{sentinel}/0?master=other")
    with pytest.raises(StoreError, match="other"):
        await unknown.get(KEY)
    await unknown.aclose()
    uses = use(f"redis+sentinel://127.0.0.1:{sentinel}/0?master=main")
    for _, write in uses:
        await asyncio.gather(*(write() for _ in range(3)))

    def began() -> bool:
        with contextlib.closing(redis.Redis(port=sentinel)) as client, contextlib.suppress(redis.ResponseError):
            send: Any = client.execute_command
            return bool(send("SENTINEL FAILOVER", "main"))
        return False  # Sentinel has not asked the replica yet

    wait_until(began)
    wait_until(lambda: ask(replica, "INFO", "replication")["role"] == "master")
    # Sentinel does this by itself some ten seconds later.
    ask(own_redis, "REPLICAOF", "127.0.0.1", replica.port)

    def names_the_replica() -> bool:
        with contextlib.closing(redis.Redis(port=sentinel, decode_responses=True)) as client:
            send: Any = client.execute_command
            return int(send("SENTINEL MASTER", "main")["port"]) == replica.port

    wait_until(names_the_replica)
    for thing, write in uses:
        await write()
        await thing.aclose()
    assert int(ask(replica, "EXISTS", "tiktok:{app}:token:one")) == 1


# A cluster


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RedisServer]]:
    """Three nodes that share the slots."""
    buses = [free_port() for _ in range(3)]
    nodes = [
        RedisServer(tmp_path_factory.mktemp("node"), "--cluster-enabled", "yes", "--cluster-port", str(bus))
        for bus in buses
    ]
    for node in nodes:
        node.start()
    for number, node in enumerate(nodes):
        ask(node, "CLUSTER ADDSLOTSRANGE", number * 5462, min(16383, number * 5462 + 5461))
        ask(node, "CLUSTER MEET", "127.0.0.1", nodes[0].port, buses[0])
    wait_until(
        lambda: all(
            ask(node, "CLUSTER INFO")["cluster_state"] == "ok"
            and int(ask(node, "CLUSTER INFO")["cluster_known_nodes"]) == 3
            for node in nodes
        )
    )
    yield nodes
    for node in nodes:
        node.kill()


async def test_three_nodes_of_a_cluster_hold_the_records_of_many_apps(nodes: list[RedisServer]) -> None:
    url = f"redis+cluster://127.0.0.1:{nodes[0].port},127.0.0.1:{nodes[1].port}"
    store, checkpoints, limiter = RedisTokenStore(url), RedisCheckpointStore(url), RedisRateLimiter(url)
    keys = [AccountKey(f"app-{n}", "one") for n in range(12)]
    stored = [await store.put(make_token(key), expected_version=0) for key in keys]
    assert await store.get_many(keys) == stored
    for key in keys:
        assert await checkpoints.add([Checkpoint(key=key, due_at=datetime.now(UTC))]) == 1
        window = LimitKey(key.client_key, "/v2/video/list/", "one")
        (await limiter.acquire(window, SIX)).done()
        assert await limiter.remaining(window, SIX) == 5
    assert all(ask(node, "DBSIZE") > 0 for node in nodes)
    for each in (store, checkpoints, limiter):
        await each.aclose()


# Clients


@pytest.mark.parametrize("kind", [RedisTokenStore, RedisCheckpointStore, RedisRateLimiter])
def test_a_blocking_client_and_an_object_that_is_no_client_are_refused(kind: Any) -> None:
    for client in (redis.Redis(), object(), Redis):
        with pytest.raises(ConfigurationError, match=r"not a client of redis\.asyncio"):
            kind(client=client if client is not Redis else redis.Redis())


async def test_a_client_that_raises_an_unexpected_exception_leaves_no_call_waiting() -> None:
    class Broken:
        async def execute_command(self, *_: Any, **__: Any) -> Any:
            raise ZeroDivisionError

        def pipeline(self, **_: Any) -> Any:
            raise ZeroDivisionError

        async def aclose(self) -> None:
            pass

    client: Any = Broken()
    limiter = RedisRateLimiter(client=client)
    for _ in range(2):
        with pytest.raises(StoreError, match="ZeroDivisionError"):
            await asyncio.wait_for(limiter.acquire(LIMIT, SIX), 20)
    with pytest.raises(StoreError):
        await asyncio.wait_for(limiter.remaining(LIMIT, SIX), 20)
    await limiter.aclose()


async def test_a_program_that_cancels_all_tasks_leaves_no_call_waiting(redis_url: str) -> None:
    limiter = RedisRateLimiter(redis_url, prefix=uuid4().hex)
    before = asyncio.all_tasks()
    call = asyncio.ensure_future(limiter.acquire(LIMIT, SIX))
    while not (trips := asyncio.all_tasks() - before - {call}):
        await asyncio.sleep(0)
    for trip in trips:
        trip.cancel()
    (await asyncio.wait_for(call, 20)).done()
    await limiter.aclose()


# Crossed replies


async def test_another_accounts_record_is_refused(redis_url: str) -> None:
    prefix = uuid4().hex
    store = RedisTokenStore(redis_url, prefix=prefix)
    checkpoints = RedisCheckpointStore(redis_url, prefix=f"{prefix}-sync")
    two = AccountKey("app", "two")
    await store.put(make_token(KEY), expected_version=0)
    await store.put_note(KEY, "note", b"x", ttl=timedelta(minutes=1), only_if_absent=True)
    await checkpoints.put(Checkpoint(key=KEY, due_at=datetime.now(UTC)), expected_version=0)
    async with Redis.from_url(redis_url) as client:
        copies: Any = client.execute_command
        await copies("COPY", store._record(KEY), store._record(two))
        note: Any = store._notes
        await copies("COPY", note._key(KEY, "note"), note._key(two, "note"))
        await copies("COPY", checkpoints._record(KEY), checkpoints._record(two))
    for read in (store.get(two), store.get_many([KEY, two]), store.get_note(two, "note"), checkpoints.get(two)):
        with pytest.raises(StoreError, match="another account's record when it was asked for account two"):
            await read
    assert await store.get(KEY) is not None
    await store.aclose()
    await checkpoints.aclose()


async def test_records_of_an_older_release_are_read(redis_url: str) -> None:
    prefix = uuid4().hex
    store = RedisTokenStore(redis_url, prefix=prefix)
    stored = await store.put(make_token(KEY), expected_version=0)
    await store.put_note(KEY, "note", b"a.b c", ttl=timedelta(minutes=1), only_if_absent=True)
    async with Redis.from_url(redis_url) as client:
        note: Any = store._notes
        for key in (store._record(KEY), note._key(KEY, "note")):
            value: Any = await client.get(key)
            request = next(word for word in value.split(b" ") if b"." in word)
            await client.set(key, value.replace(request, request.partition(b".")[0], 1))
    assert await store.get(KEY) == stored
    assert await store.get_note(KEY, "note") == b"a.b c"
    await store.aclose()


async def test_a_clock_that_was_wrong_at_boot_expires_no_record(redis_url: str) -> None:
    store = RedisTokenStore(redis_url, prefix=uuid4().hex)
    for start in (datetime(1970, 1, 2, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)):
        token = make_token(
            AccountKey("app", str(start.year)),
            updated_at=start,
            expires_at=start + timedelta(days=1),
            refresh_expires_at=start + timedelta(days=365),
        )
        stored = await store.put(token, expected_version=0)
        assert await store.get(token.key) == stored
    await store.aclose()
