"""Every store of this library passes the contract that other packages' stores must pass."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.abc import TokenStore
from tiktok_async.stores import (
    EncryptedTokenStore,
    MemoryTokenStore,
    RedisTokenStore,
    SQLiteTokenStore,
    generate_store_key,
)
from tiktok_async.testing import BulkTokenStoreContract, TokenStoreContract

KEY = generate_store_key()


class SkewedClock(SystemClock):
    """A machine whose wall clock is 30 s ahead."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=30)


class TestMemoryTokenStore(TokenStoreContract):
    @pytest.fixture
    def store(self) -> TokenStore:
        return MemoryTokenStore()


class TestSQLiteTokenStore(BulkTokenStoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[TokenStore]:
        store = SQLiteTokenStore(tmp_path / "tokens.db")
        yield store
        await store.aclose()

    @pytest.fixture
    async def other_store(self, tmp_path: Path) -> AsyncIterator[TokenStore]:
        store = SQLiteTokenStore(tmp_path / "tokens.db", clock=SkewedClock())
        yield store
        await store.aclose()


class TestSQLiteTokenStoreInMemory(BulkTokenStoreContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[TokenStore]:
        store = SQLiteTokenStore(":memory:")
        yield store
        await store.aclose()


class TestRedisTokenStore(BulkTokenStoreContract):
    @pytest.fixture
    async def store(self, redis_url: str) -> AsyncIterator[TokenStore]:
        store = RedisTokenStore(redis_url)
        yield store
        await store.aclose()

    @pytest.fixture
    async def other_store(self, redis_url: str) -> AsyncIterator[TokenStore]:
        store = RedisTokenStore(redis_url, clock=SkewedClock())
        yield store
        await store.aclose()


class TestEncryptedTokenStore(BulkTokenStoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[TokenStore]:
        store = EncryptedTokenStore(SQLiteTokenStore(tmp_path / "tokens.db"), keys=[KEY])
        yield store
        await store.aclose()

    @pytest.fixture
    async def other_store(self, tmp_path: Path) -> AsyncIterator[TokenStore]:
        store = EncryptedTokenStore(
            SQLiteTokenStore(tmp_path / "tokens.db", clock=SkewedClock()), keys=[KEY, generate_store_key()]
        )
        yield store
        await store.aclose()
