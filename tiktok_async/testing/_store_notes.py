# ruff: noqa: S101 - a test class is made of assertions
"""The pytest class that any store of notes must pass."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from tiktok_async.abc import NoteStore
from tiktok_async.models import AccountKey

_LONG = timedelta(minutes=5)
_SHORT = timedelta(milliseconds=40)


@pytest.mark.asyncio
class NoteStoreContract:
    """Proves a `NoteStore`: subclass it under a name that starts with `Test`, and define the fixture `store`.

    Example:
        >>> class TestMyNotes(NoteStoreContract):
        ...     @pytest.fixture
        ...     def store(self) -> NoteStore:
        ...         return MyStore()
    """

    @pytest.fixture
    def store(self) -> NoteStore:
        """The store under test; to be overridden."""
        pytest.fail("define the fixture `store` in your subclass of NoteStoreContract")

    @pytest.fixture
    def key(self) -> AccountKey:
        """An account of its own for each test."""
        return AccountKey(f"app-{uuid4().hex}", "user-1")

    async def test_a_note_that_was_never_put_is_none(self, store: NoteStore, key: AccountKey) -> None:
        assert await store.get_note(key, "nothing") is None

    @pytest.mark.parametrize("value", [b"", b"{}", bytes(range(256)), b"x" * 65_536])
    async def test_a_note_comes_back_as_it_was(self, store: NoteStore, key: AccountKey, value: bytes) -> None:
        assert await store.put_note(key, "note", value, ttl=_LONG, only_if_absent=True)
        assert await store.get_note(key, "note") == value

    async def test_the_first_of_two_who_claim_wins(self, store: NoteStore, key: AccountKey) -> None:
        assert await store.put_note(key, "note", b"first", ttl=_LONG, only_if_absent=True)
        assert not await store.put_note(key, "note", b"second", ttl=_LONG, only_if_absent=True)
        assert await store.get_note(key, "note") == b"first"

    async def test_exactly_one_of_many_who_claim_at_once_wins(self, store: NoteStore, key: AccountKey) -> None:
        claims = [store.put_note(key, "note", b"%d" % n, ttl=_LONG, only_if_absent=True) for n in range(50)]
        won = await asyncio.gather(*claims)
        assert sum(won) == 1
        assert await store.get_note(key, "note") == b"%d" % won.index(True)

    async def test_a_note_is_replaced_where_that_is_wished(self, store: NoteStore, key: AccountKey) -> None:
        await store.put_note(key, "note", b"first", ttl=_LONG, only_if_absent=True)
        assert await store.put_note(key, "note", b"second", ttl=_LONG, only_if_absent=False)
        assert await store.get_note(key, "note") == b"second"

    async def test_a_deleted_note_can_be_claimed_again(self, store: NoteStore, key: AccountKey) -> None:
        await store.put_note(key, "note", b"first", ttl=_LONG, only_if_absent=True)
        assert await store.delete_note(key, "note")
        assert not await store.delete_note(key, "note")
        assert await store.put_note(key, "note", b"second", ttl=_LONG, only_if_absent=True)

    async def test_a_note_ends_by_itself(self, store: NoteStore, key: AccountKey) -> None:
        await store.put_note(key, "note", b"short", ttl=_SHORT, only_if_absent=True)
        for _ in range(500):
            if await store.get_note(key, "note") is None:
                break
            await asyncio.sleep(0.01)
        else:
            pytest.fail("the note was still there after five seconds")
        assert await store.put_note(key, "note", b"next", ttl=_LONG, only_if_absent=True)

    async def test_accounts_apps_and_names_do_not_see_each_other(self, store: NoteStore, key: AccountKey) -> None:
        places = [
            (key, "a"),
            (key, "b"),
            (key, "a:b"),
            (AccountKey(key.client_key, "user-1:a"), "b"),
            (AccountKey(key.client_key, "user-2"), "a"),
            (AccountKey(key.client_key + ":user-1", ""), "a"),
            (AccountKey(key.client_key, "\N{KEY} '\"; DROP TABLE notes; --"), "*?[a]{b}"),
        ]
        for number, (account, name) in enumerate(places):
            assert await store.put_note(account, name, b"%d" % number, ttl=_LONG, only_if_absent=True)
        for number, (account, name) in enumerate(places):
            assert await store.get_note(account, name) == b"%d" % number
