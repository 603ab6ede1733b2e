"""The account that the measured calls are made for."""

from datetime import UTC, datetime, timedelta

from tiktok_async import AccountKey, Secret, Token
from tiktok_async.stores import MemoryTokenStore


async def logged_in(scope: str) -> MemoryTokenStore:
    """Return a store that holds the account `user` of the app `bench`, fresh for the time of a measurement."""
    store = MemoryTokenStore()
    now = datetime.now(UTC)
    token = Token(
        key=AccountKey("bench", "user"),
        access_token=Secret("act.bench"),
        refresh_token=Secret("rft.bench"),
        scopes=frozenset({scope}),
        expires_at=now + timedelta(hours=2),
        refresh_expires_at=now + timedelta(days=180),
        updated_at=now,
    )
    await store.put(token, expected_version=None)
    return store
