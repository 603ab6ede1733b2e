"""A process that needs one account's token, which has expired, and may be stopped during the refresh."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp

from tiktok_async.abc import Lease, TokenStore, UrgentTokenStore
from tiktok_async.models import AccountKey, Event, Token, TokenRefreshed
from tiktok_async.session import TikTokSession
from tiktok_async.stores import open_store


class Stopping:
    """A store whose process stops itself (SIGSTOP) at one point of a rotation, while it holds the lease.

    Args:
        store: The store.
        point: `read`, when the token was read; `announced`, when the attempt is written and before it is made;
            `answered`, when TikTok has rotated and before that is saved; anything else for none.
    """

    def __init__(self, store: TokenStore, point: str) -> None:
        self._store = store
        self._point = point
        self._held = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def lease(self, key: AccountKey, **times: Any) -> AsyncGenerator[Lease, None]:
        async with self._store.lease(key, **times) as lease:
            self._held = True
            yield lease

    async def get(self, key: AccountKey) -> Token | None:
        token = await self._store.get(key)
        self._reach("read")
        return token

    async def put(self, token: Token, *, expected_version: int | None) -> Token:
        stored = await self._store.put(token, expected_version=expected_version)
        if token.attempt is not None:
            self._reach("announced")
        return stored

    async def put_urgent(self, token: Token, *, expected_version: int | None) -> Token:
        self._reach("answered")
        put = self._store.put_urgent if isinstance(self._store, UrgentTokenStore) else self._store.put
        return await put(token, expected_version=expected_version)

    def _reach(self, point: str) -> None:
        if self._held and self._point == point:
            self._point = ""
            os.kill(os.getpid(), signal.SIGSTOP)


async def refresh(settings: dict[str, Any]) -> None:
    """Refresh, and print the result; SIGTERM ends it as SIGINT does."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    # It is stopped for seconds on purpose, which asyncio's debug mode would report as a slow step.
    loop.slow_callback_duration = 3600
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    rotations = 0

    def observe(event: Event) -> None:
        nonlocal rotations
        rotations += isinstance(event, TokenRefreshed)

    store = open_store(settings["store"])
    async with TikTokSession(
        client_key=settings["client_key"],
        client_secret=settings["client_secret"],
        base_url=settings["url"],
        store=cast("TokenStore", Stopping(store, settings["stop_at"])),
        limiter="none://",
        timeout=aiohttp.ClientTimeout(total=settings["timeout"]),
        observer=observe,
    ) as session:
        token = await session.account(settings["open_id"]).token()
    await store.aclose()
    sys.stdout.write(json.dumps({"version": token.version, "rotations": rotations}))


if __name__ == "__main__":
    # A shell makes its background processes ignore SIGINT, and this process inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        asyncio.run(refresh(json.loads(sys.argv[1])))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stdout.write("interrupted")
