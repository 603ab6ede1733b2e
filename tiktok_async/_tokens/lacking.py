"""Which stored accounts did not grant what an app has come to need."""

from collections.abc import AsyncIterator, Sequence

from tiktok_async.abc import BulkTokenStore, TokenStore
from tiktok_async.models import AccountKey, Token

# One trip to the store for so many accounts.
_PAGE = 500


async def accounts_lacking(store: TokenStore, client_key: str, scopes: frozenset[str]) -> AsyncIterator[str]:
    """Yield the open_id of each stored account of an app that did not grant every one of *scopes*.

    Raises:
        StoreError: The store failed.
    """
    async for page in _pages(store.keys(client_key)):
        for token in await _tokens(store, page):
            if token is not None and not scopes <= token.scopes:
                yield token.key.open_id


async def _pages(keys: AsyncIterator[AccountKey]) -> AsyncIterator[list[AccountKey]]:
    page: list[AccountKey] = []
    async for key in keys:
        page.append(key)
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page


async def _tokens(store: TokenStore, keys: Sequence[AccountKey]) -> list[Token | None]:
    if isinstance(store, BulkTokenStore):
        return await store.get_many(keys)
    return [await store.get(key) for key in keys]
