"""Whether a session may be used: it is open, and on the event loop of its first use."""

import asyncio
import os

from tiktok_async.errors import SessionClosed, WrongEventLoop


class Lifecycle:
    """The state of a session, shared by all its parts, so that all of them raise the same errors."""

    __slots__ = ("_loop", "_process", "closed", "closing", "draining")

    def __init__(self) -> None:
        self.draining: bool = False
        self.closed: bool = False
        self.closing: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process: int | None = None

    def check(self, what: str = "this call", *, last_work: bool = False) -> None:
        """Refuse a call on a closed session or from a second event loop.

        Args:
            what: What was called, for the message.
            last_work: Whether this is part of the work that a closing session still finishes.

        Raises:
            SessionClosed: The session was closed.
            WrongEventLoop: The session belongs to another event loop.
        """
        if self.closed or (self.draining and not last_work):
            raise SessionClosed(what)
        if asyncio.get_running_loop() is not self._loop:
            self.check_loop()

    def check_loop(self) -> None:
        """Refuse a call from a second event loop, or from a process that was forked after the first call.

        Raises:
            WrongEventLoop: The session belongs to another event loop.
        """
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
            self._process = os.getpid()
        elif os.getpid() != self._process:
            raise WrongEventLoop(forked=True)
        elif loop is not self._loop:
            raise WrongEventLoop

    def end(self) -> None:
        """Refuse every call from now on, including the work of closing."""
        self.closed = True
