"""Whether a session may be used: it is open, and on the event loop it was first used on."""

import asyncio

from tiktok_async.errors import SessionClosed, WrongEventLoop


class Lifecycle:
    """Shared by everything a session opens, so that all of it refuses in the same words."""

    __slots__ = ("_loop", "closed", "draining")

    def __init__(self) -> None:
        self.draining: bool = False
        self.closed: bool = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def check(self, what: str = "this call", *, last_work: bool = False) -> None:
        """Refuse a call on a closed session or from a second event loop.

        Args:
            what: What was called, for the message.
            last_work: Whether this belongs to the work that a closing session still finishes.

        Raises:
            SessionClosed: The session was closed.
            WrongEventLoop: The session belongs to another event loop.
        """
        if self.closed or (self.draining and not last_work):
            raise SessionClosed(what)
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            if self._loop is not None:
                raise WrongEventLoop
            self._loop = loop

    def end(self) -> None:
        """Refuse every call from now on, the last work too."""
        self.closed = True
