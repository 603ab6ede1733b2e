"""The public types as a user's checker sees them: checked by mypy and pyright, never run."""

from datetime import UTC, datetime, timedelta
from typing import assert_type

from tiktok_async import (
    AccountKey,
    ApiError,
    Endpoint,
    Limit,
    RateLimited,
    ReauthorizationRequired,
    ScopeNotGranted,
    Secret,
    TikTokError,
    Token,
    TokenNotSaved,
)
from tiktok_async.abc import Clock, RateLimiter, TokenStore, Transport
from tiktok_async.testing import VirtualClock

key = AccountKey("client", "open")
token = Token(
    key=key,
    access_token=Secret("act.a"),
    refresh_token=Secret("rft.a"),
    scopes=frozenset({"user.info.basic"}),
    expires_at=datetime.now(UTC),
    refresh_expires_at=datetime.now(UTC),
    updated_at=datetime.now(UTC),
)
assert_type(token.access_token.reveal(), str)
assert_type(token.expires_at, datetime)
assert_type(token.scopes, frozenset[str])
assert_type(Endpoint.VIDEO_LIST.path, str)
assert_type(Limit(6, per=timedelta(minutes=1)).per, timedelta)


def errors(error: TikTokError) -> None:
    match error:
        case RateLimited():
            assert_type(error.retry_after, timedelta | None)
        case ApiError():
            assert_type(error.code, str)
            assert_type(error.log_id, str | None)
            assert_type(error.retryable, bool)
        case ReauthorizationRequired():
            assert_type(error.open_id, str)
            assert_type(error.reason, str)
        case ScopeNotGranted():
            assert_type(error.missing, frozenset[str])
        case TokenNotSaved():
            assert_type(error.token, Token | None)
        case _:
            pass


async def seams(store: TokenStore, limiter: RateLimiter, transport: Transport) -> None:
    assert_type(await store.get(key), Token | None)
    assert_type(await store.put(token, expected_version=None), Token)
    async for found in store.keys("client"):
        assert_type(found, AccountKey)
    async with store.lease(key, ttl=timedelta(seconds=90), wait=timedelta(0)) as lease:
        assert_type(await lease.renew(timedelta(seconds=90)), bool)
    await limiter.aclose()
    await transport.aclose()


clock: Clock = VirtualClock()
