"""One look at a server's settings, on a store's first use."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from tiktok_async.abc import Clock
from tiktok_async.models import StoreUnsafe
from tiktok_async_stores._unsafe import OnUnsafe, report_unsafe


class Inspection:
    """Looks at a server once, on first use.

    Args:
        look: Asks the server what endangers tokens there, as pairs of a setting and an advice; raises `StoreError` if
            it cannot be reached.
        clock: The time of the findings.
        on_unsafe: Called with each finding.
    """

    def __init__(
        self, look: Callable[[], Awaitable[Iterable[tuple[str, str]]]], clock: Clock, on_unsafe: OnUnsafe | None
    ) -> None:
        self._done = False
        self._look = look
        self._clock = clock
        self._on_unsafe = on_unsafe
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Look, log and tell, unless that was done; callers that come meanwhile wait for it.

        Raises:
            StoreError: The server cannot be reached; the next use tries again.
        """
        if self._done:
            return
        async with self._lock:
            if not self._done:
                found = await self._look()
                self._done = True
                now = self._clock.now()
                report_unsafe([StoreUnsafe(at=now, setting=s, advice=a) for s, a in found], self._on_unsafe)
