"""Work on all accounts of an app, by bulk calls if the store has them."""

from collections.abc import AsyncIterator, Sequence

from tiktok_async.abc import BulkTokenStore, TokenStore
from tiktok_async.errors import TokenConflict
from tiktok_async.models import AccountKey, Token
from tiktok_async_stores.codec.tokens import with_version

_PAGE = 500


async def copy_tokens(source: TokenStore, target: TokenStore, client_key: str) -> int:
    """Copy the tokens of one app into another store, except those that are older than the ones there.

    After a refresh, an earlier copy is useless, since its refresh token is used up. So first copy most tokens while
    workers run. Then stop every worker that uses *source*, copy again, which takes only the tokens refreshed since, and
    start the workers with *target*. It may be stopped and repeated at any time. *source* is not changed.

    Args:
        source: The store with the tokens.
        target: The store for the copies. Versions begin again there.
        client_key: The app.

    Returns:
        The number of copied tokens.

    Raises:
        StoreError: One of the stores failed; the copies made so far stay.

    Example:
        >>> async def move() -> int:
        ...     file, fleet = open_store("sqlite:///tokens.db"), open_store("redis://localhost/0")
        ...     return await copy_tokens(file, fleet, "awexample")
    """
    copied = 0
    async for keys in pages(source.keys(client_key)):
        there = await get_many(target, keys)
        puts = [
            (token, old.version if old is not None else 0)
            for token, old in zip(await get_many(source, keys), there, strict=True)
            if token is not None and (old is None or token.updated_at > old.updated_at)
        ]
        # A conflict comes from a worker that already uses the target: its token is newer.
        copied += sum(isinstance(outcome, Token) for outcome in await put_many(target, puts))
    return copied


async def pages(keys: AsyncIterator[AccountKey]) -> AsyncIterator[list[AccountKey]]:
    """Yield *keys* in lists of at most 500."""
    page: list[AccountKey] = []
    async for key in keys:
        page.append(key)
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page


async def get_many(store: TokenStore, keys: Sequence[AccountKey]) -> list[Token | None]:
    """Return the tokens of *keys*, one by one if *store* has no bulk call."""
    if isinstance(store, BulkTokenStore):
        return await store.get_many(keys)
    return [await store.get(key) for key in keys]


async def put_many(store: TokenStore, puts: Sequence[tuple[Token, int | None]]) -> list[Token | TokenConflict]:
    """Store tokens by compare-and-set, one by one if *store* has no bulk call."""
    # With nothing to copy, or everything encrypted with the newest key, no lock is taken.
    if puts and isinstance(store, BulkTokenStore):
        return await store.put_many(puts)
    return [await _put(store, token, expected) for token, expected in puts]


def stored(
    puts: Sequence[tuple[Token, int | None]], outcomes: Sequence[int | TokenConflict]
) -> list[Token | TokenConflict]:
    """Return each token with its stored version, or its conflict."""
    return [
        with_version(token, outcome) if isinstance(outcome, int) else outcome
        for (token, _), outcome in zip(puts, outcomes, strict=True)
    ]


async def _put(store: TokenStore, token: Token, expected: int | None) -> Token | TokenConflict:
    try:
        return await store.put(token, expected_version=expected)
    except TokenConflict as conflict:
        return conflict
