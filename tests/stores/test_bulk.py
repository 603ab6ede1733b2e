"""All tokens of an app are read at once, and copied from one store to another."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from tests.conftest import RedisServer
from tiktok_async.abc import TokenStore
from tiktok_async.errors import StoreError
from tiktok_async.models import AccountKey, Token
from tiktok_async.stores import (
    EncryptedTokenStore,
    MemoryTokenStore,
    RedisTokenStore,
    SQLiteTokenStore,
    copy_tokens,
    generate_store_key,
)
from tiktok_async.testing._store_records import make_token

LATER = timedelta(hours=1)


@pytest.fixture(params=["memory", "sqlite", "encrypted", "redis"])
async def target(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[TokenStore]:
    match request.param:
        case "memory":
            store: TokenStore = MemoryTokenStore()
        case "sqlite":
            store = SQLiteTokenStore(tmp_path / "target.db")
        case "encrypted":
            store = EncryptedTokenStore(MemoryTokenStore(), keys=[generate_store_key()])
        case _:
            store = RedisTokenStore(request.getfixturevalue("redis_url"), prefix=tmp_path.name)
    yield store
    await store.aclose()


async def all_of(store: TokenStore, client_key: str) -> dict[str, Token]:
    found = [await store.get(key) async for key in store.keys(client_key)]
    return {token.key.open_id: evolve(token, version=0) for token in found if token is not None}


async def test_every_token_of_one_app_is_copied_and_the_source_keeps_them(target: TokenStore, tmp_path: Path) -> None:
    source = SQLiteTokenStore(tmp_path / "source.db")
    tokens = [make_token(AccountKey(app, f"user-{number}")) for number in range(600) for app in ("one", "two")]
    await source.put_many([(token, 0) for token in tokens])
    assert await copy_tokens(source, target, "one") == 600
    assert await all_of(target, "one") == await all_of(source, "one")
    assert len(await all_of(source, "one")) == 600
    assert not await all_of(target, "two")
    await source.aclose()


async def test_a_second_copy_copies_only_newer_tokens(target: TokenStore) -> None:
    source = MemoryTokenStore()
    first = [await source.put(make_token(AccountKey("one", name)), expected_version=0) for name in "abc"]
    assert await copy_tokens(source, target, "one") == 3
    assert await copy_tokens(source, target, "one") == 0
    a, b, _ = first
    await source.put(make_token(a.key, updated_at=a.updated_at + LATER), expected_version=1)
    refreshed_there = make_token(b.key, updated_at=b.updated_at + LATER)
    await target.put(refreshed_there, expected_version=1)
    await source.put(make_token(AccountKey("one", "d")), expected_version=0)
    assert await copy_tokens(source, target, "one") == 2
    copied = await all_of(target, "one")
    assert copied.pop("b") == refreshed_there
    assert copied == {name: token for name, token in (await all_of(source, "one")).items() if name != "b"}


class RefreshedDuringCopy(MemoryTokenStore):
    """A target in which a worker stores a newer token just before the copy arrives."""

    async def put(self, token: Token, *, expected_version: int | None) -> Token:
        if expected_version == 0:
            await super().put(evolve(token, updated_at=token.updated_at + LATER), expected_version=None)
        return await super().put(token, expected_version=expected_version)


async def test_a_copy_keeps_a_newer_token_that_a_worker_stored_first() -> None:
    source, target = MemoryTokenStore(), RefreshedDuringCopy()
    token = await source.put(make_token(AccountKey("one", "a")), expected_version=0)
    assert await copy_tokens(source, target, "one") == 0
    kept = await target.get(token.key)
    assert kept is not None
    assert kept.updated_at == token.updated_at + LATER


async def test_each_bulk_call_raises_store_error_when_redis_has_stopped(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    store = RedisTokenStore(server.url)
    keys = [AccountKey("one", f"user-{number}") for number in range(500)]
    await store.put_many([(make_token(key), 0) for key in keys])
    server.stop()
    with pytest.raises(StoreError):
        await store.get_many(keys)
    with pytest.raises(StoreError):
        await store.put_many([(make_token(key), 1) for key in keys])
    await store.aclose()
    server.start()
    again = RedisTokenStore(server.url)
    assert [token and token.version for token in await again.get_many(keys)] == [1] * 500
    await again.aclose()
    server.stop()
