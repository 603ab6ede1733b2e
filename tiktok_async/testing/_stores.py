"""The pytest class that any token store must pass."""

import pytest

from tiktok_async.abc import TokenStore
from tiktok_async.testing._store_leases import StoreLeases
from tiktok_async.testing._store_records import StoreRecords


@pytest.mark.asyncio
class TokenStoreContract(StoreRecords, StoreLeases):
    """Proves a `TokenStore`: subclass it under a name that starts with `Test`, and define the fixture `store`.

    Each test uses accounts of its own, so the fixture may open the same data again and again. If the store uses
    the caller's clock, define `other_store` too: another handle on the same data whose clock is 30 s ahead.

    `pytest.register_assert_rewrite("tiktok_async.testing")` in `conftest.py` makes failures show both values.

    Example:
        >>> class TestMyStore(TokenStoreContract):
        ...     @pytest.fixture
        ...     def store(self) -> TokenStore:
        ...         return MyStore()
    """

    @pytest.fixture
    def store(self) -> TokenStore:
        """The store under test; to be overridden."""
        pytest.fail("define the fixture `store` in your subclass of TokenStoreContract")

    @pytest.fixture
    def other_store(self, store: TokenStore) -> TokenStore:
        """Another handle on the same data; the same one unless overridden."""
        return store
