"""Checkpoint stores by URL, what they refuse, and records that nobody can read."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from tiktok_async.errors import ConfigurationError, StoreError
from tiktok_async.models import AccountKey, Checkpoint
from tiktok_async.stores import (
    MemoryCheckpointStore,
    RedisCheckpointStore,
    SQLiteCheckpointStore,
    SQLiteTokenStore,
    open_checkpoints,
)
from tiktok_async_stores.codec.checkpoints import decode_checkpoint, encode_checkpoint

KEY = AccountKey("app", "one")
NOW = datetime(2026, 11, 20, tzinfo=UTC)
MOMENTS = st.datetimes(timezones=st.just(UTC))
MARKS = st.dictionaries(
    st.one_of(st.integers(0, 2**64 - 1).map(str), st.text(max_size=25)),
    st.tuples(st.integers(0, 2**33), st.integers(0, 2**32 - 1)),
    max_size=6,
)


async def test_each_url_opens_its_store(tmp_path: Path) -> None:
    for url, kind in (
        ("memory://", MemoryCheckpointStore),
        (f"sqlite:///{tmp_path}/sync.db", SQLiteCheckpointStore),
        ("SQLITE:///:memory:", SQLiteCheckpointStore),
        ("redis://localhost:1/0", RedisCheckpointStore),
        ("rediss://localhost:1/0", RedisCheckpointStore),
        ("unix:///nowhere.sock", RedisCheckpointStore),
    ):
        store = open_checkpoints(url)
        assert isinstance(store, kind)
        await store.aclose()


@pytest.mark.parametrize("url", ["nothing", "ftp://secret@host", "sqlite://", "redis://host:port:secret"])
def test_other_urls_are_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_checkpoints(url)
    assert "secret" not in str(caught.value)


async def test_a_redis_store_takes_a_url_or_a_client_and_leaves_the_client_open(redis_url: str) -> None:
    wrongs: tuple[dict[str, Any], ...] = (
        {},
        {"url": "redis://a", "client": object()},
        {"url": "redis://a", "prefix": "{x}"},
    )
    for wrong in wrongs:
        with pytest.raises(ConfigurationError):
            RedisCheckpointStore(**wrong)
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        store = RedisCheckpointStore(client=client, prefix="of-a-client")
        stored = await store.put(Checkpoint(key=KEY, due_at=NOW), expected_version=0)
        assert await store.get(KEY) == stored
        assert [due.open_id for due in await store.take_due("app", before=datetime.now(UTC), until=NOW, limit=1)] == [
            "one"
        ]
        await store.aclose()
        await store.aclose()
        assert await client.ping()
        with pytest.raises(StoreError, match="closed"):
            await store.get(KEY)


async def test_a_put_that_redis_py_sends_twice_counts_once(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        client: Any = redis
        send, seen = client.execute_command, list[object]()

        async def twice(*args: object, **options: object) -> object:
            await send(*args, **options)
            seen.append(args[0])
            return await send(*args, **options)

        store = RedisCheckpointStore(client=client, prefix="twice")
        await store.put(Checkpoint(key=KEY, due_at=NOW), expected_version=0)
        client.execute_command = twice  # as after a lost reply
        assert (await store.put(Checkpoint(key=KEY, due_at=NOW), expected_version=1)).version == 2
        assert await store.add([Checkpoint(key=AccountKey("app", "two"), due_at=NOW)]) == 1
        assert seen


async def test_an_unreachable_redis_raises_store_error() -> None:
    store = RedisCheckpointStore("redis://127.0.0.1:1/0")
    with pytest.raises(StoreError):
        await store.get(KEY)
    await store.aclose()


async def test_tokens_and_checkpoints_share_a_file_and_no_lease(tmp_path: Path) -> None:
    path = tmp_path / "both.db"
    tokens, checkpoints = SQLiteTokenStore(path), SQLiteCheckpointStore(path)
    minute, none = timedelta(minutes=1), timedelta(0)
    async with tokens.lease(KEY, ttl=minute, wait=none), checkpoints.lease(KEY, ttl=minute, wait=none):
        pass
    await tokens.aclose()
    await checkpoints.aclose()


async def test_a_damaged_record_is_a_store_error_that_names_the_account(tmp_path: Path) -> None:
    store = SQLiteCheckpointStore(tmp_path / "sync.db")
    await store.put(Checkpoint(key=KEY, due_at=NOW), expected_version=0)
    for body in (b"", b"{}", b"[2]", b'[1,null,null,"%",0,false]', b"[9,null,null,{},0,false]"):
        with sqlite3.connect(tmp_path / "sync.db") as connection:
            connection.execute("UPDATE checkpoints SET body = ?", (body,))
        connection.close()
        with pytest.raises(StoreError, match="account one"):
            await store.get(KEY)
    await store.aclose()


@given(
    known=MARKS, seen=MARKS, watermark=st.none() | MOMENTS, began=st.none() | MOMENTS, cursor=st.none() | st.integers(0)
)
def test_every_checkpoint_is_read_unchanged(
    known: dict[str, tuple[int, int]],
    seen: dict[str, tuple[int, int]],
    watermark: datetime | None,
    began: datetime | None,
    cursor: int | None,
) -> None:
    checkpoint = Checkpoint(
        key=KEY,
        due_at=NOW,
        round=3,
        watermark=watermark,
        known=known,
        began_at=began,
        cursor=None if began is None or cursor is None else cursor % 2**62,
        seen={} if began is None else seen,
        version=4,
    )
    body = encode_checkpoint(checkpoint)
    assert decode_checkpoint(body, key=KEY, due_at=NOW, number=3, version=4) == checkpoint
