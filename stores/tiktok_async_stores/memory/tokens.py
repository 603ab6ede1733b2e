"""Tokens in this process's memory, for tests and for short programs."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial

from attrs import define, field

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.abc import Clock, Lease
from tiktok_async.errors import TokenConflict
from tiktok_async.models import AccountKey, Token, TokenState
from tiktok_async_stores._lease import hold_lease
from tiktok_async_stores._notes import KeepsNotes, MemoryNotes
from tiktok_async_stores._unsafe import OnUnsafe
from tiktok_async_stores._url import check_memory_url
from tiktok_async_stores.codec.tokens import to_microseconds, with_version
from tiktok_async_stores.memory.ordered import OrderedKeys

_FIRST = (-(10**18), "")  # earlier than any datetime


def _no_tokens() -> dict[str, Token]:
    return {}


@define
class _App:
    """One app's tokens, and the active ones in the order of their end."""

    tokens: dict[str, Token] = field(factory=_no_tokens)
    index: OrderedKeys[tuple[int, str]] = field(factory=OrderedKeys[tuple[int, str]])


class MemoryTokenStore(KeepsNotes):
    """A `TokenStore` of one process and one event loop; its data is lost when the process ends.

    Args:
        clock: Times the leases; the default is the real one.

    Example:
        >>> store = MemoryTokenStore()
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._notes = MemoryNotes(self._clock)
        self._apps: dict[str, _App] = {}
        self._leases: dict[AccountKey, tuple[str, float]] = {}
        self._fence = 0
        self._waiters: defaultdict[AccountKey, deque[asyncio.Future[None]]] = defaultdict(deque)

    @classmethod
    def from_url(cls, url: str, *, clock: Clock | None = None, on_unsafe: OnUnsafe | None = None) -> "MemoryTokenStore":
        """Return a store for `memory://`; each one is empty and separate.

        Raises:
            ConfigurationError: The URL has further parts.
        """
        check_memory_url(url)
        del on_unsafe  # nothing is unsafe
        return cls(clock=clock)

    async def get(self, key: AccountKey) -> Token | None:
        """Return the stored token of *key*, or `None`."""
        app = self._apps.get(key.client_key)
        return app.tokens.get(key.open_id) if app is not None else None

    async def put(self, token: Token, *, expected_version: int | None) -> Token:
        """Store *token* by compare-and-set.

        Raises:
            TokenConflict: Another version is stored.
        """
        open_id = token.key.open_id
        before = await self.get(token.key)
        actual = before.version if before is not None else 0
        if expected_version is not None and expected_version != actual:
            raise TokenConflict(open_id, expected_version=expected_version or None, actual_version=actual or None)
        app = self._apps.setdefault(token.key.client_key, _App())
        self._unlist(app, before)
        stored = with_version(token, actual + 1)
        app.tokens[open_id] = stored
        if stored.state is TokenState.ACTIVE:
            app.index.add((to_microseconds(stored.expires_at), open_id))
        return stored

    async def delete(self, key: AccountKey) -> bool:
        """Delete the token of *key*. Returns whether there was one."""
        app = self._apps.get(key.client_key)
        token = app.tokens.pop(key.open_id, None) if app is not None else None
        if app is not None:
            self._unlist(app, token)
            if not app.tokens:
                del self._apps[key.client_key]
        return token is not None

    @staticmethod
    def _unlist(app: _App, token: Token | None) -> None:
        if token is not None and token.state is TokenState.ACTIVE:
            app.index.remove((to_microseconds(token.expires_at), token.key.open_id))

    async def keys(self, client_key: str) -> AsyncIterator[AccountKey]:
        """Yield every account of one app."""
        app = self._apps.get(client_key)
        for open_id in tuple(app.tokens) if app is not None else ():
            yield AccountKey(client_key, open_id)

    async def expiring(self, client_key: str, before: datetime) -> AsyncIterator[AccountKey]:
        """Yield the active accounts whose access token ends before *before*, the earliest first."""
        end = to_microseconds(before)
        app = self._apps.get(client_key)
        for when, open_id in app.index.after(_FIRST) if app is not None else ():
            if when >= end:
                return
            yield AccountKey(client_key, open_id)

    def lease(self, key: AccountKey, *, ttl: timedelta, wait: timedelta) -> AbstractAsyncContextManager[Lease]:
        """Hold *key*'s lease inside `async with`; tasks get it in the order of their calls.

        Raises:
            LeaseUnavailable: *wait* has passed.
        """
        return hold_lease(self, key, ttl=ttl, wait=wait, clock=self._clock, pause=partial(self._turn, key))

    async def _turn(self, key: AccountKey, patience: float) -> None:
        """Wait until *key*'s lease is released or ends, at most *patience* seconds."""
        held = self._leases.get(key)
        if held is None:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not waiter.done():
                waiter.set_result(None)

        timer = self._clock.call_later(min(held[1] - self._clock.monotonic(), patience), wake)
        queue = self._waiters[key]
        queue.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():
                self._wake_next(key)  # this one was woken already, so wake the next
            raise
        finally:
            timer.cancel()
            queue.remove(waiter)
            if not queue:
                self._waiters.pop(key, None)

    def _wake_next(self, key: AccountKey) -> None:
        for waiter in self._waiters.get(key, ()):
            if not waiter.done():
                waiter.set_result(None)
                return

    async def acquire_lease(self, key: AccountKey, owner: str, ttl: timedelta) -> int | None:
        """Take the lease if it is free."""
        now = self._clock.monotonic()
        if key in self._leases and self._leases[key][1] > now:
            return None
        self._leases[key] = (owner, now + ttl.total_seconds())
        self._fence += 1
        return self._fence

    async def renew_lease(self, key: AccountKey, owner: str, ttl: timedelta) -> bool:
        """Renew it if it is still *owner*'s."""
        now = self._clock.monotonic()
        held = self._leases.get(key)
        if held is None or held[0] != owner or held[1] <= now:
            return False
        self._leases[key] = (owner, now + ttl.total_seconds())
        return True

    async def release_lease(self, key: AccountKey, owner: str) -> None:
        """Free it if it is still *owner*'s, and wake the task that waited longest."""
        held = self._leases.get(key)
        if held is None or held[0] != owner:
            return
        del self._leases[key]
        self._wake_next(key)

    async def aclose(self) -> None:
        """Do nothing: the tokens stay for other users of this store."""

    def __repr__(self) -> str:
        return f"<MemoryTokenStore of {sum(len(app.tokens) for app in self._apps.values())} tokens>"
