"""Connections to PostgreSQL and the pool that keeps them: how they are made, checked, and closed without the server."""

import asyncio
import os
import select
import socket
from contextlib import suppress
from typing import Any, Self

from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg_pool import AsyncConnectionPool

Pool = AsyncConnectionPool[Any]

TIMEOUT = 5.0
"""Seconds for a connection, and for an answer."""

ASK_AGAIN = 1.0
"""Seconds after which the pool is asked again, so that it tries to connect again."""


class Connection(AsyncConnection[Any]):
    """A connection that never asks the server to cancel a statement, since the server may be what does not answer."""

    async def cancel_safe(self, *, timeout: float = 30.0) -> None:  # noqa: ASYNC109 - psycopg's signature
        """End the connection instead. Psycopg calls this if a task that waits for an answer is cancelled."""
        del timeout
        cut(self)


class PooledConnection(Connection):
    """A connection that a pool makes."""

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Self:  # noqa: ANN401 - psycopg's own
        """Connect, in a task of the pool.

        The pool treats a cancellation during this as a failed attempt, and continues for ever. `asyncio.run` cancels
        each task once and waits for its end, so it would never return.
        """
        try:
            return await super().connect(conninfo, **options)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None:
                asyncio.get_running_loop().call_soon(_cancel_to_the_end, task)
            raise


def _cancel_to_the_end(task: asyncio.Task[Any]) -> None:
    if not task.done():
        task.cancel()
        task.get_loop().call_soon(_cancel_to_the_end, task)


def make_pool(info: dict[str, Any], size: int) -> Pool:
    """Return a pool that is not open yet."""
    return AsyncConnectionPool(
        kwargs=options(info),
        connection_class=PooledConnection,
        min_size=1,
        max_size=max(size, 1),
        open=False,
        timeout=TIMEOUT,
        reconnect_timeout=ASK_AGAIN,
        name="tiktok-async",
    )


def options(info: dict[str, Any]) -> dict[str, Any]:
    """Return psycopg's options for a connection by *info*, which libpq has parsed."""
    told: dict[str, Any] = {
        "connect_timeout": int(TIMEOUT),
        "fallback_application_name": "tiktok-async",
        "client_encoding": "utf8",
        **info,
        # One statement is one transaction and one trip.
        "autocommit": True,
        # PgBouncer may give each statement another server connection, which does not know the prepared statements.
        "prepare_threshold": None,
    }
    if "," in str(info.get("host", "")):
        # With several servers, use the one that takes writes, also after a failover.
        told.setdefault("target_session_attrs", "read-write")
    return told


def cut(connection: AsyncConnection[Any]) -> None:
    """End the connection of a statement that takes too long. The statement then fails like one on a lost connection.

    A cancel request would go to the same server that does not answer.
    """
    with suppress(OSError, OperationalError, InterfaceError), socket.socket(fileno=os.dup(connection.fileno())) as own:
        own.shutdown(socket.SHUT_RDWR)


def is_dead(connection: AsyncConnection[Any]) -> bool:
    """Return whether the server closed the connection while it was idle, without asking the server."""
    try:
        if not select.select([connection.fileno()], [], [], 0)[0]:
            return False
        with socket.socket(fileno=os.dup(connection.fileno())) as own:
            # The end of the stream, PostgreSQL's error or warning before it, or TLS's alert.
            return own.recv(1, socket.MSG_PEEK) in {b"", b"E", b"N", b"\x15"}
    except (OSError, ValueError, OperationalError, InterfaceError):
        return True
