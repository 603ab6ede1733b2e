"""The way to Redis: a client of ours or the caller's, and the one place where its errors become ours."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol

from redis.exceptions import NoScriptError, RedisClusterException, RedisError

from tiktok_async.errors import StoreError, scrub
from tiktok_async_stores.redis.scripts import Script

# A cluster without a node that answers is no RedisError to redis-py.
FAILURES = (RedisError, RedisClusterException, OSError, TimeoutError)
"""What redis-py raises when Redis cannot be reached, or refuses."""


class RedisClient(Protocol):
    """What is used of a client: `redis.asyncio.Redis`, `RedisCluster`, or what `Sentinel.master_for` returns."""

    def execute_command(self, *args: Any, **options: Any) -> Awaitable[Any]:  # noqa: ANN401 - as in redis-py
        """Send one command."""
        ...

    def aclose(self) -> Awaitable[None]:
        """Close the client."""
        ...


def _cancellations() -> int:
    """Return how often the running task was asked to end.

    Before Python 3.12 `asyncio.wait_for`, which redis-py sends with, may swallow such a request; this remembers it.
    """
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


class RedisLink:
    """Sends commands and scripts; what goes wrong is a `StoreError`.

    Args:
        client: The client.
        owned: Whether `aclose` closes it.
    """

    def __init__(self, client: RedisClient, *, owned: bool) -> None:
        self._client = client
        self._owned = owned
        self._closed = False

    async def command(self, *args: str | bytes | int) -> Any:  # noqa: ANN401 - every command has its own answer
        """Send one command.

        Raises:
            StoreError: Redis cannot be reached or refused the command.
        """
        if self._closed:
            raise StoreError("The Redis store is closed.")
        cancelled = _cancellations()
        try:
            answer = await self._client.execute_command(*args)
        except FAILURES as error:
            if _cancellations() > cancelled:
                raise asyncio.CancelledError from None
            if isinstance(error, NoScriptError):
                raise
            # Redis repeats the arguments of what it does not understand; those may hold a token.
            text = scrub(str(error).partition(", with args")[0]).rstrip(".")
            raise StoreError(f"Redis failed: {text or type(error).__name__}.") from None
        if _cancellations() > cancelled:
            raise asyncio.CancelledError
        return answer

    async def run(self, script: Script, keys: list[bytes], *args: str | bytes | int) -> Any:  # noqa: ANN401 - as above
        """Run *script* as one step.

        Raises:
            StoreError: Redis cannot be reached or refused the script.
        """
        try:
            return await self.command("EVALSHA", script.sha, len(keys), *keys, *args)
        except NoScriptError:
            return await self.command("EVAL", script.text, len(keys), *keys, *args)

    async def aclose(self) -> None:
        """Close the client if it is ours."""
        if not self._closed:
            self._closed = True
            if self._owned:
                await self._client.aclose()
