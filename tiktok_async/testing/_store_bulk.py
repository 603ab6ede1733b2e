# ruff: noqa: S101 - a test class is made of assertions and literal expectations
"""What a bulk token store must also do: its bulk calls give the same result as one call for each record."""

import pytest
from attrs import evolve

from tiktok_async.abc import BulkTokenStore
from tiktok_async.errors import TokenConflict
from tiktok_async.models import AccountKey, Token
from tiktok_async.testing._store_records import ODD_IDS, make_token, open_ids
from tiktok_async.testing._stores import TokenStoreContract


class BulkTokenStoreContract(TokenStoreContract):
    """Proves a `BulkTokenStore`: `TokenStoreContract`, and that its bulk calls do what single ones do.

    Subclass it under a name that starts with `Test`, and define the fixture `store`.
    """

    @pytest.fixture
    def bulk(self, store: BulkTokenStore) -> BulkTokenStore:
        """The store under test, typed as the protocol that is tested here."""
        assert isinstance(store, BulkTokenStore)
        return store

    async def test_many_are_read_in_the_order_they_are_asked_for(self, bulk: BulkTokenStore, app: str) -> None:
        stored = [await bulk.put(make_token(AccountKey(app, name)), expected_version=0) for name in ODD_IDS]
        keys = [token.key for token in stored]
        wanted = [*reversed(keys), AccountKey(app, "nobody"), keys[0], AccountKey(f"{app}-2", ODD_IDS[0])]
        assert await bulk.get_many(wanted) == [*reversed(stored), None, stored[0], None]

    async def test_none_at_all_is_no_trip(self, bulk: BulkTokenStore) -> None:
        assert await bulk.get_many([]) == []
        assert await bulk.put_many([]) == []

    async def test_of_many_puts_each_succeeds_or_fails_alone(self, bulk: BulkTokenStore, app: str) -> None:
        keys = [AccountKey(app, name) for name in ("new", "late", "anyhow", "right")]
        for key in keys[1:]:
            await bulk.put(make_token(key), expected_version=0)
        tokens = [make_token(key) for key in keys]
        new, late, anyhow, right = await bulk.put_many(list(zip(tokens, (0, 7, None, 1), strict=True)))
        assert [new, anyhow, right] == [
            evolve(tokens[0], version=1),
            evolve(tokens[2], version=2),
            evolve(tokens[3], version=2),
        ]
        assert isinstance(late, TokenConflict)
        assert (late.open_id, late.expected_version, late.actual_version) == ("late", 7, 1)
        assert await bulk.get_many([keys[0], *keys[2:]]) == [new, anyhow, right]

    async def test_a_thousand_of_two_apps_are_stored_and_listed(self, bulk: BulkTokenStore, app: str) -> None:
        keys = [AccountKey(f"{app}-{number % 2}", f"user-{number:04}") for number in range(1000)]
        stored = await bulk.put_many([(make_token(key), 0) for key in keys])
        assert [token.key for token in stored if isinstance(token, Token)] == keys
        assert await bulk.get_many(keys) == stored
        for number in range(2):
            listed = await open_ids(bulk.keys(f"{app}-{number}"))
            assert sorted(listed) == [key.open_id for key in keys[number::2]]
