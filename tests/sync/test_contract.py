"""Every checkpoint store of ours passes the contract that other people's stores must pass."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tiktok_async.abc import CheckpointStore
from tiktok_async.stores import MemoryCheckpointStore, RedisCheckpointStore, SQLiteCheckpointStore
from tiktok_async.testing import CheckpointStoreContract


class TestMemoryCheckpointStore(CheckpointStoreContract):
    @pytest.fixture
    def store(self) -> CheckpointStore:
        return MemoryCheckpointStore()


class TestSQLiteCheckpointStore(CheckpointStoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[CheckpointStore]:
        store = SQLiteCheckpointStore(tmp_path / "sync.db")
        yield store
        await store.aclose()


class TestSQLiteCheckpointStoreInMemory(CheckpointStoreContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[CheckpointStore]:
        store = SQLiteCheckpointStore(":memory:")
        yield store
        await store.aclose()


class TestRedisCheckpointStore(CheckpointStoreContract):
    @pytest.fixture
    async def store(self, redis_url: str) -> AsyncIterator[CheckpointStore]:
        store = RedisCheckpointStore(redis_url)
        yield store
        await store.aclose()
