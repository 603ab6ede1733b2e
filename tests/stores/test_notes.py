"""Every store passes one contract for notes; encrypted notes cannot be read in the store itself."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tiktok_async.abc import NoteStore
from tiktok_async.errors import DecryptionError
from tiktok_async.models import AccountKey
from tiktok_async.stores import (
    EncryptedTokenStore,
    MemoryTokenStore,
    RedisTokenStore,
    SQLiteTokenStore,
    generate_store_key,
)
from tiktok_async.testing import NoteStoreContract, VirtualClock

KEY = AccountKey("app", "user")
LONG = timedelta(minutes=5)


class TestMemoryNotes(NoteStoreContract):
    @pytest.fixture
    def store(self) -> NoteStore:
        return MemoryTokenStore()


class TestSQLiteNotes(NoteStoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[NoteStore]:
        store = SQLiteTokenStore(tmp_path / "tokens.db")
        yield store
        await store.aclose()


class TestRedisNotes(NoteStoreContract):
    @pytest.fixture
    async def store(self, redis_url: str) -> AsyncIterator[NoteStore]:
        store = RedisTokenStore(redis_url)
        yield store
        await store.aclose()


class TestEncryptedNotes(NoteStoreContract):
    @pytest.fixture
    def store(self) -> NoteStore:
        return EncryptedTokenStore(MemoryTokenStore(), keys=[generate_store_key()])


async def test_an_encrypted_note_is_unreadable_and_is_decrypted_only_under_its_own_name() -> None:
    inner = MemoryTokenStore()
    store = EncryptedTokenStore(inner, keys=[generate_store_key()])
    await store.put_note(KEY, "publish:1", b"the upload address", ttl=LONG, only_if_absent=True)
    sealed = await inner.get_note(KEY, "publish:1")
    assert sealed is not None
    assert b"upload" not in sealed
    await inner.put_note(KEY, "publish:2", sealed, ttl=LONG, only_if_absent=True)
    with pytest.raises(DecryptionError):
        await store.get_note(KEY, "publish:2")


async def test_expired_notes_are_removed_from_memory() -> None:
    clock = VirtualClock()
    store = MemoryTokenStore(clock=clock)
    for number in range(999):
        await store.put_note(KEY, f"old {number}", b"", ttl=timedelta(seconds=1), only_if_absent=True)
    await clock.advance(2)
    await store.put_note(KEY, "new", b"", ttl=LONG, only_if_absent=True)
    assert len(store._notes._kept) == 1  # type: ignore[attr-defined]  # the test counts the entries


async def test_two_processes_on_one_file_share_notes(tmp_path: Path) -> None:
    first, second = SQLiteTokenStore(tmp_path / "t.db"), SQLiteTokenStore(tmp_path / "t.db")
    assert await first.put_note(KEY, "n", b"1", ttl=LONG, only_if_absent=True)
    assert not await second.put_note(KEY, "n", b"2", ttl=LONG, only_if_absent=True)
    assert await second.get_note(KEY, "n") == b"1"
    await first.aclose()
    await second.aclose()
