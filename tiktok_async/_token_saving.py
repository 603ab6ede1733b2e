"""Storing a token that must not be lost."""

from collections.abc import Callable

from tiktok_async._refresh_rules import pause
from tiktok_async.abc import Clock, TokenStore
from tiktok_async.errors import AccountNotFound, TokenConflict
from tiktok_async.models import AccountKey, Token

SAVES = 6
"""So often a save is tried, over some three seconds, before it is called failed; it goes on all the same."""

_BASE, _CAP = 0.1, 5.0  # seconds between two tries


async def save_over(
    store: TokenStore, clock: Clock, before: Token, token: Token, *, over: bool, stuck: Callable[[], None]
) -> Token:
    """Put *token* over *before*, whatever it takes.

    A save whose outcome is unknown is simply tried again: the conflict that follows shows our own token.

    Args:
        store: Where to.
        clock: Times the tries.
        before: What was stored when this process wrote last.
        token: What to store.
        over: Put it over what others made of *before* too, as long as it has the same refresh token.
        stuck: Called once when `SAVES` tries have failed.

    Returns:
        What is stored in the end: *token*, or what somebody else put there meanwhile.

    Raises:
        AccountNotFound: It was deleted meanwhile; what its user ended must not come back.
    """
    expected = before.version
    failures = 0
    while True:
        try:
            return await store.put(token, expected_version=expected)
        except TokenConflict:
            stored = await _read(store, clock, before.key)
        except Exception:  # noqa: BLE001 - even a store that breaks its contract must not cost the token
            failures += 1
            if failures == SAVES:
                stuck()
            await clock.sleep(pause(failures, base=_BASE, cap=_CAP, jitter=clock.random()))
            continue
        # What shows up here may be our own token, from a put whose answer was lost.
        if not over or stored.refresh_token != before.refresh_token:
            return stored
        expected = stored.version


async def _read(store: TokenStore, clock: Clock, key: AccountKey) -> Token:
    failures = 0
    while True:
        try:
            stored = await store.get(key)
        except Exception:  # noqa: BLE001 - as above
            failures += 1
            await clock.sleep(pause(failures, base=_BASE, cap=_CAP, jitter=clock.random()))
            continue
        if stored is None:
            raise AccountNotFound(key.open_id, key.client_key)
        return stored
