"""Waiting for, holding and releasing a lease, in the same way for every store."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Protocol
from uuid import uuid4

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async._concurrency.lasting import finish
from tiktok_async.abc import Clock
from tiktok_async.errors import LeaseUnavailable, StoreError
from tiktok_async.models import AccountKey

_log = logging.getLogger("tiktok_async.stores")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.25  # seconds


class LeaseTable(Protocol):
    """The three atomic steps of a backend; a lease that has ended counts as free."""

    async def acquire_lease(self, key: AccountKey, owner: str, ttl: timedelta) -> int | None:
        """Take the lease if it is free; return its fence, or `None` if another owner holds it."""
        ...

    async def renew_lease(self, key: AccountKey, owner: str, ttl: timedelta) -> bool:
        """Renew it for *ttl* from now on if it is still *owner*'s."""
        ...

    async def release_lease(self, key: AccountKey, owner: str) -> None:
        """Free it, if it is still *owner*'s."""
        ...


class _Backoff:
    """Sleeps between two attempts, with jitter so that the waiters of a fleet do not ask at the same moment."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._interval = _FIRST_PAUSE

    async def __call__(self, patience: float) -> None:
        await self._clock.sleep(min(self._interval * (0.5 + self._clock.random()), patience))
        self._interval = min(self._interval * 2, _LONGEST_PAUSE)


class Lease:
    """A lease that was acquired."""

    __slots__ = ("_key", "_table", "fence", "owner")

    def __init__(self, table: LeaseTable, key: AccountKey, owner: str, fence: int) -> None:
        self._table = table
        self._key = key
        self.owner = owner
        self.fence = fence

    async def renew(self, ttl: timedelta) -> bool:
        """Hold it for *ttl* from now on; return whether it was still held."""
        return await self._table.renew_lease(self._key, self.owner, ttl)

    def __repr__(self) -> str:
        return f"<lease of account {self._key.open_id}, fence {self.fence}>"


@asynccontextmanager
async def hold_lease(
    table: LeaseTable,
    key: AccountKey,
    *,
    ttl: timedelta,
    wait: timedelta,
    clock: Clock | None = None,
    pause: Callable[[float], Awaitable[None]] | None = None,
) -> AsyncGenerator[Lease, None]:
    """Hold *key*'s lease of *table* inside `async with`.

    Args:
        table: The backend.
        key: The account.
        ttl: The time until the lease of a holder that died ends.
        wait: The longest wait for another holder.
        clock: Times the waiting; the default is the real one.
        pause: Waits between two attempts, at most the remaining seconds; the default sleeps, longer each time.

    Raises:
        LeaseUnavailable: *wait* has passed.
        StoreError: The backend failed.
        ValueError: *ttl* is not positive.
    """
    if ttl <= timedelta(0):
        msg = "a lease's ttl must be positive"
        raise ValueError(msg)
    owner = uuid4().hex
    clock = clock or SystemClock()
    try:
        fence = await _acquire(table, key, owner, ttl=ttl, wait=wait, clock=clock, pause=pause or _Backoff(clock))
    except LeaseUnavailable:
        raise
    except BaseException:
        # The call was interrupted, but the backend may have given the lease.
        await _release(table, key, owner)
        raise
    try:
        yield Lease(table, key, owner, fence)
    finally:
        await _release(table, key, owner)


async def _acquire(
    table: LeaseTable,
    key: AccountKey,
    owner: str,
    *,
    ttl: timedelta,
    wait: timedelta,
    clock: Clock,
    pause: Callable[[float], Awaitable[None]],
) -> int:
    start = clock.monotonic()
    patience = wait.total_seconds()
    while (fence := await finish(table.acquire_lease(key, owner, ttl))) is None:
        waited = clock.monotonic() - start
        if waited >= patience:
            raise LeaseUnavailable(key.open_id, waited=timedelta(seconds=waited))
        await pause(patience - waited)
    return fence


async def _release(table: LeaseTable, key: AccountKey, owner: str) -> None:
    try:
        await finish(table.release_lease(key, owner))
    except StoreError:
        # The work under the lease is done and saved, so this failure is only logged.
        _log.warning("the lease of account %s could not be released; it ends by itself", key.open_id)


class HoldsLeases(LeaseTable):
    """The leases of a store for its callers."""

    _clock: Clock

    def lease(self, key: AccountKey, *, ttl: timedelta, wait: timedelta) -> AbstractAsyncContextManager[Lease]:
        """Hold *key*'s lease inside `async with`, among all users of the store.

        Raises:
            LeaseUnavailable: *wait* has passed.
            StoreError: The store cannot be reached.
        """
        return hold_lease(self, key, ttl=ttl, wait=wait, clock=self._clock)
