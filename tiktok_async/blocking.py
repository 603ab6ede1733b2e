"""The client for synchronous code: one background event loop that runs its calls.

It is slower than `await`: each call switches threads twice, and one thread waits for each running call. Use it in
scripts, notebooks and synchronous frameworks. If an event loop already runs, use `TikTokSession` on that loop.
"""

import asyncio
import inspect
import os
import threading
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from tiktok_async.errors import ConfigurationError, SessionClosed
from tiktok_async.session import TikTokSession

__all__ = ["Runner"]

T = TypeVar("T")


class Runner:
    """Runs one session on an event loop of its own, in a background thread; any thread may use it.

    Args:
        open_session: Opens the session on the background loop; `None` for `TikTokSession.from_env`.

    Attributes:
        session: The session. The results of its methods are used with `run`, `iterate` or `enter`.

    Raises:
        ConfigurationError: From *open_session*, or an event loop is already running in this thread.

    Example:
        >>> def main():
        ...     with Runner() as tiktok:
        ...         account = tiktok.session.account("open-id")
        ...         print(tiktok.run(account.user_info()).display_name)
        ...         for video in tiktok.iterate(account.videos(limit=20)):
        ...             print(video.title)
    """

    session: TikTokSession

    def __init__(self, open_session: Callable[[], TikTokSession] | None = None) -> None:
        _refuse_inside_a_loop()
        self._process = os.getpid()
        self._closing = threading.Lock()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        # A daemon thread: a script that does not close the runner can still exit.
        self._thread = threading.Thread(target=self._loop.run_forever, name="tiktok-async", daemon=True)
        self._thread.start()
        try:
            self.session = self.run(_opened(open_session or TikTokSession.from_env))
        except BaseException:
            self._stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def run(self, work: Awaitable[T]) -> T:
        """Run *work* on the background loop and return its result.

        An interrupt (Ctrl-C) cancels *work*, and this call waits until the cancellation is complete.

        Args:
            work: A coroutine from a method of the session.

        Raises:
            SessionClosed: The runner was closed.
            ConfigurationError: The runner was opened in another process, or this thread runs an event loop, which
                would be blocked.
            TikTokError: From *work*.
        """
        try:
            self._check()
        except BaseException:
            if asyncio.iscoroutine(work):
                work.close()
            raise
        coroutine = _awaited(work)
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
        except BaseException:
            # An interrupt may come before the future exists, so the work is found by its coroutine.
            if inspect.getcoroutinestate(coroutine) != inspect.CORO_CLOSED:
                asyncio.run_coroutine_threadsafe(_cancelled(coroutine), self._loop).result()
            raise

    def iterate(self, items: AsyncIterable[T]) -> Generator[T, None, None]:
        """Yield the items of the asynchronous iterable *items*, one at a time, without reading ahead.

        If the loop ends early, *items* is closed.

        Args:
            items: The iterable, such as `account.videos()` or `publish.upload()`.

        Raises:
            TikTokError: From *items*.
        """
        self._check()
        source = aiter(items)
        done = object()
        try:
            while (item := self.run(anext(source, done))) is not done:
                yield item  # type: ignore[misc]  # the end is found by identity, which mypy cannot follow
        finally:
            close = getattr(source, "aclose", None)
            if close is not None and not self._closed:
                self.run(close())

    @contextmanager
    def enter(self, manager: AbstractAsyncContextManager[T]) -> Generator[T, None, None]:
        """Hold an asynchronous context manager, such as `session.keep_fresh()`, inside `with`.

        Args:
            manager: The context manager.

        Raises:
            TikTokError: From *manager*.
        """
        value = self.run(manager.__aenter__())
        try:
            yield value
        except BaseException as error:
            if not self.run(manager.__aexit__(type(error), error, error.__traceback__)):
                raise
        else:
            self.run(manager.__aexit__(None, None, None))

    def close(self) -> None:
        """Close the session, then end the loop and its thread; a second call does nothing."""
        if os.getpid() != self._process:
            # A fork does not copy the thread; the parent process closes the session.
            return
        with self._closing:
            if self._closed:
                return
            try:
                self.run(self.session.aclose())
            finally:
                self._closed = True
                self._stop()

    def _stop(self) -> None:
        self._closed = True
        asyncio.run_coroutine_threadsafe(_cancel_the_rest(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _check(self) -> None:
        if os.getpid() != self._process:
            msg = (
                "This Runner was opened in another process, and a fork does not copy its thread. "
                "Open one in each process, after the fork."
            )
            raise ConfigurationError(msg)
        if self._closed:
            raise SessionClosed("this call")
        _refuse_inside_a_loop()


def _refuse_inside_a_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    msg = "An event loop runs in this thread and would be blocked. Use TikTokSession with `await` here."
    raise ConfigurationError(msg)


async def _opened(open_session: Callable[[], TikTokSession]) -> TikTokSession:
    return await open_session().__aenter__()


async def _awaited(work: Awaitable[T]) -> T:
    return await work


async def _cancelled(coroutine: Coroutine[Any, Any, Any]) -> None:
    tasks = [task for task in asyncio.all_tasks() if task.get_coro() is coroutine]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


async def _cancel_the_rest() -> None:
    rest: set[asyncio.Task[Any]] = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
