"""The connection to Redis: the store's own client or the caller's, and the translation of its errors."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol, cast

from redis import Redis as SynchronousRedis
from redis import RedisCluster as SynchronousCluster
from redis.exceptions import NoScriptError, RedisClusterException, RedisError

from tiktok_async.errors import ConfigurationError, StoreError
from tiktok_async_stores._process import Owner
from tiktok_async_stores.redis.faults import advice, by_connection, said
from tiktok_async_stores.redis.scripts import Script

_REPLICAS_WITHIN = 1_000  # milliseconds

# redis-py raises no RedisError if no node of a cluster answers.
FAILURES = (RedisError, RedisClusterException, OSError, TimeoutError)
"""The errors of redis-py when Redis cannot be reached, or refuses."""


class RedisClient(Protocol):
    """The used part of a client: `redis.asyncio.Redis`, `RedisCluster`, or the result of `Sentinel.master_for`."""

    def execute_command(self, *args: Any, **options: Any) -> Awaitable[Any]:  # noqa: ANN401 - as in redis-py
        """Send one command."""
        ...

    def aclose(self) -> Awaitable[None]:
        """Close the client."""
        ...


def _cancellations() -> int:
    """Return how often the running task was cancelled.

    Before Python 3.12 `asyncio.wait_for`, which redis-py uses, may lose a cancellation; this finds it.
    """
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


def check_client(client: object, *, pipelines: bool = False) -> None:
    """Refuse an invalid client, with which a call would wait for ever.

    Args:
        client: The caller's client.
        pipelines: Whether `pipeline` is needed, too.

    Raises:
        ConfigurationError: It is a synchronous client, or not a client.
    """
    wanted = ("execute_command", "aclose", *(("pipeline",) if pipelines else ()))
    lacking = [name for name in wanted if not callable(getattr(client, name, None))]
    if lacking or isinstance(client, SynchronousRedis | SynchronousCluster):
        raise ConfigurationError(
            f"{type(client).__module__}.{type(client).__name__} is not a client of redis.asyncio: make it with "
            "redis.asyncio.Redis, redis.asyncio.RedisCluster or redis.asyncio.sentinel.Sentinel(...).master_for(...)."
        )


async def drop_idle(client: Any) -> None:  # noqa: ANN401 - redis-py's own types differ by release
    """Close the idle pooled connections of *client*, so that the next call makes a new one.

    After a failover they are still connected to the old primary. A cluster's client does this itself.
    """
    pool = getattr(client, "connection_pool", None)
    if pool is not None:
        with suppress(*FAILURES):
            await pool.disconnect(inuse_connections=False)


class RedisLink:
    """Sends commands and scripts; their errors are `StoreError`s.

    Args:
        client: The client.
        owned: Whether `aclose` closes it.
        what: The name of its user, for messages.
        replicas: The number of replicas that must confirm a write of `run_safely`.

    Raises:
        ConfigurationError: *client* cannot be used.
    """

    def __init__(self, client: RedisClient, *, owned: bool, what: str = "The Redis store", replicas: int = 0) -> None:
        check_client(client)
        self.owner: Owner = Owner(what)
        self._client = client
        self._owned = owned
        self._replicas = replicas
        self._closed = False

    async def command(self, *args: str | bytes | int) -> Any:  # noqa: ANN401 - every command has its own answer
        """Send one command. If the connection is the cause of a failure, it is sent once more over a new one.

        Raises:
            StoreError: Redis cannot be reached or refused the command.
        """
        self.owner.check()
        if self._closed:
            raise StoreError("The Redis store is closed.")
        return await self._twice(self._client.execute_command, *args)

    async def run(self, script: Script, keys: list[bytes], *args: str | bytes | int) -> Any:  # noqa: ANN401 - as above
        """Run *script* as one step.

        Raises:
            StoreError: Redis cannot be reached or refused the script.
        """
        try:
            return await self.command("EVALSHA", script.sha, len(keys), *keys, *args)
        except _NoScript:
            return await self.command("EVAL", script.text, len(keys), *keys, *args)

    async def run_safely(self, script: Script, keys: list[bytes], *args: str | bytes | int) -> Any:  # noqa: ANN401 - as above
        """Run *script* as one step, and wait until the replicas have confirmed its writes.

        Raises:
            StoreError: Redis cannot be reached or refused the script, or too few replicas confirmed in time.
        """
        if not self._replicas:
            return await self.run(script, keys, *args)
        self.owner.check()
        answer, confirmed = await self._twice(self._wait, ("EVAL", script.text, len(keys), *keys, *args))
        if int(confirmed) < self._replicas:
            raise StoreError(
                f"Redis stored it, but only {int(confirmed)} of {self._replicas} replicas confirmed it within "
                f"{_REPLICAS_WITHIN} ms: a failover now could lose it. Check the replicas."
            )
        return answer

    async def _wait(self, call: tuple[str | bytes | int, ...]) -> list[Any]:
        # WAIT is about the writes of its own connection, so both use one.
        pipeline = cast("Any", self._client).pipeline(transaction=False)
        pipeline.execute_command(*call)
        pipeline.execute_command("WAIT", self._replicas, _REPLICAS_WITHIN)
        # redis-py would show the failed command with all its arguments, which hold a token.
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    async def _twice(self, send: Callable[..., Awaitable[Any]], *args: Any) -> Any:  # noqa: ANN401 - as above
        try:
            return await self._send(send, *args)
        except FAILURES as error:
            if not by_connection(error):
                raise _failed(error) from None
        await drop_idle(self._client)
        try:
            return await self._send(send, *args)
        except FAILURES as error:
            raise _failed(error) from None

    async def _send(self, send: Callable[..., Awaitable[Any]], *args: Any) -> Any:  # noqa: ANN401 - as above
        cancelled = _cancellations()
        try:
            answer = await send(*args)
        except FAILURES as error:
            if _cancellations() > cancelled:
                raise asyncio.CancelledError from None
            if isinstance(error, NoScriptError):
                raise _NoScript from None
            raise
        if _cancellations() > cancelled:
            raise asyncio.CancelledError
        return answer

    async def aclose(self) -> None:
        """Close the store's own client."""
        if not self._closed:
            self._closed = True
            # In a forked child the sockets belong to the parent.
            if self._owned and not self.owner.left_behind:
                await self._client.aclose()


class _NoScript(Exception):
    """Redis does not know the script, or has lost it."""


def _failed(error: BaseException) -> StoreError:
    words = advice(error)
    text = said(error) or type(error).__name__
    return StoreError(f"Redis failed: {text}." if words is None else f"Redis refused: {text}. {words}.")
