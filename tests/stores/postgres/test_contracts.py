"""The stores in PostgreSQL pass the contracts of all stores."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.abc import CheckpointStore, NoteStore, TokenStore
from tiktok_async.stores import PostgresCheckpointStore, PostgresTokenStore
from tiktok_async.testing import BulkTokenStoreContract, CheckpointStoreContract, NoteStoreContract

pytestmark = pytest.mark.postgres


class SkewedClock(SystemClock):
    """A machine whose wall clock is 30 s ahead."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=30)


class TestPostgresTokenStore(BulkTokenStoreContract):
    @pytest.fixture
    async def store(self, postgres_url: str) -> AsyncIterator[TokenStore]:
        store = PostgresTokenStore(postgres_url)
        yield store
        await store.aclose()

    @pytest.fixture
    async def other_store(self, postgres_url: str) -> AsyncIterator[TokenStore]:
        store = PostgresTokenStore(postgres_url, clock=SkewedClock())
        yield store
        await store.aclose()


class TestPostgresNotes(NoteStoreContract):
    @pytest.fixture
    async def store(self, postgres_url: str) -> AsyncIterator[NoteStore]:
        store = PostgresTokenStore(postgres_url)
        yield store
        await store.aclose()


class TestPostgresCheckpointStore(CheckpointStoreContract):
    @pytest.fixture
    async def store(self, postgres_url: str) -> AsyncIterator[CheckpointStore]:
        store = PostgresCheckpointStore(postgres_url)
        yield store
        await store.aclose()
