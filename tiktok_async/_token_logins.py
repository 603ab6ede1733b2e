"""The beginning and the end of an account's grant."""

from collections.abc import Awaitable, Callable

from attrs import evolve

from tiktok_async._held_lease import HeldLease
from tiktok_async._refresh import Rotator
from tiktok_async._refresh_rules import pause
from tiktok_async.errors import LeaseUnavailable, StoreError, TokenNotSaved
from tiktok_async.models import AccountKey, Token, TokenState

_SAVES = 4


async def save_login(rotator: Rotator, token: Token) -> Token:
    """Store a new grant over whatever is stored; marks and journals of the old one are gone.

    Raises:
        TokenNotSaved: The store did not take it four times in a row.
    """
    fresh = evolve(token, state=TokenState.ACTIVE, attempt=None, reason=None)
    failures = 0
    while True:
        try:
            return await rotator.store.put(fresh, expected_version=None)
        except StoreError as error:
            failures += 1
            if failures == _SAVES:
                raise TokenNotSaved(token) from error
        await rotator.clock.sleep(pause(failures, base=0.1, cap=5, jitter=rotator.clock.random()))


async def forget(rotator: Rotator, key: AccountKey, revoke: Callable[[Token], Awaitable[None]] | None) -> bool:
    """Revoke and delete *key*'s token under its lease, so that no rotation is cut off in the middle.

    Returns:
        Whether there was one.
    """
    while True:
        try:
            async with (
                rotator.store.lease(key, ttl=rotator.ttl, wait=rotator.ttl) as lease,
                HeldLease(lease, rotator.clock, rotator.ttl).kept(),
            ):
                stored = await rotator.store.get(key)
                if stored is None:
                    return False
                if revoke is not None and stored.state is TokenState.ACTIVE:
                    await revoke(stored)
                return await rotator.store.delete(key)
        except LeaseUnavailable:
            # Its holder is at work, or dead and about to be seen so.
            continue
