"""The emulator for code without an event loop: it runs in its own thread."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from functools import partial, wraps
from inspect import iscoroutinefunction, isfunction
from types import TracebackType
from typing import Any, Self, TypeVar

from tiktok_async.emulator import _connect
from tiktok_async.emulator._emulator import Served
from tiktok_async.emulator.engine.users import EmulatedUser

T = TypeVar("T")


class EmulatorThread(Served):
    """An emulator in its own thread, for synchronous test clients and scripts.

    It has the methods and arguments of `Emulator`; coroutine methods there are blocking methods here. Only
    `session()` and `connect()` still need an event loop.

    Example:
        >>> with EmulatorThread() as emulator:
        ...     user = emulator.add_user(videos=3)
        ...     emulator.env()["TIKTOK_CLIENT_KEY"]
        'emu_client_key'
    """

    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None
    _ended: asyncio.Event

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start serving; `with` does it.

        Raises:
            OSError: The port is taken.
        """
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run_loop(started)), name="tiktok-emulator", daemon=True
        )
        self._thread.start()
        started.result()

    def close(self) -> None:
        """Stop serving and sending webhooks; may be called more than once."""
        loop, thread = self._loop, self._thread
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(self._ended.set)
            thread.join()

    def consent(self, url: str, user: EmulatedUser, *, scopes: Iterable[str] | None = None, deny: bool = False) -> str:
        """Give or deny consent at an authorize URL, as *user* does in the browser; see `Emulator.consent`.

        Args:
            url: The URL the app sent them to.
            user: The user who decides.
            scopes: The scopes they grant; default: those that are requested and that they are ready to grant.
            deny: Whether they refuse.

        Returns:
            The callback URL of the app, to which the browser is redirected.

        Raises:
            ValueError: The page shows an error instead of the consent form.
        """
        return self._wait_for(_connect.consent(url, user, scopes=scopes, deny=deny))

    def webhooks_sent(self) -> None:
        """Wait until every event was delivered or given up."""
        self._wait_for(self.state.webhooks.drain())

    async def _run_loop(self, started: "Future[None]") -> None:
        try:
            await self._serve()
        except BaseException as error:  # noqa: BLE001 - the caller of `start` gets it
            started.set_exception(error)
            return
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        started.set_result(None)
        try:
            await self._ended.wait()
        finally:
            self._loop = None
            await self._stop()

    def _wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop is None:
            work.close()
            msg = "the emulator is not running: use it inside `with EmulatorThread() as emulator:`"
            raise RuntimeError(msg)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _call(self, work: Callable[[], T]) -> T:
        async def call() -> T:
            return work()

        if self._loop is None or self._thread is threading.current_thread():
            return work()
        return self._wait_for(call())


def _on_its_loop(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(self: EmulatorThread, *args: Any, **keywords: Any) -> Any:  # noqa: ANN401 - as *method* declares them
        return self._call(partial(method, self, *args, **keywords))  # pyright: ignore[reportPrivateUsage]  # it becomes a method of that class

    return call


# These methods may start timers and tasks. Those belong to the event loop of the emulator's thread.
for _base in Served.__mro__:
    for _name, _method in vars(_base).items():
        if (
            isfunction(_method)
            and not _name.startswith("_")
            and not iscoroutinefunction(_method)
            and _name not in vars(EmulatorThread)
            and _name not in {"session", "env"}
        ):
            setattr(EmulatorThread, _name, _on_its_loop(_method))
