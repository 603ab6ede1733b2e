"""Sending requests for windows to Redis: any number in one trip."""

from collections.abc import Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from tiktok_async.abc import LimitKey
from tiktok_async.errors import StoreError
from tiktok_async.models import WindowKind
from tiktok_async_stores._process import WorkerName
from tiktok_async_stores.limits.window import Request, SharedWindow
from tiktok_async_stores.redis.faults import advice, by_connection, said
from tiktok_async_stores.redis.link import FAILURES, drop_idle

SCRIPT = files("tiktok_async_stores.redis").joinpath("limiter.lua").read_text("utf-8")
"""The rule of a window, as one step of Redis."""

_SHA = sha1(SCRIPT.encode()).hexdigest()  # noqa: S324 - the name Redis knows a script by


def arguments(
    holder: str, window: SharedWindow, request: Request, *, now: float | None = None
) -> list[str | int | float]:
    """Return the script's arguments for one request.

    Args:
        holder: The name of this worker.
        window: The window.
        request: The request.
        now: Milliseconds since the epoch; `None` for Redis's clock, which is right outside of tests.
    """
    return [
        holder,
        request.number,
        window.limit.count,
        int(window.per * 1000),
        int(window.lease * 1000),
        request.need,
        request.extra,
        request.back,
        int(request.block * 1000) + 1 if request.block else 0,
        int(window.horizon * 1000),
        "day" if window.limit.kind is WindowKind.UTC_DAY else "sliding",
        " ".join(map(str, request.answers)),
        " ".join(map(str, request.unreported_answers)),
        "known" if request.known else "",
        "" if now is None else repr(now),
    ]


class Trips:
    """Runs the script for any number of windows at once; its errors are `StoreError`s.

    Args:
        client: A client of `redis.asyncio`.
        prefix: The start of all keys.
        holder: The unique name of this worker.
        owned: Whether `aclose` closes the client.
    """

    name = "Redis"

    def __init__(self, client: Any, prefix: str, holder: WorkerName, *, owned: bool) -> None:  # noqa: ANN401 - redis-py's own types differ by release
        self._client = client
        self._owned = owned
        self._prefix = prefix
        self._holder = holder
        self._memory = 0

    def key(self, key: LimitKey) -> str:
        """Return the Redis key of *key*'s window; in a cluster each window may be on another shard."""
        return f"{self._prefix}:limit:{{{key.client_key}:{key.endpoint}:{key.subject}}}"

    def memory_key(self, key: LimitKey) -> str:
        """Return the key that names the server's memory: one for all windows of a server, one for each in a cluster."""
        return f"{self._prefix}:limit:memory" if isinstance(self._client, Redis) else f"{self.key(key)}:memory"

    async def run(self, requests: Sequence[tuple[SharedWindow, Request]]) -> list[Sequence[int]]:
        """Send *requests* and return their answers, in order.

        Raises:
            StoreError: Redis is out of reach or refused; which of the requests it carried out is unknown.
        """
        answers = await self._answers(requests)
        replies: list[Sequence[int]] = []
        for (window, _), answer in zip(requests, answers, strict=True):
            if isinstance(answer, Exception):
                raise _failed(answer) from None
            *reply, window.life, memory = answer
            if isinstance(self._client, Redis):
                self._memory = memory
            replies.append(reply)
        return replies

    async def aclose(self) -> None:
        """Close the limiter's own client."""
        if self._owned:
            await self._client.aclose()

    async def _answers(self, requests: Sequence[tuple[SharedWindow, Request]]) -> list[Any]:
        """Ask, and once more over a new connection if the first may lead to the wrong server, as after a failover.

        Requests that the first one carried out are recognised by their numbers.
        """
        try:
            answers = await self._ask(requests)
            if not any(isinstance(answer, Exception) and by_connection(answer) for answer in answers):
                return answers
        except FAILURES as error:
            if not by_connection(error):
                raise _failed(error) from None
        await drop_idle(self._client)
        try:
            return await self._ask(requests)
        except FAILURES as error:
            raise _failed(error) from None

    async def _ask(self, requests: Sequence[tuple[SharedWindow, Request]]) -> list[Any]:
        answers = await self._send("EVALSHA", _SHA, requests)
        if any(isinstance(answer, NoScriptError) for answer in answers):
            # The others were carried out; they are recognised by their numbers.
            answers = await self._send("EVAL", SCRIPT, requests)
        return answers

    async def _send(self, command: str, script: str, requests: Sequence[tuple[SharedWindow, Request]]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for window, request in requests:
            keys = (self.key(window.key), self.memory_key(window.key))
            text = arguments(str(self._holder), window, request)
            pipeline.execute_command(command, script, 2, *keys, *text, window.life, self._memory)
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers


def _failed(error: Exception) -> StoreError:
    words = advice(error)
    if words is not None:
        return StoreError(f"The rate limiter's Redis refused: {said(error)}. {words}.")
    return StoreError(
        f"The rate limiter's Redis failed ({type(error).__name__}), so the number of free calls is unknown. "
        "Calls continue when it is back; on_outage='local' lets each process continue with a share meanwhile."
    )
