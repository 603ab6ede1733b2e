"""A lease in use: the time that is left, and its renewal during the work."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from tiktok_async.abc import Clock, Lease


class LeaseKeeper:
    """Renews a lease that was just taken.

    Args:
        lease: The lease.
        clock: Time.
        ttl: The time for which it was taken, and for which it is renewed each time.
    """

    def __init__(self, lease: Lease, clock: Clock, ttl: timedelta) -> None:
        self._lease = lease
        self._clock = clock
        self._ttl = ttl
        self._until = clock.monotonic() + ttl.total_seconds()

    @property
    def owner(self) -> str:
        """The owner, unique to this acquisition."""
        return self._lease.owner

    async def covers(self, seconds: float) -> bool:
        """Say whether the lease is held for *seconds* more, after a renewal if needed.

        Raises:
            StoreError: It had to be renewed and the store failed.
        """
        return self._left() >= seconds or (await self._renew() and self._left() >= seconds)

    @asynccontextmanager
    async def kept(self) -> AsyncGenerator[None]:
        """Renew it inside `async with`, three times in each *ttl*."""
        renewals = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            renewals.cancel()
            await asyncio.wait([renewals])

    def _left(self) -> float:
        return self._until - self._clock.monotonic()

    async def _renew(self) -> bool:
        before = self._clock.monotonic()
        if not await self._lease.renew(self._ttl):
            self._until = before
            return False
        self._until = before + self._ttl.total_seconds()
        return True

    async def _keep(self) -> None:
        while True:
            await self._clock.sleep(self._ttl.total_seconds() / 3)
            try:
                if not await self._renew():
                    return
            except Exception:  # noqa: BLE001, S112 - also from a store that breaks its contract; `covers` reports it
                # The store may be back before the lease ends.
                continue
