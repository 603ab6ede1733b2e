"""Settings that may lose tokens are reported; safe settings are not."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.conftest import RedisServer
from tiktok_async.models import AccountKey, StoreUnsafe
from tiktok_async.stores import RedisTokenStore
from tiktok_async.testing._store_records import make_token
from tiktok_async_stores.redis.safety import unsafe_settings

KEY = AccountKey("app", "one")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


async def reported_settings(server: RedisServer, *settings: tuple[str, str]) -> list[str]:
    """Return what a store reports about a server with *settings*."""
    client = Redis.from_url(server.url)
    for name, value in settings:
        await client.config_set(name, value)
    await client.aclose()
    findings = list[StoreUnsafe]()
    store = RedisTokenStore(server.url, on_unsafe=findings.append)
    await store.get(KEY)
    await store.get(KEY)
    await store.aclose()
    assert all(finding.advice for finding in findings)
    return [finding.setting for finding in findings]


# The server of the tests starts with: appendonly yes, appendfsync everysec, save "", noeviction.
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([("appendonly", "no")], ['appendonly no with save ""']),
        ([("appendonly", "no"), ("save", "3600 1 300 100 60 10000")], ["appendonly no"]),
        ([("appendfsync", "no")], ["appendfsync no"]),
        ([("no-appendfsync-on-rewrite", "yes")], ["no-appendfsync-on-rewrite yes"]),
        *(
            ([("maxmemory-policy", policy)], [f"maxmemory-policy {policy}"])
            for policy in (
                "allkeys-lru",
                "allkeys-lfu",
                "allkeys-random",
                "volatile-lru",
                "volatile-lfu",
                "volatile-random",
                "volatile-ttl",
            )
        ),
        (
            [("maxmemory-policy", "allkeys-lru"), ("appendfsync", "no")],
            ["appendfsync no", "maxmemory-policy allkeys-lru"],
        ),
    ],
)
async def test_an_unsafe_setting_is_reported(
    server: RedisServer, settings: list[tuple[str, str]], expected: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert await reported_settings(server, *settings) == expected
    records = [record for record in caplog.records if record.name == "tiktok_async.stores"]
    assert [getattr(record, "setting", None) for record in records] == expected
    assert {record.levelno for record in records} == {logging.WARNING}


@pytest.mark.parametrize(
    "settings",
    [
        [],
        [("appendfsync", "always")],
        [("save", "3600 1 300 100 60 10000")],
        [("maxmemory", "500mb")],
        [("maxmemory", "500mb"), ("maxmemory-policy", "noeviction"), ("appendfsync", "always"), ("save", "60 1")],
        [("auto-aof-rewrite-percentage", "50"), ("aof-use-rdb-preamble", "no")],
    ],
)
async def test_a_safe_setting_is_not_reported(
    server: RedisServer, settings: list[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    assert await reported_settings(server, *settings) == []
    assert not [record for record in caplog.records if record.name == "tiktok_async.stores"]


async def test_a_replica_is_reported(server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    replica = RedisServer(tmp_path_factory.mktemp("replica"), "--replicaof", "127.0.0.1", str(server.port))
    replica.start()
    try:
        assert await reported_settings(replica) == ["role replica"]
    finally:
        replica.stop()


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"aof_last_write_status": "err"}, ["aof_last_write_status err"]),
        ({"aof_last_bgrewrite_status": "err"}, ["aof_last_bgrewrite_status err"]),
        ({"rdb_last_bgsave_status": "err"}, ["rdb_last_bgsave_status err"]),
        ({"aof_enabled": 0}, ["appendonly no"]),
        ({"maxmemory_policy": "allkeys-lru", "aof_enabled": 1}, ["maxmemory-policy allkeys-lru"]),
        ({"aof_enabled": 1, "role": "master", "maxmemory_policy": "noeviction"}, []),
        ({}, []),
    ],
)
def test_unsafe_settings_are_found_with_info_alone(info: dict[str, object], expected: list[str]) -> None:
    assert [setting for setting, _ in unsafe_settings({}, info)] == expected


async def test_a_store_works_with_a_server_that_forbids_reading_its_settings(tmp_path: Path) -> None:
    rules = ["--user", "sdk", "on", ">secret", "~*", "+@all", "-@admin", "-@dangerous"]
    server = RedisServer(tmp_path, "--maxmemory-policy", "allkeys-lru", *rules)
    server.start()
    try:
        findings = list[StoreUnsafe]()
        store = RedisTokenStore(server.url.replace("://", "://sdk:secret@"), on_unsafe=findings.append)
        assert (await store.put(make_token(KEY), expected_version=0)).version == 1
        assert findings == []
        await store.aclose()
    finally:
        server.stop()


async def test_a_callback_that_raises_does_not_break_the_store(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: StoreUnsafe) -> None:
        raise ZeroDivisionError

    client = Redis.from_url(server.url)
    await client.config_set("appendfsync", "no")
    await client.aclose()
    store = RedisTokenStore(server.url, on_unsafe=fail)
    assert (await store.put(make_token(KEY), expected_version=0)).version == 1
    assert "on_unsafe failed" in caplog.text
    await store.aclose()
