# ruff: noqa: S101 - a test class is made of assertions and literal expectations
"""What a token store with urgent puts must also do: `put_urgent` gives the same result as `put`."""

import asyncio
from uuid import uuid4

import pytest
from attrs import evolve

from tiktok_async.abc import UrgentTokenStore
from tiktok_async.errors import TokenConflict
from tiktok_async.models import AccountKey
from tiktok_async.testing._store_records import make_token


@pytest.mark.asyncio
class UrgentTokenStoreContract:
    """Proves the urgent puts of an `UrgentTokenStore`; `TokenStoreContract` proves the rest.

    Subclass it under a name that starts with `Test`, and define the fixture `store`.

    Example:
        >>> class TestMyStore(UrgentTokenStoreContract):
        ...     @pytest.fixture
        ...     def store(self) -> UrgentTokenStore:
        ...         return MyStore()
    """

    @pytest.fixture
    def store(self) -> UrgentTokenStore:
        """The store under test; to be overridden."""
        pytest.fail("define the fixture `store` in your subclass of UrgentTokenStoreContract")

    @pytest.fixture
    def key(self) -> AccountKey:
        """An account that no other test uses."""
        return AccountKey(f"app-{uuid4().hex}", "user")

    async def test_an_urgent_put_is_stored_under_the_next_version(
        self, store: UrgentTokenStore, key: AccountKey
    ) -> None:
        assert isinstance(store, UrgentTokenStore)
        first = await store.put_urgent(make_token(key), expected_version=0)
        second = await store.put_urgent(first, expected_version=1)
        third = await store.put_urgent(second, expected_version=None)
        assert [first.version, second.version, third.version] == [1, 2, 3]
        assert await store.get(key) == third
        assert [found async for found in store.keys(key.client_key)] == [key]

    async def test_an_urgent_put_over_another_version_is_a_conflict(
        self, store: UrgentTokenStore, key: AccountKey
    ) -> None:
        stored = await store.put(make_token(key), expected_version=0)
        with pytest.raises(TokenConflict) as caught:
            await store.put_urgent(stored, expected_version=7)
        assert (caught.value.expected_version, caught.value.actual_version) == (7, 1)
        assert await store.get(key) == stored

    async def test_of_urgent_puts_at_the_same_time_each_succeeds_or_fails_alone(
        self, store: UrgentTokenStore, key: AccountKey
    ) -> None:
        keys = [evolve(key, open_id=f"user-{number}") for number in range(20)]
        await asyncio.gather(*(store.put(make_token(each), expected_version=0) for each in keys[10:]))
        outcomes = await asyncio.gather(
            *(store.put_urgent(make_token(each), expected_version=0) for each in keys), return_exceptions=True
        )
        assert [await store.get(each) for each in keys[:10]] == outcomes[:10]
        assert all(isinstance(outcome, TokenConflict) for outcome in outcomes[10:])
